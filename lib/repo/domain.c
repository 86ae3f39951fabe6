#include "repo/domain.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/wr.h"
#include "repo/index.h"
#include "repo/packkey.h"

enum { CUT_MIN = 512 << 10, CUT_AVG = 1 << 20, CUT_MAX = 8 << 20, GEAR_BYTES = 2048 };
enum { ID_ITEM = 0x80, ID_LINK = 0x81 };
static const char UNIT[] = "domain"; /* in the log */

/* The gear table and the node key come from the chunker key. */
static mars_status
derive_chunker(struct mrs_domain *d, mars_error *err)
{
    static const char gear_info[] = "mars gear v1", node_info[] = "mars node v1";
    uint8_t gear[GEAR_BYTES];
    struct mrs_key key;
    mars_status st = mrs_keyring_newest(d->keys, MRS_KEY_CHUNKER, &key, err);

    if (st != MARS_OK)
        return st;
    st = mrs_hkdf(key.key, sizeof key.key, NULL, 0, gear_info, sizeof gear_info - 1, gear,
                  sizeof gear, err);
    if (st == MARS_OK)
        st = mrs_cutter_init(&d->cutter, gear, CUT_MIN, CUT_AVG, CUT_MAX, err);
    if (st == MARS_OK)
        st = mrs_hkdf(key.key, sizeof key.key, NULL, 0, node_info, sizeof node_info - 1,
                      d->node_key, sizeof d->node_key, err);
    mrs_wipe(&key, sizeof key);
    mrs_wipe(gear, sizeof gear);
    return st;
}

mars_status
mrs_domain_open(struct mrs_domain **out, struct mrs_store *store, struct mrs_keyring *keys,
                struct mrs_cache *cache, mars_error *err)
{
    struct mrs_domain *d;
    struct mrs_key key;
    mars_status st;

    *out = NULL;
    d = mrs_alloc(sizeof *d);
    if (d == NULL)
        return mrs_nomem(err);
    d->store = store;
    d->keys = keys;
    d->cache = cache;
    st = mrs_keyring_newest(keys, MRS_KEY_CHUNK_ID, &key, err);
    if (st == MARS_OK)
        st = mrs_hmac_new(&d->id_mac, key.key, sizeof key.key, err);
    if (st == MARS_OK)
        st = derive_chunker(d, err);
    if (st == MARS_OK)
        st = mrs_index_new(&d->index, d, err);
    if (st == MARS_OK)
        st = mrs_pack_keys_new(&d->pack_keys, err);
    mrs_wipe(&key, sizeof key);
    if (st != MARS_OK) {
        mrs_domain_close(d);
        return st;
    }
    *out = d;
    return MARS_OK;
}

void
mrs_domain_close(struct mrs_domain *d)
{
    if (d == NULL)
        return;
    mrs_pack_keys_free(d->pack_keys);
    mrs_index_free(d->index);
    mrs_hmac_free(d->id_mac);
    mrs_wipe(d, sizeof *d);
    mrs_free(d);
}

mars_status
mrs_domain_view(struct mrs_domain *d, const atomic_bool *stop, struct mrs_domain **out,
                mars_error *err)
{
    struct mrs_domain *view = mrs_alloc(sizeof *view);
    struct mrs_store *store = NULL;
    mars_status st = view != NULL ? mrs_store_view(d->store, stop, &store, err) : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK) {
        mrs_free(view);
        return st;
    }
    *view = *d;
    view->store = store;
    *out = view;
    return MARS_OK;
}

void
mrs_domain_free_view(struct mrs_domain *view)
{
    if (view == NULL)
        return;
    mrs_store_close(view->store);
    mrs_wipe(view, sizeof *view);
    mrs_free(view);
}

mars_status
mrs_chunk_id(const struct mrs_domain *d, uint8_t cls, const void *data, size_t n, uint8_t id[32],
             mars_error *err)
{
    return mrs_hmac_run(d->id_mac, &cls, 1, data, n, id, err);
}

/* The first 16 bytes of the id of a 0x80-or-above class. */
static mars_status
short_id(const struct mrs_domain *d, uint8_t cls, const struct mrs_buf *of, uint8_t id[16],
         mars_error *err)
{
    uint8_t whole[32];
    mars_status st = mrs_chunk_id(d, cls, of->data, of->len, whole, err);

    if (st == MARS_OK)
        memcpy(id, whole, 16);
    return st;
}

mars_status
mrs_item_id(const struct mrs_domain *d, const uint8_t machine[16], const char *name,
            uint8_t id[16], mars_error *err)
{
    struct mrs_buf of = MRS_BUF_INIT(1024);
    mars_status st = mrs_buf_append(&of, machine, 16, err);

    if (st == MARS_OK)
        st = mrs_buf_append(&of, name, strlen(name), err);
    if (st == MARS_OK)
        st = short_id(d, ID_ITEM, &of, id, err);
    mrs_buf_free(&of);
    return st;
}

mars_status
mrs_link_group(const struct mrs_domain *d, uint64_t fs, uint64_t inode, struct mrs_time birth,
               uint8_t id[16], mars_error *err)
{
    struct mrs_buf of = MRS_BUF_INIT(64);
    struct mrs_wr w = mrs_wr_init(&of, err);
    mars_status st;

    mrs_wr_le64(&w, fs);
    mrs_wr_le64(&w, inode);
    mrs_wr_le64(&w, (uint64_t)birth.s);
    mrs_wr_le32(&w, birth.ns);
    st = w.st == MARS_OK ? short_id(d, ID_LINK, &of, id, err) : w.st;
    mrs_buf_free(&of);
    return st;
}

mars_status
mrs_domain_get(const struct mrs_domain *d, uint8_t kind, enum mrs_need need, const char *relative,
               const uint8_t *digest, struct mrs_buf *payload, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t found[32];
    mars_status st;

    mrs_name_in_domain(name, d->keys->domain, relative);
    st = mrs_store_get(d->store, name, &bytes, err);
    if (st == MARS_OK && digest != NULL) {
        st = mrs_sha256_once(bytes.data, bytes.len, found, err);
        if (st == MARS_OK && memcmp(found, digest, sizeof found) != 0)
            st = mrs_fail(err, MARS_ERR_CORRUPT, "its bytes do not have the digest in its name");
    }
    if (st == MARS_OK)
        st = mrs_object_open(kind, need, mrs_keyring_find, d->keys,
                             digest != NULL ? NULL : relative, bytes.data, bytes.len, payload,
                             err);
    mrs_buf_free(&bytes);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", name);
}

struct mrs_cache *
mrs_domain_copies(const struct mrs_domain *d)
{
    return d->cache != NULL && !mrs_store_is_near(d->store) ? d->cache : NULL;
}

/* The object's bytes and payload, from a copy. A copy that does not open is forgotten. */
static mars_status
get_copy(const struct mrs_domain *d, struct mrs_cache *cache, uint8_t kind, enum mrs_need need,
         const char *relative, struct mrs_buf *bytes, struct mrs_buf *payload)
{
    mars_status st = mrs_cache_get(cache, relative, bytes, NULL);

    if (st != MARS_OK)
        return st;
    st = mrs_object_open(kind, need, mrs_keyring_find, d->keys, relative, bytes->data, bytes->len,
                         payload, NULL);
    if (st != MARS_OK) {
        mrs_cache_drop(cache, relative);
        mrs_buf_reset(bytes);
        mrs_logf(d->logger, MARS_LEVEL_WARNING, UNIT, "%s: the cache's copy does not open, and is "
                 "fetched again", relative);
    }
    return st;
}

bool
mrs_is_damage(mars_status st)
{
    return st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED || st == MARS_ERR_NOT_FOUND ||
           st == MARS_ERR_IO || st == MARS_ERR_KEY;
}

bool
mrs_is_unreadable(mars_status st)
{
    return mrs_is_damage(st) || st == MARS_ERR_FORBIDDEN || st == MARS_ERR_STATE;
}

bool
mrs_is_out_of_reach(mars_status st)
{
    return st == MARS_ERR_NETWORK || st == MARS_ERR_AUTH;
}

mars_status
mrs_domain_get_listed(const struct mrs_domain *d, uint8_t kind, enum mrs_need need,
                      const char *relative, uint8_t *object_digest, struct mrs_buf *payload,
                      mars_error *err)
{
    struct mrs_cache *cache = need != MRS_NEED_VERIFY ? mrs_domain_copies(d) : NULL;
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st = MARS_ERR_NOT_FOUND;

    mrs_name_in_domain(name, d->keys->domain, relative);
    if (cache != NULL)
        st = get_copy(d, cache, kind, need, relative, &bytes, payload);
    if (st != MARS_OK) {
        st = mrs_store_get(d->store, name, &bytes, err);
        if (st == MARS_OK)
            st = mrs_object_open(kind, need, mrs_keyring_find, d->keys, relative, bytes.data,
                                 bytes.len, payload, err);
        /* Of points the table keeps what is needed of many. */
        if (st == MARS_OK && cache != NULL && kind != MRS_KIND_POINT)
            (void)mrs_cache_put(cache, relative, bytes.data, bytes.len, NULL);
    }
    if (st == MARS_OK && object_digest != NULL)
        st = mrs_sha256_once(bytes.data, bytes.len, object_digest, err);
    mrs_buf_free(&bytes);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", name);
}

mars_status
mrs_domain_get_record(const struct mrs_domain *d, const char *name, struct mrs_buf *bytes,
                      mars_error *err)
{
    struct mrs_cache *cache = mrs_domain_copies(d);
    mars_status st;

    if (cache != NULL && mrs_cache_get(cache, name, bytes, NULL) == MARS_OK)
        return MARS_OK;
    st = mrs_store_get(d->store, name, bytes, err);
    if (st == MARS_OK && cache != NULL)
        (void)mrs_cache_put(cache, name, bytes->data, bytes->len, NULL);
    return st;
}

/* The put failed, or its answer was lost: is what stands there ours? */
static mars_status
settle(const struct mrs_domain *d, const char *name, const struct mrs_buf *ours, mars_status put,
       mars_error *err)
{
    struct mrs_buf there = MRS_BUF_INIT(MRS_OBJECT_MAX);
    mars_error ignored;
    mars_status st = put;

    if ((put == MARS_ERR_EXISTS || put == MARS_ERR_NETWORK) &&
        mrs_store_get(d->store, name, &there, &ignored) == MARS_OK && there.len == ours->len &&
        memcmp(there.data, ours->data, ours->len) == 0) {
        mrs_error_clear(err);
        st = MARS_OK;
        mrs_logf(d->logger, MARS_LEVEL_INFO, UNIT, "%s: what stands there is our own", name);
    }
    mrs_buf_free(&there);
    return st;
}

static mars_status
put_bytes(const struct mrs_domain *d, const uint8_t writer[16], const char *relative,
          const struct mrs_buf *object, mars_error *err)
{
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st;

    mrs_name_in_domain(name, d->keys->domain, relative);
    st = mrs_store_put(d->store, writer, name, object->data, object->len, err);
    return st == MARS_OK ? st : settle(d, name, object, st, err);
}

static uint32_t
key_type(uint8_t kind)
{
    return kind == MRS_KIND_INDEX ? MRS_KEY_INDEX
           : kind == MRS_KIND_POINT ? MRS_KEY_POINT
                                    : MRS_KEY_LEDGER;
}

static mars_status
seal(const struct mrs_domain *d, uint8_t kind, const uint8_t writer[16], const char *context,
     const struct mrs_buf *payload, struct mrs_buf *object, mars_error *err)
{
    struct mrs_key key;
    mars_status st = mrs_keyring_newest(d->keys, key_type(kind), &key, err);

    if (st == MARS_OK)
        st = mrs_object_seal(kind, &key, writer, context, payload, object, err);
    mrs_wipe(&key, sizeof key);
    return st;
}

mars_status
mrs_domain_put(const struct mrs_domain *d, uint8_t kind, const uint8_t writer[16],
               const char *relative, const struct mrs_buf *payload, uint8_t *object_digest,
               mars_error *err)
{
    struct mrs_buf object = MRS_BUF_INIT(MRS_OBJECT_MAX);
    mars_status st = seal(d, kind, writer, relative, payload, &object, err);

    if (st == MARS_OK && object_digest != NULL)
        st = mrs_sha256_once(object.data, object.len, object_digest, err);
    if (st == MARS_OK)
        st = put_bytes(d, writer, relative, &object, err);
    if (st == MARS_OK && (kind == MRS_KIND_POINT || kind == MRS_KIND_LEDGER) &&
        mrs_domain_copies(d) != NULL)
        (void)mrs_cache_put(d->cache, relative, object.data, object.len, NULL);
    mrs_buf_free(&object);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", relative);
}

mars_status
mrs_domain_put_index(const struct mrs_domain *d, const uint8_t writer[16],
                     const struct mrs_buf *payload, uint8_t digest[32], uint64_t *size,
                     mars_error *err)
{
    struct mrs_buf object = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st = seal(d, MRS_KIND_INDEX, writer, NULL, payload, &object, err);

    if (st == MARS_OK)
        st = mrs_sha256_once(object.data, object.len, digest, err);
    if (st == MARS_OK) {
        mrs_name_index(relative, digest);
        st = put_bytes(d, writer, relative, &object, err);
    }
    *size = object.len;
    mrs_buf_free(&object);
    return st == MARS_OK ? st : mrs_context(err, st, "index object");
}

struct relative_list {
    size_t skip;
    mrs_list_fn fn;
    void *user;
};

static mars_status
relative_name(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct relative_list *r = user;
    struct mrs_object_info inner = *info;

    inner.name = mrs_name_relative(info->name + r->skip);
    return inner.name != NULL ? r->fn(r->user, &inner, err) : MARS_OK;
}

mars_status
mrs_domain_list(const struct mrs_domain *d, const char *prefix, enum mrs_list_what what,
                mrs_list_fn fn, void *user, mars_error *err)
{
    char name[MRS_OBJECT_NAME_MAX];
    struct relative_list r = { 0, fn, user };

    mrs_name_in_domain(name, d->keys->domain, "");
    r.skip = strlen(name);
    mrs_name_in_domain(name, d->keys->domain, prefix);
    return mrs_store_list(d->store, name, what, relative_name, &r, err);
}

mars_status
mrs_domain_rely(const struct mrs_domain *d, const char *relative, mars_error *err)
{
    char name[MRS_OBJECT_NAME_MAX];

    mrs_name_in_domain(name, d->keys->domain, relative);
    return mrs_store_rely(d->store, name, err);
}

mars_status
mrs_domain_has(const struct mrs_domain *d, const char *relative, bool *has, mars_error *err)
{
    char name[MRS_OBJECT_NAME_MAX];
    struct mrs_object_info info;
    mars_status st;

    mrs_name_in_domain(name, d->keys->domain, relative);
    st = mrs_store_stat(d->store, name, &info, err);
    *has = st == MARS_OK;
    return st == MARS_ERR_NOT_FOUND ? MARS_OK : st;
}
