#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/keys.h"
#include "failing_alloc.h"
#include "format/name.h"
#include "platform/secmem.h"
#include "platform/thread.h"
#include "repo/create.h"

#define FIRST "correct horse battery staple"
#define SECOND "another passphrase, as long"
#define THIRD "a third one for good measure"
#define BY(p) (&(struct mrs_opener){ .passphrase = (p), .len = strlen(p) })

static const uint8_t WRITER[16] = { 7 };

struct room {
    struct mrs_store *store;
    struct mrs_keyring *keys;
};

static int
set_up(void **state)
{
    static struct room r;

    r = (struct room){ NULL, NULL };
    assert_int_equal(mrs_store_open(&r.store, "memory:", 1, NULL, NULL), MARS_OK);
    assert_int_equal(
        mrs_domain_make(r.store, WRITER, "d", BY(FIRST), &r.keys, NULL), MARS_OK);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    mrs_keyring_free(r->keys);
    mrs_store_close(r->store);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static struct mrs_key_call
call_of(const struct room *r, const char *passphrase, const char *new_passphrase)
{
    struct mrs_key_call c = { .store = r->store, .present = *BY(passphrase) };

    if (new_passphrase != NULL)
        c.fresh = *BY(new_passphrase);
    memcpy(c.domain, r->keys->domain, sizeof c.domain);
    memcpy(c.writer, WRITER, sizeof c.writer);
    return c;
}

static mars_status
unlock(const struct room *r, const char *passphrase)
{
    struct mrs_keyring *k = NULL;
    mars_status st = mrs_domain_unlock(r->store, r->keys->domain, BY(passphrase), &k, NULL);

    if (st == MARS_OK)
        assert_memory_equal(k, r->keys, sizeof *k);
    mrs_keyring_free(k);
    return st;
}

/* The newest set, authenticated; the caller frees it. */
static struct mrs_slots
newest(const struct room *r)
{
    struct mrs_slots s;

    assert_int_equal(mrs_slots_read(&s, r->store, r->keys->domain, r->keys, NULL), MARS_OK);
    return s;
}

static void
assert_slots(const struct room *r, uint64_t number, size_t n)
{
    struct mrs_slots s = newest(r);

    assert_int_equal(s.number, number);
    assert_int_equal(s.last, number);
    assert_int_equal(s.set.n, n);
    mrs_slots_free(&s);
}

static void
a_slot_that_is_added_opens_the_domain_too(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND);
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint64_t number = 0;
    struct mrs_slots s;

    assert_int_equal(mrs_key_add(&c, "laptop", id, &number, NULL), MARS_OK);
    assert_int_equal(number, 2);
    s = newest(r);
    assert_int_equal(s.number, 2);
    assert_int_equal(s.set.n, 2);
    assert_string_equal(s.set.slots[1].label, "laptop");
    assert_memory_equal(s.set.slots[1].id, id, sizeof id);
    mrs_slots_free(&s);
    assert_int_equal(unlock(r, FIRST), MARS_OK);
    assert_int_equal(unlock(r, SECOND), MARS_OK);
    assert_int_equal(unlock(r, THIRD), MARS_ERR_KEY);
}

static void
a_change_replaces_the_slot_that_was_opened_and_keeps_its_label(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND);
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint64_t number = 0;
    struct mrs_slots before, after;

    assert_int_equal(mrs_key_add(&c, "laptop", id, &number, NULL), MARS_OK);
    before = newest(r);
    c = call_of(r, SECOND, THIRD);
    assert_int_equal(mrs_key_change(&c, &number, NULL), MARS_OK);
    assert_int_equal(number, 3);
    after = newest(r);
    assert_int_equal(after.set.n, 2);
    assert_string_equal(after.set.slots[1].label, "laptop");
    assert_memory_equal(after.set.slots[0].id, before.set.slots[0].id, MRS_SLOT_ID_SIZE);
    assert_memory_equal(after.set.slots[0].wrapped, before.set.slots[0].wrapped,
                        MRS_WRAPPED_SIZE);
    assert_memory_not_equal(after.set.slots[1].wrapped, before.set.slots[1].wrapped,
                            MRS_WRAPPED_SIZE);
    mrs_slots_free(&before);
    mrs_slots_free(&after);
    assert_int_equal(unlock(r, FIRST), MARS_OK);
    assert_int_equal(unlock(r, THIRD), MARS_OK);
    assert_int_equal(unlock(r, SECOND), MARS_ERR_KEY);
}

static void
a_slot_that_is_removed_opens_nothing_any_more(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND);
    uint8_t id[MRS_SLOT_ID_SIZE], first[MRS_SLOT_ID_SIZE];
    uint64_t number = 0;
    struct mrs_slots s;

    assert_int_equal(mrs_key_add(&c, "laptop", id, &number, NULL), MARS_OK);
    s = newest(r);
    memcpy(first, s.set.slots[0].id, sizeof first);
    mrs_slots_free(&s);
    /* The one behind moves up, also if it is the one that opened. */
    c = call_of(r, SECOND, NULL);
    assert_int_equal(mrs_key_remove(&c, first, &number, NULL), MARS_OK);
    assert_int_equal(number, 3);
    s = newest(r);
    assert_int_equal(s.set.n, 1);
    assert_memory_equal(s.set.slots[0].id, id, sizeof id);
    mrs_slots_free(&s);
    assert_int_equal(unlock(r, SECOND), MARS_OK);
    assert_int_equal(unlock(r, FIRST), MARS_ERR_KEY);
}

static void
what_cannot_be_done_writes_no_slot_set(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND), wrong = call_of(r, THIRD, SECOND);
    uint8_t id[MRS_SLOT_ID_SIZE] = { 0 }, none[MRS_SLOT_ID_SIZE] = { 1 };
    char label[MRS_SLOT_LABEL_MAX + 2];
    uint64_t number = 0;
    struct mrs_slots s = newest(r);

    memcpy(id, s.set.slots[0].id, sizeof id);
    mrs_slots_free(&s);
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    assert_int_equal(mrs_key_add(&wrong, "", none, &number, NULL), MARS_ERR_KEY);
    assert_int_equal(mrs_key_change(&wrong, &number, NULL), MARS_ERR_KEY);
    assert_int_equal(mrs_key_remove(&wrong, id, &number, NULL), MARS_ERR_KEY);
    assert_int_equal(mrs_key_remove(&c, none, &number, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_key_remove(&c, id, &number, NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_key_add(&c, label, none, &number, NULL), MARS_ERR_INVALID_ARG);
    assert_slots(r, 1, 1);
    memcpy(c.domain, WRITER, sizeof c.domain);
    assert_int_equal(mrs_key_add(&c, "", none, &number, NULL), MARS_ERR_NOT_FOUND);
}

/* A slot set of this many copies of the first slot, each with its own id, and with the kind that
 * a raw key has where that is wanted. */
static void
put_copies(const struct room *r, size_t n, uint8_t kind_of_the_rest)
{
    uint8_t *root = mrs_secmem_alloc(MRS_ROOT_SIZE);
    struct mrs_slot slots[MRS_SLOTS_MAX];
    struct mrs_slots s = { .number = 0 };
    struct mrs_slot_set set;
    size_t which;

    assert_int_equal(mrs_slots_open(&s, r->store, r->keys->domain, BY(FIRST), root,
                                    &which, NULL),
                     MARS_OK);
    set = s.set;
    set.slots = slots;
    set.n = n;
    for (size_t i = 0; i < n; i++) {
        slots[i] = s.set.slots[0];
        slots[i].id[0] = (uint8_t)(slots[i].id[0] + i);
        if (i > 0)
            slots[i].kind = kind_of_the_rest;
        if (slots[i].kind != MRS_SLOT_PASSPHRASE)
            slots[i].passes = slots[i].memory_kib = slots[i].lanes = 0;
    }
    assert_int_equal(
        mrs_slots_put(r->store, r->keys->domain, WRITER, root, &set, s.last + 1, NULL), MARS_OK);
    mrs_slots_free(&s);
    mrs_secmem_free(root, MRS_ROOT_SIZE);
}

static void
more_slots_than_a_set_holds_are_refused(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND);
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint64_t number = 0;

    put_copies(r, MRS_SLOTS_MAX, MRS_SLOT_PASSPHRASE);
    assert_int_equal(mrs_key_add(&c, "", id, &number, NULL), MARS_ERR_STATE);
    assert_slots(r, 2, MRS_SLOTS_MAX);
    put_copies(r, MRS_SLOTS_MAX - 1, MRS_SLOT_PASSPHRASE);
    assert_int_equal(mrs_key_add(&c, "", id, &number, NULL), MARS_OK);
    assert_slots(r, 4, MRS_SLOTS_MAX);
}

static void
slots_without_a_passphrase_do_not_make_the_last_one_removable(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, NULL);
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint64_t number = 0;
    struct mrs_slots s;

    put_copies(r, 3, MRS_SLOT_RAW);
    s = newest(r);
    memcpy(id, s.set.slots[0].id, sizeof id);
    assert_int_equal(mrs_key_remove(&c, id, &number, NULL), MARS_ERR_STATE);
    memcpy(id, s.set.slots[2].id, sizeof id);
    assert_int_equal(mrs_key_remove(&c, id, &number, NULL), MARS_OK);
    mrs_slots_free(&s);
    assert_slots(r, 3, 2);
}

/* A set under the highest number that is damaged is passed over, and its number not used again. */
static void
a_new_set_is_written_above_a_damaged_one(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND);
    char name[160], relative[160];
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint64_t number = 0;

    mrs_name_slots(relative, 2);
    mrs_name_in_domain(name, r->keys->domain, relative);
    assert_int_equal(mrs_store_put(r->store, WRITER, name, "junk", 4, NULL), MARS_OK);
    assert_int_equal(mrs_key_add(&c, "", id, &number, NULL), MARS_OK);
    assert_int_equal(number, 3);
    assert_slots(r, 3, 2);
    assert_int_equal(unlock(r, SECOND), MARS_OK);
}

struct adder {
    struct mrs_key_call call;
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint64_t number;
    mars_status st;
};

static void
add_one(void *arg)
{
    struct adder *a = arg;

    a->st = mrs_key_add(&a->call, "", a->id, &a->number, NULL);
}

/* Whoever comes second finds the number taken and adds to the set that the first one wrote. */
static void
slots_added_at_once_are_all_there(void **state)
{
    enum { N = 3 };
    const struct room *r = *state;
    struct mrs_thread *t[N];
    struct adder a[N];
    struct mrs_slots s;

    for (int i = 0; i < N; i++) {
        a[i] = (struct adder){ .call = call_of(r, FIRST, SECOND) };
        assert_int_equal(mrs_thread_start(&t[i], add_one, &a[i], NULL), MARS_OK);
    }
    for (int i = 0; i < N; i++) {
        mrs_thread_join(t[i]);
        assert_int_equal(a[i].st, MARS_OK);
    }
    assert_slots(r, N + 1, N + 1);
    s = newest(r);
    for (int i = 0; i < N; i++)
        assert_memory_equal(s.set.slots[a[i].number - 1].id, a[i].id, MRS_SLOT_ID_SIZE);
    mrs_slots_free(&s);
}

static void
changing_slots_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    struct mrs_key_call c = call_of(r, FIRST, SECOND);
    size_t n = 0, before, sets = 1;
    mars_status st = MARS_ERR_NOMEM;

    before = failing_alloc_live();
    for (; st != MARS_OK; n++) {
        uint8_t id[MRS_SLOT_ID_SIZE];
        uint64_t number = 0;

        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = mrs_key_add(&c, "", id, &number, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        sets += st == MARS_OK;
        assert_slots(r, sets, sets);
        /* What a store in memory holds is live. */
        if (st != MARS_OK)
            assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 10);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_slot_that_is_added_opens_the_domain_too),
        IN_ROOM(a_change_replaces_the_slot_that_was_opened_and_keeps_its_label),
        IN_ROOM(a_slot_that_is_removed_opens_nothing_any_more),
        IN_ROOM(what_cannot_be_done_writes_no_slot_set),
        IN_ROOM(more_slots_than_a_set_holds_are_refused),
        IN_ROOM(slots_without_a_passphrase_do_not_make_the_last_one_removable),
        IN_ROOM(a_new_set_is_written_above_a_damaged_one),
        IN_ROOM(slots_added_at_once_are_all_there),
        IN_ROOM(changing_slots_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
