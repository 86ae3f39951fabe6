/* The public calls: arguments, versions of structs, progress, forks. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"

static void
missing_arguments_are_refused(void **state)
{
    struct place *p = *state;
    mars_backup_options b = { .struct_size = sizeof b };
    mars_restore_options r = { .struct_size = sizeof r };
    mars_agent *agent;
    mars_error err;

    assert_int_equal(mars_backup(NULL, &b, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_backup(p->agent, &b, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_backup(p->agent, NULL, NULL, NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_restore(p->agent, &r, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_register(NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_agent_open(NULL, 0, NULL, &agent, &err), MARS_ERR_INVALID_ARG);
    assert_null(agent);
    agent = p->agent;
    assert_int_equal(mars_recover_open(NULL, &agent, &err), MARS_ERR_INVALID_ARG);
    assert_null(agent);
    assert_int_equal(mars_register_renew(NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_vault_create(NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_key_list(p->agent, NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    mars_agent_close(NULL);
    mars_cancel_free(NULL);
    mars_session_abandon(NULL);
}

static void
structs_of_other_versions_are_told_apart(void **state)
{
    struct place *p = *state;
    struct {
        mars_verify_options known;
        uint64_t later;
    } newer = { .known = { .struct_size = sizeof newer } };
    struct {
        mars_verify_result known;
        uint64_t later;
    } result = { .known = { .struct_size = sizeof result }, .later = 7 };
    mars_verify_options older = { .sample_percent = 101 }, unset = { 0 };
    mars_error err;

    assert_ok(mars_verify(p->agent, &newer.known, &result.known, &err), &err);
    assert_int_equal(result.known.struct_size, sizeof result);
    assert_int_equal(result.later, 0);
    newer.later = 1;
    assert_int_equal(mars_verify(p->agent, &newer.known, NULL, &err), MARS_ERR_UNSUPPORTED);
    older.struct_size = offsetof(mars_verify_options, sample_percent);
    assert_ok(mars_verify(p->agent, &older, NULL, &err), &err); /* what follows is not looked at */
    older.struct_size = sizeof older;
    assert_int_equal(mars_verify(p->agent, &older, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_verify(p->agent, &unset, NULL, &err), MARS_ERR_INVALID_ARG);
    unset.struct_size = sizeof unset;
    unset.flags = 1u << 31;
    assert_int_equal(mars_verify(p->agent, &unset, NULL, &err), MARS_ERR_UNSUPPORTED);
    unset.sample_percent = 10;
    unset.flags = MARS_VERIFY_READ_DATA;
    assert_int_equal(mars_verify(p->agent, &unset, NULL, &err), MARS_ERR_INVALID_ARG);
    unset.flags = MARS_VERIFY_AGAINST_DISK;
    assert_int_equal(mars_verify(p->agent, &unset, NULL, &err), MARS_ERR_INVALID_ARG);
}

static void
a_forked_child_is_told_so(void **state)
{
    struct place *p = *state;
    mars_verify_options o = { .struct_size = sizeof o };
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(mars_verify(p->agent, &o, NULL, NULL) == MARS_ERR_STATE ? 0 : 1);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int
stop_at_once(const mars_progress *progress, void *user)
{
    (void)progress;
    ++*(int *)user;
    return 1;
}

static void
progress_can_stop_a_call(void **state)
{
    struct place *p = *state;
    const char *paths[] = { place_tree(p, "progress", 50, 100000, 3) };
    int calls = 0;
    mars_backup_options o = { .struct_size = sizeof o,
                              .item = "progress",
                              .paths = paths,
                              .n_paths = 1,
                              .progress = stop_at_once,
                              .progress_user = &calls };
    mars_error err;

    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_CANCELLED);
    assert_true(calls >= 1);
}

static void
names_are_checked(void **state)
{
    struct place *p = *state;
    static const char *const wrong[] = { "", "a/b", "a\nb", "\xff" };
    const char *paths[] = { "/etc/hostname" };
    char long_name[300];
    mars_backup_options o = { .struct_size = sizeof o, .paths = paths, .n_paths = 1 };
    mars_error err;

    memset(long_name, 'n', sizeof long_name);
    long_name[256] = '\0';
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        o.item = wrong[i];
        assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    }
    o.item = long_name;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
}

static void
compressions_and_their_levels_are_checked(void **state)
{
    struct place *p = *state;
    const char *paths[] = { "/etc/hostname" };
    mars_backup_options o = { .struct_size = sizeof o, .paths = paths, .n_paths = 1 };
    mars_session *session;
    mars_error err;

    o.compression = MARS_COMPRESSION_ZSTD + 1;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_UNSUPPORTED);
    o.compression = MARS_COMPRESSION_ZSTD;
    o.compression_level = 20;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    o.compression_level = 1;
    for (uint32_t c = MARS_COMPRESSION_DEFAULT; c < MARS_COMPRESSION_ZSTD; c++) {
        o.compression = c;
        assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    }
    o.n_paths = 0;
    assert_int_equal(mars_session_begin(p->agent, &o, &session, &err), MARS_ERR_INVALID_ARG);
}

static void
every_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(mars_status_name(MARS_OK), "MARS_OK");
    assert_string_equal(mars_status_name(MARS_ERR_KEY), "MARS_ERR_KEY");
    assert_string_equal(mars_status_name(5), "MARS_ERR_UNKNOWN");
    assert_string_equal(mars_status_name(-1000), "MARS_ERR_UNKNOWN");
    assert_true(strlen(mars_version()) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_arguments_are_refused),
        cmocka_unit_test(structs_of_other_versions_are_told_apart),
        cmocka_unit_test(a_forked_child_is_told_so),
        cmocka_unit_test(progress_can_stop_a_call),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(compressions_and_their_levels_are_checked),
        cmocka_unit_test(every_status_has_a_name),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
