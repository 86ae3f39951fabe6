#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "failing_alloc.h"
#include "kit.h"
#include "platform/file.h"

static int
set_up(void **state)
{
    static struct kit k;
    struct mrs_register_spec spec;

    kit_make(&k);
    spec = kit_spec(&k);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    *state = &k;
    return 0;
}

static int
tear_down(void **state)
{
    kit_remove(*state);
    return 0;
}

/* What recovering gives; all of it is freed together. */
struct found {
    struct mrs_registration reg;
    struct mrs_keyring *keys;
    struct mrs_store *store;
};

static mars_status
recover(const struct kit *k, const char *machine, const char *passphrase, struct found *f,
        mars_error *err)
{
    struct mrs_recover_spec spec = { .credentials = k->credentials, .machine = machine };

    spec.key.passphrase = passphrase;
    spec.key.len = strlen(passphrase);
    return mrs_recover(&spec, &f->reg, &f->keys, &f->store, err);
}

static void
release(struct found *f)
{
    mrs_registration_free(&f->reg);
    mrs_keyring_free(f->keys);
    mrs_store_close(f->store);
    memset(f, 0, sizeof *f);
}

/* One more machine in the domain of f, without the cost of registering it. */
static void
put_machine(struct found *f, uint8_t id, const char *name)
{
    struct mrs_machine m = { .number = 1 };
    struct mrs_key key;

    m.record.id[0] = id;
    memcpy(m.record.name, name, strlen(name) + 1);
    memcpy(m.record.domain, f->keys->domain, 16);
    m.record.created.s = 1800000000;
    assert_int_equal(mrs_keyring_newest(f->keys, MRS_KEY_LEDGER, &key, NULL), MARS_OK);
    assert_int_equal(mrs_machine_put(&m, f->store, &key, NULL), MARS_OK);
}

static void
the_only_machine_need_not_be_named(void **state)
{
    const struct kit *k = *state;
    struct mrs_registration r;
    struct found f = { .keys = NULL };

    assert_int_equal(mrs_registration_load(&r, k->config, NULL), MARS_OK);
    assert_int_equal(recover(k, NULL, KIT_PASSPHRASE, &f, NULL), MARS_OK);
    assert_string_equal(f.reg.machine_name, "box");
    assert_memory_equal(f.reg.machine_id, r.machine_id, 16);
    assert_memory_equal(f.reg.domain, r.domain, 16);
    assert_memory_equal(f.reg.vault, r.vault, 16);
    assert_string_equal(f.reg.vault_url, k->url);
    assert_string_equal(f.reg.serial, r.serial);
    assert_null(f.reg.cache_dir);
    assert_memory_equal(f.keys->domain, r.domain, 16);
    assert_string_equal(mrs_store_url(f.store), k->url);
    release(&f);
    mrs_registration_free(&r);
}

static void
recovering_changes_nothing(void **state)
{
    const struct kit *k = *state;
    uint8_t before[32] = { 0 }, after[32] = { 0 };
    struct found f = { .keys = NULL };

    kit_fingerprint(k->dir, before);
    assert_int_equal(recover(k, "box", KIT_PASSPHRASE, &f, NULL), MARS_OK);
    release(&f);
    assert_int_equal(recover(k, "box", KIT_OTHER, &f, NULL), MARS_ERR_KEY);
    release(&f);
    kit_fingerprint(k->dir, after);
    assert_memory_equal(before, after, 32);
}

static void
another_passphrase_gives_no_keys(void **state)
{
    struct found f = { .keys = NULL };
    mars_error err;

    assert_int_equal(recover(*state, NULL, KIT_OTHER, &f, &err), MARS_ERR_KEY);
    assert_null(f.keys);
    assert_null(f.reg.vault_url);
    assert_null(strstr(err.message, KIT_OTHER));
    release(&f);
}

static void
one_of_several_machines_is_named_by_name_or_id(void **state)
{
    struct found f = { .keys = NULL }, g = { .keys = NULL };
    mars_error err;

    assert_int_equal(recover(*state, NULL, KIT_PASSPHRASE, &f, NULL), MARS_OK);
    put_machine(&f, 9, "mail");
    assert_int_equal(recover(*state, NULL, KIT_PASSPHRASE, &g, &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message, "name one machine; the vault's machines: box, mail");
    release(&g);
    assert_int_equal(recover(*state, "web", KIT_PASSPHRASE, &g, &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message,
                        "no machine of this name; the vault's machines: box, mail");
    release(&g);
    assert_int_equal(recover(*state, "mail", KIT_PASSPHRASE, &g, NULL), MARS_OK);
    assert_int_equal(g.reg.machine_id[0], 9);
    release(&g);
    put_machine(&f, 10, "mail");
    assert_int_equal(recover(*state, "mail", KIT_PASSPHRASE, &g, &err), MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "use the id"));
    release(&g);
    assert_int_equal(
        recover(*state, "0a000000000000000000000000000000", KIT_PASSPHRASE, &g, NULL), MARS_OK);
    assert_int_equal(g.reg.machine_id[0], 10);
    release(&g);
    release(&f);
}

static void
more_names_than_a_message_holds_are_cut_off(void **state)
{
    struct found f = { .keys = NULL }, g = { .keys = NULL };
    char name[] = "a machine of a rather long name, number 00";
    mars_error err;

    assert_int_equal(recover(*state, NULL, KIT_PASSPHRASE, &f, NULL), MARS_OK);
    for (uint8_t i = 0; i < 20; i++) {
        name[sizeof name - 3] = (char)('0' + i / 10);
        name[sizeof name - 2] = (char)('0' + i % 10);
        put_machine(&f, i, name);
    }
    assert_int_equal(recover(*state, NULL, KIT_PASSPHRASE, &g, &err), MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "number 00, a machine"));
    release(&g);
    release(&f);
}

static void
a_vault_without_machines_says_so(void **state)
{
    struct found f = { .keys = NULL };
    struct kit empty;
    mars_error err;

    (void)state;
    kit_make(&empty);
    assert_int_equal(recover(&empty, NULL, KIT_PASSPHRASE, &f, &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message, "name one machine; the vault's machines: none");
    release(&f);
    assert_int_equal(mrs_file_delete(empty.credentials, NULL), MARS_OK);
    assert_int_equal(recover(&empty, NULL, KIT_PASSPHRASE, &f, NULL), MARS_ERR_NOT_FOUND);
    assert_null(f.store);
    release(&f);
    tmpdir_remove(empty.dir);
}

/* A record that names this domain, put by someone who has not its keys. */
static void
a_forged_machine_is_refused(void **state)
{
    struct found f = { .keys = NULL }, g = { .keys = NULL };
    struct mrs_machine m = { .number = 1 };
    struct mrs_key key;

    assert_int_equal(recover(*state, NULL, KIT_PASSPHRASE, &f, NULL), MARS_OK);
    assert_int_equal(mrs_keyring_newest(f.keys, MRS_KEY_LEDGER, &key, NULL), MARS_OK);
    key.key[0] ^= 1;
    m.record.id[0] = 3;
    memcpy(m.record.name, "forged", 7);
    memcpy(m.record.domain, f.keys->domain, 16);
    assert_int_equal(mrs_machine_put(&m, f.store, &key, NULL), MARS_OK);
    assert_int_equal(recover(*state, "forged", KIT_PASSPHRASE, &g, NULL), MARS_ERR_CORRUPT);
    assert_null(g.reg.vault_url);
    release(&g);
    assert_int_equal(recover(*state, "box", KIT_PASSPHRASE, &g, NULL), MARS_OK);
    release(&g);
    release(&f);
}

static void
another_vault_than_the_one_meant_is_refused(void **state)
{
    struct found f = { .keys = NULL };
    uint8_t other[16];

    assert_int_equal(recover(*state, NULL, KIT_PASSPHRASE, &f, NULL), MARS_OK);
    for (int need = MRS_NEED_READ; need < MRS_NEEDS; need++)
        assert_int_equal(
            mrs_agent_allowed(f.store, f.reg.vault, f.keys, (enum mrs_need)need, NULL), MARS_OK);
    memcpy(other, f.reg.vault, sizeof other);
    other[15] ^= 1;
    assert_int_equal(mrs_agent_allowed(f.store, other, f.keys, MRS_NEED_READ, NULL),
                     MARS_ERR_STATE);
    release(&f);
}

static void
recovering_survives_failing_allocations(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    for (; st != MARS_OK; n++) {
        struct found f = { .keys = NULL };

        assert_in_range(n, 0, 2000);
        failing_alloc_arm(n);
        st = recover(*state, NULL, KIT_PASSPHRASE, &f, NULL);
        if (st == MARS_OK)
            st = mrs_agent_allowed(f.store, f.reg.vault, f.keys, MRS_NEED_WRITE, NULL);
        failing_alloc_arm(SIZE_MAX);
        if (st != MARS_OK && st != MARS_ERR_NOMEM)
            fail_msg("allocation %zu: status %d", n, (int)st);
        release(&f);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 50);
}

#define IN_KIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KIT(the_only_machine_need_not_be_named),
        IN_KIT(recovering_changes_nothing),
        IN_KIT(another_passphrase_gives_no_keys),
        IN_KIT(one_of_several_machines_is_named_by_name_or_id),
        IN_KIT(more_names_than_a_message_holds_are_cut_off),
        IN_KIT(a_vault_without_machines_says_so),
        IN_KIT(a_forged_machine_is_refused),
        IN_KIT(another_vault_than_the_one_meant_is_refused),
        IN_KIT(recovering_survives_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
