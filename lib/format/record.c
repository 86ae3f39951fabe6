#include "format/record.h"

#include <string.h>

#include "base/err.h"

enum { ALWAYS = MRS_FIELD_CRITICAL | MRS_FIELD_MUST };
#define LENGTH(table) (sizeof(table) / sizeof(table)[0])

#define VAULT(number, form, flags, member)                                                        \
    MRS_LAYOUT(number, form, flags, struct mrs_vault_record, member)
static const struct mrs_layout VAULT_FIELDS[] = {
    VAULT(1, MRS_FORM_BYTES, ALWAYS, id),
    VAULT(2, MRS_FORM_BYTES, ALWAYS, issuing_key),
    VAULT(3, MRS_FORM_STAMP, ALWAYS, created),
    VAULT(4, MRS_FORM_TEXT, ALWAYS, redundancy),
    VAULT(5, MRS_FORM_U32, ALWAYS, soft_delete_days),
    VAULT(6, MRS_FORM_U8, 0, put_if_absent),
};

#define MACHINE(number, form, flags, member)                                                      \
    MRS_LAYOUT(number, form, flags, struct mrs_machine_record, member)
static const struct mrs_layout MACHINE_FIELDS[] = {
    MACHINE(1, MRS_FORM_BYTES, ALWAYS, id),
    MACHINE(2, MRS_FORM_TEXT, ALWAYS, name),
    MACHINE(3, MRS_FORM_BYTES, ALWAYS, domain),
    MACHINE(4, MRS_FORM_STAMP, ALWAYS, created),
    MACHINE(5, MRS_FORM_TEXT, 0, os),
};

#define DOMAIN(number, form, flags, member)                                                       \
    MRS_LAYOUT(number, form, flags, struct mrs_domain_record, member)
static const struct mrs_layout DOMAIN_FIELDS[] = {
    DOMAIN(1, MRS_FORM_BYTES, ALWAYS, id),
    DOMAIN(2, MRS_FORM_TEXT, ALWAYS, name),
    DOMAIN(3, MRS_FORM_STAMP, ALWAYS, created),
};

mars_status
mrs_vault_record_encode(const struct mrs_vault_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_layout_write(&w, VAULT_FIELDS, LENGTH(VAULT_FIELDS), r);
    return w.st;
}

mars_status
mrs_vault_record_decode(struct mrs_vault_record *r, const uint8_t *buf, size_t len,
                        mars_error *err)
{
    mars_status st;

    memset(r, 0, sizeof *r);
    st = mrs_layout_read(buf, len, VAULT_FIELDS, LENGTH(VAULT_FIELDS), r, "vault record", err);
    if (st == MARS_OK && r->put_if_absent > 1)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "vault record: its fields are damaged");
    return st;
}

mars_status
mrs_machine_record_encode(const struct mrs_machine_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_layout_write(&w, MACHINE_FIELDS, LENGTH(MACHINE_FIELDS), r);
    return w.st;
}

mars_status
mrs_machine_record_decode(struct mrs_machine_record *r, const uint8_t *buf, size_t len,
                          mars_error *err)
{
    memset(r, 0, sizeof *r);
    return mrs_layout_read(buf, len, MACHINE_FIELDS, LENGTH(MACHINE_FIELDS), r, "machine record",
                           err);
}

mars_status
mrs_domain_record_encode(const struct mrs_domain_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_layout_write(&w, DOMAIN_FIELDS, LENGTH(DOMAIN_FIELDS), r);
    return w.st;
}

mars_status
mrs_domain_record_decode(struct mrs_domain_record *r, const uint8_t *buf, size_t len,
                         mars_error *err)
{
    memset(r, 0, sizeof *r);
    return mrs_layout_read(buf, len, DOMAIN_FIELDS, LENGTH(DOMAIN_FIELDS), r, "domain record", err);
}
