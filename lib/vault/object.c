#include "vault/object.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/digest.h"
#include "platform/random.h"

static const char INFO[] = "mars object v1";
enum { INFO_LEN = sizeof INFO - 1, CHECK_SIZE = 32, LENGTH_SIZE = 4 };

/* object key ‖ commitment */
static mars_status
derive(const uint8_t bytes[MRS_HEADER_SIZE], const struct mrs_header *h, const struct mrs_key *key,
       uint8_t out[64], mars_error *err)
{
    uint8_t info[INFO_LEN + MRS_HEADER_BOUND];

    memcpy(info, INFO, INFO_LEN);
    memcpy(info + INFO_LEN, bytes, MRS_HEADER_BOUND);
    return mrs_hkdf(key->key, sizeof key->key, h->salt, sizeof h->salt, info, sizeof info, out, 64,
                    err);
}

mars_status
mrs_object_new_key(struct mrs_header *h, const struct mrs_key *key,
                   uint8_t object_key[MRS_KEY_SIZE], mars_error *err)
{
    uint8_t bytes[MRS_HEADER_SIZE];
    uint8_t okm[64];
    mars_status st = mrs_random_fill(h->salt, sizeof h->salt, err);

    if (st != MARS_OK)
        return st;
    memcpy(h->key_id, key->id, sizeof h->key_id);
    mrs_header_encode(h, bytes);
    st = derive(bytes, h, key, okm, err);
    if (st == MARS_OK) {
        memcpy(object_key, okm, MRS_KEY_SIZE);
        memcpy(h->commitment, okm + 32, sizeof h->commitment);
    }
    mrs_wipe(okm, sizeof okm);
    return st;
}

mars_status
mrs_object_key(const struct mrs_header *h, const uint8_t bytes[MRS_HEADER_SIZE],
               const struct mrs_key *key, uint8_t object_key[MRS_KEY_SIZE], mars_error *err)
{
    uint8_t okm[64];
    mars_status st = derive(bytes, h, key, okm, err);

    if (st == MARS_OK && !mrs_equal_ct(okm + 32, h->commitment, sizeof h->commitment))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s: header does not authenticate",
                      mrs_kind_name(h->kind));
    if (st == MARS_OK)
        memcpy(object_key, okm, MRS_KEY_SIZE);
    mrs_wipe(okm, sizeof okm);
    return st;
}

/* header ‖ context, what both kinds of objects authenticate besides their payload */
static mars_status
bind(const uint8_t header[MRS_HEADER_SIZE], const char *context, struct mrs_buf *out,
     mars_error *err)
{
    mars_status st = mrs_buf_append(out, header, MRS_HEADER_SIZE, err);

    if (st == MARS_OK && context != NULL)
        st = mrs_buf_append(out, context, strlen(context), err);
    return st;
}

mars_status
mrs_object_seal(uint8_t kind, const struct mrs_key *key, const uint8_t writer[16],
                const char *context, const struct mrs_buf *payload, struct mrs_buf *out,
                mars_error *err)
{
    struct mrs_header h = { .kind = kind, .mode = MRS_MODE_SYMMETRIC };
    struct mrs_buf aad = MRS_BUF_INIT(MRS_HEADER_SIZE + 512);
    size_t start = out->len;
    uint64_t size = mrs_padme(MRS_HEADER_SIZE + LENGTH_SIZE + payload->len + MRS_TAG_SIZE);
    uint8_t header[MRS_HEADER_SIZE];
    uint8_t object_key[MRS_KEY_SIZE];
    struct mrs_aead *aead = NULL;
    struct mrs_wr w = mrs_wr_init(out, err);
    mars_status st;

    if (size > MRS_OBJECT_MAX)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "%s: %zu bytes are too many",
                        mrs_kind_name(kind), payload->len);
    memcpy(h.writer_id, writer, sizeof h.writer_id);
    h.body_len = size - MRS_HEADER_SIZE;
    st = mrs_object_new_key(&h, key, object_key, err);
    if (st != MARS_OK)
        return st;
    mrs_header_encode(&h, header);
    st = bind(header, context, &aad, err);
    if (st == MARS_OK)
        st = mrs_aead_new(&aead, object_key, err);
    if (st != MARS_OK)
        goto out;
    mrs_wr_bytes(&w, header, sizeof header);
    mrs_wr_le32(&w, (uint32_t)payload->len);
    mrs_wr_bytes(&w, payload->data, payload->len);
    if (w.st == MARS_OK)
        w.st = mrs_buf_resize(out, start + (size_t)size, err);
    st = w.st;
    if (st == MARS_OK)
        st = mrs_aead_seal(aead, 0, aad.data, aad.len, out->data + start + MRS_HEADER_SIZE,
                           (size_t)h.body_len - MRS_TAG_SIZE, out->data + start + MRS_HEADER_SIZE,
                           err);
out:
    if (st != MARS_OK)
        out->len = start;
    mrs_aead_free(aead);
    mrs_wipe(object_key, sizeof object_key);
    mrs_buf_free(&aad);
    return st;
}

/* Header, kind, size and permission, common to both kinds of objects. */
static mars_status
open_header(uint8_t kind, uint8_t mode, enum mrs_need need, size_t max, const uint8_t *bytes,
            size_t len, struct mrs_header *h, mars_error *err)
{
    mars_status st = mrs_header_decode(h, bytes, len, err);

    if (st != MARS_OK)
        return st;
    if (h->kind != kind || h->mode != mode)
        return mrs_fail(err, MARS_ERR_CORRUPT, "%s expected, but its kind is: %s",
                        mrs_kind_name(kind), mrs_kind_name(h->kind));
    if (len > max || h->body_len > max ||
        len - MRS_HEADER_SIZE != h->body_len + h->trailer_len)
        return mrs_fail(err, MARS_ERR_CORRUPT, "%s: %zu bytes do not fit its header",
                        mrs_kind_name(kind), len);
    if (need == MRS_NEED_VERIFY && h->trailer_len != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "%s: has a trailer this build cannot check",
                        mrs_kind_name(kind));
    return mrs_header_allows(h, need, err);
}

/* plaintext = u32 length ‖ payload ‖ zeros */
static mars_status
unpad(const uint8_t *plain, size_t len, struct mrs_buf *payload, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(plain, len);
    uint32_t n = mrs_rd_le32(&r);
    const uint8_t *data = mrs_rd_take(&r, n);

    for (size_t i = 0; !r.bad && i < r.left; i++)
        r.bad = r.p[i] != 0;
    if (r.bad)
        return mrs_fail(err, MARS_ERR_CORRUPT, "padding is damaged");
    return mrs_buf_append(payload, data, n, err);
}

mars_status
mrs_object_open(uint8_t kind, enum mrs_need need, mrs_key_fn find, void *user, const char *context,
                const uint8_t *bytes, size_t len, struct mrs_buf *payload, mars_error *err)
{
    struct mrs_header h;
    struct mrs_key key;
    struct mrs_buf aad = MRS_BUF_INIT(MRS_HEADER_SIZE + 512);
    struct mrs_buf plain = MRS_BUF_INIT(MRS_OBJECT_MAX);
    uint8_t object_key[MRS_KEY_SIZE];
    struct mrs_aead *aead = NULL;
    mars_status st = open_header(kind, MRS_MODE_SYMMETRIC, need, MRS_OBJECT_MAX, bytes, len, &h,
                                 err);

    if (st == MARS_OK && h.body_len < MRS_TAG_SIZE + LENGTH_SIZE)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s: too short", mrs_kind_name(kind));
    if (st == MARS_OK)
        st = find(user, &h, &key, err);
    if (st != MARS_OK)
        return st;
    st = mrs_object_key(&h, bytes, &key, object_key, err);
    if (st == MARS_OK)
        st = bind(bytes, context, &aad, err);
    if (st == MARS_OK)
        st = mrs_aead_new(&aead, object_key, err);
    if (st == MARS_OK)
        st = mrs_buf_resize(&plain, (size_t)h.body_len - MRS_TAG_SIZE, err);
    if (st == MARS_OK)
        st = mrs_aead_open(aead, 0, aad.data, aad.len, bytes + MRS_HEADER_SIZE, (size_t)h.body_len,
                           plain.data, err);
    if (st == MARS_OK)
        st = unpad(plain.data, plain.len, payload, err);
    mrs_aead_free(aead);
    mrs_wipe(&key, sizeof key);
    mrs_wipe(object_key, sizeof object_key);
    mrs_buf_free(&plain);
    mrs_buf_free(&aad);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", mrs_kind_name(kind));
}

/* What stands behind the payload of a plain record. */
static mars_status
check_of(const uint8_t header[MRS_HEADER_SIZE], const uint8_t *object_key, const char *context,
         const uint8_t *payload, size_t len, uint8_t out[CHECK_SIZE], mars_error *err)
{
    struct mrs_buf bound = MRS_BUF_INIT(MRS_HEADER_SIZE + 512 + MRS_RECORD_MAX);
    struct mrs_hmac *mac = NULL;
    mars_status st = bind(header, context, &bound, err);

    if (st == MARS_OK)
        st = mrs_buf_append(&bound, payload, len, err);
    if (st == MARS_OK && object_key == NULL)
        st = mrs_sha256_once(bound.data, bound.len, out, err);
    if (st == MARS_OK && object_key != NULL) {
        st = mrs_hmac_new(&mac, object_key, MRS_KEY_SIZE, err);
        if (st == MARS_OK)
            st = mrs_hmac_run(mac, bound.data, bound.len, NULL, 0, out, err);
    }
    mrs_hmac_free(mac);
    mrs_buf_free(&bound);
    return st;
}

mars_status
mrs_record_seal(uint8_t kind, const struct mrs_key *key, const uint8_t writer[16],
                const char *context, const struct mrs_buf *payload, struct mrs_buf *out,
                mars_error *err)
{
    struct mrs_header h = { .kind = kind, .mode = MRS_MODE_PLAIN };
    uint8_t header[MRS_HEADER_SIZE];
    uint8_t object_key[MRS_KEY_SIZE];
    uint8_t check[CHECK_SIZE];
    struct mrs_wr w = mrs_wr_init(out, err);
    mars_status st;

    memcpy(h.writer_id, writer, sizeof h.writer_id);
    h.body_len = payload->len + CHECK_SIZE;
    st = key != NULL ? mrs_object_new_key(&h, key, object_key, err)
                     : mrs_random_fill(h.salt, sizeof h.salt, err);
    if (st != MARS_OK)
        return st;
    mrs_header_encode(&h, header);
    st = check_of(header, key != NULL ? object_key : NULL, context, payload->data, payload->len,
                  check, err);
    mrs_wipe(object_key, sizeof object_key);
    if (st != MARS_OK)
        return st;
    mrs_wr_bytes(&w, header, sizeof header);
    mrs_wr_bytes(&w, payload->data, payload->len);
    mrs_wr_bytes(&w, check, sizeof check);
    return w.st;
}

/* Compare the check of a record with the one that its key, or no key, gives. */
static mars_status
judge(const struct mrs_header *h, mrs_key_fn find, void *user, const char *context,
      const uint8_t *bytes, size_t payload_len, mars_error *err)
{
    static const uint8_t no_id[16];
    int keyed = memcmp(h->key_id, no_id, sizeof no_id) != 0;
    struct mrs_key key;
    uint8_t object_key[MRS_KEY_SIZE] = { 0 };
    uint8_t check[CHECK_SIZE];
    mars_status st = MARS_OK;

    if ((h->kind == MRS_KIND_VAULT) == keyed)
        return mrs_fail(err, MARS_ERR_CORRUPT, "wrong key id");
    if (keyed && find == NULL)
        return MARS_OK;
    if (keyed) {
        st = find(user, h, &key, err);
        if (st == MARS_OK)
            st = mrs_object_key(h, bytes, &key, object_key, err);
        mrs_wipe(&key, sizeof key);
    }
    if (st == MARS_OK)
        st = check_of(bytes, keyed ? object_key : NULL, context, bytes + MRS_HEADER_SIZE,
                      payload_len, check, err);
    mrs_wipe(object_key, sizeof object_key);
    if (st == MARS_OK &&
        !mrs_equal_ct(check, bytes + MRS_HEADER_SIZE + payload_len, sizeof check))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "does not authenticate");
    return st;
}

mars_status
mrs_record_open(uint8_t kind, enum mrs_need need, mrs_key_fn find, void *user, const char *context,
                const uint8_t *bytes, size_t len, const uint8_t **payload, size_t *payload_len,
                mars_error *err)
{
    struct mrs_header h;
    mars_status st = open_header(kind, MRS_MODE_PLAIN, need, MRS_RECORD_MAX, bytes, len, &h, err);

    if (st == MARS_OK && h.body_len < CHECK_SIZE)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "too short");
    if (st == MARS_OK)
        st = judge(&h, find, user, context, bytes, (size_t)h.body_len - CHECK_SIZE, err);
    if (st != MARS_OK)
        return mrs_context(err, st, "%s", mrs_kind_name(kind));
    *payload = bytes + MRS_HEADER_SIZE;
    *payload_len = (size_t)h.body_len - CHECK_SIZE;
    return MARS_OK;
}
