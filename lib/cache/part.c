#include "cache/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "cache/cache_int.h"
#include "crypto/aead.h"
#include "platform/random.h"

static const char BOUND[] = "mars points v1/"; /* and the name */
enum { NAME_SIZE = 2 * 16 + 1, BOUND_SIZE = sizeof BOUND - 1 + NAME_SIZE };

struct list {
    struct mrs_cache *cache;
    struct mrs_vec *parts;
};

static mars_status
note(void *user, const char *name, bool is_dir, mars_error *err)
{
    const struct list *l = user;
    struct mrs_file_info info;
    struct mrs_part *at;
    uint8_t id[16];
    char *path;
    bool there;

    if (is_dir || !mrs_hex_decode(id, sizeof id, name, strlen(name)))
        return MARS_OK;
    path = mrs_cache_path(l->cache, MRS_CACHE_POINTS, name);
    if (path == NULL)
        return mrs_nomem(err);
    there = mrs_file_stat(path, &info, NULL) == MARS_OK;
    mrs_free(path);
    if (!there)
        return MARS_OK;
    at = mrs_vec_add(l->parts);
    if (at == NULL)
        return mrs_nomem(err);
    memcpy(at->id, id, sizeof id);
    at->size = info.size;
    at->mtime = info.mtime;
    return MARS_OK;
}

static int
by_id(const void *a, const void *b)
{
    const struct mrs_part *x = a, *y = b;

    return memcmp(x->id, y->id, sizeof x->id);
}

mars_status
mrs_parts_list(struct mrs_cache *c, struct mrs_vec *parts, mars_error *err)
{
    struct list l = { c, parts };
    char *path = mrs_cache_path(c, MRS_CACHE_POINTS, NULL);
    mars_status st = path != NULL ? mrs_dir_each(path, note, &l, err) : mrs_nomem(err);

    mrs_free(path);
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    if (st == MARS_OK && parts->len > 1)
        qsort(parts->items, parts->len, parts->item_size, by_id);
    return st;
}

/* What is sealed is bound to the file's name. */
static void
bind(char bound[BOUND_SIZE], const char *name)
{
    (void)snprintf(bound, BOUND_SIZE, "%s%s", BOUND, name);
}

/* The sealed content behind `start`, opened where it stands. */
static mars_status
open_at(const struct mrs_cache *c, const char *name, const uint8_t salt[MRS_CACHE_SALT_SIZE],
        struct mrs_buf *out, size_t start, mars_error *err)
{
    struct mrs_aead *aead = NULL;
    char bound[BOUND_SIZE];
    mars_status st = out->len - start >= MRS_TAG_SIZE
                         ? mrs_cache_file_aead(c, salt, &aead, err)
                         : mrs_fail(err, MARS_ERR_CORRUPT, "cache: %s is too short", name);

    bind(bound, name);
    if (st == MARS_OK)
        st = mrs_aead_open(aead, 0, bound, sizeof bound, out->data + start, out->len - start,
                           out->data + start, err);
    out->len = st == MARS_OK ? out->len - MRS_TAG_SIZE : start;
    mrs_aead_free(aead);
    return st;
}

mars_status
mrs_part_get(struct mrs_cache *c, const uint8_t id[16], struct mrs_buf *out, mars_error *err)
{
    uint8_t salt[MRS_CACHE_SALT_SIZE];
    char name[NAME_SIZE], *path;
    size_t start = out->len;
    mars_status st;

    mrs_hex_encode(name, id, 16);
    path = mrs_cache_path(c, MRS_CACHE_POINTS, name);
    st = path != NULL ? mrs_cache_file_load(path, salt, out, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = open_at(c, name, salt, out, start, err);
    else
        out->len = start;
    if (st == MARS_OK)
        mrs_cache_note_use(path);
    else if (st == MARS_ERR_CORRUPT)
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
    return st;
}

mars_status
mrs_part_put(struct mrs_cache *c, struct mrs_buf *data, mars_error *err)
{
    uint8_t id[16], salt[MRS_CACHE_SALT_SIZE];
    struct mrs_aead *aead = NULL;
    char name[NAME_SIZE], bound[BOUND_SIZE];
    size_t n = data->len;
    mars_status st = mrs_random_fill(id, sizeof id, err);

    if (st == MARS_OK)
        st = mrs_random_fill(salt, sizeof salt, err);
    if (st == MARS_OK)
        st = mrs_buf_extend(data, MRS_TAG_SIZE, err);
    if (st == MARS_OK)
        st = mrs_cache_file_aead(c, salt, &aead, err);
    mrs_hex_encode(name, id, sizeof id);
    bind(bound, name);
    if (st == MARS_OK)
        st = mrs_aead_seal(aead, 0, bound, sizeof bound, data->data, n, data->data, err);
    if (st == MARS_OK)
        st = mrs_cache_file_publish(c, MRS_CACHE_POINTS, name, salt, data->data, data->len, err);
    mrs_aead_free(aead);
    return st;
}

void
mrs_part_drop(struct mrs_cache *c, const uint8_t id[16])
{
    char name[NAME_SIZE];

    mrs_hex_encode(name, id, 16);
    mrs_cache_file_drop(c, MRS_CACHE_POINTS, name);
}
