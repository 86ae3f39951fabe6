#include "repo/entrycopy.h"

#include "base/err.h"

struct mrs_slice
mrs_slice_own(struct mrs_arena *a, struct mrs_slice s)
{
    return (struct mrs_slice){ mrs_arena_copy(a, s.p, s.n), s.n };
}

static void
own(struct mrs_arena *a, struct mrs_slice *s, bool *failed)
{
    if (s->n == 0) {
        s->p = NULL;
        return;
    }
    *s = mrs_slice_own(a, *s);
    *failed |= s->p == NULL;
}

static void
own_inline(struct mrs_arena *a, struct mrs_content *c, uint64_t size, bool *failed)
{
    struct mrs_slice data = { c->data, (size_t)size };

    if (c->kind != MRS_CONTENT_INLINE)
        return;
    own(a, &data, failed);
    c->data = data.p;
}

mars_status
mrs_entry_own(struct mrs_arena *a, struct mrs_entry *e, struct mrs_entry_stat *st, mars_error *err)
{
    bool failed = false;

    own(a, &e->name, &failed);
    own(a, &e->user, &failed);
    own(a, &e->group, &failed);
    own(a, &e->target, &failed);
    own(a, &e->link_group, &failed);
    own(a, &e->sub.node, &failed);
    if (st != NULL)
        own(a, &st->sub_node, &failed);
    if (e->attrs_size > 0)
        own_inline(a, &e->attrs, e->attrs_size, &failed);
    own_inline(a, &e->content, e->size, &failed);
    return failed ? mrs_nomem(err) : MARS_OK;
}
