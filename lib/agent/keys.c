#include "agent/keys.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/secmem.h"

enum { TRIES = 8 }; /* others may write a slot set at the same moment */

/* A slot set in the making, and how it is to be changed. */
struct edit {
    const struct mrs_key_call *call;
    const uint8_t *root;
    size_t which; /* the slot that was opened */
    struct mrs_slot_set set; /* its slots have room for all that there may be */
    const char *label;
    uint8_t *id; /* of the new slot, or of the one to remove */
};
typedef mars_status (*edit_fn)(struct edit *e, mars_error *err);

static mars_status
try_once(struct edit *e, edit_fn fn, uint8_t root[MRS_ROOT_SIZE], uint64_t *number, bool *taken,
         mars_error *err)
{
    const struct mrs_key_call *c = e->call;
    struct mrs_slots s = { .number = 0 };
    mars_status st = mrs_slots_open(&s, c->store, c->domain, &c->present, root, &e->which, err);

    if (st == MARS_OK) {
        struct mrs_slot *room = e->set.slots;

        memcpy(room, s.set.slots, s.set.n * sizeof *room);
        e->set = s.set;
        e->set.slots = room;
        st = fn(e, err);
    }
    *taken = st == MARS_OK;
    if (st == MARS_OK)
        st = mrs_slots_put(c->store, c->domain, c->writer, root, &e->set, s.last + 1, err);
    *taken = *taken && st == MARS_ERR_EXISTS;
    *number = s.last + 1;
    mrs_slots_free(&s);
    return st;
}

static mars_status
run(struct edit *e, edit_fn fn, uint64_t *number, mars_error *err)
{
    uint8_t *root = mrs_secmem_alloc(MRS_ROOT_SIZE);
    mars_status st = MARS_OK;
    bool again;

    e->set.slots = mrs_alloc_array(MRS_SLOTS_MAX, sizeof *e->set.slots);
    if (root == NULL || e->set.slots == NULL)
        st = mrs_nomem(err);
    again = st == MARS_OK;
    e->root = root;
    for (int i = 0; again && i < TRIES; i++)
        st = try_once(e, fn, root, number, &again, err);
    mrs_secmem_free(root, MRS_ROOT_SIZE);
    mrs_free(e->set.slots);
    return st;
}

static mars_status
add(struct edit *e, mars_error *err)
{
    const struct mrs_key_call *c = e->call;
    struct mrs_slot *slot = &e->set.slots[e->set.n];
    mars_status st;

    if (e->set.n == MRS_SLOTS_MAX)
        return mrs_fail(err, MARS_ERR_STATE, "there are %d slots already: remove one first",
                        MRS_SLOTS_MAX);
    st = mrs_slot_make(slot, c->domain, e->root, e->label, &c->fresh, err);
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
    struct mrs_slot *slot = &e->set.slots[e->which];
    char label[MRS_SLOT_LABEL_MAX + 1];

    memcpy(label, slot->label, sizeof label);
    return mrs_slot_make(slot, c->domain, e->root, label, &c->fresh, err);
}

/* Is it of a kind that this build opens? */
static bool
can_open(const struct mrs_slot *slot)
{
    return slot->kind == MRS_SLOT_PASSPHRASE || slot->kind == MRS_SLOT_CALLER;
}

static mars_status
remove_slot(struct edit *e, mars_error *err)
{
    size_t at = e->set.n, openable = 0;

    for (size_t i = 0; i < e->set.n; i++) {
        openable += can_open(&e->set.slots[i]);
        if (memcmp(e->set.slots[i].id, e->id, MRS_SLOT_ID_SIZE) == 0)
            at = i;
    }
    if (at == e->set.n)
        return mrs_fail(err, MARS_ERR_NOT_FOUND, "there is no slot of this id");
    if (can_open(&e->set.slots[at]) && openable == 1)
        return mrs_fail(err, MARS_ERR_STATE,
                        "this is the last slot with a key that is known: add another first");
    e->set.n--;
    memmove(&e->set.slots[at], &e->set.slots[at + 1], (e->set.n - at) * sizeof e->set.slots[0]);
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
