/* Reading files: small ones whole on a worker, large ones on the walker's thread, which cuts them
 * and leaves their chunks to the workers. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"

static void
task_done(struct mrs_backup *b)
{
    mrs_mutex_lock(b->job.lock);
    b->tasks--;
    mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

static void
submit(struct mrs_backup *b, struct mrs_task *t)
{
    mrs_mutex_lock(b->job.lock);
    b->tasks++;
    mrs_mutex_unlock(b->job.lock);
    mrs_engine_submit(b->job.engine, t);
}

static void
count_read(struct mrs_backup *b, uint64_t n)
{
    atomic_fetch_add(&b->job.bytes_done, n);
    mrs_mutex_lock(b->job.lock);
    b->counts.bytes_read += n;
    mrs_mutex_unlock(b->job.lock);
}

/* Why an item is to be named although it is in the point. 0: no reason. */
static uint32_t
judge(struct mrs_item *item, struct mrs_source_stream *s, bool short_read, mars_error *why)
{
    bool changed = short_read;

    if (!changed && s->vt->changed != NULL && s->vt->changed(s, &changed, why) != MARS_OK)
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
    struct mrs_source_stream *s = item->stream;
    size_t size = (size_t)s->size, got = 0;
    uint8_t *data = mrs_alloc(size);
    uint32_t reason = 0;
    mars_error why;
    mars_status st = data != NULL ? MARS_OK : mrs_nomem(&why), put;

    mrs_error_clear(&why);
    if (st == MARS_OK && !atomic_load(&b->job.stop))
        st = s->vt->read(s, 0, data, size, &got, &why);
    if (st == MARS_OK) {
        reason = judge(item, s, got < size, &why);
        put = atomic_load(&b->job.stop) ? MARS_OK : store_small(b, item, data, got, &why);
        if (put != MARS_OK)
            mrs_job_fail(&b->job, put, &why);
        count_read(b, got);
    } else {
        reason = MRS_SKIP_UNREADABLE;
        item->drop = true;
    }
    if (data != NULL)
        mrs_wipe(data, got);
    mrs_free(data);
    s->vt->close(s);
    mrs_engine_give(b->job.engine, &b->job.account, item->charge);
    mrs_backup_settle(b, item, reason, &why);
    task_done(b);
}

void
mrs_backup_read_small(struct mrs_backup *b, struct mrs_item *item)
{
    item->b = b;
    item->charge = item->stream->size > BACKUP_SMALL_CHARGE ? item->stream->size
                                                            : BACKUP_SMALL_CHARGE;
    if (!mrs_engine_take(b->job.engine, &b->job.account, item->charge, &b->job.stop)) {
        item->stream->vt->close(item->stream);
        mrs_backup_settle(b, item, 0, NULL);
        return;
    }
    item->task.run = read_small;
    submit(b, &item->task);
}

static void
put_part(struct mrs_task *t)
{
    struct mrs_part *p = (struct mrs_part *)(void *)((char *)t - offsetof(struct mrs_part, task));
    struct mrs_backup *b = p->b;
    mars_error why;
    mars_status st = MARS_OK;

    if (!atomic_load(&b->job.stop))
        st = mrs_backup_put(b, MRS_CLASS_DATA, p->data, (size_t)p->len, p->id, &why);
    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &why);
    mrs_wipe(p->data, (size_t)p->len);
    mrs_free(p->data);
    p->data = NULL;
    mrs_engine_give(b->job.engine, &b->job.account, p->len);
    mrs_mutex_lock(b->job.lock);
    p->done = true; /* the builder may free it as soon as the lock is let go */
    b->tasks--;
    mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

/* Append to the item's parts; waits for room. */
static void
add_part(struct mrs_backup *b, struct mrs_item *item, struct mrs_part *p)
{
    mrs_mutex_lock(b->job.lock);
    while (b->queued >= BACKUP_QUEUE && b->first != item && !atomic_load(&b->job.stop))
        mrs_cond_wait(b->job.changed, b->job.lock);
    if (item->first == NULL)
        item->first = p;
    else
        item->last->next = p;
    item->last = p;
    b->queued++;
    mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

static mars_status
add_extent(struct mrs_backup *b, struct mrs_item *item, uint64_t hole, uint64_t data,
           mars_error *err)
{
    struct mrs_part *p = mrs_alloc(sizeof *p);

    if (p == NULL)
        return mrs_nomem(err);
    p->hole = hole;
    p->len = data;
    p->done = true;
    add_part(b, item, p);
    return MARS_OK;
}

static mars_status
add_chunk(struct mrs_backup *b, struct mrs_item *item, const uint8_t *data, size_t n,
          mars_error *err)
{
    struct mrs_part *p;

    if (!mrs_engine_take(b->job.engine, &b->job.account, n, &b->job.stop))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    p = mrs_alloc(sizeof *p);
    if (p != NULL)
        p->data = mrs_alloc(n);
    if (p == NULL || p->data == NULL) {
        mrs_free(p);
        mrs_engine_give(b->job.engine, &b->job.account, n);
        return mrs_nomem(err);
    }
    memcpy(p->data, data, n);
    p->len = n;
    p->b = b;
    p->is_chunk = true;
    p->task.run = put_part;
    add_part(b, item, p);
    submit(b, &p->task);
    return MARS_OK;
}

/* The window that a large file is cut in. */
struct window {
    uint8_t *data;
    size_t have;
};

/* Cut off chunks: all whose end is certain, or at the stream's end all. */
static mars_status
cut(struct mrs_backup *b, struct mrs_item *item, struct window *w, bool end, mars_error *err)
{
    const struct mrs_cutter *c = &b->job.d->cutter;
    size_t at = 0;
    mars_status st = MARS_OK;

    while (st == MARS_OK && at < w->have && (end || w->have - at >= c->max)) {
        size_t n = mrs_cut_next(c, w->data + at, w->have - at);

        st = add_chunk(b, item, w->data + at, n, err);
        at += n;
    }
    memmove(w->data, w->data + at, w->have - at);
    w->have -= at;
    return st;
}

/* Data from *offset up to `end`, or to the end of the stream. *short_read: it ended before. */
static mars_status
read_extent(struct mrs_backup *b, struct mrs_item *item, struct mrs_source_stream *s,
            struct window *w, uint64_t *offset, uint64_t end, bool *short_read, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && *offset < end && !*short_read && !atomic_load(&b->job.stop)) {
        size_t room = BACKUP_WINDOW - w->have, got = 0;
        size_t want = end - *offset < room ? (size_t)(end - *offset) : room;

        st = s->vt->read(s, *offset, w->data + w->have, want, &got, err);
        if (st != MARS_OK)
            return st;
        *short_read = got < want;
        *offset += got;
        w->have += got;
        count_read(b, got);
        if (got > 0)
            st = add_extent(b, item, 0, got, err);
        if (st == MARS_OK && w->have == BACKUP_WINDOW)
            st = cut(b, item, w, false, err);
    }
    return st;
}

/* All of the stream: holes and data in turn. Failures of the source are told apart from our own:
 * *failed is set for the first kind. */
static mars_status
read_all(struct mrs_backup *b, struct mrs_item *item, struct mrs_source_stream *s,
         struct window *w, bool *failed, bool *short_read, mars_error *err)
{
    uint64_t offset = 0, start, end;
    mars_status st = MARS_OK;

    while (st == MARS_OK && offset < s->size && !*short_read && !atomic_load(&b->job.stop)) {
        start = offset;
        end = s->size;
        if (s->sparse && s->vt->data != NULL) {
            st = s->vt->data(s, offset, &start, &end, err);
            *failed = st != MARS_OK;
            if (st == MARS_OK && start > offset)
                st = add_extent(b, item, start - offset, 0, err);
            offset = start;
        }
        if (st == MARS_OK && offset < end)
            st = read_extent(b, item, s, w, &offset, end, short_read, err);
        *failed |= st == MARS_ERR_IO || st == MARS_ERR_NOT_FOUND;
    }
    return st;
}

void
mrs_backup_read_large(struct mrs_backup *b, struct mrs_item *item, struct mrs_source_stream *s)
{
    struct window w = { NULL, 0 };
    bool failed = false, short_read = false;
    uint32_t reason = 0;
    mars_error why;
    mars_status st = MARS_OK;

    mrs_error_clear(&why);
    /* A stream's writer may be waiting for us on the thread that writes the others. */
    if (mrs_engine_take_buffer(b->job.engine, BACKUP_WINDOW, s->size == UINT64_MAX, &b->job.stop)) {
        w.data = mrs_alloc(BACKUP_WINDOW);
        if (w.data == NULL) {
            mrs_engine_give_buffer(b->job.engine, BACKUP_WINDOW);
            st = mrs_nomem(&why);
        }
    }
    if (w.data != NULL)
        st = read_all(b, item, s, &w, &failed, &short_read, &why);
    if (failed) {
        item->entry.flags |= MRS_ENTRY_INCOMPLETE;
        reason = MRS_SKIP_PARTIAL;
        st = MARS_OK;
    }
    if (st == MARS_OK && w.data != NULL && !atomic_load(&b->job.stop))
        st = cut(b, item, &w, true, failed ? NULL : &why);
    if (st == MARS_OK && !failed)
        reason = judge(item, s, short_read && s->size != UINT64_MAX, &why);
    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &why);
    if (w.data != NULL)
        mrs_engine_give_buffer(b->job.engine, BACKUP_WINDOW);
    mrs_free(w.data);
    s->vt->close(s);
    mrs_backup_settle(b, item, reason, &why);
}
