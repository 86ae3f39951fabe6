#include "repo/index.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "repo/index_int.h"

/* Runs are checked under a key from the newest index key: once it was rotated, whoever kept the old
 * one can forge none. */
static mars_status
derive_key(const struct mrs_domain *d, uint8_t key[32], mars_error *err)
{
    static const char info[] = "mars index run v1";
    struct mrs_key from;
    mars_status st = mrs_keyring_newest(d->keys, MRS_KEY_INDEX, &from, err);

    if (st == MARS_OK)
        st = mrs_hkdf(from.key, sizeof from.key, NULL, 0, info, sizeof info - 1, key, 32, err);
    mrs_wipe(&from, sizeof from);
    return st;
}

mars_status
mrs_index_new(struct mrs_index **out, const struct mrs_domain *d, mars_error *err)
{
    struct mrs_index *x = mrs_alloc(sizeof *x);
    uint8_t key[32];
    mars_status st;

    *out = NULL;
    if (x == NULL)
        return mrs_nomem(err);
    x->d = d;
    x->view = mrs_index_view_new();
    st = x->view != NULL ? derive_key(d, key, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_runs_new(&x->runs, d->cache, key, err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&x->lock, err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&x->changing, err);
    mrs_wipe(key, sizeof key);
    if (st == MARS_OK)
        *out = x;
    else
        mrs_index_free(x);
    return st;
}

void
mrs_index_free(struct mrs_index *x)
{
    if (x == NULL)
        return;
    mrs_index_view_free(x->view);
    mrs_runs_free(x->runs);
    mrs_mutex_free(x->lock);
    mrs_mutex_free(x->changing);
    mrs_free(x);
}

struct mrs_index_view *
mrs_index_hold(struct mrs_index *x)
{
    struct mrs_index_view *v;

    mrs_mutex_lock(x->lock);
    v = x->view;
    v->refs++;
    mrs_mutex_unlock(x->lock);
    return v;
}

void
mrs_index_let_go(struct mrs_index *x, struct mrs_index_view *v)
{
    bool last;

    mrs_mutex_lock(x->lock);
    last = --v->refs == 0;
    mrs_mutex_unlock(x->lock);
    if (last)
        mrs_index_view_free(v);
}

/* Places of a chunk have an order that does not depend on the runs they lie in: a caller who takes
 * one after the other misses none because runs were merged meanwhile. */
static int
compare_places(const struct mrs_place *a, const struct mrs_place *b)
{
    int c = memcmp(a->pack, b->pack, sizeof a->pack);

    return c != 0 ? c : a->blob.slot < b->blob.slot ? -1 : a->blob.slot > b->blob.slot;
}

/* Looking for the least place of a chunk behind another. */
struct search {
    const uint8_t *id;
    const struct mrs_place *behind; /* NULL: the first of all */
    struct mrs_place best;
    bool found;
};

static mars_status
look_at(struct search *s, const struct mrs_index_run *r, const struct mrs_run_entry *e,
        mars_error *err)
{
    uint8_t page[MRS_PAGE_SIZE];
    struct mrs_run_cursor c;
    struct mrs_run_pack pack;
    struct mrs_place place = { .blob = e->blob };
    bool more;
    mars_status st;

    mrs_run_look(&c, r->run, MRS_RUN_PACKS, page);
    c.at = e->pack;
    st = mrs_run_next_pack(&c, &pack, &more, err);
    if (st != MARS_OK || !r->counts[pack.object])
        return st;
    memcpy(place.pack, pack.name, sizeof place.pack);
    place.kind = pack.kind;
    if ((s->behind == NULL || compare_places(&place, s->behind) > 0) &&
        (!s->found || compare_places(&place, &s->best) < 0)) {
        s->best = place;
        s->found = true;
    }
    return MARS_OK;
}

static mars_status
look_in(struct search *s, const struct mrs_index_run *r, mars_error *err)
{
    uint8_t page[MRS_PAGE_SIZE];
    struct mrs_run_cursor c;
    struct mrs_run_entry e;
    bool more = true;
    mars_status st;

    mrs_run_look(&c, r->run, MRS_RUN_ENTRIES, page);
    st = mrs_run_seek(&c, s->id, err);
    while (st == MARS_OK && more) {
        st = mrs_run_next_entry(&c, &e, &more, err);
        if (st != MARS_OK || !more || memcmp(e.blob.id, s->id, 32) != 0)
            break;
        st = look_at(s, r, &e, err);
    }
    return st;
}

/* *damaged: NULL, or the run that could not be read. */
static mars_status
look_in_all(struct search *s, const struct mrs_index_view *v, struct mrs_run **damaged,
            mars_error *err)
{
    mars_status st = MARS_OK;

    s->found = false;
    for (size_t i = 0; st == MARS_OK && i < v->runs.len; i++) {
        const struct mrs_index_run *r = mrs_vec_at(&v->runs, i);

        if (mrs_run_may_have(r->run, s->id))
            st = look_in(s, r, err);
        if (st == MARS_ERR_CORRUPT)
            *damaged = r->run;
    }
    return st;
}

static mars_status
find(struct search *s, const struct mrs_index_view *v, size_t nth, struct mrs_place *out,
     struct mrs_run **damaged, mars_error *err)
{
    mars_status st = look_in_all(s, v, damaged, err);

    for (; st == MARS_OK && s->found && nth > 0; nth--) {
        *out = s->best;
        s->behind = out;
        st = look_in_all(s, v, damaged, err);
    }
    if (st == MARS_OK && s->found)
        *out = s->best;
    return st;
}

mars_status
mrs_index_find(struct mrs_index *x, const uint8_t id[32], size_t nth, struct mrs_place *out,
               mars_error *err)
{
    for (size_t tries = 0;;) {
        struct search s = { .id = id };
        struct mrs_index_view *v = mrs_index_hold(x);
        struct mrs_run *damaged = NULL;
        mars_status st = find(&s, v, nth, out, &damaged, err);

        if (damaged != NULL)
            st = mrs_index_repair(x, damaged, &tries, err);
        mrs_index_let_go(x, v);
        if (st != MARS_OK)
            return st;
        if (damaged == NULL)
            return s.found ? MARS_OK : MARS_ERR_NOT_FOUND;
    }
}

void
mrs_index_log_bad_run(const struct mrs_index *x)
{
    mrs_logf(x->d->logger, MARS_LEVEL_WARNING, "cache", "a run of the index is damaged: it is "
             "dropped, and what it has is read from the store again");
}

bool
mrs_index_has_object(struct mrs_index *x, const uint8_t name[32])
{
    struct mrs_index_view *v = mrs_index_hold(x);
    const struct mrs_index_object *o = mrs_map_find(&v->objects, name);
    bool has = o != NULL && (o->flags & (OBJECT_HAVE | OBJECT_SUPERSEDED)) != 0;

    mrs_index_let_go(x, v);
    return has;
}
