/* Images: blocks that changed, holes, devices and files, and what comes back. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"

enum { BLOCK = 256 << 10, MIB = 1 << 20 };
#define GIB ((uint64_t)1 << 30)

/* A disk whose every 20th block of 256 KiB holds data, of a version that counts its changes. */
struct disk {
    uint64_t size;
    uint32_t version;       /* of the blocks that change */
    uint32_t change_every;  /* a block with data in so many changes */
    const char *known;      /* the point since which changes are known; NULL: any */
    bool unknown;
    uint64_t read;          /* bytes */
    int fails_after;        /* reads; 0: never */
};

enum { DATA_EVERY = 20 };

static bool
has_data(uint64_t block)
{
    return block % DATA_EVERY == 7;
}

static bool
changes(const struct disk *d, uint64_t block)
{
    return has_data(block) && block / DATA_EVERY % d->change_every == 0;
}

/* The 8 bytes at an offset that is a multiple of 8. */
static uint64_t
word_at(const struct disk *d, uint64_t offset)
{
    uint64_t block = offset / BLOCK, x = offset + 1;

    if (!has_data(block))
        return 0;
    if (changes(d, block))
        x += (uint64_t)d->version << 50;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static int32_t
read_disk(uint64_t offset, void *out, uint64_t len, void *user)
{
    struct disk *d = user;

    if (d->fails_after > 0 && --d->fails_after == 0)
        return MARS_ERR_IO;
    assert_int_equal(offset % 8, 0);
    for (uint64_t i = 0; i < len; i += 8) {
        uint64_t word = word_at(d, offset + i);

        memcpy((char *)out + i, &word, len - i < 8 ? (size_t)(len - i) : 8);
    }
    d->read += len;
    return MARS_OK;
}

/* The next block at or behind the offset that is one of these. */
static void
find(const struct disk *d, bool (*is)(const struct disk *, uint64_t), uint64_t offset,
     uint64_t *start, uint64_t *end)
{
    uint64_t block = offset / BLOCK;

    while (block * BLOCK < d->size && !is(d, block))
        block += has_data(block) ? DATA_EVERY : 1;
    *start = block * BLOCK > offset ? block * BLOCK : offset;
    *end = (block + 1) * BLOCK;
    if (*start > d->size)
        *start = d->size;
    if (*end > d->size)
        *end = d->size;
}

static bool
holds_data(const struct disk *d, uint64_t block)
{
    (void)d;
    return has_data(block);
}

static int32_t
next_data(uint64_t offset, uint64_t *start, uint64_t *end, void *user)
{
    find(user, holds_data, offset, start, end);
    return MARS_OK;
}

static int32_t
next_changed(const char *since, uint64_t offset, uint64_t *start, uint64_t *end, void *user)
{
    struct disk *d = user;

    if (d->unknown)
        return MARS_ERR_NOT_FOUND;
    if (d->known != NULL)
        assert_string_equal(since, d->known);
    find(d, changes, offset, start, end);
    return MARS_OK;
}

static mars_image_options
options_of(struct disk *d, const char *name)
{
    return (mars_image_options){ .struct_size = sizeof(mars_image_options),
                                 .name = name,
                                 .size = d->size,
                                 .read = read_disk,
                                 .data = next_data,
                                 .changed = next_changed,
                                 .user = d };
}

static mars_session *
begin(struct place *p, const char *item)
{
    mars_backup_options o = { .struct_size = sizeof o, .item = item };
    mars_session *s = NULL;
    mars_error err;

    assert_ok(mars_session_begin(p->agent, &o, &s, &err), &err);
    return s;
}

/* Back up one image as a point of its own. */
static mars_backup_result
back_up(struct place *p, const char *item, const mars_image_options *image)
{
    mars_backup_result r = { .struct_size = sizeof r };
    mars_session *s = begin(p, item);
    mars_error err;

    assert_ok(mars_session_add_image(s, image, &err), &err);
    assert_ok(mars_session_commit(s, &r, &err), &err);
    return r;
}

/* Some places of the image, as the point has them. */
static void
assert_same(struct place *p, const char *point, const char *name, const struct disk *d)
{
    mars_point *open = NULL;
    mars_file *file = NULL;
    uint64_t words[512], got;
    mars_error err;

    assert_ok(mars_point_open(p->agent, point, NULL, &open, &err), &err);
    assert_ok(mars_file_open(open, name, 0, &file, &err), &err);
    assert_int_equal(mars_file_size(file), d->size);
    for (uint64_t i = 0; i < 400; i++) {
        uint64_t block = i * 7919 % (d->size / BLOCK);
        uint64_t at = (i % 2 == 0 ? block - block % DATA_EVERY + 7 : block) * BLOCK + i * 8;

        if (at + sizeof words > d->size)
            continue;
        assert_ok(mars_file_read_at(file, at, words, sizeof words, &got, &err), &err);
        assert_int_equal(got, sizeof words);
        for (size_t k = 0; k < 512; k++)
            assert_true(words[k] == word_at(d, at + k * 8));
    }
    mars_file_close(file);
    mars_point_close(open);
}

/* As large as MARS_IMAGE_GIB says. */
static void
only_what_changed_is_read(void **state)
{
    const char *gib = getenv("MARS_IMAGE_GIB");
    struct place *p = *state;
    struct disk d = { .size = (gib != NULL ? strtoull(gib, NULL, 10) : 4) * GIB,
                      .change_every = 5 };
    mars_image_options o = options_of(&d, "disk");
    mars_backup_result first = back_up(p, "changes", &o), second;
    uint64_t data = d.read;

    assert_in_range(data, d.size / DATA_EVERY - BLOCK, d.size / DATA_EVERY + BLOCK);
    assert_int_equal(first.bytes, d.size);
    assert_same(p, first.point, "disk", &d);
    d.version++;
    d.read = 0;
    d.known = first.point;
    second = back_up(p, "changes", &o);
    assert_in_range(d.read, data / 5 - BLOCK, data / 5 + BLOCK);
    assert_int_equal(second.bytes_read, d.read);
    assert_int_equal(second.bytes, d.size);
    assert_in_range(second.bytes_new, d.read, d.read + MIB);
    assert_same(p, second.point, "disk", &d);
    d.version--;
    assert_same(p, first.point, "disk", &d);
}

static void
all_is_read_where_changes_are_not_known(void **state)
{
    struct place *p = *state;
    struct disk d = { .size = 400 * (uint64_t)MIB + 12345 * 8, .change_every = 3 };
    mars_image_options o = options_of(&d, "disk");
    mars_backup_result first = back_up(p, "unknown", &o), second;
    uint64_t data = d.read;

    d.unknown = true;
    d.read = 0;
    second = back_up(p, "unknown", &o);
    assert_int_equal(d.read, data);
    assert_in_range(second.bytes_new, 0, 4096);
    d.unknown = false;
    d.read = 0;
    o.name = "another name";
    (void)back_up(p, "unknown", &o);
    assert_int_equal(d.read, data);
    (void)first;
}

/* A disk that grew or shrank. */
static void
what_lies_behind_the_image_before_is_read(void **state)
{
    static const uint64_t sizes[] = { 200 * MIB, 300 * MIB + 4096, 260 * MIB + 8, 40 * MIB, 41 };
    struct place *p = *state;
    struct disk d = { .size = 100 * MIB, .change_every = 1000000 };
    mars_image_options o = options_of(&d, "disk");
    mars_backup_result r = back_up(p, "sizes", &o);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t before = d.size;

        d.size = o.size = sizes[i];
        d.read = 0;
        r = back_up(p, "sizes", &o);
        assert_int_equal(r.bytes, d.size);
        if (d.size < before)
            assert_in_range(d.read, 0, BLOCK);
        if (d.size > MIB)
            assert_same(p, r.point, "disk", &d);
    }
}

static void
a_file_with_holes_is_read_by_its_path(void **state)
{
    enum { SIZE = 30 * MIB + 100, AT = 9 * MIB, LEN = 3 * MIB };
    struct place *p = *state;
    char path[PLACE_PATH + 16];
    mars_image_options o = { .struct_size = sizeof o, .name = "file", .path = path };
    mars_backup_result r;
    mars_point *point;
    mars_file *file;
    unsigned char *data = malloc(LEN), *back = malloc(SIZE);
    uint64_t got;
    mars_error err;
    int fd;

    assert_non_null(data);
    assert_non_null(back);
    for (size_t i = 0; i < LEN; i++)
        data[i] = (unsigned char)(i * i >> 9);
    (void)snprintf(path, sizeof path, "%s/image", p->dir);
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    assert_int_equal(pwrite(fd, data, LEN, AT), LEN);
    assert_int_equal(close(fd), 0);
    r = back_up(p, "path", &o);
    assert_int_equal(r.bytes, SIZE);
    assert_in_range(r.bytes_read, LEN, SIZE);
    assert_ok(mars_point_open(p->agent, r.point, NULL, &point, &err), &err);
    assert_ok(mars_file_open(point, "file", 0, &file, &err), &err);
    assert_ok(mars_file_read_at(file, 0, back, SIZE, &got, &err), &err);
    assert_int_equal(got, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        assert_true(back[i] == (i >= AT && i < AT + LEN ? data[i - AT] : 0));
    mars_file_close(file);
    mars_point_close(point);
    free(data);
    free(back);
}

static int32_t
goes_back(uint64_t offset, uint64_t *start, uint64_t *end, void *user)
{
    (void)user;
    *start = 0;
    *end = offset;
    return MARS_OK;
}

static int32_t
goes_beyond(uint64_t offset, uint64_t *start, uint64_t *end, void *user)
{
    (void)user;
    *start = offset;
    *end = UINT64_MAX;
    return MARS_OK;
}

static int32_t
no_status(uint64_t offset, uint64_t *start, uint64_t *end, void *user)
{
    (void)offset, (void)start, (void)end, (void)user;
    return 7;
}

/* The session goes on without the image. */
static void
a_failure_leaves_the_image_out(void **state)
{
    struct place *p = *state;
    struct disk d = { .size = GIB, .change_every = 2, .fails_after = 5 };
    mars_image_options o = options_of(&d, "disk"), none = { .struct_size = sizeof none };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_session *s = begin(p, "failure");
    mars_error err;

    assert_int_equal(mars_session_add_image(s, &o, &err), MARS_ERR_IO);
    o.data = goes_back;
    assert_int_equal(mars_session_add_image(s, &o, &err), MARS_ERR_CORRUPT);
    o.data = goes_beyond;
    assert_int_equal(mars_session_add_image(s, &o, &err), MARS_ERR_CORRUPT);
    o.data = no_status;
    assert_int_equal(mars_session_add_image(s, &o, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_session_add_image(s, &none, &err), MARS_ERR_INVALID_ARG);
    none.name = "none";
    assert_int_equal(mars_session_add_image(s, &none, &err), MARS_ERR_INVALID_ARG);
    none.path = p->dir;
    assert_int_equal(mars_session_add_image(s, &none, &err), MARS_ERR_STATE);
    none.path = "/nowhere/at/all";
    assert_int_equal(mars_session_add_image(s, &none, &err), MARS_ERR_NOT_FOUND);
    o = options_of(&d, "disk");
    assert_ok(mars_session_add_image(s, &o, &err), &err);
    assert_int_equal(mars_session_add_image(s, &o, &err), MARS_ERR_EXISTS);
    assert_ok(mars_session_commit(s, &r, &err), &err);
    assert_int_equal(r.files, 1);
    assert_same(p, r.point, "disk", &d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_changed_is_read),
        cmocka_unit_test(all_is_read_where_changes_are_not_known),
        cmocka_unit_test(what_lies_behind_the_image_before_is_read),
        cmocka_unit_test(a_file_with_holes_is_read_by_its_path),
        cmocka_unit_test(a_failure_leaves_the_image_out),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
