/* A journal is lines of text, each ending in a check, so that a line that was torn when the system
 * went down, or that somebody changed, and all behind it, count as never written:
 *
 *     session HEX GENERATION CHECK
 *     pack KIND HEX CHECK
 *     beat NUMBER CHECK
 *
 * The check of a line is under the cache's key and goes over item, the check before, and the line:
 * none can be moved, taken out or brought in from elsewhere. An old journal put back whole names a
 * session whose point, fence or missing lease tells that there is nothing to go on with.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/vec.h"
#include "cache/cache_int.h"
#include "platform/file.h"

enum { CHECK_BYTES = 16, CHECK_CHARS = 2 * CHECK_BYTES, LINE_MAX = 160 };
enum { ITEM_CHARS = 2 * 16, BLOCK = 1 << 16 };

struct mrs_journal {
    struct mrs_cache *cache;
    char what[sizeof MRS_CACHE_JOURNAL + ITEM_CHARS + 1]; /* journal/ITEM */
    char *path;
    struct mrs_lock *in_use; /* the cache stays where it is as long as this is held */
    struct mrs_lock *held;
    struct mrs_mutex *lock;   /* guards all below */
    char last[CHECK_CHARS + 1]; /* check of the last line; empty: there is none */
    struct mrs_file *appending;
    bool failed;              /* an append did: its line may be torn, nothing may follow it */
};

static mars_status
take_locks(struct mrs_journal *j, const char *cache_lock, const char *item_lock, mars_error *err)
{
    mars_status st = mrs_lock_share(&j->in_use, cache_lock, err);

    if (st == MARS_ERR_LOCKED)
        return mrs_fail(err, st, "the cache is being moved");
    if (st != MARS_OK)
        return st;
    st = mrs_lock_take(&j->held, item_lock, err);
    return st == MARS_ERR_LOCKED ? mrs_fail(err, st, "this item is being backed up already") : st;
}

/* All paths from one look at where the cache is: it may be moved until the locks are taken. A
 * session in the place that it was moved from would go on with what the copy of its journal goes on
 * with, too: so that is asked for afterwards. */
static mars_status
open_in(struct mrs_journal *j, const struct mrs_cache_place *at, const char item[ITEM_CHARS + 1],
        mars_error *err)
{
    char name[ITEM_CHARS + sizeof ".lock"];
    char *cache_lock = mrs_cache_join(at->root, MRS_CACHE_LOCK, NULL), *item_lock;
    mars_status st;

    (void)snprintf(name, sizeof name, "%s.lock", item);
    item_lock = mrs_cache_join(at->root, MRS_CACHE_JOURNAL, name);
    j->path = mrs_cache_join(at->root, MRS_CACHE_JOURNAL, item);
    st = cache_lock != NULL && item_lock != NULL && j->path != NULL
             ? take_locks(j, cache_lock, item_lock, err)
             : mrs_nomem(err);
    if (st == MARS_OK && j->cache->check != NULL)
        st = j->cache->check(j->cache->check_user, at->dir, err);
    mrs_free(item_lock);
    mrs_free(cache_lock);
    return st;
}

mars_status
mrs_journal_open(struct mrs_journal **out, struct mrs_cache *c, const uint8_t item[16],
                 mars_error *err)
{
    struct mrs_journal *j;
    char name[ITEM_CHARS + 1];
    mars_status st;

    *out = NULL;
    j = mrs_alloc(sizeof *j);
    if (j == NULL)
        return mrs_nomem(err);
    j->cache = c;
    mrs_hex_encode(name, item, 16);
    memcpy(j->what, MRS_CACHE_JOURNAL "/", sizeof MRS_CACHE_JOURNAL);
    memcpy(j->what + sizeof MRS_CACHE_JOURNAL, name, sizeof name);
    st = mrs_mutex_new(&j->lock, err);
    if (st == MARS_OK)
        st = open_in(j, mrs_cache_at(c), name, err);
    if (st != MARS_OK)
        mrs_journal_close(j);
    else
        *out = j;
    return st;
}

void
mrs_journal_close(struct mrs_journal *j)
{
    if (j == NULL)
        return;
    mrs_file_close(j->appending);
    mrs_lock_release(j->held);
    mrs_lock_release(j->in_use);
    mrs_mutex_free(j->lock);
    mrs_free(j->path);
    mrs_free(j);
}

/* The check of a line that follows the one whose check is `last`. */
static mars_status
check_of(const struct mrs_journal *j, const char *last, const char *line, size_t n,
         char out[CHECK_CHARS + 1], mars_error *err)
{
    char text[CHECK_CHARS + LINE_MAX];
    uint8_t tag[MRS_CACHE_TAG_SIZE];
    size_t len = strlen(last);
    mars_status st;

    memcpy(text, last, len);
    memcpy(text + len, line, n);
    st = mrs_cache_tag(j->cache, j->what, text, len + n, tag, err);
    if (st == MARS_OK)
        mrs_hex_encode(out, tag, CHECK_BYTES);
    return st;
}

/* Append " CHECK\n" to a line of n characters; gives the check, too. */
static mars_status
end_line(const struct mrs_journal *j, const char *last, char line[LINE_MAX], size_t *n,
         char check[CHECK_CHARS + 1], mars_error *err)
{
    mars_status st = check_of(j, last, line, *n, check, err);

    if (st != MARS_OK)
        return st;
    line[(*n)++] = ' ';
    memcpy(line + *n, check, CHECK_CHARS);
    *n += CHECK_CHARS;
    line[(*n)++] = '\n';
    return MARS_OK;
}

/* Decimal digits and nothing else. */
static bool
to_u64(const char *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned char)s[i] - (unsigned)'0';

        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return n > 0;
}

/* The word of a line, up to the next space or the end; false where there is none. */
static bool
word(const char **at, const char *end, const char **start, size_t *n)
{
    const char *space = *at < end ? memchr(*at, ' ', (size_t)(end - *at)) : NULL;

    *start = *at;
    *n = (size_t)((space != NULL ? space : end) - *at);
    *at = space != NULL ? space + 1 : end;
    return *n > 0;
}

static bool
is_word(const char *start, size_t n, const char *text)
{
    return n == strlen(text) && memcmp(start, text, n) == 0;
}

static bool
take_pack(const char *kind, size_t kind_len, const char *hex, size_t hex_len, struct mrs_vec *packs,
          mars_status *st)
{
    uint8_t entry[33], *at;
    uint64_t k;

    if (!to_u64(kind, kind_len, &k) || k > UINT8_MAX ||
        !mrs_hex_decode(entry + 1, 32, hex, hex_len))
        return false;
    entry[0] = (uint8_t)k;
    at = mrs_vec_add(packs);
    if (at == NULL)
        *st = MARS_ERR_NOMEM;
    else
        memcpy(at, entry, sizeof entry);
    return at != NULL;
}

/* One line without its check; false if it is none that this build writes. */
static bool
take_line(struct mrs_journal_left *left, struct mrs_vec *packs, const char *line, size_t n,
          mars_status *st)
{
    const char *at = line, *end = line + n, *w[3];
    size_t len[3], words = 0;
    uint64_t number;

    while (words < 3 && word(&at, end, &w[words], &len[words]))
        words++;
    if (at != end || words < 2)
        return false;
    if (!left->any) {
        left->any = words == 3 && is_word(w[0], len[0], "session") &&
                    mrs_hex_decode(left->session, sizeof left->session, w[1], len[1]) &&
                    to_u64(w[2], len[2], &left->generation);
        return left->any;
    }
    if (words == 3 && is_word(w[0], len[0], "pack"))
        return take_pack(w[1], len[1], w[2], len[2], packs, st);
    if (words != 2 || !is_word(w[0], len[0], "beat") || !to_u64(w[1], len[1], &number) ||
        number == UINT64_MAX)
        return false;
    if (number >= left->beats)
        left->beats = number + 1;
    return true;
}

/* How many bytes of text are whole lines that parse; last becomes the check of the last one. */
static mars_status
parse(const struct mrs_journal *j, struct mrs_journal_left *left, struct mrs_vec *packs,
      const struct mrs_buf *text, char last[CHECK_CHARS + 1], size_t *good, mars_error *err)
{
    mars_status st = MARS_OK;

    for (*good = 0; st == MARS_OK && *good < text->len;) {
        const char *line = (const char *)text->data + *good;
        const char *end = memchr(line, '\n', text->len - *good);
        size_t n = end != NULL ? (size_t)(end - line) : 0;
        char check[CHECK_CHARS + 1];

        if (n < CHECK_CHARS + 1 || n >= LINE_MAX || line[n - CHECK_CHARS - 1] != ' ')
            break;
        n -= CHECK_CHARS + 1;
        st = check_of(j, last, line, n, check, err);
        if (st != MARS_OK || !mrs_equal_ct(check, line + n + 1, CHECK_CHARS) ||
            !take_line(left, packs, line, n, &st))
            break;
        memcpy(last, check, sizeof check);
        *good = (size_t)(end + 1 - (const char *)text->data);
    }
    return st == MARS_ERR_NOMEM ? mrs_nomem(err) : st;
}

/* Up to n bytes of a file from `at` on, in place of what is in text. */
static mars_status
load(struct mrs_file *f, uint64_t at, size_t n, struct mrs_buf *text, mars_error *err)
{
    size_t got = 0;
    mars_status st = mrs_buf_resize(text, n, err);

    if (st == MARS_OK)
        st = mrs_file_read_at(f, at, text->data, n, &got, err);
    text->len = st == MARS_OK ? got : 0;
    return st;
}

/* The same of a whole file, block by block: each begins with the line that the one before did not
 * have to its end. */
static mars_status
parse_file(const struct mrs_journal *j, struct mrs_file *f, struct mrs_journal_left *left,
           struct mrs_vec *packs, char last[CHECK_CHARS + 1], uint64_t *good, mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(BLOCK);
    size_t more = 1;
    mars_status st = MARS_OK;

    for (*good = 0; st == MARS_OK && more > 0; *good += more) {
        more = 0;
        st = load(f, *good, BLOCK, &text, err);
        if (st == MARS_OK)
            st = parse(j, left, packs, &text, last, &more, err);
    }
    mrs_buf_free(&text);
    return st;
}

static void
stop_appending(struct mrs_journal *j)
{
    mrs_file_close(j->appending);
    j->appending = NULL;
    j->failed = false;
}

/* Only the first n bytes stay. Seldom: after a system went down. */
static mars_status
cut(struct mrs_journal *j, uint64_t n, mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(SIZE_MAX / 2);
    struct mrs_file *f = NULL;
    mars_status st = mrs_file_open(&f, j->path, err);

    if (st == MARS_OK)
        st = (size_t)n == n ? load(f, 0, (size_t)n, &text, err) : mrs_nomem(err);
    mrs_file_close(f);
    if (st == MARS_OK && text.len != n)
        st = mrs_fail(err, MARS_ERR_IO, "%.150s: became shorter while it was read", j->path);
    stop_appending(j);
    if (st == MARS_OK)
        st = mrs_file_replace(j->path, text.data, text.len, err);
    mrs_buf_free(&text);
    return st;
}

/* With the lock held. */
static mars_status
read_all(struct mrs_journal *j, struct mrs_journal_left *left, struct mrs_vec *packs,
         mars_error *err)
{
    struct mrs_file *f = NULL;
    char last[CHECK_CHARS + 1] = "";
    uint64_t size = 0, good = 0;
    mars_status st = mrs_file_open(&f, j->path, err);

    if (st == MARS_OK)
        st = mrs_file_size(f, &size, err);
    if (st == MARS_OK)
        st = parse_file(j, f, left, packs, last, &good, err);
    mrs_file_close(f);
    /* Cut off what is torn: lines that this session adds behind it would be lost with it. */
    if (st == MARS_OK && good < size)
        st = cut(j, good, err);
    if (st == MARS_OK)
        memcpy(j->last, last, sizeof last);
    return st;
}

mars_status
mrs_journal_read(struct mrs_journal *j, struct mrs_journal_left *left, mars_error *err)
{
    struct mrs_vec packs = { NULL, 0, 0, sizeof left->packs[0] };
    mars_status st;

    memset(left, 0, sizeof *left);
    mrs_mutex_lock(j->lock);
    st = read_all(j, left, &packs, err);
    mrs_mutex_unlock(j->lock);
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        return MARS_OK;
    }
    if (st != MARS_OK) {
        mrs_vec_free(&packs);
        memset(left, 0, sizeof *left);
    } else {
        left->packs = packs.items;
        left->n_packs = packs.len;
    }
    return st;
}

mars_status
mrs_journal_begin(struct mrs_journal *j, const uint8_t session[16], uint64_t generation,
                  mars_error *err)
{
    char hex[2 * 16 + 1], line[LINE_MAX], check[CHECK_CHARS + 1];
    size_t n;
    mars_status st;

    mrs_hex_encode(hex, session, 16);
    n = (size_t)snprintf(line, sizeof line, "session %s %" PRIu64, hex, generation);
    st = end_line(j, "", line, &n, check, err);
    mrs_mutex_lock(j->lock);
    stop_appending(j);
    if (st == MARS_OK)
        st = mrs_file_replace(j->path, line, n, err);
    if (st == MARS_OK)
        memcpy(j->last, check, sizeof check);
    mrs_mutex_unlock(j->lock);
    return st;
}

static mars_status
append(struct mrs_journal *j, char line[LINE_MAX], size_t n, mars_error *err)
{
    char check[CHECK_CHARS + 1];
    mars_status st;

    mrs_mutex_lock(j->lock);
    st = end_line(j, j->last, line, &n, check, err);
    if (st == MARS_OK && j->failed)
        st = mrs_fail(err, MARS_ERR_IO, "%s: an earlier write failed", j->path);
    if (st == MARS_OK && j->appending == NULL)
        st = mrs_file_open_append(&j->appending, j->path, err);
    if (st == MARS_OK) {
        st = mrs_file_append(j->appending, line, n, err);
        j->failed = st != MARS_OK;
    }
    if (st == MARS_OK)
        memcpy(j->last, check, sizeof check);
    mrs_mutex_unlock(j->lock);
    return st;
}

mars_status
mrs_journal_pack(struct mrs_journal *j, uint8_t kind, const uint8_t digest[32], mars_error *err)
{
    char hex[2 * 32 + 1], line[LINE_MAX];

    mrs_hex_encode(hex, digest, 32);
    return append(j, line, (size_t)snprintf(line, sizeof line, "pack %u %s", kind, hex), err);
}

mars_status
mrs_journal_beat(struct mrs_journal *j, uint64_t number, mars_error *err)
{
    char line[LINE_MAX];

    return append(j, line, (size_t)snprintf(line, sizeof line, "beat %" PRIu64, number), err);
}

mars_status
mrs_journal_clear(struct mrs_journal *j, mars_error *err)
{
    mars_status st;

    mrs_mutex_lock(j->lock);
    stop_appending(j);
    st = mrs_file_delete(j->path, err);
    mrs_mutex_unlock(j->lock);
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        return MARS_OK;
    }
    return st;
}
