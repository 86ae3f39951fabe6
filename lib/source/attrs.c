#include "source/attrs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static mars_status
collect_one(void *user, const char *name, const void *value, size_t len, mars_error *err)
{
    struct mrs_attr_list *list = user;
    size_t name_len = strlen(name);
    mars_attr a, *at;

    if (len > MRS_ATTRS_MAX || name_len > MRS_ATTRS_MAX - len ||
        list->total > MRS_ATTRS_MAX - len - name_len)
        return mrs_fail(err, MARS_ERR_IO, "extended attributes of more than %d bytes",
                        MRS_ATTRS_MAX);
    list->total += name_len + len;
    a.name = mrs_arena_copy(&list->bytes, name, name_len);
    a.name_len = name_len;
    a.value = mrs_arena_copy(&list->bytes, value, len);
    a.value_len = len;
    at = a.name != NULL && a.value != NULL ? mrs_vec_add(&list->attrs) : NULL;
    if (at == NULL)
        return mrs_nomem(err);
    *at = a;
    return MARS_OK;
}

mars_status
mrs_attrs_collect(struct mrs_attr_list *list, struct mrs_tree_dir *dir, const char *name,
                  mars_error *err)
{
    list->attrs.len = 0;
    list->total = 0;
    mrs_arena_reset(&list->bytes);
    return mrs_tree_xattrs(dir, name, collect_one, list, err);
}

void
mrs_attrs_free(struct mrs_attr_list *list)
{
    mrs_vec_free(&list->attrs);
    mrs_arena_free(&list->bytes);
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

/* Bounded one by one, so that no sum can overflow. */
static mars_status
take(struct mrs_vec *set, const mars_attr *a, uint64_t *left, mars_error *err)
{
    struct mrs_attr *at;

    if (a->name == NULL || a->name_len == 0 || (a->value == NULL && a->value_len > 0))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "an attribute without a name or a value");
    if (a->name_len > *left || a->value_len > *left - a->name_len)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "attribute set of more than %d bytes",
                        MRS_ATTRS_MAX);
    *left -= a->name_len + a->value_len;
    at = mrs_vec_add(set);
    if (at == NULL)
        return mrs_nomem(err);
    *at = (struct mrs_attr){ (const uint8_t *)a->name, (size_t)a->name_len, a->value,
                             (size_t)a->value_len };
    return MARS_OK;
}

mars_status
mrs_attrs_encode_list(const mars_attr *attrs, uint64_t n, struct mrs_buf *out, mars_error *err)
{
    struct mrs_vec set = MRS_VEC_INIT(struct mrs_attr);
    uint64_t left = MRS_ATTRS_MAX;
    mars_status st = MARS_OK;

    if (attrs == NULL || n == 0)
        return MARS_OK;
    for (uint64_t i = 0; st == MARS_OK && i < n; i++)
        st = take(&set, &attrs[i], &left, err);
    if (st == MARS_OK) {
        qsort(set.items, set.len, set.item_size, by_name);
        drop_twins(&set);
        st = mrs_attrs_encode(set.items, set.len, out, err);
    }
    mrs_vec_free(&set);
    return st;
}
