#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"
#include "platform/clock.h"

enum { BEAT_CHECK_MS = 60000 };

static void
free_string(const char *s)
{
    union {
        const char *in;
        void *out;
    } both = { s };

    mrs_free(both.out);
}

static void
free_item(struct mrs_item *item)
{
    while (item->first != NULL) {
        struct mrs_part *p = item->first;

        item->first = p->next;
        mrs_free(p);
    }
    mrs_arena_free(&item->bytes);
}

static void
free_batches(struct mrs_batch *batch)
{
    while (batch != NULL) {
        struct mrs_batch *next = batch->next;

        for (size_t i = 0; i < batch->n; i++)
            free_item(&batch->items[i]);
        mrs_arena_free(&batch->bytes);
        mrs_free(batch);
        batch = next;
    }
}

static void
free_buffers(struct mrs_spare_buffer *spare)
{
    while (spare != NULL) {
        struct mrs_spare_buffer *next = spare->next;

        mrs_free(spare);
        spare = next;
    }
}

static void
free_backup(struct mrs_backup *b)
{
    free_batches(b->filling);
    free_batches(b->first);
    free_batches(b->spare);
    free_buffers(b->usual_buffers);
    free_buffers(b->large_buffers);
    mrs_cond_free(b->handed);
    mrs_cond_free(b->taken);
    mrs_session_close(b->session);
    mrs_reader_close(b->reader);
    mrs_ledger_free_state(&b->dry_ledger);
    mrs_log_free(&b->dry_log);
    mrs_points_free(&b->points);
    mrs_job_fini(&b->job);
    free_string(b->spec.item);
    free_string(b->spec.machine_name);
    mrs_free(b);
}

mars_status
mrs_backup_start(struct mrs_backup **out, struct mrs_engine *engine, struct mrs_domain *d,
                 const struct mrs_backup_spec *spec, const struct mrs_listener *listener,
                 mars_error *err)
{
    struct mrs_backup *b = mrs_alloc(sizeof *b);
    struct mrs_time now = mrs_clock_wall();
    mars_status st = b != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    b->spec = *spec;
    b->begun = (struct mrs_stamp){ now.s, now.ns };
    b->spec.item = mrs_strndup(spec->item, strlen(spec->item));
    b->spec.machine_name = mrs_strndup(spec->machine_name, strlen(spec->machine_name));
    if (b->spec.item == NULL || b->spec.machine_name == NULL)
        st = mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_job_init(&b->job, engine, d, listener, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&b->handed, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&b->taken, err);
    if (st == MARS_OK)
        st = mrs_item_id(d, spec->machine, spec->item, b->item_id, err);
    if (st == MARS_OK && spec->source != NULL)
        st = mrs_reader_open(&b->reader, spec->source, err);
    if (st == MARS_OK)
        st = mrs_thread_start(&b->builder, mrs_backup_build, b, err);
    if (st != MARS_OK) {
        free_backup(b);
        return st;
    }
    *out = b;
    return MARS_OK;
}

void
mrs_backup_pump(struct mrs_backup *b)
{
    mrs_job_pump(&b->job, false);
}

void
mrs_backup_fail(struct mrs_backup *b, mars_status st)
{
    mrs_job_fail(&b->job, st, NULL);
}

mars_status
mrs_backup_await_open(struct mrs_backup *b, mars_error *err)
{
    mrs_job_await(&b->job, MARS_PHASE_DATA);
    return mrs_job_result(&b->job, err);
}

mars_status
mrs_backup_failure(struct mrs_backup *b, mars_error *err)
{
    return mrs_job_result(&b->job, err);
}

mars_status
mrs_backup_end(struct mrs_backup *b, struct mrs_backup_counts *counts, mars_error *err)
{
    mars_status st;

    mrs_job_wait(&b->job);
    mrs_thread_join(b->builder);
    st = mrs_job_result(&b->job, err);
    /* Once the point is there, it is too late to stop: nobody is to think that it is not. */
    if (b->counts.committed) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    if (counts != NULL) {
        *counts = b->counts;
        counts->elapsed_ns = mrs_clock_mono() - b->job.started;
    }
    free_backup(b);
    return st;
}

/* An empty batch for the walker to fill; NULL when out of memory. */
static struct mrs_batch *
new_batch(struct mrs_backup *b)
{
    struct mrs_batch *batch;

    mrs_mutex_lock(b->job.lock);
    batch = b->spare;
    if (batch != NULL)
        b->spare = batch->next;
    mrs_mutex_unlock(b->job.lock);
    if (batch == NULL)
        return mrs_alloc(sizeof *batch);
    batch->next = NULL;
    return batch;
}

struct mrs_item *
mrs_backup_next_item(struct mrs_backup *b, struct mrs_arena **bytes, mars_error *err)
{
    struct mrs_item *item;

    if (b->filling != NULL && b->filling->n == BACKUP_BATCH)
        mrs_backup_hand_over(b);
    if (b->filling == NULL)
        b->filling = new_batch(b);
    if (b->filling == NULL) {
        (void)mrs_nomem(err);
        return NULL;
    }
    *bytes = &b->filling->bytes;
    item = &b->filling->items[b->filling->n];
    memset(item, 0, sizeof *item);
    return item;
}

void
mrs_backup_add(struct mrs_backup *b)
{
    b->filling->n++;
}

/* A walker that found no room goes on when there is plenty, so that the two do not wake each other
 * for every batch. After a stop the builder only empties the queue. */
void
mrs_backup_hand_over(struct mrs_backup *b)
{
    struct mrs_batch *batch = b->filling;

    if (batch == NULL || batch->n == 0)
        return;
    b->filling = NULL;
    mrs_mutex_lock(b->job.lock);
    if (b->n_batches >= BACKUP_BATCHES)
        while (b->n_batches > BACKUP_BATCHES / 2 && !atomic_load(&b->job.stop))
            mrs_cond_wait(b->taken, b->job.lock);
    if (b->first == NULL)
        b->first = batch;
    else
        b->last->next = batch;
    b->last = batch;
    b->n_batches++;
    mrs_cond_signal(b->handed);
    mrs_mutex_unlock(b->job.lock);
}

void
mrs_backup_walked(struct mrs_backup *b)
{
    mrs_backup_hand_over(b);
    mrs_mutex_lock(b->job.lock);
    b->walked = true;
    mrs_cond_signal(b->handed);
    mrs_mutex_unlock(b->job.lock);
}

/* The builder waits, with the job's lock, for something to change. What it waits for may take days
 * (a huge file, a stream whose writer rests): the session's heart beats meanwhile. */
static void
wait_and_beat(struct mrs_backup *b, struct mrs_cond *changed)
{
    mars_error why;
    mars_status st;

    mrs_cond_wait_ms(changed, b->job.lock, BEAT_CHECK_MS);
    if (b->session == NULL || atomic_load(&b->job.stop))
        return;
    mrs_mutex_unlock(b->job.lock);
    st = mrs_session_beat(b->session, &why);
    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &why);
    mrs_mutex_lock(b->job.lock);
}

struct mrs_batch *
mrs_backup_take(struct mrs_backup *b)
{
    struct mrs_batch *batch;

    mrs_mutex_lock(b->job.lock);
    while (b->first == NULL && !b->walked)
        wait_and_beat(b, b->handed);
    batch = b->first;
    if (batch != NULL) {
        b->first = batch->next;
        batch->next = NULL;
        if (--b->n_batches == BACKUP_BATCHES / 2 || atomic_load(&b->job.stop))
            mrs_cond_signal(b->taken);
    }
    mrs_mutex_unlock(b->job.lock);
    return batch;
}

void
mrs_backup_give_back(struct mrs_backup *b, struct mrs_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        free_item(&batch->items[i]);
    mrs_arena_reset(&batch->bytes);
    batch->n = 0;
    mrs_mutex_lock(b->job.lock);
    b->head = NULL;
    batch->next = b->spare;
    b->spare = batch;
    mrs_mutex_unlock(b->job.lock);
}

bool
mrs_backup_await(struct mrs_backup *b, struct mrs_item *item)
{
    bool parts;

    if (atomic_load(&item->ready))
        return item->first != NULL;
    mrs_mutex_lock(b->job.lock);
    b->head = item;
    mrs_cond_broadcast(b->job.changed); /* who adds its parts need not wait for room any more */
    while (!atomic_load(&item->ready) && item->first == NULL)
        wait_and_beat(b, b->job.changed);
    parts = item->first != NULL;
    mrs_mutex_unlock(b->job.lock);
    return parts;
}

struct mrs_part *
mrs_backup_take_part(struct mrs_backup *b, struct mrs_item *item)
{
    struct mrs_part *p;

    mrs_mutex_lock(b->job.lock);
    b->head = item;
    while (item->first == NULL ? !atomic_load(&item->ready) : !item->first->done)
        wait_and_beat(b, b->job.changed);
    p = item->first;
    if (p != NULL) {
        item->first = p->next;
        b->queued--;
        mrs_cond_broadcast(b->job.changed);
    }
    mrs_mutex_unlock(b->job.lock);
    return p;
}

void
mrs_backup_settle(struct mrs_backup *b, struct mrs_item *item, uint32_t reason,
                  const mars_error *why)
{
    if (reason != 0) {
        item->reason = reason;
        item->os_code = why != NULL ? (uint32_t)why->os_code : 0;
        item->message = why != NULL
                            ? mrs_arena_copy(&item->bytes, why->message, strlen(why->message) + 1)
                            : NULL;
    }
    mrs_mutex_lock(b->job.lock);
    atomic_store(&item->ready, true);
    if (b->head == item) /* nobody else waits for it */
        mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

mars_status
mrs_backup_has(struct mrs_backup *b, const uint8_t id[32], bool *has, mars_error *err)
{
    const struct mrs_ledger *l = b->session != NULL ? mrs_session_ledger(b->session)
                                                    : &b->dry_ledger;

    return mrs_reusable(b->job.d, l, id, has, err);
}

mars_status
mrs_backup_put(struct mrs_backup *b, uint8_t cls, const void *data, size_t n, uint8_t id[32],
               mars_error *err)
{
    uint64_t stored = 0;
    bool has = true;
    mars_status st;

    if (b->session != NULL) {
        st = mrs_session_put(b->session, cls, data, n, id, &stored, err);
    } else {
        st = mrs_chunk_id(b->job.d, cls, data, n, id, err);
        if (st == MARS_OK)
            st = mrs_backup_has(b, id, &has, err);
        stored = has ? 0 : n;
    }
    if (st == MARS_OK && stored > 0) {
        atomic_fetch_add(&b->job.bytes_stored, stored);
        mrs_mutex_lock(b->job.lock);
        b->counts.bytes_new += n;
        mrs_mutex_unlock(b->job.lock);
    }
    return st;
}

mars_status
mrs_backup_put_fn(void *backup, uint8_t cls, const void *data, size_t n, uint8_t id[32],
                  mars_error *err)
{
    return mrs_backup_put(backup, cls, data, n, id, err);
}
