#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/state.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "tmpdir.h"

static char vault_url[] = "file:///srv/vault";
static char cache_dir[] = "/var/cache/mars";
#define KEY_FILE "keys/5d000000000000000000000000000000"

static struct mrs_registration
registration(void)
{
    struct mrs_registration r = { .vault_url = vault_url,
                                  .vault = { 1 },
                                  .machine_id = { 2 },
                                  .machine_name = "b\xc3\xb6x: \"1\" #x",
                                  .domain = { 0x5d },
                                  .cache_dir = cache_dir,
                                  .serial = "0123456789abcdef" };

    return r;
}

static struct mrs_keyring *
keyring(uint8_t domain)
{
    struct mrs_keyring *k = NULL;

    assert_int_equal(mrs_keyring_new(&k, NULL), MARS_OK);
    k->domain[0] = domain;
    k->root_number = 1;
    k->n = 2;
    k->keys[0] = (struct mrs_ring_key){ MRS_KEY_DATA, 1, { 7 }, { 8 } };
    k->keys[1] = (struct mrs_ring_key){ MRS_KEY_LEDGER, 1, { 9 }, { 10 } };
    return k;
}

static int
set_up(void **state)
{
    static char dir[TMPDIR_PATH_MAX];
    struct mrs_registration r = registration();
    struct mrs_keyring *k = keyring(0x5d);

    tmpdir_make(dir);
    assert_int_equal(mrs_registration_save(&r, k, dir, NULL), MARS_OK);
    mrs_keyring_free(k);
    *state = dir;
    return 0;
}

static int
tear_down(void **state)
{
    tmpdir_remove(*state);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static const char *
below(const char *dir, const char *name)
{
    static char path[TMPDIR_PATH_MAX + 100];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static struct mrs_buf
slurp(const char *dir, const char *name)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 20);

    assert_int_equal(mrs_file_slurp(below(dir, name), &b, NULL), MARS_OK);
    return b;
}

static void
write_file(const char *dir, const char *name, const void *data, size_t n)
{
    struct mrs_file *f = NULL;

    assert_int_equal(mrs_file_delete(below(dir, name), NULL), MARS_OK);
    assert_int_equal(mrs_file_create(&f, below(dir, name), NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, data, n, NULL), MARS_OK);
    mrs_file_close(f);
}

static void
a_registration_loads_as_it_was_saved(void **state)
{
    struct mrs_registration r, was = registration();

    assert_int_equal(mrs_registration_load(&r, *state, NULL), MARS_OK);
    assert_string_equal(r.vault_url, was.vault_url);
    assert_memory_equal(r.vault, was.vault, 16);
    assert_memory_equal(r.machine_id, was.machine_id, 16);
    assert_string_equal(r.machine_name, was.machine_name);
    assert_memory_equal(r.domain, was.domain, 16);
    assert_string_equal(r.cache_dir, was.cache_dir);
    assert_string_equal(r.serial, was.serial);
    mrs_registration_free(&r);
    assert_null(r.vault_url);
    mrs_registration_free(&r);
}

static void
the_state_file_holds_no_key(void **state)
{
    static const char secret[] = "0a00000000000000000000000000000000000000"; /* of keyring() */
    struct mrs_buf text = slurp(*state, "agent.yaml");

    assert_int_equal(mrs_buf_append(&text, "", 1, NULL), MARS_OK);
    assert_null(strstr((const char *)text.data, secret));
    assert_true(text.len < 1000);
    mrs_buf_free(&text);
}

static void
a_directory_without_a_registration_says_so(void **state)
{
    struct mrs_registration r;
    mars_error err;

    assert_int_equal(mrs_file_delete(below(*state, "agent.yaml"), NULL), MARS_OK);
    assert_int_equal(mrs_registration_load(&r, *state, &err), MARS_ERR_STATE);
    assert_non_null(strstr(err.message, "this machine is not registered"));
    mrs_registration_free(&r);
    assert_int_equal(mrs_registration_load(&r, "/nonexistent/dir", NULL), MARS_ERR_STATE);
    mrs_registration_free(&r);
}

/* Without the line, with an empty value, and with one that is none. */
static void
every_line_of_the_state_is_needed(void **state)
{
    static const char *const bad[] = { NULL, "", "x" };
    struct mrs_buf text = slurp(*state, "agent.yaml");
    const char *end = (const char *)text.data + text.len;
    int lines = 0;

    for (const char *line = (const char *)text.data; line < end; lines++) {
        const char *next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        const char *colon = memchr(line, ':', (size_t)(next - line));
        bool is_text = strncmp(line, "vault_url", 9) == 0 || strncmp(line, "cache_dir", 9) == 0 ||
                       strncmp(line, "machine_name", 12) == 0 ||
                       strncmp(line, "credentials", 11) == 0;
        bool keys_only = strncmp(line, "key_protector", 13) == 0;

        assert_non_null(colon);
        for (size_t i = 0; i < 3; i++) {
            struct mrs_buf b = MRS_BUF_INIT(10000);
            struct mrs_registration r;
            struct mrs_keyring *k = NULL;
            mars_status st;

            assert_int_equal(
                mrs_buf_append(&b, text.data, (size_t)(line - (const char *)text.data), NULL),
                MARS_OK);
            if (bad[i] != NULL) {
                assert_int_equal(mrs_buf_append(&b, line, (size_t)(colon - line), NULL), MARS_OK);
                assert_int_equal(mrs_buf_append(&b, ": ", 2, NULL), MARS_OK);
                assert_int_equal(mrs_buf_append(&b, bad[i], strlen(bad[i]), NULL), MARS_OK);
                assert_int_equal(mrs_buf_append(&b, "\n", 1, NULL), MARS_OK);
            }
            assert_int_equal(mrs_buf_append(&b, next, (size_t)(end - next), NULL), MARS_OK);
            write_file(*state, "agent.yaml", b.data, b.len);
            st = mrs_registration_load(&r, *state, NULL);
            if (keys_only)
                st = mrs_registration_keys(&r, *state, &k, NULL);
            if (is_text && i == 2)
                assert_int_equal(st, MARS_OK);
            else
                assert_true(st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED);
            assert_null(k);
            mrs_registration_free(&r);
            mrs_buf_free(&b);
        }
        line = next;
    }
    assert_int_equal(lines, 10);
    mrs_buf_free(&text);
}

static void
keys_that_are_not_known_and_a_newer_format_are_refused(void **state)
{
    struct mrs_buf text = slurp(*state, "agent.yaml");
    struct mrs_registration r;
    mars_error err;
    char *one;

    assert_int_equal(mrs_buf_append(&text, "extra: 1\n", 9, NULL), MARS_OK);
    write_file(*state, "agent.yaml", text.data, text.len);
    assert_int_equal(mrs_registration_load(&r, *state, &err), MARS_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "extra"));
    mrs_registration_free(&r);
    text.data[text.len - 1] = '\0';
    one = strstr((char *)text.data, "mars-agent-1");
    assert_non_null(one);
    one[11] = '2';
    write_file(*state, "agent.yaml", text.data, text.len - 9);
    assert_int_equal(mrs_registration_load(&r, *state, &err), MARS_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "mars-agent-2"));
    mrs_registration_free(&r);
    mrs_buf_free(&text);
}

/* No damage makes more of it than an error: every byte, and every length. */
static void
a_state_file_damaged_anywhere_never_does_harm(void **state)
{
    static const mars_status ok[] = { MARS_OK, MARS_ERR_CORRUPT, MARS_ERR_UNSUPPORTED };
    struct mrs_buf text = slurp(*state, "agent.yaml");

    for (size_t i = 0; i < 2 * text.len; i++) {
        bool cut = i >= text.len;
        struct mrs_registration r;
        mars_status st;

        if (!cut)
            text.data[i] ^= (uint8_t)(1 << i % 8);
        write_file(*state, "agent.yaml", text.data, cut ? i - text.len : text.len);
        st = mrs_registration_load(&r, *state, NULL);
        assert_true(st == ok[0] || st == ok[1] || st == ok[2]);
        if (st == MARS_OK)
            assert_true(strlen(r.vault_url) > 0 && strlen(r.cache_dir) > 0 &&
                        strlen(r.machine_name) > 0);
        mrs_registration_free(&r);
        if (!cut)
            text.data[i] ^= (uint8_t)(1 << i % 8);
    }
    mrs_buf_free(&text);
}

static mars_status
load_keys(const char *dir, struct mrs_keyring **k, mars_error *err)
{
    struct mrs_registration r;
    mars_status st;

    assert_int_equal(mrs_registration_load(&r, dir, NULL), MARS_OK);
    st = mrs_registration_keys(&r, dir, k, err);
    mrs_registration_free(&r);
    return st;
}

static void
keys_load_as_they_were_saved(void **state)
{
    struct mrs_keyring *was = keyring(0x5d), *k = NULL;

    assert_int_equal(load_keys(*state, &k, NULL), MARS_OK);
    assert_memory_equal(k, was, sizeof *k);
    mrs_keyring_free(k);
    mrs_keyring_free(was);
}

static void
keys_that_are_gone_or_another_domains_are_refused(void **state)
{
    struct mrs_registration r = registration();
    struct mrs_keyring *other = keyring(0x5e), *k = other;
    mars_error err;

    assert_int_equal(mrs_registration_save(&r, other, *state, NULL), MARS_OK);
    assert_int_equal(load_keys(*state, &k, &err), MARS_ERR_STATE);
    assert_null(k);
    assert_non_null(strstr(err.message, "another domain's"));
    assert_int_equal(mrs_file_delete(below(*state, KEY_FILE), NULL), MARS_OK);
    k = other;
    assert_int_equal(load_keys(*state, &k, &err), MARS_ERR_STATE);
    assert_null(k);
    assert_non_null(strstr(err.message, "register again"));
    mrs_keyring_free(other);
}

static void
keys_that_are_cut_short_are_refused(void **state)
{
    struct mrs_buf bytes = slurp(*state, KEY_FILE);
    struct mrs_keyring *k = NULL;

    for (size_t n = 0; n < bytes.len; n++) {
        write_file(*state, KEY_FILE, bytes.data, n);
        assert_int_equal(load_keys(*state, &k, NULL), MARS_ERR_CORRUPT);
        assert_null(k);
    }
    assert_int_equal(mrs_buf_append(&bytes, "", 1, NULL), MARS_OK);
    write_file(*state, KEY_FILE, bytes.data, bytes.len);
    assert_int_equal(load_keys(*state, &k, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&bytes);
}

/* Keys first: where saving stops in between, what was there is still a registration. */
static void
saving_survives_every_failing_allocation(void **state)
{
    struct mrs_registration r = registration();
    struct mrs_keyring *keys = keyring(0x5d);
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0, before = failing_alloc_live();

    memcpy(r.serial, "fedcba9876543210", 17);
    for (; st != MARS_OK; n++) {
        struct mrs_registration now;
        struct mrs_keyring *k = NULL;

        assert_in_range(n, 0, 300);
        failing_alloc_arm(n);
        st = mrs_registration_save(&r, keys, *state, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), before);
        assert_int_equal(mrs_registration_load(&now, *state, NULL), MARS_OK);
        assert_true(strcmp(now.serial, r.serial) == 0 ||
                    (st != MARS_OK && strcmp(now.serial, "0123456789abcdef") == 0));
        mrs_registration_free(&now);
        assert_int_equal(load_keys(*state, &k, NULL), MARS_OK);
        mrs_keyring_free(k);
    }
    assert_true(n > 10);
    mrs_keyring_free(keys);
}

static void
loading_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0, before = failing_alloc_live();

    for (; st != MARS_OK; n++) {
        struct mrs_registration r;
        struct mrs_keyring *k = NULL;

        assert_in_range(n, 0, 300);
        failing_alloc_arm(n);
        st = mrs_registration_load(&r, *state, NULL);
        if (st == MARS_OK)
            st = mrs_registration_keys(&r, *state, &k, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK ? k != NULL : st == MARS_ERR_NOMEM && k == NULL);
        mrs_registration_free(&r);
        mrs_keyring_free(k);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 10);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_registration_loads_as_it_was_saved),
        IN_DIR(the_state_file_holds_no_key),
        IN_DIR(a_directory_without_a_registration_says_so),
        IN_DIR(every_line_of_the_state_is_needed),
        IN_DIR(keys_that_are_not_known_and_a_newer_format_are_refused),
        IN_DIR(a_state_file_damaged_anywhere_never_does_harm),
        IN_DIR(keys_load_as_they_were_saved),
        IN_DIR(keys_that_are_gone_or_another_domains_are_refused),
        IN_DIR(keys_that_are_cut_short_are_refused),
        IN_DIR(saving_survives_every_failing_allocation),
        IN_DIR(loading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
