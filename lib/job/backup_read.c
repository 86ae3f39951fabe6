/* Reading small files: each whole, by a worker. And what large ones need as well. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"

static void
task_done(struct mrs_backup *b)
{
    mrs_mutex_lock(b->job.lock);
    if (--b->tasks == 0)
        mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

void
mrs_backup_submit(struct mrs_backup *b, struct mrs_task *t)
{
    mrs_mutex_lock(b->job.lock);
    b->tasks++;
    mrs_mutex_unlock(b->job.lock);
    mrs_engine_submit(b->job.engine, t);
}

void
mrs_backup_count_read(struct mrs_backup *b, uint64_t n)
{
    atomic_fetch_add(&b->job.bytes_done, n);
    mrs_mutex_lock(b->job.lock);
    b->counts.bytes_read += n;
    mrs_mutex_unlock(b->job.lock);
}

bool
mrs_backup_is_fatal(mars_status st)
{
    return st == MARS_ERR_NOMEM || st == MARS_ERR_CANCELLED || st == MARS_ERR_INTERNAL ||
           st == MARS_ERR_QUOTA;
}

uint32_t
mrs_backup_judge(struct mrs_backup *b, struct mrs_item *item, bool short_read, mars_error *why)
{
    bool changed = short_read;
    mars_status st = changed ? MARS_OK : mrs_source_changed(&item->file, &changed, why);

    if (mrs_backup_is_fatal(st))
        mrs_job_fail(&b->job, st, why);
    if (st != MARS_OK)
        return MRS_SKIP_UNREADABLE;
    if (!changed)
        return 0;
    item->entry.flags |= MRS_ENTRY_CHANGED;
    (void)mrs_fail(why, MARS_ERR_STATE, "it changed while it was read");
    return MRS_SKIP_CHANGED;
}

/* Content of up to BACKUP_SMALL bytes: inside the entry, or one chunk. */
static mars_status
store_small(struct mrs_backup *b, struct mrs_item *item, const uint8_t *data, size_t n,
            mars_error *err)
{
    struct mrs_entry *e = &item->entry;

    memset(&e->content, 0, sizeof e->content);
    e->size = n;
    if (n == 0)
        return MARS_OK;
    if (n <= MRS_INLINE_MAX) {
        e->content.kind = MRS_CONTENT_INLINE;
        e->content.data = mrs_arena_copy(&item->bytes, data, n);
        return e->content.data != NULL ? MARS_OK : mrs_nomem(err);
    }
    e->content.kind = MRS_CONTENT_CHUNK;
    return mrs_backup_put(b, MRS_CLASS_DATA, data, n, e->content.id, err);
}

static void
read_small(struct mrs_task *t)
{
    void *at = (char *)t - offsetof(struct mrs_item, task);
    struct mrs_item *item = at;
    struct mrs_backup *b = item->b;
    size_t size = (size_t)item->file.size, got = 0;
    uint8_t *data = mrs_alloc(size);
    uint32_t reason = 0;
    mars_error why;
    mars_status st, put;

    mrs_error_clear(&why);
    st = data != NULL ? MARS_OK : mrs_nomem(&why);
    if (st == MARS_OK && !atomic_load(&b->job.stop))
        st = mrs_source_read(&item->file, 0, data, size, &got, &why);
    if (st == MARS_OK) {
        reason = mrs_backup_judge(b, item, got < size, &why);
        put = atomic_load(&b->job.stop) ? MARS_OK : store_small(b, item, data, got, &why);
        if (put != MARS_OK)
            mrs_job_fail(&b->job, put, &why);
        mrs_backup_count_read(b, got);
    } else if (mrs_backup_is_fatal(st)) {
        mrs_job_fail(&b->job, st, &why); /* not the file's failure */
    } else {
        reason = MRS_SKIP_UNREADABLE;
        item->drop = true;
    }
    if (data != NULL)
        mrs_wipe(data, got);
    mrs_free(data);
    mrs_source_close(&item->file);
    mrs_engine_give(b->job.engine, &b->job.account, item->charge);
    mrs_backup_settle(b, item, reason, &why);
    task_done(b);
}

void
mrs_backup_read_small(struct mrs_backup *b, struct mrs_item *item)
{
    item->b = b;
    item->charge = item->file.size > BACKUP_SMALL_CHARGE ? item->file.size : BACKUP_SMALL_CHARGE;
    if (!mrs_engine_take(b->job.engine, &b->job.account, item->charge, &b->job.stop)) {
        mrs_source_close(&item->file);
        mrs_backup_settle(b, item, 0, NULL);
        return;
    }
    item->task.run = read_small;
    mrs_backup_submit(b, &item->task);
}
