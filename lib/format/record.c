#include "format/record.h"

#include <string.h>

#include "base/err.h"

enum { VAULT_ID = 1, VAULT_KEY, VAULT_CREATED, VAULT_REDUNDANCY, VAULT_SOFT_DELETE, VAULT_ABSENT };
enum { MACHINE_ID = 1, MACHINE_NAME, MACHINE_DOMAIN, MACHINE_CREATED, MACHINE_OS };
enum { DOMAIN_ID = 1, DOMAIN_NAME, DOMAIN_CREATED };

#define BIT(number) ((uint64_t)1 << (number))

mars_status
mrs_vault_record_encode(const struct mrs_vault_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_field_bytes(&w, VAULT_ID, 1, r->id, sizeof r->id);
    mrs_field_bytes(&w, VAULT_KEY, 1, r->issuing_key, sizeof r->issuing_key);
    mrs_field_stamp(&w, VAULT_CREATED, 1, r->created);
    mrs_field_bytes(&w, VAULT_REDUNDANCY, 1, r->redundancy, strlen(r->redundancy));
    mrs_field_varint(&w, VAULT_SOFT_DELETE, 1, r->soft_delete_days);
    mrs_field_varint(&w, VAULT_ABSENT, 0, r->put_if_absent);
    return w.st;
}

mars_status
mrs_vault_record_decode(struct mrs_vault_record *r, const uint8_t *buf, size_t len,
                        mars_error *err)
{
    struct mrs_rd rd = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    uint64_t met = 0, flag;
    int bad = 0;
    mars_status st = MARS_OK;

    memset(r, 0, sizeof *r);
    while (st == MARS_OK && mrs_field_next(&rd, &f)) {
        mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case VAULT_ID: mrs_field_get_copy(&f, r->id, sizeof r->id, &bad); break;
        case VAULT_KEY:
            mrs_field_get_copy(&f, r->issuing_key, sizeof r->issuing_key, &bad);
            break;
        case VAULT_CREATED: r->created = mrs_field_get_stamp(&f, &bad); break;
        case VAULT_REDUNDANCY:
            mrs_field_get_text(&f, r->redundancy, sizeof r->redundancy, &bad);
            break;
        case VAULT_SOFT_DELETE: r->soft_delete_days = mrs_field_get_u32(&f, &bad); break;
        case VAULT_ABSENT:
            flag = mrs_field_get_varint(&f, &bad);
            bad |= flag > 1;
            r->put_if_absent = flag == 1;
            break;
        default: st = mrs_field_unknown(&f, "vault record", err);
        }
    }
    return st != MARS_OK ? st
                         : mrs_field_end(&rd, bad, met,
                                         BIT(VAULT_ID) | BIT(VAULT_KEY) | BIT(VAULT_CREATED) |
                                             BIT(VAULT_REDUNDANCY) | BIT(VAULT_SOFT_DELETE),
                                         "vault record", err);
}

mars_status
mrs_machine_record_encode(const struct mrs_machine_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_field_bytes(&w, MACHINE_ID, 1, r->id, sizeof r->id);
    mrs_field_bytes(&w, MACHINE_NAME, 1, r->name, strlen(r->name));
    mrs_field_bytes(&w, MACHINE_DOMAIN, 1, r->domain, sizeof r->domain);
    mrs_field_stamp(&w, MACHINE_CREATED, 1, r->created);
    mrs_field_bytes(&w, MACHINE_OS, 0, r->os, strlen(r->os));
    return w.st;
}

mars_status
mrs_machine_record_decode(struct mrs_machine_record *r, const uint8_t *buf, size_t len,
                          mars_error *err)
{
    struct mrs_rd rd = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    memset(r, 0, sizeof *r);
    while (st == MARS_OK && mrs_field_next(&rd, &f)) {
        mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case MACHINE_ID: mrs_field_get_copy(&f, r->id, sizeof r->id, &bad); break;
        case MACHINE_NAME: mrs_field_get_text(&f, r->name, sizeof r->name, &bad); break;
        case MACHINE_DOMAIN: mrs_field_get_copy(&f, r->domain, sizeof r->domain, &bad); break;
        case MACHINE_CREATED: r->created = mrs_field_get_stamp(&f, &bad); break;
        case MACHINE_OS: mrs_field_get_text(&f, r->os, sizeof r->os, &bad); break;
        default: st = mrs_field_unknown(&f, "machine record", err);
        }
    }
    return st != MARS_OK ? st
                         : mrs_field_end(&rd, bad, met,
                                         BIT(MACHINE_ID) | BIT(MACHINE_NAME) | BIT(MACHINE_DOMAIN) |
                                             BIT(MACHINE_CREATED),
                                         "machine record", err);
}

mars_status
mrs_domain_record_encode(const struct mrs_domain_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_field_bytes(&w, DOMAIN_ID, 1, r->id, sizeof r->id);
    mrs_field_bytes(&w, DOMAIN_NAME, 1, r->name, strlen(r->name));
    mrs_field_stamp(&w, DOMAIN_CREATED, 1, r->created);
    return w.st;
}

mars_status
mrs_domain_record_decode(struct mrs_domain_record *r, const uint8_t *buf, size_t len,
                         mars_error *err)
{
    struct mrs_rd rd = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    memset(r, 0, sizeof *r);
    while (st == MARS_OK && mrs_field_next(&rd, &f)) {
        mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case DOMAIN_ID: mrs_field_get_copy(&f, r->id, sizeof r->id, &bad); break;
        case DOMAIN_NAME: mrs_field_get_text(&f, r->name, sizeof r->name, &bad); break;
        case DOMAIN_CREATED: r->created = mrs_field_get_stamp(&f, &bad); break;
        default: st = mrs_field_unknown(&f, "domain record", err);
        }
    }
    return st != MARS_OK ? st
                         : mrs_field_end(&rd, bad, met,
                                         BIT(DOMAIN_ID) | BIT(DOMAIN_NAME) | BIT(DOMAIN_CREATED),
                                         "domain record", err);
}
