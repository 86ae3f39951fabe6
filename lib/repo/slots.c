#include "repo/slots.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "format/name.h"
#include "repo/domain.h"
#include "vault/row.h"

enum { SETS_BACK = 8 }; /* below the highest one, where it does not open */

/* A mrs_key_fn for the one key that authenticates slot sets; user is the root. */
static mars_status
slot_mac_key(void *user, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    const uint8_t *root = user;
    uint8_t id[16];
    mars_status st = mrs_root_derive(root, MRS_INFO_ROOT_ID, id, sizeof id, err);

    if (st == MARS_OK && memcmp(id, h->key_id, sizeof id) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "slot set: made under another root");
    if (st == MARS_OK)
        st = mrs_root_derive(root, MRS_INFO_SLOT_MAC, key->key, sizeof key->key, err);
    memcpy(key->id, h->key_id, sizeof key->id);
    return st;
}

static mars_status
read_set(struct mrs_slots *s, struct mrs_store *store, const uint8_t domain[16], mrs_key_fn find,
         void *user, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    const uint8_t *payload;
    size_t len;
    mars_status st;

    mrs_name_slots(relative, s->number);
    mrs_name_in_domain(name, domain, relative);
    st = mrs_store_get(store, name, &bytes, err);
    if (st == MARS_OK)
        st = mrs_record_open(MRS_KIND_SLOTS, MRS_NEED_READ, find, user, relative, bytes.data,
                             bytes.len, &payload, &len, err);
    if (st == MARS_OK)
        st = mrs_slot_set_decode(&s->set, payload, len, err);
    mrs_buf_free(&bytes);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", name);
}

static mars_status
find_last(struct mrs_slots *s, struct mrs_store *store, const uint8_t domain[16], mars_error *err)
{
    char prefix[MRS_OBJECT_NAME_MAX];
    mars_status st;

    memset(s, 0, sizeof *s);
    mrs_name_in_domain(prefix, domain, "keys/slots/");
    st = mrs_row_last(store, prefix, &s->last, err);
    if (st == MARS_OK && s->last == 0)
        st = mrs_fail(err, MARS_ERR_NOT_FOUND, "%s: no slot set", prefix);
    s->number = s->last;
    return st;
}

/* Is it worth to look at the set before? */
static bool
is_damage(mars_status st)
{
    return st == MARS_ERR_CORRUPT || st == MARS_ERR_NOT_FOUND;
}

mars_status
mrs_slots_read(struct mrs_slots *s, struct mrs_store *store, const uint8_t domain[16],
               struct mrs_keyring *keys, mars_error *err)
{
    mars_error why;
    mars_status st = find_last(s, store, domain, err), first = MARS_OK;

    if (st != MARS_OK)
        return st;
    do {
        mrs_slots_free(s);
        st = read_set(s, store, domain, mrs_keyring_find, keys, &why);
        if (first == MARS_OK && st != MARS_OK) {
            first = st;
            (void)mrs_fail(err, st, "%s", why.message);
        }
    } while (is_damage(st) && --s->number > 0);
    if (st == MARS_OK)
        mrs_error_clear(err);
    return st == MARS_OK ? st : first;
}

void
mrs_slots_free(struct mrs_slots *s)
{
    mrs_slot_set_free(&s->set);
}

static bool
fits(const struct mrs_slot *slot, const struct mrs_opener *by)
{
    return (slot->kind == MRS_SLOT_PASSPHRASE && by->passphrase != NULL) ||
           (slot->kind == MRS_SLOT_CALLER && by->wrapper != NULL);
}

/* The root in the set s->number; whether the set is whole under it. *given_up: the caller's
 * function failed, and looking further is of no use. */
static mars_status
open_set(struct mrs_slots *s, struct mrs_store *store, const uint8_t domain[16],
         const struct mrs_opener *by, uint8_t root[MRS_ROOT_SIZE], size_t *which, bool *given_up,
         mars_error *err)
{
    struct mrs_slots again = { .number = s->number };
    mars_status st = read_set(s, store, domain, NULL, NULL, err);

    if (st == MARS_OK)
        st = mrs_fail(err, MARS_ERR_KEY, "no slot takes %s",
                      by->passphrase == NULL ? "the caller's key" : "a passphrase");
    for (size_t i = 0; i < s->set.n && st == MARS_ERR_KEY; i++) {
        if (!fits(&s->set.slots[i], by))
            continue;
        st = mrs_slot_open(&s->set.slots[i], domain, s->set.root_id, by, root, given_up, err);
        *which = i;
    }
    if (st != MARS_OK)
        return st;
    st = read_set(&again, store, domain, slot_mac_key, root, err);
    mrs_slots_free(&again);
    return st;
}

/* Of a set that does not open it cannot be told whether it is damaged or has other keys,
 * until a root is known: then a higher set that is whole under it means that the key was taken
 * out. */
static mars_status
check_higher(const struct mrs_slots *s, struct mrs_store *store, const uint8_t domain[16],
             uint8_t root[MRS_ROOT_SIZE], mars_error *err)
{
    struct mrs_slots higher = { .number = s->number + 1 };

    for (; higher.number <= s->last; higher.number++) {
        mars_status st = read_set(&higher, store, domain, slot_mac_key, root, err);

        mrs_slots_free(&higher);
        if (st == MARS_OK)
            return mrs_fail(err, MARS_ERR_KEY, "the key does not open this domain any more");
        if (!mrs_is_damage(st))
            return st;
        mrs_error_clear(err);
    }
    return MARS_OK;
}

mars_status
mrs_slots_open(struct mrs_slots *s, struct mrs_store *store, const uint8_t domain[16],
               const struct mrs_opener *by, uint8_t root[MRS_ROOT_SIZE], size_t *which,
               mars_error *err)
{
    size_t opened = 0;
    bool given_up = false;
    mars_error why;
    mars_status st = find_last(s, store, domain, err), first = MARS_OK;

    if (st != MARS_OK)
        return st;
    for (;;) {
        st = open_set(s, store, domain, by, root, &opened, &given_up, &why);
        if (given_up || (first == MARS_OK && st != MARS_OK)) {
            first = st;
            if (err != NULL)
                *err = why;
        }
        if (st == MARS_ERR_NOMEM)
            first = mrs_nomem(err);
        if (given_up || (!is_damage(st) && st != MARS_ERR_KEY) || s->number == 1 ||
            s->last - s->number == SETS_BACK)
            break;
        mrs_slots_free(s);
        s->number--;
    }
    if (st == MARS_OK && first != MARS_OK) {
        mrs_error_clear(err);
        st = first = check_higher(s, store, domain, root, err);
    }
    if (st != MARS_OK)
        mrs_wipe(root, MRS_ROOT_SIZE);
    if (which != NULL)
        *which = opened;
    return st == MARS_OK ? st : first;
}

mars_status
mrs_slots_put(struct mrs_store *store, const uint8_t domain[16], const uint8_t writer[16],
              const uint8_t root[MRS_ROOT_SIZE], const struct mrs_slot_set *set, uint64_t number,
              mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_buf object = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_key key;
    mars_status st;

    mrs_name_slots(relative, number);
    mrs_name_in_domain(name, domain, relative);
    memcpy(key.id, set->root_id, sizeof key.id);
    st = mrs_root_derive(root, MRS_INFO_SLOT_MAC, key.key, sizeof key.key, err);
    if (st == MARS_OK)
        st = mrs_slot_set_encode(set, &payload, err);
    if (st == MARS_OK)
        st = mrs_record_seal(MRS_KIND_SLOTS, &key, writer, relative, &payload, &object, err);
    if (st == MARS_OK)
        st = mrs_store_put(store, writer, name, object.data, object.len, err);
    if (st == MARS_OK)
        st = mrs_store_flush(store, err);
    mrs_wipe(&key, sizeof key);
    mrs_buf_free(&payload);
    mrs_buf_free(&object);
    return st;
}
