#include <mars/key.h>

#include <string.h>

#include "agent/keys.h"
#include "agent/passphrase.h"
#include "agent/seen.h"
#include "api/api.h"
#include "api/opts.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/text.h"

mars_status
mars_key_list(mars_agent *agent, mars_key_fn fn, void *user, mars_error *err)
{
    struct mrs_slots s = { .number = 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK)
        st = mrs_slots_read(&s, agent->store, agent->reg.domain, agent->keys, err);
    for (size_t i = 0; st == MARS_OK && i < s.set.n; i++) {
        const struct mrs_slot *slot = &s.set.slots[i];
        char id[2 * MRS_SLOT_ID_SIZE + 1];
        mars_key_info info = { .struct_size = sizeof info,
                               .kind = slot->kind,
                               .id = id,
                               .label = slot->label,
                               .created = slot->created.s,
                               .passes = slot->passes,
                               .memory_kib = slot->memory_kib,
                               .lanes = slot->lanes };

        mrs_hex_encode(id, slot->id, sizeof slot->id);
        fn(&info, user);
    }
    mrs_slots_free(&s);
    return st;
}

/* What every change asks for. */
static mars_status
prepare(struct mrs_key_call *c, mars_agent *agent, const mars_key *present, mars_key_wrapper *room,
        mars_error *err)
{
    struct mrs_glance g = MRS_GLANCE_INIT;
    mars_status st = mrs_agent_enter(agent, err);

    memset(c, 0, sizeof *c);
    if (st == MARS_OK)
        st = mrs_arg_key(present, "present key", &c->present, room, err);
    if (st == MARS_OK && agent->read_only)
        st = mrs_fail(err, MARS_ERR_STATE, "another machine's points are open read-only");
    if (st == MARS_OK)
        st = mrs_agent_permit(agent, MRS_NEED_WRITE, NULL, &g, err);
    mrs_glance_free(&g);
    if (st != MARS_OK)
        return st;
    c->store = agent->store;
    memcpy(c->domain, agent->reg.domain, sizeof c->domain);
    memcpy(c->writer, agent->reg.machine_id, sizeof c->writer);
    return MARS_OK;
}

static mars_status
take_new(struct mrs_key_call *c, const mars_key *fresh, mars_key_wrapper *room, mars_error *err)
{
    mars_status st = mrs_arg_key(fresh, "new key", &c->fresh, room, err);

    if (st == MARS_OK && c->fresh.passphrase != NULL && c->fresh.wrapper != NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "new key: a slot has a passphrase or a wrapper");
    if (st == MARS_OK && c->fresh.passphrase != NULL)
        st = mrs_passphrase_check(c->fresh.passphrase, c->fresh.len, "new passphrase", err);
    return st;
}

mars_status
mars_key_add(mars_agent *agent, const mars_key *present, const mars_key *added, const char *label,
             char id[17], mars_error *err)
{
    mars_key_wrapper old_wrapper, new_wrapper;
    uint8_t slot[MRS_SLOT_ID_SIZE];
    struct mrs_key_call c;
    uint64_t number = 0;
    mars_status st = prepare(&c, agent, present, &old_wrapper, err);

    if (st == MARS_OK)
        st = take_new(&c, added, &new_wrapper, err);
    if (st == MARS_OK && label != NULL && !mrs_is_text((const uint8_t *)label, strlen(label)))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "label: not UTF-8");
    if (st == MARS_OK)
        st = mrs_key_add(&c, label, slot, &number, err);
    if (st == MARS_OK && id != NULL)
        mrs_hex_encode(id, slot, sizeof slot);
    return st == MARS_OK ? mrs_seen_note_slots(agent->config_dir, number, err) : st;
}

mars_status
mars_key_change(mars_agent *agent, const mars_key *present, const mars_key *fresh, mars_error *err)
{
    mars_key_wrapper old_wrapper, new_wrapper;
    struct mrs_key_call c;
    uint64_t number = 0;
    mars_status st = prepare(&c, agent, present, &old_wrapper, err);

    if (st == MARS_OK)
        st = take_new(&c, fresh, &new_wrapper, err);
    if (st == MARS_OK)
        st = mrs_key_change(&c, &number, err);
    return st == MARS_OK ? mrs_seen_note_slots(agent->config_dir, number, err) : st;
}

mars_status
mars_key_remove(mars_agent *agent, const mars_key *present, const char *id, mars_error *err)
{
    uint8_t slot[MRS_SLOT_ID_SIZE];
    mars_key_wrapper wrapper;
    struct mrs_key_call c;
    uint64_t number = 0;
    mars_status st = prepare(&c, agent, present, &wrapper, err);

    if (st == MARS_OK && (id == NULL || !mrs_hex_decode(slot, sizeof slot, id, strlen(id))))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "id: not a slot's id");
    if (st == MARS_OK)
        st = mrs_key_remove(&c, slot, &number, err);
    return st == MARS_OK ? mrs_seen_note_slots(agent->config_dir, number, err) : st;
}
