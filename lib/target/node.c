/* Names that are not files with content: links, fifos, devices, second names. */
#include "target/node.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "target/meta.h"

enum { LINK_TARGET_MAX = 64 << 10 };

mars_status
mrs_target_rename(struct mrs_tree_dir *dir, const char *temp, const char *name, bool replace,
                  mars_error *err)
{
    mars_status st = mrs_treewrite_rename(dir, temp, name, replace, err);

    return st == MARS_ERR_STATE
               ? mrs_fail(err, MARS_ERR_EXISTS, "%.150s is there and a directory", name)
               : st;
}

static mars_status
make_link(struct mrs_tree_dir *dir, const char *temp, const mars_entry *e, mars_error *err)
{
    char *text;
    mars_status st;

    if (e->target == NULL || e->target_len == 0 || e->target_len > LINK_TARGET_MAX ||
        memchr(e->target, '\0', (size_t)e->target_len) != NULL)
        return mrs_fail(err, MARS_ERR_CORRUPT, "link target refused: empty, too long, or with NUL");
    text = mrs_strndup(e->target, (size_t)e->target_len);
    if (text == NULL)
        return mrs_nomem(err);
    st = mrs_treewrite_symlink(dir, temp, text, err);
    mrs_free(text);
    return st;
}

static mars_status
make_node(struct mrs_tree_dir *dir, const char *temp, const mars_entry *e, mars_error *err)
{
    switch (e->type) {
    case MARS_ENTRY_SYMLINK:
        return make_link(dir, temp, e, err);
    case MARS_ENTRY_FIFO:
        return mrs_treewrite_node(dir, temp, MRS_TREE_FIFO, 0, 0, err);
    case MARS_ENTRY_CHARDEV:
        return mrs_treewrite_node(dir, temp, MRS_TREE_CHARDEV, e->device_major, e->device_minor,
                                  err);
    case MARS_ENTRY_BLOCKDEV:
        return mrs_treewrite_node(dir, temp, MRS_TREE_BLOCKDEV, e->device_major, e->device_minor,
                                  err);
    default:
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "an entry of type %u is not made by its name",
                        (unsigned)e->type);
    }
}

/* m->at.dir is open. */
static mars_status
make_at(struct mrs_target_dir *dir, struct mrs_target_meta *m, const char *name, bool replace,
        mars_error *err)
{
    char temp[MRS_TARGET_TEMP_LEN + 1];
    mars_status st = mrs_target_temp_name(dir->target, temp, err);

    if (st == MARS_OK)
        st = make_node(m->at.dir, temp, m->e, err);
    if (st != MARS_OK)
        return st;
    m->at.name = temp;
    m->acls = dir->gives_acl ? MRS_ACL_ACCESS : 0;
    st = mrs_tree_stat(m->at.dir, temp, &m->have, err);
    if (st == MARS_OK)
        st = mrs_target_meta_set(m, err);
    if (st == MARS_OK)
        st = mrs_target_rename(m->at.dir, temp, name, replace, err);
    if (st != MARS_OK)
        (void)!mrs_treewrite_unlink(m->at.dir, temp, NULL);
    return st;
}

mars_status
mrs_target_make(struct mrs_target_dir *dir, const mars_entry *e, struct mrs_slice name,
                bool replace, mars_error *err)
{
    struct mrs_target_warnings warnings;
    struct mrs_target_meta m;
    char text[MRS_TARGET_NAME_MAX + 1];
    mars_status st = mrs_target_name(text, name, err);

    if (st != MARS_OK)
        return st;
    memset(&m, 0, sizeof m);
    warnings.n = 0;
    m.opts = &dir->target->opts;
    m.e = e;
    m.warnings = &warnings;
    st = mrs_target_pin(dir, &m.at.dir, err);
    if (st == MARS_OK)
        st = make_at(dir, &m, text, replace, err);
    mrs_target_unpin(dir, m.at.dir);
    if (st == MARS_OK)
        mrs_target_warn(dir, name, &warnings);
    return st;
}

static mars_status
link_at(struct mrs_target *t, struct mrs_tree_dir *from_at, const char *from,
        struct mrs_tree_dir *at, const char *name, bool replace, mars_error *err)
{
    char temp[MRS_TARGET_TEMP_LEN + 1];
    mars_status st;

    if (!replace)
        return mrs_treewrite_link(from_at, from, at, name, err);
    st = mrs_target_temp_name(t, temp, err);
    if (st == MARS_OK)
        st = mrs_treewrite_link(from_at, from, at, temp, err);
    if (st != MARS_OK)
        return st;
    st = mrs_target_rename(at, temp, name, true, err);
    /* Also after success: renaming one name of a file over another does nothing, so POSIX. */
    (void)!mrs_treewrite_unlink(at, temp, NULL);
    return st;
}

mars_status
mrs_target_link(struct mrs_target_dir *from_dir, struct mrs_slice from,
                struct mrs_target_dir *dir, struct mrs_slice name, bool replace, mars_error *err)
{
    char from_text[MRS_TARGET_NAME_MAX + 1];
    char text[MRS_TARGET_NAME_MAX + 1];
    struct mrs_tree_dir *from_at = NULL;
    struct mrs_tree_dir *at = NULL;
    mars_status st = mrs_target_name(from_text, from, err);

    if (st == MARS_OK)
        st = mrs_target_name(text, name, err);
    if (st == MARS_OK)
        st = mrs_target_pin(from_dir, &from_at, err);
    if (st == MARS_OK)
        st = mrs_target_pin(dir, &at, err);
    if (st == MARS_OK)
        st = link_at(dir->target, from_at, from_text, at, text, replace, err);
    mrs_target_unpin(dir, at);
    mrs_target_unpin(from_dir, from_at);
    return st;
}
