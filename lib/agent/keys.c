#include "agent/keys.h"

#include <string.h>

#include "base/err.h"
#include "platform/secmem.h"

enum { TRIES = 8 }; /* others may write a slot set at the same moment */

/* A slot set in the making, and how it is to be changed. */
struct edit {
    const struct mrs_key_call *call;
    const uint8_t *root;
    size_t which; /* the slot that the passphrase opened */
    struct mrs_slot_set set;
    struct mrs_slot slots[MRS_SLOTS_MAX];
    const char *label;
    uint8_t *id; /* of the new slot, or of the one to remove */
};
typedef mars_status (*edit_fn)(struct edit *e, mars_error *err);

static mars_status
try_once(struct edit *e, edit_fn fn, uint8_t root[MRS_ROOT_SIZE], uint64_t *number,
         mars_error *err)
{
    const struct mrs_key_call *c = e->call;
    struct mrs_slots s = { .number = 0 };
    mars_status st = mrs_slots_open(&s, c->store, c->domain, c->passphrase, c->len, root, &e->which,
                                    err);

    if (st == MARS_OK) {
        memcpy(e->slots, s.set.slots, s.set.n * sizeof e->slots[0]);
        e->set = s.set;
        e->set.slots = e->slots;
        st = fn(e, err);
    }
    if (st == MARS_OK)
        st = mrs_slots_put(c->store, c->domain, c->writer, root, &e->set, s.last + 1, err);
    *number = s.last + 1;
    mrs_slots_free(&s);
    return st;
}

static mars_status
run(struct edit *e, edit_fn fn, uint64_t *number, mars_error *err)
{
    uint8_t *root = mrs_secmem_alloc(MRS_ROOT_SIZE);
    mars_status st = MARS_ERR_EXISTS;

    if (root == NULL)
        return mrs_nomem(err);
    e->root = root;
    for (int i = 0; st == MARS_ERR_EXISTS && i < TRIES; i++)
        st = try_once(e, fn, root, number, err);
    mrs_secmem_free(root, MRS_ROOT_SIZE);
    return st;
}

static mars_status
add(struct edit *e, mars_error *err)
{
    const struct mrs_key_call *c = e->call;
    struct mrs_slot *slot = &e->slots[e->set.n];
    mars_status st;

    if (e->set.n == MRS_SLOTS_MAX)
        return mrs_fail(err, MARS_ERR_STATE, "there are %d slots already: remove one first",
                        MRS_SLOTS_MAX);
    st = mrs_slot_make(slot, c->domain, e->root, e->label, c->new_passphrase, c->new_len, err);
    if (st == MARS_OK) {
        e->set.n++;
        memcpy(e->id, slot->id, sizeof slot->id);
    }
    return st;
}

static mars_status
change(struct edit *e, mars_error *err)
{
    const struct mrs_key_call *c = e->call;
    struct mrs_slot *slot = &e->slots[e->which];
    char label[MRS_SLOT_LABEL_MAX + 1];

    memcpy(label, slot->label, sizeof label);
    return mrs_slot_make(slot, c->domain, e->root, label, c->new_passphrase, c->new_len, err);
}

static mars_status
remove_slot(struct edit *e, mars_error *err)
{
    size_t at = e->set.n, with_passphrase = 0;

    for (size_t i = 0; i < e->set.n; i++) {
        with_passphrase += e->slots[i].kind == MRS_SLOT_PASSPHRASE;
        if (memcmp(e->slots[i].id, e->id, MRS_SLOT_ID_SIZE) == 0)
            at = i;
    }
    if (at == e->set.n)
        return mrs_fail(err, MARS_ERR_NOT_FOUND, "there is no slot of this id");
    if (e->slots[at].kind == MRS_SLOT_PASSPHRASE && with_passphrase == 1)
        return mrs_fail(err, MARS_ERR_STATE,
                        "this is the last slot with a passphrase: add another first");
    e->set.n--;
    memmove(&e->slots[at], &e->slots[at + 1], (e->set.n - at) * sizeof e->slots[0]);
    return MARS_OK;
}

mars_status
mrs_key_add(const struct mrs_key_call *c, const char *label, uint8_t id[MRS_SLOT_ID_SIZE],
            uint64_t *number, mars_error *err)
{
    struct edit e = { .call = c, .label = label, .id = id };

    return run(&e, add, number, err);
}

mars_status
mrs_key_change(const struct mrs_key_call *c, uint64_t *number, mars_error *err)
{
    struct edit e = { .call = c };

    return run(&e, change, number, err);
}

mars_status
mrs_key_remove(const struct mrs_key_call *c, const uint8_t id[MRS_SLOT_ID_SIZE], uint64_t *number,
               mars_error *err)
{
    uint8_t copy[MRS_SLOT_ID_SIZE];
    struct edit e = { .call = c, .id = copy };

    memcpy(copy, id, sizeof copy);
    return run(&e, remove_slot, number, err);
}
