#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/verify_int.h"
#include "platform/clock.h"

void
mrs_verify_damage(void *verify, const char *relative, const mars_error *why)
{
    struct mrs_verify *v = verify;
    struct mrs_name n;
    bool is_pack = mrs_name_parse(&n, relative) &&
                   (n.kind == MRS_KIND_PACK_DATA || n.kind == MRS_KIND_PACK_META);
    bool known;

    mrs_mutex_lock(v->job.lock);
    /* A pack is met by many ways: once for each chunk that is wanted of it. */
    known = is_pack && mrs_map_find(&v->named, n.digest) != NULL;
    if (is_pack && !known)
        (void)mrs_map_put(&v->named, n.digest);
    v->counts.damaged += !known;
    mrs_mutex_unlock(v->job.lock);
    if (!known)
        mrs_job_damage(&v->job, relative, why);
}

void
mrs_verify_count_object(struct mrs_verify *v, uint64_t bytes)
{
    atomic_fetch_add(&v->job.files_done, 1);
    atomic_fetch_add(&v->job.bytes_done, bytes);
    mrs_mutex_lock(v->job.lock);
    v->counts.objects++;
    v->counts.bytes_read += bytes;
    mrs_mutex_unlock(v->job.lock);
}

/* A place as a key: the pack's name with the slot folded into its last bytes. Names are digests,
 * so two places do not meet. */
static void
place_key(uint8_t key[32], const uint8_t pack[32], uint32_t slot)
{
    memcpy(key, pack, 32);
    for (size_t i = 0; i < 4; i++)
        key[28 + i] ^= (uint8_t)(slot >> (8 * i));
}

mars_status
mrs_verify_bad_place(struct mrs_verify *v, const uint8_t pack[32], uint32_t slot, mars_error *err)
{
    uint8_t key[32];
    bool ok;

    place_key(key, pack, slot);
    mrs_mutex_lock(v->job.lock);
    ok = mrs_map_put(&v->bad_places, key) != NULL;
    mrs_mutex_unlock(v->job.lock);
    return ok ? MARS_OK : mrs_nomem(err);
}

mars_status
mrs_verify_find_chunk(struct mrs_verify *v, const uint8_t id[32], uint8_t cls, uint64_t *len,
                      mars_error *err)
{
    struct mrs_place p;
    uint8_t key[32];

    for (size_t nth = 0;; nth++) {
        mars_status st = mrs_index_find(v->d->index, id, nth, &p, err);

        if (st != MARS_OK)
            return st;
        place_key(key, p.pack, p.blob.slot);
        if (p.blob.cls == cls && mrs_map_find(&v->listed, p.pack) != NULL &&
            mrs_map_find(&v->bad_packs, p.pack) == NULL &&
            mrs_map_find(&v->bad_places, key) == NULL) {
            *len = p.blob.raw_len;
            return MARS_OK;
        }
    }
}

static mars_status
run(struct mrs_verify *v, mars_error *err)
{
    mars_status st;

    mrs_job_enter(&v->job, MARS_PHASE_CHECK);
    st = mrs_verify_records(v, err);
    if (st == MARS_OK)
        st = mrs_verify_list_packs(v, err);
    if (st == MARS_OK && (v->spec.read_data || v->spec.sample_percent > 0)) {
        mrs_job_enter(&v->job, MARS_PHASE_DATA);
        st = mrs_verify_read_packs(v, err);
    }
    /* Where the reading was broken off, not all that is missing is lost. */
    if (st == MARS_OK && !atomic_load(&v->job.stop))
        st = mrs_verify_points(v, err);
    return st;
}

void
mrs_verify_main(void *verify)
{
    struct mrs_verify *v = verify;
    mars_error err;
    mars_status st = run(v, &err);

    if (st != MARS_OK)
        mrs_job_fail(&v->job, st, &err);
    mrs_mutex_lock(v->job.lock);
    while (v->tasks > 0)
        mrs_cond_wait(v->job.changed, v->job.lock);
    mrs_mutex_unlock(v->job.lock);
    mrs_job_finish(&v->job);
}

static mars_status
result(struct mrs_verify *v, mars_error *err)
{
    mars_status st = mrs_job_result(&v->job, err);

    if (st == MARS_OK && (v->counts.damaged > 0 || v->counts.files_lost > 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT,
                      "damaged or missing objects: %llu; files that cannot be restored: %llu",
                      (unsigned long long)v->counts.damaged,
                      (unsigned long long)v->counts.files_lost);
    return st;
}

mars_status
mrs_verify_run(struct mrs_engine *engine, struct mrs_domain *d, const struct mrs_verify_spec *spec,
               const struct mrs_listener *listener, struct mrs_verify_counts *counts,
               mars_error *err)
{
    struct mrs_verify *v = mrs_alloc(sizeof *v);
    struct mrs_domain *own = NULL;
    mars_status st = v != NULL ? MARS_OK : mrs_nomem(err);

    if (st != MARS_OK)
        return st;
    v->spec = *spec;
    v->log = (struct mrs_log)MRS_LOG_INIT;
    v->listed = (struct mrs_map)MRS_MAP_INIT(sizeof(uint64_t));
    v->bad_packs = (struct mrs_map)MRS_MAP_INIT(0);
    v->bad_places = (struct mrs_map)MRS_MAP_INIT(0);
    v->named = (struct mrs_map)MRS_MAP_INIT(0);
    v->clean = (struct mrs_map)MRS_MAP_INIT(0);
    /* A domain handle of its own: nothing that was read before is believed. */
    st = mrs_domain_open(&own, d->store, d->keys, NULL, err);
    if (st == MARS_OK) {
        own->damage = mrs_verify_damage;
        own->damage_user = v;
        own->logger = d->logger;
        st = mrs_job_init(&v->job, engine, own, listener, err);
        v->d = v->job.d;
    }
    if (st == MARS_OK)
        st = mrs_thread_start(&v->thread, mrs_verify_main, v, err);
    if (st == MARS_OK) {
        mrs_job_wait(&v->job);
        mrs_thread_join(v->thread);
        st = result(v, err);
    }
    v->counts.elapsed_ns = mrs_clock_mono() - v->job.started;
    *counts = v->counts;
    mrs_ledger_free_state(&v->ledger);
    mrs_log_free(&v->log);
    mrs_points_free(&v->points);
    mrs_map_free(&v->listed);
    mrs_map_free(&v->bad_packs);
    mrs_map_free(&v->bad_places);
    mrs_map_free(&v->named);
    mrs_map_free(&v->clean);
    mrs_scratch_pool_free(v->scratch);
    mrs_job_fini(&v->job);
    mrs_domain_close(own);
    mrs_free(v);
    return st;
}
