/* Putting a view together: which runs, and what of them counts. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "repo/index_int.h"

/* A run has at least RATIO times as many chunks as the next smaller one, so that a lookup asks few
 * filters and a chunk is written again only when its run grows by a quarter. GATHER runs of about
 * one size are joined while a whole index is read. */
enum { RATIO = 4, GATHER = 32 };

struct mrs_index_view *
mrs_index_view_new(void)
{
    struct mrs_index_view *v = mrs_alloc(sizeof *v);

    if (v == NULL)
        return NULL;
    v->refs = 1;
    v->objects = (struct mrs_map)MRS_MAP_INIT(sizeof(struct mrs_index_object));
    v->runs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_index_run);
    return v;
}

static struct mrs_index_run *
run_at(const struct mrs_index_view *v, size_t i)
{
    return mrs_vec_at(&v->runs, i);
}

/* Forget runs [from, to). */
static void
drop_runs(struct mrs_index_view *v, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        mrs_run_release(run_at(v, i)->run);
        mrs_free(run_at(v, i)->counts);
    }
    if (from < to)
        memmove(run_at(v, from), run_at(v, to), (v->runs.len - to) * sizeof(struct mrs_index_run));
    v->runs.len -= to - from;
}

void
mrs_index_view_free(struct mrs_index_view *v)
{
    if (v == NULL)
        return;
    if (v->runs.len > 0)
        drop_runs(v, 0, v->runs.len);
    mrs_vec_free(&v->runs);
    mrs_map_free(&v->objects);
    mrs_free(v);
}

static bool
is_listed(const struct mrs_index_view *v, const uint8_t name[32])
{
    const struct mrs_index_object *o = mrs_map_find(&v->objects, name);

    return o != NULL && (o->flags & OBJECT_LISTED) != 0;
}

/* What a listed object of the run says of itself and others. */
static mars_status
note_run(struct mrs_index_view *v, const struct mrs_run *run, mars_error *err)
{
    const struct mrs_run_superseded *s;
    const uint8_t(*names)[32];
    uint32_t n, n_superseded;

    names = mrs_run_objects(run, &n);
    s = mrs_run_superseded(run, &n_superseded);
    for (uint32_t i = 0; i < n; i++)
        if (is_listed(v, names[i]))
            ((struct mrs_index_object *)mrs_map_find(&v->objects, names[i]))->flags |= OBJECT_HAVE;
    for (uint32_t i = 0; i < n_superseded; i++) {
        struct mrs_index_object *o;

        if (!is_listed(v, names[s[i].by]))
            continue;
        o = mrs_map_put(&v->objects, s[i].name);
        if (o == NULL)
            return mrs_nomem(err);
        o->flags |= OBJECT_SUPERSEDED;
    }
    return MARS_OK;
}

mars_status
mrs_index_view_take_run(struct mrs_index_view *v, struct mrs_run *run, mars_error *err)
{
    struct mrs_index_run *at = mrs_vec_add(&v->runs);

    if (at == NULL) {
        mrs_run_release(run);
        return mrs_nomem(err);
    }
    at->run = run;
    return note_run(v, run, err);
}

mars_status
mrs_index_view_inherit_runs(struct mrs_index_view *v, const struct mrs_index_view *from,
                            const struct mrs_run *without, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && from != NULL && i < from->runs.len; i++)
        if (run_at(from, i)->run != without)
            st = mrs_index_view_take_run(v, mrs_run_hold(run_at(from, i)->run), err);
    return st;
}

mars_status
mrs_index_view_inherit_list(struct mrs_index_view *v, const struct mrs_index_view *from,
                            mars_error *err)
{
    const uint8_t *name;
    void *value;

    for (size_t pos = 0; from != NULL && mrs_map_next(&from->objects, &pos, &name, &value);) {
        const struct mrs_index_object *old = value;
        struct mrs_index_object *o;

        if ((old->flags & OBJECT_LISTED) == 0)
            continue;
        o = mrs_map_put(&v->objects, name);
        if (o == NULL)
            return mrs_nomem(err);
        o->size = old->size;
        o->flags = old->flags & (OBJECT_LISTED | OBJECT_BAD);
    }
    return MARS_OK;
}

bool
mrs_index_view_lacks(const struct mrs_index_view *v)
{
    const uint8_t *name;
    void *o;

    for (size_t pos = 0; mrs_map_next(&v->objects, &pos, &name, &o);)
        if ((((struct mrs_index_object *)o)->flags & ~(uint32_t)OBJECT_COUNTED) == OBJECT_LISTED)
            return true;
    return false;
}

/* The largest first; of equals one and the same in every process, so that two that find the same
 * runs twice keep the same one. */
int
mrs_index_compare_runs(const void *a, const void *b)
{
    const struct mrs_index_run *x = a, *y = b;
    uint64_t n = mrs_run_chunks(x->run), m = mrs_run_chunks(y->run);

    if (n != m)
        return n > m ? -1 : 1;
    return memcmp(mrs_run_id(x->run), mrs_run_id(y->run), 16);
}

void
mrs_index_sort_runs(struct mrs_vec *runs)
{
    if (runs->len > 0)
        qsort(runs->items, runs->len, runs->item_size, mrs_index_compare_runs);
}

/* Which objects of a run count. *any: at least one does. */
static mars_status
count_objects(struct mrs_index_view *v, struct mrs_index_run *r, bool *any, mars_error *err)
{
    const uint8_t(*names)[32];
    uint32_t n;

    names = mrs_run_objects(r->run, &n);
    *any = false;
    mrs_free(r->counts);
    r->counts = mrs_alloc_array(n, 1);
    if (r->counts == NULL)
        return mrs_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        struct mrs_index_object *o = mrs_map_find(&v->objects, names[i]);

        if (o == NULL || (o->flags & OBJECT_LISTED) == 0 ||
            (o->flags & (OBJECT_SUPERSEDED | OBJECT_COUNTED)) != 0)
            continue;
        o->flags |= OBJECT_COUNTED;
        r->counts[i] = 1;
        *any = true;
    }
    return MARS_OK;
}

/* Of all runs. One of which nothing counts is of no use to anybody. */
static mars_status
count_all(struct mrs_index_view *v, mars_error *err)
{
    const uint8_t *name;
    void *o;
    mars_status st = MARS_OK;

    for (size_t pos = 0; mrs_map_next(&v->objects, &pos, &name, &o);)
        ((struct mrs_index_object *)o)->flags &= ~(uint32_t)OBJECT_COUNTED;
    mrs_index_sort_runs(&v->runs);
    for (size_t i = 0; st == MARS_OK && i < v->runs.len;) {
        bool any = false;

        st = count_objects(v, run_at(v, i), &any, err);
        if (st == MARS_OK && !any) {
            mrs_run_delete(run_at(v, i)->run);
            drop_runs(v, i, i + 1);
        } else {
            i++;
        }
    }
    return st;
}

/* Make one of runs [from, to). *damaged as mrs_run_merge has it. */
static mars_status
merge(struct mrs_index *x, struct mrs_index_view *v, size_t from, size_t to,
      struct mrs_run **damaged, mars_error *err)
{
    struct mrs_run_source *sources = mrs_alloc_array(to - from, sizeof *sources);
    struct mrs_run *run = NULL;
    mars_status st;

    *damaged = NULL;
    if (sources == NULL)
        return mrs_nomem(err);
    for (size_t i = from; i < to; i++)
        sources[i - from] = (struct mrs_run_source){ run_at(v, i)->run, run_at(v, i)->counts };
    st = mrs_run_merge(&run, x->runs, sources, to - from, damaged, err);
    mrs_free(sources);
    if (st != MARS_OK)
        return st;
    for (size_t i = from; i < to; i++)
        mrs_run_delete(run_at(v, i)->run);
    drop_runs(v, from, to);
    return mrs_index_view_take_run(v, run, err);
}

/* A run that cannot be read is gone; what only it covered is lacking again. */
static mars_status
lose_run(struct mrs_index_view *v, struct mrs_run *run, mars_error *err)
{
    const uint8_t *name;
    void *o;
    mars_status st = MARS_OK;

    mrs_error_clear(err);
    mrs_run_delete(run);
    for (size_t i = 0; i < v->runs.len; i++)
        if (run_at(v, i)->run == run) {
            drop_runs(v, i, i + 1);
            break;
        }
    for (size_t pos = 0; mrs_map_next(&v->objects, &pos, &name, &o);)
        ((struct mrs_index_object *)o)->flags &= (uint32_t)(OBJECT_LISTED | OBJECT_BAD);
    for (size_t i = 0; st == MARS_OK && i < v->runs.len; i++)
        st = note_run(v, run_at(v, i)->run, err);
    return st;
}

/* The first run that is less than RATIO times as large as the next; the number of runs if there is
 * none. */
static size_t
first_out_of_ratio(const struct mrs_index_view *v)
{
    for (size_t i = 0; i + 1 < v->runs.len; i++)
        if (mrs_run_chunks(run_at(v, i)->run) / RATIO < mrs_run_chunks(run_at(v, i + 1)->run))
            return i;
    return v->runs.len;
}

mars_status
mrs_index_view_tidy(struct mrs_index *x, struct mrs_index_view *v, bool *again, mars_error *err)
{
    mars_status st = count_all(v, err);

    for (;;) {
        size_t from = first_out_of_ratio(v), n = v->runs.len - from;
        struct mrs_run *damaged = NULL;

        if (st != MARS_OK || n == 0)
            return st;
        /* Many at a time, but not so many that reading them takes much memory. */
        st = merge(x, v, n > GATHER ? v->runs.len - GATHER : from, v->runs.len, &damaged, err);
        if (damaged != NULL) {
            *again = true;
            return lose_run(v, damaged, err);
        }
        if (st == MARS_OK)
            st = count_all(v, err);
        else if (st != MARS_ERR_NOMEM) {
            mrs_error_clear(err); /* no room for the result: they stay as they are */
            return MARS_OK;
        }
    }
}

/* Runs of the class of the last one, which stand at the end: they came one after the other. */
static size_t
alike_at_end(const struct mrs_index_view *v)
{
    uint64_t least = mrs_run_chunks(run_at(v, v->runs.len - 1)->run);
    size_t n = 1;

    while (n < v->runs.len &&
           mrs_run_chunks(run_at(v, v->runs.len - 1 - n)->run) / RATIO < least)
        n++;
    return n;
}

mars_status
mrs_index_view_gather(struct mrs_index *x, struct mrs_index_view *v, bool *again, mars_error *err)
{
    struct mrs_run *damaged = NULL;
    mars_status st = MARS_OK;

    while (st == MARS_OK && v->runs.len > 0 && alike_at_end(v) >= GATHER) {
        st = count_all(v, err);
        if (st != MARS_OK || v->runs.len == 0 || alike_at_end(v) < GATHER)
            return st;
        st = merge(x, v, v->runs.len - GATHER, v->runs.len, &damaged, err);
        if (damaged != NULL) {
            *again = true;
            return lose_run(v, damaged, err);
        }
        if (st != MARS_OK && st != MARS_ERR_NOMEM) {
            mrs_error_clear(err); /* no room for the result */
            return MARS_OK;
        }
    }
    return st;
}
