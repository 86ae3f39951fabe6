/* A vault in a store that its application provides, from the first call to the last. */
#include "tape.h"

#include <string.h>

static void
a_vault_lives_in_it(void **state)
{
    struct tape *t = *state;
    mars_verify_options all = { .struct_size = sizeof all, .flags = MARS_VERIFY_READ_DATA };
    mars_agent *agent = tape_enrol(t);
    mars_agent_options o = { .struct_size = sizeof o, .store = &t->table };
    mars_agent_info info = { .struct_size = sizeof info };
    mars_vault_info vault = { .struct_size = sizeof vault };
    mars_error err;

    assert_int_equal(mars_agent_get_info(agent, &info, &err), MARS_OK);
    assert_string_equal(info.vault_url, TAPE_URL);
    assert_int_equal(tape_back_up(t, agent, &err), MARS_OK);
    mars_agent_close(agent);
    assert_int_equal(mars_agent_open(t->config, 0, &o, &agent, &err), MARS_OK);
    assert_int_equal(tape_back_up(t, agent, &err), MARS_OK);
    assert_int_equal(mars_verify(agent, &all, NULL, &err), MARS_OK);
    mars_agent_close(agent);
    assert_int_equal(mars_vault_show(TAPE_URL, &t->how, &vault, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(vault.machines, 1);
}

static void
its_failures_are_told_with_its_words(void **state)
{
    const mars_status failures[] = { MARS_ERR_NETWORK, MARS_ERR_AUTH, MARS_ERR_FORBIDDEN };
    struct tape *t = *state;
    mars_agent *agent = tape_enrol(t);
    mars_point *point;
    mars_error err;

    assert_int_equal(tape_back_up(t, agent, &err), MARS_OK);
    mars_agent_close(agent);
    agent = tape_recover(t);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        t->fails = "/points/";
        t->status = failures[i];
        assert_int_equal(mars_point_open(agent, "latest", NULL, &point, &err), failures[i]);
        assert_non_null(strstr(err.message, "the tape is torn"));
        assert_null(point);
    }
    tape_mend(t);
    assert_int_equal(mars_point_open(agent, "latest", NULL, &point, &err), MARS_OK);
    mars_point_close(point);
    mars_agent_close(agent);
}

static void
without_it_the_vault_is_closed(void **state)
{
    struct tape *t = *state;
    mars_agent *agent = tape_enrol(t);
    mars_store table = t->table;
    mars_agent_options o = { .struct_size = sizeof o, .store = &table };
    mars_error err;

    mars_agent_close(agent);
    assert_int_equal(mars_agent_open(t->config, 0, NULL, &agent, &err), MARS_ERR_INVALID_ARG);
    assert_non_null(strstr(err.message, "custom:NAME"));
    table.list = NULL;
    assert_int_equal(mars_agent_open(t->config, 0, &o, &agent, &err), MARS_ERR_INVALID_ARG);
    table = t->table;
    table.flags = 1;
    assert_int_equal(mars_agent_open(t->config, 0, &o, &agent, &err), MARS_ERR_UNSUPPORTED);
    table = t->table;
    table.struct_size = 16;
    assert_int_equal(mars_agent_open(t->config, 0, &o, &agent, &err), MARS_ERR_INVALID_ARG);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tape_make, tape_remove)
    const struct CMUnitTest tests[] = {
        T(a_vault_lives_in_it),
        T(its_failures_are_told_with_its_words),
        T(without_it_the_vault_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
