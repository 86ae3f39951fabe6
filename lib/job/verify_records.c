/* Verifying everything that is no pack: records, keys, ledger, leases, fences, index, points. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "job/verify_int.h"
#include "repo/slots.h"
#include "repo/stored.h"

/* What the listing of the domain showed. */
struct seen {
    struct mrs_verify *v;
    struct mrs_vec rings;      /* struct mrs_name */
    uint64_t slots;            /* highest number */
    uint64_t domain_record;
    struct mrs_map ended;      /* sessions whose point is there */
};

/* Read one object whole; named `name` in the vault. */
static mars_status
get(struct mrs_verify *v, const char *name, struct mrs_buf *bytes, mars_error *err)
{
    mars_status st = mrs_store_get(v->d->store, name, bytes, err);

    mrs_verify_count_object(v, bytes->len);
    return st;
}

/* A plain record that the ledger key, or the slot MAC key, authenticates. */
static mars_status
check_record(struct mrs_verify *v, uint8_t kind, const char *name, const char *context,
             mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    const uint8_t *payload;
    size_t len;
    mars_status st = get(v, name, &bytes, err);

    if (st == MARS_OK)
        st = mrs_record_open(kind, MRS_NEED_VERIFY, mrs_keyring_find, v->d->keys, context,
                             bytes.data, bytes.len, &payload, &len, err);
    mrs_buf_free(&bytes);
    if (mrs_is_unreadable(st)) {
        mrs_verify_damage(v, name, err);
        st = MARS_OK;
    }
    return st;
}

/* A lease or fence; those of ended sessions hold nothing of value. */
static mars_status
check_sealed(struct mrs_verify *v, uint8_t kind, const char *relative, mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    mars_status st = mrs_domain_get(v->d, kind, MRS_NEED_VERIFY, relative, NULL, &payload, err);

    mrs_verify_count_object(v, payload.len);
    mrs_buf_free(&payload);
    if (mrs_is_unreadable(st)) {
        mrs_verify_damage(v, relative, err);
        st = MARS_OK;
    }
    return st;
}

static mars_status
note(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct seen *s = user;
    struct mrs_name n, *at;
    uint8_t key[32];
    char full[MRS_OBJECT_NAME_MAX];

    if (!mrs_name_parse(&n, info->name))
        return MARS_OK;
    mrs_name_in_domain(full, s->v->d->keys->domain, info->name);
    switch (n.kind) {
    case MRS_KIND_RING:
        at = mrs_vec_add(&s->rings);
        if (at == NULL)
            return mrs_nomem(err);
        *at = n;
        return MARS_OK;
    case MRS_KIND_POINT:
        mrs_map_key16(key, n.session);
        return mrs_map_put(&s->ended, key) != NULL ? MARS_OK : mrs_nomem(err);
    case MRS_KIND_SLOTS:
        s->slots = n.number > s->slots ? n.number : s->slots;
        return check_record(s->v, MRS_KIND_SLOTS, full, info->name, err);
    case MRS_KIND_DOMAIN:
        s->domain_record = n.number > s->domain_record ? n.number : s->domain_record;
        return check_record(s->v, MRS_KIND_DOMAIN, full, info->name, err);
    case MRS_KIND_FENCE:
        return check_sealed(s->v, MRS_KIND_FENCE, info->name, err);
    default:
        return MARS_OK;
    }
}

/* Both copies of every key ring; the one that this machine's keys came from must be there. */
static mars_status
check_rings(struct seen *s, mars_error *err)
{
    struct mrs_verify *v = s->v;
    unsigned copies = 0;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < s->rings.len; i++) {
        const struct mrs_name *n = mrs_vec_at(&s->rings, i);
        struct mrs_buf bytes = MRS_BUF_INIT(MRS_OBJECT_MAX);
        char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
        uint8_t digest[32];

        mrs_name_ring(relative, n->digest, n->copy);
        mrs_name_in_domain(name, v->d->keys->domain, relative);
        st = get(v, name, &bytes, err);
        if (st == MARS_OK)
            st = mrs_stored_digest(v->d->store, name, bytes.len, &v->job.stop, digest, err);
        if (st == MARS_OK && memcmp(digest, n->digest, sizeof digest) != 0)
            st = mrs_fail(err, MARS_ERR_CORRUPT, "its bytes do not have the digest in its name");
        copies += memcmp(n->digest, v->d->keys->ring_digest, 32) == 0;
        mrs_buf_free(&bytes);
        if (mrs_is_unreadable(st)) {
            mrs_verify_damage(v, name, err);
            st = MARS_OK;
        }
    }
    for (char copy = 'a'; st == MARS_OK && copies < 2 && copy <= 'b'; copy++) {
        char relative[MRS_OBJECT_NAME_MAX];
        mars_error why;
        bool has = false;

        mrs_name_ring(relative, v->d->keys->ring_digest, copy);
        st = mrs_domain_has(v->d, relative, &has, err);
        if (st == MARS_OK && !has) {
            (void)mrs_fail(&why, MARS_ERR_NOT_FOUND, "a copy of the key ring is missing");
            mrs_verify_damage(v, relative, &why);
        }
    }
    return st;
}

/* Rows that must be there, and not be older than what this machine saw. */
static void
check_row(struct mrs_verify *v, const char *what, uint64_t found, uint64_t seen)
{
    mars_error why;

    if (found != 0 && found >= seen)
        return;
    (void)mrs_fail(&why, MARS_ERR_NOT_FOUND,
                   found == 0 ? "missing" : "goes to number %llu only, this machine saw %llu: "
                                            "it was put back to an older state",
                   (unsigned long long)found, (unsigned long long)seen);
    mrs_verify_damage(v, what, &why);
}

/* Those of sessions that ended hold nothing of value any more: only the others are read. */
static mars_status
check_lease(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct seen *s = user;
    struct mrs_name n;
    uint8_t key[32];

    if (!mrs_name_parse(&n, info->name) || n.kind != MRS_KIND_LEASE)
        return MARS_OK;
    mrs_map_key16(key, n.session);
    if (mrs_map_find(&s->ended, key) != NULL)
        return MARS_OK;
    return check_sealed(s->v, MRS_KIND_LEASE, info->name, err);
}

static mars_status
check_vault(struct mrs_verify *v, mars_error *err)
{
    static const uint8_t none[32];
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t digest[32];
    const uint8_t *payload;
    size_t len;
    mars_status st;

    mrs_name_vault(name, 1);
    st = get(v, name, &bytes, err);
    if (st == MARS_OK)
        st = mrs_record_open(MRS_KIND_VAULT, MRS_NEED_VERIFY, NULL, NULL, name, bytes.data,
                             bytes.len, &payload, &len, err);
    if (st == MARS_OK)
        st = mrs_stored_digest(v->d->store, name, bytes.len, &v->job.stop, digest, err);
    if (st == MARS_OK && memcmp(v->spec.expected.vault_digest, none, sizeof none) != 0 &&
        memcmp(v->spec.expected.vault_digest, digest, sizeof digest) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "it is not the one that this machine registered with");
    mrs_buf_free(&bytes);
    if (mrs_is_unreadable(st)) {
        mrs_verify_damage(v, name, err);
        st = MARS_OK;
    }
    return st;
}

struct machines {
    struct mrs_verify *v;
    bool mine;
};

/* Is a record sealed under a key of this domain? */
static mars_status
is_ours(struct mrs_verify *v, const char *name, bool *ours, mars_error *err)
{
    uint8_t head[MRS_HEADER_SIZE];
    struct mrs_header h;
    struct mrs_key key;
    mars_status st = mrs_store_read(v->d->store, name, 0, head, sizeof head, err);

    if (st == MARS_OK)
        st = mrs_header_decode(&h, head, sizeof head, err);
    if (st == MARS_OK)
        st = mrs_keyring_find(v->d->keys, &h, &key, err);
    *ours = st == MARS_OK;
    if (!mrs_is_unreadable(st))
        return st;
    mrs_error_clear(err);
    return MARS_OK;
}

/* Machine records of this domain; those of others are sealed under keys that are not ours. */
static mars_status
check_machine(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct machines *m = user;
    struct mrs_name n;
    bool mine, ours = true;
    mars_status st = MARS_OK;

    if (!mrs_name_parse(&n, info->name) || n.kind != MRS_KIND_MACHINE)
        return MARS_OK;
    mine = memcmp(n.machine, m->v->spec.expected.machine, 16) == 0;
    m->mine |= mine;
    if (!mine)
        st = is_ours(m->v, info->name, &ours, err);
    if (st != MARS_OK || !ours)
        return st;
    return check_record(m->v, MRS_KIND_MACHINE, info->name, info->name, err);
}

static mars_status
check_machines(struct mrs_verify *v, mars_error *err)
{
    struct machines m = { v, false };
    char name[MRS_OBJECT_NAME_MAX];
    mars_error why;
    mars_status st = mrs_store_list(v->d->store, "machines/", MRS_LIST_NAMES, check_machine, &m,
                                    err);

    if (st == MARS_OK && !m.mine) {
        mrs_name_machine(name, v->spec.expected.machine, 1);
        (void)mrs_fail(&why, MARS_ERR_NOT_FOUND, "this machine's record is missing");
        mrs_verify_damage(v, name, &why);
    }
    return st;
}

/* Say that an object is gone, unless it is there. */
static mars_status
must_be_there(struct mrs_verify *v, const char *relative, const char *why, mars_error *err)
{
    bool there = false;
    mars_error gone;
    mars_status st = mrs_domain_has(v->d, relative, &there, err);

    if (st == MARS_OK && !there) {
        (void)mrs_fail(&gone, MARS_ERR_NOT_FOUND, "%s", why);
        mrs_verify_damage(v, relative, &gone);
    }
    return st;
}

static mars_status
point_must_be_there(struct mrs_verify *v, const uint8_t item[16], const uint8_t session[16],
                    const char *why, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];

    if (mrs_ledger_is_deleted(&v->ledger, item, session))
        return MARS_OK;
    mrs_name_point(relative, item, session);
    return must_be_there(v, relative, why, err);
}

/* Points that this machine saw and that no one deleted. */
static mars_status
check_heads(struct mrs_verify *v, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < v->spec.expected.n_heads; i++) {
        const struct mrs_seen_head *h = &v->spec.expected.heads[i];

        st = point_must_be_there(v, h->item, h->session,
                                 "this machine saw this point, and it is gone", err);
    }
    return st;
}

/* Points name the points and the ledger that they saw, and the index objects of their session. */
static mars_status
check_references(struct mrs_verify *v, const struct mrs_point *p, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st = MARS_OK;

    for (size_t k = 0; st == MARS_OK && k < p->n_heads; k++)
        st = point_must_be_there(v, p->item, p->heads[k],
                                 "a later point saw this one, and it is gone", err);
    for (size_t k = 0; st == MARS_OK && k < p->n_indexes; k++) {
        if (mrs_index_has_object(v->d->index, p->indexes[k]))
            continue;
        mrs_name_index(relative, p->indexes[k]); /* or there and damaged, which was named */
        st = must_be_there(v, relative, "a point names this index object, and it is gone", err);
    }
    if (st == MARS_OK && p->ledger_number > v->ledger.generation)
        check_row(v, "ledger/", v->ledger.generation, p->ledger_number);
    return st;
}

static mars_status
check_domain(struct mrs_verify *v, struct seen *s, mars_error *err)
{
    const struct mrs_expected *e = &v->spec.expected;
    const struct mrs_points_query all = { .need = MRS_NEED_VERIFY,
                                          .damage = mrs_verify_damage,
                                          .user = v };
    struct mrs_log *log = &v->log;
    mars_status st = mrs_domain_list(v->d, "", MRS_LIST_NAMES, note, s, err);

    if (st == MARS_OK)
        st = check_rings(s, err);
    if (st == MARS_OK)
        st = mrs_domain_list(v->d, "lease/", MRS_LIST_NAMES, check_lease, s, err);
    if (st == MARS_OK)
        st = mrs_log_read(log, v->d->store, v->d->keys->domain, err);
    if (st != MARS_OK)
        return st;
    check_row(v, "keys/slots/", s->slots, e->slots > 0 ? e->slots : 1);
    check_row(v, "record/", s->domain_record, 1);
    st = mrs_ledger_read(&v->ledger, v->d, log, MRS_NEED_VERIFY, mrs_verify_damage, v, err);
    if (st != MARS_OK)
        return st;
    check_row(v, "ledger/", v->ledger.generation, e->generation > 0 ? e->generation : 1);
    for (uint64_t i = 0; i < v->ledger.generation; i++)
        mrs_verify_count_object(v, 0);
    st = mrs_index_refresh(v->d->index, log, true, mrs_verify_damage, v, err);
    if (st == MARS_OK)
        st = mrs_points_read(&v->points, v->d, log, &v->ledger, &all, err);
    return st;
}

mars_status
mrs_verify_records(struct mrs_verify *v, mars_error *err)
{
    struct seen s = { .v = v,
                      .rings = MRS_VEC_INIT(struct mrs_name),
                      .ended = MRS_MAP_INIT(0) };
    mars_status st = check_vault(v, err);

    if (st == MARS_OK)
        st = check_machines(v, err);
    if (st == MARS_OK)
        st = check_domain(v, &s, err);
    if (st == MARS_OK)
        st = check_heads(v, err);
    for (size_t i = 0; st == MARS_OK && i < v->points.list.len; i++)
        st = check_references(v, &mrs_points_at(&v->points, i)->whole->point, err);
    mrs_vec_free(&s.rings);
    mrs_map_free(&s.ended);
    return st;
}
