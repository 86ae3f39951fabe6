#include "cache/cache.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "cache/paths.h"
#include "platform/file.h"
#include "platform/random.h"

enum { TMP_NAME_SIZE = 2 * 16 + 1, TMP_MAX_AGE_S = 24 * 60 * 60 };

/* a/b, or a/b/c */
static char *
join(const char *a, const char *b, const char *c)
{
    size_t n = strlen(a) + 1 + strlen(b) + (c != NULL ? 1 + strlen(c) : 0) + 1;
    char *path = mrs_alloc(n);

    if (path != NULL)
        (void)snprintf(path, n, "%s/%s%s%s", a, b, c != NULL ? "/" : "", c != NULL ? c : "");
    return path;
}

char *
mrs_cache_path(const struct mrs_cache *c, const char *folder, const char *name)
{
    return join(c->root, folder, name);
}

static mars_status
make_folder(const struct mrs_cache *c, const char *folder, mars_error *err)
{
    char *path = mrs_cache_path(c, folder, NULL);
    mars_status st = path != NULL ? mrs_dir_make(path, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

static mars_status
tmp_path(const struct mrs_cache *c, char **out, mars_error *err)
{
    uint8_t random[16];
    char name[TMP_NAME_SIZE];
    mars_status st = mrs_random_fill(random, sizeof random, err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    mrs_hex_encode(name, random, sizeof random);
    *out = mrs_cache_path(c, MRS_CACHE_TMP, name);
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

/* A new file with these bytes. Not flushed: what a power failure garbles does not authenticate. */
static mars_status
write_new(const char *path, const void *data, size_t n, mars_error *err)
{
    struct mrs_file *f = NULL;
    mars_status st = mrs_file_create(&f, path, err);

    if (st != MARS_OK)
        return st;
    st = mrs_file_append(f, data, n, err);
    mrs_file_close(f);
    if (st != MARS_OK)
        (void)!mrs_file_delete(path, NULL);
    return st;
}

static mars_status
probe(const struct mrs_cache *c, mars_error *err)
{
    char *path = NULL;
    mars_status st = tmp_path(c, &path, err);

    if (st == MARS_OK)
        st = write_new(path, "x", 1, err);
    if (st == MARS_OK)
        st = mrs_file_delete(path, err);
    mrs_free(path);
    return st;
}

struct sweep {
    const struct mrs_cache *c;
    int64_t now;
};

/* What a killed process left half written, a day later: nobody is writing it now. */
static mars_status
sweep_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    const struct sweep *s = user;
    char *path = mrs_cache_path(s->c, MRS_CACHE_TMP, name);
    struct mrs_file_info info;

    if (path == NULL)
        return mrs_nomem(err);
    if (!is_dir && mrs_file_stat(path, &info, NULL) == MARS_OK &&
        (info.mtime.s < s->now - TMP_MAX_AGE_S || info.mtime.s > s->now + TMP_MAX_AGE_S))
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
    return MARS_OK;
}

static mars_status
sweep_tmp(const struct mrs_cache *c, mars_error *err)
{
    struct sweep s = { c, mrs_clock_wall().s };
    char *path = mrs_cache_path(c, MRS_CACHE_TMP, NULL);
    mars_status st = path != NULL ? mrs_dir_each(path, sweep_one, &s, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

static mars_status
make_all(const struct mrs_cache *c, mars_error *err)
{
    mars_status st = mrs_dir_make(c->dir, err);

    if (st == MARS_OK)
        st = mrs_dir_make(c->root, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_OBJECTS, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_JOURNAL, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_TMP, err);
    if (st == MARS_OK)
        st = probe(c, err);
    return st == MARS_OK ? sweep_tmp(c, err) : st;
}

mars_status
mrs_cache_open(struct mrs_cache **out, const char *dir, const uint8_t domain[16], mars_error *err)
{
    struct mrs_cache *c;
    char hex[2 * 16 + 1];
    mars_status st;

    *out = NULL;
    c = mrs_alloc(sizeof *c);
    if (c == NULL)
        return mrs_nomem(err);
    mrs_hex_encode(hex, domain, 16);
    c->dir = mrs_strndup(dir, strlen(dir));
    c->root = join(dir, hex, NULL);
    st = c->dir != NULL && c->root != NULL ? make_all(c, err) : mrs_nomem(err);
    if (st == MARS_OK) {
        *out = c;
        return MARS_OK;
    }
    mrs_cache_close(c);
    if (st == MARS_ERR_NOMEM)
        return st;
    return mrs_context(err, st == MARS_ERR_QUOTA ? st : MARS_ERR_IO, "cache %s", dir);
}

void
mrs_cache_close(struct mrs_cache *c)
{
    if (c == NULL)
        return;
    mrs_free(c->dir);
    mrs_free(c->root);
    mrs_free(c);
}

/* The copy's path. Names are the library's own, but a name is a path here, so it is looked at. */
static mars_status
object_path(const struct mrs_cache *c, const char *name, char **out, mars_error *err)
{
    *out = NULL;
    if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "object name not allowed");
    *out = mrs_cache_path(c, MRS_CACHE_OBJECTS, name);
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

mars_status
mrs_cache_get(struct mrs_cache *c, const char *name, struct mrs_buf *out, mars_error *err)
{
    char *path = NULL;
    mars_status st = object_path(c, name, &path, err);

    if (st == MARS_OK)
        st = mrs_file_slurp(path, out, err);
    mrs_free(path);
    return st;
}

/* Make the directories above a copy. */
static mars_status
make_parent(char *path, mars_error *err)
{
    char *slash = strrchr(path, '/');
    mars_status st;

    *slash = '\0';
    st = mrs_dir_make_all(path, err);
    *slash = '/';
    return st;
}

mars_status
mrs_cache_put(struct mrs_cache *c, const char *name, const void *data, size_t n, mars_error *err)
{
    char *path = NULL, *tmp = NULL;
    mars_status st = object_path(c, name, &path, err);

    if (st == MARS_OK)
        st = tmp_path(c, &tmp, err);
    if (st == MARS_OK)
        st = make_parent(path, err);
    if (st == MARS_OK)
        st = write_new(tmp, data, n, err);
    if (st == MARS_OK) {
        st = mrs_file_publish(tmp, path, err);
        if (st != MARS_OK)
            (void)!mrs_file_delete(tmp, NULL);
        if (st == MARS_ERR_EXISTS) { /* another process had the same thought */
            mrs_error_clear(err);
            st = MARS_OK;
        }
    }
    mrs_free(tmp);
    mrs_free(path);
    return st;
}

void
mrs_cache_drop(struct mrs_cache *c, const char *name)
{
    char *path = NULL;

    if (object_path(c, name, &path, NULL) == MARS_OK)
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
}
