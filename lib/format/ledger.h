/* Ledger records, leases, fences. FORMAT.md sections 14 and 15. */
#ifndef MRS_FORMAT_LEDGER_H
#define MRS_FORMAT_LEDGER_H

#include "format/point.h"

enum { MRS_LEDGER_OPS_MAX = 1 << 20 };

enum mrs_ledger_op_kind {
    MRS_OP_BEGIN = 1,
    MRS_OP_TOMBSTONE = 2,
    MRS_OP_TAKEN_BACK = 3,
    MRS_OP_PACK_GOES = 4,
    MRS_OP_INDEX_SUPERSEDED = 5,
    MRS_OP_POINT_DELETED = 6,
    MRS_OP_POINT_UNDELETED = 7,
    MRS_OP_POINT_PINNED = 8,
    MRS_OP_POINT_PURGED = 9,
    MRS_OP_ROTATED = 10
};
struct mrs_ledger_op {
    uint32_t kind;
    uint8_t name[32];    /* pack or index object */
    uint8_t item[16];    /* point */
    uint8_t session[16];
    struct mrs_stamp until;
    uint32_t root_number;
};
struct mrs_ledger_record {
    uint64_t number;
    uint8_t previous[32]; /* zero for number 1 */
    struct mrs_stamp time;
    struct mrs_ledger_op *ops; /* decoded: freed by mrs_ledger_free */
    size_t n_ops;
    int has_unknown_op; /* unsupported for write and collect; it was passed over */
};
MARS_NODISCARD mars_status mrs_ledger_encode(const struct mrs_ledger_record *r,
                                             struct mrs_buf *out, mars_error *err);
MARS_NODISCARD mars_status mrs_ledger_decode(struct mrs_ledger_record *r, const uint8_t *buf,
                                             size_t len, mars_error *err);
void mrs_ledger_free(struct mrs_ledger_record *r);

struct mrs_lease {
    uint8_t session[16];
    uint8_t machine[16];
    uint8_t item[16];
    uint64_t generation;
    uint64_t number;
    struct mrs_stamp time;
};
MARS_NODISCARD mars_status mrs_lease_encode(const struct mrs_lease *l, struct mrs_buf *out,
                                            mars_error *err);
MARS_NODISCARD mars_status mrs_lease_decode(struct mrs_lease *l, const uint8_t *buf, size_t len,
                                            mars_error *err);

struct mrs_fence {
    uint8_t session[16];
    uint8_t machine[16];
    struct mrs_stamp time;
    uint8_t closed;
};
MARS_NODISCARD mars_status mrs_fence_encode(const struct mrs_fence *f, struct mrs_buf *out,
                                            mars_error *err);
MARS_NODISCARD mars_status mrs_fence_decode(struct mrs_fence *f, const uint8_t *buf, size_t len,
                                            mars_error *err);
#endif
