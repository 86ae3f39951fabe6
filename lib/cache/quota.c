/* The cache's limit. What is there is counted when the room that was found last is used up, not
 * with every file; then what was not used for longest goes, first copies, then trees, then the
 * point table, then runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "cache/cache_int.h"

/* Where there is nothing to evict, who asks is refused for so long before it is counted again. */
#define COUNT_AGAIN_NS ((uint64_t)10 * 1000000000)
enum { SLACK = 10 }; /* evict until a tenth of the quota is free */

struct candidate {
    const char *path;
    enum mrs_cache_kind kind;
    uint64_t size;
    struct mrs_time used;
};

struct gather {
    struct mrs_vec files; /* struct candidate */
    struct mrs_arena paths;
    const char *own;      /* left out; or NULL */
    uint64_t bytes;
    uint64_t can_go;      /* of these, with all of files */
};

static mars_status
gather_one(void *user, const struct mrs_cache_file *f, mars_error *err)
{
    struct gather *g = user;
    struct candidate *c;

    if (g->own != NULL && strcmp(f->path, g->own) == 0)
        return MARS_OK;
    g->bytes += f->size;
    if (f->kind == MRS_CACHE_KIND_JOURNAL || f->kind == MRS_CACHE_KIND_TMP)
        return MARS_OK;
    c = mrs_vec_add(&g->files);
    if (c == NULL)
        return mrs_nomem(err);
    g->can_go += f->size;
    *c = (struct candidate){ mrs_arena_copy(&g->paths, f->path, strlen(f->path) + 1), f->kind,
                             f->size, f->mtime };
    return c->path != NULL ? MARS_OK : mrs_nomem(err);
}

static int
by_use(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->used.s != y->used.s)
        return x->used.s < y->used.s ? -1 : 1;
    return (x->used.ns > y->used.ns) - (x->used.ns < y->used.ns);
}

/* Delete until no more than `limit` bytes are left, if that can be. */
static void
evict(const struct mrs_cache *cache, struct gather *g, uint64_t limit)
{
    uint64_t before = g->bytes;
    size_t i = 0;

    if (g->bytes <= limit)
        return;
    if (g->files.len > 1)
        qsort(g->files.items, g->files.len, g->files.item_size, by_use);
    for (; g->bytes > limit && i < g->files.len; i++) {
        const struct candidate *c = mrs_vec_at(&g->files, i);
        mars_status st = mrs_file_delete(c->path, NULL);

        if (st == MARS_OK || st == MARS_ERR_NOT_FOUND)
            g->bytes -= c->size < g->bytes ? c->size : g->bytes;
    }
    mrs_logf(cache->logger, MARS_LEVEL_INFO, "cache", "%zu files with %" PRIu64 " bytes have gone "
             "for the quota", i, before - g->bytes);
}

/* Make room for n bytes, at most the quota, below it; *room: how many may be added now. */
static mars_status
make_room(struct mrs_cache *c, uint64_t quota, uint64_t n, const char *own, uint64_t *room,
          mars_error *err)
{
    struct gather g = { .files = MRS_VEC_INIT(struct candidate), .own = own };
    char *root = mrs_cache_root(c);
    mars_status st = root != NULL ? mrs_cache_walk(root, false, gather_one, &g, err)
                                  : mrs_nomem(err);

    *room = 0;
    if (st == MARS_OK && g.bytes > quota - n && g.bytes - g.can_go <= quota - n)
        evict(c, &g, n < quota - quota / SLACK ? quota - quota / SLACK - n : 0);
    /* Half of it: another process may be filling the same cache. */
    if (st == MARS_OK && g.bytes < quota)
        *room = n > (quota - g.bytes) / 2 && n <= quota - g.bytes ? n : (quota - g.bytes) / 2;
    mrs_vec_free(&g.files);
    mrs_arena_free(&g.paths);
    mrs_free(root);
    return st;
}

void
mrs_cache_set_quota(struct mrs_cache *c, uint64_t bytes)
{
    mrs_mutex_lock(c->lock);
    if (c->quota != bytes) {
        c->quota = bytes;
        c->room = 0;
        c->full = false;
    }
    mrs_mutex_unlock(c->lock);
}

/* With the lock held. */
static bool
take(struct mrs_cache *c, uint64_t n)
{
    bool fits = c->quota == 0 || n <= c->room;

    if (fits && c->quota != 0)
        c->room -= n;
    return fits;
}

bool
mrs_cache_admit(struct mrs_cache *c, uint64_t n)
{
    return mrs_cache_admit_file(c, n, NULL);
}

bool
mrs_cache_admit_file(struct mrs_cache *c, uint64_t n, const char *path)
{
    uint64_t now = mrs_clock_mono(), quota, room = 0;
    bool fits, count;

    mrs_mutex_lock(c->lock);
    fits = take(c, n);
    quota = c->quota;
    count = !fits && n <= quota && !c->counting &&
            (!c->full || now - c->counted >= COUNT_AGAIN_NS);
    c->counting |= count;
    mrs_mutex_unlock(c->lock);
    if (!count)
        return fits;
    (void)!make_room(c, quota, n, path, &room, NULL);
    mrs_mutex_lock(c->lock);
    c->counting = false;
    c->counted = now;
    c->room = room;
    fits = take(c, n);
    c->full = !fits;
    mrs_mutex_unlock(c->lock);
    if (!fits)
        mrs_logf(c->logger, MARS_LEVEL_WARNING, "cache", "its quota of %" PRIu64 " bytes is used "
                 "up by what has to stay: for a while nothing more is kept", quota);
    return fits;
}

/* What waits is not seen when the cache is counted, but there is never more of it than the
 * uploader lets wait. */
mars_status
mrs_cache_stage(struct mrs_cache *c, uint64_t n, struct mrs_file **out, mars_error *err)
{
    char *dir = mrs_cache_path(c, MRS_CACHE_TMP, NULL);
    mars_status st = dir != NULL ? MARS_OK : mrs_nomem(err);

    if (st == MARS_OK && !mrs_cache_admit(c, n))
        st = mrs_fail(err, MARS_ERR_QUOTA, "the cache's quota leaves no room for %llu MiB that "
                      "wait to be sent", (unsigned long long)(n >> 20));
    if (st == MARS_OK)
        st = mrs_file_create_unnamed(out, dir, err);
    mrs_free(dir);
    return st;
}
