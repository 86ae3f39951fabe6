#include "repo/keyring.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/digest.h"
#include "platform/secmem.h"

enum { EXPORT_VERSION = 1 };

mars_status
mrs_keyring_new(struct mrs_keyring **out, mars_error *err)
{
    *out = mrs_secmem_alloc(sizeof **out);
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

void
mrs_keyring_free(struct mrs_keyring *k)
{
    mrs_secmem_free(k, sizeof *k);
}

mars_status
mrs_keyring_export(const struct mrs_keyring *k, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_wr_u8(&w, EXPORT_VERSION);
    mrs_wr_bytes(&w, k->domain, sizeof k->domain);
    mrs_wr_le32(&w, k->root_number);
    mrs_wr_bytes(&w, k->root_id, sizeof k->root_id);
    mrs_wr_bytes(&w, k->slot_mac, sizeof k->slot_mac);
    mrs_wr_bytes(&w, k->ring_digest, sizeof k->ring_digest);
    mrs_wr_le32(&w, k->n);
    for (uint32_t i = 0; i < k->n; i++) {
        mrs_wr_le32(&w, k->keys[i].type);
        mrs_wr_le32(&w, k->keys[i].epoch);
        mrs_wr_bytes(&w, k->keys[i].id, sizeof k->keys[i].id);
        mrs_wr_bytes(&w, k->keys[i].key, sizeof k->keys[i].key);
    }
    return w.st;
}

mars_status
mrs_keyring_import(struct mrs_keyring **out, const uint8_t *data, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(data, len);
    struct mrs_keyring *k;
    mars_status st;

    *out = NULL;
    st = mrs_keyring_new(&k, err);
    if (st != MARS_OK)
        return st;
    if (mrs_rd_u8(&r) != EXPORT_VERSION)
        r.bad = true;
    mrs_rd_copy(&r, k->domain, sizeof k->domain);
    k->root_number = mrs_rd_le32(&r);
    mrs_rd_copy(&r, k->root_id, sizeof k->root_id);
    mrs_rd_copy(&r, k->slot_mac, sizeof k->slot_mac);
    mrs_rd_copy(&r, k->ring_digest, sizeof k->ring_digest);
    k->n = mrs_rd_le32(&r);
    if (k->n > MRS_KEYRING_KEYS)
        r.bad = true;
    for (uint32_t i = 0; !r.bad && i < k->n; i++) {
        k->keys[i].type = mrs_rd_le32(&r);
        k->keys[i].epoch = mrs_rd_le32(&r);
        mrs_rd_copy(&r, k->keys[i].id, sizeof k->keys[i].id);
        mrs_rd_copy(&r, k->keys[i].key, sizeof k->keys[i].key);
    }
    if (!mrs_rd_done(&r)) {
        mrs_keyring_free(k);
        return mrs_fail(err, MARS_ERR_CORRUPT, "the stored keys are damaged");
    }
    *out = k;
    return MARS_OK;
}

/* The type of key that seals this kind of object; 0: none of the ring's. */
static uint32_t
type_of_kind(uint8_t kind)
{
    switch (kind) {
    case MRS_KIND_PACK_DATA:
    case MRS_KIND_PACK_META:
        return MRS_KEY_DATA;
    case MRS_KIND_INDEX:
        return MRS_KEY_INDEX;
    case MRS_KIND_POINT:
        return MRS_KEY_POINT;
    case MRS_KIND_LEDGER:
    case MRS_KIND_LEASE:
    case MRS_KIND_FENCE:
    case MRS_KIND_DOMAIN:
    case MRS_KIND_MACHINE:
        return MRS_KEY_LEDGER;
    default:
        return 0;
    }
}

mars_status
mrs_keyring_find(void *keyring, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    const struct mrs_keyring *k = keyring;
    uint32_t type = type_of_kind(h->kind);

    memcpy(key->id, h->key_id, sizeof key->id);
    if (h->kind == MRS_KIND_SLOTS && memcmp(h->key_id, k->root_id, sizeof k->root_id) == 0) {
        memcpy(key->key, k->slot_mac, sizeof key->key);
        return MARS_OK;
    }
    for (uint32_t i = 0; type != 0 && i < k->n; i++)
        if (k->keys[i].type == type && memcmp(k->keys[i].id, h->key_id, sizeof key->id) == 0) {
            memcpy(key->key, k->keys[i].key, sizeof key->key);
            return MARS_OK;
        }
    return mrs_fail(err, MARS_ERR_CORRUPT, "sealed under a key that this domain does not have");
}

mars_status
mrs_keyring_newest(const struct mrs_keyring *k, enum mrs_key_type type, struct mrs_key *key,
                   mars_error *err)
{
    const struct mrs_ring_key *best = NULL;

    for (uint32_t i = 0; i < k->n; i++)
        if (k->keys[i].type == (uint32_t)type &&
            (best == NULL || k->keys[i].epoch > best->epoch))
            best = &k->keys[i];
    if (best == NULL)
        return mrs_fail(err, MARS_ERR_CORRUPT, "the key ring has no key of type %d", (int)type);
    memcpy(key->id, best->id, sizeof key->id);
    memcpy(key->key, best->key, sizeof key->key);
    return MARS_OK;
}

mars_status
mrs_keyring_cache_key(const struct mrs_keyring *k, uint8_t key[MRS_KEY_SIZE], mars_error *err)
{
    static const char info[] = "mars cache v1";
    struct mrs_key id_key;
    mars_status st = mrs_keyring_newest(k, MRS_KEY_CHUNK_ID, &id_key, err);

    if (st == MARS_OK)
        st = mrs_hkdf(id_key.key, sizeof id_key.key, k->domain, sizeof k->domain, info,
                      sizeof info - 1, key, MRS_KEY_SIZE, err);
    mrs_wipe(&id_key, sizeof id_key);
    return st;
}
