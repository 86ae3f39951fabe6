#include "target/meta.h"

#include <string.h>

#include "base/err.h"

#define ACCESS MRS_ACL_ACCESS_NAME
#define DEFAULT MRS_ACL_DEFAULT_NAME

enum { ATTR_NAME_MAX = 255 };

static void
note(struct mrs_target_meta *m, const mars_error *why)
{
    if (m->warnings->n < sizeof m->warnings->list / sizeof m->warnings->list[0])
        m->warnings->list[m->warnings->n++] = *why;
}

/* Owner; says through the pointers whose the file is now. */
static void
set_owner(struct mrs_target_meta *m, bool *user_is, bool *group_is)
{
    mars_error why;

    *user_is = m->have.uid == m->e->uid;
    *group_is = m->have.gid == m->e->gid;
    if (m->opts->no_owner || (*user_is && *group_is))
        return;
    if (mrs_meta_chown(&m->at, m->e->uid, m->e->gid, &why) == MARS_OK) {
        *user_is = *group_is = true;
        return;
    }
    note(m, &why);
    /* Somebody who may not give files away may still give them to a group of theirs. */
    if (!*user_is && !*group_is)
        *group_is = mrs_meta_chown(&m->at, m->have.uid, m->e->gid, NULL) == MARS_OK;
}

struct setting {
    struct mrs_target_meta *m;
    bool warned;
    bool any;
};

/* Is it worse than one attribute that is refused? */
static bool
is_fatal(mars_status st)
{
    return st == MARS_ERR_NOMEM || st == MARS_ERR_QUOTA;
}

/* Set it; what the system says of it goes to why. */
static mars_status
try_attr(struct mrs_target_meta *m, const mars_attr *a, mars_error *why)
{
    size_t len = (size_t)a->name_len;
    char name[ATTR_NAME_MAX + 1];
    bool is_access;
    mars_status st;

    if (a->name_len == 0 || a->name_len > ATTR_NAME_MAX || memchr(a->name, '\0', len) != NULL)
        return mrs_fail(why, MARS_ERR_CORRUPT, "attribute refused: not a name");
    memcpy(name, a->name, len);
    name[len] = '\0';
    is_access = strcmp(name, ACCESS) == 0;
    st = mrs_meta_set_xattr(&m->at, name, a->value, (size_t)a->value_len, why);
    if (st == MARS_OK && is_access)
        m->acls &= ~(unsigned)MRS_ACL_ACCESS;
    if (st == MARS_OK && strcmp(name, DEFAULT) == 0)
        m->acls &= ~(unsigned)MRS_ACL_DEFAULT;
    if (st != MARS_OK && is_access) {
        m->acl.p = a->value;
        m->acl.n = (size_t)a->value_len;
    }
    return st;
}

static mars_status
set_attr(struct setting *s, const mars_attr *a, mars_error *err)
{
    mars_error why;
    mars_status st;

    if (!mrs_target_attr_counts(s->m->opts, a->name, (size_t)a->name_len))
        return MARS_OK;
    st = try_attr(s->m, a, &why);
    s->any = true;
    if (is_fatal(st) && err != NULL)
        *err = why;
    if (is_fatal(st))
        return st;
    if (st != MARS_OK && !s->warned)
        note(s->m, &why);
    s->warned = s->warned || st != MARS_OK;
    return MARS_OK;
}

/* An inherited ACL that is not in the set would let in whom the original did not. */
static void
drop_acl(struct setting *s, unsigned which, const char *name)
{
    mars_error why;
    mars_status st;

    if ((s->m->acls & which) == 0 || s->m->opts->no_acl)
        return;
    st = mrs_meta_remove_xattr(&s->m->at, name, &why);
    s->any = true;
    if (st == MARS_OK || st == MARS_ERR_NOT_FOUND || s->warned)
        return;
    note(s->m, &why);
    s->warned = true;
}

static mars_status
set_attrs(struct mrs_target_meta *m, bool *any, mars_error *err)
{
    struct setting s = { m, false, false };
    mars_status st = MARS_OK;

    for (uint64_t i = 0; st == MARS_OK && i < m->e->n_attrs; i++)
        st = set_attr(&s, &m->e->attrs[i], err);
    if (st == MARS_OK && m->e->type != MARS_ENTRY_SYMLINK) {
        drop_acl(&s, MRS_ACL_ACCESS, ACCESS);
        drop_acl(&s, MRS_ACL_DEFAULT, DEFAULT);
    }
    *any = s.any;
    return st;
}

/* The order matters: a change of owner takes away capabilities and the set-id bits, an ACL changes
 * the mode; and the mode, set last, only sets the mask of an ACL, which is equal to it already. */
mars_status
mrs_target_meta_set(struct mrs_target_meta *m, mars_error *err)
{
    struct mrs_time mtime = { m->e->mtime, m->e->mtime_ns };
    struct mrs_tree_stat had = m->have;
    mars_error why;
    bool user_is;
    bool group_is;
    bool changed;
    uint32_t mode;
    mars_status st;

    m->acl = mrs_target_acl_left_out(m->opts, m->e);
    set_owner(m, &user_is, &group_is);
    st = set_attrs(m, &changed, err);
    if (st != MARS_OK)
        return st;
    mode = mrs_target_mode(m->e, user_is, group_is, m->acl);
    changed = changed || mode != had.mode || had.uid != m->e->uid || had.gid != m->e->gid;
    if (m->e->type != MARS_ENTRY_SYMLINK && changed &&
        mrs_meta_chmod(&m->at, mode, &why) != MARS_OK)
        note(m, &why);
    if (mrs_meta_set_mtime(&m->at, mtime, &why) != MARS_OK)
        note(m, &why);
    return MARS_OK;
}

static mars_status
find_acls(void *user, const char *name, const void *value, size_t len, mars_error *err)
{
    unsigned *acls = user;

    (void)value;
    (void)len;
    (void)err;
    if (strcmp(name, ACCESS) == 0)
        *acls |= MRS_ACL_ACCESS;
    if (strcmp(name, DEFAULT) == 0)
        *acls |= MRS_ACL_DEFAULT;
    return MARS_OK;
}

mars_status
mrs_target_acls(struct mrs_tree_dir *dir, unsigned *acls, mars_error *err)
{
    *acls = 0;
    return mrs_tree_xattrs(dir, NULL, find_acls, acls, err);
}

/* What stays if this is refused is found again, and told, when the directory is finished. */
void
mrs_target_acls_drop(struct mrs_tree_dir *dir, bool no_acl)
{
    struct mrs_meta_at at = { dir, NULL, NULL };

    if (!no_acl) {
        (void)!mrs_meta_remove_xattr(&at, DEFAULT, NULL);
        (void)!mrs_meta_remove_xattr(&at, ACCESS, NULL);
    }
    (void)!mrs_meta_chmod(&at, 0700, NULL);
}

void
mrs_target_warn(struct mrs_target_dir *dir, struct mrs_slice name,
                const struct mrs_target_warnings *w)
{
    struct mrs_target *t = dir->target;
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 4);

    if (w->n == 0 || t->opts.warn == NULL)
        return;
    if (mrs_target_path(dir, name, &path, NULL) != MARS_OK)
        mrs_buf_reset(&path); /* a warning without a path is better than none */
    mrs_mutex_lock(t->warn_lock);
    for (size_t i = 0; i < w->n; i++)
        t->opts.warn(t->opts.user, path.data != NULL ? (const char *)path.data : "", path.len,
                     &w->list[i]);
    mrs_mutex_unlock(t->warn_lock);
    mrs_buf_free(&path);
}
