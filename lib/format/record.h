/* Payloads of plain records: vault, machine, domain. FORMAT.md section 5. Text is NUL-terminated
 * UTF-8 in fixed arrays; decoders refuse longer text and text with a NUL. */
#ifndef MRS_FORMAT_RECORD_H
#define MRS_FORMAT_RECORD_H

#include "format/point.h"

struct mrs_vault_record {
    uint8_t id[16];
    uint8_t issuing_key[32];
    struct mrs_stamp created;
    char redundancy[16];
    uint32_t soft_delete_days;
    uint8_t put_if_absent; /* seen to work when the vault was made */
};
MARS_NODISCARD mars_status mrs_vault_record_encode(const struct mrs_vault_record *r,
                                                   struct mrs_buf *out, mars_error *err);
MARS_NODISCARD mars_status mrs_vault_record_decode(struct mrs_vault_record *r, const uint8_t *buf,
                                                   size_t len, mars_error *err);

struct mrs_machine_record {
    uint8_t id[16];
    char name[MRS_DISPLAY_NAME_MAX + 1];
    uint8_t domain[16];
    struct mrs_stamp created;
    char os[32];
};
MARS_NODISCARD mars_status mrs_machine_record_encode(const struct mrs_machine_record *r,
                                                     struct mrs_buf *out, mars_error *err);
MARS_NODISCARD mars_status mrs_machine_record_decode(struct mrs_machine_record *r,
                                                     const uint8_t *buf, size_t len,
                                                     mars_error *err);

struct mrs_domain_record {
    uint8_t id[16];
    char name[MRS_DISPLAY_NAME_MAX + 1];
    struct mrs_stamp created;
};
MARS_NODISCARD mars_status mrs_domain_record_encode(const struct mrs_domain_record *r,
                                                    struct mrs_buf *out, mars_error *err);
MARS_NODISCARD mars_status mrs_domain_record_decode(struct mrs_domain_record *r,
                                                    const uint8_t *buf, size_t len,
                                                    mars_error *err);
#endif
