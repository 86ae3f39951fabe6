/* Directory entries and the nodes that hold them. FORMAT.md sections 11 and 12. */
#ifndef MRS_FORMAT_ENTRY_H
#define MRS_FORMAT_ENTRY_H

#include "format/content.h"

enum {
    MRS_NAME_BYTES_MAX = 65535,
    MRS_LEAF_MAX = 65536,      /* entries of a leaf */
    MRS_NODE_INLINE_MAX = 4096 /* a leaf shorter than this stands inside its parent */
};

enum mrs_entry_type {
    MRS_ENTRY_FILE = 1,
    MRS_ENTRY_DIR = 2,
    MRS_ENTRY_SYMLINK = 3,
    MRS_ENTRY_FIFO = 4,
    MRS_ENTRY_CHARDEV = 5,
    MRS_ENTRY_BLOCKDEV = 6
};
enum { MRS_ENTRY_INCOMPLETE = 1, MRS_ENTRY_CHANGED = 2 }; /* flags */

/* A length and borrowed bytes. */
struct mrs_slice {
    const uint8_t *p;
    size_t n;
};

/* The order of names: by their bytes. */
int mrs_slice_compare(struct mrs_slice a, struct mrs_slice b);

struct mrs_totals {
    uint64_t entries;
    uint64_t bytes;
    uint64_t errors;
};

enum { MRS_SUB_EMPTY = 0, MRS_SUB_INLINE = 1, MRS_SUB_REF = 2 };

/* What is in a directory. */
struct mrs_sub {
    uint8_t kind;
    uint8_t level;             /* REF: of the root node */
    uint8_t id[32];            /* REF */
    struct mrs_slice node;     /* INLINE: an encoded leaf */
    struct mrs_totals totals;
};

/* The stat table's part of an entry. */
struct mrs_entry_stat {
    int64_t ctime_s;
    uint32_t ctime_ns;
    uint64_t inode;
    uint64_t generation;
    uint8_t sub_kind;          /* MRS_SUB_*: the directory's stat node */
    uint8_t sub_id[32];
    struct mrs_slice sub_node;
};

/* One name. All slices are borrowed. */
struct mrs_entry {
    struct mrs_slice name;
    uint8_t type;
    uint32_t mode;
    uint64_t uid;
    uint64_t gid;
    struct mrs_slice user;     /* owner's name, may be empty */
    struct mrs_slice group;
    int64_t mtime_s;
    uint32_t mtime_ns;
    int64_t btime_s;
    uint32_t btime_ns;
    uint32_t rdev_major;
    uint32_t rdev_minor;
    struct mrs_slice target;   /* symbolic link */
    struct mrs_slice link_group; /* 16 bytes or none */
    uint64_t attrs_size;       /* 0: no attribute set */
    struct mrs_content attrs;
    uint32_t flags;
    uint64_t size;             /* main stream, holes included */
    struct mrs_content content;
    uint8_t chunker;
    struct mrs_sub sub;        /* MRS_ENTRY_DIR */
};

/* Append a leaf of n entries (names ascending, checked: MARS_ERR_INTERNAL). The root entry "/" of
 * a POSIX file system is allowed alone. */
MARS_NODISCARD mars_status mrs_leaf_encode(const struct mrs_entry *entries, size_t n,
                                           struct mrs_buf *out, mars_error *err);
/* Append the stat leaf that stands beside it; types say which entries are directories. */
MARS_NODISCARD mars_status mrs_stat_leaf_encode(const struct mrs_entry_stat *stats,
                                                const struct mrs_entry *entries, size_t n,
                                                struct mrs_buf *out, mars_error *err);

struct mrs_node_child {
    struct mrs_slice last;     /* the greatest name in it; empty in stat nodes */
    uint8_t id[32];
    struct mrs_totals totals;  /* zero in stat nodes */
};

/* A decoded directory node: entries at level 0, children above. Slices point into the buffer that
 * was decoded, or into `names`, which the node owns. */
struct mrs_node {
    uint8_t level;
    size_t n;
    struct mrs_entry *entries;
    struct mrs_node_child *children;
    uint8_t *names;
};
MARS_NODISCARD mars_status mrs_inner_encode(uint8_t level, const struct mrs_node_child *children,
                                            size_t n, struct mrs_buf *out, mars_error *err);
/* Names are checked: refused (MARS_ERR_CORRUPT) are empty ones, "." and "..", those with "/" or
 * NUL; is_root allows the one entry "/". buf must outlive the node. */
MARS_NODISCARD mars_status mrs_node_decode(struct mrs_node *node, const uint8_t *buf, size_t len,
                                           int is_root, mars_error *err);
/* May be called on a zeroed node, and after a failure. */
void mrs_node_free(struct mrs_node *node);

struct mrs_stat_node {
    uint8_t level;
    size_t n;
    struct mrs_entry_stat *stats;   /* level 0 */
    uint8_t (*children)[32];        /* above */
};
MARS_NODISCARD mars_status mrs_stat_inner_encode(uint8_t level, const uint8_t (*children)[32],
                                                 size_t n, struct mrs_buf *out, mars_error *err);
/* `beside` is the decoded directory node that it annotates: shapes must agree. */
MARS_NODISCARD mars_status mrs_stat_node_decode(struct mrs_stat_node *node,
                                                const struct mrs_node *beside, const uint8_t *buf,
                                                size_t len, mars_error *err);
void mrs_stat_node_free(struct mrs_stat_node *node);

/* Where leaves and inner nodes end (FORMAT.md section 11, "Writers"). */
uint64_t mrs_siphash(const uint8_t key[16], const void *data, size_t n);
/* The weight of one entry in its leaf. */
uint64_t mrs_entry_weight(const struct mrs_entry *e);
/* Does the leaf end behind an entry with this name hash and weight, the leaf's weights and count
 * so far (this one included)? */
int mrs_leaf_ends(uint64_t hash, uint64_t weight, uint64_t leaf_weight, size_t count);
/* level: of the inner node, from 1; each looks at other bits of the hash. */
int mrs_inner_ends(uint64_t last_name_hash, uint8_t level, size_t count);
/* The same for content lists. */
int mrs_list_leaf_ends(const uint8_t last_id[32], size_t refs, size_t extents);
int mrs_list_inner_ends(const uint8_t last_id[32], size_t count);

#endif
