/* What is backed up: a mars_source, the library's own or a caller's, whose answers are checked
 * here before they are relied on. */
#ifndef MRS_SOURCE_SOURCE_H
#define MRS_SOURCE_SOURCE_H

#include <stdbool.h>

#include <mars/source.h>

#include "format/entry.h"
#include "format/point.h"

/* The bytes of one file that a source opened. Any thread may read anywhere, several at once. */
struct mrs_source_file {
    const mars_source *source; /* NULL: none is open */
    void *file;
    uint64_t size;             /* when it was opened */
    bool sparse;               /* it may have holes */
};

/* *got less than n only at the end. */
MARS_NODISCARD mars_status mrs_source_read(const struct mrs_source_file *f, uint64_t offset,
                                           void *out, size_t n, size_t *got, mars_error *err);
/* The next data from offset on: [*start, *end); both `size` where there is none. */
MARS_NODISCARD mars_status mrs_source_extent(const struct mrs_source_file *f, uint64_t offset,
                                             uint64_t *start, uint64_t *end, mars_error *err);
/* Was it written to since it was opened? */
MARS_NODISCARD mars_status mrs_source_changed(const struct mrs_source_file *f, bool *changed,
                                              mars_error *err);
/* May be called where none is open. */
void mrs_source_close(struct mrs_source_file *f);

/* What a reader of a source makes of its row of names: directories entered and left, entries,
 * things skipped. One thread. */
enum mrs_source_kind {
    MRS_SOURCE_END,
    MRS_SOURCE_ENTER,  /* a directory: entry is its own; what is in it follows, names ascending */
    MRS_SOURCE_LEAVE,  /* of the innermost directory; there is no entry */
    MRS_SOURCE_ENTRY,  /* anything but a directory */
    MRS_SOURCE_SKIPPED /* path, reason, os_code, message */
};

/* All that an item points to, but its root, is lent until the next call of mrs_reader_next. */
struct mrs_source_item {
    enum mrs_source_kind kind;
    const struct mrs_root *root; /* in which it is: style, parent, file system. Lives as long as the
                                    reader */
    bool is_root;            /* the entry is the root itself (its name: last path component) */
    struct mrs_slice path;   /* absolute raw bytes, for messages */
    struct mrs_entry entry;  /* without content; complete after mrs_reader_describe */
    struct mrs_entry_stat stat;
    bool comparable;         /* stat tells whether it changed */
    bool linked;             /* link_fs and stat.inode make its hard-link group */
    uint64_t link_fs;
    uint32_t reason;         /* mrs_skip_reason */
    int32_t os_code;
    const char *message;
};

struct mrs_reader;
/* source outlives the reader. MARS_ERR_INVALID_ARG where the table lacks a function. */
MARS_NODISCARD mars_status mrs_reader_open(struct mrs_reader **out, const mars_source *source,
                                           mars_error *err);
/* NULL is allowed. */
void mrs_reader_close(struct mrs_reader *r);
/* END again and again once it was given. A failure is the source's, or MARS_ERR_INVALID_ARG for a
 * row that is out of order. */
MARS_NODISCARD mars_status mrs_reader_next(struct mrs_reader *r, struct mrs_source_item *item,
                                           mars_error *err);
/* Complete the item's entry: owner names, link target. NOT_FOUND if it vanished. attrs: an encoded
 * set, or empty, which the caller stores. */
MARS_NODISCARD mars_status mrs_reader_describe(struct mrs_reader *r, struct mrs_source_item *item,
                                               struct mrs_slice *attrs, mars_error *err);
/* The item's file. NOT_FOUND if it vanished; entry and stat are brought up to date. */
MARS_NODISCARD mars_status mrs_reader_open_file(struct mrs_reader *r, struct mrs_source_item *item,
                                                struct mrs_source_file *out, mars_error *err);

#endif
