#include "target/file.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "target/meta.h"
#include "target/node.h"

enum { TRIES = 16 }; /* for a free temporary name */

struct mrs_target_file {
    struct mrs_target_dir *dir;
    struct mrs_out_file *out;
    uint64_t size;
    atomic_ullong end; /* of what was written: the size that the file has by itself */
    struct mrs_tree_stat made;
    unsigned acls; /* MRS_ACL_* that it may have inherited */
    char temp[MRS_TARGET_TEMP_LEN + 1]; /* empty: nothing is there to remove */
};

/* In the open directory `at`, under a free temporary name. Made and renamed, not made without a
 * name and linked: that takes as long in memory, and several times as long on ext4, which keeps
 * nameless files in a list of their own. */
static mars_status
create(struct mrs_target_file *f, struct mrs_tree_dir *at, mars_error *err)
{
    mars_status st = MARS_OK;
    mars_status made = MARS_ERR_EXISTS;

    for (int i = 0; st == MARS_OK && made == MARS_ERR_EXISTS && i < TRIES; i++) {
        st = mrs_target_temp_name(f->dir->target, f->temp, err);
        if (st == MARS_OK)
            made = mrs_out_file_create(&f->out, at, f->temp, err);
    }
    if (st == MARS_OK)
        st = made;
    if (st != MARS_OK) {
        f->temp[0] = '\0';
        return st;
    }
    f->acls = f->dir->gives_acl ? MRS_ACL_ACCESS : 0;
    return mrs_out_file_stat(f->out, &f->made, err);
}

mars_status
mrs_target_file_begin(struct mrs_target_dir *dir, uint64_t size, struct mrs_target_file **out,
                      mars_error *err)
{
    struct mrs_target_file *f;
    struct mrs_tree_dir *at;
    mars_status st;

    *out = NULL;
    if (size > INT64_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "no file has %llu bytes", (unsigned long long)size);
    f = mrs_alloc(sizeof *f);
    if (f == NULL)
        return mrs_nomem(err);
    f->dir = dir;
    f->size = size;
    atomic_init(&f->end, 0);
    mrs_target_dir_ref(dir);
    st = mrs_target_pin(dir, &at, err);
    if (st == MARS_OK)
        st = create(f, at, err);
    mrs_target_unpin(dir, at);
    if (st == MARS_OK)
        *out = f;
    else
        mrs_target_file_abandon(f);
    return st;
}

mars_status
mrs_target_file_write(struct mrs_target_file *f, uint64_t offset, const void *data, size_t n,
                      mars_error *err)
{
    unsigned long long end = atomic_load(&f->end);
    mars_status st;

    if (offset > f->size || n > f->size - offset)
        return mrs_fail(err, MARS_ERR_CORRUPT, "data behind the end of a file of %llu bytes",
                        (unsigned long long)f->size);
    st = mrs_out_file_write(f->out, offset, data, n, err);
    while (st == MARS_OK && end < offset + n &&
           !atomic_compare_exchange_weak(&f->end, &end, offset + n))
        ;
    return st;
}

/* All metadata through the file's own handle, so without the lock. */
static mars_status
set_meta(struct mrs_target_file *f, const mars_entry *e, struct mrs_target_warnings *warnings,
         mars_error *err)
{
    struct mrs_target_meta m;

    memset(&m, 0, sizeof m);
    m.opts = &f->dir->target->opts;
    m.at.file = f->out;
    m.have = f->made;
    m.acls = f->acls;
    m.e = e;
    m.warnings = warnings;
    return mrs_target_meta_set(&m, err);
}

static mars_status
give_name(struct mrs_target_file *f, const char *name, bool replace, mars_error *err)
{
    struct mrs_tree_dir *at;
    mars_status st = mrs_target_pin(f->dir, &at, err);

    if (st != MARS_OK)
        return st;
    st = mrs_target_rename(at, f->temp, name, replace, err);
    mrs_target_unpin(f->dir, at);
    if (st == MARS_OK)
        f->temp[0] = '\0';
    return st;
}

mars_status
mrs_target_file_finish(struct mrs_target_file *f, const mars_entry *e, struct mrs_slice name,
                       bool replace, mars_error *err)
{
    struct mrs_target_warnings warnings;
    char text[MRS_TARGET_NAME_MAX + 1];
    mars_status st = mrs_target_name(text, name, err);

    warnings.n = 0;
    if (st == MARS_OK && atomic_load(&f->end) < f->size)
        st = mrs_out_file_resize(f->out, f->size, err);
    if (st == MARS_OK)
        st = set_meta(f, e, &warnings, err);
    if (st == MARS_OK)
        st = give_name(f, text, replace, err);
    if (st == MARS_OK)
        mrs_target_warn(f->dir, name, &warnings);
    if (st != MARS_ERR_EXISTS)
        mrs_target_file_abandon(f);
    return st;
}

void
mrs_target_file_abandon(struct mrs_target_file *f)
{
    struct mrs_tree_dir *at;

    if (f == NULL)
        return;
    mrs_out_file_close(f->out);
    if (f->temp[0] != '\0' && mrs_target_pin(f->dir, &at, NULL) == MARS_OK) {
        (void)!mrs_treewrite_unlink(at, f->temp, NULL);
        mrs_target_unpin(f->dir, at);
    }
    mrs_target_dir_unref(f->dir);
    mrs_free(f);
}
