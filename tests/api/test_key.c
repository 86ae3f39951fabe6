/* Keys that the caller keeps: registering, recovering and changing slots with them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"

static const char PASSPHRASE[] = "correct horse battery staple";

/* A key service with one key. */
struct service {
    uint8_t key;
    mars_status fails;
};

static int32_t
service_wrap(void *user, const uint8_t *secret, uint8_t *blob, uint64_t *blob_len,
             mars_error *err)
{
    const struct service *s = user;

    (void)err;
    blob[0] = s->key;
    for (size_t i = 0; i < 32; i++)
        blob[i + 1] = secret[i] ^ s->key;
    *blob_len = 33;
    return MARS_OK;
}

static int32_t
service_unwrap(void *user, const uint8_t *blob, uint64_t blob_len, uint8_t *secret,
               mars_error *err)
{
    const struct service *s = user;

    if (s->fails != MARS_OK) {
        snprintf(err->message, sizeof err->message, "no connection to the module");
        return s->fails;
    }
    if (blob_len != 33 || blob[0] != s->key)
        return MARS_ERR_KEY;
    for (size_t i = 0; i < 32; i++)
        secret[i] = blob[i + 1] ^ s->key;
    return MARS_OK;
}

static mars_key_wrapper
wrapper_of(struct service *s)
{
    return (mars_key_wrapper){ .struct_size = sizeof(mars_key_wrapper), .user = s,
                               .wrap = service_wrap, .unwrap = service_unwrap };
}

static mars_status
register_as(struct place *p, const char *name, const char *passphrase, mars_key_wrapper *wrapper,
            mars_agent **agent, mars_error *err)
{
    char config[PLACE_PATH + 64], credentials[PLACE_PATH + 32];
    mars_register_options r = { .struct_size = sizeof r, .config_dir = config,
                                .credentials = credentials, .name = name,
                                .passphrase = passphrase, .wrapper = wrapper };

    snprintf(config, sizeof config, "%s/config-%s", p->dir, name);
    snprintf(credentials, sizeof credentials, "%s/credentials", p->dir);
    return mars_register(&r, agent, err);
}

/* The status of opening a machine's points elsewhere. */
static mars_status
recover(struct place *p, const char *name, const char *passphrase, struct service *s,
        mars_error *err)
{
    mars_key_wrapper w = s != NULL ? wrapper_of(s) : (mars_key_wrapper){ 0 };
    char credentials[PLACE_PATH + 32];
    mars_recover_options o = { .struct_size = sizeof o, .credentials = credentials,
                               .machine = name, .passphrase = passphrase,
                               .wrapper = s != NULL ? &w : NULL };
    mars_agent *agent = NULL;
    mars_status st;

    snprintf(credentials, sizeof credentials, "%s/credentials", p->dir);
    st = mars_recover_open(&o, &agent, err);
    mars_agent_close(agent);
    return st;
}

/* Kinds and labels of all slots, as "3 hsm; ", and the id of the last. */
struct listed {
    char text[256];
    char id[17];
};

static void
list_one(const mars_key_info *k, void *user)
{
    struct listed *l = user;
    size_t n = strlen(l->text);

    snprintf(l->text + n, sizeof l->text - n, "%u %s; ", k->kind, k->label);
    snprintf(l->id, sizeof l->id, "%s", k->id);
}

static struct listed
list(mars_agent *agent)
{
    struct listed l = { "", "" };
    mars_error err;

    assert_ok(mars_key_list(agent, list_one, &l, &err), &err);
    return l;
}

static void
a_domain_can_have_a_callers_slot_only(void **state)
{
    struct place *p = *state;
    struct service s = { .key = 7 }, other = { .key = 8 };
    mars_key_wrapper w = wrapper_of(&s), wrong = wrapper_of(&other);
    mars_key present = { .struct_size = sizeof present, .wrapper = &w };
    mars_agent *agent, *again;
    mars_error err;

    assert_ok(register_as(p, "hsm", NULL, &w, &agent, &err), &err);
    assert_string_equal(list(agent).text, "3 ; ");
    assert_int_equal(mars_key_remove(agent, &present, list(agent).id, &err), MARS_ERR_STATE);
    assert_ok(recover(p, "hsm", NULL, &s, &err), &err);
    assert_int_equal(recover(p, "hsm", NULL, &other, &err), MARS_ERR_KEY);
    assert_int_equal(recover(p, "hsm", PASSPHRASE, NULL, &err), MARS_ERR_KEY);
    assert_int_equal(recover(p, "hsm", NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    /* Taken over by who has the key, and by nobody else. */
    assert_int_equal(register_as(p, "hsm", NULL, &wrong, &again, &err), MARS_ERR_KEY);
    assert_null(again);
    assert_ok(register_as(p, "hsm", NULL, &w, &again, &err), &err);
    mars_agent_close(again);
    mars_agent_close(agent);
}

static void
a_service_that_fails_ends_the_call_with_its_words(void **state)
{
    struct place *p = *state;
    struct service s = { .key = 7, .fails = MARS_ERR_NETWORK };
    mars_error err;

    assert_int_equal(recover(p, "hsm", NULL, &s, &err), MARS_ERR_NETWORK);
    assert_non_null(strstr(err.message, "no connection to the module"));
}

static void
a_wrapper_does_not_open_a_passphrases_domain(void **state)
{
    struct place *p = *state;
    struct service s = { .key = 7 };
    mars_error err;

    assert_int_equal(recover(p, "test", NULL, &s, &err), MARS_ERR_KEY);
    assert_ok(recover(p, "test", PASSPHRASE, &s, &err), &err);
}

static void
a_new_domain_gets_a_slot_for_each(void **state)
{
    struct place *p = *state;
    struct service s = { .key = 9 };
    mars_key_wrapper w = wrapper_of(&s);
    mars_agent *agent;
    mars_error err;

    assert_ok(register_as(p, "both", PASSPHRASE, &w, &agent, &err), &err);
    assert_string_equal(list(agent).text, "1 ; 3 ; ");
    assert_ok(recover(p, "both", PASSPHRASE, NULL, &err), &err);
    assert_ok(recover(p, "both", NULL, &s, &err), &err);
    mars_agent_close(agent);
}

static void
slots_are_added_changed_and_removed_by_either(void **state)
{
    struct place *p = *state;
    struct service s = { .key = 7 }, later = { .key = 11 };
    mars_key_wrapper w = wrapper_of(&s), w2 = wrapper_of(&later), none = w;
    mars_key pass = { .struct_size = sizeof pass, .passphrase = PASSPHRASE };
    mars_key wrapped = { .struct_size = sizeof wrapped, .wrapper = &w };
    mars_key changed = { .struct_size = sizeof changed, .wrapper = &w2 };
    mars_key two = { .struct_size = sizeof two, .passphrase = PASSPHRASE, .wrapper = &w };
    char id[17];
    mars_error err;

    assert_int_equal(mars_key_add(p->agent, &wrapped, &pass, NULL, NULL, &err), MARS_ERR_KEY);
    assert_int_equal(mars_key_add(p->agent, &pass, &two, NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_key_add(p->agent, &pass, NULL, NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    none.unwrap = NULL;
    assert_int_equal(mars_key_add(p->agent, &pass,
                                  &(mars_key){ .struct_size = sizeof pass, .wrapper = &none },
                                  NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_ok(mars_key_add(p->agent, &pass, &wrapped, "hsm", id, &err), &err);
    assert_string_equal(list(p->agent).text, "1 ; 3 hsm; ");
    assert_string_equal(list(p->agent).id, id);
    assert_ok(recover(p, "test", NULL, &s, &err), &err);
    assert_ok(mars_key_change(p->agent, &wrapped, &changed, &err), &err);
    assert_int_equal(recover(p, "test", NULL, &s, &err), MARS_ERR_KEY);
    assert_ok(recover(p, "test", NULL, &later, &err), &err);
    assert_string_equal(list(p->agent).text, "1 ; 3 hsm; ");
    /* The passphrase's slot goes by the caller's key, and comes back. */
    assert_ok(mars_key_add(p->agent, &changed, &pass, "again", id, &err), &err);
    assert_ok(mars_key_remove(p->agent, &changed, id, &err), &err);
    assert_ok(mars_key_remove(p->agent, &pass, list(p->agent).id, &err), &err);
    assert_string_equal(list(p->agent).text, "1 ; ");
    assert_int_equal(mars_key_remove(p->agent, &pass, list(p->agent).id, &err), MARS_ERR_STATE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_can_have_a_callers_slot_only),
        cmocka_unit_test(a_service_that_fails_ends_the_call_with_its_words),
        cmocka_unit_test(a_wrapper_does_not_open_a_passphrases_domain),
        cmocka_unit_test(a_new_domain_gets_a_slot_for_each),
        cmocka_unit_test(slots_are_added_changed_and_removed_by_either),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
