#include "kit.h"

#include <string.h>

#include "listed.h"
#include "repo/packkey.h"

/* A pack of one stored chunk, its relative name and its one blob. */
static void
make_pack(struct kit *k, uint8_t pack[32], char relative[MRS_OBJECT_NAME_MAX], struct mrs_blob *b)
{
    static const uint8_t noise[10] = { 1, 200, 3, 99, 5, 60, 7, 8, 90, 10 };
    struct mrs_place place;
    uint8_t id[32];

    kit_backup(k, 1, noise, sizeof noise, id);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    memcpy(pack, place.pack, 32);
    *b = place.blob;
    mrs_name_pack(relative, place.kind, pack);
}

static mars_status
open_blob(const struct kit *k, const uint8_t pack[32], const char *relative,
          const struct mrs_blob *b)
{
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    struct mrs_codec_state codec = { NULL };
    struct mrs_pack_key *key = NULL;
    uint8_t plain[100];
    mars_status st = mrs_pack_key_get(k->d, MRS_KIND_PACK_DATA, pack, &key, NULL);

    assert_int_equal(st, MARS_OK);
    kit_get(k, relative, &bytes);
    st = mrs_blob_open(key, b, bytes.data + b->offset, &codec, plain, NULL);
    mrs_codec_state_free(&codec);
    mrs_pack_key_unref(key);
    mrs_buf_free(&bytes);
    return st;
}

static void
a_blob_opens_as_nothing_else(void **state)
{
    struct kit *k = *state;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t pack[32];
    struct mrs_blob b, other;

    make_pack(k, pack, relative, &b);
    assert_int_equal(b.codec, MRS_CODEC_STORED);
    assert_int_equal(open_blob(k, pack, relative, &b), MARS_OK);
    other = b;
    other.cls = MRS_CLASS_DIR;
    assert_int_equal(open_blob(k, pack, relative, &other), MARS_ERR_CORRUPT);
    other = b;
    other.id[31] ^= 1;
    assert_int_equal(open_blob(k, pack, relative, &other), MARS_ERR_CORRUPT);
    other = b;
    other.slot++;
    assert_int_equal(open_blob(k, pack, relative, &other), MARS_ERR_CORRUPT);
    other = b;
    other.codec = MRS_CODEC_LZ4;
    assert_int_equal(open_blob(k, pack, relative, &other), MARS_ERR_CORRUPT);
    other = b;
    other.raw_len--;
    assert_int_equal(open_blob(k, pack, relative, &other), MARS_ERR_CORRUPT);
    other.sealed_len = MRS_TAG_SIZE - 1;
    assert_int_equal(open_blob(k, pack, relative, &other), MARS_ERR_CORRUPT);
}

static void
the_key_of_a_pack_in_use_is_kept(void **state)
{
    struct kit *k = *state;
    struct mrs_pack_key *first = NULL, *second = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t pack[32];
    struct mrs_blob b;

    make_pack(k, pack, relative, &b);
    assert_int_equal(mrs_pack_key_get(k->d, MRS_KIND_PACK_DATA, pack, &first, NULL), MARS_OK);
    kit_delete(k, relative);
    assert_int_equal(mrs_pack_key_get(k->d, MRS_KIND_PACK_DATA, pack, &second, NULL), MARS_OK);
    assert_ptr_equal(first, second);
    mrs_pack_key_unref(first);
    mrs_pack_key_unref(second);
    mrs_pack_key_unref(NULL);
    pack[0] ^= 1;
    assert_int_equal(mrs_pack_key_get(k->d, MRS_KIND_PACK_DATA, pack, &first, NULL),
                     MARS_ERR_NOT_FOUND);
    assert_null(first);
}

static void
a_key_is_made_from_the_header_of_the_right_kind_only(void **state)
{
    struct kit *k = *state;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    struct mrs_pack_key *key = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t pack[32];
    struct mrs_blob b;

    make_pack(k, pack, relative, &b);
    kit_get(k, relative, &bytes);
    assert_int_equal(mrs_pack_key_make(k->d, MRS_KIND_PACK_META, MRS_NEED_READ, bytes.data, &key,
                                       NULL), MARS_ERR_CORRUPT);
    assert_null(key);
    assert_int_equal(mrs_pack_key_make(k->d, MRS_KIND_PACK_DATA, MRS_NEED_READ, bytes.data, &key,
                                       NULL), MARS_OK);
    assert_memory_equal(mrs_pack_key_writer(key), bytes.data + 48, 16);
    mrs_pack_key_unref(key);
    bytes.data[12] |= 1; /* a must-understand bit for readers */
    assert_int_equal(mrs_pack_key_make(k->d, MRS_KIND_PACK_DATA, MRS_NEED_READ, bytes.data, &key,
                                       NULL), MARS_ERR_UNSUPPORTED);
    assert_null(key);
    mrs_buf_free(&bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_blob_opens_as_nothing_else),
        KIT_TEST(the_key_of_a_pack_in_use_is_kept),
        KIT_TEST(a_key_is_made_from_the_header_of_the_right_kind_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
