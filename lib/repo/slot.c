/* One slot: how its key is come by, and the root that it wraps. FORMAT.md section 6. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "crypto/argon2id.h"
#include "crypto/digest.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "repo/slots.h"

static const char SLOT_INFO[] = "mars slot v1";
enum {
    SLOT_INFO_LEN = sizeof SLOT_INFO - 1,
    BOUND_MAX = SLOT_INFO_LEN + MRS_SLOT_BINDING_MAX,
    DEFAULT_PASSES = 3,
    DEFAULT_MEMORY_KIB = 65536,
    DEFAULT_LANES = 4
};

/* What slot key and commitment are derived from, and what the seal binds. */
struct binding {
    uint8_t bytes[BOUND_MAX];
    size_t len;
};

mars_status
mrs_root_derive(const uint8_t root[MRS_ROOT_SIZE], const char *info, void *out, size_t n,
                mars_error *err)
{
    return mrs_hkdf(root, MRS_ROOT_SIZE, NULL, 0, info, strlen(info), out, n, err);
}

static mars_status
unwrap(const struct mrs_slot *slot, const mars_key_wrapper *w, uint8_t secret[MRS_ROOT_SIZE],
       mars_error *err)
{
    mars_error own, *why = err != NULL ? err : &own;

    memset(secret, 0, MRS_ROOT_SIZE);
    mrs_error_clear(why);
    return mrs_answered((mars_status)w->unwrap(w->user, slot->blob.bytes, slot->blob.len, secret,
                                               why),
                        "unwrap", why);
}

/* A new secret, wrapped into the slot: one that cannot be unwrapped again must not be relied on. */
static mars_status
wrap(struct mrs_slot *slot, const mars_key_wrapper *w, uint8_t secret[MRS_ROOT_SIZE],
     mars_error *err)
{
    mars_error own, *why = err != NULL ? err : &own;
    uint8_t again[MRS_ROOT_SIZE];
    uint64_t len = 0;
    mars_status st;

    if (w->wrap == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "wrap: is NULL");
    mrs_error_clear(why);
    st = mrs_random_fill(secret, MRS_ROOT_SIZE, why);
    if (st == MARS_OK)
        st = mrs_answered((mars_status)w->wrap(w->user, secret, slot->blob.bytes, &len, why),
                          "wrap", why);
    if (st == MARS_OK && (len == 0 || len > MRS_SLOT_BLOB_MAX))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "wrap: a blob of %llu bytes, not of 1 to %d",
                      (unsigned long long)len, MRS_SLOT_BLOB_MAX);
    if (st != MARS_OK)
        return st;
    slot->blob.len = (uint32_t)len;
    st = unwrap(slot, w, again, err);
    if (st == MARS_OK && !mrs_equal_ct(again, secret, sizeof again))
        st = mrs_fail(err, MARS_ERR_KEY, "unwrap: does not give back what was wrapped");
    mrs_wipe(again, sizeof again);
    return st;
}

static mars_status
stretch(const struct mrs_slot *slot, const struct mrs_opener *by, uint8_t secret[MRS_ROOT_SIZE],
        mars_error *err)
{
    return mrs_argon2id(by->passphrase, by->len, slot->salt, sizeof slot->salt, slot->passes,
                        slot->memory_kib, slot->lanes, secret, MRS_ROOT_SIZE, err);
}

/* Slot key ‖ commitment, and what the slot's seal binds. Wipes the secret. */
static mars_status
derive(const struct mrs_slot *slot, const uint8_t domain[16], const uint8_t root_id[16],
       uint8_t secret[MRS_ROOT_SIZE], struct binding *bound, uint8_t out[64], mars_error *err)
{
    uint8_t digest[MRS_DIGEST_SIZE];
    mars_status st = mrs_sha256_once(slot->blob.bytes, slot->blob.len, digest, err);

    memcpy(bound->bytes, SLOT_INFO, SLOT_INFO_LEN);
    bound->len = SLOT_INFO_LEN + mrs_slot_binding(slot, domain, root_id, digest,
                                                  bound->bytes + SLOT_INFO_LEN);
    if (st == MARS_OK)
        st = mrs_hkdf(secret, MRS_ROOT_SIZE, slot->salt, sizeof slot->salt, bound->bytes,
                      bound->len, out, 64, err);
    mrs_wipe(secret, MRS_ROOT_SIZE);
    return st;
}

static mars_status
fill_in(struct mrs_slot *slot, const char *label, bool has_passphrase, mars_error *err)
{
    struct mrs_time now = mrs_clock_wall();
    mars_status st;

    memset(slot, 0, sizeof *slot);
    slot->kind = has_passphrase ? MRS_SLOT_PASSPHRASE : MRS_SLOT_CALLER;
    slot->created = (struct mrs_stamp){ now.s, now.ns };
    if (has_passphrase) {
        slot->passes = DEFAULT_PASSES;
        slot->memory_kib = DEFAULT_MEMORY_KIB;
        slot->lanes = DEFAULT_LANES;
    }
    if (label != NULL && strlen(label) > MRS_SLOT_LABEL_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "label: more than %d bytes",
                        MRS_SLOT_LABEL_MAX);
    if (label != NULL)
        memcpy(slot->label, label, strlen(label));
    st = mrs_random_fill(slot->id, sizeof slot->id, err);
    return st == MARS_OK ? mrs_random_fill(slot->salt, sizeof slot->salt, err) : st;
}

mars_status
mrs_slot_make(struct mrs_slot *slot, const uint8_t domain[16], const uint8_t root[MRS_ROOT_SIZE],
              const char *label, const struct mrs_opener *by, mars_error *err)
{
    uint8_t root_id[16], secret[MRS_ROOT_SIZE], okm[64];
    struct mrs_aead *aead = NULL;
    struct binding bound;
    mars_status st = fill_in(slot, label, by->passphrase != NULL, err);

    if (st == MARS_OK)
        st = mrs_root_derive(root, MRS_INFO_ROOT_ID, root_id, sizeof root_id, err);
    if (st == MARS_OK)
        st = by->passphrase != NULL ? stretch(slot, by, secret, err)
                                    : wrap(slot, by->wrapper, secret, err);
    if (st == MARS_OK)
        st = derive(slot, domain, root_id, secret, &bound, okm, err);
    if (st != MARS_OK) {
        mrs_wipe(secret, sizeof secret);
        return st;
    }
    memcpy(slot->commitment, okm + 32, sizeof slot->commitment);
    st = mrs_aead_new(&aead, okm, err);
    if (st == MARS_OK)
        st = mrs_aead_seal(aead, 0, bound.bytes, bound.len, root, MRS_ROOT_SIZE, slot->wrapped,
                           err);
    mrs_aead_free(aead);
    mrs_wipe(okm, sizeof okm);
    return st;
}

static const char *
wrong(const struct mrs_slot *slot)
{
    return slot->kind == MRS_SLOT_PASSPHRASE ? "the passphrase does not open this domain"
                                             : "what was unwrapped does not open this domain";
}

mars_status
mrs_slot_open(const struct mrs_slot *slot, const uint8_t domain[16], const uint8_t root_id[16],
              const struct mrs_opener *by, uint8_t root[MRS_ROOT_SIZE], bool *given_up,
              mars_error *err)
{
    uint8_t secret[MRS_ROOT_SIZE], okm[64], derived_id[16];
    struct mrs_aead *aead = NULL;
    struct binding bound;
    bool passphrase = slot->kind == MRS_SLOT_PASSPHRASE;
    mars_status st = passphrase ? stretch(slot, by, secret, err)
                                : unwrap(slot, by->wrapper, secret, err);

    *given_up = !passphrase && st != MARS_OK && st != MARS_ERR_KEY;
    if (st == MARS_OK)
        st = derive(slot, domain, root_id, secret, &bound, okm, err);
    if (st != MARS_OK) {
        mrs_wipe(secret, sizeof secret);
        return st;
    }
    if (!mrs_equal_ct(okm + 32, slot->commitment, sizeof slot->commitment))
        st = mrs_fail(err, MARS_ERR_KEY, "%s", wrong(slot));
    if (st == MARS_OK)
        st = mrs_aead_new(&aead, okm, err);
    if (st == MARS_OK)
        st = mrs_aead_open(aead, 0, bound.bytes, bound.len, slot->wrapped, sizeof slot->wrapped,
                           root, err);
    if (st == MARS_OK)
        st = mrs_root_derive(root, MRS_INFO_ROOT_ID, derived_id, sizeof derived_id, err);
    if (st == MARS_OK && memcmp(derived_id, root_id, sizeof derived_id) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "slot: holds another root than it says");
    mrs_aead_free(aead);
    mrs_wipe(okm, sizeof okm);
    return st;
}
