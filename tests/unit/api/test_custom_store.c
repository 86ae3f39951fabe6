/* A vault in a store that its application provides, from the first call to the last. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <mars/mars.h>

#include "../store/table.h"
#include "base/err.h"
#include "platform/file.h"
#include "tmpdir.h"

#define URL "custom:tape"
static const char PASSPHRASE[] = "correct horse battery staple";

/* The table that is given to the library, and how it fails. */
static struct {
    mars_store inner;
    struct mrs_store *memory;
    const char *fails;  /* names that have this in them cannot be read */
    mars_status status;
    char dir[TMPDIR_PATH_MAX];
    char config[TMPDIR_PATH_MAX + 16];
    char credentials[TMPDIR_PATH_MAX + 16];
    char tree[TMPDIR_PATH_MAX + 16];
} k;

static mars_status
failing_read(void *user, const char *name, uint64_t offset, void *out, uint64_t len,
             mars_error *err)
{
    if (k.fails != NULL && strstr(name, k.fails) != NULL)
        return mrs_fail(err, k.status, "the tape is torn");
    return k.inner.read(user, name, offset, out, len, err);
}

static mars_store
table(void)
{
    mars_store t = k.inner;

    t.read = failing_read;
    t.remove = NULL;
    t.flush = NULL;
    return t;
}

static int
setup(void **state)
{
    mars_store t;
    mars_store_options how = { .struct_size = sizeof how, .custom = &t };
    mars_vault_options vault = { .struct_size = sizeof vault, .store = &how };
    mars_credentials_options right = { .struct_size = sizeof right, .store = &how };
    struct mrs_file *f;

    (void)state;
    memset(&k, 0, sizeof k);
    tmpdir_make(k.dir);
    (void)snprintf(k.config, sizeof k.config, "%s/config", k.dir);
    (void)snprintf(k.credentials, sizeof k.credentials, "%s/credentials", k.dir);
    (void)snprintf(k.tree, sizeof k.tree, "%s/file", k.dir);
    assert_int_equal(mrs_file_create(&f, k.tree, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, PASSPHRASE, sizeof PASSPHRASE, NULL), MARS_OK);
    mrs_file_close(f);
    assert_int_equal(mrs_store_open(&k.memory, "memory:", 1, NULL, NULL), MARS_OK);
    k.inner = table_over(k.memory);
    t = table();
    assert_int_equal(mars_vault_create(URL, &vault, NULL), MARS_OK);
    assert_int_equal(mars_vault_issue_credentials(URL, k.credentials, &right, NULL), MARS_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    mrs_store_close(k.memory);
    tmpdir_remove(k.dir);
    return 0;
}

static mars_agent *
enrol(void)
{
    mars_store t = table();
    mars_store_options how = { .struct_size = sizeof how, .custom = &t };
    mars_register_options r = { .struct_size = sizeof r,
                                .config_dir = k.config,
                                .credentials = k.credentials,
                                .passphrase = PASSPHRASE,
                                .store = &how };
    mars_agent *agent = NULL;
    mars_error err;

    if (mars_register(&r, &agent, &err) != MARS_OK)
        fail_msg("%s", err.message);
    memset(&t, 0xee, sizeof t); /* it was copied */
    return agent;
}

static mars_status
back_up(mars_agent *agent, mars_error *err)
{
    const char *path = k.tree;
    mars_backup_options o = { .struct_size = sizeof o, .paths = &path, .n_paths = 1 };

    return mars_backup(agent, &o, NULL, err);
}

static void
a_vault_lives_in_it(void **state)
{
    mars_verify_options all = { .struct_size = sizeof all, .flags = MARS_VERIFY_READ_DATA };
    mars_agent *agent = enrol();
    mars_store t = table();
    mars_agent_options o = { .struct_size = sizeof o, .store = &t };
    mars_agent_info info = { .struct_size = sizeof info };
    mars_error err;

    (void)state;
    assert_int_equal(mars_agent_get_info(agent, &info, &err), MARS_OK);
    assert_string_equal(info.vault_url, URL);
    assert_int_equal(back_up(agent, &err), MARS_OK);
    mars_agent_close(agent);
    assert_int_equal(mars_agent_open(k.config, 0, &o, &agent, &err), MARS_OK);
    assert_int_equal(back_up(agent, &err), MARS_OK);
    assert_int_equal(mars_verify(agent, &all, NULL, &err), MARS_OK);
    mars_agent_close(agent);
}

/* As another machine sees it, without a cache. */
static mars_agent *
recover(void)
{
    mars_store t = table();
    mars_store_options how = { .struct_size = sizeof how, .custom = &t };
    mars_recover_options o = { .struct_size = sizeof o,
                               .credentials = k.credentials,
                               .passphrase = PASSPHRASE,
                               .store = &how };
    mars_vault_info info = { .struct_size = sizeof info };
    mars_agent *agent = NULL;

    assert_int_equal(mars_vault_show(URL, &how, &info, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(info.machines, 1);
    assert_int_equal(mars_recover_open(&o, &agent, NULL), MARS_OK);
    return agent;
}

static void
its_failures_are_told_with_its_words(void **state)
{
    const mars_status failures[] = { MARS_ERR_NETWORK, MARS_ERR_AUTH, MARS_ERR_FORBIDDEN };
    mars_agent *agent = enrol();
    mars_point *point;
    mars_error err;

    (void)state;
    assert_int_equal(back_up(agent, &err), MARS_OK);
    mars_agent_close(agent);
    agent = recover();
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        k.fails = "/points/";
        k.status = failures[i];
        assert_int_equal(mars_point_open(agent, "latest", NULL, &point, &err), failures[i]);
        assert_non_null(strstr(err.message, "the tape is torn"));
        assert_null(point);
    }
    k.fails = NULL;
    assert_int_equal(mars_point_open(agent, "latest", NULL, &point, &err), MARS_OK);
    mars_point_close(point);
    mars_agent_close(agent);
}

static void
without_it_the_vault_is_closed(void **state)
{
    mars_agent *agent = enrol();
    mars_store t = table();
    mars_agent_options o = { .struct_size = sizeof o, .store = &t };
    mars_error err;

    (void)state;
    mars_agent_close(agent);
    assert_int_equal(mars_agent_open(k.config, 0, NULL, &agent, &err), MARS_ERR_INVALID_ARG);
    assert_non_null(strstr(err.message, "custom:NAME"));
    t.list = NULL;
    assert_int_equal(mars_agent_open(k.config, 0, &o, &agent, &err), MARS_ERR_INVALID_ARG);
    t = table();
    t.flags = 1;
    assert_int_equal(mars_agent_open(k.config, 0, &o, &agent, &err), MARS_ERR_UNSUPPORTED);
    t = table();
    t.struct_size = 16;
    assert_int_equal(mars_agent_open(k.config, 0, &o, &agent, &err), MARS_ERR_INVALID_ARG);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_vault_lives_in_it),
        T(its_failures_are_told_with_its_words),
        T(without_it_the_vault_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
