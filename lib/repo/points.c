/* Listing, and what of it must be read. */
#include "repo/points_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/thread.h"

static mars_status
note_fence(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_points_reading *r = user;
    struct mrs_name n;
    uint8_t key[32];

    if (!mrs_name_parse(&n, info->name) || n.kind != MRS_KIND_FENCE || !n.closed)
        return MARS_OK;
    mrs_map_key16(key, n.session);
    return mrs_map_put(&r->closed, key) != NULL ? MARS_OK : mrs_nomem(err);
}

static bool
has_digits(const uint8_t session[16], const char *digits)
{
    size_t len = strlen(digits);
    char hex[33];

    mrs_hex_encode(hex, session, 16);
    return len <= 32 && memcmp(hex, digits, len) == 0;
}

static mars_status
note_point(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_points_reading *r = user;
    struct mrs_name n;
    uint8_t key[32];

    if (!mrs_name_parse(&n, info->name) || n.kind != MRS_KIND_POINT)
        return MARS_OK;
    mrs_map_key16(key, n.session);
    if (mrs_map_find(&r->closed, key) != NULL ||
        mrs_ledger_is_deleted(r->ledger, n.item, n.session) ||
        (r->q->digits != NULL && !has_digits(n.session, r->q->digits)))
        return MARS_OK;
    return mrs_listing_add(&r->listing, n.item, n.session, err);
}

mars_status
mrs_points_note_foreign(struct mrs_points_reading *r, const uint8_t item[16], mars_error *err)
{
    uint8_t key[32];

    mrs_map_key16(key, item);
    return mrs_map_put(&r->foreign, key) != NULL ? MARS_OK : mrs_nomem(err);
}

bool
mrs_points_is_foreign(const struct mrs_points_reading *r, const uint8_t item[16])
{
    uint8_t key[32];

    mrs_map_key16(key, item);
    return mrs_map_find(&r->foreign, key) != NULL;
}

bool
mrs_points_is_asked_for(const struct mrs_points_reading *r, const struct mrs_known_point *k)
{
    return r->q->machine == NULL || memcmp(mrs_known_machine(k), r->q->machine, 16) == 0;
}

static mars_status
add(struct mrs_points_reading *r, const struct mrs_known_point *k, mars_error *err)
{
    struct mrs_vec *list = &r->p->list;
    struct mrs_known_point *at;

    /* Moving a long list costs more than all else that is done with it. */
    if (list->len == list->cap && r->q->machine == NULL &&
        !mrs_vec_reserve(list, list->len + r->table.about))
        return mrs_nomem(err);
    at = mrs_vec_add(list);
    if (at == NULL)
        return mrs_nomem(err);
    *at = *k;
    return MARS_OK;
}

static void
tell_heads(struct mrs_points_reading *r, const struct mrs_known_point *k)
{
    size_t n;
    const uint8_t *heads = mrs_known_point_heads(k, &n);

    mrs_listing_saw(&r->listing, k->number, heads, n);
}

mars_status
mrs_points_add_copy(struct mrs_points_reading *r, struct mrs_known_point k, const uint8_t **copy,
                    mars_error *err)
{
    if (*copy == NULL)
        *copy = mrs_arena_copy(&r->p->bytes, k.shared, k.n_shared);
    k.shared = *copy;
    k.own = mrs_arena_copy(&r->p->bytes, k.own, k.n_own);
    if (k.shared == NULL || k.own == NULL)
        return mrs_nomem(err);
    tell_heads(r, &k);
    return add(r, &k, err);
}

/* Of one machine: only its points are held. */
static mars_status
take_own(void *user, const struct mrs_known_point *kept, const uint8_t **copy, mars_error *err)
{
    struct mrs_known_point k = *kept;
    struct mrs_points_reading *r = user;

    if (!mrs_point_table_use(&r->table, &r->listing, &k))
        return MARS_OK;
    return mrs_points_is_asked_for(r, &k) ? mrs_points_add_copy(r, k, copy, err)
                                          : mrs_points_note_foreign(r, mrs_known_item(&k), err);
}

/* Of all machines: which are listed is seen later. */
static mars_status
take_any(void *user, const struct mrs_known_point *k, const uint8_t **copy, mars_error *err)
{
    (void)copy;
    return add(user, k, err);
}

static void
read_table(void *reading)
{
    struct mrs_points_reading *r = reading;

    r->table_status = mrs_point_table_read(&r->table, take_any, r, &r->table_error);
}

static void
drop_unlisted(struct mrs_points_reading *r)
{
    struct mrs_vec *list = &r->p->list;
    size_t n = 0;

    for (size_t i = 0; i < list->len; i++) {
        struct mrs_known_point *k = mrs_points_at(r->p, i);

        if (mrs_point_table_use(&r->table, &r->listing, k)) {
            tell_heads(r, k);
            *mrs_points_at(r->p, n++) = *k;
        }
    }
    list->len = n;
}

static mars_status
list_points(struct mrs_points_reading *r, mars_error *err)
{
    mars_status st = mrs_domain_list(r->d, "points/", MRS_LIST_NAMES, note_point, r, err);

    return st == MARS_OK ? mrs_listing_end(&r->listing, err) : st;
}

/* The names of all points, and what the table knows of them. Where all of that is held anyway, both
 * are read at once. */
static mars_status
list_known(struct mrs_points_reading *r, mars_error *err)
{
    struct mrs_thread *thread = NULL;
    mars_status st;

    if (r->q->machine != NULL) {
        st = list_points(r, err);
        return st == MARS_OK ? mrs_point_table_read(&r->table, take_own, r, err) : st;
    }
    if (mrs_thread_start(&thread, read_table, r, NULL) != MARS_OK)
        read_table(r);
    st = list_points(r, err);
    mrs_thread_join(thread);
    if (st == MARS_OK && r->table_status != MARS_OK) {
        st = r->table_status;
        if (err != NULL)
            *err = r->table_error;
    }
    if (st == MARS_OK)
        drop_unlisted(r);
    return st;
}

/* What was read becomes part of the table, also where not all could be. */
static void
keep_new(struct mrs_points_reading *r)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < r->p->list.len; i++)
        if (mrs_points_at(r->p, i)->is_new)
            st = mrs_point_table_add(&r->table, mrs_points_at(r->p, i), NULL);
    mrs_point_table_keep(&r->table, &r->listing);
}

static int
by_time(const void *a, const void *b)
{
    const struct mrs_known_point *x = a, *y = b;

    if (x->started_s != y->started_s)
        return x->started_s < y->started_s ? -1 : 1;
    if (x->started_ns != y->started_ns)
        return x->started_ns < y->started_ns ? -1 : 1;
    return memcmp(mrs_known_session(x), mrs_known_session(y), 16);
}

/* Some were tried before one was read that says whose item it is. */
static void
drop_foreign(struct mrs_points_reading *r)
{
    struct mrs_vec *unread = &r->p->unread;
    size_t n = 0;

    for (size_t i = 0; i < unread->len; i++) {
        const struct mrs_unread_point *u = mrs_vec_at(unread, i);

        if (!mrs_points_is_foreign(r, u->head.item))
            memmove(mrs_vec_at(unread, n++), u, sizeof *u);
    }
    unread->len = n;
}

static mars_status
read_points(struct mrs_points_reading *r, const struct mrs_log *log, mars_error *err)
{
    mars_status st;

    /* Fences were listed before: one closed later than that was closed after its point was seen. */
    st = mrs_log_each(log, "fence/", note_fence, r, err);
    if (st == MARS_OK)
        st = mrs_points_by_table(r) ? list_known(r, err) : list_points(r, err);
    if (st == MARS_OK) {
        st = mrs_points_read_lacking(r, err);
        if (r->p->list.len > 1)
            qsort(r->p->list.items, r->p->list.len, r->p->list.item_size, by_time);
        if (mrs_points_by_table(r))
            keep_new(r);
    }
    if (st == MARS_OK && r->q->digits == NULL)
        st = mrs_points_find_heads(r->p, &r->listing, err);
    drop_foreign(r);
    return st;
}

mars_status
mrs_points_read(struct mrs_points *p, const struct mrs_domain *d, const struct mrs_log *log,
                const struct mrs_ledger *ledger, const struct mrs_points_query *q,
                mars_error *err)
{
    struct mrs_points_reading r = { .p = p,
                         .d = d,
                         .ledger = ledger,
                         .q = q,
                         .closed = MRS_MAP_INIT(0),
                         .listing = MRS_LISTING_INIT,
                         .foreign = MRS_MAP_INIT(0),
                         .shared = MRS_BUF_INIT(MRS_OBJECT_MAX),
                         .own = MRS_BUF_INIT(MRS_OBJECT_MAX) };
    mars_status st;

    p->bytes = (struct mrs_arena)MRS_ARENA_INIT;
    p->list = (struct mrs_vec)MRS_VEC_INIT(struct mrs_known_point);
    p->parts = (struct mrs_vec)MRS_VEC_INIT(struct mrs_buf);
    p->unread = (struct mrs_vec)MRS_VEC_INIT(struct mrs_unread_point);
    mrs_point_table_init(&r.table, d->cache, q->machine == NULL ? &p->parts : NULL);
    st = read_points(&r, log, err);
    mrs_point_table_free(&r.table);
    mrs_map_free(&r.closed);
    mrs_listing_free(&r.listing);
    mrs_map_free(&r.foreign);
    mrs_buf_free(&r.shared);
    mrs_buf_free(&r.own);
    if (st == MARS_OK)
        return st;
    mrs_points_free(p);
    return mrs_context(err, st, "reading the recovery points");
}

mars_status
mrs_points_whole(const struct mrs_domain *d, struct mrs_known_point *k, mars_error *err)
{
    return k->whole != NULL ? MARS_OK
                            : mrs_points_load(d, mrs_known_item(k), mrs_known_session(k),
                                              MRS_NEED_READ, &k->whole, err);
}

void
mrs_points_free(struct mrs_points *p)
{
    for (size_t i = 0; i < p->list.len; i++)
        mrs_loaded_point_free(mrs_points_at(p, i)->whole);
    mrs_vec_free(&p->list);
    mrs_arena_free(&p->bytes);
    for (size_t i = 0; i < p->parts.len; i++)
        mrs_buf_free(mrs_vec_at(&p->parts, i));
    mrs_vec_free(&p->parts);
    mrs_vec_free(&p->unread);
}
