/* Directories for the tests of tree writer and reader. */
#ifndef REPO_TREE_KIT_H
#define REPO_TREE_KIT_H

#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "listed.h"
#include "repo/treereader.h"
#include "repo/treewriter.h"
#include "same_entries.h"

/* Counts what is put, and hands it to a session; NULL: nowhere. */
struct tree_sink {
    struct kit *k;
    struct mrs_session *s;
    size_t added[MRS_CLASS_SKIPPED + 1]; /* chunks that were new, by class */
};

static inline mars_status
tree_put(void *user, uint8_t cls, const void *data, size_t n, uint8_t id[32], mars_error *err)
{
    struct tree_sink *sink = user;
    uint64_t stored = 0;
    mars_status st;

    if (sink->s == NULL)
        return mrs_chunk_id(sink->k->d, cls, data, n, id, err);
    st = mrs_session_put(sink->s, cls, data, n, id, &stored, err);
    sink->added[cls] += stored > 0;
    return st;
}

/* Entry number i of a directory; `name` is its buffer. */
static inline void
tree_entry(uint64_t i, char name[32], struct mrs_entry *e, struct mrs_entry_stat *st)
{
    memset(e, 0, sizeof *e);
    memset(st, 0, sizeof *st);
    e->name.n = (size_t)snprintf(name, 32, "%09u-name", (unsigned)i);
    e->name.p = (const uint8_t *)name;
    e->type = i % 17 == 3 ? MRS_ENTRY_SYMLINK : i % 19 == 4 ? MRS_ENTRY_FIFO : MRS_ENTRY_FILE;
    e->mode = 0644;
    e->uid = 1000 + i % 3;
    e->mtime_s = (int64_t)(1700000000 - i * 7);
    e->mtime_ns = (uint32_t)(i % 1000000000);
    if (e->type == MRS_ENTRY_SYMLINK)
        e->target = e->name;
    if (e->type == MRS_ENTRY_FILE && i % 5 == 0) {
        e->size = e->name.n;
        e->content.kind = MRS_CONTENT_INLINE;
        e->content.data = e->name.p;
    } else if (e->type == MRS_ENTRY_FILE) {
        e->size = 1000 + i;
        e->content.kind = MRS_CONTENT_CHUNK;
        memset(e->content.id, (int)(i & 0xff), 32);
    }
    e->flags = i % 100 == 50 ? MRS_ENTRY_INCOMPLETE : 0;
    st->ctime_s = 1700000000 + (int64_t)i;
    st->inode = i * 3 + 1;
}

/* A directory of n entries; changed: the number of one with another mode (n or above: none). */
static inline void
tree_write(struct tree_sink *sink, uint64_t n, uint64_t changed, struct mrs_sub *sub,
           struct mrs_entry_stat *stat, struct mrs_tree_writer **out)
{
    struct mrs_tree_writer *w = NULL;
    struct mrs_entry e;
    struct mrs_entry_stat st;
    char name[32];

    memset(stat, 0, sizeof *stat);
    assert_int_equal(mrs_tree_writer_new(&w, sink->k->d, tree_put, sink, NULL), MARS_OK);
    assert_int_equal(mrs_tree_writer_enter(w, NULL), MARS_OK);
    for (uint64_t i = 0; i < n; i++) {
        tree_entry(i, name, &e, &st);
        if (i == changed)
            e.mode = 0600;
        assert_int_equal(mrs_tree_writer_add(w, &e, &st, NULL), MARS_OK);
    }
    assert_int_equal(mrs_tree_writer_leave(w, sub, stat, NULL), MARS_OK);
    *out = w;
}

/* Write in a session of its own, commit, and read the index. */
static inline void
tree_commit(struct kit *k, uint64_t n, uint64_t changed, struct tree_sink *sink,
            struct mrs_sub *sub, struct mrs_entry_stat *stat, struct mrs_tree_writer **w)
{
    *sink = (struct tree_sink){ .k = k, .s = kit_begin(k, 1) };
    tree_write(sink, n, changed, sub, stat, w);
    kit_commit(sink->s);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
}

#endif
