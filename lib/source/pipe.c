#include "source/pipe.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/clock.h"
#include "platform/thread.h"

enum { NAME_MAX_LEN = 255 };

/* What both ends share. They and the stream may be closed in any order; the last one frees it. */
struct ring {
    struct mrs_mutex *lock;
    struct mrs_cond *moved;  /* bytes came or went, or an end was closed */
    size_t holders;
    uint8_t *bytes;
    size_t cap;
    size_t start;            /* of what was written and not read */
    size_t len;
    uint64_t read;           /* bytes so far */
    bool unread;             /* the source or its stream was closed: nobody will read on */
    bool finished;
    mars_status failed;      /* what the reader gets instead of the end; MARS_OK: nothing yet */
};

struct mrs_pipe {
    struct ring *ring;
};

struct stream {
    struct mrs_source_stream base; /* first */
    struct ring *ring;
};

struct source {
    struct mrs_source base; /* first */
    struct ring *ring;
    size_t given;           /* items so far */
    bool opened;
    size_t name_len;
    char name[NAME_MAX_LEN + 1];
};

static void
free_ring(struct ring *r)
{
    mrs_cond_free(r->moved);
    mrs_mutex_free(r->lock);
    if (r->bytes != NULL)
        mrs_wipe(r->bytes, r->cap);
    mrs_free(r->bytes);
    mrs_free(r);
}

/* One holder goes. */
static void
leave_ring(struct ring *r, bool reader)
{
    bool last;

    mrs_mutex_lock(r->lock);
    r->unread = r->unread || reader;
    last = --r->holders == 0;
    mrs_cond_broadcast(r->moved);
    mrs_mutex_unlock(r->lock);
    if (last)
        free_ring(r);
}

/* Take up to n bytes, at most up to the ring's end. */
static size_t
take(struct ring *r, uint8_t *out, size_t n)
{
    size_t part = r->cap - r->start;

    part = part < r->len ? part : r->len;
    part = part < n ? part : n;
    memcpy(out, r->bytes + r->start, part);
    r->start = (r->start + part) % r->cap;
    r->len -= part;
    r->read += part;
    mrs_cond_broadcast(r->moved);
    return part;
}

static mars_status
stream_read(struct mrs_source_stream *base, uint64_t offset, void *out, size_t n, size_t *got,
            mars_error *err)
{
    struct ring *r = ((struct stream *)base)->ring;
    mars_status st = MARS_OK;

    *got = 0;
    mrs_mutex_lock(r->lock);
    if (offset != r->read)
        st = mrs_fail(err, MARS_ERR_INTERNAL, "a pipe is read in order");
    while (st == MARS_OK && *got < n) {
        if (r->failed != MARS_OK)
            st = mrs_fail(err, r->failed, "the writer of the stream gave up");
        else if (r->len > 0)
            *got += take(r, (uint8_t *)out + *got, n - *got);
        else if (r->finished)
            break;
        else
            mrs_cond_wait(r->moved, r->lock);
    }
    mrs_mutex_unlock(r->lock);
    return st;
}

static void
stream_close(struct mrs_source_stream *base)
{
    struct stream *s = (struct stream *)base;

    if (s == NULL)
        return;
    leave_ring(s->ring, true);
    mrs_free(s);
}

static const struct mrs_source_stream_vt stream_vt = { stream_read, NULL, NULL, stream_close };

static mars_status
source_next(struct mrs_source *base, struct mrs_source_item *item, mars_error *err)
{
    struct source *s = (struct source *)base;
    struct mrs_time now;

    (void)err;
    memset(item, 0, sizeof *item);
    if (s->given++ > 0)
        return MARS_OK;
    now = mrs_clock_wall();
    item->kind = MRS_SOURCE_ENTRY;
    item->is_root = true;
    item->path.p = (const uint8_t *)s->name;
    item->path.n = s->name_len;
    item->entry.name = item->path;
    item->entry.type = MRS_ENTRY_FILE;
    item->entry.mode = 0600;
    item->entry.mtime_s = now.s;
    item->entry.mtime_ns = now.ns;
    return MARS_OK;
}

static mars_status
source_describe(struct mrs_source *base, struct mrs_source_item *item, struct mrs_slice *attrs,
                mars_error *err)
{
    (void)base;
    (void)item;
    (void)err;
    memset(attrs, 0, sizeof *attrs);
    return MARS_OK;
}

static mars_status
source_open(struct mrs_source *base, struct mrs_source_item *item, struct mrs_source_stream **out,
            mars_error *err)
{
    struct source *s = (struct source *)base;
    struct stream *stream;

    (void)item;
    *out = NULL;
    if (s->opened)
        return mrs_fail(err, MARS_ERR_STATE, "stream %.150s was read already", s->name);
    stream = mrs_alloc(sizeof *stream);
    if (stream == NULL)
        return mrs_nomem(err);
    stream->base.vt = &stream_vt;
    stream->base.size = UINT64_MAX;
    stream->ring = s->ring;
    mrs_mutex_lock(s->ring->lock);
    s->ring->holders++;
    mrs_mutex_unlock(s->ring->lock);
    s->opened = true;
    *out = &stream->base;
    return MARS_OK;
}

static void
source_root(struct mrs_source *base, size_t i, struct mrs_root *out)
{
    (void)base;
    (void)i;
    memset(out, 0, sizeof *out);
    out->style = MRS_PATH_STREAM;
    out->encoding = 1;
    out->case_rule = 1;
}

static void
source_close(struct mrs_source *base)
{
    struct source *s = (struct source *)base;

    if (s == NULL)
        return;
    leave_ring(s->ring, true);
    mrs_free(s);
}

static void
source_stop(struct mrs_source *base)
{
    struct ring *r = ((struct source *)base)->ring;

    mrs_mutex_lock(r->lock);
    r->unread = true;
    mrs_cond_broadcast(r->moved);
    mrs_mutex_unlock(r->lock);
}

static const struct mrs_source_vt source_vt = { source_next, source_describe, source_open,
                                                source_root, source_close,    source_stop };

mars_status
mrs_pipe_write(struct mrs_pipe *p, const void *data, size_t n, mars_error *err)
{
    const uint8_t *from = data;
    struct ring *r = p->ring;
    mars_status st = MARS_OK;

    mrs_mutex_lock(r->lock);
    if (r->finished || r->failed != MARS_OK)
        st = mrs_fail(err, MARS_ERR_STATE, "the stream has ended");
    while (st == MARS_OK && n > 0) {
        size_t end = (r->start + r->len) % r->cap;
        size_t part = end < r->start ? r->start - end : r->cap - end;

        if (r->unread) {
            st = mrs_fail(err, MARS_ERR_CANCELLED, "the stream is not read any more");
        } else if (r->len == r->cap) {
            mrs_cond_wait(r->moved, r->lock);
        } else {
            part = part < n ? part : n;
            memcpy(r->bytes + end, from, part);
            r->len += part;
            from += part;
            n -= part;
            mrs_cond_broadcast(r->moved);
        }
    }
    mrs_mutex_unlock(r->lock);
    return st;
}

void
mrs_pipe_finish(struct mrs_pipe *p)
{
    mrs_mutex_lock(p->ring->lock);
    p->ring->finished = p->ring->failed == MARS_OK;
    mrs_cond_broadcast(p->ring->moved);
    mrs_mutex_unlock(p->ring->lock);
}

void
mrs_pipe_fail(struct mrs_pipe *p, mars_status st)
{
    mrs_mutex_lock(p->ring->lock);
    if (!p->ring->finished && p->ring->failed == MARS_OK)
        p->ring->failed = st != MARS_OK ? st : MARS_ERR_INTERNAL;
    mrs_cond_broadcast(p->ring->moved);
    mrs_mutex_unlock(p->ring->lock);
}

void
mrs_pipe_close(struct mrs_pipe *p)
{
    if (p == NULL)
        return;
    mrs_pipe_fail(p, MARS_ERR_CANCELLED); /* does nothing once it was finished */
    leave_ring(p->ring, false);
    mrs_free(p);
}

static mars_status
new_ring(struct ring **out, size_t cap, mars_error *err)
{
    struct ring *r = mrs_alloc(sizeof *r);
    mars_status st;

    *out = NULL;
    if (r == NULL)
        return mrs_nomem(err);
    r->cap = cap;
    r->holders = 2;
    r->bytes = mrs_alloc(cap);
    st = r->bytes != NULL ? mrs_mutex_new(&r->lock, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_cond_new(&r->moved, err);
    if (st != MARS_OK)
        free_ring(r);
    else
        *out = r;
    return st;
}

static bool
is_component(const char *name, size_t n)
{
    return n > 0 && n <= NAME_MAX_LEN && memchr(name, '/', n) == NULL &&
           memchr(name, '\0', n) == NULL && !(n == 1 && name[0] == '.') &&
           !(n == 2 && name[0] == '.' && name[1] == '.');
}

mars_status
mrs_source_pipe_open(struct mrs_source **out, struct mrs_pipe **writer, const char *name,
                     size_t name_len, size_t capacity, mars_error *err)
{
    struct source *s = NULL;
    struct mrs_pipe *p = NULL;
    struct ring *ring = NULL;
    mars_status st;

    *out = NULL;
    *writer = NULL;
    if (!is_component(name, name_len))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "not the name of a stream: one component of "
                        "at most %d bytes is wanted", NAME_MAX_LEN);
    if (capacity == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "a pipe that holds nothing");
    st = new_ring(&ring, capacity, err);
    if (st != MARS_OK)
        return st;
    s = mrs_alloc(sizeof *s);
    p = mrs_alloc(sizeof *p);
    if (s == NULL || p == NULL) {
        mrs_free(s);
        mrs_free(p);
        free_ring(ring);
        return mrs_nomem(err);
    }
    s->base.vt = &source_vt;
    s->base.n_roots = 1;
    s->ring = p->ring = ring;
    s->name_len = name_len;
    memcpy(s->name, name, name_len);
    *out = &s->base;
    *writer = p;
    return MARS_OK;
}
