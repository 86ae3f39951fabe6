/* Opening and registering while the vault is out of reach, or fails in parts. */
#include "tape.h"

#include <stdio.h>
#include <string.h>

static mars_status
try_reopen(struct tape *t, mars_agent **agent, mars_error *err)
{
    mars_agent_options o = { .struct_size = sizeof o, .store = &t->table };

    return mars_agent_open(t->config, 0, &o, agent, err);
}

/* What is out of reach is not called missing, damaged, or locked by another passphrase. */
static void
an_opening_ends(void **state)
{
    mars_status (*const opens[])(struct tape *, mars_agent **, mars_error *) = {
        tape_try_recover, try_reopen
    };
    struct tape *t = *state;
    mars_agent *agent;
    mars_error err;

    agent = tape_enrol(t);
    assert_int_equal(tape_back_up(t, agent, &err), MARS_OK);
    mars_agent_close(agent);
    for (size_t i = 0; i < 2; i++) {
        mars_status st = MARS_ERR_NETWORK;

        for (int n = 0; st != MARS_OK; n++) {
            atomic_store(&t->left, n);
            st = opens[i](t, &agent, &err);
            if (st != MARS_OK &&
                (st != t->status || strstr(err.message, "the tape is torn") == NULL))
                fail_msg("call %d: %s: %s", n, mars_status_name(st), err.message);
            assert_true((agent != NULL) == (st == MARS_OK));
            tape_mend(t);
            mars_agent_close(agent);
        }
    }
}

/* What cannot be read may be the domain of this name, or a machine of it. */
static void
registering_makes_no_second_domain(void **state)
{
    static const char *const parts[] = { "machines/", "/record/", "/keys/slots/", "/keys/rings/" };
    const mars_status failures[] = { MARS_ERR_NETWORK, MARS_ERR_CORRUPT };
    struct tape *t = *state;
    char first[33], domain[33];
    mars_error err;

    assert_int_equal(tape_join(t, 0, "shared", first, &err), MARS_OK);
    for (size_t i = 0; i < 8; i++) {
        t->fails = parts[i % 4];
        t->status = failures[i / 4];
        assert_int_equal(tape_join(t, 1, "shared", domain, &err), t->status);
        assert_non_null(strstr(err.message, "the tape is torn"));
    }
    tape_mend(t);
    assert_int_equal(tape_join(t, 1, "shared", domain, &err), MARS_OK);
    assert_string_equal(domain, first);
}

/* Another machine's domain that can be read says nothing of it. */
static void
nor_where_other_domains_can_be_read(void **state)
{
    char first[33], domain[33], record[48];
    struct tape *t = *state;
    mars_error err;

    assert_int_equal(tape_join(t, 0, "shared", first, &err), MARS_OK);
    assert_int_equal(tape_join(t, 1, "another", domain, &err), MARS_OK);
    (void)snprintf(record, sizeof record, "%s/log/record/", first);
    t->fails = record;
    t->status = MARS_ERR_CORRUPT;
    assert_int_equal(tape_join(t, 2, "shared", domain, &err), MARS_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the tape is torn"));
    tape_mend(t);
    assert_int_equal(tape_join(t, 2, "shared", domain, &err), MARS_OK);
    assert_string_equal(domain, first);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tape_make, tape_remove)
    const struct CMUnitTest tests[] = {
        T(an_opening_ends),
        T(registering_makes_no_second_domain),
        T(nor_where_other_domains_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
