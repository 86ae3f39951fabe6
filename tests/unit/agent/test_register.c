#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/seen.h"
#include "crypto/digest.h"
#include "failing_alloc.h"
#include "format/name.h"
#include "kit.h"
#include "platform/file.h"
#include "platform/host.h"
#include "platform/thread.h"
#include "vault/credentials.h"

static int
set_up(void **state)
{
    static struct kit k;

    kit_make(&k);
    *state = &k;
    return 0;
}

static int
tear_down(void **state)
{
    kit_remove(*state);
    return 0;
}

static const char *
below(const char *dir, const char *name)
{
    static char path[KIT_PATH_MAX + 100];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static bool
is_there(const char *dir, const char *name)
{
    struct mrs_file_info info;

    return mrs_file_stat(below(dir, name), &info, NULL) == MARS_OK;
}

static struct mrs_registration
load(const char *config)
{
    struct mrs_registration r;

    assert_int_equal(mrs_registration_load(&r, config, NULL), MARS_OK);
    return r;
}

static struct mrs_store *
open_store(const struct kit *k)
{
    struct mrs_store *s = NULL;

    assert_int_equal(mrs_store_open(&s, k->url, 0, NULL, NULL), MARS_OK);
    return s;
}

static size_t
machines_in(const struct kit *k)
{
    struct mrs_store *s = open_store(k);
    struct mrs_machines m;
    size_t n;

    assert_int_equal(mrs_machines_read(&m, s, NULL), MARS_OK);
    n = m.list.len;
    mrs_machines_free(&m);
    mrs_store_close(s);
    return n;
}

static void
registering_makes_a_machine_its_domain_and_its_state(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_store *s = open_store(k);
    struct mrs_keyring *keys = NULL;
    struct mrs_registration r;
    struct mrs_vault v;
    struct mrs_seen seen;

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    r = load(k->config);
    assert_string_equal(r.machine_name, "box");
    assert_string_equal(r.vault_url, k->url);
    assert_string_equal(r.cache_dir, k->cache);
    assert_int_equal(mrs_registration_keys(&r, k->config, &keys, NULL), MARS_OK);
    assert_memory_equal(keys->domain, r.domain, 16);
    assert_int_equal(mrs_agent_allowed(s, r.vault, keys, MRS_NEED_WRITE, NULL), MARS_OK);
    assert_int_equal(machines_in(k), 1);
    assert_int_equal(mrs_vault_read(&v, s, MRS_NEED_READ, NULL), MARS_OK);
    assert_memory_equal(v.record.id, r.vault, 16);
    assert_int_equal(mrs_seen_load(&seen, k->config, NULL), MARS_OK);
    assert_int_equal(seen.slots, 1);
    assert_memory_equal(seen.vault_digest, v.digest, 32);
    assert_int_equal(seen.heads.len, 0);
    mrs_seen_free(&seen);
    mrs_vault_forget(&v);
    mrs_registration_free(&r);
    mrs_keyring_free(keys);
    mrs_store_close(s);
}

/* What lies in the vault and in the config directory, before and after. */
struct both {
    uint8_t vault[32];
    uint8_t config[32];
};

static struct both
look(const struct kit *k)
{
    struct both b = { { 0 }, { 0 } };

    kit_fingerprint(k->vault, b.vault);
    kit_fingerprint(k->config, b.config);
    return b;
}

static void
assert_same(const struct kit *k, const struct both *before)
{
    struct both now = look(k);

    assert_memory_equal(now.vault, before->vault, 32);
    assert_memory_equal(now.config, before->config, 32);
}

static void
registering_again_changes_nothing(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct both before;

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    before = look(k);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    assert_same(k, &before);
    spec.name = NULL; /* that of before */
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    assert_same(k, &before);
}

static void
new_credentials_change_the_serial_only(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_buf text = MRS_BUF_INIT(1 << 16);
    struct mrs_registration first, second;
    struct mrs_store *s = open_store(k);
    struct both before;
    struct mrs_vault v;

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    first = load(k->config);
    before = look(k);
    assert_int_equal(mrs_vault_read(&v, s, MRS_NEED_READ, NULL), MARS_OK);
    assert_int_equal(mrs_credentials_issue(&v, k->url, NULL, NULL, 0, 0, &text, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(k->credentials, text.data, text.len, NULL), MARS_OK);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    second = load(k->config);
    assert_memory_equal(second.machine_id, first.machine_id, 16);
    assert_memory_equal(second.domain, first.domain, 16);
    assert_string_not_equal(second.serial, first.serial);
    assert_memory_equal(look(k).vault, before.vault, 32);
    mrs_registration_free(&first);
    mrs_registration_free(&second);
    mrs_vault_forget(&v);
    mrs_buf_free(&text);
    mrs_store_close(s);
}

static void
another_passphrase_changes_nothing_here_or_in_the_vault(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct both before;
    mars_error err;

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    before = look(k);
    spec.key.passphrase = KIT_OTHER;
    spec.key.len = sizeof KIT_OTHER - 1;
    assert_int_equal(mrs_register(&spec, &err), MARS_ERR_KEY);
    assert_non_null(strstr(err.message, "box"));
    assert_null(strstr(err.message, KIT_OTHER));
    assert_same(k, &before);
}

/* A computer that is set up anew, under the name of one that is in the vault. */
static void
another_passphrase_makes_no_registration_of_a_new_directory(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    uint8_t before[32] = { 0 }, after[32] = { 0 };
    char config[KIT_PATH_MAX + 8];

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    kit_fingerprint(k->vault, before);
    (void)snprintf(config, sizeof config, "%s-new", k->config);
    spec.config_dir = config;
    spec.key.passphrase = KIT_OTHER;
    spec.key.len = sizeof KIT_OTHER - 1;
    assert_int_equal(mrs_register(&spec, NULL), MARS_ERR_KEY);
    kit_fingerprint(k->vault, after);
    assert_memory_equal(before, after, 32);
    assert_false(is_there(config, "agent.yaml"));
    assert_false(is_there(config, "seen.yaml"));
    assert_false(is_there(config, "keys"));
}

static void
a_computer_that_is_set_up_anew_takes_its_machine_over(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_registration first, second;
    uint8_t before[32] = { 0 }, after[32] = { 0 };

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    first = load(k->config);
    kit_fingerprint(k->vault, before);
    tmpdir_remove(k->config);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    second = load(k->config);
    kit_fingerprint(k->vault, after);
    assert_memory_equal(before, after, 32);
    assert_memory_equal(first.machine_id, second.machine_id, 16);
    assert_memory_equal(first.domain, second.domain, 16);
    mrs_registration_free(&first);
    mrs_registration_free(&second);
}

/* Where a run may have ended between its steps: the next goes on, with the same machine if that was
 * in the vault already. */
static void
a_run_that_ended_in_between_is_gone_on_with(void **state)
{
    static const char *const lost[] = { "agent.yaml", "seen.yaml", "keys", "cache" };
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_registration first, now;
    struct both before;
    char machines[KIT_PATH_MAX + 16];

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    before = look(k);
    first = load(k->config);
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        if (i < 2)
            assert_int_equal(mrs_file_delete(below(k->config, lost[i]), NULL), MARS_OK);
        else
            tmpdir_remove(below(k->config, lost[i]));
        assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
        assert_same(k, &before);
    }
    /* With its domain made, and its record not put. */
    (void)snprintf(machines, sizeof machines, "%s/machines", k->vault);
    tmpdir_remove(machines);
    tmpdir_remove(k->config);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    now = load(k->config);
    assert_memory_not_equal(now.machine_id, first.machine_id, 16);
    assert_int_equal(machines_in(k), 1);
    mrs_registration_free(&first);
    mrs_registration_free(&now);
}

static void
a_second_machine_joins_the_domain_that_it_names(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_registration first, second;
    uint8_t before[32] = { 0 }, after[32] = { 0 };
    char config[KIT_PATH_MAX + 8];

    spec.domain = "office";
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    kit_fingerprint(k->vault, before);
    (void)snprintf(config, sizeof config, "%s-2", k->config);
    spec.config_dir = config;
    spec.name = "second";
    spec.key.passphrase = KIT_OTHER;
    spec.key.len = sizeof KIT_OTHER - 1;
    assert_int_equal(mrs_register(&spec, NULL), MARS_ERR_KEY);
    kit_fingerprint(k->vault, after);
    assert_memory_equal(before, after, 32);
    spec.key.passphrase = KIT_PASSPHRASE;
    spec.key.len = sizeof KIT_PASSPHRASE - 1;
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    first = load(k->config);
    second = load(config);
    assert_memory_equal(first.domain, second.domain, 16);
    assert_memory_not_equal(first.machine_id, second.machine_id, 16);
    assert_int_equal(machines_in(k), 2);
    mrs_registration_free(&first);
    mrs_registration_free(&second);
}

static void
a_machine_of_another_name_or_vault_is_not_registered_over(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    uint8_t there[32] = { 0 }, after[32] = { 0 };
    struct kit other;
    struct both before;

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    before = look(k);
    spec.name = "box2";
    assert_int_equal(mrs_register(&spec, NULL), MARS_ERR_STATE);
    kit_make(&other);
    kit_fingerprint(other.vault, there);
    spec = kit_spec(k);
    spec.credentials = other.credentials;
    assert_int_equal(mrs_register(&spec, NULL), MARS_ERR_STATE);
    kit_fingerprint(other.vault, after);
    assert_memory_equal(there, after, 32);
    assert_same(k, &before);
    tmpdir_remove(other.dir);
}

static void
what_is_not_said_is_the_hosts_name_and_the_cache_of_before(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    char host[MRS_DISPLAY_NAME_MAX + 1], cache[KIT_PATH_MAX + 8];
    struct mrs_registration r;

    assert_int_equal(mrs_host_name(host, sizeof host, NULL), MARS_OK);
    (void)snprintf(cache, sizeof cache, "%s/elsewhere", k->dir);
    spec.name = NULL;
    spec.cache_dir = cache;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
        r = load(k->config);
        assert_string_equal(r.machine_name, host);
        assert_string_equal(r.cache_dir, cache);
        mrs_registration_free(&r);
        spec.cache_dir = NULL;
    }
    assert_false(is_there(k->config, "cache"));
}

static void
nothing_is_put_into_the_vault_where_there_can_be_no_cache(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    uint8_t before[32] = { 0 }, after[32] = { 0 };

    kit_fingerprint(k->vault, before);
    spec.cache_dir = "/nonexistent/mount/cache";
    assert_int_not_equal(mrs_register(&spec, NULL), MARS_OK);
    kit_fingerprint(k->vault, after);
    assert_memory_equal(before, after, 32);
    assert_false(is_there(k->config, "agent.yaml"));
}

/* It may be this machine's: a second one of its name must not come of it. */
static void
a_damaged_machine_record_makes_no_second_machine(void **state)
{
    static const uint8_t owner[16] = { 1 };
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_store *s = open_store(k);
    uint8_t before[32] = { 0 }, after[32] = { 0 };

    assert_int_equal(mrs_store_put(s, owner,
                                   "machines/02000000000000000000000000000000/0000000000000001",
                                   "junk", 4, NULL),
                     MARS_OK);
    kit_fingerprint(k->vault, before);
    assert_int_equal(mrs_register(&spec, NULL), MARS_ERR_CORRUPT);
    kit_fingerprint(k->vault, after);
    assert_memory_equal(before, after, 32);
    mrs_store_close(s);
}

/* The vault's record once more, as number 2, with this bit among those to understand. */
static void
put_bits(struct mrs_store *s, enum mrs_need set)
{
    struct mrs_buf object = MRS_BUF_INIT(MRS_RECORD_MAX), bound = MRS_BUF_INIT(MRS_RECORD_MAX);
    char first[MRS_OBJECT_NAME_MAX], second[MRS_OBJECT_NAME_MAX];
    static const uint8_t owner[16] = { 1 };

    mrs_name_vault(first, 1);
    mrs_name_vault(second, 2);
    assert_int_equal(mrs_store_get(s, first, &object, NULL), MARS_OK);
    object.data[12 + 4 * set] = 1;
    assert_int_equal(mrs_buf_append(&bound, object.data, MRS_HEADER_SIZE, NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(&bound, second, strlen(second), NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(&bound, object.data + MRS_HEADER_SIZE,
                                    object.len - MRS_HEADER_SIZE - 32, NULL),
                     MARS_OK);
    assert_int_equal(mrs_sha256_once(bound.data, bound.len, object.data + object.len - 32, NULL),
                     MARS_OK);
    assert_int_equal(mrs_store_put(s, owner, second, object.data, object.len, NULL), MARS_OK);
    mrs_buf_free(&object);
    mrs_buf_free(&bound);
}

static void
nothing_is_put_into_a_vault_that_this_build_must_not_write_to(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_store *s = open_store(k);
    uint8_t before[32] = { 0 }, after[32] = { 0 };

    put_bits(s, MRS_NEED_WRITE);
    kit_fingerprint(k->vault, before);
    assert_int_equal(mrs_register(&spec, NULL), MARS_ERR_UNSUPPORTED);
    kit_fingerprint(k->vault, after);
    assert_memory_equal(before, after, 32);
    assert_false(is_there(k->config, "agent.yaml"));
    mrs_store_close(s);
}

static void
bits_that_concern_collectors_do_not_keep_a_machine_out(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    struct mrs_store *s = open_store(k);

    put_bits(s, MRS_NEED_COLLECT);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    mrs_store_close(s);
}

struct twin {
    struct mrs_register_spec spec;
    mars_status st;
};

static void
register_one(void *arg)
{
    struct twin *t = arg;

    t->st = mrs_register(&t->spec, NULL);
}

static void
two_runs_at_once_on_one_directory_make_one_machine(void **state)
{
    const struct kit *k = *state;
    struct mrs_thread *t[2];
    struct twin twins[2];

    for (int i = 0; i < 2; i++) {
        twins[i].spec = kit_spec(k);
        assert_int_equal(mrs_thread_start(&t[i], register_one, &twins[i], NULL), MARS_OK);
    }
    for (int i = 0; i < 2; i++) {
        mrs_thread_join(t[i]);
        assert_int_equal(twins[i].st, MARS_OK);
    }
    assert_int_equal(machines_in(k), 1);
}

/* After each failure, in a vault of its own, a later run succeeds and there is one machine. */
static void
registering_survives_failing_allocations(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    (void)state;
    for (; st != MARS_OK; n++) {
        struct mrs_register_spec spec;
        struct kit k;

        assert_in_range(n, 0, 2000);
        kit_make(&k);
        spec = kit_spec(&k);
        failing_alloc_arm(n);
        st = mrs_register(&spec, NULL);
        failing_alloc_arm(SIZE_MAX);
        if (st != MARS_OK && st != MARS_ERR_NOMEM)
            fail_msg("allocation %zu: status %d", n, (int)st);
        assert_int_equal(failing_alloc_live(), 0);
        assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
        assert_int_equal(machines_in(&k), 1);
        kit_remove(&k);
    }
    assert_true(n > 170);
}

static void
registering_again_survives_failing_allocations(void **state)
{
    const struct kit *k = *state;
    struct mrs_register_spec spec = kit_spec(k);
    mars_status st = MARS_ERR_NOMEM;
    struct both before;

    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    before = look(k);
    for (size_t n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 5000);
        failing_alloc_arm(n);
        st = mrs_register(&spec, NULL);
        failing_alloc_arm(SIZE_MAX);
        if (st != MARS_OK && st != MARS_ERR_NOMEM)
            fail_msg("allocation %zu: status %d", n, (int)st);
        assert_int_equal(failing_alloc_live(), 0);
        assert_same(k, &before);
    }
}

#define IN_KIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KIT(registering_makes_a_machine_its_domain_and_its_state),
        IN_KIT(registering_again_changes_nothing),
        IN_KIT(new_credentials_change_the_serial_only),
        IN_KIT(another_passphrase_changes_nothing_here_or_in_the_vault),
        IN_KIT(another_passphrase_makes_no_registration_of_a_new_directory),
        IN_KIT(a_computer_that_is_set_up_anew_takes_its_machine_over),
        IN_KIT(a_run_that_ended_in_between_is_gone_on_with),
        IN_KIT(a_second_machine_joins_the_domain_that_it_names),
        IN_KIT(a_machine_of_another_name_or_vault_is_not_registered_over),
        IN_KIT(what_is_not_said_is_the_hosts_name_and_the_cache_of_before),
        IN_KIT(nothing_is_put_into_the_vault_where_there_can_be_no_cache),
        IN_KIT(a_damaged_machine_record_makes_no_second_machine),
        IN_KIT(nothing_is_put_into_a_vault_that_this_build_must_not_write_to),
        IN_KIT(bits_that_concern_collectors_do_not_keep_a_machine_out),
        IN_KIT(two_runs_at_once_on_one_directory_make_one_machine),
        IN_KIT(registering_survives_failing_allocations),
        IN_KIT(registering_again_survives_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
