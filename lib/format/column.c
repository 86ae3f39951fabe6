#include "format/column.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "format/bits.h"

enum { NAMES_PLAIN = 0, NAMES_PACKED = 1, ALPHABET_MAX = 16 };

void
mrs_strings_write(struct mrs_wr *w, const struct mrs_slice *s, size_t n, uint64_t *lens)
{
    for (size_t i = 0; i < n; i++)
        lens[i] = s[i].n;
    mrs_ints_write(w, lens, n, 0);
    for (size_t i = 0; i < n; i++)
        if (s[i].n > 0)
            mrs_wr_bytes(w, s[i].p, s[i].n);
}

void
mrs_strings_read(struct mrs_rd *r, struct mrs_slice *s, size_t n, uint64_t *lens)
{
    mrs_ints_read(r, lens, n, 0);
    for (size_t i = 0; i < n && !r->bad; i++) {
        r->bad |= lens[i] > r->left;
        s[i].n = r->bad ? 0 : (size_t)lens[i];
        s[i].p = mrs_rd_take(r, s[i].n);
    }
}

static size_t
common_prefix(struct mrs_slice a, struct mrs_slice b)
{
    size_t max = a.n < b.n ? a.n : b.n, i = 0;

    while (i + 8 <= max && memcmp(a.p + i, b.p + i, 8) == 0)
        i += 8;
    while (i < max && a.p[i] == b.p[i])
        i++;
    return i;
}

/* Fill in what each name shares with the one before, and what it adds. Returns how many bytes are
 * added in all; 0 when the names do not ascend, or one is empty or too long. */
static size_t
front_code(const struct mrs_slice *s, size_t n, uint64_t *shared, uint64_t *added)
{
    struct mrs_slice before = { NULL, 0 };
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        size_t same = i > 0 ? common_prefix(before, s[i]) : 0;

        if (same == s[i].n || s[i].n > MRS_NAME_BYTES_MAX ||
            (same < before.n && s[i].p[same] < before.p[same]))
            return 0;
        shared[i] = same;
        added[i] = s[i].n - same;
        total += s[i].n - same;
        before = s[i];
    }
    return total;
}

/* The bytes that names add, each one's index among them; 0 when there are more than 16. */
static unsigned
find_alphabet(const struct mrs_slice *s, size_t n, const uint64_t *shared, uint8_t index[256],
              uint8_t alphabet[ALPHABET_MAX])
{
    uint8_t used[256] = { 0 };
    unsigned k = 0, next = 0;

    for (size_t i = 0; i < n && k <= ALPHABET_MAX; i++)
        for (size_t j = (size_t)shared[i]; j < s[i].n; j++) {
            k += !used[s[i].p[j]];
            used[s[i].p[j]] = 1;
        }
    if (k > ALPHABET_MAX)
        return 0;
    for (unsigned b = 0; b < 256; b++)
        if (used[b]) {
            index[b] = (uint8_t)next;
            alphabet[next++] = (uint8_t)b;
        }
    return k;
}

void
mrs_names_write(struct mrs_wr *w, const struct mrs_slice *s, size_t n, uint64_t *lens)
{
    uint8_t index[256], alphabet[ALPHABET_MAX] = { 0 };
    size_t added = front_code(s, n, lens, lens + n);
    struct mrs_packer p = { NULL, 0, 0 };
    unsigned k, width;

    if (w->st == MARS_OK && added == 0)
        w->st = mrs_fail(w->err, MARS_ERR_INTERNAL, "directory node: names do not ascend");
    if (w->st != MARS_OK)
        return;
    mrs_ints_write(w, lens, n, 0);
    mrs_ints_write(w, lens + n, n, 0);
    k = find_alphabet(s, n, lens, index, alphabet);
    width = k > 0 ? mrs_bit_width(k - 1) : 8;
    mrs_wr_u8(w, k > 0 ? NAMES_PACKED : NAMES_PLAIN);
    if (k > 0) {
        mrs_wr_u8(w, (uint8_t)k);
        mrs_wr_bytes(w, alphabet, k);
    }
    p.at = mrs_bits_claim(w, mrs_bits_len(added, width));
    if (p.at == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        if (k == 0) {
            memcpy(p.at, s[i].p + lens[i], (size_t)lens[n + i]);
            p.at += lens[n + i];
        }
        for (size_t j = (size_t)lens[i]; k > 0 && j < s[i].n; j++)
            mrs_pack(&p, index[s[i].p[j]], width);
    }
    mrs_pack_end(&p);
}

/* How long are the joined names, and how much of them is added by each? 0: something is wrong. */
static size_t
measure_names(const uint64_t *shared, const uint64_t *added, size_t n, size_t max,
              size_t *added_total)
{
    uint64_t before = 0, total = 0, adds = 0;

    for (size_t i = 0; i < n; i++) {
        if (shared[i] > before || added[i] == 0 || added[i] > MRS_NAME_BYTES_MAX - shared[i])
            return 0;
        before = shared[i] + added[i];
        adds += added[i];
        total += before;
    }
    *added_total = (size_t)adds;
    return total <= max ? (size_t)total : 0;
}

static void
read_packed(struct mrs_rd *r, uint8_t *out, size_t n)
{
    unsigned k = mrs_rd_u8(r), width;
    const uint8_t *alphabet, *bits;

    r->bad |= k == 0 || k > ALPHABET_MAX;
    alphabet = mrs_rd_take(r, k);
    for (unsigned i = 1; !r->bad && i < k; i++)
        r->bad |= alphabet[i] <= alphabet[i - 1];
    if (r->bad)
        return;
    width = mrs_bit_width(k - 1);
    bits = mrs_bits_take(r, n, width);
    for (size_t i = 0; i < n && !r->bad; i++) {
        uint64_t at = mrs_unpack_at(bits, i * width, width);

        r->bad |= at >= k;
        out[i] = r->bad ? 0 : alphabet[at];
    }
}

/* Lay out the names from `at` on; `added` may be the end of the same block: what is written never
 * overtakes what is still to be read. False unless each shares as much as it can and is greater. */
static bool
join_names(struct mrs_slice *s, size_t n, const uint64_t *lens, uint8_t *at, const uint8_t *added)
{
    struct mrs_slice before = { NULL, 0 };

    for (size_t i = 0; i < n; i++) {
        size_t same = (size_t)lens[i], more = (size_t)lens[n + i];

        if (same < before.n && added[0] <= before.p[same])
            return false;
        if (same > 0)
            memcpy(at, before.p, same);
        memmove(at + same, added, more);
        s[i].p = at;
        s[i].n = same + more;
        before = s[i];
        at += s[i].n;
        added += more;
    }
    return true;
}

mars_status
mrs_names_read(struct mrs_rd *r, struct mrs_slice *s, size_t n, uint64_t *lens, size_t max,
               uint8_t **arena, mars_error *err)
{
    size_t total = 0, adds = 0;
    const uint8_t *added = NULL;
    uint8_t coding;
    uint8_t *names;

    *arena = NULL;
    mrs_ints_read(r, lens, n, 0);
    mrs_ints_read(r, lens + n, n, 0);
    coding = mrs_rd_u8(r);
    r->bad |= coding > NAMES_PACKED;
    if (!r->bad)
        total = measure_names(lens, lens + n, n, max, &adds);
    if (!r->bad && total > 0 && coding == NAMES_PLAIN)
        added = mrs_rd_take(r, adds); /* before anything is allocated for it */
    r->bad |= total == 0;
    if (r->bad)
        return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: damaged names");
    names = mrs_alloc(total);
    if (names == NULL)
        return mrs_nomem(err);
    if (coding == NAMES_PACKED) {
        read_packed(r, names + total - adds, adds);
        added = names + total - adds;
    }
    if (r->bad || !join_names(s, n, lens, names, added)) {
        r->bad = true;
        mrs_free(names);
        return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: damaged or disordered names");
    }
    *arena = names;
    return MARS_OK;
}
