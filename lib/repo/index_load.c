/* What the index reads from the store.
 *
 * Concurrency. Index objects are write-once and named by their digest, so a run made of one stays
 * true for as long as the object is listed; what can change is the list. Each refresh lists anew,
 * and a session does so after its lease was put: from then on a collector takes nothing away that
 * the list showed (FORMAT.md sections 9 and 14). An object that is gone or superseded counts no
 * more in the next view, whatever runs still hold of it. Listing and putting the next view in its
 * place is one step under x->changing: a list that is older than another's view never replaces it,
 * and an object that a session adds after its put is never lost to a list from before. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "repo/index_int.h"
#include "repo/log.h"

struct index_load {
    struct mrs_index *x;
    struct mrs_index_view *v; /* in the making */
    bool fresh;
    mrs_damage_fn damage;
    void *user;
};

enum { TRIES = 4 }; /* with a cache that damages what it is given */

/* Decoding one object into a builder and a view. */
struct decode {
    struct mrs_run_builder *b;
    struct mrs_index_view *v;
};

static mars_status
add_superseded(void *user, const uint8_t name[32], mars_error *err)
{
    struct decode *c = user;
    struct mrs_index_object *o = mrs_map_put(&c->v->objects, name);

    if (o == NULL)
        return mrs_nomem(err);
    o->flags |= OBJECT_SUPERSEDED;
    return mrs_run_builder_superseded(c->b, name, err);
}

static mars_status
add_pack(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    struct decode *c = user;

    return mrs_run_builder_pack(c->b, p->name, p->kind, p->size, err);
}

static mars_status
add_blob(void *user, const struct mrs_blob *blob, mars_error *err)
{
    struct decode *c = user;

    return mrs_run_builder_blob(c->b, blob, err);
}

static mars_status
take_payload(struct mrs_run_builder *b, struct mrs_index_view *v, const uint8_t name[32],
             const struct mrs_buf *payload, mars_error *err)
{
    struct decode c = { b, v };
    const struct mrs_index_sink check = { 0 };
    const struct mrs_index_sink sink = { &c, add_superseded, add_pack, add_blob };
    /* First without a sink, so that a damaged object adds nothing. */
    mars_status st = mrs_index_decode(payload->data, payload->len, &check, err);

    if (st == MARS_OK)
        st = mrs_run_builder_object(b, name, err);
    if (st == MARS_OK)
        st = mrs_index_decode(payload->data, payload->len, &sink, err);
    if (st == MARS_OK)
        ((struct mrs_index_object *)mrs_map_find(&v->objects, name))->flags |= OBJECT_HAVE;
    return st;
}

static mars_status
fetch(const struct index_load *l, struct mrs_run_builder *b, const uint8_t name[32],
      mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st;

    mrs_name_index(relative, name);
    st = mrs_domain_get(l->x->d, MRS_KIND_INDEX, l->fresh ? MRS_NEED_VERIFY : MRS_NEED_READ,
                        relative, name, &payload, err);
    if (st == MARS_OK)
        st = take_payload(b, l->v, name, &payload, err);
    mrs_buf_free(&payload);
    return st;
}

/* Read one object. One that is damaged or cannot be read is named, and counts as absent. */
static mars_status
load_one(const struct index_load *l, struct mrs_run_builder *b, const uint8_t name[32],
         mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error why;
    mars_status st = fetch(l, b, name, &why);

    if (st == MARS_OK)
        return st;
    if (!mrs_is_damage(st)) {
        if (err != NULL)
            *err = why;
        return st;
    }
    /* What could not be fetched now is tried again with the next list. */
    if (st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED)
        ((struct mrs_index_object *)mrs_map_find(&l->v->objects, name))->flags |= OBJECT_BAD;
    mrs_name_index(relative, name);
    if (l->damage != NULL)
        l->damage(l->user, relative, &why);
    return MARS_OK;
}

static mars_status
build(const struct index_load *l, struct mrs_run_builder *b, mars_error *err)
{
    struct mrs_run *run;
    mars_status st = mrs_run_build(&run, l->x->runs, b, err);

    return st == MARS_OK ? mrs_index_view_take_run(l->v, run, err) : st;
}

struct lacking {
    uint8_t name[32];
    uint64_t size;
};

/* The largest first: those are the ones that supersede others. */
static int
compare_lacking(const void *a, const void *b)
{
    const struct lacking *x = a, *y = b;

    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return memcmp(x->name, y->name, 32);
}

static bool
is_lacking(const struct mrs_index_object *o)
{
    return (o->flags & ~(uint32_t)OBJECT_COUNTED) == OBJECT_LISTED;
}

static mars_status
list_lacking(const struct mrs_index_view *v, struct mrs_vec *names, mars_error *err)
{
    const uint8_t *name;
    void *o;

    for (size_t pos = 0; mrs_map_next(&v->objects, &pos, &name, &o);) {
        struct lacking *at = is_lacking(o) ? mrs_vec_add(names) : NULL;

        if (at == NULL && is_lacking(o))
            return mrs_nomem(err);
        if (at == NULL)
            continue;
        memcpy(at->name, name, 32);
        at->size = ((struct mrs_index_object *)o)->size;
    }
    if (names->len > 0)
        qsort(names->items, names->len, names->item_size, compare_lacking);
    return MARS_OK;
}

/* Read all that is lacking, a bounded part of it in memory. */
static mars_status
load_lacking(const struct index_load *l, bool *again, mars_error *err)
{
    struct mrs_vec names = MRS_VEC_INIT(struct lacking);
    uint64_t begun = mrs_clock_mono();
    struct mrs_run_builder b;
    mars_status st = list_lacking(l->v, &names, err);

    mrs_run_builder_init(&b);
    for (size_t i = 0; st == MARS_OK && i < names.len; i++) {
        const struct lacking *n = mrs_vec_at(&names, i);

        if (!is_lacking(mrs_map_find(&l->v->objects, n->name)))
            continue; /* superseded by one that was read meanwhile */
        st = load_one(l, &b, n->name, err);
        if (st != MARS_OK || b.entries.len < MRS_RUN_BUILDER_FULL)
            continue;
        st = build(l, &b, err);
        if (st == MARS_OK)
            st = mrs_index_view_gather(l->x, l->v, again, err);
    }
    if (st == MARS_OK && b.objects.len > 0)
        st = build(l, &b, err);
    if (st == MARS_OK && names.len > 0)
        mrs_logf(l->x->d->logger, MARS_LEVEL_INFO, "index", "%zu of %zu index objects read, in %"
                 PRIu64 " ms", names.len, l->v->objects.len, (mrs_clock_mono() - begun) / 1000000);
    mrs_run_builder_free(&b);
    mrs_vec_free(&names);
    return st;
}

static void
put_in_place(struct mrs_index *x, struct mrs_index_view *v)
{
    struct mrs_index_view *old;

    mrs_mutex_lock(x->lock);
    old = x->view;
    x->view = v;
    mrs_mutex_unlock(x->lock);
    mrs_index_let_go(x, old);
}

/* Read what the view lacks (all: also before a run turned out damaged), tidy it, and put it in the
 * place of the present one; it is freed where that fails. What was made into runs by then stays in
 * the cache. */
static mars_status
complete(const struct index_load *l, bool all, mars_error *err)
{
    bool again = true;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && again; i++) {
        again = false;
        if (all || i > 0)
            st = load_lacking(l, &again, err);
        if (st == MARS_OK && !again)
            st = mrs_index_view_tidy(l->x, l->v, &again, err);
        if (st == MARS_OK && again && i == TRIES)
            st = mrs_fail(err, MARS_ERR_IO, "the cache's index runs are damaged again and again");
    }
    if (st == MARS_OK)
        put_in_place(l->x, l->v);
    else
        mrs_index_view_free(l->v);
    return st;
}

static mars_status
note_listed(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_index_view *v = user;
    struct mrs_index_object *o;
    struct mrs_name n;

    if (!mrs_name_parse(&n, info->name) || n.kind != MRS_KIND_INDEX)
        return MARS_OK;
    o = mrs_map_put(&v->objects, n.digest);
    if (o == NULL)
        return mrs_nomem(err);
    o->size = info->size;
    o->flags |= OBJECT_LISTED;
    return MARS_OK;
}

/* Damaged objects are not read again as long as they are there. */
static void
remember_bad(struct mrs_index_view *v, const struct mrs_index_view *from)
{
    const uint8_t *name;
    void *value;

    for (size_t pos = 0; from != NULL && mrs_map_next(&from->objects, &pos, &name, &value);) {
        struct mrs_index_object *o = mrs_map_find(&v->objects, name);

        if (o != NULL)
            o->flags |= ((struct mrs_index_object *)value)->flags & OBJECT_BAD;
    }
}

/* What a session finds in these objects it relies on, whoever put them. */
static mars_status
rely_on_listed(const struct mrs_index *x, const struct mrs_index_view *v, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    const uint8_t *name;
    size_t pos = 0;

    if (!mrs_map_next(&v->objects, &pos, &name, NULL))
        return MARS_OK;
    mrs_name_index(relative, name);
    return mrs_domain_rely(x->d, relative, err);
}

/* What is listed, and which of it the runs that are there cover. */
static mars_status
begin(struct mrs_index *x, const struct mrs_log *log, struct mrs_index_view *v, bool fresh,
      mars_error *err)
{
    mars_status st = mrs_log_each(log, "index/", note_listed, v, err);

    if (st == MARS_OK)
        st = rely_on_listed(x, v, err);
    if (st == MARS_OK && !fresh)
        remember_bad(v, x->view);
    if (st == MARS_OK && !fresh)
        st = mrs_index_view_inherit_runs(v, x->view, NULL, err);
    if (st == MARS_OK && !fresh && mrs_index_view_lacks(v))
        st = mrs_index_view_adopt(x, v, err);
    return st;
}

mars_status
mrs_index_refresh(struct mrs_index *x, const struct mrs_log *log, bool fresh,
                  mrs_damage_fn damage, void *user, mars_error *err)
{
    struct index_load l = { x, mrs_index_view_new(), fresh, damage, user };
    mars_status st = l.v != NULL ? MARS_OK : mrs_nomem(err);

    mrs_mutex_lock(x->changing);
    if (st == MARS_OK)
        st = begin(x, log, l.v, fresh, err);
    if (st == MARS_OK)
        st = complete(&l, true, err);
    else
        mrs_index_view_free(l.v);
    /* What was just read takes the place of what the cache had. */
    if (st == MARS_OK && fresh)
        st = mrs_index_view_clean(x, x->view, err);
    mrs_mutex_unlock(x->changing);
    return st == MARS_OK ? st : mrs_context(err, st, "reading the index");
}

/* A view like the present one, but for a run (which may be NULL). */
static mars_status
copy_view(const struct mrs_index *x, const struct mrs_run *without, struct mrs_index_view **out,
          mars_error *err)
{
    struct mrs_index_view *v = mrs_index_view_new();
    mars_status st = v != NULL ? mrs_index_view_inherit_list(v, x->view, err) : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK)
        st = mrs_index_view_inherit_runs(v, x->view, without, err);
    if (st == MARS_OK)
        *out = v;
    else
        mrs_index_view_free(v);
    return st;
}

static mars_status
add(struct mrs_index *x, struct mrs_index_view *v, const uint8_t name[32],
    const struct mrs_buf *payload, mars_error *err)
{
    struct index_load l = { .x = x, .v = v };
    struct mrs_index_object *o = mrs_map_put(&v->objects, name);
    struct mrs_run_builder b;
    mars_status st = o != NULL ? MARS_OK : mrs_nomem(err);

    mrs_run_builder_init(&b);
    if (o != NULL) {
        o->size = payload->len;
        o->flags |= OBJECT_LISTED;
    }
    if (o != NULL && is_lacking(o)) {
        st = take_payload(&b, v, name, payload, err);
        if (st == MARS_OK)
            st = build(&l, &b, err);
    }
    mrs_run_builder_free(&b);
    if (st == MARS_OK)
        return complete(&l, false, err);
    mrs_index_view_free(v);
    return st;
}

mars_status
mrs_index_add(struct mrs_index *x, const uint8_t name[32], const struct mrs_buf *payload,
              mars_error *err)
{
    struct mrs_index_view *v;
    mars_status st;

    mrs_mutex_lock(x->changing);
    st = copy_view(x, NULL, &v, err);
    if (st == MARS_OK)
        st = add(x, v, name, payload, err);
    mrs_mutex_unlock(x->changing);
    return st == MARS_OK ? st : mrs_context(err, st, "adding to the index");
}

static bool
has_run(const struct mrs_index_view *v, const struct mrs_run *run)
{
    for (size_t i = 0; i < v->runs.len; i++)
        if (((struct mrs_index_run *)mrs_vec_at(&v->runs, i))->run == run)
            return true;
    return false;
}

mars_status
mrs_index_repair(struct mrs_index *x, struct mrs_run *run, size_t *tries, mars_error *err)
{
    struct index_load l = { .x = x };
    mars_status st = MARS_OK;

    if (++*tries > TRIES)
        return mrs_context(err, MARS_ERR_IO, "the cache's index runs are damaged again and again");
    mrs_error_clear(err);
    mrs_mutex_lock(x->changing);
    if (has_run(x->view, run)) {
        mrs_index_log_bad_run(x);
        mrs_run_delete(run);
        st = copy_view(x, run, &l.v, err);
        if (st == MARS_OK)
            st = complete(&l, true, err);
    }
    mrs_mutex_unlock(x->changing);
    return st == MARS_OK ? st : mrs_context(err, st, "reading the index again");
}
