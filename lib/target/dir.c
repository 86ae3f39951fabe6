#include "target/dir.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "target/meta.h"

struct mrs_target_dir *
mrs_target_dir_new(struct mrs_target *t, struct mrs_target_dir *parent, const char *name)
{
    size_t len = strlen(name);
    struct mrs_target_dir *d = mrs_alloc(sizeof *d + len + 1);

    if (d == NULL)
        return NULL;
    d->target = t;
    d->parent = parent;
    d->refs = 1;
    d->name_len = len;
    memcpy(d->name, name, len);
    if (parent != NULL)
        parent->refs++;
    return d;
}

void
mrs_target_dir_ref(struct mrs_target_dir *d)
{
    mrs_mutex_lock(d->target->lock);
    d->refs++;
    mrs_mutex_unlock(d->target->lock);
}

void
mrs_target_dir_unref(struct mrs_target_dir *d)
{
    while (d != NULL) {
        struct mrs_target_dir *parent = d->parent;
        struct mrs_target *t = d->target;
        bool last;

        mrs_mutex_lock(t->lock);
        last = --d->refs == 0;
        if (last)
            mrs_target_handle_close(d);
        mrs_mutex_unlock(t->lock);
        if (!last)
            return;
        mrs_free(d);
        d = parent;
    }
}

/* Open name in the open directory `at`, made if it is not there. */
static mars_status
open_or_make(struct mrs_tree_dir *at, const char *name, struct mrs_tree_dir **out, bool *made,
             mars_error *err)
{
    mars_status st = mrs_treewrite_mkdir(at, name, err);

    *out = NULL;
    *made = st == MARS_OK;
    if (st != MARS_OK && st != MARS_ERR_EXISTS)
        return st;
    st = mrs_tree_open_dir(out, at, name, err);
    if (st == MARS_ERR_STATE)
        return mrs_fail(err, MARS_ERR_EXISTS, "%.150s is there and no directory", name);
    return st;
}

/* What has to be known, and done, about a directory that is entered. */
static mars_status
look_around(struct mrs_target_dir *d, struct mrs_tree_dir *handle, bool made, mars_error *err)
{
    struct mrs_tree_stat st_now;
    unsigned acls = 0;
    mars_status st = mrs_tree_stat(handle, NULL, &st_now, err);

    if (st != MARS_OK)
        return st;
    d->inode = st_now.inode;
    d->fs_id = st_now.fs_id;
    d->made = made;
    d->bare = made && !d->parent->gives_acl;
    if (d->bare)
        return MARS_OK;
    if (made) {
        mrs_target_acls_drop(handle, d->target->opts.no_acl);
        return MARS_OK;
    }
    st = mrs_target_clear(d->target, handle, err);
    if (st == MARS_OK)
        st = mrs_target_acls(handle, &acls, err);
    d->gives_acl = (acls & MRS_ACL_DEFAULT) != 0;
    return st;
}

/* A directory that is entered for the first time, in an open one. */
static mars_status
enter_at(struct mrs_target_dir *d, struct mrs_tree_dir *at, mars_error *err)
{
    struct mrs_tree_dir *handle = NULL;
    bool made = false;
    mars_status st = open_or_make(at, d->name, &handle, &made, err);

    if (st == MARS_OK)
        st = look_around(d, handle, made, err);
    if (st != MARS_OK) {
        mrs_tree_dir_close(handle);
        return st;
    }
    mrs_mutex_lock(d->target->lock);
    mrs_target_note_fs(d, handle);
    mrs_target_handle_set(d, handle);
    mrs_mutex_unlock(d->target->lock);
    return MARS_OK;
}

mars_status
mrs_target_enter(struct mrs_target_dir *dir, struct mrs_slice name, struct mrs_target_dir **out,
                 mars_error *err)
{
    char text[MRS_TARGET_NAME_MAX + 1];
    struct mrs_tree_dir *at = NULL;
    struct mrs_target_dir *d;
    mars_status st = mrs_target_name(text, name, err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(dir->target->lock);
    d = mrs_target_dir_new(dir->target, dir, text);
    mrs_mutex_unlock(dir->target->lock);
    st = d != NULL ? mrs_target_pin(dir, &at, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = enter_at(d, at, err);
    mrs_target_unpin(dir, at);
    if (st == MARS_OK)
        *out = d;
    else
        mrs_target_dir_unref(d);
    return st;
}

bool
mrs_target_dir_is_new(const struct mrs_target_dir *d)
{
    return d->made;
}

/* Metadata onto an open directory; *gives_acl says whether it passes on an ACL now. */
static mars_status
finish_at(struct mrs_target_dir *d, struct mrs_target_meta *m, bool *gives_acl, mars_error *err)
{
    unsigned after = 0;
    mars_status st = mrs_tree_stat(m->at.dir, NULL, &m->have, err);

    if (st == MARS_OK && !d->bare)
        st = mrs_target_acls(m->at.dir, &m->acls, err);
    if (st == MARS_OK)
        st = mrs_target_meta_set(m, err);
    if (st == MARS_OK && m->e->n_attrs > 0)
        st = mrs_target_acls(m->at.dir, &after, err);
    if (st == MARS_OK && m->e->n_attrs > 0)
        *gives_acl = (after & MRS_ACL_DEFAULT) != 0;
    d->bare = d->bare && m->e->n_attrs == 0;
    if (st == MARS_OK && d->flush_now)
        st = mrs_treewrite_sync(m->at.dir, err);
    return st;
}

mars_status
mrs_target_dir_finish(struct mrs_target_dir *d, const mars_entry *e, mars_error *err)
{
    struct mrs_slice no_name = { NULL, 0 };
    struct mrs_target_warnings warnings;
    struct mrs_target_meta m;
    bool gives_acl = d->gives_acl;
    mars_status st;

    memset(&m, 0, sizeof m);
    warnings.n = 0;
    m.opts = &d->target->opts;
    m.e = e;
    m.warnings = &warnings;
    st = mrs_target_pin(d, &m.at.dir, err);
    if (st == MARS_OK)
        st = finish_at(d, &m, &gives_acl, err);
    d->gives_acl = gives_acl;
    mrs_target_unpin(d, m.at.dir);
    mrs_target_warn(d, no_name, &warnings);
    return st;
}
