#include "target/target.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/random.h"
#include "target/meta.h"

static mars_status
make_names(struct mrs_target *t, mars_error *err)
{
    uint8_t random[MRS_TARGET_RUN_LEN / 2];
    char tag[9];
    mars_status st = mrs_random_fill(random, sizeof random, err);

    mrs_hex_encode(t->run, random, sizeof random);
    mrs_hex_encode(tag, t->opts.tag, 4);
    (void)snprintf(t->prefix, sizeof t->prefix, ".mars-%s-", tag);
    mrs_target_stamp(t->stamp);
    return st;
}

/* The root's handle is not counted and stays open. */
static mars_status
open_root(struct mrs_target *t, const char *path, mars_error *err)
{
    struct mrs_target_dir *d = mrs_target_dir_new(t, NULL, "");
    struct mrs_tree_stat now;
    unsigned acls = 0;
    mars_status st;

    if (d == NULL)
        return mrs_nomem(err);
    t->root = d;
    st = mrs_treewrite_root(&d->handle, path, err);
    if (st == MARS_OK)
        st = mrs_tree_stat(d->handle, NULL, &now, err);
    if (st == MARS_OK) {
        d->inode = now.inode;
        d->fs_id = now.fs_id;
        mrs_target_note_fs(d, d->handle);
    }
    if (st == MARS_OK)
        st = mrs_target_clear(t, d->handle, err);
    if (st == MARS_OK)
        st = mrs_target_acls(d->handle, &acls, err);
    d->gives_acl = (acls & MRS_ACL_DEFAULT) != 0;
    return st;
}

mars_status
mrs_target_open(struct mrs_target **out, const char *path, const struct mrs_target_options *opts,
                mars_error *err)
{
    struct mrs_target *t = mrs_alloc(sizeof *t);
    mars_status st;

    *out = NULL;
    if (t == NULL)
        return mrs_nomem(err);
    t->opts = *opts;
    st = mrs_mutex_new(&t->lock, err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&t->warn_lock, err);
    for (size_t i = 0; st == MARS_OK && i < MRS_TARGET_MAKING; i++)
        st = mrs_mutex_new(&t->making[i], err);
    if (st == MARS_OK)
        st = make_names(t, err);
    if (st == MARS_OK)
        st = open_root(t, path, err);
    if (st == MARS_OK)
        *out = t;
    else
        mrs_target_close(t);
    return st;
}

mars_status
mrs_target_flush(struct mrs_target *t, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < t->n_fs; i++)
        st = mrs_treewrite_sync(t->fs[i].handle, err);
    return st;
}

void
mrs_target_close(struct mrs_target *t)
{
    if (t == NULL)
        return;
    mrs_target_dir_unref(t->root);
    while (t->n_fs > 0)
        mrs_tree_dir_close(t->fs[--t->n_fs].handle);
    for (size_t i = 0; i < MRS_TARGET_MAKING; i++)
        mrs_mutex_free(t->making[i]);
    mrs_mutex_free(t->warn_lock);
    mrs_mutex_free(t->lock);
    mrs_free(t);
}

struct mrs_target_dir *
mrs_target_root(struct mrs_target *t)
{
    mrs_target_dir_ref(t->root);
    return t->root;
}

/* Needs no lock: names and parents never change, and a directory holds its parent. */
mars_status
mrs_target_path(struct mrs_target_dir *d, struct mrs_slice name, struct mrs_buf *out,
                mars_error *err)
{
    size_t start = out->len;
    size_t len = name.n;
    size_t at;
    mars_status st;

    for (const struct mrs_target_dir *up = d; up->parent != NULL; up = up->parent)
        len += up->name_len + (len > 0);
    if (len == 0)
        return mrs_buf_append(out, ".", 1, err);
    st = mrs_buf_resize(out, start + len, err);
    if (st != MARS_OK)
        return st;
    at = start + len - name.n;
    if (name.n > 0)
        memcpy(out->data + at, name.p, name.n);
    for (const struct mrs_target_dir *up = d; up->parent != NULL; up = up->parent) {
        if (at < start + len)
            out->data[--at] = '/';
        at -= up->name_len;
        memcpy(out->data + at, up->name, up->name_len);
    }
    return MARS_OK;
}
