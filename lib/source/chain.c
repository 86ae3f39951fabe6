#include "source/chain.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

static struct mrs_chain_level *
level_at(const struct mrs_chain *c, size_t i)
{
    return mrs_vec_at(&c->levels, i);
}

void
mrs_chain_init(struct mrs_chain *c)
{
    struct mrs_buf path = MRS_BUF_INIT(MRS_CHAIN_PATH_MAX);
    struct mrs_vec levels = MRS_VEC_INIT(struct mrs_chain_level);

    memset(c, 0, sizeof *c);
    c->path = path;
    c->levels = levels;
}

void
mrs_chain_free(struct mrs_chain *c)
{
    while (c->levels.len > 0)
        mrs_chain_pop(c);
    mrs_vec_free(&c->levels);
    mrs_buf_free(&c->path);
}

struct mrs_chain_level *
mrs_chain_top(const struct mrs_chain *c)
{
    return c->levels.len > 0 ? level_at(c, c->levels.len - 1) : NULL;
}

static void
close_level(struct mrs_chain *c, size_t i)
{
    struct mrs_chain_level *l = level_at(c, i);

    if (l->dir == NULL)
        return;
    mrs_tree_dir_close(l->dir);
    l->dir = NULL;
    c->n_open--;
}

/* Level i gets its handle. The walk comes back to the outermost levels last: they give way. */
static void
set_open(struct mrs_chain *c, size_t i, struct mrs_tree_dir *dir)
{
    if (c->n_open == 0)
        c->first_open = i;
    level_at(c, i)->dir = dir;
    c->n_open++;
    while (c->n_open > MRS_CHAIN_OPEN_MAX)
        close_level(c, c->first_open++);
}

mars_status
mrs_chain_push(struct mrs_chain *c, struct mrs_tree_dir *dir, const struct mrs_tree_stat *st,
               const char *name, mars_error *err)
{
    struct mrs_chain_level *l = mrs_vec_add(&c->levels);

    if (l == NULL) {
        mrs_tree_dir_close(dir);
        return mrs_nomem(err);
    }
    l->inode = st->inode;
    l->fs_id = st->fs_id;
    mrs_names_init(&l->names);
    l->name = name;
    l->path_len = c->path.len;
    if (dir != NULL)
        set_open(c, c->levels.len - 1, dir);
    return MARS_OK;
}

void
mrs_chain_pop(struct mrs_chain *c)
{
    struct mrs_chain_level *l = mrs_chain_top(c);

    close_level(c, c->levels.len - 1);
    mrs_names_free(&l->names);
    c->levels.len--;
}

struct collect {
    struct mrs_names *names;
    const char *wanted;
    bool found;
};

static mars_status
collect(void *user, const char *name, size_t len, mars_error *err)
{
    struct collect *c = user;

    c->found |= strcmp(name, c->wanted) == 0;
    return mrs_names_add(c->names, name, len, err);
}

mars_status
mrs_chain_read_names(struct mrs_chain *c, const char *wanted, bool *found, mars_error *err)
{
    struct mrs_chain_level *l = mrs_chain_top(c);
    struct collect all = { &l->names, wanted, false };
    mars_status st = mrs_tree_each(l->dir, collect, &all, err), sorted;

    *found = all.found;
    sorted = mrs_names_sort(&l->names, err);
    return sorted == MARS_OK ? st : sorted;
}

/* Level i, whose parent is open, once more. */
static mars_status
open_level(struct mrs_chain *c, size_t i, mars_error *err)
{
    const struct mrs_chain_level *l = level_at(c, i);
    struct mrs_tree_dir *dir;
    struct mrs_tree_stat now;
    mars_status st;

    if (i == 0)
        st = mrs_tree_open_root(&dir, c->root, err);
    else
        st = mrs_tree_open_dir(&dir, level_at(c, i - 1)->dir, l->name, err);
    if (st == MARS_OK)
        st = mrs_tree_stat(dir, NULL, &now, err);
    if (st == MARS_OK && (now.inode != l->inode || now.fs_id != l->fs_id))
        st = MARS_ERR_STATE;
    if (st == MARS_ERR_STATE)
        st = mrs_fail(err, MARS_ERR_NOT_FOUND, "the directory was replaced while it was read");
    if (st == MARS_OK)
        set_open(c, i, dir);
    else
        mrs_tree_dir_close(dir);
    return st;
}

/* Open levels are always the innermost ones in a row: if the top is closed, all are. */
mars_status
mrs_chain_reopen(struct mrs_chain *c, mars_error *err)
{
    mars_status st = MARS_OK;

    if (mrs_chain_top(c)->dir != NULL)
        return MARS_OK;
    for (size_t i = 0; st == MARS_OK && i < c->levels.len; i++)
        st = open_level(c, i, err);
    for (size_t i = 0; st != MARS_OK && i < c->levels.len; i++)
        close_level(c, i);
    return st;
}

mars_status
mrs_chain_set_path(struct mrs_chain *c, const char *name, mars_error *err)
{
    size_t was = c->path.len;
    size_t base = mrs_chain_top(c)->path_len;
    size_t len = name != NULL ? strlen(name) : 0;
    mars_status st;

    c->path.len = base;
    st = mrs_buf_reserve(&c->path, len + 2, err);
    if (st != MARS_OK) {
        c->path.len = was;
        return st;
    }
    if (name != NULL && c->path.data[base - 1] != '/')
        c->path.data[c->path.len++] = '/';
    if (len > 0)
        memcpy(c->path.data + c->path.len, name, len);
    c->path.len += len;
    c->path.data[c->path.len] = '\0';
    return MARS_OK;
}
