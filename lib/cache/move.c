/* Moving a cache, and removing what it left. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cache/cache_int.h"
#include "format/object.h"

enum { BLOCK = 1 << 20 };

mars_status
mrs_cache_hold(const char *dir, const uint8_t domain[16], struct mrs_lock **held, mars_error *err)
{
    char *root = mrs_cache_domain_root(dir, domain);
    char *path = root != NULL ? mrs_cache_join(root, MRS_CACHE_LOCK, NULL) : NULL;
    mars_status st = path != NULL ? mrs_lock_take(held, path, err) : mrs_nomem(err);

    mrs_free(path);
    mrs_free(root);
    return st == MARS_ERR_LOCKED ? mrs_fail(err, st, "%.150s: a backup is running", dir) : st;
}

struct copy {
    struct mrs_cache *from;
    struct mrs_cache *to;
};

/* A file with a check, read again where it was put. What is damaged is not taken along. */
static mars_status
copy_checked(const struct copy *k, const char *folder, const char *name, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_OBJECT_MAX), back = MRS_BUF_INIT(MRS_OBJECT_MAX);
    mars_status st = mrs_cache_file_get(k->from, folder, name, &bytes, err);

    if (st == MARS_ERR_CORRUPT || st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        st = MARS_OK;
        goto out;
    }
    /* Twice: a damaged file of that name is deleted by the first reading. */
    for (int i = 0; i < 2 && (st == MARS_OK || st == MARS_ERR_CORRUPT); i++) {
        st = mrs_cache_file_put(k->to, folder, name, bytes.data, bytes.len, err);
        if (st == MARS_OK)
            st = mrs_cache_file_get(k->to, folder, name, &back, err);
        if (st == MARS_OK)
            break;
    }
    if (st == MARS_OK && (back.len != bytes.len ||
                          (back.len > 0 && memcmp(back.data, bytes.data, back.len) != 0)))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s/%s: the copy is not what was copied", folder,
                      name);
out:
    mrs_buf_free(&back);
    mrs_buf_free(&bytes);
    return st;
}

/* Journals are few, mostly small, and must be there after a power failure. */
static mars_status
copy_journal(const struct mrs_cache_file *f, const char *to, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(SIZE_MAX / 2), back = MRS_BUF_INIT(SIZE_MAX / 2);
    mars_status st = mrs_file_slurp(f->path, &bytes, err);

    if (st == MARS_OK)
        st = mrs_file_replace(to, bytes.data, bytes.len, err);
    if (st == MARS_OK)
        st = mrs_file_slurp(to, &back, err);
    if (st == MARS_OK && (back.len != bytes.len ||
                          (back.len > 0 && memcmp(back.data, bytes.data, back.len) != 0)))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%.150s: the copy is not what was copied", to);
    mrs_buf_free(&back);
    mrs_buf_free(&bytes);
    return st;
}

/* A block of such a file: appended to `to`, or, where that is complete, compared with it. */
static mars_status
take_block(struct mrs_file *from, struct mrs_file *to, bool compare, uint64_t at, uint8_t *block,
           size_t *got, mars_error *err)
{
    size_t there = 0;
    mars_status st = mrs_file_read_at(from, at, block, BLOCK, got, err);

    if (st != MARS_OK || *got == 0)
        return st;
    if (!compare)
        return mrs_file_append(to, block, *got, err);
    st = mrs_file_read_at(to, at, block + BLOCK, BLOCK, &there, err);
    if (st == MARS_OK && (there != *got || memcmp(block, block + BLOCK, there) != 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "the copy is not what was copied");
    return st;
}

static mars_status
each_block(struct mrs_file *from, struct mrs_file *to, bool compare, mars_error *err)
{
    uint8_t *block = mrs_alloc(2 * BLOCK);
    size_t got = BLOCK;
    mars_status st = block != NULL ? MARS_OK : mrs_nomem(err);

    for (uint64_t at = 0; st == MARS_OK && got == BLOCK; at += got)
        st = take_block(from, to, compare, at, block, &got, err);
    mrs_free(block);
    return st;
}

/* Runs may be large; they and parts of the point table are checked as they are read. */
static mars_status
copy_blocks(const struct copy *k, const struct mrs_cache_file *f, const char *folder, char *path,
            mars_error *err)
{
    struct mrs_file *from = NULL, *to = NULL;
    char *tmp = NULL;
    mars_status st = mrs_cache_tmp_path(k->to, &tmp, err);

    if (st == MARS_OK)
        st = mrs_cache_make_parent(path, folder, f->name, err);
    if (st == MARS_OK)
        st = mrs_file_open(&from, f->path, err);
    if (st == MARS_OK)
        st = mrs_file_create(&to, tmp, err);
    if (st == MARS_OK)
        st = each_block(from, to, false, err);
    if (st == MARS_OK)
        st = each_block(from, to, true, err);
    if (st == MARS_OK) {
        (void)!mrs_file_delete(path, NULL); /* one that an earlier try left is not looked at */
        st = mrs_file_publish(tmp, path, err);
    }
    if (st != MARS_OK && to != NULL)
        (void)!mrs_file_delete(tmp, NULL);
    mrs_file_close(to);
    mrs_file_close(from);
    mrs_free(tmp);
    return st;
}

static bool
is_journal(const char *name)
{
    return strchr(name, '.') == NULL; /* neither its lock nor one in the making */
}

static mars_status
copy_one(void *user, const struct mrs_cache_file *f, mars_error *err)
{
    const struct copy *k = user;
    const char *folder = f->kind == MRS_CACHE_KIND_RUN      ? MRS_CACHE_RUNS
                         : f->kind == MRS_CACHE_KIND_POINTS ? MRS_CACHE_POINTS
                                                            : MRS_CACHE_JOURNAL;
    char *path;
    mars_status st = MARS_OK;

    if (f->kind == MRS_CACHE_KIND_COPY)
        return copy_checked(k, MRS_CACHE_OBJECTS, f->name, err);
    if (f->kind == MRS_CACHE_KIND_TREE)
        return copy_checked(k, MRS_CACHE_TREES, f->name, err);
    if (f->kind == MRS_CACHE_KIND_TMP ||
        (f->kind == MRS_CACHE_KIND_JOURNAL && !is_journal(f->name)))
        return MARS_OK;
    path = mrs_cache_path(k->to, folder, f->name);
    if (path == NULL)
        st = mrs_nomem(err);
    else if (f->kind == MRS_CACHE_KIND_JOURNAL)
        st = copy_journal(f, path, err);
    else
        st = copy_blocks(k, f, folder, path, err);
    mrs_free(path);
    return st;
}

mars_status
mrs_cache_copy(struct mrs_cache *from, struct mrs_cache *to, mars_error *err)
{
    struct copy k = { from, to };
    char *root = mrs_cache_root(from);
    mars_status st = root != NULL ? mrs_cache_walk(root, false, copy_one, &k, err) : mrs_nomem(err);

    /* The registration is about to say that all is there. */
    if (st == MARS_OK)
        st = mrs_cache_sync_dirs(to, err);
    mrs_free(root);
    return st;
}

void
mrs_cache_follow(struct mrs_cache *c, struct mrs_cache *place)
{
    struct mrs_cache_place *at = place->at;

    place->at = NULL;
    mrs_mutex_lock(c->lock);
    at->before = c->at;
    c->at = at;
    mrs_mutex_unlock(c->lock);
}

static mars_status
remove_one(void *user, const struct mrs_cache_file *f, mars_error *err)
{
    mars_status st = mrs_file_delete(f->path, err);

    (void)user;
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

/* What is left of it, as far as it is empty. */
static void
remove_folders(const char *dir, const char *root)
{
    static const char *const folders[] = { MRS_CACHE_OBJECTS, MRS_CACHE_TREES,
                                           MRS_CACHE_POINTS, MRS_CACHE_RUNS,
                                           MRS_CACHE_JOURNAL, MRS_CACHE_TMP };
    char *path;

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        path = mrs_cache_join(root, folders[i], NULL);
        if (path != NULL)
            (void)!mrs_dir_delete(path, NULL);
        mrs_free(path);
    }
    path = mrs_cache_join(root, MRS_CACHE_LOCK, NULL);
    if (path != NULL)
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
    (void)!mrs_dir_delete(root, NULL);
    (void)!mrs_dir_delete(dir, NULL);
}

mars_status
mrs_cache_remove(const char *dir, const uint8_t domain[16], mars_error *err)
{
    char *root = mrs_cache_domain_root(dir, domain);
    mars_status st = root != NULL ? mrs_cache_walk(root, true, remove_one, NULL, err)
                                  : mrs_nomem(err);

    if (st == MARS_OK)
        remove_folders(dir, root);
    mrs_free(root);
    return st;
}
