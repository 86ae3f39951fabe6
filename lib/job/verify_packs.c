/* Verifying packs: are they there, and which of them are read? */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/verify_int.h"
#include "platform/random.h"

/* A chunk of the largest that a backup makes, sealed and opened. */
enum { CHARGE = 16 << 20 };

static mars_status
note_pack(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_verify *v = user;
    struct mrs_name n;
    uint64_t *size;

    if (!mrs_name_parse(&n, info->name) ||
        (n.kind != MRS_KIND_PACK_DATA && n.kind != MRS_KIND_PACK_META))
        return MARS_OK;
    size = mrs_map_put(&v->listed, n.digest);
    if (size == NULL)
        return mrs_nomem(err);
    /* The kind is kept in the low bit: no pack is half a byte long. */
    *size = info->size << 1 | (n.kind == MRS_KIND_PACK_META);
    v->counts.packs++;
    v->counts.pack_bytes += info->size;
    return MARS_OK;
}

/* What the index says of a pack against what the store has. */
static mars_status
check_listed(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    struct mrs_verify *v = user;
    const uint64_t *size = mrs_map_find(&v->listed, p->name);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error why;

    if (size != NULL && *size >> 1 == p->size)
        return MARS_OK;
    if (size == NULL)
        (void)mrs_fail(&why, MARS_ERR_NOT_FOUND, "missing");
    else
        (void)mrs_fail(&why, MARS_ERR_CORRUPT, "has %llu bytes, the index says %llu",
                       (unsigned long long)(*size >> 1), (unsigned long long)p->size);
    mrs_name_pack(relative, p->kind, p->name);
    mrs_verify_damage(v, relative, &why);
    /* A pack that is longer or shorter may still hold blobs that open. */
    if (size == NULL && mrs_map_put(&v->bad_packs, p->name) == NULL)
        return mrs_nomem(err);
    return MARS_OK;
}

mars_status
mrs_verify_list_packs(struct mrs_verify *v, mars_error *err)
{
    mars_status st = mrs_domain_list(v->d, "packs/", MRS_LIST_INFO, note_pack, v, err);

    return st == MARS_OK ? mrs_index_each_pack(v->d->index, check_listed, v, err) : st;
}

static mars_status
all_packs(struct mrs_verify *v, struct mrs_vec *packs, mars_error *err)
{
    const uint8_t *name;
    void *listed;

    for (size_t pos = 0; mrs_map_next(&v->listed, &pos, &name, &listed);) {
        uint64_t size = *(uint64_t *)listed;
        struct mrs_verify_pack *p = mrs_vec_add(packs);

        if (p == NULL)
            return mrs_nomem(err);
        memcpy(p->name, name, sizeof p->name);
        p->kind = (size & 1) != 0 ? MRS_KIND_PACK_META : MRS_KIND_PACK_DATA;
        p->size = size >> 1;
    }
    return MARS_OK;
}

/* Keep a random choice, just so many that they have the part of the bytes that is asked for. */
static mars_status
choose(struct mrs_verify *v, struct mrs_vec *packs, mars_error *err)
{
    struct mrs_verify_pack *p = packs->items;
    uint64_t left = v->counts.pack_bytes / 100 * v->spec.sample_percent +
                    v->counts.pack_bytes % 100 * v->spec.sample_percent / 100;
    mars_status st = MARS_OK;
    size_t n = 0;

    while (st == MARS_OK && n < packs->len && (left > 0 || n == 0)) {
        struct mrs_verify_pack other;
        uint64_t random;

        st = mrs_random_fill(&random, sizeof random, err);
        if (st != MARS_OK)
            break;
        random = n + random % (packs->len - n);
        other = p[random];
        p[random] = p[n];
        p[n] = other;
        left -= other.size < left ? other.size : left;
        n++;
    }
    packs->len = n;
    return st;
}

/* As they lie in the store's directories: what stands in one is looked up together, and an object
 * store does not care. */
static int
by_name(const void *a, const void *b)
{
    const struct mrs_verify_pack *x = a, *y = b;

    return x->kind != y->kind ? x->kind - y->kind : memcmp(x->name, y->name, sizeof x->name);
}

/* One pack being read by a worker. */
struct check {
    struct mrs_task task;
    struct mrs_verify *v;
    struct mrs_verify_pack pack;
    uint64_t charge;
};

static void
do_check(struct mrs_task *t)
{
    struct check *c = (struct check *)(void *)((char *)t - offsetof(struct check, task));
    struct mrs_verify *v = c->v;

    if (!atomic_load(&v->job.stop))
        mrs_verify_read_pack(v, &c->pack);
    mrs_verify_count_object(v, c->pack.size);
    mrs_engine_give(v->job.engine, &v->job.account, c->charge);
    mrs_mutex_lock(v->job.lock);
    v->counts.packs_read++;
    v->counts.pack_bytes_read += c->pack.size;
    v->tasks--;
    mrs_cond_broadcast(v->job.changed);
    mrs_mutex_unlock(v->job.lock);
    mrs_free(c);
}

static mars_status
submit(struct mrs_verify *v, const struct mrs_verify_pack *pack, mars_error *err)
{
    struct check *c = mrs_alloc(sizeof *c);

    if (c == NULL)
        return mrs_nomem(err);
    c->v = v;
    c->pack = *pack;
    c->charge = pack->size < CHARGE / 2 ? 2 * pack->size : CHARGE;
    if (!mrs_engine_take(v->job.engine, &v->job.account, c->charge, &v->job.stop)) {
        mrs_free(c);
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    }
    c->task.run = do_check;
    mrs_mutex_lock(v->job.lock);
    v->tasks++;
    mrs_mutex_unlock(v->job.lock);
    mrs_engine_submit(v->job.engine, &c->task);
    return MARS_OK;
}

static void
expect(struct mrs_verify *v, const struct mrs_vec *packs)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < packs->len; i++)
        bytes += ((const struct mrs_verify_pack *)mrs_vec_at(packs, i))->size;
    atomic_store(&v->job.files_total, atomic_load(&v->job.files_done) + packs->len);
    atomic_store(&v->job.bytes_total, atomic_load(&v->job.bytes_done) + bytes);
}

mars_status
mrs_verify_read_packs(struct mrs_verify *v, mars_error *err)
{
    struct mrs_vec packs = MRS_VEC_INIT(struct mrs_verify_pack);
    mars_status st = mrs_scratch_pool_new(&v->scratch, err);

    if (st == MARS_OK)
        st = all_packs(v, &packs, err);
    if (st == MARS_OK && !v->spec.read_data && v->spec.sample_percent < 100)
        st = choose(v, &packs, err);
    if (st == MARS_OK && packs.len > 0)
        qsort(packs.items, packs.len, sizeof(struct mrs_verify_pack), by_name);
    if (st == MARS_OK)
        expect(v, &packs);
    for (size_t i = 0; st == MARS_OK && i < packs.len; i++)
        st = submit(v, mrs_vec_at(&packs, i), err);
    mrs_mutex_lock(v->job.lock);
    while (v->tasks > 0)
        mrs_cond_wait(v->job.changed, v->job.lock);
    mrs_mutex_unlock(v->job.lock);
    mrs_vec_free(&packs);
    return st;
}
