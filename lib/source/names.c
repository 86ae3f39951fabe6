#include "source/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum {
    BLOCK_BYTES = 1 << 20, /* names that are sorted together */
    BLOCK_NAMES = 1 << 16,
    NAME_MAX_LEN = 65535,
    LONG = 15              /* of a length in half a byte: the rest follows */
};

/* A name of the block; its first bytes decide most comparisons. */
struct ref {
    uint64_t key;
    const char *name;
};

/* Sorted names. The one that comes next is spelt out, the others tell how long a head they share
 * with the one before them, how many bytes they add, and these. */
struct run {
    uint64_t key;        /* of name */
    struct mrs_buf name; /* NUL-terminated; len without the NUL */
    uint8_t *bytes;
    size_t len;
    size_t at;
};

void
mrs_names_init(struct mrs_names *n)
{
    struct mrs_buf bytes = MRS_BUF_INIT(BLOCK_BYTES + NAME_MAX_LEN + 1);
    struct mrs_buf current = MRS_BUF_INIT(NAME_MAX_LEN + 1);

    memset(n, 0, sizeof *n);
    n->bytes = bytes;
    n->current = current;
    n->sorted = (struct mrs_vec)MRS_VEC_INIT(struct ref);
    n->runs = (struct mrs_vec)MRS_VEC_INIT(struct run *);
}

static void
free_run(struct run *r)
{
    if (r == NULL)
        return;
    if (r->bytes != NULL)
        mrs_wipe(r->bytes, r->len);
    mrs_free(r->bytes);
    mrs_buf_free(&r->name);
    mrs_free(r);
}

void
mrs_names_free(struct mrs_names *n)
{
    for (size_t i = 0; i < n->runs.len; i++)
        free_run(*(struct run **)mrs_vec_at(&n->runs, i));
    mrs_vec_free(&n->runs);
    mrs_vec_free(&n->sorted);
    mrs_buf_free(&n->bytes);
    mrs_buf_free(&n->current);
    n->n = n->at = 0;
}

/* Its order is that of the bytes, but where it is the same. */
static uint64_t
key_of(const void *name, size_t len)
{
    const uint8_t *p = name;
    uint64_t key = 0;

    for (size_t i = 0; i < sizeof key; i++)
        key = key << 8 | (i < len ? p[i] : 0);
    return key;
}

static int
by_bytes(const void *x, const void *y)
{
    const struct ref *a = x;
    const struct ref *b = y;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Sort the block. */
static mars_status
sort_block(struct mrs_names *n, mars_error *err)
{
    const char *at = (const char *)n->bytes.data;
    struct ref *refs = mrs_alloc_array(n->n, sizeof *refs);

    if (refs == NULL)
        return mrs_nomem(err);
    mrs_vec_free(&n->sorted);
    n->sorted.items = refs;
    n->sorted.len = n->sorted.cap = n->n;
    for (size_t i = 0; i < n->n; i++) {
        size_t len = strlen(at);

        refs[i].key = key_of(at, len);
        refs[i].name = at;
        at += len + 1;
    }
    qsort(refs, n->n, sizeof *refs, by_bytes);
    return MARS_OK;
}

static size_t
shared_head(const char *a, const char *b)
{
    size_t i = 0;

    while (a[i] != '\0' && a[i] == b[i])
        i++;
    return i;
}

/* The rest of a length that half a byte does not hold: 255s, and what is left. */
static uint8_t *
put_rest(uint8_t *at, size_t len)
{
    if (len < LONG)
        return at;
    for (len -= LONG; len >= UINT8_MAX; len -= UINT8_MAX)
        *at++ = UINT8_MAX;
    *at++ = (uint8_t)len;
    return at;
}

static uint8_t *
put_name(uint8_t *at, const char *name, size_t shared)
{
    size_t more = strlen(name) - shared;

    *at++ = (uint8_t)((shared < LONG ? shared : LONG) << 4 | (more < LONG ? more : LONG));
    at = put_rest(at, shared);
    at = put_rest(at, more);
    memcpy(at, name + shared, more);
    return at + more;
}

static size_t
get_rest(struct run *r, size_t len)
{
    uint8_t more = UINT8_MAX;

    while (len >= LONG && more == UINT8_MAX) {
        more = r->bytes[r->at++];
        len += more;
    }
    return len;
}

/* Spell out the next name; *left = false at the end. */
static mars_status
advance(struct run *r, bool *left, mars_error *err)
{
    size_t shared, more;
    uint8_t lens;
    mars_status st;

    *left = r->at < r->len;
    if (!*left)
        return MARS_OK;
    lens = r->bytes[r->at++];
    shared = get_rest(r, lens >> 4);
    more = get_rest(r, lens & 15);
    r->name.len = shared;
    st = mrs_buf_reserve(&r->name, more + 1, err);
    if (st != MARS_OK)
        return st;
    memcpy(r->name.data + shared, r->bytes + r->at, more);
    r->name.data[shared + more] = '\0';
    r->name.len += more;
    r->at += more;
    r->key = key_of(r->name.data, r->name.len);
    return MARS_OK;
}

/* Front-code the sorted block; returns how many bytes that took. */
static size_t
put_block(const struct mrs_names *n, uint8_t *out)
{
    const struct ref *refs = n->sorted.items;
    const char *before = "";
    uint8_t *at = out;

    for (size_t i = 0; i < n->n; i++) {
        if (i > 0 && by_bytes(&refs[i], &refs[i - 1]) == 0)
            continue;
        at = put_name(at, refs[i].name, shared_head(before, refs[i].name));
        before = refs[i].name;
    }
    return (size_t)(at - out);
}

static mars_status
add_run(struct mrs_names *n, const uint8_t *bytes, size_t len, mars_error *err)
{
    struct mrs_buf name = MRS_BUF_INIT(NAME_MAX_LEN + 1);
    struct run *r = mrs_alloc(sizeof *r);
    struct run **at = NULL;

    if (r != NULL) {
        r->name = name;
        r->len = len;
        r->bytes = mrs_alloc(len);
        if (r->bytes != NULL)
            at = mrs_vec_add(&n->runs);
    }
    if (at == NULL) {
        free_run(r);
        return mrs_nomem(err);
    }
    memcpy(r->bytes, bytes, len);
    *at = r;
    return MARS_OK;
}

/* The block becomes a run. */
static mars_status
end_block(struct mrs_names *n, mars_error *err)
{
    /* Lengths take one byte, or in names of 15 bytes and more two and one more for each 255; a NUL
     * that goes away makes room for the first. */
    size_t cap = n->bytes.len + n->n + n->bytes.len / UINT8_MAX, len = 0;
    uint8_t *bytes = mrs_alloc(cap);
    mars_status st = bytes != NULL ? sort_block(n, err) : mrs_nomem(err);

    if (st == MARS_OK) {
        len = put_block(n, bytes);
        st = add_run(n, bytes, len, err);
        mrs_wipe(bytes, len);
    }
    mrs_free(bytes);
    mrs_vec_free(&n->sorted);
    mrs_buf_reset(&n->bytes);
    n->n = 0;
    return st;
}

mars_status
mrs_names_add(struct mrs_names *n, const char *name, size_t len, mars_error *err)
{
    mars_status st = MARS_OK;

    if (n->bytes.len >= BLOCK_BYTES || n->n == BLOCK_NAMES)
        st = end_block(n, err);
    if (st == MARS_OK)
        st = mrs_buf_append(&n->bytes, name, len + 1, err);
    n->n += st == MARS_OK;
    return st;
}

static bool
is_less(const struct run *a, const struct run *b)
{
    if (a->key != b->key)
        return a->key < b->key;
    return strcmp((const char *)a->name.data, (const char *)b->name.data) < 0;
}

/* Let the run at i of the heap sink to its place. */
static void
sink(struct mrs_names *n, size_t i)
{
    struct run **heap = n->runs.items, *r = heap[i];

    for (size_t child; (child = 2 * i + 1) < n->runs.len; i = child) {
        if (child + 1 < n->runs.len && is_less(heap[child + 1], heap[child]))
            child++;
        if (!is_less(heap[child], r))
            break;
        heap[i] = heap[child];
    }
    heap[i] = r;
}

mars_status
mrs_names_sort(struct mrs_names *n, mars_error *err)
{
    mars_status st = MARS_OK;
    bool left;

    if (n->runs.len == 0)
        return n->n > 0 ? sort_block(n, err) : MARS_OK;
    if (n->n > 0)
        st = end_block(n, err);
    mrs_buf_free(&n->bytes);
    for (size_t i = 0; st == MARS_OK && i < n->runs.len; i++)
        st = advance(*(struct run **)mrs_vec_at(&n->runs, i), &left, err);
    for (size_t i = n->runs.len / 2; st == MARS_OK && i > 0; i--)
        sink(n, i - 1);
    return st;
}

/* Copy the least name of all runs, and step behind it. *is_new: it was not the last one, too. */
static mars_status
merge_one(struct mrs_names *n, bool *is_new, mars_error *err)
{
    struct run **heap = n->runs.items, *r = heap[0];
    bool left;
    mars_status st = MARS_OK;

    *is_new = n->current.len != r->name.len + 1 ||
              memcmp(n->current.data, r->name.data, r->name.len) != 0;
    if (*is_new) {
        mrs_buf_reset(&n->current);
        st = mrs_buf_append(&n->current, r->name.data, r->name.len + 1, err);
    }
    if (st == MARS_OK)
        st = advance(r, &left, err);
    if (st != MARS_OK)
        return st;
    if (!left) {
        heap[0] = heap[--n->runs.len];
        free_run(r);
    }
    if (n->runs.len > 0)
        sink(n, 0);
    return MARS_OK;
}

mars_status
mrs_names_next(struct mrs_names *n, const char **name, mars_error *err)
{
    const struct ref *refs = n->sorted.items;
    bool is_new = false;
    mars_status st = MARS_OK;

    *name = NULL;
    while (st == MARS_OK && !is_new && n->runs.len > 0)
        st = merge_one(n, &is_new, err);
    if (is_new)
        *name = (const char *)n->current.data;
    if (st != MARS_OK || is_new)
        return st;
    while (n->at > 0 && n->at < n->sorted.len && by_bytes(&refs[n->at], &refs[n->at - 1]) == 0)
        n->at++;
    if (n->at < n->sorted.len)
        *name = refs[n->at++].name;
    return MARS_OK;
}
