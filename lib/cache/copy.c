/* Copies of objects, and chunks of trees. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "cache/cache_int.h"
#include "crypto/aead.h"
#include "format/pack.h"
#include "platform/random.h"

enum { TREE_NAME_SIZE = 3 + 2 * 32 + 1 };
enum { SEALED_MAX = MRS_CACHE_SALT_SIZE + (int)MRS_CHUNK_MAX + (int)MRS_TAG_SIZE };

/* Names are the library's own, but a name is a path here, so it is looked at. */
static mars_status
check_name(const char *name, mars_error *err)
{
    if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "object name not allowed");
    return MARS_OK;
}

mars_status
mrs_cache_get(struct mrs_cache *c, const char *name, struct mrs_buf *out, mars_error *err)
{
    mars_status st = check_name(name, err);

    return st == MARS_OK ? mrs_cache_file_get(c, MRS_CACHE_OBJECTS, name, out, err) : st;
}

mars_status
mrs_cache_put(struct mrs_cache *c, const char *name, const void *data, size_t n, mars_error *err)
{
    mars_status st = check_name(name, err);

    return st == MARS_OK ? mrs_cache_file_put(c, MRS_CACHE_OBJECTS, name, data, n, err) : st;
}

void
mrs_cache_drop(struct mrs_cache *c, const char *name)
{
    if (check_name(name, NULL) == MARS_OK)
        mrs_cache_file_drop(c, MRS_CACHE_OBJECTS, name);
}

static void
tree_name(char name[TREE_NAME_SIZE], const uint8_t id[32])
{
    mrs_hex_encode(name, id, 1);
    name[2] = '/';
    mrs_hex_encode(name + 3, id, 32);
}

mars_status
mrs_cache_file_aead(const struct mrs_cache *c, const uint8_t salt[MRS_CACHE_SALT_SIZE],
                    struct mrs_aead **out, mars_error *err)
{
    static const char info[] = "mars cache file v1";
    uint8_t key[MRS_KEY_SIZE];
    mars_status st = mrs_hkdf(c->tree_key, sizeof c->tree_key, salt, MRS_CACHE_SALT_SIZE, info,
                              sizeof info - 1, key, sizeof key, err);

    if (st == MARS_OK)
        st = mrs_aead_new(out, key, err);
    mrs_wipe(key, sizeof key);
    return st;
}

mars_status
mrs_cache_get_tree(struct mrs_cache *c, const uint8_t id[32], struct mrs_buf *out, mars_error *err)
{
    struct mrs_buf file = MRS_BUF_INIT(SEALED_MAX);
    struct mrs_aead *aead = NULL;
    char name[TREE_NAME_SIZE];
    size_t start = out->len, n = 0;
    mars_status st;

    tree_name(name, id);
    st = mrs_cache_file_get(c, MRS_CACHE_TREES, name, &file, err);
    if (st == MARS_OK && file.len < MRS_CACHE_SALT_SIZE + MRS_TAG_SIZE)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "cache: %s is too short", name);
    if (st == MARS_OK) {
        n = file.len - MRS_CACHE_SALT_SIZE;
        st = mrs_cache_file_aead(c, file.data, &aead, err);
    }
    if (st == MARS_OK)
        st = mrs_buf_resize(out, start + n - MRS_TAG_SIZE, err);
    if (st == MARS_OK)
        st = mrs_aead_open(aead, 0, id, 32, file.data + MRS_CACHE_SALT_SIZE, n, out->data + start,
                           err);
    if (st != MARS_OK)
        out->len = start;
    mrs_aead_free(aead);
    mrs_buf_free(&file);
    return st;
}

mars_status
mrs_cache_put_tree(struct mrs_cache *c, const uint8_t id[32], const void *data, size_t n,
                   mars_error *err)
{
    struct mrs_buf file = MRS_BUF_INIT(SEALED_MAX);
    struct mrs_aead *aead = NULL;
    char name[TREE_NAME_SIZE];
    mars_status st = n <= MRS_CHUNK_MAX
                         ? mrs_buf_resize(&file, MRS_CACHE_SALT_SIZE + n + MRS_TAG_SIZE, err)
                         : mrs_fail(err, MARS_ERR_INVALID_ARG, "chunk too large to be kept");

    tree_name(name, id);
    if (st == MARS_OK)
        st = mrs_random_fill(file.data, MRS_CACHE_SALT_SIZE, err);
    if (st == MARS_OK)
        st = mrs_cache_file_aead(c, file.data, &aead, err);
    if (st == MARS_OK)
        st = mrs_aead_seal(aead, 0, id, 32, data, n, file.data + MRS_CACHE_SALT_SIZE, err);
    if (st == MARS_OK)
        st = mrs_cache_file_put(c, MRS_CACHE_TREES, name, file.data, file.len, err);
    mrs_aead_free(aead);
    mrs_buf_free(&file);
    return st;
}
