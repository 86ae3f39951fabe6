#include "job/shown.h"

#include "base/err.h"
#include "format/content.h"

static mars_status
add_text(struct mrs_buf *b, struct mrs_slice s, mars_error *err)
{
    mars_status st = mrs_buf_append(b, s.p, s.n, err);

    return st == MARS_OK ? mrs_buf_append(b, "", 1, err) : st;
}

mars_status
mrs_entry_show(struct mrs_shown_entry *s, struct mrs_slice path, const struct mrs_entry *e,
               mars_error *err)
{
    const struct mrs_slice texts[] = { path, e->user, e->group, e->target, e->link_group };
    mars_status st = MARS_OK;

    mrs_buf_reset(&s->bytes);
    s->attrs.len = 0;
    for (size_t i = 0; st == MARS_OK && i < sizeof texts / sizeof texts[0]; i++)
        st = add_text(&s->bytes, texts[i], err);
    if (st != MARS_OK)
        return st;
    s->entry = (mars_entry){ .struct_size = sizeof s->entry,
                             .type = e->type,
                             .path = (const char *)s->bytes.data,
                             .path_len = path.n,
                             .size = e->size,
                             .mode = e->mode,
                             .mtime = e->mtime_s,
                             .mtime_ns = e->mtime_ns,
                             .uid = e->uid,
                             .gid = e->gid,
                             .device_major = e->rdev_major,
                             .device_minor = e->rdev_minor,
                             .flags = e->flags,
                             .btime = e->btime_s,
                             .btime_ns = e->btime_ns };
    s->entry.user = s->entry.path + path.n + 1;
    s->entry.group = s->entry.user + e->user.n + 1;
    if (e->type == MRS_ENTRY_SYMLINK) {
        s->entry.target = s->entry.group + e->group.n + 1;
        s->entry.target_len = e->target.n;
    }
    if (e->link_group.n > 0)
        s->entry.link_group = s->bytes.data + s->bytes.len - 1 - e->link_group.n;
    return MARS_OK;
}

static mars_status
add_attr(void *user, const struct mrs_attr *a, mars_error *err)
{
    mars_attr *shown = mrs_vec_add(user);

    if (shown == NULL)
        return mrs_nomem(err);
    shown->name = (const char *)a->name;
    shown->name_len = a->name_len;
    shown->value = a->value;
    shown->value_len = a->value_len;
    return MARS_OK;
}

mars_status
mrs_entry_show_attrs(struct mrs_shown_entry *s, struct mrs_slice set, mars_error *err)
{
    mars_status st = MARS_OK;

    s->attrs.len = 0;
    if (set.n > 0)
        st = mrs_attrs_decode(set.p, set.n, add_attr, &s->attrs, err);
    if (st != MARS_OK)
        s->attrs.len = 0;
    s->entry.attrs = s->attrs.len > 0 ? s->attrs.items : NULL;
    s->entry.n_attrs = s->attrs.len;
    return st;
}

void
mrs_shown_entry_free(struct mrs_shown_entry *s)
{
    mrs_buf_free(&s->bytes);
    mrs_vec_free(&s->attrs);
}
