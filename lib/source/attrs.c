#include "source/attrs.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

struct collected {
    struct mrs_arena bytes;
    struct mrs_vec attrs; /* struct mrs_attr */
    size_t total;
};

static mars_status
collect_one(void *user, const char *name, const void *value, size_t len, mars_error *err)
{
    struct collected *c = user;
    size_t name_len = strlen(name);
    struct mrs_attr a;
    struct mrs_attr *at;

    if (len > MRS_ATTRS_MAX || name_len > MRS_ATTRS_MAX - len ||
        c->total > MRS_ATTRS_MAX - len - name_len)
        return mrs_fail(err, MARS_ERR_IO, "extended attributes of more than %d bytes",
                        MRS_ATTRS_MAX);
    c->total += name_len + len;
    a.name = mrs_arena_copy(&c->bytes, name, name_len);
    a.name_len = name_len;
    a.value = mrs_arena_copy(&c->bytes, value, len);
    a.value_len = len;
    at = a.name != NULL && a.value != NULL ? mrs_vec_add(&c->attrs) : NULL;
    if (at == NULL)
        return mrs_nomem(err);
    *at = a;
    return MARS_OK;
}

static int
by_name(const void *x, const void *y)
{
    const struct mrs_attr *a = x;
    const struct mrs_attr *b = y;
    size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
    int order = memcmp(a->name, b->name, n);

    if (order != 0)
        return order;
    return (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

/* A system that lists a name twice while it is being changed must not spoil the set. */
static void
drop_twins(struct mrs_vec *attrs)
{
    size_t kept = 0;

    for (size_t i = 0; i < attrs->len; i++) {
        struct mrs_attr *a = mrs_vec_at(attrs, i);

        if (kept > 0 && by_name(mrs_vec_at(attrs, kept - 1), a) == 0)
            continue;
        memmove(mrs_vec_at(attrs, kept++), a, sizeof *a);
    }
    attrs->len = kept;
}

mars_status
mrs_attrs_collect(struct mrs_tree_dir *dir, const char *name, struct mrs_buf *out,
                  mars_error *err)
{
    struct collected c = { MRS_ARENA_INIT, MRS_VEC_INIT(struct mrs_attr), 0 };
    mars_status st = mrs_tree_xattrs(dir, name, collect_one, &c, err);

    if (st == MARS_OK && c.attrs.len > 0) {
        qsort(c.attrs.items, c.attrs.len, sizeof(struct mrs_attr), by_name);
        drop_twins(&c.attrs);
        st = mrs_attrs_encode(c.attrs.items, c.attrs.len, out, err);
    }
    mrs_vec_free(&c.attrs);
    mrs_arena_free(&c.bytes);
    return st;
}
