/* Builds directory trees, their stat tables and content lists as chunks, from entries that come
 * in order. Memory does not grow with the number of entries of a directory. One thread. */
#ifndef MRS_REPO_TREEWRITER_H
#define MRS_REPO_TREEWRITER_H

#include "repo/domain.h"
#include "format/entry.h"

/* Where the chunks go: a session, or nowhere in a dry run. */
typedef mars_status (*mrs_put_fn)(void *user, uint8_t cls, const void *data, size_t n,
                                  uint8_t id[32], mars_error *err);

struct mrs_tree_writer;
MARS_NODISCARD mars_status mrs_tree_writer_new(struct mrs_tree_writer **out,
                                               const struct mrs_domain *d, mrs_put_fn put,
                                               void *user, mars_error *err);
void mrs_tree_writer_free(struct mrs_tree_writer *w);

/* Begin a directory inside the innermost one, or a first. */
MARS_NODISCARD mars_status mrs_tree_writer_enter(struct mrs_tree_writer *w, mars_error *err);
/* Add an entry, names ascending, to the innermost. Everything is copied. */
MARS_NODISCARD mars_status mrs_tree_writer_add(struct mrs_tree_writer *w,
                                               const struct mrs_entry *e,
                                               const struct mrs_entry_stat *st, mars_error *err);
/* End the innermost: what stands for it in its own entry. *sub and the sub_* part of *st point
 * into the writer until the next call. */
MARS_NODISCARD mars_status mrs_tree_writer_leave(struct mrs_tree_writer *w, struct mrs_sub *sub,
                                                 struct mrs_entry_stat *st, mars_error *err);

/* A stream's references and extents, in order. */
struct mrs_list_writer;
MARS_NODISCARD mars_status mrs_list_writer_new(struct mrs_list_writer **out, mrs_put_fn put,
                                               void *user, mars_error *err);
void mrs_list_writer_free(struct mrs_list_writer *w);
/* `hole` zeros, then `data` bytes that references give; before those references. */
MARS_NODISCARD mars_status mrs_list_writer_extent(struct mrs_list_writer *w, uint64_t hole,
                                                  uint64_t data, mars_error *err);
MARS_NODISCARD mars_status mrs_list_writer_ref(struct mrs_list_writer *w, const uint8_t id[32],
                                               uint64_t offset, uint64_t len, mars_error *err);
/* What stands for the stream: one chunk where that is enough, else a list. */
MARS_NODISCARD mars_status mrs_list_writer_finish(struct mrs_list_writer *w, struct mrs_content *c,
                                                  uint64_t *size, mars_error *err);

#endif
