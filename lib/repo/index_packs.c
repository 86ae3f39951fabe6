/* The packs that the index names. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "repo/index_int.h"

/* A run whose packs are gone through in order. */
struct walk {
    struct mrs_run_cursor cursor;
    const struct mrs_index_run *run;
    struct mrs_run_pack pack; /* the next that counts */
    bool more;
};
struct walks {
    struct walk *of;
    size_t n;
    struct mrs_run *damaged;
};

static mars_status
step(struct walks *all, struct walk *w, mars_error *err)
{
    mars_status st;

    do {
        st = mrs_run_next_pack(&w->cursor, &w->pack, &w->more, err);
    } while (st == MARS_OK && w->more && !w->run->counts[w->pack.object]);
    if (st == MARS_ERR_CORRUPT)
        all->damaged = w->run->run;
    return st;
}

static mars_status
begin_walks(struct walks *all, const struct mrs_index_view *v, mars_error *err)
{
    mars_status st = MARS_OK;

    all->of = mrs_alloc_array(v->runs.len, sizeof *all->of);
    if (all->of == NULL)
        return mrs_nomem(err);
    for (; st == MARS_OK && all->n < v->runs.len; all->n++) {
        struct walk *w = &all->of[all->n];

        w->run = mrs_vec_at(&v->runs, all->n);
        st = mrs_run_scan(&w->cursor, w->run->run, MRS_RUN_PACKS, err);
        if (st == MARS_OK)
            st = step(all, w, err);
    }
    return st;
}

static void
end_walks(struct walks *all)
{
    for (size_t i = 0; i < all->n; i++)
        mrs_run_scan_end(&all->of[i].cursor);
    mrs_free(all->of);
}

static struct walk *
least(const struct walks *all)
{
    struct walk *best = NULL;

    for (size_t i = 0; i < all->n; i++) {
        struct walk *w = &all->of[i];

        if (w->more && (best == NULL || memcmp(w->pack.name, best->pack.name, 32) < 0))
            best = w;
    }
    return best;
}

/* Packs by name, each once; `last` is the name of the last one that fn was told of. */
struct tell {
    mrs_index_pack_fn fn;
    void *user;
    uint8_t last[32];
    bool any;
};

static mars_status
tell_all(struct tell *t, const struct mrs_index_view *v, struct mrs_run **damaged, mars_error *err)
{
    struct walks all = { NULL, 0, NULL };
    struct walk *w;
    mars_status st = begin_walks(&all, v, err);

    while (st == MARS_OK && (w = least(&all)) != NULL) {
        struct mrs_index_pack out = { .kind = w->pack.kind, .size = w->pack.size,
                                      .count = w->pack.blobs };

        if (!t->any || memcmp(w->pack.name, t->last, 32) > 0) {
            memcpy(out.name, w->pack.name, sizeof out.name);
            memcpy(t->last, w->pack.name, sizeof t->last);
            t->any = true;
            st = t->fn(t->user, &out, err);
            if (st != MARS_OK)
                break;
        }
        st = step(&all, w, err);
    }
    *damaged = all.damaged;
    end_walks(&all);
    return st;
}

mars_status
mrs_index_each_pack(struct mrs_index *x, mrs_index_pack_fn fn, void *user, mars_error *err)
{
    struct tell t = { .fn = fn, .user = user };

    for (size_t tries = 0;;) {
        struct mrs_index_view *v = mrs_index_hold(x);
        struct mrs_run *damaged = NULL;
        mars_status st = tell_all(&t, v, &damaged, err);

        if (damaged != NULL)
            st = mrs_index_repair(x, damaged, &tries, err);
        mrs_index_let_go(x, v);
        if (st != MARS_OK || damaged == NULL)
            return st;
    }
}

/* One pack: the run and the number it has there; run NULL where no object that counts names it. */
struct pack_place {
    const struct mrs_index_run *run;
    uint32_t number;
    uint32_t object;
};

static mars_status
find_pack(const struct mrs_index_view *v, const uint8_t name[32], struct pack_place *out,
          struct mrs_run **damaged, mars_error *err)
{
    mars_status st = MARS_OK;

    out->run = NULL;
    for (size_t i = 0; st == MARS_OK && out->run == NULL && i < v->runs.len; i++) {
        const struct mrs_index_run *r = mrs_vec_at(&v->runs, i);
        uint8_t page[MRS_PAGE_SIZE];
        struct mrs_run_cursor c;
        struct mrs_run_pack p;
        bool more = true;

        mrs_run_look(&c, r->run, MRS_RUN_PACKS, page);
        st = mrs_run_seek(&c, name, err);
        while (st == MARS_OK && out->run == NULL) {
            st = mrs_run_next_pack(&c, &p, &more, err);
            if (st != MARS_OK || !more || memcmp(p.name, name, 32) != 0)
                break;
            if (r->counts[p.object])
                *out = (struct pack_place){ r, (uint32_t)c.at - 1, p.object };
        }
        if (st == MARS_ERR_CORRUPT)
            *damaged = r->run;
    }
    return st;
}

static mars_status
add_blobs(const struct pack_place *at, struct mrs_vec *blobs, mars_error *err)
{
    struct mrs_run_cursor c;
    struct mrs_run_entry e;
    bool more = true;
    mars_status st = mrs_run_scan(&c, at->run->run, MRS_RUN_ENTRIES, err);

    while (st == MARS_OK && more) {
        struct mrs_blob *b;

        st = mrs_run_next_entry(&c, &e, &more, err);
        if (st != MARS_OK || !more || e.pack != at->number)
            continue;
        b = mrs_vec_add(blobs);
        if (b == NULL)
            st = mrs_nomem(err);
        else
            *b = e.blob;
    }
    mrs_run_scan_end(&c);
    return st;
}

mars_status
mrs_index_pack_blobs(struct mrs_index *x, const uint8_t pack[32], struct mrs_blob **blobs,
                     size_t *n, mars_error *err)
{
    struct mrs_vec list = MRS_VEC_INIT(struct mrs_blob);
    mars_status st;
    size_t tries = 0;

    for (bool again = true; again;) {
        struct mrs_index_view *v = mrs_index_hold(x);
        struct mrs_run *damaged = NULL;
        struct pack_place at;

        list.len = 0;
        st = find_pack(v, pack, &at, &damaged, err);
        if (st == MARS_OK && at.run != NULL) {
            st = add_blobs(&at, &list, err);
            if (st == MARS_ERR_CORRUPT)
                damaged = at.run->run;
        }
        again = damaged != NULL;
        if (again)
            st = mrs_index_repair(x, damaged, &tries, err);
        again &= st == MARS_OK;
        mrs_index_let_go(x, v);
    }
    if (st != MARS_OK)
        mrs_vec_free(&list);
    *blobs = list.items;
    *n = list.len;
    return st;
}

mars_status
mrs_index_pack_object(struct mrs_index *x, const uint8_t pack[32], uint8_t object[32],
                      mars_error *err)
{
    for (size_t tries = 0;;) {
        struct mrs_index_view *v = mrs_index_hold(x);
        struct mrs_run *damaged = NULL;
        struct pack_place at;
        uint32_t n;
        mars_status st = find_pack(v, pack, &at, &damaged, err);

        if (st == MARS_OK && at.run != NULL)
            memcpy(object, mrs_run_objects(at.run->run, &n)[at.object], 32);
        if (damaged != NULL)
            st = mrs_index_repair(x, damaged, &tries, err);
        mrs_index_let_go(x, v);
        if (st != MARS_OK)
            return st;
        if (damaged == NULL)
            return at.run != NULL ? MARS_OK : MARS_ERR_NOT_FOUND;
    }
}
