/* Going through a cache's files, and counting them. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cache/cache_int.h"

enum { DEPTH_MAX = 8, OWN_DIGITS = 16 };

static const char *const folders[MRS_CACHE_KINDS] = {
    [MRS_CACHE_KIND_COPY] = MRS_CACHE_OBJECTS,
    [MRS_CACHE_KIND_TREE] = MRS_CACHE_TREES,
    [MRS_CACHE_KIND_POINTS] = MRS_CACHE_POINTS,
    [MRS_CACHE_KIND_RUN] = MRS_CACHE_RUNS,
    [MRS_CACHE_KIND_JOURNAL] = MRS_CACHE_JOURNAL,
    [MRS_CACHE_KIND_TMP] = MRS_CACHE_TMP,
};

struct level {
    const char *path;
    const char *name; /* below the folder; "" for the folder itself */
    enum mrs_cache_kind kind;
    int depth;
    bool prune;
    mrs_cache_file_fn fn;
    void *user;
};

/* All that this library puts into a cache is named by at least 16 hex digits, and ends in them or
 * in a suffix with a dot. */
static bool
is_ours(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");

    return digits >= OWN_DIGITS && (name[digits] == '\0' || name[digits] == '.');
}

static mars_status walk_level(const struct level *l, mars_error *err);

static mars_status
visit_path(const struct level *l, const char *last, const char *path, const char *name,
           mars_error *err)
{
    struct mrs_cache_file f = { .kind = l->kind, .path = path, .name = name };
    struct level below = *l;
    struct mrs_file_info info;
    mars_status st;

    /* What another process deleted meanwhile, and what is not ours, is passed over. */
    if (mrs_file_lstat(path, &info, NULL) != MARS_OK || info.is_link)
        return MARS_OK;
    if (!info.is_dir) {
        f.size = info.size;
        f.mtime = info.mtime;
        return is_ours(last) ? l->fn(l->user, &f, err) : MARS_OK;
    }
    below.path = path;
    below.name = name;
    below.depth++;
    st = below.depth <= DEPTH_MAX ? walk_level(&below, err) : MARS_OK;
    if (st == MARS_OK && l->prune)
        (void)!mrs_dir_delete(path, NULL); /* if it is empty */
    return st;
}

static mars_status
visit(void *user, const char *last, bool is_dir, mars_error *err)
{
    const struct level *l = user;
    char *path = mrs_cache_join(l->path, last, NULL);
    char *name = l->name[0] != '\0' ? mrs_cache_join(l->name, last, NULL)
                                    : mrs_strndup(last, strlen(last));
    mars_status st = path != NULL && name != NULL ? visit_path(l, last, path, name, err)
                                                  : mrs_nomem(err);

    (void)is_dir; /* a link to a directory counts as one */
    mrs_free(name);
    mrs_free(path);
    return st;
}

static mars_status
walk_level(const struct level *l, mars_error *err)
{
    struct level copy = *l;
    mars_status st = mrs_dir_each(l->path, visit, &copy, err);

    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

mars_status
mrs_cache_walk(const char *root, bool prune, mrs_cache_file_fn fn, void *user, mars_error *err)
{
    mars_status st = MARS_OK;

    for (int kind = 0; st == MARS_OK && kind < MRS_CACHE_KINDS; kind++) {
        char *path = mrs_cache_join(root, folders[kind], NULL);
        struct level l = { path, "", (enum mrs_cache_kind)kind, 0, prune, fn, user };

        st = path != NULL ? walk_level(&l, err) : mrs_nomem(err);
        mrs_free(path);
    }
    return st;
}

static mars_status
count(void *user, const struct mrs_cache_file *f, mars_error *err)
{
    struct mrs_cache_use *u = user;
    uint64_t *const bytes[MRS_CACHE_KINDS] = {
        [MRS_CACHE_KIND_COPY] = &u->copies,
        [MRS_CACHE_KIND_TREE] = &u->trees,
        [MRS_CACHE_KIND_POINTS] = &u->copies,
        [MRS_CACHE_KIND_RUN] = &u->runs,
        [MRS_CACHE_KIND_JOURNAL] = &u->journals,
        [MRS_CACHE_KIND_TMP] = &u->unfinished,
    };

    (void)err;
    if (f->kind == MRS_CACHE_KIND_JOURNAL && strchr(f->name, '.') != NULL)
        return MARS_OK; /* its lock */
    *bytes[f->kind] += f->size;
    u->bytes += f->size;
    u->files++;
    return MARS_OK;
}

mars_status
mrs_cache_count(struct mrs_cache *c, struct mrs_cache_use *use, mars_error *err)
{
    char *root = mrs_cache_root(c);
    mars_status st;

    memset(use, 0, sizeof *use);
    st = root != NULL ? mrs_cache_walk(root, false, count, use, err) : mrs_nomem(err);
    mrs_free(root);
    return st;
}

mars_status
mrs_cache_free_space(struct mrs_cache *c, uint64_t *bytes, mars_error *err)
{
    char *root = mrs_cache_root(c);
    mars_status st = root != NULL ? mrs_disk_free(root, bytes, err) : mrs_nomem(err);

    mrs_free(root);
    return st;
}

/* All but journals, which are the only thing here that cannot be had again, and files that
 * somebody may be writing. */
static mars_status
clear_one(void *user, const struct mrs_cache_file *f, mars_error *err)
{
    mars_status st = MARS_OK;

    (void)user;
    if (f->kind != MRS_CACHE_KIND_JOURNAL && f->kind != MRS_CACHE_KIND_TMP)
        st = mrs_file_delete(f->path, err);
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

mars_status
mrs_cache_clear(struct mrs_cache *c, mars_error *err)
{
    char *root = mrs_cache_root(c);
    mars_status st = root != NULL ? mrs_cache_walk(root, true, clear_one, NULL, err)
                                  : mrs_nomem(err);

    mrs_free(root);
    return st;
}
