/* The runs that lie in the cache: which a view takes, and which go since it has no use for them. */
#include <string.h>

#include "base/err.h"
#include "repo/index_int.h"

enum { LOOKS = 4 };

/* Runs of the cache that the view does not have. */
struct found {
    struct mrs_index *x;
    const struct mrs_index_view *v;
    struct mrs_vec runs; /* struct mrs_index_run */
    bool vanished;       /* one went while it was to be opened */
};

static bool
has_id(const struct mrs_vec *runs, const uint8_t id[16])
{
    for (size_t i = 0; i < runs->len; i++)
        if (memcmp(mrs_run_id(((struct mrs_index_run *)mrs_vec_at(runs, i))->run), id, 16) == 0)
            return true;
    return false;
}

static mars_status
find_one(void *user, const uint8_t id[16], mars_error *err)
{
    struct found *f = user;
    struct mrs_index_run *at;
    mars_status st;

    if (has_id(&f->v->runs, id) || has_id(&f->runs, id))
        return MARS_OK;
    at = mrs_vec_add(&f->runs);
    if (at == NULL)
        return mrs_nomem(err);
    st = mrs_run_open(&at->run, f->x->runs, id, err);
    if (st == MARS_OK)
        return MARS_OK;
    f->runs.len--;
    f->vanished |= st == MARS_ERR_NOT_FOUND;
    if (st == MARS_ERR_CORRUPT) {
        mrs_index_log_bad_run(f->x);
        mrs_run_delete_id(f->x->runs, id);
    }
    if (st == MARS_ERR_NOMEM)
        return st;
    mrs_error_clear(err); /* what cannot be opened is read from the store */
    return MARS_OK;
}

static mars_status
find_runs(struct found *f, mars_error *err)
{
    mars_status st = MARS_OK;

    /* Another process may be merging: what it deletes lies in a run that the list did not have. */
    f->vanished = true;
    for (size_t i = 0; st == MARS_OK && f->vanished && i < LOOKS; i++) {
        f->vanished = false;
        st = mrs_runs_each(f->x->runs, find_one, f, err);
    }
    /* A cache that cannot be listed is an empty one. */
    if (st != MARS_OK && st != MARS_ERR_NOMEM) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    mrs_index_sort_runs(&f->runs);
    return st;
}

static void
free_found(struct found *f)
{
    for (size_t i = 0; i < f->runs.len; i++)
        mrs_run_release(((struct mrs_index_run *)mrs_vec_at(&f->runs, i))->run);
    mrs_vec_free(&f->runs);
}

/* Is there an object in the run that the view needs from it (needs true), or that it has never
 * heard of? */
static bool
has_new(const struct mrs_index_view *v, const struct mrs_run *run, bool needs)
{
    const uint8_t(*names)[32];
    uint32_t n;

    names = mrs_run_objects(run, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct mrs_index_object *o = mrs_map_find(&v->objects, names[i]);

        if (needs ? o != NULL && (o->flags & OBJECT_LISTED) != 0 &&
                        (o->flags & (OBJECT_HAVE | OBJECT_SUPERSEDED)) == 0
                  : o == NULL)
            return true;
    }
    return false;
}

/* A run that adds nothing goes, but not one with objects that were not listed: they may have been
 * put since. A day later they were not. */
static void
delete_useless(const struct mrs_index_view *v, struct mrs_run *run)
{
    if (!has_new(v, run, false) || mrs_run_is_old(run))
        mrs_run_delete(run);
}

static mars_status
gather_names(struct mrs_map *names, const struct mrs_run *run, mars_error *err)
{
    const uint8_t(*all)[32];
    uint32_t n;

    all = mrs_run_objects(run, &n);
    for (uint32_t i = 0; i < n; i++)
        if (mrs_map_put(names, all[i]) == NULL)
            return mrs_nomem(err);
    return MARS_OK;
}

static bool
has_one_of(const struct mrs_run *run, const struct mrs_map *names)
{
    const uint8_t(*all)[32];
    uint32_t n;

    all = mrs_run_objects(run, &n);
    for (uint32_t i = 0; i < n; i++)
        if (mrs_map_find(names, all[i]) != NULL)
            return true;
    return false;
}

/* A run adds nothing. Another process may have it, find ours, and look at them in the same way: so
 * of runs that share objects the first in order stays for both, or both would go. */
static mars_status
delete_second(const struct mrs_index_view *v, const struct mrs_index_run *r, mars_error *err)
{
    struct mrs_map names = MRS_MAP_INIT(0);
    mars_status st = gather_names(&names, r->run, err);
    bool second = st == MARS_OK;

    for (size_t i = 0; second && i < v->runs.len; i++) {
        const struct mrs_index_run *own = mrs_vec_at(&v->runs, i);

        if (has_one_of(own->run, &names))
            second = mrs_run_has_file(own->run) && mrs_index_compare_runs(own, r) < 0;
    }
    mrs_map_free(&names);
    if (second)
        delete_useless(v, r->run);
    return st;
}

mars_status
mrs_index_view_adopt(struct mrs_index *x, struct mrs_index_view *v, mars_error *err)
{
    struct found f = { x, v, MRS_VEC_INIT(struct mrs_index_run), false };
    mars_status st = find_runs(&f, err);

    for (size_t i = 0; st == MARS_OK && i < f.runs.len; i++) {
        const struct mrs_index_run *r = mrs_vec_at(&f.runs, i);

        if (has_new(v, r->run, true)) {
            mrs_run_note_use(r->run);
            st = mrs_index_view_take_run(v, mrs_run_hold(r->run), err);
        } else {
            st = delete_second(v, r, err);
        }
    }
    free_found(&f);
    return st;
}

mars_status
mrs_index_view_clean(struct mrs_index *x, struct mrs_index_view *v, mars_error *err)
{
    struct found f = { x, v, MRS_VEC_INIT(struct mrs_index_run), false };
    mars_status st = find_runs(&f, err);

    for (size_t i = 0; st == MARS_OK && i < f.runs.len; i++)
        delete_useless(v, ((struct mrs_index_run *)mrs_vec_at(&f.runs, i))->run);
    free_found(&f);
    return st;
}
