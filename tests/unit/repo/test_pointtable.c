/* The point table: what it saves, what it must not show, and how it lies in the cache. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cache/part.h"
#include "listed.h"
#include "platform/file.h"
#include "platform/thread.h"
#include "repo/pointtable.h"

enum { MANY = 36 };

/* A stream's root, whose path is its name. */
static void
put_point(const struct kit *k, uint8_t item, uint8_t machine, unsigned number)
{
    static const char name[] = "an item";
    struct mrs_point p = { .started = { (int64_t)number, 7 },
                           .finished = { (int64_t)number + 60, 0 },
                           .totals = { 11, 12, 0 },
                           .skipped_count = 13,
                           .added_bytes = number };
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t head[1][16] = { { 0 } };

    memset(p.item, item, 16);
    memset(p.machine, machine, 16);
    p.session[0] = item;
    p.session[1] = (uint8_t)number;
    p.session[2] = (uint8_t)(number >> 8);
    memcpy(head[0], p.session, 16);
    head[0][1]--; /* the one before */
    p.heads = head;
    p.n_heads = (uint8_t)number > 0;
    p.item_name = (struct mrs_slice){ (const uint8_t *)name, strlen(name) };
    mrs_name_point(relative, p.item, p.session);
    assert_int_equal(mrs_point_encode(&p, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_POINT, p.session, relative, &payload, NULL,
                                    NULL), MARS_OK);
    mrs_buf_free(&payload);
}

static mars_status
count_reads(void *user, enum spy_call call, const char *name)
{
    *(size_t *)user += call == SPY_READ && strstr(name, "/points/") != NULL;
    return MARS_OK;
}

/* Points that are listed; how many objects that read. */
static size_t
list(struct kit *k, const uint8_t *machine, size_t *reads)
{
    const struct mrs_points_query q = { .machine = machine, .need = MRS_NEED_READ };
    struct mrs_ledger l = { 0 };
    struct mrs_points p = { 0 };
    size_t n;

    *reads = 0;
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, NULL, NULL, NULL), MARS_OK);
    kit_spy(k, count_reads, reads);
    assert_int_equal(listed_points_read(&p, k->d, &l, &q, NULL), MARS_OK);
    kit_spy(k, NULL, NULL);
    n = p.list.len;
    for (size_t i = 1; i < n; i++)
        assert_true(mrs_points_at(&p, i - 1)->started_s <= mrs_points_at(&p, i)->started_s);
    mrs_points_free(&p);
    mrs_ledger_free_state(&l);
    return n;
}

static void
assert_list(struct kit *k, size_t points, size_t reads)
{
    size_t found;

    assert_int_equal(list(k, NULL, &found), points);
    assert_int_equal(found, reads);
}

static size_t
parts(const struct kit *k, struct mrs_vec *out)
{
    *out = (struct mrs_vec)MRS_VEC_INIT(struct mrs_part);
    assert_int_equal(mrs_parts_list(k->cache, out, NULL), MARS_OK);
    return out->len;
}

static size_t
count_parts(const struct kit *k)
{
    struct mrs_vec all;
    size_t n = parts(k, &all);

    mrs_vec_free(&all);
    return n;
}

static void
a_point_is_read_once(void **state)
{
    struct kit *k = *state;
    size_t reads;

    put_point(k, 1, 8, 1);
    put_point(k, 1, 8, 2);
    put_point(k, 2, 9, 3);
    assert_list(k, 3, 3);
    assert_list(k, 3, 0);
    kit_reopen(k);
    assert_list(k, 3, 0);
    put_point(k, 2, 9, 4);
    assert_list(k, 4, 1);
    assert_list(k, 4, 0);
    /* Of another machine's items nothing is read any more, of a new one of them one point. */
    put_point(k, 2, 9, 5);
    put_point(k, 3, 9, 1);
    put_point(k, 3, 9, 2);
    assert_int_equal(list(k, (const uint8_t[16]){ 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8 },
                          &reads), 2);
    assert_int_equal(reads, 1);
    assert_list(k, 7, 2);
    assert_int_equal(mrs_cache_clear(k->cache, NULL), MARS_OK);
    assert_list(k, 7, 7);
}

static void
what_lists_show_comes_back_as_it_was(void **state)
{
    const struct mrs_points_query all = { .need = MRS_NEED_READ };
    struct kit *k = *state;
    struct mrs_ledger none = { 0 };

    put_point(k, 1, 8, 4);
    put_point(k, 1, 8, 5);
    for (int i = 0; i < 2; i++) { /* from the store, from the table */
        struct mrs_points p = { 0 };
        struct mrs_known_point *first, *last;
        struct mrs_point_details d;
        size_t n;

        assert_int_equal(listed_points_read(&p, k->d, &none, &all, NULL), MARS_OK);
        assert_int_equal(p.list.len, 2);
        first = mrs_points_at(&p, 0);
        last = mrs_points_at(&p, 1);
        d = mrs_known_point_details(last);
        assert_int_equal(last->started_s, 5);
        assert_int_equal(last->started_ns, 7);
        assert_int_equal(d.finished.s, 65);
        assert_int_equal(d.entries, 11);
        assert_int_equal(d.bytes, 12);
        assert_int_equal(d.skipped, 13);
        assert_int_equal(d.added, 5);
        assert_int_equal(d.n_roots, 0);
        assert_int_equal(d.item_name.n, 7);
        assert_memory_equal(d.item_name.p, "an item", 7);
        assert_int_equal(d.machine_name.n, 0);
        assert_memory_equal(mrs_known_point_heads(last, &n), mrs_known_session(first), 16);
        assert_int_equal(n, 1);
        assert_false(first->is_head);
        assert_true(last->is_head);
        assert_null(last->whole);
        assert_int_equal(mrs_points_whole(k->d, last, NULL), MARS_OK);
        assert_int_equal(last->whole->point.added_bytes, 5);
        mrs_points_free(&p);
    }
}

static void
what_the_vault_does_not_list_is_not_shown(void **state)
{
    struct mrs_ledger_op op = { .kind = MRS_OP_POINT_DELETED, .session = { 1, 1 } };
    struct kit *k = *state;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t item[16];

    memset(item, 1, sizeof item);
    memcpy(op.item, item, sizeof item);
    for (unsigned i = 1; i <= 4; i++)
        put_point(k, 1, 8, i);
    assert_list(k, 4, 4);
    kit_ledger(k, &op);
    assert_list(k, 3, 0);
    mrs_name_point(relative, item, (const uint8_t[16]){ 1, 2 });
    kit_delete(k, relative);
    assert_list(k, 2, 0);
    kit_fence(k, (const uint8_t[16]){ 1, 3 }, 1);
    assert_list(k, 1, 0);
    op.kind = MRS_OP_POINT_UNDELETED;
    kit_ledger(k, &op);
    assert_list(k, 2, 0);
}

static void
verify_reads_every_point(void **state)
{
    const struct mrs_points_query q = { .need = MRS_NEED_VERIFY };
    struct kit *k = *state;
    struct mrs_ledger none = { 0 };
    struct mrs_points p = { 0 };
    size_t reads = 0;

    put_point(k, 1, 8, 1);
    put_point(k, 1, 8, 2);
    assert_list(k, 2, 2);
    kit_spy(k, count_reads, &reads);
    assert_int_equal(listed_points_read(&p, k->d, &none, &q, NULL), MARS_OK);
    kit_spy(k, NULL, NULL);
    assert_int_equal(reads, 2);
    assert_non_null(mrs_points_at(&p, 0)->whole);
    mrs_points_free(&p);
}

/* One point a run, as backups do: each writes one small part, and few lie there. */
static void
parts_stay_few(void **state)
{
    struct kit *k = *state;
    struct mrs_vec all;

    for (unsigned i = 1; i <= MANY; i++) {
        put_point(k, (uint8_t)(i % 3), 8, i);
        assert_list(k, i, 1);
        assert_true(count_parts(k) <= 17);
    }
    assert_list(k, MANY, 0);
    for (size_t i = parts(k, &all); i > 0; i--)
        assert_true(((struct mrs_part *)mrs_vec_at(&all, i - 1))->size < 64 << 10);
    mrs_vec_free(&all);
}

static void
part_path(const struct kit *k, const uint8_t id[16], char out[TMPDIR_PATH_MAX + 100])
{
    char domain[33], hex[33];

    mrs_hex_encode(domain, k->keys->domain, 16);
    mrs_hex_encode(hex, id, 16);
    (void)snprintf(out, TMPDIR_PATH_MAX + 100, "%s/%s/points/%s", k->top, domain, hex);
}

static void
write_file(const char *path, const void *data, size_t n)
{
    struct mrs_file *f = NULL;

    (void)!mrs_file_delete(path, NULL);
    assert_int_equal(mrs_file_create(&f, path, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, data, n, NULL), MARS_OK);
    mrs_file_close(f);
}

/* Any byte, or a file that is too short or too long: it is gone, and its points are read anew. */
static void
a_part_that_was_changed_is_not_believed_and_deleted(void **state)
{
    struct kit *k = *state;
    struct mrs_buf file = MRS_BUF_INIT(1 << 16), out = MRS_BUF_INIT(MRS_PART_MAX + 16);
    char path[TMPDIR_PATH_MAX + 100];
    struct mrs_vec all;
    uint8_t id[16];

    put_point(k, 1, 8, 1);
    put_point(k, 1, 8, 2);
    assert_list(k, 2, 2);
    assert_int_equal(parts(k, &all), 1);
    memcpy(id, ((struct mrs_part *)mrs_vec_at(&all, 0))->id, 16);
    mrs_vec_free(&all);
    part_path(k, id, path);
    assert_int_equal(mrs_file_slurp(path, &file, NULL), MARS_OK);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 1;
        write_file(path, file.data, file.len);
        file.data[i] ^= 1;
        assert_int_equal(mrs_part_get(k->cache, id, &out, NULL), MARS_ERR_CORRUPT);
        assert_int_equal(out.len, 0);
        assert_int_equal(mrs_part_get(k->cache, id, &out, NULL), MARS_ERR_NOT_FOUND);
    }
    for (size_t n = 0; n < file.len; n += 13) {
        write_file(path, file.data, n);
        assert_int_equal(mrs_part_get(k->cache, id, &out, NULL), MARS_ERR_CORRUPT);
    }
    assert_list(k, 2, 2);
    /* Whole, but under another name. */
    write_file(path, file.data, file.len);
    assert_int_equal(mrs_part_get(k->cache, id, &out, NULL), MARS_OK);
    id[3] ^= 1;
    part_path(k, id, path);
    write_file(path, file.data, file.len);
    mrs_buf_reset(&out);
    assert_int_equal(mrs_part_get(k->cache, id, &out, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&file);
    mrs_buf_free(&out);
}

/* Sealed rightly, but not what a part holds. */
static void
bytes_that_are_no_points_are_no_points(void **state)
{
    static const char *const wrong[] = { "", "\x02\x00", "\x01", "\xff\xff\xff", "\x03x\x02\x00",
                                         "\x42\x01", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02" };
    struct kit *k = *state;

    put_point(k, 1, 8, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mrs_buf bytes = MRS_BUF_INIT(100);

        assert_int_equal(mrs_buf_append(&bytes, wrong[i], strlen(wrong[i]), NULL), MARS_OK);
        assert_int_equal(mrs_part_put(k->cache, &bytes, NULL), MARS_OK);
        mrs_buf_free(&bytes);
    }
    assert_list(k, 1, 1);
    assert_list(k, 1, 0);
}

static void
a_cache_at_its_quota_keeps_no_table(void **state)
{
    struct kit *k = *state;

    put_point(k, 1, 8, 1);
    mrs_cache_set_quota(k->cache, 10);
    assert_list(k, 1, 1);
    assert_list(k, 1, 1);
    assert_int_equal(count_parts(k), 0);
    mrs_cache_set_quota(k->cache, 1 << 20);
    assert_list(k, 1, 1);
    assert_list(k, 1, 0);
}

struct reader {
    const struct kit *k;
    struct mrs_listing listing;
    bool good;
};

/* Write a point, put parts together, read: as sessions of other processes do. */
static void
write_and_read(void *user)
{
    struct reader *r = user;

    for (unsigned i = 1; i <= MANY && r->good; i++) {
        struct mrs_point p = { .item = { 1 }, .session = { 1, (uint8_t)i }, .machine = { 2 } };
        struct mrs_buf shared = MRS_BUF_INIT(1000), own = MRS_BUF_INIT(1000);
        struct mrs_point_table t;
        struct mrs_known_point k;

        mrs_point_table_init(&t, r->k->cache, NULL);
        r->good = mrs_known_point_encode(r->k->d, &p, &shared, &own, NULL) == MARS_OK &&
                  mrs_known_point_open(&k, (struct mrs_slice){ shared.data, shared.len },
                                       (struct mrs_slice){ own.data, own.len }) &&
                  mrs_point_table_add(&t, &k, NULL) == MARS_OK;
        mrs_point_table_keep(&t, &r->listing);
        mrs_point_table_free(&t);
        mrs_buf_free(&shared);
        mrs_buf_free(&own);
    }
}

static mars_status
use(void *user, const struct mrs_known_point *k, const uint8_t **copy, mars_error *err)
{
    (void)copy, (void)err;
    assert_int_equal(mrs_known_session(k)[0], 1);
    assert_true(mrs_known_session(k)[1] >= 1 && mrs_known_session(k)[1] <= MANY);
    ++*(size_t *)user;
    return MARS_OK;
}

static void
others_may_write_while_it_is_read(void **state)
{
    struct kit *k = *state;
    struct reader r[2] = { { k, MRS_LISTING_INIT, true }, { k, MRS_LISTING_INIT, true } };
    struct mrs_thread *threads[2] = { NULL };
    struct mrs_point_table t;
    size_t n = 0;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(mrs_listing_end(&r[i].listing, NULL), MARS_OK);
        assert_int_equal(mrs_thread_start(&threads[i], write_and_read, &r[i], NULL), MARS_OK);
    }
    for (int i = 0; i < MANY / 4; i++) {
        mrs_point_table_init(&t, k->cache, NULL);
        assert_int_equal(mrs_point_table_read(&t, use, &n, NULL), MARS_OK);
        mrs_point_table_free(&t);
    }
    for (int i = 0; i < 2; i++) {
        mrs_thread_join(threads[i]);
        mrs_listing_free(&r[i].listing);
        assert_true(r[i].good);
    }
    n = 0;
    mrs_point_table_init(&t, k->cache, NULL);
    assert_int_equal(mrs_point_table_read(&t, use, &n, NULL), MARS_OK);
    mrs_point_table_free(&t);
    assert_int_equal(n, 2 * MANY);
}

static mars_status
try_list(void *user)
{
    const struct mrs_points_query all = { .need = MRS_NEED_READ };
    struct kit *k = user;
    struct mrs_ledger none = { 0 };
    struct mrs_points p = { 0 };
    mars_status st = listed_points_read(&p, k->d, &none, &all, NULL);

    if (st == MARS_OK && p.list.len != 20)
        st = MARS_ERR_INTERNAL;
    mrs_points_free(&p);
    return st;
}

static void
a_list_survives_every_failing_allocation(void **state)
{
    struct kit *k = *state;

    for (unsigned i = 1; i <= 18; i++) {
        put_point(k, 1, 8, i);
        assert_list(k, i, 1);
    }
    put_point(k, 2, 8, 1);
    put_point(k, 2, 8, 2);
    assert_true(kit_fail_allocations(NULL, try_list, k, 1) > 10);
    assert_int_equal(try_list(k), MARS_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_point_is_read_once),
        KIT_TEST(what_lists_show_comes_back_as_it_was),
        KIT_TEST(what_the_vault_does_not_list_is_not_shown),
        KIT_TEST(verify_reads_every_point),
        KIT_TEST(parts_stay_few),
        KIT_TEST(a_part_that_was_changed_is_not_believed_and_deleted),
        KIT_TEST(bytes_that_are_no_points_are_no_points),
        KIT_TEST(a_cache_at_its_quota_keeps_no_table),
        KIT_TEST(others_may_write_while_it_is_read),
        KIT_TEST(a_list_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
