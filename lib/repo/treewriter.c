#include "repo/treewriter.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "repo/entrycopy.h"

/* A child of an inner node in the making. */
struct child {
    struct mrs_slice last; /* in the level's arena */
    uint8_t id[32];
    uint8_t stat_id[32];
    struct mrs_totals totals;
};
struct level {
    struct mrs_vec children;
    struct mrs_arena names;
};

/* A directory in the making. */
struct dir {
    struct dir *parent;
    struct mrs_vec entries; /* struct mrs_entry: of the leaf in the making */
    struct mrs_vec stats;   /* struct mrs_entry_stat */
    struct mrs_arena bytes; /* what these point to */
    uint64_t weight;
    struct mrs_totals totals; /* of the leaf */
    /* The first leaf waits here, encoded, until it is clear whether it stays the only one. */
    bool waiting;
    struct mrs_buf leaf;
    struct mrs_buf stat_leaf;
    struct child first;
    struct level levels[MRS_LEVEL_MAX + 1]; /* [0] is not used */
};

struct mrs_tree_writer {
    const struct mrs_domain *d;
    mrs_put_fn put;
    void *user;
    struct dir *innermost;
    struct dir *spare; /* the one that was left last: its buffers are lent to the caller */
};

static void
empty_leaf(struct dir *dir)
{
    dir->entries.len = 0;
    dir->stats.len = 0;
    mrs_arena_free(&dir->bytes);
    dir->weight = 0;
    memset(&dir->totals, 0, sizeof dir->totals);
}

static void
free_dir(struct dir *dir)
{
    if (dir == NULL)
        return;
    mrs_vec_free(&dir->entries);
    mrs_vec_free(&dir->stats);
    mrs_arena_free(&dir->bytes);
    mrs_buf_free(&dir->leaf);
    mrs_buf_free(&dir->stat_leaf);
    mrs_arena_free(&dir->levels[0].names); /* the waiting leaf's last name */
    for (size_t i = 1; i <= MRS_LEVEL_MAX; i++) {
        mrs_vec_free(&dir->levels[i].children);
        mrs_arena_free(&dir->levels[i].names);
    }
    mrs_free(dir);
}

mars_status
mrs_tree_writer_new(struct mrs_tree_writer **out, const struct mrs_domain *d, mrs_put_fn put,
                    void *user, mars_error *err)
{
    struct mrs_tree_writer *w = mrs_alloc(sizeof *w);

    *out = w;
    if (w == NULL)
        return mrs_nomem(err);
    w->d = d;
    w->put = put;
    w->user = user;
    return MARS_OK;
}

void
mrs_tree_writer_free(struct mrs_tree_writer *w)
{
    if (w == NULL)
        return;
    while (w->innermost != NULL) {
        struct dir *dir = w->innermost;

        w->innermost = dir->parent;
        free_dir(dir);
    }
    free_dir(w->spare);
    mrs_free(w);
}

mars_status
mrs_tree_writer_enter(struct mrs_tree_writer *w, mars_error *err)
{
    struct dir *dir = mrs_alloc(sizeof *dir);

    if (dir == NULL)
        return mrs_nomem(err);
    dir->entries = (struct mrs_vec)MRS_VEC_INIT(struct mrs_entry);
    dir->stats = (struct mrs_vec)MRS_VEC_INIT(struct mrs_entry_stat);
    dir->leaf = (struct mrs_buf)MRS_BUF_INIT(MRS_NODE_MAX);
    dir->stat_leaf = (struct mrs_buf)MRS_BUF_INIT(MRS_NODE_MAX);
    for (size_t i = 1; i <= MRS_LEVEL_MAX; i++)
        dir->levels[i].children = (struct mrs_vec)MRS_VEC_INIT(struct child);
    dir->parent = w->innermost;
    w->innermost = dir;
    return MARS_OK;
}

static void
add_totals(struct mrs_totals *to, const struct mrs_totals *more)
{
    to->entries += more->entries;
    to->bytes += more->bytes;
    to->errors += more->errors;
}

static mars_status push_child(struct mrs_tree_writer *w, struct dir *dir, size_t level,
                              const struct child *c, mars_error *err);

/* Encode the children of a level as one inner node, which becomes a child of the next. */
static mars_status
flush_level(struct mrs_tree_writer *w, struct dir *dir, size_t level, mars_error *err)
{
    struct level *l = &dir->levels[level];
    struct mrs_buf node = MRS_BUF_INIT(MRS_NODE_MAX);
    struct mrs_vec dirs = MRS_VEC_INIT(struct mrs_node_child);
    struct mrs_vec stats = { NULL, 0, 0, 32 };
    struct child c = { 0 };
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < l->children.len; i++) {
        const struct child *from = mrs_vec_at(&l->children, i);
        struct mrs_node_child *to = mrs_vec_add(&dirs);
        uint8_t *stat_id = mrs_vec_add(&stats);

        if (to == NULL || stat_id == NULL) {
            st = mrs_nomem(err);
            break;
        }
        to->last = c.last = from->last;
        to->totals = from->totals;
        memcpy(to->id, from->id, sizeof to->id);
        memcpy(stat_id, from->stat_id, 32);
        add_totals(&c.totals, &from->totals);
    }
    if (st == MARS_OK)
        st = mrs_inner_encode((uint8_t)level, dirs.items, dirs.len, &node, err);
    if (st == MARS_OK)
        st = w->put(w->user, MRS_CLASS_DIR, node.data, node.len, c.id, err);
    mrs_buf_reset(&node);
    if (st == MARS_OK)
        st = mrs_stat_inner_encode((uint8_t)level, stats.items, stats.len, &node, err);
    if (st == MARS_OK)
        st = w->put(w->user, MRS_CLASS_STAT, node.data, node.len, c.stat_id, err);
    if (st == MARS_OK)
        st = push_child(w, dir, level + 1, &c, err);
    l->children.len = 0;
    mrs_arena_free(&l->names);
    mrs_vec_free(&dirs);
    mrs_vec_free(&stats);
    mrs_buf_free(&node);
    return st;
}

/* Levels are bounded: recursion ends at MRS_LEVEL_MAX. */
static mars_status
push_child(struct mrs_tree_writer *w, struct dir *dir, size_t level, const struct child *c,
           mars_error *err)
{
    struct child *at;

    if (level > MRS_LEVEL_MAX)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "a directory has too many entries");
    at = mrs_vec_add(&dir->levels[level].children);
    if (at == NULL)
        return mrs_nomem(err);
    *at = *c;
    at->last.p = mrs_arena_copy(&dir->levels[level].names, c->last.p, c->last.n);
    if (at->last.p == NULL)
        return mrs_nomem(err);
    if (mrs_inner_ends(mrs_siphash(w->d->node_key, c->last.p, c->last.n), (uint8_t)level,
                       dir->levels[level].children.len))
        return flush_level(w, dir, level, err);
    return MARS_OK;
}

/* The waiting first leaf turns out not to be the only one, or too long to stand inside. */
static mars_status
put_waiting(struct mrs_tree_writer *w, struct dir *dir, mars_error *err)
{
    mars_status st = w->put(w->user, MRS_CLASS_DIR, dir->leaf.data, dir->leaf.len, dir->first.id,
                            err);

    if (st == MARS_OK)
        st = w->put(w->user, MRS_CLASS_STAT, dir->stat_leaf.data, dir->stat_leaf.len,
                    dir->first.stat_id, err);
    if (st == MARS_OK)
        st = push_child(w, dir, 1, &dir->first, err);
    dir->waiting = false;
    return st;
}

/* End the leaf in the making: from now on it waits. */
static mars_status
flush_leaf(struct mrs_tree_writer *w, struct dir *dir, mars_error *err)
{
    const struct mrs_entry *entries = dir->entries.items;
    struct mrs_slice last = entries[dir->entries.len - 1].name;
    mars_status st = dir->waiting ? put_waiting(w, dir, err) : MARS_OK;

    mrs_buf_reset(&dir->leaf);
    mrs_buf_reset(&dir->stat_leaf);
    mrs_arena_free(&dir->levels[0].names);
    if (st == MARS_OK)
        st = mrs_leaf_encode(entries, dir->entries.len, &dir->leaf, err);
    if (st == MARS_OK)
        st = mrs_stat_leaf_encode(dir->stats.items, entries, dir->entries.len, &dir->stat_leaf,
                                  err);
    if (st != MARS_OK)
        return st;
    memset(&dir->first, 0, sizeof dir->first);
    dir->first.totals = dir->totals;
    dir->first.last.n = last.n;
    dir->first.last.p = mrs_arena_copy(&dir->levels[0].names, last.p, last.n);
    dir->waiting = true;
    empty_leaf(dir);
    return dir->first.last.p != NULL ? MARS_OK : mrs_nomem(err);
}

static mars_status
copy_entry(struct dir *dir, const struct mrs_entry *e, const struct mrs_entry_stat *stat,
           mars_error *err)
{
    struct mrs_entry *at = mrs_vec_add(&dir->entries);
    struct mrs_entry_stat *sat = at != NULL ? mrs_vec_add(&dir->stats) : NULL;

    if (sat == NULL)
        return mrs_nomem(err);
    *at = *e;
    *sat = *stat;
    return mrs_entry_own(&dir->bytes, at, sat, err);
}

mars_status
mrs_tree_writer_add(struct mrs_tree_writer *w, const struct mrs_entry *e,
                    const struct mrs_entry_stat *stat, mars_error *err)
{
    struct dir *dir = w->innermost;
    uint64_t weight = mrs_entry_weight(e);
    mars_status st = copy_entry(dir, e, stat, err);

    if (st != MARS_OK)
        return st;
    dir->weight += weight;
    dir->totals.entries++;
    if (e->type == MRS_ENTRY_FILE)
        dir->totals.bytes += e->size;
    if ((e->flags & (MRS_ENTRY_INCOMPLETE | MRS_ENTRY_CHANGED)) != 0)
        dir->totals.errors++;
    if (e->type == MRS_ENTRY_DIR)
        add_totals(&dir->totals, &e->sub.totals);
    if (mrs_leaf_ends(mrs_siphash(w->d->node_key, e->name.p, e->name.n), weight, dir->weight,
                      dir->entries.len))
        return flush_leaf(w, dir, err);
    return MARS_OK;
}

/* All leaves are children of level 1 now: close level after level until one node is left. */
static mars_status
close_levels(struct mrs_tree_writer *w, struct dir *dir, struct mrs_sub *sub,
             struct mrs_entry_stat *stat, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t level = 1; st == MARS_OK && level <= MRS_LEVEL_MAX; level++) {
        const struct child *only = dir->levels[level].children.items;
        bool higher = false;

        for (size_t i = level + 1; i <= MRS_LEVEL_MAX; i++)
            higher |= dir->levels[i].children.len > 0;
        if (dir->levels[level].children.len == 1 && !higher) {
            sub->kind = stat->sub_kind = MRS_SUB_REF;
            sub->level = (uint8_t)(level - 1);
            sub->totals = only->totals;
            memcpy(sub->id, only->id, sizeof sub->id);
            memcpy(stat->sub_id, only->stat_id, sizeof stat->sub_id);
            return MARS_OK;
        }
        if (dir->levels[level].children.len > 0)
            st = flush_level(w, dir, level, err);
    }
    return st != MARS_OK ? st : mrs_fail(err, MARS_ERR_INTERNAL, "directory without a root node");
}

mars_status
mrs_tree_writer_leave(struct mrs_tree_writer *w, struct mrs_sub *sub, struct mrs_entry_stat *stat,
                      mars_error *err)
{
    struct dir *dir = w->innermost;
    bool only;
    mars_status st = dir->entries.len > 0 ? flush_leaf(w, dir, err) : MARS_OK;

    memset(sub, 0, sizeof *sub);
    stat->sub_kind = MRS_SUB_EMPTY;
    stat->sub_node = (struct mrs_slice){ NULL, 0 };
    only = dir->waiting;
    for (size_t i = 1; i <= MRS_LEVEL_MAX; i++)
        only = only && dir->levels[i].children.len == 0;
    if (st == MARS_OK && only && dir->leaf.len < MRS_NODE_INLINE_MAX) {
        sub->kind = stat->sub_kind = MRS_SUB_INLINE;
        sub->node = (struct mrs_slice){ dir->leaf.data, dir->leaf.len };
        sub->totals = dir->first.totals;
        stat->sub_node = (struct mrs_slice){ dir->stat_leaf.data, dir->stat_leaf.len };
    } else if (st == MARS_OK && dir->waiting) {
        st = put_waiting(w, dir, err);
        if (st == MARS_OK)
            st = close_levels(w, dir, sub, stat, err);
    }
    w->innermost = dir->parent;
    free_dir(w->spare);
    w->spare = dir; /* sub and stat point into it */
    return st;
}
