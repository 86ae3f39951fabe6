/* Reading large files: through the window, in which they are cut; their chunks are put
 * by the workers. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"

/* A file on its way. */
struct large {
    struct mrs_backup *b;
    struct mrs_item *item;
    const struct mrs_source_file *f;
    uint64_t offset;    /* of what is to be asked for next */
    uint64_t end;       /* of the extent that it lies in */
    uint64_t hole;      /* before it */
    bool failed;        /* the source did: what was read before counts */
    bool short_read;    /* the file ended early */
    mars_error why;     /* of the source */
};

static void
put_part(struct mrs_task *t)
{
    struct mrs_part *p = (struct mrs_part *)(void *)((char *)t - offsetof(struct mrs_part, task));
    struct mrs_backup *b = p->b;
    mars_error why;
    mars_status st = MARS_OK;

    if (!atomic_load(&b->job.stop))
        st = mrs_backup_put(b, MRS_CLASS_DATA, p->chunk.data, p->chunk.len, p->id, &why);
    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &why);
    mrs_window_release(b->window, &p->chunk);
    mrs_mutex_lock(b->job.lock);
    p->done = true; /* the builder may free it as soon as the lock is let go */
    b->tasks--;
    mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

/* Append to the item's parts; waits for room. */
static void
add_part(struct large *l, struct mrs_part *p)
{
    struct mrs_backup *b = l->b;

    mrs_mutex_lock(b->job.lock);
    while (b->queued >= BACKUP_QUEUE && b->head != l->item && !atomic_load(&b->job.stop))
        mrs_cond_wait(b->job.changed, b->job.lock);
    if (l->item->first == NULL)
        l->item->first = p;
    else
        l->item->last->next = p;
    l->item->last = p;
    b->queued++;
    mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
}

static mars_status
add_extent(struct large *l, uint64_t hole, uint64_t data, mars_error *err)
{
    struct mrs_part *p;

    if (hole + data == 0)
        return MARS_OK;
    p = mrs_alloc(sizeof *p);
    if (p == NULL)
        return mrs_nomem(err);
    p->hole = hole;
    p->len = data;
    p->done = true;
    add_part(l, p);
    return MARS_OK;
}

static mars_status
add_chunk(struct large *l, const struct mrs_window_chunk *c, mars_error *err)
{
    struct mrs_part *p = mrs_alloc(sizeof *p);

    if (p == NULL) {
        mrs_window_release(l->b->window, c);
        return mrs_nomem(err);
    }
    p->chunk = *c;
    p->len = c->len;
    p->b = l->b;
    p->is_chunk = true;
    p->task.run = put_part;
    add_part(l, p);
    mrs_backup_submit(l->b, &p->task);
    return MARS_OK;
}

static mars_status
cut(struct large *l, bool end, mars_error *err)
{
    struct mrs_window_chunk c;
    mars_status st;

    do {
        st = mrs_window_cut(l->b->window, end, &c, err);
        if (st == MARS_OK && c.len > 0)
            st = add_chunk(l, &c, err);
    } while (st == MARS_OK && c.len > 0);
    return st;
}

/* The next extent of data, from l->offset on. */
static mars_status
find_data(struct large *l)
{
    uint64_t start = l->offset, end = l->f->size;
    mars_status st = MARS_OK;

    if (l->f->sparse)
        st = mrs_source_extent(l->f, l->offset, &start, &end, &l->why);
    l->failed = st != MARS_OK;
    if (l->failed)
        return st;
    l->hole += start - l->offset;
    l->offset = start;
    l->end = end;
    return MARS_OK;
}

/* Ask for as much as there is room for. */
static mars_status
ask(struct large *l, mars_error *err)
{
    uint64_t taken = 1;
    mars_status st = MARS_OK;

    while (st == MARS_OK && taken > 0 && !l->failed && l->offset < l->f->size &&
           !atomic_load(&l->b->job.stop)) {
        if (l->offset >= l->end && find_data(l) != MARS_OK)
            break;
        if (l->offset >= l->end)
            continue; /* a hole up to the end */
        st = mrs_window_read(l->b->window, l->hole, l->offset, l->end - l->offset, &taken, err);
        l->offset += taken;
        if (taken > 0)
            l->hole = 0;
    }
    return st;
}

/* What came becomes extents and chunks. */
static mars_status
take(struct large *l, const struct mrs_window_got *got, mars_error *err)
{
    mars_status st;

    if (got->st != MARS_OK) {
        l->failed = true;
        l->why = got->why;
        return MARS_OK;
    }
    l->short_read = got->got < got->asked;
    mrs_backup_count_read(l->b, got->got);
    st = add_extent(l, got->hole, got->got, err);
    return st == MARS_OK ? cut(l, false, err) : st;
}

static mars_status
read_all(struct large *l, mars_error *err)
{
    struct mrs_window *w = l->b->window;
    struct mrs_window_got got;
    mars_status st = MARS_OK;

    mrs_window_begin(w, l->f);
    do
        st = ask(l, err);
    while (st == MARS_OK && mrs_window_await(w, &got) &&
           (st = take(l, &got, err)) == MARS_OK && got.st == MARS_OK && !l->short_read);
    mrs_window_drop(w);
    if (st == MARS_OK && !atomic_load(&l->b->job.stop))
        st = cut(l, true, err);
    if (st == MARS_OK && !l->failed && !l->short_read)
        st = add_extent(l, l->hole, 0, err);
    return st;
}

/* The job keeps its window for the next file, unless another job waits for one. */
static mars_status
open_window(struct mrs_backup *b, mars_error *err)
{
    mars_status st;

    if (b->window != NULL)
        return MARS_OK;
    if (!mrs_engine_take_buffer(b->job.engine, MRS_WINDOW_SIZE, &b->job.stop))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    st = mrs_window_new(&b->window, b->job.engine, &b->job.d->cutter, err);
    if (st != MARS_OK)
        mrs_engine_give_buffer(b->job.engine, MRS_WINDOW_SIZE);
    return st;
}

void
mrs_backup_close_window(struct mrs_backup *b)
{
    if (b->window == NULL)
        return;
    mrs_window_free(b->window);
    b->window = NULL;
    mrs_engine_give_buffer(b->job.engine, MRS_WINDOW_SIZE);
}

void
mrs_backup_read_large(struct mrs_backup *b, struct mrs_item *item)
{
    struct large l = { .b = b, .item = item, .f = &item->file };
    uint32_t reason = 0;
    mars_error why;
    mars_status st = open_window(b, &why);

    item->entry.size = 0; /* what the parts are together, if there are any */
    if (st == MARS_OK)
        st = read_all(&l, &why);
    if (st == MARS_OK && l.failed && mrs_backup_is_fatal((mars_status)l.why.status)) {
        st = (mars_status)l.why.status;
        why = l.why;
    }
    if (st != MARS_OK) {
        mrs_job_fail(&b->job, st, &why);
    } else if (l.failed) {
        item->entry.flags |= MRS_ENTRY_INCOMPLETE;
        reason = MRS_SKIP_PARTIAL;
        why = l.why;
    } else {
        reason = mrs_backup_judge(b, item, l.short_read, &why);
    }
    if (mrs_engine_buffer_is_wanted(b->job.engine))
        mrs_backup_close_window(b);
    mrs_source_close(&item->file);
    mrs_backup_settle(b, item, reason, &why);
}
