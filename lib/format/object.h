/* The header that begins every object, and names of objects. FORMAT.md sections 2 to 5. */
#ifndef MRS_FORMAT_OBJECT_H
#define MRS_FORMAT_OBJECT_H

#include "base/buf.h"

enum {
    MRS_HEADER_SIZE = 144,
    MRS_HEADER_BOUND = 112, /* header bytes that the object key is derived over */
    MRS_UUID_SIZE = 16,     /* session, machine, item, domain, vault, key and root ids */
    MRS_OBJECT_MAX = 64 << 20,
    MRS_RECORD_MAX = 1 << 20
};

enum mrs_kind {
    MRS_KIND_VAULT = 1,
    MRS_KIND_MACHINE = 2,
    MRS_KIND_DOMAIN = 3,
    MRS_KIND_SLOTS = 4,
    MRS_KIND_RING = 5,
    MRS_KIND_PACK_DATA = 6,
    MRS_KIND_PACK_META = 7,
    MRS_KIND_INDEX = 8,
    MRS_KIND_POINT = 9,
    MRS_KIND_LEDGER = 10,
    MRS_KIND_LEASE = 11,
    MRS_KIND_FENCE = 12,
    MRS_KIND_JOB = 13
};

enum { MRS_MODE_PLAIN = 0, MRS_MODE_SYMMETRIC = 1 };

/* The four sets of must-understand bits, in the order of the header. */
enum mrs_need { MRS_NEED_READ, MRS_NEED_WRITE, MRS_NEED_COLLECT, MRS_NEED_VERIFY, MRS_NEEDS };

struct mrs_header {
    uint8_t kind;
    uint8_t mode;
    uint32_t must[MRS_NEEDS];
    uint8_t key_id[MRS_UUID_SIZE];
    uint8_t writer_id[MRS_UUID_SIZE];
    uint8_t salt[32];
    uint64_t body_len;
    uint32_t trailer_len;
    uint8_t commitment[32];
};

/* Exactly MRS_HEADER_SIZE bytes. Format version and suite are this build's. */
void mrs_header_encode(const struct mrs_header *h, uint8_t out[MRS_HEADER_SIZE]);

/* len >= MRS_HEADER_SIZE or MARS_ERR_CORRUPT; another version, suite or mode: MARS_ERR_UNSUPPORTED.
 * The must-understand bits are not judged here, see mrs_header_allows. */
MARS_NODISCARD mars_status mrs_header_decode(struct mrs_header *h, const uint8_t *buf, size_t len,
                                             mars_error *err);

/* MARS_ERR_UNSUPPORTED naming the bits if this build must not do `need` with the object. Reading
 * bits forbid every operation. */
MARS_NODISCARD mars_status mrs_header_allows(const struct mrs_header *h, enum mrs_need need,
                                             mars_error *err);

/* PADMÉ: the size to which an object of n bytes is padded; n itself below 2. */
uint64_t mrs_padme(uint64_t n);

/* The "pack", "index object", … of messages. */
const char *mrs_kind_name(uint8_t kind);

#endif
