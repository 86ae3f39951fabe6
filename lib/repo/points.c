#include "repo/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"

enum { PREFIX_MIN = 6 };

struct collect {
    const char *digits;   /* the points' ids begin so; NULL: all do */
    struct mrs_vec names; /* struct mrs_name: points */
    struct mrs_map closed; /* sessions with a closed fence: 16 bytes and 16 zeros */
};

static void
session_key(uint8_t key[32], const uint8_t session[16])
{
    memset(key, 0, 32);
    memcpy(key, session, 16);
}

static bool
is_wanted(const struct collect *c, const struct mrs_name *n)
{
    size_t len = c->digits != NULL ? strlen(c->digits) : 0;
    char hex[33];

    mrs_hex_encode(hex, n->session, sizeof n->session);
    return len <= 32 && memcmp(hex, c->digits != NULL ? c->digits : "", len) == 0;
}

static mars_status
note(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct collect *c = user;
    struct mrs_name n, *at;
    uint8_t key[32];

    if (!mrs_name_parse(&n, info->name))
        return MARS_OK;
    session_key(key, n.session);
    if (n.kind == MRS_KIND_FENCE && n.closed && mrs_map_put(&c->closed, key) == NULL)
        return mrs_nomem(err);
    if (n.kind != MRS_KIND_POINT || !is_wanted(c, &n))
        return MARS_OK;
    at = mrs_vec_add(&c->names);
    if (at == NULL)
        return mrs_nomem(err);
    *at = n;
    return MARS_OK;
}

static void
free_loaded(struct mrs_loaded_point *lp)
{
    if (lp == NULL)
        return;
    mrs_point_free(&lp->point);
    mrs_buf_free(&lp->payload);
    mrs_free(lp);
}

static mars_status
load(struct mrs_points *p, const struct mrs_domain *d, const struct mrs_name *n,
     const uint8_t *machine, enum mrs_need need, mars_error *err)
{
    struct mrs_loaded_point *lp = mrs_alloc(sizeof *lp), **at = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st = lp != NULL ? MARS_OK : mrs_nomem(err);

    if (st != MARS_OK)
        return st;
    lp->payload = (struct mrs_buf)MRS_BUF_INIT(MRS_OBJECT_MAX);
    mrs_name_point(relative, n->item, n->session);
    st = mrs_domain_get_listed(d, MRS_KIND_POINT, need, relative, NULL, &lp->payload, err);
    if (st == MARS_OK)
        st = mrs_point_decode(&lp->point, lp->payload.data, lp->payload.len, err);
    if (st == MARS_OK && (memcmp(lp->point.session, n->session, 16) != 0 ||
                          memcmp(lp->point.item, n->item, 16) != 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s: says that it is another point", relative);
    if (st == MARS_OK && machine != NULL && memcmp(lp->point.machine, machine, 16) != 0) {
        free_loaded(lp);
        return MARS_OK;
    }
    if (st == MARS_OK) {
        at = mrs_vec_add(&p->list);
        st = at != NULL ? MARS_OK : mrs_nomem(err);
    }
    if (st != MARS_OK)
        free_loaded(lp);
    else
        *at = lp;
    return st;
}

static int
by_time(const void *a, const void *b)
{
    const struct mrs_point *x = &(*(struct mrs_loaded_point *const *)a)->point;
    const struct mrs_point *y = &(*(struct mrs_loaded_point *const *)b)->point;

    if (x->started.s != y->started.s)
        return x->started.s < y->started.s ? -1 : 1;
    if (x->started.ns != y->started.ns)
        return x->started.ns < y->started.ns ? -1 : 1;
    return memcmp(x->session, y->session, sizeof x->session);
}

/* A head is a point that no other point of its item saw. */
static mars_status
find_heads(struct mrs_points *p, mars_error *err)
{
    struct mrs_map seen = MRS_MAP_INIT(0);
    mars_status st = MARS_OK;
    uint8_t key[32];

    for (size_t i = 0; st == MARS_OK && i < p->list.len; i++) {
        const struct mrs_point *pt = &mrs_points_at(p, i)->point;

        for (size_t h = 0; st == MARS_OK && h < pt->n_heads; h++) {
            session_key(key, pt->heads[h]);
            if (mrs_map_put(&seen, key) == NULL)
                st = mrs_nomem(err);
        }
    }
    for (size_t i = 0; st == MARS_OK && i < p->list.len; i++) {
        struct mrs_loaded_point *lp = mrs_points_at(p, i);

        session_key(key, lp->point.session);
        lp->is_head = mrs_map_find(&seen, key) == NULL;
    }
    mrs_map_free(&seen);
    return st;
}

static mars_status
load_all(struct mrs_points *p, const struct mrs_domain *d, const struct mrs_ledger *ledger,
         const struct collect *c, const uint8_t *machine, enum mrs_need need,
         mrs_damage_fn damage, void *user, mars_error *err)
{
    mars_status st = MARS_OK;
    mars_error why;
    uint8_t key[32];

    for (size_t i = 0; st == MARS_OK && i < c->names.len; i++) {
        const struct mrs_name *n = mrs_vec_at(&c->names, i);
        char relative[MRS_OBJECT_NAME_MAX];

        session_key(key, n->session);
        if (mrs_map_find(&c->closed, key) != NULL ||
            mrs_ledger_is_deleted(ledger, n->item, n->session))
            continue;
        st = load(p, d, n, machine, need, &why);
        if (mrs_is_damage(st) && damage != NULL) {
            mrs_name_point(relative, n->item, n->session);
            damage(user, relative, &why);
            st = MARS_OK;
        } else if (st != MARS_OK && err != NULL) {
            *err = why;
        }
    }
    return st;
}

/* By time; heads are for the caller to find. */
static mars_status
read_points(struct mrs_points *p, const struct mrs_domain *d, const struct mrs_log *log,
            const struct mrs_ledger *ledger, const uint8_t *machine, const char *prefix,
            struct collect *c, enum mrs_need need, mrs_damage_fn damage, void *user,
            mars_error *err)
{
    mars_status st;

    p->list = (struct mrs_vec)MRS_VEC_INIT(struct mrs_loaded_point *);
    /* Fences were listed before: one closed later than that was closed after its point was seen. */
    st = mrs_log_each(log, "fence/", note, c, err);
    if (st == MARS_OK)
        st = mrs_domain_list(d, prefix, note, c, err);
    if (st == MARS_OK)
        st = load_all(p, d, ledger, c, machine, need, damage, user, err);
    if (st == MARS_OK && p->list.len > 1)
        qsort(p->list.items, p->list.len, p->list.item_size, by_time);
    mrs_vec_free(&c->names);
    mrs_map_free(&c->closed);
    return st;
}

static mars_status
end(struct mrs_points *p, mars_status st, mars_error *err)
{
    if (st == MARS_OK)
        return st;
    mrs_points_free(p);
    return mrs_context(err, st, "reading the recovery points");
}

mars_status
mrs_points_read(struct mrs_points *p, const struct mrs_domain *d, const struct mrs_log *log,
                const struct mrs_ledger *ledger, const uint8_t *machine, const uint8_t *item,
                enum mrs_need need, mrs_damage_fn damage, void *user, mars_error *err)
{
    struct collect c = { NULL, MRS_VEC_INIT(struct mrs_name), MRS_MAP_INIT(0) };
    char prefix[64] = "points/", *hex = prefix + strlen(prefix);
    mars_status st;

    if (item != NULL) {
        mrs_hex_encode(hex, item, 16);
        hex[32] = '/';
        hex[33] = '\0';
    }
    st = read_points(p, d, log, ledger, machine, prefix, &c, need, damage, user, err);
    if (st == MARS_OK)
        st = find_heads(p, err);
    return end(p, st, err);
}

mars_status
mrs_points_read_some(struct mrs_points *p, const struct mrs_domain *d, const struct mrs_log *log,
                     const struct mrs_ledger *ledger, const uint8_t *machine, const char *digits,
                     enum mrs_need need, mrs_damage_fn damage, void *user, mars_error *err)
{
    struct collect c = { digits, MRS_VEC_INIT(struct mrs_name), MRS_MAP_INIT(0) };

    return end(p, read_points(p, d, log, ledger, machine, "points/", &c, need, damage, user, err),
               err);
}

void
mrs_points_free(struct mrs_points *p)
{
    for (size_t i = 0; i < p->list.len; i++)
        free_loaded(mrs_points_at(p, i));
    mrs_vec_free(&p->list);
}

void
mrs_points_keep(struct mrs_points *p, struct mrs_loaded_point *only)
{
    for (size_t i = 0; i < p->list.len; i++)
        if (mrs_points_at(p, i) != only)
            free_loaded(mrs_points_at(p, i));
    *(struct mrs_loaded_point **)mrs_vec_at(&p->list, 0) = only;
    p->list.len = 1;
}

static bool
is_item(const struct mrs_point *p, const char *item)
{
    return item == NULL || (p->item_name.n == strlen(item) &&
                            memcmp(p->item_name.p, item, p->item_name.n) == 0);
}

static mars_status
latest(const struct mrs_points *p, const char *item, struct mrs_loaded_point **out,
       mars_error *err)
{
    for (size_t i = 0; i < p->list.len; i++) {
        struct mrs_loaded_point *lp = mrs_points_at(p, i);

        if (!is_item(&lp->point, item))
            continue;
        if (*out != NULL && memcmp((*out)->point.item, lp->point.item, 16) != 0)
            return mrs_fail(err, MARS_ERR_INVALID_ARG,
                            "\"latest\" is not clear: there are points of several items, among "
                            "them \"%.*s\" and \"%.*s\"; name the item",
                            (int)(*out)->point.item_name.n, (*out)->point.item_name.p,
                            (int)lp->point.item_name.n, lp->point.item_name.p);
        *out = lp;
    }
    if (*out == NULL)
        return item != NULL
                   ? mrs_fail(err, MARS_ERR_NOT_FOUND, "item \"%s\" has no recovery points", item)
                   : mrs_fail(err, MARS_ERR_NOT_FOUND, "there are no recovery points");
    return MARS_OK;
}

mars_status
mrs_points_resolve(const struct mrs_points *p, const char *text, const char *item,
                   struct mrs_loaded_point **out, mars_error *err)
{
    size_t len = strlen(text);
    char hex[33];

    *out = NULL;
    if (strcmp(text, "latest") == 0)
        return latest(p, item, out, err);
    if (len < PREFIX_MIN)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "point \"%s\": give its id, at least %d digits of it, or \"latest\"", text,
                        PREFIX_MIN);
    for (size_t i = 0; i < p->list.len; i++) {
        struct mrs_loaded_point *lp = mrs_points_at(p, i);

        mrs_hex_encode(hex, lp->point.session, 16);
        if (!is_item(&lp->point, item) || len > 32 || memcmp(hex, text, len) != 0)
            continue;
        if (*out != NULL)
            return mrs_fail(err, MARS_ERR_INVALID_ARG, "point \"%s\" fits several points", text);
        *out = lp;
    }
    return *out != NULL ? MARS_OK
                        : mrs_fail(err, MARS_ERR_NOT_FOUND, "point \"%s\": there is none", text);
}
