#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "crypto/digest.h"
#include "failing_alloc.h"
#include "format/name.h"
#include "vault/object.h"
#include "vault/vault.h"

static const uint8_t OWNER[16] = { 1 };
static const char FIRST[] = "vault/0000000000000001";

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

static mars_status
count_one(void *user, const struct mrs_object_info *info, mars_error *err)
{
    (void)info, (void)err;
    ++*(size_t *)user;
    return MARS_OK;
}

static size_t
objects(struct mrs_store *s)
{
    size_t n = 0;

    assert_int_equal(mrs_store_list(s, "", MRS_LIST_INFO, count_one, &n, NULL), MARS_OK);
    return n;
}

static struct mrs_buf
record_bytes(struct mrs_store *s)
{
    struct mrs_buf b = MRS_BUF_INIT(MRS_RECORD_MAX);

    assert_int_equal(mrs_store_get(s, FIRST, &b, NULL), MARS_OK);
    return b;
}

static void
a_new_vault_reads_as_it_was_made(void **state)
{
    static const uint8_t zero[32];
    struct mrs_store *s = *state;
    struct mrs_vault v, again;
    struct mrs_buf bytes;
    uint8_t digest[32];

    assert_int_equal(mrs_vault_create(s, "none", 30, NULL), MARS_OK);
    assert_int_equal(objects(s), 1); /* what was probed with is gone */
    assert_int_equal(mrs_vault_read(&v, s, MRS_NEED_WRITE, NULL), MARS_OK);
    assert_int_equal(v.number, 1);
    assert_string_equal(v.record.redundancy, "none");
    assert_int_equal(v.record.soft_delete_days, 30);
    assert_int_equal(v.record.put_if_absent, 1);
    assert_memory_not_equal(v.record.id, zero, sizeof v.record.id);
    assert_memory_not_equal(v.record.issuing_key, zero, sizeof v.record.issuing_key);
    assert_true(v.record.created.s > 1700000000);
    bytes = record_bytes(s);
    assert_int_equal(mrs_sha256_once(bytes.data, bytes.len, digest, NULL), MARS_OK);
    assert_memory_equal(v.digest, digest, sizeof digest);
    mrs_buf_free(&bytes);
    assert_int_equal(mrs_vault_read(&again, s, MRS_NEED_VERIFY, NULL), MARS_OK);
    assert_memory_equal(again.record.issuing_key, v.record.issuing_key, 32);
    mrs_vault_forget(&v);
    assert_memory_equal(v.record.issuing_key, zero, sizeof v.record.issuing_key);
    mrs_vault_forget(&again);
}

static void
what_is_not_said_is_the_default(void **state)
{
    struct mrs_vault v;

    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&v, *state, MRS_NEED_READ, NULL), MARS_OK);
    assert_string_equal(v.record.redundancy, "none");
    assert_int_equal(v.record.soft_delete_days, MRS_SOFT_DELETE_DEFAULT_DAYS);
    mrs_vault_forget(&v);
}

static void
two_vaults_have_nothing_in_common(void **state)
{
    struct mrs_store *other = NULL;
    struct mrs_vault a, b;

    assert_int_equal(mrs_store_open(&other, "memory:", 1, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    assert_int_equal(mrs_vault_create(other, NULL, 0, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&a, *state, MRS_NEED_READ, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&b, other, MRS_NEED_READ, NULL), MARS_OK);
    assert_memory_not_equal(a.record.id, b.record.id, 16);
    assert_memory_not_equal(a.record.issuing_key, b.record.issuing_key, 32);
    mrs_vault_forget(&a);
    mrs_vault_forget(&b);
    mrs_store_close(other);
}

static void
there_is_one_vault_in_a_store(void **state)
{
    struct mrs_buf before, after;
    mars_error err;

    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    before = record_bytes(*state);
    assert_int_equal(mrs_vault_create(*state, NULL, 5, &err), MARS_ERR_EXISTS);
    assert_string_equal(err.message, "memory:: there is a vault here already");
    after = record_bytes(*state);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    assert_int_equal(objects(*state), 1);
    mrs_buf_free(&before);
    mrs_buf_free(&after);
}

static void
what_a_store_cannot_give_is_refused_and_makes_nothing(void **state)
{
    assert_int_equal(mrs_vault_create(*state, "geo", 0, NULL), MARS_ERR_UNSUPPORTED);
    assert_int_equal(mrs_vault_create(*state, "", 0, NULL), MARS_ERR_UNSUPPORTED);
    assert_int_equal(mrs_vault_create(*state, "None", 0, NULL), MARS_ERR_UNSUPPORTED);
    assert_int_equal(mrs_vault_create(*state, NULL, MRS_SOFT_DELETE_MAX_DAYS + 1, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_vault_create(*state, NULL, UINT32_MAX, NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(objects(*state), 0);
    assert_int_equal(mrs_vault_create(*state, NULL, MRS_SOFT_DELETE_MAX_DAYS, NULL), MARS_OK);
}

static void
a_store_without_a_vault_says_so(void **state)
{
    struct mrs_vault v;
    mars_error err;

    assert_int_equal(mrs_store_put(*state, OWNER, "machines/x", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&v, *state, MRS_NEED_READ, &err), MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no vault here"));
}

/* A vault record as another build may write it, under any number. */
static void
put_record(struct mrs_store *s, const struct mrs_vault_record *r, uint64_t number)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX), object = MRS_BUF_INIT(MRS_RECORD_MAX);
    char name[MRS_OBJECT_NAME_MAX];

    mrs_name_vault(name, number);
    assert_int_equal(mrs_vault_record_encode(r, &payload, NULL), MARS_OK);
    assert_int_equal(
        mrs_record_seal(MRS_KIND_VAULT, NULL, r->id, name, &payload, &object, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(s, OWNER, name, object.data, object.len, NULL), MARS_OK);
    mrs_buf_free(&payload);
    mrs_buf_free(&object);
}

static void
the_record_with_the_highest_number_counts(void **state)
{
    struct mrs_vault v;

    assert_int_equal(mrs_vault_create(*state, NULL, 14, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&v, *state, MRS_NEED_READ, NULL), MARS_OK);
    v.record.soft_delete_days = 90;
    put_record(*state, &v.record, 11);
    v.record.soft_delete_days = 60;
    put_record(*state, &v.record, 10);
    mrs_vault_forget(&v);
    assert_int_equal(mrs_vault_read(&v, *state, MRS_NEED_READ, NULL), MARS_OK);
    assert_int_equal(v.number, 11);
    assert_int_equal(v.record.soft_delete_days, 90);
    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_ERR_EXISTS);
    mrs_vault_forget(&v);
}

/* In a store of its own: objects are write-once. */
static mars_status
read_bytes(const uint8_t *bytes, size_t n, struct mrs_vault *v, mars_error *err)
{
    struct mrs_store *s = NULL;
    mars_status st;

    assert_int_equal(mrs_store_open(&s, "memory:", 1, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(s, OWNER, FIRST, bytes, n, NULL), MARS_OK);
    st = mrs_vault_read(v, s, MRS_NEED_READ, err);
    mrs_store_close(s);
    return st;
}

static void
a_record_with_any_bit_flipped_is_refused(void **state)
{
    static const struct mrs_vault none;
    struct mrs_buf bytes;
    struct mrs_vault v;

    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    bytes = record_bytes(*state);
    for (size_t i = 0; i < 8 * bytes.len; i++) {
        mars_error err;
        mars_status st;

        bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
        st = read_bytes(bytes.data, bytes.len, &v, &err);
        bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
        if (st != MARS_ERR_CORRUPT && st != MARS_ERR_UNSUPPORTED)
            fail_msg("bit %zu gives status %d", i, (int)st);
        assert_memory_equal(err.message, FIRST, sizeof FIRST - 1);
        assert_memory_equal(v.record.issuing_key, none.record.issuing_key, 32);
    }
    assert_int_equal(read_bytes(bytes.data, bytes.len, &v, NULL), MARS_OK);
    mrs_vault_forget(&v);
    mrs_buf_free(&bytes);
}

static void
a_record_of_any_other_length_is_refused(void **state)
{
    struct mrs_buf bytes;
    struct mrs_vault v;

    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    bytes = record_bytes(*state);
    assert_int_equal(mrs_buf_append(&bytes, "", 1, NULL), MARS_OK);
    for (size_t n = 0; n <= bytes.len; n++)
        assert_int_equal(read_bytes(bytes.data, n, &v, NULL),
                         n == bytes.len - 1 ? MARS_OK : MARS_ERR_CORRUPT);
    mrs_buf_free(&bytes);
}

static void
a_record_under_another_number_is_refused(void **state)
{
    struct mrs_buf bytes;
    struct mrs_vault v;

    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    bytes = record_bytes(*state);
    assert_int_equal(mrs_store_put(*state, OWNER, "vault/0000000000000002", bytes.data, bytes.len,
                                   NULL),
                     MARS_OK);
    assert_int_equal(mrs_vault_read(&v, *state, MRS_NEED_READ, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&bytes);
}

static void
create_survives_every_failing_allocation(void **state)
{
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (; st != MARS_OK; n++) {
        struct mrs_store *s = NULL;
        struct mrs_vault v;
        mars_status later;

        assert_in_range(n, 0, 200);
        assert_int_equal(mrs_store_open(&s, "memory:", 1, NULL, NULL), MARS_OK);
        failing_alloc_arm(n);
        st = mrs_vault_create(s, NULL, 0, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        later = mrs_vault_create(s, NULL, 0, NULL);
        assert_int_equal(later, st == MARS_OK ? MARS_ERR_EXISTS : MARS_OK);
        assert_int_equal(mrs_vault_read(&v, s, MRS_NEED_WRITE, NULL), MARS_OK);
        mrs_vault_forget(&v);
        mrs_store_close(s);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 5);
}

static void
read_survives_every_failing_allocation(void **state)
{
    size_t before, n = 0;
    mars_status st = MARS_ERR_NOMEM;

    assert_int_equal(mrs_vault_create(*state, NULL, 0, NULL), MARS_OK);
    before = failing_alloc_live();
    for (; st != MARS_OK; n++) {
        struct mrs_vault v;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_vault_read(&v, *state, MRS_NEED_READ, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_vault_forget(&v);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 2);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_new_vault_reads_as_it_was_made),
        IN_STORE(what_is_not_said_is_the_default),
        IN_STORE(two_vaults_have_nothing_in_common),
        IN_STORE(there_is_one_vault_in_a_store),
        IN_STORE(what_a_store_cannot_give_is_refused_and_makes_nothing),
        IN_STORE(a_store_without_a_vault_says_so),
        IN_STORE(the_record_with_the_highest_number_counts),
        IN_STORE(a_record_with_any_bit_flipped_is_refused),
        IN_STORE(a_record_of_any_other_length_is_refused),
        IN_STORE(a_record_under_another_number_is_refused),
        IN_STORE(create_survives_every_failing_allocation),
        IN_STORE(read_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
