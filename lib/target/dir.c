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
    if (made) {
        if (d->parent->gives_acl)
            mrs_target_acls_drop(handle, d->target->opts.no_acl);
        return MARS_OK;
    }
    st = mrs_target_clear(d->target, handle, err);
    if (st == MARS_OK)
        st = mrs_target_acls(handle, &acls, err);
    d->gives_acl = (acls & MRS_ACL_DEFAULT) != 0;
    return st;
}

mars_status
mrs_target_enter(struct mrs_target_dir *dir, struct mrs_slice name, struct mrs_target_dir **out,
                 mars_error *err)
{
    char text[MRS_TARGET_NAME_MAX + 1];
    struct mrs_tree_dir *handle = NULL;
    struct mrs_tree_dir *at;
    struct mrs_target_dir *d = NULL;
    mars_status st = mrs_target_name(text, name, err);
    bool made = false;

    *out = NULL;
    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(dir->target->lock);
    d = mrs_target_dir_new(dir->target, dir, text);
    st = d != NULL ? mrs_target_handle(dir, &at, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = open_or_make(at, text, &handle, &made, err);
    if (st == MARS_OK)
        st = look_around(d, handle, made, err);
    if (st == MARS_OK)
        mrs_target_handle_set(d, handle);
    else
        mrs_tree_dir_close(handle);
    mrs_mutex_unlock(dir->target->lock);
    if (st == MARS_OK)
        *out = d;
    else
        mrs_target_dir_unref(d);
    return st;
}

/* Under the lock. */
static mars_status
finish_locked(struct mrs_target_dir *d, struct mrs_target_meta *m, mars_error *err)
{
    unsigned after = 0;
    mars_status st = mrs_target_handle(d, &m->at.dir, err);

    if (st == MARS_OK)
        st = mrs_tree_stat(m->at.dir, NULL, &m->have, err);
    if (st == MARS_OK)
        st = mrs_target_acls(m->at.dir, &m->acls, err);
    if (st == MARS_OK)
        st = mrs_target_meta_set(m, err);
    if (st == MARS_OK && m->attrs.n > 0)
        st = mrs_target_acls(m->at.dir, &after, err);
    if (st == MARS_OK && m->attrs.n > 0)
        d->gives_acl = (after & MRS_ACL_DEFAULT) != 0;
    return st;
}

mars_status
mrs_target_dir_finish(struct mrs_target_dir *d, const struct mrs_entry *e, struct mrs_slice attrs,
                      mars_error *err)
{
    struct mrs_slice no_name = { NULL, 0 };
    struct mrs_target_warnings warnings;
    struct mrs_target_meta m;
    mars_status st;

    memset(&m, 0, sizeof m);
    warnings.n = 0;
    m.opts = &d->target->opts;
    m.e = e;
    m.attrs = attrs;
    m.warnings = &warnings;
    mrs_mutex_lock(d->target->lock);
    st = finish_locked(d, &m, err);
    mrs_mutex_unlock(d->target->lock);
    mrs_target_warn(d, no_name, &warnings);
    return st;
}
