/* A run that makes one more point writes one more part, of this point alone. When there are many
 * small parts the smallest are put together into one, which is no longer among the smallest: so
 * each entry is written again a few times only, however many there are. */
#include "repo/pointtable.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/aead.h"

enum {
    PIECE_MAX = 64 << 10,          /* points with longer ones are read from the vault each time */
    SMALL = MRS_PART_MAX / 2,      /* a part that is larger stays as it is */
    SMALL_MAX = 16,                /* small parts that may lie there */
    JOIN = SMALL_MAX / 2 + 1,
    LOOKS = 4,
    POINT_ABOUT = 50,              /* bytes in a part */
    SETTLED_S = 60 * 60
};

struct part {
    struct mrs_part file;
    uint64_t used;   /* points that are taken from it */
    uint64_t unused;
    uint32_t number;
    bool goes;
};

void
mrs_point_table_init(struct mrs_point_table *t, struct mrs_cache *cache, struct mrs_vec *hold)
{
    *t = (struct mrs_point_table){ .cache = cache,
                                   .hold = hold,
                                   .parts = MRS_VEC_INIT(struct part) };
    mrs_part_writer_init(&t->writer);
}

void
mrs_point_table_free(struct mrs_point_table *t)
{
    mrs_vec_free(&t->parts);
    mrs_part_writer_free(&t->writer);
}

static struct part *
part_at(const struct mrs_point_table *t, size_t i)
{
    return mrs_vec_at(&t->parts, i);
}

static bool
has_part(const struct mrs_point_table *t, const uint8_t id[16])
{
    for (size_t i = 0; i < t->parts.len; i++)
        if (memcmp(part_at(t, i)->file.id, id, 16) == 0)
            return true;
    return false;
}

static struct mrs_listed *
find_listed(const struct mrs_listing *listing, const struct mrs_known_point *k, uint32_t *number)
{
    *number = mrs_listing_find(listing, mrs_known_item(k), mrs_known_session(k));
    return *number != 0 ? mrs_listing_at(listing, *number - 1) : NULL;
}

bool
mrs_point_table_use(struct mrs_point_table *t, struct mrs_listing *listing,
                    struct mrs_known_point *k)
{
    struct part *p = part_at(t, k->number - 1);
    uint32_t number;
    struct mrs_listed *l = find_listed(listing, k, &number);

    if (l == NULL || l->part != 0) {
        p->unused++;
        return false;
    }
    l->part = p->number;
    p->used++;
    k->number = number;
    return true;
}

static mars_status
read_entries(const struct part *p, const struct mrs_buf *content, mrs_point_table_fn fn,
             void *user, mars_error *err)
{
    struct mrs_part_shared *shared;
    struct mrs_part_reader r;
    struct mrs_known_point k;
    mars_status st;

    mrs_part_reader_init(&r, content->data, content->len);
    st = mrs_part_reader_next(&r, &k, &shared, err);
    while (st == MARS_OK && shared != NULL) {
        k.number = p->number;
        st = fn(user, &k, &shared->copy, err);
        if (st == MARS_OK)
            st = mrs_part_reader_next(&r, &k, &shared, err);
    }
    mrs_part_reader_free(&r);
    return st;
}

/* The bytes stay; other parts are read into another buffer. */
static mars_status
hold(struct mrs_point_table *t, struct mrs_buf *content, mars_error *err)
{
    struct mrs_buf *at = mrs_vec_add(t->hold);

    if (at == NULL)
        return mrs_nomem(err);
    *at = *content;
    *content = (struct mrs_buf)MRS_BUF_INIT(content->max);
    return MARS_OK;
}

/* A part that cannot be read is one that is not there. */
static mars_status
read_part(struct mrs_point_table *t, const struct mrs_part *file, struct mrs_buf *content,
          bool *vanished, mrs_point_table_fn fn, void *user, mars_error *err)
{
    struct part *p;
    mars_status st;

    mrs_buf_reset(content);
    st = mrs_part_get(t->cache, file->id, content, err);
    if (st == MARS_ERR_NOMEM)
        return st;
    *vanished |= st == MARS_ERR_NOT_FOUND;
    if (st != MARS_OK) {
        mrs_error_clear(err);
        return MARS_OK;
    }
    p = mrs_vec_add(&t->parts);
    if (p == NULL)
        return mrs_nomem(err);
    p->file = *file;
    p->number = (uint32_t)t->parts.len;
    t->about += content->len / POINT_ABOUT;
    st = read_entries(p, content, fn, user, err);
    return st == MARS_OK && t->hold != NULL ? hold(t, content, err) : st;
}

/* The parts that lie there and were not read yet. */
static mars_status
read_parts(struct mrs_point_table *t, struct mrs_buf *content, bool *vanished,
           mrs_point_table_fn fn, void *user, mars_error *err)
{
    struct mrs_vec files = MRS_VEC_INIT(struct mrs_part);
    mars_status st = mrs_parts_list(t->cache, &files, err);

    /* A cache that cannot be listed is an empty one. */
    if (st != MARS_OK && st != MARS_ERR_NOMEM) {
        mrs_error_clear(err);
        files.len = 0;
        st = MARS_OK;
    }
    for (size_t i = 0; st == MARS_OK && i < files.len; i++) {
        const struct mrs_part *file = mrs_vec_at(&files, i);

        if (!has_part(t, file->id))
            st = read_part(t, file, content, vanished, fn, user, err);
    }
    mrs_vec_free(&files);
    return st;
}

mars_status
mrs_point_table_read(struct mrs_point_table *t, mrs_point_table_fn fn, void *user,
                     mars_error *err)
{
    struct mrs_buf content = MRS_BUF_INIT(MRS_PART_MAX + MRS_TAG_SIZE);
    mars_status st = MARS_OK;
    bool again = t->cache != NULL;

    /* What another process puts together lies in a part that the list did not have. */
    for (int i = 0; st == MARS_OK && again && i < LOOKS; i++) {
        again = false;
        st = read_parts(t, &content, &again, fn, user, err);
        t->moving |= again;
    }
    mrs_buf_free(&content);
    return st;
}

/* What was gathered becomes a part. */
static mars_status
write_out(struct mrs_point_table *t, mars_error *err)
{
    mars_status st = t->writer.bytes.len > 0 ? mrs_part_put(t->cache, &t->writer.bytes, err)
                                             : MARS_OK;

    mrs_part_writer_reset(&t->writer);
    return st;
}

static mars_status
gather(struct mrs_point_table *t, const struct mrs_known_point *k, mars_error *err)
{
    mars_status st = MARS_OK;

    if (!mrs_part_writer_has_room(&t->writer, k))
        st = write_out(t, err);
    return st == MARS_OK ? mrs_part_writer_put(&t->writer, k, err) : st;
}

mars_status
mrs_point_table_add(struct mrs_point_table *t, const struct mrs_known_point *k, mars_error *err)
{
    mars_status st;

    if (t->cache == NULL || k->n_shared > PIECE_MAX || k->n_own > PIECE_MAX)
        return MARS_OK;
    st = gather(t, k, err);
    if (st == MARS_ERR_NOMEM)
        return st;
    if (st != MARS_OK)
        mrs_error_clear(err);
    return MARS_OK;
}

static int
by_size(const void *a, const void *b)
{
    const struct part *x = a, *y = b;

    return (x->file.size > y->file.size) - (x->file.size < y->file.size);
}

/* Parts of which more is unused than used, but not new ones: another process may be about to delete
 * the ones that make it so. And the smallest, where there are many small ones. */
static bool
choose(struct mrs_point_table *t)
{
    int64_t settled = mrs_clock_wall().s - SETTLED_S;
    size_t small = 0, n = 0;

    if (t->parts.len == 0)
        return false;
    qsort(t->parts.items, t->parts.len, t->parts.item_size, by_size);
    for (size_t i = 0; i < t->parts.len; i++)
        small += part_at(t, i)->file.size < SMALL;
    for (size_t i = 0; i < t->parts.len; i++) {
        struct part *p = part_at(t, i);

        p->goes = (p->unused > p->used && p->file.mtime.s < settled) ||
                  (small > SMALL_MAX && i < JOIN);
        n += p->goes;
    }
    return n > 0;
}

/* Gather what is taken from this part. */
static mars_status
take_over(struct mrs_point_table *t, const struct mrs_listing *listing, const struct part *p,
          struct mrs_buf *content, mars_error *err)
{
    struct mrs_part_shared *shared = NULL;
    struct mrs_part_reader r;
    struct mrs_known_point k;
    mars_status st;

    mrs_buf_reset(content);
    st = p->used > 0 ? mrs_part_get(t->cache, p->file.id, content, err) : MARS_OK;
    mrs_part_reader_init(&r, content->data, content->len);
    if (st == MARS_OK)
        st = mrs_part_reader_next(&r, &k, &shared, err);
    while (st == MARS_OK && shared != NULL) {
        uint32_t number;
        const struct mrs_listed *l = find_listed(listing, &k, &number);

        if (l != NULL && l->part == p->number)
            st = gather(t, &k, err);
        if (st == MARS_OK)
            st = mrs_part_reader_next(&r, &k, &shared, err);
    }
    mrs_part_reader_free(&r);
    return st;
}

/* What is put together is there before the parts that it comes from go. */
static void
join(struct mrs_point_table *t, const struct mrs_listing *listing)
{
    struct mrs_buf content = MRS_BUF_INIT(MRS_PART_MAX + MRS_TAG_SIZE);
    mars_status st = MARS_OK, written;

    for (size_t i = 0; st == MARS_OK && i < t->parts.len; i++)
        if (part_at(t, i)->goes)
            st = take_over(t, listing, part_at(t, i), &content, NULL);
    written = write_out(t, NULL);
    st = st == MARS_OK ? written : st;
    for (size_t i = 0; st == MARS_OK && i < t->parts.len; i++)
        if (part_at(t, i)->goes)
            mrs_part_drop(t->cache, part_at(t, i)->file.id);
    mrs_buf_free(&content);
}

void
mrs_point_table_keep(struct mrs_point_table *t, const struct mrs_listing *listing)
{
    if (t->cache == NULL)
        return;
    if (!t->moving && choose(t))
        join(t, listing);
    else
        (void)!write_out(t, NULL);
}
