#include "repo/record.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "format/name.h"
#include "platform/clock.h"
#include "vault/row.h"

mars_status
mrs_domain_record_put(struct mrs_store *store, const uint8_t writer[16],
                      const struct mrs_keyring *keys, const char *display_name, mars_error *err)
{
    struct mrs_time now = mrs_clock_wall();
    struct mrs_domain_record rec = { .created = { now.s, now.ns } };
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_buf object = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_key key;
    mars_status st;

    if (strlen(display_name) >= sizeof rec.name)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "name: longer than %d bytes",
                        MRS_DISPLAY_NAME_MAX);
    st = mrs_keyring_newest(keys, MRS_KEY_LEDGER, &key, err);
    memcpy(rec.id, keys->domain, sizeof rec.id);
    memcpy(rec.name, display_name, strlen(display_name) + 1);
    mrs_name_domain_record(relative, 1);
    mrs_name_in_domain(name, keys->domain, relative);
    if (st == MARS_OK)
        st = mrs_domain_record_encode(&rec, &payload, err);
    if (st == MARS_OK)
        st = mrs_record_seal(MRS_KIND_DOMAIN, &key, writer, relative, &payload, &object, err);
    if (st == MARS_OK)
        st = mrs_store_put(store, writer, name, object.data, object.len, err);
    mrs_wipe(&key, sizeof key);
    mrs_buf_free(&payload);
    mrs_buf_free(&object);
    return st;
}

/* keys NULL: its check is left out. */
static mars_status
decode(struct mrs_domain_record *r, const struct mrs_buf *bytes, const char *relative,
       const uint8_t domain[16], enum mrs_need need, struct mrs_keyring *keys, mars_error *err)
{
    const uint8_t *payload = NULL;
    size_t len = 0;
    mars_status st = mrs_record_open(MRS_KIND_DOMAIN, need, keys != NULL ? mrs_keyring_find : NULL,
                                     keys, relative, bytes->data, bytes->len, &payload, &len, err);

    if (st == MARS_OK)
        st = mrs_domain_record_decode(r, payload, len, err);
    if (st == MARS_OK && memcmp(r->id, domain, sizeof r->id) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "is another domain's record");
    return st;
}

mars_status
mrs_domain_record_read(struct mrs_domain_record *r, struct mrs_store *store,
                       const uint8_t domain[16], enum mrs_need need, struct mrs_keyring *keys,
                       mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    uint64_t number = 0;
    mars_status st;

    mrs_name_in_domain(name, domain, "record/");
    st = mrs_row_last(store, name, &number, err);
    mrs_name_domain_record(relative, number > 0 ? number : 1);
    mrs_name_in_domain(name, domain, relative);
    if (st == MARS_OK && number == 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "missing");
    if (st == MARS_OK)
        st = mrs_store_get(store, name, &bytes, err);
    if (st == MARS_OK)
        st = decode(r, &bytes, relative, domain, need, keys, err);
    mrs_buf_free(&bytes);
    return st == MARS_OK || st == MARS_ERR_NOMEM ? st : mrs_context(err, st, "%s", name);
}

mars_status
mrs_domain_record_listed(struct mrs_domain_record *r, const struct mrs_domain *d,
                         const struct mrs_log *log, enum mrs_need need, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_row row;
    mars_status st = MARS_OK;

    mrs_log_row(log, "record/", &row);
    mrs_name_domain_record(relative, row.last > 0 ? row.last : 1);
    mrs_name_in_domain(name, d->keys->domain, relative);
    if (row.last == 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "missing");
    if (st == MARS_OK)
        st = mrs_domain_get_record(d, name, &bytes, err);
    if (st == MARS_OK)
        st = decode(r, &bytes, relative, d->keys->domain, need, d->keys, err);
    mrs_buf_free(&bytes);
    return st == MARS_OK || st == MARS_ERR_NOMEM ? st : mrs_context(err, st, "%s", name);
}
