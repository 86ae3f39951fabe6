#include "kit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "platform/thread.h"
#include "repo/packkey.h"

static const uint8_t SESSION[16] = { 0x5e, 1, 2, 3 };
enum { MIB = 1 << 20, PACKS_MAX = 4 };

/* What was reported as finished. */
struct finished {
    struct mrs_finished_pack packs[PACKS_MAX];
    size_t n;
    mars_status st; /* what `done` is to answer */
};

static mars_status
take(void *user, struct mrs_finished_pack *pack, mars_error *err)
{
    struct finished *f = user;

    (void)err;
    assert_true(f->n < PACKS_MAX);
    f->packs[f->n++] = *pack;
    return f->st;
}

static void
forget(struct finished *f)
{
    while (f->n > 0)
        mrs_free(f->packs[--f->n].blobs);
}

static struct mrs_packwriter *
open_writer(const struct kit *k, struct finished *f, uint8_t kind, bool skip_check)
{
    struct mrs_packwriter_options o = { .kind = kind, .skip_check = skip_check, .done = take,
                                        .user = f };
    struct mrs_packwriter *w = NULL;

    memcpy(o.session, SESSION, sizeof o.session);
    assert_int_equal(mrs_packwriter_new(&w, k->d, &o, NULL), MARS_OK);
    return w;
}

static mars_status
add(const struct kit *k, struct mrs_packwriter *w, const void *data, size_t n, enum mrs_codec codec,
    uint64_t *stored, mars_error *err)
{
    struct mrs_compression how = { codec, 0 };
    uint8_t id[32];

    assert_int_equal(mrs_chunk_id(k->d, MRS_CLASS_DATA, data, n, id, NULL), MARS_OK);
    return mrs_packwriter_add(w, MRS_CLASS_DATA, id, data, n, &how, stored, err);
}

/* Open a blob of a pack; what it is must have the id that it says. */
static mars_status
open_blob(const struct mrs_domain *d, uint8_t kind, const uint8_t pack[32],
          const struct mrs_blob *b)
{
    struct mrs_buf sealed = MRS_BUF_INIT(MRS_CHUNK_MAX + 16), plain = MRS_BUF_INIT(MRS_CHUNK_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_codec_state codec = { NULL };
    struct mrs_pack_key *key = NULL;
    uint8_t id[32];
    mars_status st = mrs_pack_key_get(d, kind, pack, &key, NULL);

    mrs_name_pack(relative, kind, pack);
    mrs_name_in_domain(name, d->keys->domain, relative);
    if (st == MARS_OK)
        st = mrs_buf_resize(&sealed, b->sealed_len, NULL);
    if (st == MARS_OK)
        st = mrs_buf_resize(&plain, b->raw_len, NULL);
    if (st == MARS_OK)
        st = mrs_store_read(d->store, name, b->offset, sealed.data, sealed.len, NULL);
    if (st == MARS_OK)
        st = mrs_blob_open(key, b, sealed.data, &codec, plain.data, NULL);
    if (st == MARS_OK) {
        assert_int_equal(mrs_chunk_id(d, b->cls, plain.data, plain.len, id, NULL), MARS_OK);
        assert_memory_equal(id, b->id, 32);
    }
    mrs_codec_state_free(&codec);
    mrs_pack_key_unref(key);
    mrs_buf_free(&sealed);
    mrs_buf_free(&plain);
    return st;
}

/* The pack stands in the store as it was reported: name, size, directory, blobs. */
static void
assert_whole(const struct kit *k, const struct mrs_finished_pack *p)
{
    struct mrs_domain *d = kit_open(k, NULL);
    struct mrs_buf bytes = MRS_BUF_INIT((size_t)MRS_PACK_MAX_SIZE);
    struct mrs_blob *blobs = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t digest[32], writer[16];
    uint64_t size = 0, offset = MRS_HEADER_SIZE;
    size_t n = 0;

    mrs_name_pack(relative, p->kind, p->name);
    kit_get(k, relative, &bytes);
    assert_int_equal(bytes.len, p->size);
    assert_int_equal(mrs_padme(p->size), p->size);
    assert_int_equal(mrs_sha256_once(bytes.data, bytes.len, digest, NULL), MARS_OK);
    assert_memory_equal(digest, p->name, 32);
    assert_int_equal(mrs_pack_dir_read(d, p->kind, p->name, &size, writer, &blobs, &n, NULL),
                     MARS_OK);
    assert_int_equal(size, p->size);
    assert_memory_equal(writer, SESSION, 16);
    assert_int_equal(n, p->count);
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(blobs[i].id, p->blobs[i].id, 32);
        assert_int_equal(blobs[i].offset, offset);
        assert_int_equal(blobs[i].offset, p->blobs[i].offset);
        assert_int_equal(blobs[i].slot, p->blobs[i].slot);
        offset += blobs[i].sealed_len;
        assert_int_equal(open_blob(d, p->kind, p->name, &blobs[i]), MARS_OK);
    }
    mrs_free(blobs);
    mrs_buf_free(&bytes);
    mrs_domain_close(d);
}

static void
a_pack_ends_at_its_size_and_another_begins(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
    uint8_t *data = malloc(MIB);
    uint64_t stored;

    assert_non_null(data);
    for (uint64_t i = 0; i < 40; i++) {
        kit_noise(data, MIB, i);
        assert_int_equal(add(k, w, data, MIB, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
        assert_int_equal(stored, MIB + 16);
        assert_int_equal(f.n, i >= 31); /* with the first that did not fit */
    }
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.packs[0].count, 31);
    assert_int_equal(f.packs[1].count, 9);
    assert_in_range(f.packs[0].size, 31 * MIB, 32 * MIB);
    assert_whole(k, &f.packs[0]);
    assert_whole(k, &f.packs[1]);
    forget(&f);
    free(data);
    mrs_packwriter_free(w);
}

static void
a_pack_is_padded_by_less_than_its_next_blob(void **state)
{
    enum { SMALL = 10000 };
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, true);
    uint64_t stored, sum = 0;
    uint8_t data[SMALL];

    for (uint64_t i = 0; f.n == 0; i++) {
        kit_noise(data, sizeof data, i);
        assert_int_equal(add(k, w, data, sizeof data, MRS_CODEC_STORED, &stored, NULL), MARS_OK);
    }
    for (size_t i = 0; i < f.packs[0].count; i++)
        sum += f.packs[0].blobs[i].sealed_len + MRS_PACK_ENTRY_SIZE;
    assert_int_equal(f.packs[0].size, 32 * MIB);
    assert_true(f.packs[0].size - sum < SMALL + 1000);
    forget(&f);
    mrs_packwriter_free(w);
}

/* A full pack is published by who finds it full; the blob that came for the next is given up. */
static void
a_full_pack_that_cannot_be_reported_fails_the_blob_after_it(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0, .st = MARS_ERR_NOMEM };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, true);
    uint8_t *data = malloc(MIB);
    uint64_t stored;

    assert_non_null(data);
    for (uint64_t i = 0; i < 32; i++) {
        kit_noise(data, MIB, i);
        assert_int_equal(add(k, w, data, MIB, MRS_CODEC_STORED, &stored, NULL),
                         i < 31 ? MARS_OK : MARS_ERR_NOMEM);
    }
    assert_int_equal(f.n, 1);
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    assert_int_equal(f.n, 1); /* a pack of a hole alone is none */
    forget(&f);
    free(data);
    mrs_packwriter_free(w);
}

enum { THREADS = 4, EACH = 150 };

struct adder {
    const struct kit *k;
    struct mrs_packwriter *w;
    uint64_t seed;
    mars_status st;
};

static void
add_all(void *user)
{
    struct adder *a = user;

    for (uint64_t i = 0; i < EACH && a->st == MARS_OK; i++) {
        uint8_t data[5000];
        uint64_t stored;

        kit_noise(data, sizeof data, a->seed * EACH + i);
        if (i % 2 == 0)
            memset(data, (int)i, 4000); /* these compress */
        a->st = add(a->k, a->w, data, 100 + (size_t)i * 30, MRS_CODEC_LZ4, &stored, NULL);
    }
}

static void
blobs_of_many_threads_all_open_and_no_slot_is_used_twice(void **state)
{
    static uint8_t seen[THREADS * EACH];
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
    struct adder adders[THREADS];
    struct mrs_thread *threads[THREADS];

    memset(seen, 0, sizeof seen);
    for (uint64_t i = 0; i < THREADS; i++) {
        adders[i] = (struct adder){ k, w, i, MARS_OK };
        assert_int_equal(mrs_thread_start(&threads[i], add_all, &adders[i], NULL), MARS_OK);
    }
    for (size_t i = 0; i < THREADS; i++) {
        mrs_thread_join(threads[i]);
        assert_int_equal(adders[i].st, MARS_OK);
    }
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.packs[0].count, THREADS * EACH);
    for (size_t i = 0; i < THREADS * EACH; i++) {
        assert_true(f.packs[0].blobs[i].slot < THREADS * EACH);
        assert_int_equal(seen[f.packs[0].blobs[i].slot]++, 0);
    }
    assert_whole(k, &f.packs[0]);
    forget(&f);
    mrs_packwriter_free(w);
}

static void
metadata_goes_into_packs_of_its_own_kind(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_META, false);
    uint64_t stored;

    assert_int_equal(add(k, w, "node", 4, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    assert_int_equal(add(k, w, "", 0, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    assert_int_equal(kit_count(k, "packs/meta/"), 1);
    assert_int_equal(kit_count(k, "packs/data/"), 0);
    assert_whole(k, &f.packs[0]);
    forget(&f);
    mrs_packwriter_free(w);
}

static void
nothing_added_makes_no_pack_and_nothing_finished_leaves_none(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
    uint64_t stored;

    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    assert_int_equal(add(k, w, "x", 1, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    mrs_packwriter_free(w);
    mrs_packwriter_free(NULL);
    assert_int_equal(kit_count(k, "packs/"), 0);
    assert_int_equal(f.n, 0);
}

/* Is a flip of this byte found by whoever reads the directory and the blobs? */
static bool
flip_is_found(const struct kit *k, const struct mrs_finished_pack *p, const char *relative, long at)
{
    struct mrs_domain *d = kit_open(k, NULL);
    struct mrs_blob *blobs = NULL;
    uint8_t writer[16];
    uint64_t size;
    size_t n = 0;
    bool found;

    kit_damage(k, relative, at);
    found = mrs_pack_dir_read(d, p->kind, p->name, &size, writer, &blobs, &n, NULL) != MARS_OK;
    for (size_t i = 0; i < n; i++)
        found = found || open_blob(d, p->kind, p->name, &blobs[i]) != MARS_OK;
    kit_damage(k, relative, at);
    mrs_free(blobs);
    mrs_domain_close(d);
    return found;
}

static void
a_flipped_bit_anywhere_but_in_the_padding_is_refused(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t data[300] = { 1 };
    uint64_t stored, padding_from, padding_to;
    const struct mrs_finished_pack *p = &f.packs[0];

    assert_int_equal(add(k, w, data, sizeof data, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    kit_noise(data, sizeof data, 1);
    assert_int_equal(add(k, w, data, sizeof data, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    mrs_name_pack(relative, p->kind, p->name);
    padding_from = p->blobs[1].offset + p->blobs[1].sealed_len;
    padding_to = p->size - MRS_PACK_FOOTER_SIZE - 2 * MRS_PACK_ENTRY_SIZE - MRS_TAG_SIZE;
    for (uint64_t at = 0; at < p->size; at++)
        if (at < padding_from || at >= padding_to)
            assert_true(flip_is_found(k, p, relative, (long)at));
    forget(&f);
    mrs_packwriter_free(w);
}

/* The upload is begun between packing and sealing: the caller's bytes change just then, as
 * failing memory would change them. */
struct changer {
    uint8_t *byte;
    int times;
};

static mars_status
change_byte(void *user, enum spy_call call, const char *name)
{
    struct changer *c = user;

    (void)name;
    if (call == SPY_BEGIN && c->times-- > 0)
        *c->byte ^= 1;
    return MARS_OK;
}

static void
what_does_not_open_to_what_came_in_is_caught_and_its_slot_stays_a_hole(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    uint8_t data[2000];
    uint64_t stored;
    mars_error err;

    for (int codec = MRS_CODEC_STORED; codec <= MRS_CODEC_LZ4; codec++) {
        struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
        struct changer c = { data + 1000, 1 };

        memset(data, 'a', sizeof data);
        kit_spy(k, change_byte, &c);
        assert_int_equal(add(k, w, data, sizeof data, (enum mrs_codec)codec, &stored, &err),
                         MARS_ERR_INTERNAL);
        kit_spy(k, NULL, NULL);
        assert_int_equal(err.status, MARS_ERR_INTERNAL);
        assert_int_equal(add(k, w, data, sizeof data, (enum mrs_codec)codec, &stored, NULL),
                         MARS_OK);
        assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
        assert_int_equal(f.n, 1);
        assert_int_equal(f.packs[0].count, 1);
        assert_int_equal(f.packs[0].blobs[0].slot, 1);
        assert_whole(k, &f.packs[0]);
        forget(&f);
        mrs_packwriter_free(w);
    }
}

static void
without_the_check_it_is_not_caught(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, true);
    uint8_t data[100] = { 0 };
    struct changer c = { data, 1 };
    uint64_t stored;

    kit_spy(k, change_byte, &c);
    assert_int_equal(add(k, w, data, sizeof data, MRS_CODEC_STORED, &stored, NULL), MARS_OK);
    kit_spy(k, NULL, NULL);
    mrs_packwriter_free(w);
}

static void
a_pack_that_was_not_written_whole_is_not_published(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
    struct kit_failure fail = { .call = SPY_APPEND, .st = MARS_ERR_QUOTA, .skip = 2 };
    uint64_t stored;

    /* Appends: the header, one blob; the next blob fails. */
    kit_spy(k, kit_fail_spy, &fail);
    assert_int_equal(add(k, w, "a", 1, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    assert_int_equal(add(k, w, "b", 1, MRS_CODEC_LZ4, &stored, NULL), MARS_ERR_QUOTA);
    kit_spy(k, NULL, NULL);
    assert_int_not_equal(mrs_packwriter_finish(w, NULL), MARS_OK);
    assert_int_equal(kit_count(k, "packs/"), 0);
    assert_int_equal(f.n, 0);
    mrs_packwriter_free(w);
}

static void
a_store_that_cannot_begin_or_commit_is_an_error(void **state)
{
    struct kit *k = *state;
    struct finished f = { .n = 0 };
    struct mrs_packwriter *w = open_writer(k, &f, MRS_KIND_PACK_DATA, false);
    struct kit_failure fail = { .call = SPY_BEGIN, .st = MARS_ERR_IO };
    uint64_t stored;

    kit_spy(k, kit_fail_spy, &fail);
    assert_int_equal(add(k, w, "a", 1, MRS_CODEC_LZ4, &stored, NULL), MARS_ERR_IO);
    fail = (struct kit_failure){ .call = SPY_COMMIT, .part = "/packs/", .st = MARS_ERR_NETWORK };
    assert_int_equal(add(k, w, "a", 1, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_ERR_NETWORK);
    kit_spy(k, NULL, NULL);
    assert_int_equal(f.n, 0);
    f.st = MARS_ERR_STATE;
    assert_int_equal(add(k, w, "a", 1, MRS_CODEC_LZ4, &stored, NULL), MARS_OK);
    assert_int_equal(mrs_packwriter_finish(w, NULL), MARS_ERR_STATE);
    forget(&f);
    mrs_packwriter_free(w);
}

static mars_status
try_pack(void *user)
{
    struct kit *k = user;
    struct finished f = { .n = 0 };
    struct mrs_packwriter_options o = { .kind = MRS_KIND_PACK_DATA, .done = take, .user = &f };
    struct mrs_packwriter *w = NULL;
    uint8_t data[3000] = { 0 };
    uint64_t stored;
    mars_status st = mrs_packwriter_new(&w, k->d, &o, NULL);

    for (int i = 0; st == MARS_OK && i < 3; i++) {
        struct mrs_compression how = { i == 0 ? MRS_CODEC_STORED : MRS_CODEC_LZ4, 0 };

        st = mrs_packwriter_add(w, MRS_CLASS_DATA, data, data, sizeof data, &how, &stored, NULL);
    }
    if (st == MARS_OK)
        st = mrs_packwriter_finish(w, NULL);
    forget(&f);
    mrs_packwriter_free(w);
    return st;
}

static void
writing_without_memory_ends_as_such(void **state)
{
    assert_true(kit_fail_allocations(*state, try_pack, *state, 1) > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_pack_ends_at_its_size_and_another_begins),
        KIT_TEST(a_pack_is_padded_by_less_than_its_next_blob),
        KIT_TEST(a_full_pack_that_cannot_be_reported_fails_the_blob_after_it),
        KIT_TEST(blobs_of_many_threads_all_open_and_no_slot_is_used_twice),
        KIT_TEST(metadata_goes_into_packs_of_its_own_kind),
        KIT_TEST(nothing_added_makes_no_pack_and_nothing_finished_leaves_none),
        KIT_TEST(a_flipped_bit_anywhere_but_in_the_padding_is_refused),
        KIT_TEST(what_does_not_open_to_what_came_in_is_caught_and_its_slot_stays_a_hole),
        KIT_TEST(without_the_check_it_is_not_caught),
        KIT_TEST(a_pack_that_was_not_written_whole_is_not_published),
        KIT_TEST(a_store_that_cannot_begin_or_commit_is_an_error),
        KIT_TEST(writing_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
