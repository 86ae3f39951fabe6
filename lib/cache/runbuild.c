/* Runs of index objects: gathered, sorted, written. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cache/run_int.h"

void
mrs_run_builder_init(struct mrs_run_builder *b)
{
    b->objects = (struct mrs_vec){ NULL, 0, 0, 32 };
    b->superseded = (struct mrs_vec)MRS_VEC_INIT(struct mrs_run_superseded);
    b->packs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_run_pack);
    b->entries = (struct mrs_vec){ NULL, 0, 0, RUN_ENTRY_SIZE };
}

void
mrs_run_builder_free(struct mrs_run_builder *b)
{
    mrs_vec_free(&b->objects);
    mrs_vec_free(&b->superseded);
    mrs_vec_free(&b->packs);
    mrs_vec_free(&b->entries);
}

mars_status
mrs_run_builder_object(struct mrs_run_builder *b, const uint8_t name[32], mars_error *err)
{
    uint8_t *at = b->objects.len < UINT32_MAX ? mrs_vec_add(&b->objects) : NULL;

    if (at == NULL)
        return mrs_nomem(err);
    memcpy(at, name, 32);
    return MARS_OK;
}

mars_status
mrs_run_builder_superseded(struct mrs_run_builder *b, const uint8_t name[32], mars_error *err)
{
    struct mrs_run_superseded *s = mrs_vec_add(&b->superseded);

    if (s == NULL)
        return mrs_nomem(err);
    s->by = (uint32_t)b->objects.len - 1;
    memcpy(s->name, name, 32);
    return MARS_OK;
}

mars_status
mrs_run_builder_pack(struct mrs_run_builder *b, const uint8_t name[32], uint8_t kind,
                     uint64_t size, mars_error *err)
{
    struct mrs_run_pack *p = b->packs.len < UINT32_MAX ? mrs_vec_add(&b->packs) : NULL;

    if (p == NULL)
        return mrs_nomem(err);
    memcpy(p->name, name, 32);
    p->kind = kind;
    p->size = size;
    p->object = (uint32_t)b->objects.len - 1;
    return MARS_OK;
}

mars_status
mrs_run_builder_blob(struct mrs_run_builder *b, const struct mrs_blob *blob, mars_error *err)
{
    struct mrs_run_entry e = { *blob, (uint32_t)b->packs.len - 1 };
    struct mrs_run_pack *p = mrs_vec_at(&b->packs, e.pack);
    uint8_t *at;

    if (blob->offset > UINT32_MAX || p->blobs == MRS_PACK_MAX_BLOBS)
        return mrs_fail(err, MARS_ERR_CORRUPT, "a blob lies further back than packs are long");
    at = mrs_vec_add(&b->entries);
    if (at == NULL)
        return mrs_nomem(err);
    mrs_run_entry_encode(&e, at);
    p->blobs++;
    return MARS_OK;
}

/* A pack, and its number while the packs were not sorted. */
struct ranked {
    const struct mrs_run_pack *pack;
    uint32_t number;
};

static int
compare_packs(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int c = memcmp(x->pack->name, y->pack->name, 32);

    return c != 0 ? c : x->number < y->number ? -1 : x->number > y->number;
}

static int
compare_entries(const void *a, const void *b)
{
    return memcmp(a, b, RUN_ENTRY_SIZE);
}

/* The packs in their order; *places gets where each of them went. */
static mars_status
sort_packs(const struct mrs_run_builder *b, struct ranked **sorted, uint32_t **places,
           mars_error *err)
{
    *sorted = mrs_alloc_array(b->packs.len, sizeof **sorted);
    *places = mrs_alloc_array(b->packs.len, sizeof **places);
    if (*sorted == NULL || *places == NULL)
        return mrs_nomem(err);
    for (uint32_t i = 0; i < b->packs.len; i++)
        (*sorted)[i] = (struct ranked){ mrs_vec_at(&b->packs, i), i };
    if (b->packs.len > 0)
        qsort(*sorted, b->packs.len, sizeof **sorted, compare_packs);
    for (uint32_t i = 0; i < b->packs.len; i++)
        (*places)[(*sorted)[i].number] = i;
    return MARS_OK;
}

/* Copies of the entries with the new numbers of their packs, sorted. */
static mars_status
sort_entries(const struct mrs_run_builder *b, const uint32_t *places, uint8_t **sorted,
             mars_error *err)
{
    *sorted = mrs_alloc_array(b->entries.len, RUN_ENTRY_SIZE);
    if (*sorted == NULL)
        return mrs_nomem(err);
    for (size_t i = 0; i < b->entries.len; i++) {
        uint8_t *e = *sorted + i * RUN_ENTRY_SIZE;

        memcpy(e, mrs_vec_at(&b->entries, i), RUN_ENTRY_SIZE);
        mrs_run_entry_set_pack(e, places[mrs_run_entry_pack(e)]);
    }
    if (b->entries.len > 0)
        qsort(*sorted, b->entries.len, RUN_ENTRY_SIZE, compare_entries);
    return MARS_OK;
}

static mars_status
write_all(struct mrs_run_writer *w, const struct mrs_run_builder *b, const struct ranked *packs,
          const uint8_t *entries, mars_error *err)
{
    uint8_t record[RUN_PACK_SIZE];
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < b->objects.len; i++)
        st = mrs_run_writer_object(w, mrs_vec_at(&b->objects, i), err);
    for (size_t i = 0; st == MARS_OK && i < b->superseded.len; i++) {
        const struct mrs_run_superseded *s = mrs_vec_at(&b->superseded, i);

        st = mrs_run_writer_superseded(w, s->by, s->name, err);
    }
    for (size_t i = 0; st == MARS_OK && i < b->packs.len; i++) {
        mrs_run_pack_encode(packs[i].pack, record);
        st = mrs_run_writer_pack(w, record, err);
    }
    if (st == MARS_OK)
        st = mrs_run_writer_entries(w, b->entries.len, err);
    for (size_t i = 0; st == MARS_OK && i < b->entries.len; i++)
        st = mrs_run_writer_entry(w, entries + i * RUN_ENTRY_SIZE, err);
    return st;
}

static mars_status
write_run(struct mrs_run **out, struct mrs_runs *rs, bool in_memory,
          const struct mrs_run_builder *b, const struct ranked *packs, const uint8_t *entries,
          mars_error *err)
{
    struct mrs_run_writer *w;
    mars_status st = mrs_run_writer_new(&w, rs, in_memory, err);

    if (st == MARS_OK)
        st = write_all(w, b, packs, entries, err);
    if (st == MARS_OK)
        st = mrs_run_writer_finish(w, out, err);
    mrs_run_writer_free(w);
    return st;
}

mars_status
mrs_run_build(struct mrs_run **out, struct mrs_runs *rs, struct mrs_run_builder *b,
              mars_error *err)
{
    struct ranked *packs = NULL;
    uint32_t *places = NULL;
    uint8_t *entries = NULL;
    mars_status st = sort_packs(b, &packs, &places, err);

    *out = NULL;
    if (st == MARS_OK)
        st = sort_entries(b, places, &entries, err);
    if (st == MARS_OK)
        st = write_run(out, rs, rs->cache == NULL, b, packs, entries, err);
    /* A cache that is full, or gone, costs memory and nothing else. */
    if (st != MARS_OK && st != MARS_ERR_NOMEM && rs->cache != NULL && entries != NULL) {
        mrs_error_clear(err);
        st = write_run(out, rs, true, b, packs, entries, err);
    }
    if (st == MARS_OK) {
        mrs_run_builder_free(b);
        mrs_run_builder_init(b);
    }
    mrs_free(entries);
    mrs_free(places);
    mrs_free(packs);
    return st;
}
