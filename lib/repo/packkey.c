#include "repo/packkey.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/map.h"
#include "platform/thread.h"

enum { KEPT_MAX = 1024 };

struct mrs_pack_key {
    atomic_uint refs;
    uint8_t header[MRS_HEADER_SIZE];
    uint8_t writer[16];
    struct mrs_aead *aead;
};

struct mrs_pack_keys {
    struct mrs_mutex *lock;
    struct mrs_map kept; /* pack name -> struct mrs_pack_key * */
};

mars_status
mrs_pack_keys_new(struct mrs_pack_keys **out, mars_error *err)
{
    struct mrs_pack_keys *k = mrs_alloc(sizeof *k);
    mars_status st;

    *out = NULL;
    if (k == NULL)
        return mrs_nomem(err);
    k->kept = (struct mrs_map)MRS_MAP_INIT(sizeof(struct mrs_pack_key *));
    st = mrs_mutex_new(&k->lock, err);
    if (st != MARS_OK) {
        mrs_free(k);
        return st;
    }
    *out = k;
    return MARS_OK;
}

static void
drop_all(struct mrs_pack_keys *k)
{
    const uint8_t *name;
    void *value;

    for (size_t pos = 0; mrs_map_next(&k->kept, &pos, &name, &value);)
        mrs_pack_key_unref(*(struct mrs_pack_key **)value);
    mrs_map_free(&k->kept);
}

void
mrs_pack_keys_free(struct mrs_pack_keys *k)
{
    if (k == NULL)
        return;
    drop_all(k);
    mrs_mutex_free(k->lock);
    mrs_free(k);
}

void
mrs_pack_key_unref(struct mrs_pack_key *k)
{
    if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    mrs_aead_free(k->aead);
    mrs_free(k);
}

const uint8_t *
mrs_pack_key_writer(const struct mrs_pack_key *k)
{
    return k->writer;
}

mars_status
mrs_pack_key_make(const struct mrs_domain *d, uint8_t kind, enum mrs_need need,
                  const uint8_t header[MRS_HEADER_SIZE], struct mrs_pack_key **out,
                  mars_error *err)
{
    struct mrs_pack_key *k;
    struct mrs_header h;
    struct mrs_key key;
    uint8_t object_key[MRS_KEY_SIZE];
    mars_status st = mrs_header_decode(&h, header, MRS_HEADER_SIZE, err);

    *out = NULL;
    if (st == MARS_OK && (h.kind != kind || h.mode != MRS_MODE_SYMMETRIC || h.body_len != 0 ||
                          h.trailer_len != 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "not the header of a %s", mrs_kind_name(kind));
    if (st == MARS_OK)
        st = mrs_header_allows(&h, need, err);
    if (st == MARS_OK)
        st = mrs_keyring_find(d->keys, &h, &key, err);
    if (st != MARS_OK)
        return st;
    k = mrs_alloc(sizeof *k);
    st = k != NULL ? mrs_object_key(&h, header, &key, object_key, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_aead_new(&k->aead, object_key, err);
    mrs_wipe(&key, sizeof key);
    mrs_wipe(object_key, sizeof object_key);
    if (st != MARS_OK) {
        mrs_free(k);
        return st;
    }
    memcpy(k->header, header, sizeof k->header);
    memcpy(k->writer, h.writer_id, sizeof k->writer);
    atomic_init(&k->refs, 1);
    *out = k;
    return MARS_OK;
}

static struct mrs_pack_key *
find_kept(struct mrs_pack_keys *keys, const uint8_t pack[32])
{
    struct mrs_pack_key **kept;
    struct mrs_pack_key *k;

    mrs_mutex_lock(keys->lock);
    kept = mrs_map_find(&keys->kept, pack);
    k = kept != NULL ? *kept : NULL;
    if (k != NULL)
        atomic_fetch_add(&k->refs, 1);
    mrs_mutex_unlock(keys->lock);
    return k;
}

/* Keep a reference besides the caller's, unless another thread did already. */
static void
keep(struct mrs_pack_keys *keys, const uint8_t pack[32], struct mrs_pack_key *k)
{
    struct mrs_pack_key **slot;

    mrs_mutex_lock(keys->lock);
    if (keys->kept.len >= KEPT_MAX)
        drop_all(keys);
    slot = mrs_map_put(&keys->kept, pack);
    if (slot != NULL && *slot == NULL) {
        atomic_fetch_add(&k->refs, 1);
        *slot = k;
    }
    mrs_mutex_unlock(keys->lock);
}

mars_status
mrs_pack_key_get(const struct mrs_domain *d, uint8_t kind, const uint8_t pack[32],
                 struct mrs_pack_key **out, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    uint8_t header[MRS_HEADER_SIZE];
    mars_status st;

    *out = find_kept(d->pack_keys, pack);
    if (*out != NULL)
        return MARS_OK;
    mrs_name_pack(relative, kind, pack);
    mrs_name_in_domain(name, d->keys->domain, relative);
    st = mrs_store_read(d->store, name, 0, header, sizeof header, err);
    if (st == MARS_OK)
        st = mrs_pack_key_make(d, kind, MRS_NEED_READ, header, out, err);
    if (st == MARS_OK)
        keep(d->pack_keys, pack, *out);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", relative);
}

mars_status
mrs_blob_open(const struct mrs_pack_key *k, const struct mrs_blob *blob, uint8_t *sealed,
              struct mrs_codec_state *codec, void *out, mars_error *err)
{
    uint8_t aad[MRS_BLOB_AAD_SIZE];
    bool stored = blob->codec == MRS_CODEC_STORED;
    mars_status st;

    if (blob->sealed_len < MRS_TAG_SIZE ||
        (stored && blob->sealed_len - MRS_TAG_SIZE != blob->raw_len))
        return mrs_fail(err, MARS_ERR_CORRUPT, "chunk: lengths do not agree");
    mrs_blob_aad(blob, k->header, aad);
    st = mrs_aead_open(k->aead, blob->slot, aad, sizeof aad, sealed, blob->sealed_len,
                       stored ? out : sealed, err);
    if (st == MARS_OK && !stored)
        st = mrs_codec_unpack(codec, blob->codec, sealed, blob->sealed_len - MRS_TAG_SIZE, out,
                              blob->raw_len, err);
    return st;
}

mars_status
mrs_pack_dir_open(const struct mrs_pack_key *k, const struct mrs_pack_footer *footer,
                  const uint8_t footer_bytes[MRS_PACK_FOOTER_SIZE], uint8_t *sealed,
                  struct mrs_blob **blobs, size_t *n, mars_error *err)
{
    uint8_t aad[MRS_HEADER_SIZE + MRS_PACK_FOOTER_SIZE];
    mars_status st;

    memcpy(aad, k->header, MRS_HEADER_SIZE);
    memcpy(aad + MRS_HEADER_SIZE, footer_bytes, MRS_PACK_FOOTER_SIZE);
    st = mrs_aead_open(k->aead, MRS_PACK_DIR_COUNTER, aad, sizeof aad, sealed, footer->dir_len,
                       sealed, err);
    if (st == MARS_OK)
        st = mrs_pack_dir_decode(sealed, footer->dir_len - MRS_TAG_SIZE, footer->blobs_len, blobs,
                                 n, err);
    if (st == MARS_OK && *n != footer->count) {
        mrs_free(*blobs);
        *blobs = NULL;
        st = mrs_fail(err, MARS_ERR_CORRUPT, "pack: directory and footer do not agree");
    }
    return st;
}

mars_status
mrs_pack_dir_read(const struct mrs_domain *d, uint8_t kind, const uint8_t pack[32], uint64_t *size,
                  uint8_t writer[16], struct mrs_blob **blobs, size_t *n, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    uint8_t footer_bytes[MRS_PACK_FOOTER_SIZE];
    struct mrs_pack_footer footer;
    struct mrs_pack_key *k = NULL;
    struct mrs_object_info info;
    struct mrs_buf sealed = MRS_BUF_INIT(MRS_PACK_MAX_BLOBS * MRS_PACK_ENTRY_SIZE + MRS_TAG_SIZE);
    mars_status st;

    *blobs = NULL;
    mrs_name_pack(relative, kind, pack);
    mrs_name_in_domain(name, d->keys->domain, relative);
    st = mrs_store_stat(d->store, name, &info, err);
    if (st == MARS_OK && info.size < MRS_HEADER_SIZE + MRS_PACK_FOOTER_SIZE)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "too short");
    if (st == MARS_OK)
        st = mrs_pack_key_get(d, kind, pack, &k, err);
    if (st == MARS_OK)
        st = mrs_store_read(d->store, name, info.size - sizeof footer_bytes, footer_bytes,
                            sizeof footer_bytes, err);
    if (st == MARS_OK)
        st = mrs_pack_footer_decode(&footer, footer_bytes, sizeof footer_bytes, info.size, err);
    if (st == MARS_OK)
        st = mrs_buf_resize(&sealed, footer.dir_len, err);
    if (st == MARS_OK)
        st = mrs_store_read(d->store, name, info.size - sizeof footer_bytes - footer.dir_len,
                            sealed.data, sealed.len, err);
    if (st == MARS_OK)
        st = mrs_pack_dir_open(k, &footer, footer_bytes, sealed.data, blobs, n, err);
    if (st == MARS_OK) {
        *size = info.size;
        memcpy(writer, k->writer, 16);
    }
    mrs_pack_key_unref(k);
    mrs_buf_free(&sealed);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", relative);
}
