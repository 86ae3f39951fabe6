#include "job/stream.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"
#include "platform/clock.h"
#include "repo/entrycopy.h"

enum {
    CHUNKER_FIXED = 2,     /* FORMAT.md section 11, column 22 */
    STEP = 256 << 10,      /* bytes that are taken before a cut is looked for */
    MARKS = 64,
    WAIT_MS = 100
};

/* A chunk on its way. */
struct piece {
    struct piece *next;
    struct mrs_task task;
    struct mrs_backup *b;
    uint8_t *data;
    size_t len;
    size_t room;
    uint8_t id[32];
    uint64_t offset; /* in the chunk that has it */
    bool done;       /* guarded by the job's lock */
    bool orphan;     /* the same: its stream is gone */
};

struct mrs_stream {
    struct mrs_backup *b;
    struct mrs_list_writer *list;
    uint8_t *data;       /* the chunk in the making */
    size_t len;
    size_t room;
    size_t marked;       /* how far its end was looked for */
    uint64_t pos;        /* where it begins in the stream */
    size_t fixed;        /* chunks end at multiples of this; 0: where the content says */
    struct piece *first; /* on their way, in order */
    struct piece *last;
    struct mrs_stamp begun;
    bool cut;            /* it has a chunk */
    uint64_t size;       /* what finish gave: */
    struct mrs_content content;
};

mars_status
mrs_stream_open(struct mrs_stream **out, struct mrs_backup *b, size_t fixed, mars_error *err)
{
    struct mrs_stream *s = mrs_alloc(sizeof *s);
    struct mrs_time now = mrs_clock_wall();
    mars_status st = s != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    s->b = b;
    s->fixed = fixed;
    s->begun = (struct mrs_stamp){ now.s, now.ns };
    s->marked = b->job.d->cutter.min - 1;
    st = mrs_list_writer_new(&s->list, mrs_backup_put_fn, b, err);
    if (st != MARS_OK)
        mrs_free(s);
    else
        *out = s;
    return st;
}

struct mrs_backup *
mrs_stream_backup(struct mrs_stream *s)
{
    return s->b;
}

static void
put_piece(struct mrs_task *t)
{
    struct piece *p = (struct piece *)(void *)((char *)t - offsetof(struct piece, task));
    struct mrs_backup *b = p->b;
    mars_error why;
    mars_status st = MARS_OK;
    bool orphan;

    if (!atomic_load(&b->job.stop))
        st = mrs_backup_put(b, MRS_CLASS_DATA, p->data, p->len, p->id, &why);
    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &why);
    mrs_stream_give_buffer(b, p->data, p->len, p->room);
    mrs_engine_give(b->job.engine, &b->job.account, p->room);
    mrs_mutex_lock(b->job.lock);
    p->done = true; /* its stream may free it as soon as the lock is let go */
    orphan = p->orphan;
    b->tasks--;
    mrs_cond_broadcast(b->job.changed);
    mrs_mutex_unlock(b->job.lock);
    if (orphan)
        mrs_free(p);
}

/* What comes of waiting for the vault may take long: the caller hears and is heard meanwhile. */
static void
tell(struct mrs_stream *s)
{
    if (s->b->spec.waiting != NULL)
        s->b->spec.waiting(s->b->spec.waiting_user);
}

static bool
is_done(struct mrs_stream *s, const struct piece *p, uint32_t wait_ms)
{
    bool done;

    mrs_mutex_lock(s->b->job.lock);
    if (wait_ms > 0 && !p->done)
        mrs_cond_wait_ms(s->b->job.changed, s->b->job.lock, wait_ms);
    done = p->done;
    mrs_mutex_unlock(s->b->job.lock);
    return done;
}

/* The oldest piece that is on its way; NULL: there is none. */
static struct piece *
take_first(struct mrs_stream *s)
{
    struct piece *p = s->first;

    if (p != NULL)
        s->first = p->next;
    return p;
}

/* The pieces that are done, or all, once they are, into the list. */
static mars_status
gather(struct mrs_stream *s, bool all, mars_error *err)
{
    mars_status st = MARS_OK;

    while (s->first != NULL) {
        struct piece *p;

        if (!is_done(s, s->first, all ? WAIT_MS : 0)) {
            if (!all)
                break;
            tell(s);
            continue;
        }
        p = take_first(s);
        if (st == MARS_OK && !atomic_load(&s->b->job.stop))
            st = mrs_list_writer_ref(s->list, p->id, p->offset, p->len, err);
        mrs_free(p);
    }
    return st;
}

static void
append_piece(struct mrs_stream *s, struct piece *p)
{
    if (s->first == NULL)
        s->first = p;
    else
        s->last->next = p;
    s->last = p;
    s->cut = true;
}

static mars_status
take_room(struct mrs_stream *s, mars_error *err)
{
    struct mrs_job *j = &s->b->job;

    while (!atomic_load(&j->stop)) {
        if (mrs_engine_take_soon(j->engine, &j->account, s->room, WAIT_MS))
            return MARS_OK;
        tell(s);
    }
    return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
}

/* The first n bytes become a chunk, what lies behind them begins the next one. */
static mars_status
give_chunk(struct mrs_stream *s, size_t n, mars_error *err)
{
    struct mrs_backup *b = s->b;
    size_t rest = s->len - n;
    uint8_t *next = rest > 0 ? mrs_stream_take_buffer(b, mrs_stream_usual_room(b)) : NULL;
    struct piece *p = mrs_alloc(sizeof *p);
    mars_status st = p != NULL && (next != NULL || rest == 0) ? MARS_OK : mrs_nomem(err);

    if (st == MARS_OK)
        st = mrs_list_writer_extent(s->list, 0, n, err);
    if (st == MARS_OK)
        st = take_room(s, err);
    if (st != MARS_OK) {
        mrs_stream_give_buffer(b, next, 0, mrs_stream_usual_room(b));
        mrs_free(p);
        return st;
    }
    if (rest > 0)
        memcpy(next, s->data + n, rest);
    *p = (struct piece){ .task = { .run = put_piece },
                         .b = b,
                         .data = s->data,
                         .len = n,
                         .room = s->room };
    append_piece(s, p);
    s->pos += n;
    s->data = next;
    s->room = rest > 0 ? mrs_stream_usual_room(b) : 0;
    s->len = rest;
    s->marked = b->job.d->cutter.min - 1;
    mrs_backup_submit(b, &p->task);
    return gather(s, false, err);
}

/* Where the chunk in the making ends; 0: not yet known. What makes a mark lies within the chunk,
 * since none ends before its least size. */
static size_t
find_end(struct mrs_stream *s)
{
    const struct mrs_cutter *c = &s->b->job.d->cutter;
    struct mrs_cut_mark marks[MARKS];

    if (s->fixed > 0) {
        size_t end = s->fixed - (size_t)(s->pos % s->fixed);

        return s->len >= end ? end : 0;
    }
    while (s->marked < s->len) {
        size_t n = mrs_cut_marks(c, s->data, s->len, &s->marked, marks, MARKS);

        for (size_t i = 0; i < n; i++)
            if (mrs_cut_ends(c, marks[i].at, marks[i].strict))
                return marks[i].at;
    }
    return s->len == c->max ? s->len : 0;
}

/* A larger buffer. */
static mars_status
grow(struct mrs_stream *s, size_t want, mars_error *err)
{
    struct mrs_backup *b = s->b;
    size_t room = want <= MRS_STREAM_SMALL_ROOM        ? MRS_STREAM_SMALL_ROOM
                  : s->room < mrs_stream_usual_room(b) ? mrs_stream_usual_room(b)
                                                       : b->job.d->cutter.max;
    uint8_t *data;

    if (room == b->job.d->cutter.max && !mrs_stream_claim_large(b))
        return give_chunk(s, s->len, err);
    data = mrs_stream_take_buffer(b, room);
    if (data == NULL)
        return mrs_nomem(err);
    if (s->len > 0)
        memcpy(data, s->data, s->len);
    mrs_stream_give_buffer(b, s->data, s->len, s->room);
    s->data = data;
    s->room = room;
    return MARS_OK;
}

static mars_status
add(struct mrs_stream *s, const uint8_t *data, size_t n, mars_error *err)
{
    mars_status st = MARS_OK;
    size_t end = 0;

    while (st == MARS_OK && s->room < s->len + n)
        st = grow(s, s->len + n, err);
    if (st != MARS_OK)
        return st;
    memcpy(s->data + s->len, data, n);
    s->len += n;
    while (st == MARS_OK && (end = find_end(s)) > 0)
        st = give_chunk(s, end, err);
    return st;
}

/* What stopped the backup, be it here or elsewhere, is what the caller hears. */
static mars_status
settle(struct mrs_stream *s, mars_status st, mars_error *err)
{
    if (st != MARS_OK)
        mrs_job_fail(&s->b->job, st, err);
    return mrs_backup_failure(s->b, err);
}

mars_status
mrs_stream_write(struct mrs_stream *s, const void *data, size_t n, mars_error *err)
{
    const uint8_t *from = data;
    size_t most = s->b->job.d->cutter.max;
    mars_status st = MARS_OK;

    mrs_backup_count_read(s->b, n);
    while (st == MARS_OK && n > 0 && !atomic_load(&s->b->job.stop)) {
        size_t part = n < STEP ? n : STEP;

        if (part > most - s->len)
            part = most - s->len;
        st = add(s, from, part, err);
        from += part;
        n -= part;
    }
    return settle(s, st, err);
}

/* What comes next lies behind what is in the buffer. */
static mars_status
flush(struct mrs_stream *s, mars_error *err)
{
    return s->len > 0 ? give_chunk(s, s->len, err) : MARS_OK;
}

mars_status
mrs_stream_hole(struct mrs_stream *s, uint64_t n, mars_error *err)
{
    mars_status st = flush(s, err);

    if (st == MARS_OK)
        st = mrs_list_writer_extent(s->list, n, 0, err);
    s->pos += n;
    s->cut = true;
    return settle(s, st, err);
}

/* Its place is behind the chunks that are on their way. */
static mars_status
add_ref(struct mrs_stream *s, const uint8_t id[32], uint64_t offset, size_t n, mars_error *err)
{
    struct piece *p;
    mars_status st = flush(s, err);

    if (st == MARS_OK)
        st = mrs_list_writer_extent(s->list, 0, n, err);
    if (st != MARS_OK)
        return st;
    p = mrs_alloc(sizeof *p);
    if (p == NULL)
        return mrs_nomem(err);
    *p = (struct piece){ .len = n, .offset = offset, .done = true };
    memcpy(p->id, id, sizeof p->id);
    append_piece(s, p);
    s->pos += n;
    return gather(s, false, err);
}

mars_status
mrs_stream_ref(struct mrs_stream *s, const uint8_t id[32], uint64_t offset, size_t n,
               mars_error *err)
{
    atomic_fetch_add(&s->b->job.bytes_done, n);
    return settle(s, add_ref(s, id, offset, n, err), err);
}

/* Little stands in the entry itself. */
static void
end_inline(struct mrs_stream *s)
{
    s->size = s->len;
    s->content.kind = s->len > 0 ? MRS_CONTENT_INLINE : MRS_CONTENT_NONE;
    s->content.data = s->data;
}

static mars_status
end(struct mrs_stream *s, mars_error *err)
{
    mars_status st;

    if (!s->cut && s->len <= MRS_INLINE_MAX) {
        end_inline(s);
        return MARS_OK;
    }
    st = flush(s, err);
    if (st == MARS_OK)
        st = gather(s, true, err);
    return st == MARS_OK ? mrs_list_writer_finish(s->list, &s->content, &s->size, err) : st;
}

mars_status
mrs_stream_finish(struct mrs_stream *s, mars_error *err)
{
    return settle(s, atomic_load(&s->b->job.stop) ? MARS_OK : end(s, err), err);
}

mars_status
mrs_stream_add(struct mrs_stream *s, struct mrs_slice name, mars_error *err)
{
    static const struct mrs_root ROOT = { .style = MRS_PATH_STREAM, .encoding = 1, .case_rule = 1 };
    struct mrs_arena *bytes;
    struct mrs_item *item = mrs_backup_next_item(s->b, &bytes, err);

    if (item == NULL)
        return MARS_ERR_NOMEM;
    item->kind = MRS_SOURCE_ENTRY;
    item->root = &ROOT;
    item->is_root = item->read = true;
    item->entry = (struct mrs_entry){ .name = name,
                                      .type = MRS_ENTRY_FILE,
                                      .mode = 0600,
                                      .mtime_s = s->begun.s,
                                      .mtime_ns = s->begun.ns,
                                      .size = s->size,
                                      .content = s->content,
                                      .chunker = s->fixed > 0 ? CHUNKER_FIXED : 0 };
    if (mrs_entry_own(bytes, &item->entry, NULL, err) != MARS_OK)
        return MARS_ERR_NOMEM;
    item->path = item->entry.name;
    atomic_store(&item->ready, true);
    mrs_backup_add(s->b);
    return MARS_OK;
}

/* What the workers still have frees itself: they may have it for as long as the vault is away. */
static void
leave_pieces(struct mrs_stream *s)
{
    mrs_mutex_lock(s->b->job.lock);
    while (s->first != NULL) {
        struct piece *p = take_first(s);

        if (p->done)
            mrs_free(p);
        else
            p->orphan = true;
    }
    mrs_mutex_unlock(s->b->job.lock);
}

void
mrs_stream_free(struct mrs_stream *s)
{
    if (s == NULL)
        return;
    leave_pieces(s);
    mrs_list_writer_free(s->list);
    mrs_stream_give_buffer(s->b, s->data, s->len, s->room);
    mrs_free(s);
}
