/* A backup of a source that fails in the ways that disks and memory do. */
#include "../repo/kit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "job/backup.h"

enum { MIB = 1 << 20 };
static const uint8_t MACHINE[16] = { 0x3a, 1, 2 };
/* A directory "d" with one file "f" in it, which was last changed at second 1000. */
struct fake {
    mars_source table;
    mars_source_item item;
    mars_entry entry;
    int given;
    uint64_t size;
    mars_status open, read, describe_dir, describe_file; /* what these end with */
    bool gone;                                           /* reads get nothing */
    unsigned opened;
};

static mars_status
answer(mars_status st, mars_error *err)
{
    return st == MARS_OK ? st : mrs_fail(err, st, "this disk is bad");
}

static mars_status
fake_read(void *user, void *file, uint64_t offset, void *out, uint64_t n, uint64_t *got,
          mars_error *err)
{
    struct fake *f = user;

    (void)file;
    (void)offset;
    memset(out, 'x', (size_t)n);
    *got = f->gone ? 0 : n;
    return answer(f->read, err);
}

static void
fake_close(void *user, void *file)
{
    (void)user;
    (void)file;
}

static mars_status
fake_next(void *user, const mars_source_item **item, mars_error *err)
{
    struct fake *f = user;
    bool is_dir = f->given == 0;

    (void)err;
    f->entry = (mars_entry){ .struct_size = sizeof f->entry,
                             .type = is_dir ? MARS_ENTRY_DIRECTORY : MARS_ENTRY_FILE,
                             .path = is_dir ? "/d" : "/d/f",
                             .path_len = is_dir ? 2 : 4,
                             .mode = is_dir ? 0700 : 0600,
                             .mtime = 1000,
                             .size = f->size };
    f->item = (mars_source_item){ .struct_size = sizeof f->item,
                                  .flags = is_dir ? MARS_SOURCE_ROOT : 0,
                                  .entry = &f->entry,
                                  .change_time = 1000,
                                  .file_id = is_dir ? 1 : 2 };
    *item = f->given < 2 ? &f->item : NULL;
    f->given += f->given < 2;
    return MARS_OK;
}

static mars_status
fake_describe(void *user, mars_error *err)
{
    struct fake *f = user;

    return answer(f->entry.type == MARS_ENTRY_DIRECTORY ? f->describe_dir : f->describe_file, err);
}

static mars_status
fake_open(void *user, void **file, mars_error *err)
{
    struct fake *f = user;

    f->opened++;
    *file = f;
    return answer(f->open, err);
}

static const mars_source SOURCE = { .struct_size = sizeof SOURCE,
                                    .next = fake_next,
                                    .describe = fake_describe,
                                    .open = fake_open,
                                    .read = fake_read,
                                    .close = fake_close };

struct told {
    unsigned skipped;
    char path[64];
    char message[240];
};

static void
note_event(const mars_event *e, void *user)
{
    struct told *t = user;

    if (e->kind != MARS_EVENT_SKIPPED)
        return;
    t->skipped++;
    memcpy(t->path, e->path, (size_t)e->path_len);
    strcpy(t->message, e->message);
}

/* One backup of the source. */
static mars_status
back_up(struct kit *k, struct fake *f, struct mrs_backup_counts *counts, struct told *told)
{
    struct mrs_backup_spec spec = { .source = &f->table,
                                    .machine_name = "m",
                                    .item = "files",
                                    .compression = { MRS_CODEC_LZ4, MRS_LZ4_FAST } };
    struct mrs_listener listener = { .event = note_event, .event_user = told };
    struct mrs_engine *engine = NULL;
    struct mrs_backup *b = NULL;
    mars_status st;

    memset(told, 0, sizeof *told);
    memset(counts, 0, sizeof *counts);
    memcpy(spec.machine, MACHINE, sizeof spec.machine);
    f->table = SOURCE;
    f->table.user = f;
    f->given = 0;
    f->opened = 0;
    assert_int_equal(mrs_engine_new(&engine, 2, 64 * MIB, NULL), MARS_OK);
    assert_int_equal(mrs_engine_open(engine, NULL), MARS_OK);
    assert_int_equal(mrs_backup_start(&b, engine, k->d, &spec, &listener, NULL), MARS_OK);
    st = mrs_backup_end(b, counts, NULL);
    mrs_engine_close(engine);
    mrs_engine_free(engine);
    return st;
}

/* A file that yields nothing at all is in the point as far as it came: empty. */
static void
a_large_file_of_which_nothing_can_be_read_fails_itself_alone(void **state)
{
    struct fake f = { .size = 3 * MIB, .read = MARS_ERR_IO };
    struct mrs_backup_counts c;
    struct told told;

    assert_int_equal(back_up(*state, &f, &c, &told), MARS_OK);
    assert_true(c.committed);
    assert_int_equal(c.skipped, 1);
    assert_string_equal(told.path, "/d/f");
    assert_string_equal(told.message, "this disk is bad");
}

static void
a_large_file_that_was_emptied_before_it_was_read_is_named(void **state)
{
    struct fake f = { .size = 3 * MIB, .gone = true };
    struct mrs_backup_counts c;
    struct told told;

    assert_int_equal(back_up(*state, &f, &c, &told), MARS_OK);
    assert_int_equal(c.skipped, 1);
    assert_int_equal(c.bytes, 0);
    assert_string_equal(told.path, "/d/f");
}

static void
a_lack_of_memory_is_not_the_files_failure(void **state)
{
    struct fake f = { .size = 1000, .read = MARS_ERR_NOMEM };
    struct mrs_backup_counts c;
    struct told told;

    assert_int_equal(back_up(*state, &f, &c, &told), MARS_ERR_NOMEM);
    f.size = 3 * MIB;
    assert_int_equal(back_up(*state, &f, &c, &told), MARS_ERR_NOMEM);
    assert_int_equal(told.skipped, 0);
    assert_int_equal(kit_count(*state, "points/"), 0);
}

static void
a_directory_whose_attributes_cannot_be_read_is_named(void **state)
{
    struct fake f = { .size = 1000, .describe_dir = MARS_ERR_IO };
    struct mrs_backup_counts c;
    struct told told;

    assert_int_equal(back_up(*state, &f, &c, &told), MARS_OK);
    assert_int_equal(c.skipped, 1);
    assert_int_equal(c.files, 1);
    assert_string_equal(told.path, "/d");
    f.describe_dir = MARS_ERR_NOT_FOUND; /* it vanished: what its stat told is in the point */
    assert_int_equal(back_up(*state, &f, &c, &told), MARS_OK);
    assert_int_equal(c.skipped, 0);
}

/* The name of the only data pack. */
static void
data_pack(const struct kit *k, uint8_t pack[32])
{
    char name[MRS_OBJECT_NAME_MAX];
    const char *hex;

    kit_only(k, "packs/data/", name);
    hex = strrchr(name, '/') + 1;
    for (int i = 0; i < 32; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        pack[i] = (uint8_t)byte;
    }
}

/* A collector may delete a tombstoned pack as soon as nobody needs it: who begins now must not. */
static void
an_unchanged_file_whose_pack_is_tombstoned_is_read_again(void **state)
{
    struct kit *k = *state;
    struct fake f = { .size = 1000 };
    struct mrs_backup_counts c;
    struct told told;
    uint8_t pack[32];

    assert_int_equal(back_up(k, &f, &c, &told), MARS_OK);
    assert_int_equal(back_up(k, &f, &c, &told), MARS_OK);
    assert_int_equal(c.unchanged, 1);
    assert_int_equal(f.opened, 0);
    data_pack(k, pack);
    kit_tombstone(k, MRS_OP_TOMBSTONE, pack);
    assert_int_equal(back_up(k, &f, &c, &told), MARS_OK);
    assert_int_equal(c.unchanged, 0);
    assert_int_equal(f.opened, 1);
    assert_int_equal(c.bytes_new, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_large_file_of_which_nothing_can_be_read_fails_itself_alone),
        KIT_TEST(a_large_file_that_was_emptied_before_it_was_read_is_named),
        KIT_TEST(a_lack_of_memory_is_not_the_files_failure),
        KIT_TEST(a_directory_whose_attributes_cannot_be_read_is_named),
        KIT_TEST(an_unchanged_file_whose_pack_is_tombstoned_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
