#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/protector.h"
#include "failing_alloc.h"
#include "tmpdir.h"

static const struct mrs_protector *const FILES = &mrs_protector_file;

static int
set_up(void **state)
{
    static char dir[TMPDIR_PATH_MAX];

    tmpdir_make(dir);
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

static mars_status
save(const char *dir, const char *name, const char *text)
{
    return FILES->save(dir, name, (const uint8_t *)text, strlen(text), NULL);
}

static void
assert_kept(const char *dir, const char *name, const char *text)
{
    struct mrs_buf b = MRS_BUF_INIT(100);

    assert_int_equal(mrs_buf_append(&b, "x", 1, NULL), MARS_OK);
    assert_int_equal(FILES->load(dir, name, &b, NULL), MARS_OK);
    assert_int_equal(b.len, strlen(text) + 1);
    assert_memory_equal(b.data + 1, text, strlen(text));
    mrs_buf_free(&b);
}

/* Where saving failed, what is kept is the one or the other. */
static void
assert_whole(const char *dir, const char *name)
{
    struct mrs_buf b = MRS_BUF_INIT(100);

    assert_int_equal(FILES->load(dir, name, &b, NULL), MARS_OK);
    assert_true((b.len == 6 && memcmp(b.data, "before", 6) == 0) ||
                (b.len == 5 && memcmp(b.data, "after", 5) == 0));
    mrs_buf_free(&b);
}

static void
what_is_saved_is_loaded_and_what_was_before_is_replaced(void **state)
{
    assert_int_equal(save(*state, "domain", "first"), MARS_OK);
    assert_int_equal(save(*state, "other", "of another"), MARS_OK);
    assert_kept(*state, "domain", "first");
    assert_int_equal(save(*state, "domain", "second"), MARS_OK);
    assert_kept(*state, "domain", "second");
    assert_kept(*state, "other", "of another");
}

static void
what_was_never_saved_is_not_found(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(100);

    assert_int_equal(FILES->load(*state, "domain", &b, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(save(*state, "domain", "x"), MARS_OK);
    assert_int_equal(FILES->load(*state, "other", &b, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(b.len, 0);
    mrs_buf_free(&b);
}

static void
nobody_else_may_read_a_key_whatever_the_umask(void **state)
{
    char path[TMPDIR_PATH_MAX + 32];
    mode_t before = umask(0);
    struct stat st;

    assert_int_equal(save(*state, "domain", "secret"), MARS_OK);
    (void)umask(before);
    (void)snprintf(path, sizeof path, "%s/keys", (const char *)*state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    (void)snprintf(path, sizeof path, "%s/keys/domain", (const char *)*state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void
only_protectors_of_this_build_are_found(void **state)
{
    const struct mrs_protector *p = NULL;
    mars_error err;

    (void)state;
    assert_int_equal(mrs_protector_find(&p, "file", NULL), MARS_OK);
    assert_ptr_equal(p, FILES);
    assert_int_equal(mrs_protector_find(&p, "tpm2", &err), MARS_ERR_UNSUPPORTED);
    assert_null(p);
    assert_string_equal(err.message, "key protector \"tpm2\" is not known");
    assert_int_equal(mrs_protector_find(&p, "", NULL), MARS_ERR_UNSUPPORTED);
}

static void
saving_and_loading_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    assert_int_equal(save(*state, "domain", "before"), MARS_OK);
    for (; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(100);
        mars_status saved;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        saved = save(*state, "domain", "after");
        st = saved == MARS_OK ? FILES->load(*state, "domain", &b, NULL) : saved;
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
        if (saved == MARS_OK)
            assert_kept(*state, "domain", "after");
        else
            assert_whole(*state, "domain");
    }
    assert_true(n > 3);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(what_is_saved_is_loaded_and_what_was_before_is_replaced),
        IN_DIR(what_was_never_saved_is_not_found),
        IN_DIR(nobody_else_may_read_a_key_whatever_the_umask),
        IN_DIR(only_protectors_of_this_build_are_found),
        IN_DIR(saving_and_loading_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
