#include "repo/ledger.h"

#include <string.h>

#include "base/err.h"
#include "vault/row.h"

void
mrs_ledger_free_state(struct mrs_ledger *l)
{
    mrs_map_free(&l->tombstones);
    mrs_map_free(&l->deleted);
}

uint64_t
mrs_ledger_generation(const struct mrs_log *log)
{
    struct mrs_row row;

    mrs_log_row(log, "ledger/", &row);
    return row.last;
}

/* Maps hold a flag, since what was once added can be taken back. */
static mars_status
mark(struct mrs_map *m, const uint8_t key[32], uint8_t on, mars_error *err)
{
    uint8_t *flag = mrs_map_put(m, key);

    if (flag == NULL)
        return mrs_nomem(err);
    *flag = on;
    return MARS_OK;
}

static mars_status
apply(struct mrs_ledger *l, const struct mrs_ledger_op *op, mars_error *err)
{
    uint8_t point[32];

    memcpy(point, op->item, 16);
    memcpy(point + 16, op->session, 16);
    switch (op->kind) {
    case MRS_OP_TOMBSTONE:
    case MRS_OP_PACK_GOES:
        return mark(&l->tombstones, op->name, 1, err);
    case MRS_OP_TAKEN_BACK:
        return mark(&l->tombstones, op->name, 0, err);
    case MRS_OP_POINT_DELETED:
    case MRS_OP_POINT_PURGED:
        return mark(&l->deleted, point, 1, err);
    case MRS_OP_POINT_UNDELETED:
        return mark(&l->deleted, point, 0, err);
    default:
        return MARS_OK; /* changes nothing for those who read and write */
    }
}

/* The record's payload and its object's digest. Where the row has gaps, a copy in the cache must
 * not fill one. */
static mars_status
get_record(const struct mrs_domain *d, enum mrs_need need, const char *relative, bool gaps,
           struct mrs_buf *payload, uint8_t digest[32], mars_error *err)
{
    bool has = true;
    mars_status st = gaps ? mrs_domain_has(d, relative, &has, err) : MARS_OK;

    if (st == MARS_OK && !has)
        st = mrs_fail(err, MARS_ERR_NOT_FOUND, "missing");
    if (st == MARS_OK)
        st = mrs_domain_get_listed(d, MRS_KIND_LEDGER, need, relative, digest, payload, err);
    return st;
}

/* Read record `number`, check its place in the chain, apply it. */
static mars_status
read_record(struct mrs_ledger *l, const struct mrs_domain *d, enum mrs_need need, uint64_t number,
            bool gaps, bool check_chain, mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    struct mrs_ledger_record r = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t digest[32];
    mars_status st;

    mrs_name_ledger(relative, number);
    st = get_record(d, need, relative, gaps, &payload, digest, err);
    if (st == MARS_OK)
        st = mrs_ledger_decode(&r, payload.data, payload.len, err);
    if (st == MARS_OK && (r.number != number ||
                          (check_chain && number > 1 && memcmp(r.previous, l->last_hash, 32) != 0)))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "does not follow the record before it");
    for (size_t i = 0; st == MARS_OK && i < r.n_ops; i++)
        st = apply(l, &r.ops[i], err);
    if (st == MARS_OK)
        memcpy(l->last_hash, digest, sizeof digest);
    l->unknown |= r.has_unknown_op != 0;
    mrs_ledger_free(&r);
    mrs_buf_free(&payload);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", relative);
}

mars_status
mrs_ledger_read(struct mrs_ledger *l, const struct mrs_domain *d, const struct mrs_log *log,
                enum mrs_need need, mrs_damage_fn damage, void *user, mars_error *err)
{
    bool chain = true;
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_row row;
    mars_error why;
    mars_status st = MARS_OK;

    memset(l, 0, sizeof *l);
    l->tombstones = (struct mrs_map)MRS_MAP_INIT(1);
    l->deleted = (struct mrs_map)MRS_MAP_INIT(1);
    mrs_log_row(log, "ledger/", &row);
    l->generation = row.last;
    /* The first record is there before the domain is used. */
    if (l->generation == 0 && damage == NULL)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "ledger/: missing");
    for (uint64_t n = 1; st == MARS_OK && n <= l->generation; n++) {
        st = read_record(l, d, need, n, row.count != row.last, chain, &why);
        chain = st == MARS_OK;
        if (mrs_is_damage(st) && damage != NULL) {
            mrs_name_ledger(relative, n);
            damage(user, relative, &why);
            st = MARS_OK;
        } else if (st != MARS_OK && err != NULL) {
            *err = why;
        }
    }
    return st;
}

mars_status
mrs_ledger_append(const struct mrs_domain *d, const struct mrs_ledger *l, const uint8_t writer[16],
                  struct mrs_ledger_op *ops, size_t n, mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    struct mrs_time now = mrs_clock_wall();
    struct mrs_ledger_record r = { .number = l->generation + 1,
                                   .time = { now.s, now.ns },
                                   .ops = ops,
                                   .n_ops = n };
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st;

    memcpy(r.previous, l->last_hash, sizeof r.previous);
    mrs_name_ledger(relative, r.number);
    st = mrs_ledger_encode(&r, &payload, err);
    if (st == MARS_OK)
        st = mrs_domain_put(d, MRS_KIND_LEDGER, writer, relative, &payload, NULL, err);
    if (st == MARS_OK)
        st = mrs_store_flush(d->store, err);
    mrs_buf_free(&payload);
    return st;
}

bool
mrs_ledger_is_tombstone(const struct mrs_ledger *l, const uint8_t pack[32])
{
    const uint8_t *flag = mrs_map_find(&l->tombstones, pack);

    return flag != NULL && *flag != 0;
}

bool
mrs_ledger_is_deleted(const struct mrs_ledger *l, const uint8_t item[16],
                      const uint8_t session[16])
{
    uint8_t point[32];
    const uint8_t *flag;

    memcpy(point, item, 16);
    memcpy(point + 16, session, 16);
    flag = mrs_map_find(&l->deleted, point);
    return flag != NULL && *flag != 0;
}
