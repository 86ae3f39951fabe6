/* Recovery points. FORMAT.md section 13. */
#ifndef MRS_FORMAT_POINT_H
#define MRS_FORMAT_POINT_H

#include "format/entry.h"
#include "format/field.h"

enum { MRS_POINT_MAX_ROOTS = 4096, MRS_DISPLAY_NAME_MAX = 255 };

enum mrs_path_style {
    MRS_PATH_POSIX = 1,
    MRS_PATH_DRIVE = 2,
    MRS_PATH_UNC = 3,
    MRS_PATH_VOLUME = 4,
    MRS_PATH_STREAM = 5
};

struct mrs_root {
    uint8_t style;            /* enum mrs_path_style */
    uint8_t encoding;         /* 1 bytes, 2 UTF-8, 3 WTF-8 */
    uint8_t case_rule;        /* 1 sensitive, 2 insensitive */
    uint8_t consistency;      /* 0 none, 1 crash, 2 application */
    struct mrs_slice *parent; /* components of the parent's path */
    size_t n_parent;
    struct mrs_slice fs_type;
    struct mrs_slice entry;   /* an encoded leaf of one entry */
    struct mrs_slice stat;    /* an encoded stat leaf of one entry, or empty */
};

struct mrs_item_head {
    uint8_t item[16];
    uint8_t session[16];
};

/* All slices and arrays are borrowed when encoding; when decoding slices point into the input and
 * arrays are freed by mrs_point_free. */
struct mrs_point {
    uint8_t session[16];
    uint8_t item[16];
    struct mrs_slice item_name;
    uint8_t machine[16];
    struct mrs_slice machine_name;
    struct mrs_stamp started;
    struct mrs_stamp finished;
    uint64_t ledger_number;
    uint8_t ledger_hash[32];
    uint8_t (*heads)[16];
    size_t n_heads;
    struct mrs_item_head *others;
    size_t n_others;
    struct mrs_root *roots;
    size_t n_roots;
    uint64_t skipped_count;
    uint64_t skipped_size;
    struct mrs_content skipped;
    struct mrs_totals totals;
    uint8_t (*indexes)[32];
    size_t n_indexes;
    uint64_t added_bytes;
    struct mrs_slice software;
};

/* Appends the payload. */
MARS_NODISCARD mars_status mrs_point_encode(const struct mrs_point *p, struct mrs_buf *out,
                                            mars_error *err);
MARS_NODISCARD mars_status mrs_point_decode(struct mrs_point *p, const uint8_t *buf, size_t len,
                                            mars_error *err);
/* After a decode, also a failed one, or on a zeroed point. */
void mrs_point_free(struct mrs_point *p);

#endif
