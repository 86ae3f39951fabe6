/* Several runs made one: read and written from front to back, page by page. What does not count is
 * left behind. Beside the tables of the result, which it will have open anyway, memory holds four
 * bytes for each pack. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cache/run_int.h"

#define DROPPED UINT32_MAX

/* A run that is read. */
struct input {
    const struct mrs_run_source *source;
    struct mrs_run_cursor cursor;
    const uint8_t *record; /* the next one; NULL at the end */
    uint64_t prefix;       /* of its key; kept here because comparing is most of the work */
    uint32_t *objects;     /* number in the result, or DROPPED */
    uint32_t *packs;
};
struct merge {
    struct mrs_run_writer *w;
    struct input *in;
    size_t n;
    uint32_t n_objects;
    uint64_t n_entries; /* of packs that count */
    struct input *failed;
};

static mars_status
map_objects(struct merge *m, struct input *in, mars_error *err)
{
    const struct mrs_run *r = in->source->run;
    mars_status st = MARS_OK;

    in->objects = mrs_alloc_array(r->n_objects, sizeof *in->objects);
    in->packs = mrs_alloc_array(r->n_packs, sizeof *in->packs);
    if (in->objects == NULL || in->packs == NULL)
        return mrs_nomem(err);
    for (uint32_t i = 0; st == MARS_OK && i < r->n_objects; i++) {
        in->objects[i] = DROPPED;
        if (!in->source->counts[i])
            continue;
        in->objects[i] = m->n_objects++;
        st = mrs_run_writer_object(m->w, r->objects[i], err);
    }
    for (uint32_t i = 0; st == MARS_OK && i < r->n_superseded; i++)
        if (in->objects[r->superseded[i].by] != DROPPED)
            st = mrs_run_writer_superseded(m->w, in->objects[r->superseded[i].by],
                                           r->superseded[i].name, err);
    return st;
}

/* Have the next record of an input at hand. */
static mars_status
step(struct merge *m, struct input *in, mars_error *err)
{
    mars_status st = mrs_run_record(&in->cursor, &in->record, err);

    in->cursor.at++;
    if (st == MARS_OK && in->record != NULL)
        in->prefix = run_prefix(in->record);
    if (st == MARS_ERR_CORRUPT)
        m->failed = in;
    return st;
}

/* The input with the least record, of equals the first; NULL where all are at their ends. */
static struct input *
least(const struct merge *m)
{
    struct input *best = NULL;

    for (size_t i = 0; i < m->n; i++) {
        struct input *in = &m->in[i];

        if (in->record == NULL)
            continue;
        if (best == NULL || in->prefix < best->prefix ||
            (in->prefix == best->prefix && memcmp(in->record, best->record, 32) < 0))
            best = in;
    }
    return best;
}

static mars_status
merge_pack(struct merge *m, struct input *in, uint32_t *next, mars_error *err)
{
    uint32_t number = (uint32_t)in->cursor.at - 1;
    uint8_t record[RUN_PACK_SIZE];
    struct mrs_run_pack p;
    mars_status st = mrs_run_pack_decode(in->source->run, in->record, &p, err);

    if (st != MARS_OK) {
        m->failed = in;
        return st;
    }
    p.object = in->objects[p.object];
    in->packs[number] = p.object == DROPPED ? DROPPED : (*next)++;
    if (p.object == DROPPED)
        return MARS_OK;
    m->n_entries += p.blobs;
    mrs_run_pack_encode(&p, record);
    return mrs_run_writer_pack(m->w, record, err);
}

static mars_status
merge_entry(struct merge *m, struct input *in, mars_error *err)
{
    uint32_t pack = mrs_run_entry_pack(in->record);
    uint8_t record[RUN_ENTRY_SIZE];

    if (pack >= in->source->run->n_packs) {
        m->failed = in;
        return mrs_fail(err, MARS_ERR_CORRUPT, "an entry of an index run is damaged");
    }
    if (in->packs[pack] == DROPPED)
        return MARS_OK;
    memcpy(record, in->record, sizeof record);
    mrs_run_entry_set_pack(record, in->packs[pack]);
    return mrs_run_writer_entry(m->w, record, err);
}

static mars_status
merge_part(struct merge *m, enum mrs_run_part part, mars_error *err)
{
    struct input *in;
    uint32_t next = 0;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < m->n; i++) {
        st = mrs_run_scan(&m->in[i].cursor, m->in[i].source->run, part, err);
        if (st == MARS_OK)
            st = step(m, &m->in[i], err);
    }
    while (st == MARS_OK && (in = least(m)) != NULL) {
        st = part == MRS_RUN_PACKS ? merge_pack(m, in, &next, err) : merge_entry(m, in, err);
        if (st == MARS_OK)
            st = step(m, in, err);
    }
    for (size_t i = 0; i < m->n; i++)
        mrs_run_scan_end(&m->in[i].cursor);
    return st;
}

mars_status
mrs_run_merge(struct mrs_run **out, struct mrs_runs *rs, const struct mrs_run_source *sources,
              size_t n, struct mrs_run **damaged, mars_error *err)
{
    struct merge m = { .in = mrs_alloc_array(n, sizeof *m.in), .n = n };
    mars_status st = m.in != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    *damaged = NULL;
    if (st == MARS_OK)
        st = mrs_run_writer_new(&m.w, rs, rs->cache == NULL, err);
    for (size_t i = 0; st == MARS_OK && i < n; i++) {
        m.in[i].source = &sources[i];
        st = map_objects(&m, &m.in[i], err);
    }
    if (st == MARS_OK)
        st = merge_part(&m, MRS_RUN_PACKS, err);
    if (st == MARS_OK)
        st = mrs_run_writer_entries(m.w, m.n_entries, err);
    if (st == MARS_OK)
        st = merge_part(&m, MRS_RUN_ENTRIES, err);
    if (st == MARS_OK)
        st = mrs_run_writer_finish(m.w, out, err);
    if (m.failed != NULL)
        *damaged = m.failed->source->run;
    for (size_t i = 0; m.in != NULL && i < n; i++) {
        mrs_free(m.in[i].objects);
        mrs_free(m.in[i].packs);
    }
    mrs_free(m.in);
    mrs_run_writer_free(m.w);
    return st;
}
