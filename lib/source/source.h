/* What is backed up, as a row of items: directories entered and left, entries, things skipped.
 * One thread at a time; streams that were opened may be read on other threads. */
#ifndef MRS_SOURCE_SOURCE_H
#define MRS_SOURCE_SOURCE_H

#include <stdbool.h>

#include "format/entry.h"
#include "format/point.h"

enum mrs_source_kind {
    MRS_SOURCE_END,
    MRS_SOURCE_ENTER,  /* a directory: entry is its own; what is in it follows, names ascending */
    MRS_SOURCE_LEAVE,  /* of the innermost directory; entry is that of its ENTER, name only */
    MRS_SOURCE_ENTRY,  /* anything but a directory */
    MRS_SOURCE_SKIPPED /* path, reason, os_code, message */
};

struct mrs_source_item {
    enum mrs_source_kind kind;
    size_t root;             /* which root: index in the order of mrs_source_root */
    bool is_root;            /* the entry is the root itself (its name: last path component) */
    struct mrs_slice path;   /* absolute raw bytes, for messages */
    struct mrs_entry entry;  /* what one stat tells; the rest after mrs_source_describe */
    struct mrs_entry_stat stat;
    uint64_t link_fs;        /* what makes the hard-link group; only when linked is true */
    bool linked;
    enum mrs_skip_reason reason;
    uint32_t os_code;
    const char *message;
};
/* All that an item points to is the source's, until the next call of mrs_source_next. */

/* The bytes of one file. Any thread may read anywhere, several at once. */
struct mrs_source_stream;
struct mrs_source_stream_vt {
    mars_status (*read)(struct mrs_source_stream *s, uint64_t offset, void *out, size_t n,
                        size_t *got, mars_error *err);
    /* The next data from offset on: [*start, *end); both `size` where there is none. NULL: no
     * holes. */
    mars_status (*data)(struct mrs_source_stream *s, uint64_t offset, uint64_t *start,
                        uint64_t *end, mars_error *err);
    /* Was it written to since it was opened? NULL: never. */
    mars_status (*changed)(struct mrs_source_stream *s, bool *changed, mars_error *err);
    void (*close)(struct mrs_source_stream *s);
};
struct mrs_source_stream {
    const struct mrs_source_stream_vt *vt;
    uint64_t size;      /* when it was opened */
    bool sparse;        /* it may have holes: ask data() */
};

struct mrs_source;
struct mrs_source_vt {
    mars_status (*next)(struct mrs_source *s, struct mrs_source_item *item, mars_error *err);
    /* Complete the item's entry: owner names, link target, attribute set. NOT_FOUND if it
     * vanished. `attrs` is what mrs_attrs_encode made, or empty; the caller stores it. */
    mars_status (*describe)(struct mrs_source *s, struct mrs_source_item *item,
                            struct mrs_slice *attrs, mars_error *err);
    /* The main stream of the current file. NOT_FOUND if it vanished; the item's entry and stat are
     * refreshed from the open file. */
    mars_status (*open)(struct mrs_source *s, struct mrs_source_item *item,
                        struct mrs_source_stream **out, mars_error *err);
    /* Style, parent, file system of root i, once its first item was seen; borrowed until close. */
    void (*root)(struct mrs_source *s, size_t i, struct mrs_root *out);
    void (*close)(struct mrs_source *s);
};
struct mrs_source {
    const struct mrs_source_vt *vt;
    size_t n_roots;
};

#endif
