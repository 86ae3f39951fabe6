#include "repo/treereader.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"

/* A node on the way from the root to the entry that comes next. */
struct step {
    struct mrs_buf bytes;
    struct mrs_buf stat_bytes;
    struct mrs_node node;
    struct mrs_stat_node stat;
    bool has_stat;
    size_t at; /* the child or entry that comes next */
};

struct mrs_dir_reader {
    const struct mrs_domain *d;
    struct step steps[MRS_LEVEL_MAX + 1];
    size_t depth;         /* steps in use */
    bool begun;
    bool is_root;         /* the one entry of a point's root */
    struct mrs_sub sub;
    struct mrs_entry_stat own;
    bool has_own;
    struct mrs_arena bytes; /* inline nodes, the name to seek */
    struct mrs_slice from;
};

static void
leave_step(struct mrs_dir_reader *r)
{
    struct step *s = &r->steps[--r->depth];

    mrs_node_free(&s->node);
    mrs_stat_node_free(&s->stat);
    mrs_buf_free(&s->bytes);
    mrs_buf_free(&s->stat_bytes);
}

static struct mrs_slice
copy_slice(struct mrs_dir_reader *r, struct mrs_slice s)
{
    struct mrs_slice copy = { mrs_arena_copy(&r->bytes, s.p, s.n), s.n };

    return copy;
}

mars_status
mrs_dir_reader_open(struct mrs_dir_reader **out, const struct mrs_domain *d,
                    const struct mrs_sub *sub, const struct mrs_entry_stat *stat, mars_error *err)
{
    struct mrs_dir_reader *r = mrs_alloc(sizeof *r);

    *out = NULL;
    if (r == NULL)
        return mrs_nomem(err);
    r->d = d;
    r->sub = *sub;
    r->sub.node = copy_slice(r, sub->node);
    r->has_own = stat != NULL;
    if (stat != NULL) {
        r->own = *stat;
        r->own.sub_node = copy_slice(r, stat->sub_node);
    }
    if (r->sub.node.p == NULL || (r->has_own && r->own.sub_node.p == NULL)) {
        mrs_dir_reader_close(r);
        return mrs_nomem(err);
    }
    *out = r;
    return MARS_OK;
}

mars_status
mrs_dir_reader_open_root(struct mrs_dir_reader **out, const struct mrs_domain *d,
                         const struct mrs_root *root, mars_error *err)
{
    struct mrs_sub sub = { .kind = MRS_SUB_INLINE, .node = root->entry };
    struct mrs_entry_stat stat = { .sub_kind = MRS_SUB_INLINE, .sub_node = root->stat };
    mars_status st = mrs_dir_reader_open(out, d, &sub, root->stat.n > 0 ? &stat : NULL, err);

    if (st == MARS_OK)
        (*out)->is_root = true;
    return st;
}

void
mrs_dir_reader_close(struct mrs_dir_reader *r)
{
    if (r == NULL)
        return;
    while (r->depth > 0)
        leave_step(r);
    mrs_arena_free(&r->bytes);
    mrs_free(r);
}

/* The bytes of a node that stands inside, or is a chunk. */
static mars_status
load(struct mrs_dir_reader *r, uint8_t kind, const uint8_t id[32], struct mrs_slice inside,
     uint8_t cls, struct mrs_buf *out, mars_error *err)
{
    if (kind == MRS_SUB_INLINE)
        return mrs_buf_append(out, inside.p, inside.n, err);
    return mrs_chunk_get(r->d, id, cls, out, err);
}

/* A stat node is optional: what is wrong with it only costs reading. */
static mars_status
load_stat(struct mrs_dir_reader *r, struct step *s, uint8_t kind, const uint8_t *id,
          struct mrs_slice inside, mars_error *err)
{
    mars_status st = load(r, kind, id, inside, MRS_CLASS_STAT, &s->stat_bytes, err);

    if (st == MARS_OK)
        st = mrs_stat_node_decode(&s->stat, &s->node, s->stat_bytes.data, s->stat_bytes.len, err);
    s->has_stat = st == MARS_OK;
    if (mrs_is_out_of_reach(st))
        return st;
    mrs_error_clear(err);
    return MARS_OK;
}

/* Step down into a node. */
static mars_status
enter(struct mrs_dir_reader *r, uint8_t kind, const uint8_t id[32], struct mrs_slice inside,
      uint8_t level, uint8_t stat_kind, const uint8_t *stat_id, struct mrs_slice stat_inside,
      mars_error *err)
{
    struct step *s = &r->steps[r->depth++];
    mars_status st;

    memset(s, 0, sizeof *s);
    s->bytes = (struct mrs_buf)MRS_BUF_INIT(MRS_NODE_MAX);
    s->stat_bytes = (struct mrs_buf)MRS_BUF_INIT(MRS_NODE_MAX);
    st = load(r, kind, id, inside, MRS_CLASS_DIR, &s->bytes, err);
    if (st == MARS_OK)
        st = mrs_node_decode(&s->node, s->bytes.data, s->bytes.len, r->is_root, err);
    if (st == MARS_OK && s->node.level != level)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "directory node: level %u where %u is due",
                      s->node.level, level);
    if (st == MARS_OK && stat_kind != MRS_SUB_EMPTY)
        st = load_stat(r, s, stat_kind, stat_id, stat_inside, err);
    if (st != MARS_OK)
        leave_step(r);
    return st;
}

static mars_status
begin(struct mrs_dir_reader *r, struct mrs_totals *lost, mars_error *err)
{
    mars_status st;

    r->begun = true;
    if (r->sub.kind == MRS_SUB_EMPTY)
        return MARS_OK;
    st = enter(r, r->sub.kind, r->sub.id, r->sub.node, r->sub.level,
               r->has_own ? r->own.sub_kind : MRS_SUB_EMPTY, r->own.sub_id, r->own.sub_node, err);
    if (st != MARS_OK)
        *lost = r->sub.totals;
    return st;
}

mars_status
mrs_dir_reader_next(struct mrs_dir_reader *r, const struct mrs_entry **e,
                    const struct mrs_entry_stat **stat, struct mrs_totals *lost, mars_error *err)
{
    static const struct mrs_slice none;
    mars_status st = r->begun ? MARS_OK : begin(r, lost, err);

    *e = NULL;
    *stat = NULL;
    while (st == MARS_OK && r->depth > 0) {
        struct step *s = &r->steps[r->depth - 1];
        size_t i = s->at;

        if (i >= s->node.n) {
            leave_step(r);
            continue;
        }
        s->at++;
        if (s->node.level == 0) {
            if (r->from.n > 0 && mrs_slice_compare(s->node.entries[i].name, r->from) < 0)
                continue;
            *e = &s->node.entries[i];
            *stat = s->has_stat ? &s->stat.stats[i] : NULL;
            return MARS_OK;
        }
        if (r->from.n > 0 && mrs_slice_compare(s->node.children[i].last, r->from) < 0)
            continue;
        st = enter(r, MRS_SUB_REF, s->node.children[i].id, none, (uint8_t)(s->node.level - 1),
                   s->has_stat ? MRS_SUB_REF : MRS_SUB_EMPTY,
                   s->has_stat ? s->stat.children[i] : NULL, none, err);
        if (st != MARS_OK)
            *lost = s->node.children[i].totals;
    }
    return st;
}

void
mrs_dir_reader_seek(struct mrs_dir_reader *r, struct mrs_slice name)
{
    struct mrs_slice copy = copy_slice(r, name);

    /* Without memory for the name nothing is skipped, which is slower and right. */
    r->from = copy.p != NULL ? copy : (struct mrs_slice){ NULL, 0 };
}
