/* What is there already, and whether it is what the entry says. */
#include "target/dir.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "target/meta.h"

mars_status
mrs_target_probe(struct mrs_target_dir *dir, struct mrs_slice name,
                 struct mrs_target_found *found, mars_error *err)
{
    char text[MRS_TARGET_NAME_MAX + 1];
    struct mrs_tree_dir *at;
    mars_status st = mrs_target_name(text, name, err);

    memset(found, 0, sizeof *found);
    if (st == MARS_OK)
        st = mrs_target_pin(dir, &at, err);
    if (st != MARS_OK)
        return st;
    st = mrs_tree_stat(at, text, &found->stat, err);
    found->exists = st == MARS_OK;
    if (st == MARS_ERR_NOT_FOUND)
        st = MARS_OK;
    mrs_target_unpin(dir, at);
    return st;
}

mars_status
mrs_target_existing(struct mrs_target_dir *dir, struct mrs_slice name, struct mrs_tree_file **out,
                    mars_error *err)
{
    char text[MRS_TARGET_NAME_MAX + 1];
    struct mrs_tree_dir *at;
    mars_status st = mrs_target_name(text, name, err);

    *out = NULL;
    if (st == MARS_OK)
        st = mrs_target_pin(dir, &at, err);
    if (st != MARS_OK)
        return st;
    st = mrs_tree_open_file(out, at, text, err);
    mrs_target_unpin(dir, at);
    return st;
}

static bool
same_kind(const mars_entry *e, const struct mrs_tree_stat *st)
{
    switch (e->type) {
    case MARS_ENTRY_FILE:
        return st->kind == MRS_TREE_FILE;
    case MARS_ENTRY_DIRECTORY:
        return st->kind == MRS_TREE_DIR;
    case MARS_ENTRY_SYMLINK:
        return st->kind == MRS_TREE_SYMLINK;
    case MARS_ENTRY_FIFO:
        return st->kind == MRS_TREE_FIFO;
    case MARS_ENTRY_CHARDEV:
    case MARS_ENTRY_BLOCKDEV:
        return st->kind == (e->type == MARS_ENTRY_CHARDEV ? MRS_TREE_CHARDEV : MRS_TREE_BLOCKDEV) &&
               st->rdev_major == e->device_major && st->rdev_minor == e->device_minor;
    default:
        return false;
    }
}

static bool
same_stat(const struct mrs_target_options *opts, const mars_entry *e,
          const struct mrs_tree_stat *st)
{
    bool user_is = st->uid == e->uid;
    bool group_is = st->gid == e->gid;
    struct mrs_slice acl = mrs_target_acl_left_out(opts, e);

    if (!same_kind(e, st) || st->mtime.s != e->mtime || st->mtime.ns != e->mtime_ns)
        return false;
    if (!opts->no_owner && !(user_is && group_is))
        return false;
    return e->type == MARS_ENTRY_SYMLINK || st->mode == mrs_target_mode(e, user_is, group_is, acl);
}

static mars_status
same_target(struct mrs_tree_dir *at, const char *name, const mars_entry *e, bool *same,
            mars_error *err)
{
    struct mrs_buf target = MRS_BUF_INIT(1 << 20);
    mars_status st = mrs_tree_readlink(at, name, &target, err);

    *same = st == MARS_OK && target.len == e->target_len &&
            memcmp(target.data, e->target, target.len) == 0;
    mrs_buf_free(&target);
    return st;
}

/* The attributes that are there, by name, and how far they were found in the set. */
struct present {
    const struct mrs_target_options *opts;
    struct mrs_arena bytes;
    struct mrs_vec attrs; /* mars_attr */
    size_t next;
    bool same;
};

static mars_status
collect(void *user, const char *name, const void *value, size_t len, mars_error *err)
{
    struct present *p = user;
    size_t name_len = strlen(name);
    mars_attr *a;

    if (!mrs_target_attr_counts(p->opts, name, name_len))
        return MARS_OK;
    a = mrs_vec_add(&p->attrs);
    if (a == NULL)
        return mrs_nomem(err);
    a->name = mrs_arena_copy(&p->bytes, name, name_len);
    a->name_len = name_len;
    a->value = mrs_arena_copy(&p->bytes, value, len);
    a->value_len = len;
    return a->name != NULL && a->value != NULL ? MARS_OK : mrs_nomem(err);
}

static int
by_name(const void *x, const void *y)
{
    const mars_attr *a = x;
    const mars_attr *b = y;
    size_t least = (size_t)(a->name_len < b->name_len ? a->name_len : b->name_len);
    int order = memcmp(a->name, b->name, least);

    return order != 0 ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static void
compare_attr(struct present *p, const mars_attr *want)
{
    const mars_attr *have;

    if (!p->same || !mrs_target_attr_counts(p->opts, want->name, (size_t)want->name_len))
        return;
    have = p->next < p->attrs.len ? mrs_vec_at(&p->attrs, p->next++) : NULL;
    p->same = have != NULL && by_name(have, want) == 0 && have->value_len == want->value_len &&
              (want->value_len == 0 ||
               memcmp(have->value, want->value, (size_t)want->value_len) == 0);
}

static mars_status
same_attrs(const struct mrs_target_options *opts, struct mrs_tree_dir *at, const char *name,
           const mars_entry *e, bool *same, mars_error *err)
{
    struct present p = { opts, MRS_ARENA_INIT, MRS_VEC_INIT(mars_attr), 0, true };
    mars_status st = mrs_tree_xattrs(at, name, collect, &p, err);

    if (st == MARS_OK && p.attrs.len > 1)
        qsort(p.attrs.items, p.attrs.len, sizeof(mars_attr), by_name);
    for (uint64_t i = 0; st == MARS_OK && i < e->n_attrs; i++)
        compare_attr(&p, &e->attrs[i]);
    *same = st == MARS_OK && p.same && p.next == p.attrs.len;
    mrs_vec_free(&p.attrs);
    mrs_arena_free(&p.bytes);
    return st;
}

static mars_status
compare_at(const struct mrs_target_options *opts, struct mrs_tree_dir *at, const char *name,
           const mars_entry *e, bool *same, mars_error *err)
{
    struct mrs_tree_stat now;
    mars_status st = mrs_tree_stat(at, name, &now, err);

    if (st != MARS_OK)
        return st;
    *same = same_stat(opts, e, &now);
    if (*same && e->type == MARS_ENTRY_SYMLINK)
        st = same_target(at, name, e, same, err);
    if (st == MARS_OK && *same)
        st = same_attrs(opts, at, name, e, same, err);
    return st;
}

mars_status
mrs_target_same_meta(struct mrs_target_dir *dir, struct mrs_slice name, const mars_entry *e,
                     bool *same, mars_error *err)
{
    char text[MRS_TARGET_NAME_MAX + 1];
    struct mrs_tree_dir *at;
    mars_status st = mrs_target_name(text, name, err);

    *same = false;
    if (st == MARS_OK)
        st = mrs_target_pin(dir, &at, err);
    if (st != MARS_OK)
        return st;
    st = compare_at(&dir->target->opts, at, text, e, same, err);
    mrs_target_unpin(dir, at);
    return st;
}
