/* The chunks that the index knows, each once. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "repo/index_int.h"

enum { STOP_EVERY = 1 << 16 }; /* chunks */

/* A run whose entries are gone through in order. */
struct walk {
    struct mrs_run_cursor cursor;
    const struct mrs_index_run *run;
    struct mrs_vec counts;       /* uint8_t for each of its packs: does an object that counts name
                                    it? */
    struct mrs_run_entry entry;  /* the next that counts */
    bool more;
};

static mars_status
note_packs(struct walk *w, mars_error *err)
{
    struct mrs_run_cursor c;
    struct mrs_run_pack pack;
    bool more = true;
    mars_status st = mrs_run_scan(&c, w->run->run, MRS_RUN_PACKS, err);

    while (st == MARS_OK && more) {
        uint8_t *at;

        st = mrs_run_next_pack(&c, &pack, &more, err);
        if (st != MARS_OK || !more)
            break;
        at = mrs_vec_add(&w->counts);
        if (at == NULL)
            st = mrs_nomem(err);
        else
            *at = w->run->counts[pack.object];
    }
    mrs_run_scan_end(&c);
    return st;
}

static mars_status
step(struct walk *w, mars_error *err)
{
    mars_status st;

    do {
        st = mrs_run_next_entry(&w->cursor, &w->entry, &w->more, err);
    } while (st == MARS_OK && w->more &&
             *(uint8_t *)mrs_vec_at(&w->counts, w->entry.pack) == 0);
    return st;
}

static mars_status
begin(struct walk *w, const struct mrs_index_run *run, mars_error *err)
{
    mars_status st;

    w->run = run;
    w->counts = (struct mrs_vec)MRS_VEC_INIT(uint8_t);
    st = note_packs(w, err);
    if (st == MARS_OK)
        st = mrs_run_scan(&w->cursor, run->run, MRS_RUN_ENTRIES, err);
    return st == MARS_OK ? step(w, err) : st;
}

static struct walk *
least(struct walk *walks, size_t n)
{
    struct walk *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (walks[i].more &&
            (best == NULL || memcmp(walks[i].entry.blob.id, best->entry.blob.id, 32) < 0))
            best = &walks[i];
    return best;
}

/* What all runs have, in the order of the ids; a chunk's places follow each other. */
static mars_status
add_up(struct walk *walks, size_t n, const atomic_bool *stop, struct mrs_index_totals *out,
       struct mrs_run **damaged, mars_error *err)
{
    uint8_t last[32] = { 0 };
    struct walk *w;
    mars_status st = MARS_OK;

    while (st == MARS_OK && (w = least(walks, n)) != NULL) {
        const struct mrs_blob *b = &w->entry.blob;

        if (out->chunks == 0 || memcmp(b->id, last, sizeof last) != 0) {
            memcpy(last, b->id, sizeof last);
            out->chunks++;
            out->bytes += b->raw_len;
        }
        st = step(w, err);
        if (st == MARS_ERR_CORRUPT)
            *damaged = w->run->run;
        if (st == MARS_OK && stop != NULL && out->chunks % STOP_EVERY == 0 && atomic_load(stop))
            st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    }
    return st;
}

static mars_status
total(const struct mrs_index_view *v, const atomic_bool *stop, struct mrs_index_totals *out,
      struct mrs_run **damaged, mars_error *err)
{
    struct walk *walks = mrs_alloc_array(v->runs.len, sizeof *walks);
    size_t n = 0;
    mars_status st = walks != NULL ? MARS_OK : mrs_nomem(err);

    *out = (struct mrs_index_totals){ 0 };
    for (; st == MARS_OK && n < v->runs.len; n++) {
        st = begin(&walks[n], mrs_vec_at(&v->runs, n), err);
        if (st == MARS_ERR_CORRUPT)
            *damaged = walks[n].run->run;
    }
    if (st == MARS_OK)
        st = add_up(walks, n, stop, out, damaged, err);
    for (size_t i = 0; i < n; i++) {
        mrs_run_scan_end(&walks[i].cursor);
        mrs_vec_free(&walks[i].counts);
    }
    mrs_free(walks);
    return st;
}

mars_status
mrs_index_total(struct mrs_index *x, const atomic_bool *stop, struct mrs_index_totals *out,
                mars_error *err)
{
    for (size_t tries = 0;;) {
        struct mrs_index_view *v = mrs_index_hold(x);
        struct mrs_run *damaged = NULL;
        mars_status st = total(v, stop, out, &damaged, err);

        if (damaged != NULL)
            st = mrs_index_repair(x, damaged, &tries, err);
        mrs_index_let_go(x, v);
        if (st != MARS_OK || damaged == NULL)
            return st;
    }
}
