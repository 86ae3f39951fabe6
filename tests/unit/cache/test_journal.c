#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/hex.h"
#include "cache/cache_int.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "platform/thread.h"
#include "tmpdir.h"

static const uint8_t KEY[MRS_CACHE_KEY_SIZE] = { 0x4b, 0x45, 0x59 };
static const uint8_t DOMAIN[16] = { 0xab };
static const uint8_t ITEM[16] = { 1, 2, 3 };
static const uint8_t SESSION[16] = { 0x5e, 0x55 };
static const uint64_t GENERATION = 18446744073709551615u;
#define SESSION_LINE "session 5e550000000000000000000000000000 7"

struct room {
    char dir[TMPDIR_PATH_MAX];
    char path[TMPDIR_PATH_MAX + 100]; /* of the journal's file */
    struct mrs_cache *cache;
};

static int
set_up(void **state)
{
    static struct room r;

    tmpdir_make(r.dir);
    (void)snprintf(r.path, sizeof r.path, "%s/%s/journal/%s", r.dir,
                   "ab000000000000000000000000000000", "01020300000000000000000000000000");
    assert_int_equal(mrs_cache_open(&r.cache, r.dir, DOMAIN, KEY, NULL), MARS_OK);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    mrs_cache_close(r->cache);
    tmpdir_remove(r->dir);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static struct mrs_journal *
open_journal(const struct room *r)
{
    struct mrs_journal *j = NULL;

    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    return j;
}

/* Digest i of the tests; its kind is i % 256. */
static const uint8_t *
digest(unsigned i)
{
    static uint8_t d[32];

    for (size_t k = 0; k < sizeof d; k++)
        d[k] = (uint8_t)(i >> (k % 4) ^ k * 17);
    return d;
}

static void
add_pack(struct mrs_journal *j, unsigned i)
{
    assert_int_equal(mrs_journal_pack(j, (uint8_t)i, digest(i), NULL), MARS_OK);
}

static bool
is_pack(const struct mrs_journal_left *left, size_t at, unsigned i)
{
    return left->packs[at][0] == (uint8_t)i && memcmp(left->packs[at] + 1, digest(i), 32) == 0;
}

static struct mrs_journal_left
read_journal(const struct room *r)
{
    struct mrs_journal *j = open_journal(r);
    struct mrs_journal_left left;

    assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
    mrs_journal_close(j);
    return left;
}

static void
assert_nothing_left(const struct room *r)
{
    struct mrs_journal_left left = read_journal(r);

    assert_false(left.any);
    assert_int_equal(left.n_packs, 0);
    assert_int_equal(left.beats, 0);
    mrs_free(left.packs);
}

static struct mrs_buf
slurp(const struct room *r)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 20);

    assert_int_equal(mrs_file_slurp(r->path, &b, NULL), MARS_OK);
    return b;
}

/* Unlike mrs_file_replace it does not wait for the disk. */
static void
overwrite(const struct room *r, const void *data, size_t n)
{
    struct mrs_file *f = NULL;
    mars_status st = mrs_file_delete(r->path, NULL);

    assert_true(st == MARS_OK || st == MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_file_create(&f, r->path, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, data, n, NULL), MARS_OK);
    mrs_file_close(f);
}

/* A session with packs 1, 2 and 200 and beats 0 to 2: seven lines. */
static struct mrs_buf
write_session(const struct room *r)
{
    struct mrs_journal *j = open_journal(r);

    assert_int_equal(mrs_journal_begin(j, SESSION, GENERATION, NULL), MARS_OK);
    add_pack(j, 1);
    assert_int_equal(mrs_journal_beat(j, 0, NULL), MARS_OK);
    add_pack(j, 2);
    assert_int_equal(mrs_journal_beat(j, 1, NULL), MARS_OK);
    assert_int_equal(mrs_journal_beat(j, 2, NULL), MARS_OK);
    add_pack(j, 200);
    mrs_journal_close(j);
    return slurp(r);
}

/* What the first n lines of it say. */
static void
assert_lines(const struct mrs_journal_left *left, size_t n)
{
    static const size_t packs[] = { 0, 0, 1, 1, 2, 2, 2, 3 };
    static const uint64_t beats[] = { 0, 0, 0, 1, 1, 2, 3, 3 };
    static const unsigned which[] = { 1, 2, 200 };

    assert_int_equal(left->any, n > 0);
    assert_int_equal(left->n_packs, packs[n]);
    assert_int_equal(left->beats, beats[n]);
    for (size_t i = 0; i < packs[n]; i++)
        assert_true(is_pack(left, i, which[i]));
    if (n > 0) {
        assert_memory_equal(left->session, SESSION, sizeof SESSION);
        assert_true(left->generation == GENERATION);
    }
}

static size_t
lines_in(const uint8_t *text, size_t n)
{
    size_t lines = 0;

    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static void
what_is_written_down_comes_back(void **state)
{
    const struct room *r = *state;
    struct mrs_buf text;
    struct mrs_journal_left left;

    assert_nothing_left(r);
    text = write_session(r);
    assert_int_equal(lines_in(text.data, text.len), 7);
    for (int i = 0; i < 2; i++) { /* reading changes nothing */
        left = read_journal(r);
        assert_lines(&left, 7);
        mrs_free(left.packs);
    }
    mrs_buf_free(&text);
}

static void
a_journal_that_was_cleared_leaves_nothing(void **state)
{
    const struct room *r = *state;
    struct mrs_buf text = write_session(r);
    struct mrs_journal *j = open_journal(r);

    assert_int_equal(mrs_journal_clear(j, NULL), MARS_OK);
    assert_int_equal(mrs_journal_clear(j, NULL), MARS_OK);
    mrs_journal_close(j);
    assert_nothing_left(r);
    mrs_buf_free(&text);
}

static void
beginning_anew_forgets_the_session_before(void **state)
{
    static const uint8_t other[16] = { 9 };
    const struct room *r = *state;
    struct mrs_buf text = write_session(r);
    struct mrs_journal *j = open_journal(r);
    struct mrs_journal_left left;

    add_pack(j, 3); /* the file is open for appending when it is replaced */
    assert_int_equal(mrs_journal_begin(j, other, 5, NULL), MARS_OK);
    add_pack(j, 4);
    mrs_journal_close(j);
    left = read_journal(r);
    assert_true(left.any);
    assert_memory_equal(left.session, other, sizeof other);
    assert_int_equal(left.generation, 5);
    assert_int_equal(left.beats, 0);
    assert_int_equal(left.n_packs, 1);
    assert_true(is_pack(&left, 0, 4));
    mrs_free(left.packs);
    mrs_buf_free(&text);
}

static void
an_item_has_one_session_at_a_time(void **state)
{
    static const uint8_t other_item[16] = { 4 };
    const struct room *r = *state;
    struct mrs_journal *first = open_journal(r), *second = first, *other = NULL;
    struct mrs_cache *again = NULL;
    mars_error err;

    assert_int_equal(mrs_journal_open(&second, r->cache, ITEM, &err), MARS_ERR_LOCKED);
    assert_null(second);
    assert_string_equal(err.message, "this item is being backed up already");
    /* As another process would come to it. */
    assert_int_equal(mrs_cache_open(&again, r->dir, DOMAIN, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&second, again, ITEM, NULL), MARS_ERR_LOCKED);
    assert_int_equal(mrs_journal_open(&other, again, other_item, NULL), MARS_OK);
    mrs_journal_close(other);
    mrs_journal_close(first);
    assert_int_equal(mrs_journal_open(&second, again, ITEM, NULL), MARS_OK);
    mrs_journal_close(second);
    mrs_cache_close(again);
    mrs_journal_close(NULL);
}

/* The file cut at every length: whole lines count, the torn one does not, and what the next
 * session adds is not lost with it. */
static void
every_torn_line_is_cut_off_before_more_is_added(void **state)
{
    const struct room *r = *state;
    struct mrs_buf text = write_session(r);

    for (size_t cut = 0; cut <= text.len; cut++) {
        size_t lines = lines_in(text.data, cut), whole = cut;
        struct mrs_journal_left left;
        struct mrs_journal *j;
        struct mrs_buf now;

        overwrite(r, text.data, cut);
        j = open_journal(r);
        assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
        assert_lines(&left, lines);
        mrs_free(left.packs);
        while (whole > 0 && text.data[whole - 1] != '\n')
            whole--;
        now = slurp(r);
        assert_int_equal(now.len, whole);
        if (whole > 0)
            assert_memory_equal(now.data, text.data, whole);
        mrs_buf_free(&now);
        if (lines > 0) {
            add_pack(j, 77);
            assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
            assert_true(left.n_packs > 0 && is_pack(&left, left.n_packs - 1, 77));
            left.n_packs--;
            assert_lines(&left, lines);
            mrs_free(left.packs);
        }
        mrs_journal_close(j);
    }
    mrs_buf_free(&text);
}

/* A backup of tens of terabytes, interrupted near its end; the last line is torn. */
static void
a_journal_of_more_than_64_mib_is_read_whole(void **state)
{
    enum { PACKS = 640 * 1000 };
    const struct room *r = *state;
    struct mrs_journal_left left;
    struct mrs_journal *j = open_journal(r);
    struct mrs_file_info info, now;
    struct mrs_file *f = NULL;

    assert_int_equal(mrs_journal_begin(j, SESSION, GENERATION, NULL), MARS_OK);
    for (unsigned i = 0; i < PACKS; i++)
        if (mrs_journal_pack(j, (uint8_t)i, digest(i), NULL) != MARS_OK)
            fail();
    mrs_journal_close(j);
    assert_int_equal(mrs_file_stat(r->path, &info, NULL), MARS_OK);
    assert_true(info.size > 64 << 20);
    assert_int_equal(mrs_file_open_append(&f, r->path, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, "pack 1 ", 7, NULL), MARS_OK);
    mrs_file_close(f);
    left = read_journal(r);
    assert_int_equal(left.n_packs, PACKS);
    for (unsigned i = 0; i < PACKS; i++)
        if (!is_pack(&left, i, i))
            fail();
    mrs_free(left.packs);
    assert_int_equal(mrs_file_stat(r->path, &now, NULL), MARS_OK);
    assert_true(now.size == info.size); /* what was torn is gone */
}

static void
a_line_with_any_byte_changed_ends_what_counts(void **state)
{
    const struct room *r = *state;
    struct mrs_buf text = write_session(r);

    for (size_t i = 0; i < text.len; i++) {
        uint8_t flip = (uint8_t)(1 << i % 8);
        struct mrs_journal_left left;

        text.data[i] ^= flip;
        overwrite(r, text.data, text.len);
        text.data[i] ^= flip;
        left = read_journal(r);
        assert_lines(&left, lines_in(text.data, i));
        mrs_free(left.packs);
    }
    mrs_buf_free(&text);
}

/* line, its check and a line break: behind the lines of b, which all have theirs */
static void
append_line(const struct room *r, struct mrs_buf *b, const char *line)
{
    uint8_t tag[MRS_CACHE_TAG_SIZE];
    char check[2 * 16 + 1], text[300];
    size_t last = b->len > 0 ? 32 : 0; /* of the check before */

    memcpy(text, last > 0 ? (const char *)b->data + b->len - 33 : "", last);
    memcpy(text + last, line, strlen(line));
    assert_int_equal(mrs_cache_tag(r->cache, "journal/01020300000000000000000000000000", text,
                                   last + strlen(line), tag, NULL),
                     MARS_OK);
    mrs_hex_encode(check, tag, 16);
    assert_int_equal(mrs_buf_append(b, line, strlen(line), NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(b, " ", 1, NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(b, check, 32, NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(b, "\n", 1, NULL), MARS_OK);
}

static void
lines_that_this_build_does_not_write_end_what_counts(void **state)
{
#define SIXTY_FOUR "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static const char *const lines[] = {
        "", " ", "pack", "beat", "beat ", "beat 1 2", "beat -1", "beat +1", "beat 1x", "beat  1",
        "beat 18446744073709551615", "beat 18446744073709551616", "beat 99999999999999999999",
        "beats 1", "Beat 1", "tree 1 " SIXTY_FOUR, "pack 256 " SIXTY_FOUR, "pack x " SIXTY_FOUR,
        "pack 1 " SIXTY_FOUR "0", "pack 1 0" SIXTY_FOUR, "pack 1 x" SIXTY_FOUR,
        "pack 1 AA112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "pack 1 " SIXTY_FOUR " more", SESSION_LINE };
    const struct room *r = *state;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct mrs_buf text = MRS_BUF_INIT(10000);
        struct mrs_journal_left left;

        append_line(r, &text, SESSION_LINE);
        append_line(r, &text, "pack 6 " SIXTY_FOUR);
        append_line(r, &text, lines[i]);
        append_line(r, &text, "pack 7 " SIXTY_FOUR);
        overwrite(r, text.data, text.len);
        left = read_journal(r);
        if (!left.any || left.n_packs != 1 || left.packs[0][0] != 6 || left.beats != 0)
            fail_msg("line \"%s\" was taken", lines[i]);
        assert_int_equal(left.generation, 7);
        mrs_free(left.packs);
        mrs_buf_free(&text);
    }
}

static void
a_journal_that_does_not_begin_with_a_session_is_none(void **state)
{
    static const char *const lines[] = {
        "pack 6 " SIXTY_FOUR, "beat 1", "session 5e550000000000000000000000000000",
        "session 5e55000000000000000000000000000 7", "session 5e550000000000000000000000000000 x",
        "session 5e550000000000000000000000000000 18446744073709551616",
        SESSION_LINE " 7" };
    const struct room *r = *state;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct mrs_buf text = MRS_BUF_INIT(10000);

        append_line(r, &text, lines[i]);
        append_line(r, &text, SESSION_LINE);
        overwrite(r, text.data, text.len);
        assert_nothing_left(r);
        mrs_buf_free(&text);
    }
}

/* Lines that were whole, under this key: taken out, repeated, from another item's journal. */
static void
lines_that_were_moved_end_what_counts(void **state)
{
    static const uint8_t other_item[16] = { 4 };
    const struct room *r = *state;
    struct mrs_buf text = write_session(r), half = MRS_BUF_INIT(1 << 20);
    const uint8_t *second = (uint8_t *)memchr(text.data, '\n', text.len) + 1;
    const uint8_t *third = (uint8_t *)memchr(second, '\n', 200) + 1;
    struct mrs_journal_left left;
    struct mrs_journal *j = NULL;
    char path[TMPDIR_PATH_MAX + 100];

    assert_int_equal(mrs_buf_append(&half, text.data, (size_t)(second - text.data), NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(&half, third, text.len - (size_t)(third - text.data), NULL),
                     MARS_OK);
    overwrite(r, half.data, half.len);
    left = read_journal(r);
    assert_lines(&left, 1);
    mrs_free(left.packs);
    half.len = (size_t)(third - text.data);
    memcpy(half.data, text.data, half.len);
    assert_int_equal(mrs_buf_append(&half, second, (size_t)(third - second), NULL), MARS_OK);
    overwrite(r, half.data, half.len);
    left = read_journal(r);
    assert_lines(&left, 2);
    mrs_free(left.packs);
    assert_int_equal(mrs_journal_open(&j, r->cache, other_item, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, SESSION, 1, NULL), MARS_OK);
    mrs_journal_close(j);
    half.len = 0;
    (void)snprintf(path, sizeof path, "%.*s%s", (int)strlen(r->path) - 32, r->path,
                   "04000000000000000000000000000000");
    assert_int_equal(mrs_file_slurp(path, &half, NULL), MARS_OK);
    overwrite(r, half.data, half.len);
    assert_nothing_left(r);
    mrs_buf_free(&half);
    mrs_buf_free(&text);
}

static void
a_beat_of_any_order_counts_the_highest(void **state)
{
    const struct room *r = *state;
    struct mrs_journal *j = open_journal(r);
    struct mrs_journal_left left;

    assert_int_equal(mrs_journal_begin(j, SESSION, 0, NULL), MARS_OK);
    assert_int_equal(mrs_journal_beat(j, UINT64_MAX - 1, NULL), MARS_OK);
    assert_int_equal(mrs_journal_beat(j, 3, NULL), MARS_OK);
    mrs_journal_close(j);
    left = read_journal(r);
    assert_true(left.beats == UINT64_MAX);
    mrs_free(left.packs);
}

/* A disk that is full, played by a limit to the size of files: it tears a line. */
static void
after_a_line_that_was_torn_nothing_is_added(void **state)
{
    const struct room *r = *state;
    struct mrs_buf text = write_session(r);
    struct mrs_journal *j = open_journal(r);
    struct mrs_journal_left left;
    struct rlimit before, tight;
    mars_status torn, after;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = text.len + 10;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    torn = mrs_journal_pack(j, 1, digest(1), NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    after = mrs_journal_pack(j, 2, digest(2), NULL);
    assert_int_not_equal(torn, MARS_OK);
    assert_int_equal(after, MARS_ERR_IO);
    assert_int_equal(mrs_journal_beat(j, 9, NULL), MARS_ERR_IO);
    assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
    assert_lines(&left, 7);
    mrs_free(left.packs);
    /* The next session begins anew. */
    assert_int_equal(mrs_journal_begin(j, SESSION, 1, NULL), MARS_OK);
    add_pack(j, 5);
    assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
    assert_int_equal(left.n_packs, 1);
    mrs_free(left.packs);
    mrs_journal_close(j);
    mrs_buf_free(&text);
}

enum { THREADS = 4, EACH = 60 };
struct writer {
    struct mrs_journal *j;
    unsigned from;
    int bad;
};

static void
write_packs(void *arg)
{
    struct writer *w = arg;

    for (unsigned i = 0; i < EACH; i++) {
        uint8_t d[32] = { (uint8_t)(w->from + i) };

        w->bad += mrs_journal_pack(w->j, 6, d, NULL) != MARS_OK;
        w->bad += mrs_journal_beat(w->j, w->from + i, NULL) != MARS_OK;
    }
}

static void
threads_may_write_at_once(void **state)
{
    const struct room *r = *state;
    struct mrs_journal *j = open_journal(r);
    struct mrs_journal_left left;
    struct mrs_thread *t[THREADS];
    struct writer w[THREADS];
    uint8_t seen[THREADS * EACH] = { 0 };

    assert_int_equal(mrs_journal_begin(j, SESSION, 0, NULL), MARS_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct writer){ j, i * EACH, 0 };
        assert_int_equal(mrs_thread_start(&t[i], write_packs, &w[i], NULL), MARS_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        mrs_thread_join(t[i]);
        assert_int_equal(w[i].bad, 0);
    }
    mrs_journal_close(j);
    left = read_journal(r);
    assert_int_equal(left.n_packs, THREADS * EACH);
    assert_int_equal(left.beats, THREADS * EACH);
    for (size_t i = 0; i < left.n_packs; i++)
        seen[left.packs[i][1]]++;
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_equal(seen[i], 1);
    mrs_free(left.packs);
}

static void
open_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM;

    for (; st != MARS_OK; n++) {
        struct mrs_journal *j = NULL;

        assert_in_range(n, 0, 50);
        failing_alloc_arm(n);
        st = mrs_journal_open(&j, r->cache, ITEM, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK ? j != NULL : st == MARS_ERR_NOMEM && j == NULL);
        mrs_journal_close(j);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 3);
}

static mars_status
whole_session(struct mrs_journal *j)
{
    mars_status st = mrs_journal_begin(j, SESSION, GENERATION, NULL);

    if (st == MARS_OK)
        st = mrs_journal_pack(j, 1, digest(1), NULL);
    if (st == MARS_OK)
        st = mrs_journal_beat(j, 0, NULL);
    return st;
}

/* Where memory runs out, a line is there as a whole or not at all, and what was there stays. */
static void
writing_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    struct mrs_journal *j = open_journal(r);
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM;

    for (; st != MARS_OK; n++) {
        struct mrs_journal_left left;

        assert_in_range(n, 0, 100);
        assert_int_equal(mrs_journal_clear(j, NULL), MARS_OK);
        failing_alloc_arm(n);
        st = whole_session(j);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
        assert_lines(&left, left.any + left.n_packs + left.beats);
        assert_int_equal(left.any && left.n_packs == 1 && left.beats == 1, st == MARS_OK);
        mrs_free(left.packs);
        assert_int_equal(mrs_journal_clear(j, NULL), MARS_OK);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 2);
    mrs_journal_close(j);
}

static void
read_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    struct mrs_buf text = write_session(r);
    struct mrs_journal *j = open_journal(r);
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM;

    for (; st != MARS_OK; n++) {
        struct mrs_journal_left left;

        assert_in_range(n, 0, 100);
        overwrite(r, text.data, text.len - 1);
        failing_alloc_arm(n);
        st = mrs_journal_read(j, &left, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        if (st == MARS_OK)
            assert_lines(&left, 6);
        else
            assert_true(!left.any && left.packs == NULL && left.n_packs == 0);
        mrs_free(left.packs);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 3);
    mrs_journal_close(j);
    mrs_buf_free(&text);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_is_written_down_comes_back),
        IN_ROOM(a_journal_that_was_cleared_leaves_nothing),
        IN_ROOM(beginning_anew_forgets_the_session_before),
        IN_ROOM(an_item_has_one_session_at_a_time),
        IN_ROOM(every_torn_line_is_cut_off_before_more_is_added),
        IN_ROOM(a_journal_of_more_than_64_mib_is_read_whole),
        IN_ROOM(a_line_with_any_byte_changed_ends_what_counts),
        IN_ROOM(lines_that_this_build_does_not_write_end_what_counts),
        IN_ROOM(a_journal_that_does_not_begin_with_a_session_is_none),
        IN_ROOM(lines_that_were_moved_end_what_counts),
        IN_ROOM(a_beat_of_any_order_counts_the_highest),
        IN_ROOM(after_a_line_that_was_torn_nothing_is_added),
        IN_ROOM(threads_may_write_at_once),
        IN_ROOM(open_survives_every_failing_allocation),
        IN_ROOM(writing_survives_every_failing_allocation),
        IN_ROOM(read_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
