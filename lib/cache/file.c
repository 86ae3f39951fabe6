/* Files of the cache: their check, and behind it what was put. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cache/cache_int.h"
#include "platform/file.h"

enum { USE_STEP_S = 6 * 60 * 60 };

/* The check of a file's content is bound to where it lies. */
static mars_status
tag_of(struct mrs_cache *c, const char *folder, const char *name, const void *data, size_t n,
       uint8_t tag[MRS_CACHE_TAG_SIZE], mars_error *err)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *what = mrs_alloc(size);
    mars_status st;

    if (what == NULL)
        return mrs_nomem(err);
    (void)snprintf(what, size, "%s/%s", folder, name);
    st = mrs_cache_tag(c, what, data, n, tag, err);
    mrs_free(what);
    return st;
}

mars_status
mrs_cache_file_load(const char *path, uint8_t head[MRS_CACHE_TAG_SIZE], struct mrs_buf *out,
                    mars_error *err)
{
    struct mrs_file *f = NULL;
    size_t start = out->len, got = 0;
    uint64_t size = 0;
    mars_status st = mrs_file_open(&f, path, err);

    if (st == MARS_OK)
        st = mrs_file_size(f, &size, err);
    if (st == MARS_OK && (size < MRS_CACHE_TAG_SIZE ||
                          size - MRS_CACHE_TAG_SIZE > out->max - out->len))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%.150s: its size is not that of a copy", path);
    if (st == MARS_OK)
        st = mrs_file_read_at(f, 0, head, MRS_CACHE_TAG_SIZE, &got, err);
    if (st == MARS_OK)
        st = mrs_buf_extend(out, (size_t)size - MRS_CACHE_TAG_SIZE, err);
    if (st == MARS_OK)
        st = mrs_file_read_at(f, MRS_CACHE_TAG_SIZE, out->data + start, out->len - start, &got,
                              err);
    if (st == MARS_OK && got < out->len - start)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%.150s: became shorter", path);
    mrs_file_close(f);
    return st;
}

void
mrs_cache_note_use(const char *path)
{
    struct mrs_file_info info;

    if (mrs_file_stat(path, &info, NULL) == MARS_OK &&
        info.mtime.s < mrs_clock_wall().s - USE_STEP_S)
        (void)!mrs_file_touch(path, NULL);
}

static void
drop_damaged(struct mrs_cache *c, const char *path, const mars_error *why)
{
    (void)!mrs_file_delete(path, NULL);
    mrs_logf(c->logger, MARS_LEVEL_WARNING, "cache", "dropped: %s", why->message);
}

mars_status
mrs_cache_file_get(struct mrs_cache *c, const char *folder, const char *name, struct mrs_buf *out,
                   mars_error *err)
{
    uint8_t stored[MRS_CACHE_TAG_SIZE], tag[MRS_CACHE_TAG_SIZE];
    char *path = mrs_cache_path(c, folder, name);
    size_t start = out->len;
    mars_error why;
    mars_status st = path != NULL ? mrs_cache_file_load(path, stored, out, &why) : mrs_nomem(&why);

    if (st == MARS_OK)
        st = tag_of(c, folder, name, out->data + start, out->len - start, tag, &why);
    if (st == MARS_OK && !mrs_equal_ct(tag, stored, sizeof tag))
        st = mrs_fail(&why, MARS_ERR_CORRUPT, "%.150s: is not what was kept there", path);
    if (st != MARS_OK)
        out->len = start;
    if (st == MARS_OK)
        mrs_cache_note_use(path);
    else if (st == MARS_ERR_CORRUPT)
        drop_damaged(c, path, &why);
    if (st != MARS_OK && err != NULL)
        *err = why;
    mrs_free(path);
    return st;
}

/* A new file. Not flushed: what a power failure garbles does not fit its check. */
static mars_status
write_new(const char *path, const uint8_t head[MRS_CACHE_TAG_SIZE], const void *data, size_t n,
          mars_error *err)
{
    struct mrs_file *f = NULL;
    mars_status st = mrs_file_create(&f, path, err);

    if (st != MARS_OK)
        return st;
    st = mrs_file_append(f, head, MRS_CACHE_TAG_SIZE, err);
    if (st == MARS_OK)
        st = mrs_file_append(f, data, n, err);
    mrs_file_close(f);
    if (st != MARS_OK)
        (void)!mrs_file_delete(path, NULL);
    return st;
}

/* The directory whose name ends at this slash of path. */
static mars_status
make_dir(char *path, char *slash, mars_error *err)
{
    mars_status st;

    *slash = '\0';
    st = mrs_dir_make(path, err);
    *slash = '/';
    return st;
}

mars_status
mrs_cache_make_parent(char *path, const char *folder, const char *name, mars_error *err)
{
    char *below = path + strlen(path) - strlen(name) - 1 - strlen(folder);
    mars_status st = make_dir(path, strrchr(path, '/'), err);

    if (st != MARS_ERR_NOT_FOUND)
        return st;
    mrs_error_clear(err);
    st = MARS_OK;
    for (char *p = below; st == MARS_OK && (p = strchr(p, '/')) != NULL; p++)
        st = make_dir(path, p, err);
    return st;
}

mars_status
mrs_cache_file_publish(struct mrs_cache *c, const char *folder, const char *name,
                       const uint8_t head[MRS_CACHE_TAG_SIZE], const void *data, size_t n,
                       mars_error *err)
{
    char *path = mrs_cache_path(c, folder, name), *tmp = NULL;
    mars_status st = path != NULL ? mrs_cache_tmp_path(c, &tmp, err) : mrs_nomem(err);

    if (st == MARS_OK && !mrs_cache_admit(c, MRS_CACHE_TAG_SIZE + (uint64_t)n))
        st = mrs_fail(err, MARS_ERR_QUOTA, "%.150s: the cache has reached its quota", path);
    if (st == MARS_OK)
        st = mrs_cache_make_parent(path, folder, name, err);
    if (st == MARS_OK)
        st = write_new(tmp, head, data, n, err);
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

mars_status
mrs_cache_file_put(struct mrs_cache *c, const char *folder, const char *name, const void *data,
                   size_t n, mars_error *err)
{
    uint8_t tag[MRS_CACHE_TAG_SIZE];
    mars_status st = tag_of(c, folder, name, data, n, tag, err);

    return st == MARS_OK ? mrs_cache_file_publish(c, folder, name, tag, data, n, err) : st;
}

void
mrs_cache_file_drop(struct mrs_cache *c, const char *folder, const char *name)
{
    char *path = mrs_cache_path(c, folder, name);

    if (path != NULL)
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
}
