#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "failing_alloc.h"
#include "format/name.h"
#include "tmpdir.h"
#include "vault/machine.h"

static const struct mrs_key KEY = { { 1, 2, 3 }, { 4, 5, 6 } };
static const struct mrs_key OTHER = { { 1, 2, 3 }, { 7 } };

static mars_status
find_one(void *user, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    (void)h, (void)err;
    *key = *(const struct mrs_key *)user;
    return MARS_OK;
}

static int
set_up(void **state)
{
    struct mrs_store *s = NULL;

    assert_int_equal(mrs_store_open(&s, "memory:", 1, NULL, NULL), MARS_OK);
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    mrs_store_close(*state);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

/* A machine whose id begins with this byte. */
static struct mrs_machine
machine(uint8_t id, const char *name, uint64_t number)
{
    struct mrs_machine m = { .number = number };

    m.record.id[0] = id;
    m.record.domain[0] = (uint8_t)(id + 100);
    m.record.created = (struct mrs_stamp){ 1800000000 - id, 5 };
    (void)snprintf(m.record.name, sizeof m.record.name, "%s", name);
    (void)snprintf(m.record.os, sizeof m.record.os, "Linux");
    return m;
}

static void
put(struct mrs_store *s, uint8_t id, const char *name, uint64_t number)
{
    struct mrs_machine m = machine(id, name, number);

    assert_int_equal(mrs_machine_put(&m, s, &KEY, NULL), MARS_OK);
}

static void
put_bytes(struct mrs_store *s, const char *name, const void *data, size_t n)
{
    static const uint8_t owner[16] = { 1 };

    assert_int_equal(mrs_store_put(s, owner, name, data, n, NULL), MARS_OK);
}

static struct mrs_machines
read_all(struct mrs_store *s)
{
    struct mrs_machines m;

    assert_int_equal(mrs_machines_read(&m, s, NULL), MARS_OK);
    return m;
}

static mars_status
check(const struct mrs_machine *m, struct mrs_store *s, struct mrs_key key)
{
    return mrs_machine_check(m, s, find_one, &key, NULL);
}

static void
a_record_comes_back_as_it_was_put(void **state)
{
    struct mrs_machine m = machine(3, "n\xc3\xa4me", 1);
    struct mrs_machines all = read_all(*state);
    const struct mrs_machine *back;

    assert_int_equal(all.list.len, 0);
    assert_int_equal(all.damaged, 0);
    mrs_machines_free(&all);
    assert_int_equal(mrs_machine_put(&m, *state, &KEY, NULL), MARS_OK);
    all = read_all(*state);
    assert_int_equal(all.list.len, 1);
    back = mrs_machines_at(&all, 0);
    assert_int_equal(back->number, 1);
    assert_memory_equal(back->record.id, m.record.id, 16);
    assert_memory_equal(back->record.domain, m.record.domain, 16);
    assert_string_equal(back->record.name, m.record.name);
    assert_string_equal(back->record.os, "Linux");
    assert_int_equal(back->record.created.s, m.record.created.s);
    assert_int_equal(back->record.created.ns, 5);
    assert_int_equal(check(back, *state, KEY), MARS_OK);
    mrs_machines_free(&all);
}

static void
machines_come_by_name_and_equal_names_oldest_first(void **state)
{
    static const uint8_t order[] = { 4, 7, 2, 1, 3 };
    struct mrs_machines all;

    put(*state, 1, "mail", 1);
    put(*state, 2, "mail", 1); /* made a second before 1 */
    put(*state, 3, "web", 1);
    put(*state, 4, "Zeta", 1);
    put(*state, 7, "db", 1);
    all = read_all(*state);
    assert_int_equal(all.list.len, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(mrs_machines_at(&all, i)->record.id[0], order[i]);
    mrs_machines_free(&all);
}

/* In a store of files, which lists them in no order. */
static void
the_newest_record_of_a_machine_counts(void **state)
{
    char dir[TMPDIR_PATH_MAX], url[TMPDIR_PATH_MAX + 16], name[16];
    struct mrs_store *s = NULL;
    struct mrs_machines all;

    (void)state;
    tmpdir_make(dir);
    (void)snprintf(url, sizeof url, "file://%s", dir);
    assert_int_equal(mrs_store_open(&s, url, 1, NULL, NULL), MARS_OK);
    for (unsigned i = 0; i < 11; i++) {
        unsigned number = i * 4 % 11 + 1;

        (void)snprintf(name, sizeof name, "number %u", number);
        put(s, 1, name, number);
    }
    put(s, 2, "other", 3);
    all = read_all(s);
    assert_int_equal(all.list.len, 2);
    assert_string_equal(mrs_machines_at(&all, 0)->record.name, "number 11");
    assert_int_equal(mrs_machines_at(&all, 0)->number, 11);
    assert_string_equal(mrs_machines_at(&all, 1)->record.name, "other");
    mrs_machines_free(&all);
    mrs_store_close(s);
    tmpdir_remove(dir);
}

static void
a_number_that_is_taken_is_refused(void **state)
{
    struct mrs_machine m = machine(1, "again", 1);
    struct mrs_machines all;

    put(*state, 1, "first", 1);
    assert_int_equal(mrs_machine_put(&m, *state, &KEY, NULL), MARS_ERR_EXISTS);
    all = read_all(*state);
    assert_string_equal(mrs_machines_at(&all, 0)->record.name, "first");
    mrs_machines_free(&all);
}

static void
records_that_cannot_be_read_are_counted_and_hide_no_other(void **state)
{
    struct mrs_buf moved = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_machines all;

    put(*state, 1, "good", 1);
    put_bytes(*state, "machines/02000000000000000000000000000000/0000000000000001", "", 0);
    put_bytes(*state, "machines/03000000000000000000000000000000/0000000000000001", "junk", 4);
    put_bytes(*state, "machines/no-machine", "junk", 4);
    put_bytes(*state, "machines/04000000000000000000000000000000/1", "junk", 4);
    /* One machine's record in the place of another's. */
    assert_int_equal(
        mrs_store_get(*state, "machines/01000000000000000000000000000000/0000000000000001", &moved,
                      NULL),
        MARS_OK);
    put_bytes(*state, "machines/05000000000000000000000000000000/0000000000000001", moved.data,
              moved.len);
    all = read_all(*state);
    assert_int_equal(all.list.len, 1);
    assert_string_equal(mrs_machines_at(&all, 0)->record.name, "good");
    assert_int_equal(all.damaged, 3);
    assert_int_equal(all.why.status, MARS_ERR_CORRUPT);
    assert_memory_equal(all.why.message, "machines/0", 10);
    mrs_machines_free(&all);
    mrs_buf_free(&moved);
}

static void
a_machine_is_found_by_name_and_by_id(void **state)
{
    struct mrs_machines all;
    size_t at = 0;

    put(*state, 1, "mail", 1);
    put(*state, 2, "mail", 1);
    put(*state, 3, "web", 1);
    all = read_all(*state);
    assert_int_equal(mrs_machines_find(&all, "mail", &at)->record.id[0], 2);
    assert_int_equal(mrs_machines_find(&all, "mail", &at)->record.id[0], 1);
    assert_null(mrs_machines_find(&all, "mail", &at));
    assert_null(mrs_machines_find(&all, "mail", &at));
    at = 0;
    assert_int_equal(
        mrs_machines_find(&all, "01000000000000000000000000000000", &at)->record.id[0], 1);
    assert_null(mrs_machines_find(&all, "01000000000000000000000000000000", &at));
    at = 0;
    assert_null(mrs_machines_find(&all, "Mail", &at));
    at = 0;
    assert_null(mrs_machines_find(&all, "0100", &at));
    at = 0;
    assert_null(mrs_machines_find(&all, "", &at));
    mrs_machines_free(&all);
}

static void
a_record_under_another_key_does_not_check(void **state)
{
    struct mrs_machines all;

    put(*state, 1, "mail", 1);
    all = read_all(*state);
    assert_int_equal(check(mrs_machines_at(&all, 0), *state, KEY), MARS_OK);
    assert_int_equal(check(mrs_machines_at(&all, 0), *state, OTHER), MARS_ERR_CORRUPT);
    mrs_machines_free(&all);
}

/* Whoever can write to the store can copy an old record to a higher number: it reads, until
 * somebody has the key. */
static void
an_old_record_under_a_new_number_does_not_check(void **state)
{
    struct mrs_buf old = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_machines all;

    put(*state, 1, "old", 1);
    put(*state, 1, "new", 2);
    assert_int_equal(
        mrs_store_get(*state, "machines/01000000000000000000000000000000/0000000000000001", &old,
                      NULL),
        MARS_OK);
    put_bytes(*state, "machines/01000000000000000000000000000000/0000000000000003", old.data,
              old.len);
    all = read_all(*state);
    assert_string_equal(mrs_machines_at(&all, 0)->record.name, "old");
    assert_int_equal(mrs_machines_at(&all, 0)->number, 3);
    assert_int_equal(check(mrs_machines_at(&all, 0), *state, KEY), MARS_ERR_CORRUPT);
    mrs_machines_free(&all);
    mrs_buf_free(&old);
}

static void
a_record_that_says_something_else_now_does_not_check(void **state)
{
    struct mrs_machine m;

    put(*state, 1, "mail", 1);
    m = machine(1, "mail", 1);
    assert_int_equal(check(&m, *state, KEY), MARS_OK);
    m.record.name[0] = 'M';
    assert_int_equal(check(&m, *state, KEY), MARS_ERR_CORRUPT);
    m = machine(1, "mail", 1);
    m.record.domain[15] = 1;
    assert_int_equal(check(&m, *state, KEY), MARS_ERR_CORRUPT);
    m = machine(1, "mail", 2);
    assert_int_equal(check(&m, *state, KEY), MARS_ERR_NOT_FOUND);
}

static void
put_survives_every_failing_allocation(void **state)
{
    size_t n = 0;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (; st != MARS_OK; n++) {
        struct mrs_machine m = machine(1, "mail", 1);
        struct mrs_store *s = NULL;
        struct mrs_machines all;

        assert_in_range(n, 0, 100);
        assert_int_equal(mrs_store_open(&s, "memory:", 1, NULL, NULL), MARS_OK);
        failing_alloc_arm(n);
        st = mrs_machine_put(&m, s, &KEY, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        all = read_all(s);
        assert_int_equal(all.list.len, st == MARS_OK);
        assert_int_equal(all.damaged, 0);
        mrs_machines_free(&all);
        mrs_store_close(s);
    }
    assert_true(n > 4);
}

static void
reading_survives_every_failing_allocation(void **state)
{
    size_t before, n = 0;
    mars_status st = MARS_ERR_NOMEM;

    put(*state, 1, "mail", 1);
    put(*state, 2, "web", 1);
    before = failing_alloc_live();
    for (; st != MARS_OK; n++) {
        struct mrs_machines all;
        struct mrs_key key = KEY;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_machines_read(&all, *state, NULL);
        if (st == MARS_OK) {
            assert_int_equal(all.list.len, 2); /* not damaged because memory ran out */
            st = mrs_machine_check(mrs_machines_at(&all, 1), *state, find_one, &key, NULL);
        }
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_machines_free(&all);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 4);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_record_comes_back_as_it_was_put),
        IN_STORE(machines_come_by_name_and_equal_names_oldest_first),
        IN_STORE(the_newest_record_of_a_machine_counts),
        IN_STORE(a_number_that_is_taken_is_refused),
        IN_STORE(records_that_cannot_be_read_are_counted_and_hide_no_other),
        IN_STORE(a_machine_is_found_by_name_and_by_id),
        IN_STORE(a_record_under_another_key_does_not_check),
        IN_STORE(an_old_record_under_a_new_number_does_not_check),
        IN_STORE(a_record_that_says_something_else_now_does_not_check),
        IN_STORE(put_survives_every_failing_allocation),
        IN_STORE(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
