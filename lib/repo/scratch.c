#include "repo/scratch.h"

#include "base/alloc.h"
#include "base/err.h"
#include "format/pack.h"
#include "platform/thread.h"

enum { KEPT_CAP = 4 << 20 };

struct mrs_scratch_pool {
    struct mrs_mutex *lock;
    struct mrs_scratch *idle; /* guarded */
};

mars_status
mrs_scratch_pool_new(struct mrs_scratch_pool **out, mars_error *err)
{
    struct mrs_scratch_pool *p = mrs_alloc(sizeof *p);
    mars_status st = p != NULL ? mrs_mutex_new(&p->lock, err) : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK)
        *out = p;
    else
        mrs_free(p);
    return st;
}

void
mrs_scratch_pool_free(struct mrs_scratch_pool *p)
{
    if (p == NULL)
        return;
    while (p->idle != NULL) {
        struct mrs_scratch *s = p->idle;

        p->idle = s->next;
        mrs_buf_free(&s->sealed);
        mrs_buf_free(&s->opened);
        mrs_buf_free(&s->plain);
        mrs_codec_state_free(&s->codec);
        mrs_free(s);
    }
    mrs_mutex_free(p->lock);
    mrs_free(p);
}

mars_status
mrs_scratch_take(struct mrs_scratch_pool *p, struct mrs_scratch **out, mars_error *err)
{
    struct mrs_scratch *s;

    mrs_mutex_lock(p->lock);
    s = p->idle;
    if (s != NULL)
        p->idle = s->next;
    mrs_mutex_unlock(p->lock);
    if (s == NULL) {
        s = mrs_alloc(sizeof *s);
        if (s == NULL)
            return mrs_nomem(err);
        s->sealed = (struct mrs_buf)MRS_BUF_INIT(2 * MRS_CHUNK_MAX);
        s->opened = (struct mrs_buf)MRS_BUF_INIT(MRS_CHUNK_MAX);
        s->plain = (struct mrs_buf)MRS_BUF_INIT(MRS_CHUNK_MAX);
    }
    *out = s;
    return MARS_OK;
}

static void
settle(struct mrs_buf *b)
{
    if (b->cap > KEPT_CAP)
        mrs_buf_free(b);
    else
        mrs_buf_reset(b);
}

void
mrs_scratch_give(struct mrs_scratch_pool *p, struct mrs_scratch *s)
{
    if (s == NULL)
        return;
    settle(&s->sealed);
    settle(&s->opened);
    settle(&s->plain);
    mrs_mutex_lock(p->lock);
    s->next = p->idle;
    p->idle = s;
    mrs_mutex_unlock(p->lock);
}
