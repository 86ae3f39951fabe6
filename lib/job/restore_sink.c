/* The sink that a restore goes to, and what it is given of an entry. Nothing that it answers is
 * taken as it comes. */
#include "base/err.h"
#include "job/restore_int.h"

enum { GROUP_BITS = 070 };

static mars_status
check(struct mrs_restore *r, mars_status st, const char *function, mars_error *err)
{
    st = mrs_answered(st, function, err);
    if (mrs_restore_is_fatal(st))
        mrs_job_fail(&r->job, st, err);
    return st;
}

mars_status
mrs_node_write(struct mrs_restore *r, void *node, uint64_t offset, const void *data, uint64_t len,
               mars_error *err)
{
    mrs_error_clear(err);
    return check(r, r->sink.write(r->sink.user, node, offset, data, len, err), "the sink's write",
                 err);
}

mars_status
mrs_node_end(struct mrs_restore *r, void *node, mars_status outcome, mars_error *err)
{
    mars_status st;

    mrs_error_clear(err);
    st = r->sink.end(r->sink.user, node, outcome, err);
    return outcome == MARS_OK ? check(r, st, "the sink's end", err) : MARS_OK;
}

mars_status
mrs_node_link(struct mrs_restore *r, void *node, void *first, mars_error *err)
{
    mrs_error_clear(err);
    return check(r, r->sink.link(r->sink.user, node, first, err), "the sink's link", err);
}

mars_sink_state
mrs_node_state(struct mrs_restore *r, void *node)
{
    mars_sink_state s = { .struct_size = sizeof s };

    if (r->sink.state != NULL)
        r->sink.state(r->sink.user, node, &s);
    if (s.state > MARS_SINK_PRESENT_ALONE)
        s.state = MARS_SINK_TAKEN;
    return s;
}

void
mrs_node_release(struct mrs_restore *r, void *node)
{
    if (node != NULL && r->sink.release != NULL)
        r->sink.release(r->sink.user, node);
}

struct mrs_slice
mrs_restore_path(const struct mrs_restore *r)
{
    struct mrs_slice top = { (const uint8_t *)"/", 1 };

    return r->path.len > 0 ? (struct mrs_slice){ r->path.data, r->path.len } : top;
}

/* Beside an ACL, the mode's group bits are the most that anybody whom it names may do. If there was
 * one, the owning group would get that without it. */
static void
lose_attrs(struct mrs_restore *r, struct mrs_entry *e, const mars_error *why)
{
    bool has_mode = e->type != MRS_ENTRY_SYMLINK;
    mars_error told;

    (void)mrs_fail(&told, why->status, "its attributes are lost%s: %s",
                   has_mode ? ", and its group gets no rights, since there may have been an ACL"
                            : "",
                   why->message);
    told.os_code = why->os_code;
    if (has_mode)
        e->mode &= ~(uint32_t)GROUP_BITS;
    atomic_fetch_add(&r->tally.attrs_lost, 1);
    mrs_restore_worsen(r, why->status);
    mrs_restore_warn(r, mrs_restore_path(r), &told);
}

/* The attribute set of an entry. One that cannot be read is a warning, is counted, and takes from
 * the entry's mode what an ACL may not have given. */
static mars_status
read_attrs(struct mrs_restore *r, struct mrs_entry *e, struct mrs_buf *set, mars_error *err)
{
    mars_error why;
    mars_status st = MARS_OK;

    if (e->attrs_size == 0)
        return MARS_OK;
    st = mrs_content_get(r->job.d, &e->attrs, e->attrs_size, MRS_CLASS_ATTRS, set, &why);
    st = mrs_restore_has_read(r, st, &why);
    if (st == MARS_OK)
        st = mrs_attrs_decode(set->data, set->len, NULL, NULL, &why);
    if (st == MARS_OK)
        return MARS_OK;
    mrs_buf_reset(set);
    if (mrs_restore_ends(st)) {
        *err = why;
        return st;
    }
    lose_attrs(r, e, &why);
    return MARS_OK;
}

/* As the sink is to see it. */
static mars_status
show(struct mrs_restore *r, const struct mrs_entry *e, struct mrs_buf *set, mars_error *err)
{
    struct mrs_entry own = *e;
    mars_status st = read_attrs(r, &own, set, err);

    if (st == MARS_OK)
        st = mrs_entry_show(&r->shown, mrs_restore_path(r), &own, err);
    if (st == MARS_OK)
        st = mrs_entry_show_attrs(&r->shown, (struct mrs_slice){ set->data, set->len }, err);
    return st;
}

mars_status
mrs_node_begin(struct mrs_restore *r, const struct mrs_rdir *dir, const struct mrs_entry *e,
               void **node, mars_error *err)
{
    struct mrs_buf set = MRS_BUF_INIT(MRS_ATTRS_MAX);
    mars_status st = show(r, e, &set, err);

    *node = NULL;
    if (st == MARS_OK) {
        r->current = e;
        mrs_error_clear(err);
        st = check(r, r->sink.begin(r->sink.user, dir != NULL ? dir->node : NULL, &r->shown.entry,
                                    node, err),
                   "the sink's begin", err);
        if (st != MARS_OK)
            *node = NULL;
    }
    mrs_buf_free(&set);
    return st;
}
