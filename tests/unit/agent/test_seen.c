#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/seen.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "platform/thread.h"
#include "tmpdir.h"

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

static struct mrs_seen
load(const char *dir)
{
    struct mrs_seen s;

    assert_int_equal(mrs_seen_load(&s, dir, NULL), MARS_OK);
    return s;
}

static mars_status
note(const char *dir, unsigned item, unsigned session, uint64_t generation)
{
    uint8_t i[16] = { (uint8_t)item, (uint8_t)(item >> 8) };
    uint8_t s[16] = { (uint8_t)session, (uint8_t)(session >> 8), 1 };

    return mrs_seen_note_point(dir, i, s, generation, NULL);
}

/* The session of an item; -1: none. */
static int
session_of(const struct mrs_seen *s, unsigned item)
{
    for (size_t i = 0; i < s->heads.len; i++) {
        const struct mrs_seen_head *h = mrs_vec_at(&s->heads, i);

        if (h->item[0] == (uint8_t)item && h->item[1] == (uint8_t)(item >> 8))
            return h->session[0] + 256 * h->session[1];
    }
    return -1;
}

static void
write_file(const char *dir, const char *text)
{
    char path[TMPDIR_PATH_MAX + 16];

    (void)snprintf(path, sizeof path, "%s/seen.yaml", dir);
    assert_int_equal(mrs_file_replace(path, text, strlen(text), NULL), MARS_OK);
}

static void
nothing_was_seen_where_there_is_no_file(void **state)
{
    static const uint8_t zero[32];
    struct mrs_seen s;
    mars_error err = { 0 };

    assert_int_equal(mrs_seen_load(&s, *state, &err), MARS_OK);
    assert_int_equal(err.status, MARS_OK);
    assert_int_equal(s.heads.len, 0);
    assert_int_equal(s.generation, 0);
    assert_int_equal(s.slots, 0);
    assert_memory_equal(s.vault_digest, zero, 32);
    mrs_seen_free(&s);
}

static void
the_newest_point_of_each_item_is_kept(void **state)
{
    struct mrs_seen s;

    assert_int_equal(note(*state, 1, 10, 5), MARS_OK);
    assert_int_equal(note(*state, 2, 20, 6), MARS_OK);
    assert_int_equal(note(*state, 1, 11, 7), MARS_OK);
    s = load(*state);
    assert_int_equal(s.heads.len, 2);
    assert_int_equal(session_of(&s, 1), 11);
    assert_int_equal(session_of(&s, 2), 20);
    assert_int_equal(s.generation, 7);
    mrs_seen_free(&s);
}

static void
numbers_never_go_back(void **state)
{
    struct mrs_seen s;

    assert_int_equal(note(*state, 1, 10, 9), MARS_OK);
    assert_int_equal(note(*state, 1, 11, 3), MARS_OK);
    assert_int_equal(mrs_seen_note_slots(*state, 4, NULL), MARS_OK);
    assert_int_equal(mrs_seen_note_slots(*state, 2, NULL), MARS_OK);
    s = load(*state);
    assert_int_equal(s.generation, 9);
    assert_int_equal(s.slots, 4);
    assert_int_equal(session_of(&s, 1), 11);
    mrs_seen_free(&s);
}

static void
registering_again_keeps_what_was_seen(void **state)
{
    uint8_t digest[32];
    struct mrs_seen s;

    memset(digest, 0xa5, sizeof digest);
    assert_int_equal(note(*state, 1, 10, 9), MARS_OK);
    assert_int_equal(mrs_seen_registered(*state, digest, 3, NULL), MARS_OK);
    assert_int_equal(mrs_seen_registered(*state, digest, 1, NULL), MARS_OK);
    s = load(*state);
    assert_memory_equal(s.vault_digest, digest, 32);
    assert_int_equal(s.slots, 3);
    assert_int_equal(s.generation, 9);
    assert_int_equal(session_of(&s, 1), 10);
    mrs_seen_free(&s);
    /* And a point what was registered. */
    assert_int_equal(note(*state, 1, 11, 10), MARS_OK);
    s = load(*state);
    assert_memory_equal(s.vault_digest, digest, 32);
    assert_int_equal(s.slots, 3);
    mrs_seen_free(&s);
}

static void
as_many_items_as_a_machine_may_have_fit_into_the_file(void **state)
{
    struct mrs_buf text = MRS_BUF_INIT(1 << 20);
    char line[100];
    struct mrs_seen s;

    assert_int_equal(mrs_buf_append(&text, "format: mars-seen-1\nledger: 3\nheads:\n", 37, NULL),
                     MARS_OK);
    for (unsigned i = 0; i < MRS_SEEN_HEADS_MAX - 1; i++) {
        int n = snprintf(line, sizeof line, "- %02x%02x%028x %032x\n", i & 255, i >> 8, 0u, i);

        assert_int_equal(mrs_buf_append(&text, line, (size_t)n, NULL), MARS_OK);
    }
    assert_int_equal(mrs_buf_append(&text, "", 1, NULL), MARS_OK);
    write_file(*state, (const char *)text.data);
    mrs_buf_free(&text);
    assert_int_equal(note(*state, 5000, 1, 4), MARS_OK);
    s = load(*state);
    assert_int_equal(s.heads.len, MRS_SEEN_HEADS_MAX);
    assert_int_equal(session_of(&s, 5000), 1);
    mrs_seen_free(&s);
    /* One too many is refused; those that are there go on. */
    assert_int_equal(note(*state, 5001, 1, 9), MARS_ERR_UNSUPPORTED);
    assert_int_equal(note(*state, 5000, 2, 5), MARS_OK);
    s = load(*state);
    assert_int_equal(s.heads.len, MRS_SEEN_HEADS_MAX);
    assert_int_equal(session_of(&s, 5000), 2);
    assert_int_equal(session_of(&s, 5001), -1);
    assert_int_equal(s.generation, 5);
    mrs_seen_free(&s);
}

static void
a_damaged_file_is_refused_and_not_written_over(void **state)
{
#define HEAD "format: mars-seen-1\n"
#define ID "00112233445566778899aabbccddeeff"
    static const char *const texts[] = {
        "", "no yaml: [", "format: [1]\n", HEAD "ledger: -1\n", HEAD "ledger: x\n",
        HEAD "ledger: 1e3\n", HEAD "ledger: 9223372036854775808\n", HEAD "slots: -1\n",
        HEAD "slots: 1 2\n", HEAD "vault_record: 00\n", HEAD "vault_record: " ID ID "0\n",
        HEAD "vault_record: x" ID ID "\n", HEAD "heads:\n- " ID "\n", HEAD "heads:\n- " ID ID "\n",
        HEAD "heads:\n- " ID " " ID "0\n", HEAD "heads:\n- " ID "  " ID "\n",
        HEAD "heads:\n- " ID " 0112233445566778899aabbccddeeffG\n", HEAD HEAD,
        "format: mars-seen-2\n", "ledger: 1\n" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mrs_buf after = MRS_BUF_INIT(1000);
        char path[TMPDIR_PATH_MAX + 16];
        uint8_t digest[32] = { 1 };
        struct mrs_seen s;
        mars_error err;
        mars_status st;

        write_file(*state, texts[i]);
        st = mrs_seen_load(&s, *state, &err);
        if (st != MARS_ERR_CORRUPT && st != MARS_ERR_UNSUPPORTED)
            fail_msg("status %d for:\n%s", (int)st, texts[i]);
        assert_non_null(strstr(err.message, "seen.yaml"));
        mrs_seen_free(&s);
        assert_int_equal(note(*state, 1, 1, 1), st);
        assert_int_equal(mrs_seen_note_slots(*state, 7, NULL), st);
        assert_int_equal(mrs_seen_registered(*state, digest, 7, NULL), st);
        (void)snprintf(path, sizeof path, "%s/seen.yaml", (const char *)*state);
        assert_int_equal(mrs_file_slurp(path, &after, NULL), MARS_OK);
        assert_int_equal(after.len, strlen(texts[i]));
        if (after.len > 0)
            assert_memory_equal(after.data, texts[i], after.len);
        mrs_buf_free(&after);
    }
}

enum { THREADS = 4, EACH = 15 };
struct worker {
    const char *dir;
    unsigned number;
    int bad;
};

static void
note_many(void *arg)
{
    struct worker *w = arg;

    for (unsigned i = 0; i < EACH; i++) {
        w->bad += note(w->dir, w->number * 10 + i % 3, i, w->number * 100 + i) != MARS_OK;
        w->bad += mrs_seen_note_slots(w->dir, i * THREADS + w->number, NULL) != MARS_OK;
    }
}

static void
threads_at_once_lose_nothing(void **state)
{
    struct mrs_thread *t[THREADS];
    struct worker w[THREADS];
    struct mrs_seen s;

    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct worker){ *state, i, 0 };
        assert_int_equal(mrs_thread_start(&t[i], note_many, &w[i], NULL), MARS_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        mrs_thread_join(t[i]);
        assert_int_equal(w[i].bad, 0);
    }
    s = load(*state);
    assert_int_equal(s.heads.len, 3 * THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(session_of(&s, i * 10 + k), EACH - 3 + k);
    assert_int_equal(s.generation, (THREADS - 1) * 100 + EACH - 1);
    assert_int_equal(s.slots, EACH * THREADS - 1);
    mrs_seen_free(&s);
}

static void
noting_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    assert_int_equal(note(*state, 1, 1, 1), MARS_OK);
    for (; st != MARS_OK; n++) {
        uint8_t digest[32] = { 1 };
        struct mrs_seen s;

        assert_in_range(n, 0, 300);
        failing_alloc_arm(n);
        st = note(*state, 2, 1, 2);
        if (st == MARS_OK)
            st = mrs_seen_note_slots(*state, 7, NULL);
        if (st == MARS_OK)
            st = mrs_seen_registered(*state, digest, 8, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
        /* Each step is there as a whole or not at all. */
        s = load(*state);
        assert_int_equal(session_of(&s, 1), 1);
        assert_int_equal(s.heads.len == 2, s.generation == 2);
        assert_true(s.heads.len == 2 || s.slots == 0);
        assert_int_equal(s.slots == 8, s.vault_digest[0] == 1);
        mrs_seen_free(&s);
    }
    assert_true(n > 20);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(nothing_was_seen_where_there_is_no_file),
        IN_DIR(the_newest_point_of_each_item_is_kept),
        IN_DIR(numbers_never_go_back),
        IN_DIR(registering_again_keeps_what_was_seen),
        IN_DIR(as_many_items_as_a_machine_may_have_fit_into_the_file),
        IN_DIR(a_damaged_file_is_refused_and_not_written_over),
        IN_DIR(threads_at_once_lose_nothing),
        IN_DIR(noting_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
