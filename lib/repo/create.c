#include "repo/create.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/vec.h"
#include "crypto/digest.h"
#include "format/name.h"
#include "platform/random.h"
#include "platform/secmem.h"
#include "repo/domain.h"
#include "repo/ledger.h"
#include "repo/record.h"

static const uint32_t FIRST_KEYS[] = { MRS_KEY_CHUNK_ID, MRS_KEY_CHUNKER, MRS_KEY_DATA,
                                       MRS_KEY_INDEX,    MRS_KEY_POINT,   MRS_KEY_LEDGER };
enum { N_FIRST_KEYS = sizeof FIRST_KEYS / sizeof FIRST_KEYS[0] };

/* All that follows from a root. */
static mars_status
fill_root(struct mrs_keyring *k, const uint8_t root[MRS_ROOT_SIZE], uint32_t number,
          mars_error *err)
{
    mars_status st = mrs_root_derive(root, MRS_INFO_ROOT_ID, k->root_id, sizeof k->root_id, err);

    k->root_number = number;
    if (st == MARS_OK)
        st = mrs_root_derive(root, MRS_INFO_SLOT_MAC, k->slot_mac, sizeof k->slot_mac, err);
    return st;
}

static mars_status
put_ring(struct mrs_store *store, const uint8_t writer[16], const uint8_t root[MRS_ROOT_SIZE],
         struct mrs_keyring *k, mars_error *err)
{
    struct mrs_ring ring = { .root_number = k->root_number, .keys = k->keys, .n = k->n };
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_buf object = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_key key;
    mars_status st;

    memcpy(key.id, k->root_id, sizeof key.id);
    memcpy(key.key, root, sizeof key.key);
    st = mrs_ring_encode(&ring, &payload, err);
    if (st == MARS_OK)
        st = mrs_object_seal(MRS_KIND_RING, &key, writer, NULL, &payload, &object, err);
    if (st == MARS_OK)
        st = mrs_sha256_once(object.data, object.len, k->ring_digest, err);
    for (char copy = 'a'; st == MARS_OK && copy <= 'b'; copy++) {
        mrs_name_ring(relative, k->ring_digest, copy);
        mrs_name_in_domain(name, k->domain, relative);
        st = mrs_store_put(store, writer, name, object.data, object.len, err);
    }
    mrs_wipe(&key, sizeof key);
    mrs_buf_free(&payload);
    mrs_buf_free(&object);
    return st;
}

static mars_status
begin_ledger(struct mrs_store *store, const uint8_t writer[16], struct mrs_keyring *k,
             mars_error *err)
{
    struct mrs_ledger_op begin = { .kind = MRS_OP_BEGIN };
    struct mrs_ledger none = { 0 };
    struct mrs_domain *d = NULL;
    mars_status st = mrs_domain_open(&d, store, k, NULL, err);

    if (st == MARS_OK)
        st = mrs_ledger_append(d, &none, writer, &begin, 1, err);
    mrs_domain_close(d);
    return st;
}

/* Both, where there are both. */
static mars_status
put_first_slots(struct mrs_store *store, const uint8_t writer[16],
                const uint8_t root[MRS_ROOT_SIZE], const struct mrs_keyring *k,
                const struct mrs_opener *by, mars_error *err)
{
    const struct mrs_opener each[] = { { .passphrase = by->passphrase, .len = by->len },
                                       { .wrapper = by->wrapper } };
    struct mrs_slot slots[2];
    struct mrs_slot_set set = { .root_number = k->root_number, .slots = slots };
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < 2; i++)
        if (each[i].passphrase != NULL || each[i].wrapper != NULL)
            st = mrs_slot_make(&slots[set.n++], k->domain, root, "", &each[i], err);
    memcpy(set.root_id, k->root_id, sizeof set.root_id);
    return st == MARS_OK ? mrs_slots_put(store, k->domain, writer, root, &set, 1, err) : st;
}

static mars_status
make_keys(struct mrs_keyring *k, uint8_t root[MRS_ROOT_SIZE], mars_error *err)
{
    mars_status st = mrs_random_fill(root, MRS_ROOT_SIZE, err);

    if (st == MARS_OK)
        st = fill_root(k, root, 1, err);
    if (st == MARS_OK)
        st = mrs_root_derive(root, MRS_INFO_DOMAIN_ID, k->domain, sizeof k->domain, err);
    for (k->n = 0; st == MARS_OK && k->n < N_FIRST_KEYS; k->n++) {
        struct mrs_ring_key *key = &k->keys[k->n];

        key->type = FIRST_KEYS[k->n];
        key->epoch = 1;
        st = mrs_random_fill(key->id, sizeof key->id, err);
        if (st == MARS_OK)
            st = mrs_random_fill(key->key, sizeof key->key, err);
    }
    return st;
}

mars_status
mrs_domain_make(struct mrs_store *store, const uint8_t writer[16], const char *name,
                const struct mrs_opener *by, struct mrs_keyring **out, mars_error *err)
{
    struct mrs_keyring *k = NULL;
    uint8_t *root = mrs_secmem_alloc(MRS_ROOT_SIZE);
    mars_status st = root != NULL ? mrs_keyring_new(&k, err) : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK)
        st = make_keys(k, root, err);
    if (st == MARS_OK)
        st = put_ring(store, writer, root, k, err);
    if (st == MARS_OK)
        st = mrs_domain_record_put(store, writer, k, name, err);
    if (st == MARS_OK)
        st = begin_ledger(store, writer, k, err);
    if (st == MARS_OK)
        st = put_first_slots(store, writer, root, k, by, err);
    mrs_secmem_free(root, MRS_ROOT_SIZE);
    if (st != MARS_OK) {
        mrs_keyring_free(k);
        return mrs_context(err, st, "making domain \"%s\"", name);
    }
    *out = k;
    return MARS_OK;
}

/* A mrs_key_fn for key rings: user is the root with its id. */
static mars_status
root_key(void *user, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    const struct mrs_key *root = user;

    if (memcmp(h->key_id, root->id, sizeof root->id) != 0)
        return mrs_fail(err, MARS_ERR_NOT_FOUND, "key ring: sealed under another root");
    *key = *root;
    return MARS_OK;
}

/* Looking for the rings under one root, and what they gave. */
struct ring_search {
    struct mrs_store *store;
    struct mrs_keyring *k;
    struct mrs_key *root;     /* the root with its id */
    size_t skip;              /* of a listed name, to the relative one */
    bool found;
    uint32_t root_number;
    uint32_t previous_number; /* 0: none */
    struct mrs_key previous;
    mars_error why;           /* the last ring that did not open */
    mars_error missed;        /* one that could not be fetched, though it may be whole */
};

/* Add keys that are not there yet; a key id stands for one key. */
static mars_status
merge(struct mrs_keyring *k, const struct mrs_ring *ring, mars_error *err)
{
    for (size_t i = 0; i < ring->n; i++) {
        bool known = false;

        for (size_t j = 0; j < k->n && !known; j++)
            known = memcmp(k->keys[j].id, ring->keys[i].id, sizeof k->keys[j].id) == 0;
        if (known)
            continue;
        if (k->n == MRS_KEYRING_KEYS)
            return mrs_fail(err, MARS_ERR_UNSUPPORTED, "key ring: more than %d keys",
                            MRS_KEYRING_KEYS);
        k->keys[k->n++] = ring->keys[i];
    }
    return MARS_OK;
}

/* What a ring that opened says. */
static mars_status
take_ring(struct ring_search *s, const struct mrs_ring *ring, const uint8_t digest[32],
          mars_error *err)
{
    if (ring->root_number != s->root_number)
        return mrs_fail(err, MARS_ERR_CORRUPT, "key ring: is that of root %u, not %u",
                        ring->root_number, s->root_number);
    if (s->root_number == s->k->root_number)
        memcpy(s->k->ring_digest, digest, sizeof s->k->ring_digest);
    s->found = true;
    s->previous_number = ring->previous_number;
    memcpy(s->previous.id, ring->previous_id, sizeof s->previous.id);
    memcpy(s->previous.key, ring->previous_root, sizeof s->previous.key);
    return merge(s->k, ring, err);
}

static mars_status
try_ring(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct ring_search *s = user;
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_ring ring = { .keys = NULL };
    uint8_t digest[32];
    struct mrs_name n;
    mars_status st;

    if (!mrs_name_parse(&n, info->name + s->skip) || n.kind != MRS_KIND_RING)
        return MARS_OK;
    st = mrs_store_get(s->store, info->name, &bytes, &s->why);
    if (st == MARS_OK)
        st = mrs_sha256_once(bytes.data, bytes.len, digest, &s->why);
    if (st == MARS_OK && memcmp(digest, n.digest, sizeof digest) != 0)
        st = mrs_fail(&s->why, MARS_ERR_CORRUPT, "%s: damaged", info->name);
    if (st == MARS_OK)
        st = mrs_object_open(MRS_KIND_RING, MRS_NEED_READ, root_key, s->root, NULL, bytes.data,
                             bytes.len, &payload, &s->why);
    if (st == MARS_OK)
        st = mrs_ring_decode(&ring, payload.data, payload.len, &s->why);
    if (st == MARS_OK)
        st = take_ring(s, &ring, digest, &s->why);
    mrs_ring_free(&ring);
    mrs_buf_free(&payload);
    mrs_buf_free(&bytes);
    if (st == MARS_ERR_NOMEM || st == MARS_ERR_UNSUPPORTED)
        return mrs_fail(err, st, "%s", s->why.message);
    if (st != MARS_OK && !mrs_is_damage(st))
        s->missed = s->why;
    return MARS_OK;
}

/* The keys under the root, and under every root before it, which each ring holds. */
static mars_status
read_rings(struct mrs_store *store, const uint8_t root[MRS_ROOT_SIZE], struct mrs_keyring *k,
           mars_error *err)
{
    struct mrs_key at;
    struct ring_search s = { .store = store, .k = k, .root = &at, .root_number = k->root_number };
    char prefix[MRS_OBJECT_NAME_MAX];
    mars_status st = MARS_OK;

    memcpy(at.id, k->root_id, sizeof at.id);
    memcpy(at.key, root, sizeof at.key);
    mrs_name_in_domain(prefix, k->domain, "");
    s.skip = strlen(prefix);
    mrs_name_in_domain(prefix, k->domain, "keys/rings/");
    while (st == MARS_OK && s.root_number > 0) {
        s.found = false;
        mrs_error_clear(&s.missed);
        st = mrs_store_list(store, prefix, MRS_LIST_NAMES, try_ring, &s, err);
        if (st == MARS_OK && !s.found && s.missed.status != MARS_OK)
            st = mrs_fail(err, (mars_status)s.missed.status, "%s", s.missed.message);
        else if (st == MARS_OK && !s.found)
            st = mrs_fail(err, MARS_ERR_CORRUPT, "%s: no key ring opens: %s", prefix,
                          s.why.message);
        s.root_number = s.previous_number;
        at = s.previous;
    }
    mrs_wipe(&at, sizeof at);
    mrs_wipe(&s.previous, sizeof s.previous);
    return st;
}

mars_status
mrs_domain_unlock(struct mrs_store *store, const uint8_t domain[16], const struct mrs_opener *by,
                  struct mrs_keyring **out, mars_error *err)
{
    struct mrs_keyring *k = NULL;
    struct mrs_slots slots = { 0 };
    uint8_t *root = mrs_secmem_alloc(MRS_ROOT_SIZE), first[16];
    mars_status st = root != NULL ? mrs_keyring_new(&k, err) : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK)
        st = mrs_slots_open(&slots, store, domain, by, root, NULL, err);
    if (st == MARS_OK) {
        memcpy(k->domain, domain, sizeof k->domain);
        st = fill_root(k, root, slots.set.root_number, err);
    }
    if (st == MARS_OK && k->root_number == 1) {
        st = mrs_root_derive(root, MRS_INFO_DOMAIN_ID, first, sizeof first, err);
        if (st == MARS_OK && memcmp(first, domain, sizeof first) != 0)
            st = mrs_fail(err, MARS_ERR_CORRUPT, "the domain's keys are another domain's");
    }
    if (st == MARS_OK)
        st = read_rings(store, root, k, err);
    mrs_secmem_free(root, MRS_ROOT_SIZE);
    mrs_slots_free(&slots);
    if (st != MARS_OK)
        mrs_keyring_free(k);
    else
        *out = k;
    return st;
}
