/* A stream's content, content-list nodes, attribute sets, skipped lists. FORMAT.md section 10. */
#ifndef MRS_FORMAT_CONTENT_H
#define MRS_FORMAT_CONTENT_H

#include "base/rd.h"
#include "base/wr.h"
#include "format/pack.h"

enum {
    MRS_INLINE_MAX = 512,      /* of file data */
    MRS_ATTRS_INLINE_MAX = 2048,
    MRS_ATTRS_MAX = 16 << 20,
    MRS_NODE_MAX = 16 << 20,   /* any tree node, encoded */
    MRS_LEVEL_MAX = 8,
    MRS_LIST_MAX = 65536       /* references, extents or children of one list node */
};

enum mrs_content_kind {
    MRS_CONTENT_NONE = 0,
    MRS_CONTENT_INLINE = 1,
    MRS_CONTENT_CHUNK = 2,
    MRS_CONTENT_LIST = 3
};

/* With the stream's size, which stands beside it, this says where its bytes are. */
struct mrs_content {
    uint8_t kind;
    uint8_t level;            /* LIST: of the root node */
    uint8_t id[32];           /* CHUNK, LIST */
    uint64_t offset;          /* CHUNK: in the chunk's plaintext */
    const uint8_t *data;      /* INLINE: size bytes; borrowed */
};

/* The body without its kind, as directory column 21 holds it. */
void mrs_content_write_body(struct mrs_wr *w, const struct mrs_content *c, uint64_t size);
/* inline_max bounds what may stand inside; a size over it makes r bad. */
void mrs_content_read_body(struct mrs_rd *r, struct mrs_content *c, uint8_t kind, uint64_t size,
                           uint64_t inline_max);
/* Kind and body. */
void mrs_content_write(struct mrs_wr *w, const struct mrs_content *c, uint64_t size);
void mrs_content_read(struct mrs_rd *r, struct mrs_content *c, uint64_t size, uint64_t inline_max);

struct mrs_ref {
    uint8_t id[32];
    uint64_t offset;
    uint64_t len;
};
struct mrs_extent {
    uint64_t hole;
    uint64_t data;
};
struct mrs_list_child {
    uint8_t id[32];
    uint64_t size;
};
/* A decoded content-list node; level 0 has refs and extents, others children. */
struct mrs_list_node {
    uint8_t level;
    struct mrs_ref *refs;
    size_t n_refs;
    struct mrs_extent *extents; /* none: no holes */
    size_t n_extents;
    struct mrs_list_child *children;
    size_t n_children;
    uint64_t size; /* holes and data */
};
MARS_NODISCARD mars_status mrs_list_encode(const struct mrs_list_node *n, struct mrs_buf *out,
                                           mars_error *err);
/* Freed with mrs_list_free, which may be called on a zeroed node and after a failure. */
MARS_NODISCARD mars_status mrs_list_decode(struct mrs_list_node *n, const uint8_t *buf, size_t len,
                                           mars_error *err);
void mrs_list_free(struct mrs_list_node *n);

/* Attribute sets: sorted by the encoder's caller, names ascending (checked by both). */
struct mrs_attr {
    const uint8_t *name;
    size_t name_len;
    const uint8_t *value;
    size_t value_len;
};
MARS_NODISCARD mars_status mrs_attrs_encode(const struct mrs_attr *attrs, size_t n,
                                            struct mrs_buf *out, mars_error *err);
/* fn for each, borrowed from buf. */
typedef mars_status (*mrs_attr_fn)(void *user, const struct mrs_attr *a, mars_error *err);
MARS_NODISCARD mars_status mrs_attrs_decode(const uint8_t *buf, size_t len, mrs_attr_fn fn,
                                            void *user, mars_error *err);

/* FORMAT.md section 13; the API's mars_skip_reason has the same numbers. */
enum mrs_skip_reason {
    MRS_SKIP_UNREADABLE = 1,
    MRS_SKIP_VANISHED = 2,
    MRS_SKIP_SOCKET = 3,
    MRS_SKIP_CHANGED = 4,
    MRS_SKIP_PARTIAL = 5,
    MRS_SKIP_KIND = 6
};
struct mrs_skip {
    const uint8_t *path;
    size_t path_len;
    uint32_t reason;
    uint32_t os_code;
    const char *message; /* not NUL-terminated after decoding */
    size_t message_len;
};
MARS_NODISCARD mars_status mrs_skip_encode(const struct mrs_skip *s, struct mrs_buf *out,
                                           mars_error *err);
/* One entry from r; r->bad on damage. */
void mrs_skip_decode(struct mrs_rd *r, struct mrs_skip *s);

#endif
