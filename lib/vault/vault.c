#include "vault/vault.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "format/name.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "vault/object.h"
#include "vault/row.h"

/* Is the second put of a name refused, as it must be? Some servers accept and ignore the condition.
 * Says so in *works; what is left behind is no object to anyone. */
static mars_status
probe_put_if_absent(struct mrs_store *store, const uint8_t writer[16], uint8_t *works,
                    mars_error *err)
{
    uint8_t random[16];
    char hex[2 * sizeof random + 1], name[MRS_OBJECT_NAME_MAX];
    mars_error second;
    mars_status st = mrs_random_fill(random, sizeof random, err);

    *works = 0;
    if (st != MARS_OK)
        return st;
    mrs_hex_encode(hex, random, sizeof random);
    (void)snprintf(name, sizeof name, "probe/%s", hex);
    st = mrs_store_put(store, writer, name, "first", 5, err);
    if (st != MARS_OK)
        return st;
    st = mrs_store_put(store, writer, name, "second", 6, &second);
    *works = st == MARS_ERR_EXISTS;
    (void)!mrs_store_delete(store, name, NULL);
    if (st == MARS_OK || st == MARS_ERR_EXISTS)
        return MARS_OK;
    return mrs_fail(err, st, "%s", second.message);
}

static mars_status
fill(struct mrs_vault_record *r, const char *redundancy, uint32_t days, mars_error *err)
{
    struct mrs_time now = mrs_clock_wall();
    mars_status st;

    memset(r, 0, sizeof *r);
    if (days > MRS_SOFT_DELETE_MAX_DAYS)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "soft_delete_days: more than %d",
                        MRS_SOFT_DELETE_MAX_DAYS);
    if (redundancy != NULL && strcmp(redundancy, "none") != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED,
                        "redundancy %.40s: this store holds one copy of everything and cannot give "
                        "another; it takes none", redundancy);
    memcpy(r->redundancy, "none", sizeof "none");
    r->soft_delete_days = days != 0 ? days : MRS_SOFT_DELETE_DEFAULT_DAYS;
    r->created = (struct mrs_stamp){ now.s, now.ns };
    st = mrs_random_fill(r->id, sizeof r->id, err);
    return st == MARS_OK ? mrs_random_fill(r->issuing_key, sizeof r->issuing_key, err) : st;
}

static mars_status
put_record(struct mrs_store *store, const struct mrs_vault_record *r, mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_buf object = MRS_BUF_INIT(MRS_RECORD_MAX);
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st = mrs_vault_record_encode(r, &payload, err);

    mrs_name_vault(name, 1);
    if (st == MARS_OK)
        st = mrs_record_seal(MRS_KIND_VAULT, NULL, r->id, name, &payload, &object, err);
    if (st == MARS_OK)
        st = mrs_store_put(store, r->id, name, object.data, object.len, err);
    if (st == MARS_OK)
        st = mrs_store_flush(store, err);
    mrs_buf_free(&payload);
    mrs_buf_free(&object);
    return st;
}

mars_status
mrs_vault_create(struct mrs_store *store, const char *redundancy, uint32_t soft_delete_days,
                 mars_error *err)
{
    struct mrs_vault_record r;
    uint64_t last = 0;
    mars_status st = fill(&r, redundancy, soft_delete_days, err);

    if (st == MARS_OK)
        st = mrs_row_last(store, "vault/", &last, err);
    if (st == MARS_OK && last != 0)
        st = MARS_ERR_EXISTS;
    if (st == MARS_OK)
        st = probe_put_if_absent(store, r.id, &r.put_if_absent, err);
    if (st == MARS_OK)
        st = put_record(store, &r, err);
    if (st == MARS_ERR_EXISTS)
        (void)mrs_fail(err, st, "%.150s: there is a vault here already", mrs_store_url(store));
    mrs_wipe(&r, sizeof r);
    return st;
}

static mars_status
decode(struct mrs_vault *v, const char *name, const struct mrs_buf *bytes, enum mrs_need need,
       mars_error *err)
{
    const uint8_t *payload = NULL;
    size_t len = 0;
    mars_status st = mrs_record_open(MRS_KIND_VAULT, need, NULL, NULL, name, bytes->data,
                                     bytes->len, &payload, &len, err);

    if (st == MARS_OK)
        st = mrs_vault_record_decode(&v->record, payload, len, err);
    return st == MARS_OK ? mrs_sha256_once(bytes->data, bytes->len, v->digest, err) : st;
}

mars_status
mrs_vault_number(struct mrs_store *store, uint64_t *number, mars_error *err)
{
    mars_status st = mrs_row_last(store, "vault/", number, err);

    if (st == MARS_OK && *number == 0)
        return mrs_fail(err, MARS_ERR_NOT_FOUND,
                        "%.150s: no vault here (`mars vault create` makes one)",
                        mrs_store_url(store));
    return st;
}

mars_status
mrs_vault_decode(struct mrs_vault *v, uint64_t number, const struct mrs_buf *bytes,
                 enum mrs_need need, mars_error *err)
{
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st;

    memset(v, 0, sizeof *v);
    v->number = number;
    mrs_name_vault(name, number);
    st = decode(v, name, bytes, need, err);
    if (st == MARS_OK)
        return MARS_OK;
    mrs_vault_forget(v);
    return st != MARS_ERR_NOMEM ? mrs_context(err, st, "%s", name) : st;
}

mars_status
mrs_vault_read(struct mrs_vault *v, struct mrs_store *store, enum mrs_need need, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char name[MRS_OBJECT_NAME_MAX];
    uint64_t number = 0;
    mars_status st;

    memset(v, 0, sizeof *v);
    st = mrs_vault_number(store, &number, err);
    if (st != MARS_OK)
        return st;
    mrs_name_vault(name, number);
    st = mrs_store_get(store, name, &bytes, err);
    if (st != MARS_OK && st != MARS_ERR_NOMEM)
        (void)mrs_context(err, st, "%s", name);
    if (st == MARS_OK)
        st = mrs_vault_decode(v, number, &bytes, need, err);
    mrs_buf_free(&bytes);
    return st;
}

void
mrs_vault_forget(struct mrs_vault *v)
{
    mrs_wipe(v, sizeof *v);
}
