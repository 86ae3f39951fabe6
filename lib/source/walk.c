#include "source/walk.h"

#include <string.h>

#include "base/err.h"

#define CACHE_TAG "CACHEDIR.TAG"
#define CACHE_SIGNATURE "Signature: 8a477f597d28d172789f06886806bc55"

/* One name in parent, or the directory `own`. */
struct place {
    struct mrs_tree_dir *parent;
    const char *name;
    struct mrs_tree_dir *own;
    bool is_root;
};

void
mrs_walk_fill(struct mrs_walk_item *item, const struct mrs_tree_stat *st)
{
    static const uint8_t types[] = {
        [MRS_TREE_FILE] = MARS_ENTRY_FILE,       [MRS_TREE_DIR] = MARS_ENTRY_DIRECTORY,
        [MRS_TREE_SYMLINK] = MARS_ENTRY_SYMLINK, [MRS_TREE_FIFO] = MARS_ENTRY_FIFO,
        [MRS_TREE_CHARDEV] = MARS_ENTRY_CHARDEV, [MRS_TREE_BLOCKDEV] = MARS_ENTRY_BLOCKDEV,
    };
    mars_entry *e = &item->entry;

    e->type = types[st->kind];
    e->mode = st->mode;
    e->uid = st->uid;
    e->gid = st->gid;
    e->mtime = st->mtime.s;
    e->mtime_ns = st->mtime.ns;
    e->btime = st->has_btime ? st->btime.s : 0;
    e->btime_ns = st->has_btime ? st->btime.ns : 0;
    e->device_major = st->rdev_major;
    e->device_minor = st->rdev_minor;
    e->size = st->kind == MRS_TREE_FILE ? st->size : 0;
    item->item.change_time = st->ctime.s;
    item->item.change_time_ns = st->ctime.ns;
    item->item.file_id = st->inode;
    item->item.volume_id = st->fs_id;
    if (st->nlink > 1 && st->kind != MRS_TREE_DIR)
        item->item.flags |= MARS_SOURCE_LINKED;
}

/* What all items have: the path is what the chain says. */
static void
begin_item(struct mrs_walk *w, struct mrs_walk_item *item, bool is_root)
{
    memset(item, 0, sizeof *item);
    item->item.struct_size = sizeof item->item;
    item->entry.struct_size = sizeof item->entry;
    item->entry.path = (const char *)w->chain.path.data;
    item->entry.path_len = w->chain.path.len;
    if (is_root) {
        item->item.flags = MARS_SOURCE_ROOT;
        item->item.file_system = w->roots.list[w->root].fs_type;
    }
    w->dir = NULL;
    w->name = NULL;
}

/* Only running out of memory ends the walk; all else costs what could not be read. */
static mars_status
skip(struct mrs_walk *w, struct mrs_walk_item *item, bool is_root, mars_status st, mars_error *err)
{
    if (st == MARS_ERR_NOMEM) {
        if (err != NULL)
            *err = w->why;
        return st;
    }
    begin_item(w, item, is_root);
    item->item.skip_reason = st == MARS_ERR_NOT_FOUND || st == MARS_ERR_STATE
                                 ? MRS_SKIP_VANISHED
                                 : MRS_SKIP_UNREADABLE;
    item->item.os_code = w->why.os_code;
    item->item.message = w->why.message;
    return MARS_OK;
}

static void
skip_kind(struct mrs_walk *w, struct mrs_walk_item *item, bool is_root, bool is_socket)
{
    begin_item(w, item, is_root);
    item->item.skip_reason = is_socket ? MRS_SKIP_SOCKET : MRS_SKIP_KIND;
    item->item.message = is_socket ? "socket" : "of a kind that is not supported";
}

/* The innermost level has a tag: is it a valid one? */
static mars_status
check_cache_tag(struct mrs_walk *w, bool *tagged, mars_error *err)
{
    char text[sizeof CACHE_SIGNATURE - 1];
    struct mrs_tree_file *f;
    size_t got = 0;
    mars_status st;

    st = mrs_tree_open_file(&f, mrs_chain_top(&w->chain)->dir, CACHE_TAG, err);
    if (st == MARS_OK)
        st = mrs_tree_file_read(f, 0, text, sizeof text, &got, err);
    *tagged = st == MARS_OK && got == sizeof text && memcmp(text, CACHE_SIGNATURE, got) == 0;
    mrs_tree_file_close(f);
    return st == MARS_ERR_NOMEM ? st : MARS_OK; /* a tag that cannot be read is none */
}

/* The names of the innermost level, which is open. */
static mars_status
read_names(struct mrs_walk *w, mars_error *err)
{
    struct mrs_names *names = &mrs_chain_top(&w->chain)->names;
    bool found, tagged = false;
    mars_status st = mrs_chain_read_names(&w->chain, CACHE_TAG, &found, err);

    if (st == MARS_OK && found && w->exclude_caches)
        st = check_cache_tag(w, &tagged, err);
    if (st == MARS_OK && tagged) { /* the tag is all that there is */
        mrs_names_free(names);
        st = mrs_names_add(names, CACHE_TAG, sizeof CACHE_TAG - 1, err);
        if (st == MARS_OK)
            st = mrs_names_sort(names, err);
    }
    return st;
}

/* A directory: opened before it is reported, so that its entry tells what happened. */
static mars_status
enter(struct mrs_walk *w, struct place *at, struct mrs_tree_stat *stat,
      struct mrs_walk_item *item, mars_error *err)
{
    bool stay_out = w->one_file_system && !at->is_root && stat->fs_id != w->root_fs;
    struct mrs_tree_dir *own = at->own;
    mars_status st = MARS_OK;
    mars_status pushed;

    at->own = NULL;
    if (own == NULL && !stay_out)
        st = mrs_tree_open_dir(&own, at->parent, at->name, &w->why);
    if (own != NULL)
        st = mrs_tree_stat(own, NULL, stat, &w->why);
    if (st == MARS_ERR_NOT_FOUND || st == MARS_ERR_STATE || st == MARS_ERR_NOMEM) {
        mrs_tree_dir_close(own);
        return skip(w, item, at->is_root, st, err);
    }
    pushed = mrs_chain_push(&w->chain, own, stat, at->is_root ? NULL : at->name, err);
    if (pushed != MARS_OK)
        return pushed;
    if (st == MARS_OK && own != NULL)
        st = read_names(w, &w->why);
    if (st == MARS_ERR_NOT_FOUND || st == MARS_ERR_NOMEM) { /* deleted while it was open */
        mrs_chain_pop(&w->chain);
        return skip(w, item, at->is_root, st, err);
    }
    begin_item(w, item, at->is_root);
    mrs_walk_fill(item, stat);
    w->pending = st != MARS_OK;
    if (w->pending)
        item->entry.flags |= MARS_ENTRY_INCOMPLETE;
    w->dir = own != NULL ? own : at->parent;
    w->name = own != NULL ? NULL : at->name;
    return MARS_OK;
}

static bool
is_excluded(const struct mrs_walk *w, bool is_dir)
{
    size_t root_len = w->roots.list[w->root].len;
    size_t skip_len = root_len > 1 ? root_len + 1 : 1;

    return w->rules != NULL &&
           mrs_rules_excluded(w->rules, (const char *)w->chain.path.data + skip_len,
                              w->chain.path.len - skip_len, is_dir);
}

/* What was found at a place. *given = false where it is excluded. */
static mars_status
give(struct mrs_walk *w, struct place *at, struct mrs_tree_stat *stat,
     struct mrs_walk_item *item, bool *given, mars_error *err)
{
    *given = at->is_root || !is_excluded(w, stat->kind == MRS_TREE_DIR);
    if (!*given)
        return MARS_OK;
    if (stat->kind == MRS_TREE_DIR)
        return enter(w, at, stat, item, err);
    if (stat->kind == MRS_TREE_SOCKET || stat->kind == MRS_TREE_OTHER) {
        skip_kind(w, item, at->is_root, stat->kind == MRS_TREE_SOCKET);
        return MARS_OK;
    }
    begin_item(w, item, at->is_root);
    mrs_walk_fill(item, stat);
    w->dir = at->parent;
    w->name = at->name;
    return MARS_OK;
}

static mars_status
start_root(struct mrs_walk *w, struct mrs_walk_item *item, mars_error *err)
{
    struct mrs_tree_root *root = &w->roots.list[w->root];
    struct mrs_tree_spot *spot = &w->spot;
    struct place at = { NULL, NULL, NULL, true };
    mars_status st;
    bool given;

    w->chain.path.len = 0;
    w->chain.root = root->path;
    st = mrs_buf_append(&w->chain.path, root->path, root->len + 1, err);
    if (st != MARS_OK)
        return st;
    w->chain.path.len--;
    st = mrs_tree_spot_find(spot, root->path, &w->why);
    if (st != MARS_OK)
        return skip(w, item, true, st, err);
    mrs_tree_fs_name(spot->own != NULL ? spot->own : spot->parent, root->fs_type,
                     sizeof root->fs_type);
    w->root_fs = spot->stat.fs_id;
    at.parent = spot->parent;
    at.name = spot->name;
    at.own = spot->own;
    spot->own = NULL;
    st = give(w, &at, &spot->stat, item, &given, err);
    mrs_tree_dir_close(at.own);
    return st;
}

static void
end_root(struct mrs_walk *w)
{
    mrs_tree_spot_close(&w->spot);
    w->root++;
}

/* A name of the innermost directory. */
static mars_status
visit_name(struct mrs_walk *w, const char *name, struct mrs_walk_item *item, bool *given,
           mars_error *err)
{
    struct mrs_chain_level *top = mrs_chain_top(&w->chain);
    struct place at = { NULL, name, NULL, false };
    struct mrs_tree_stat stat;
    mars_status st;

    *given = true;
    st = mrs_chain_reopen(&w->chain, &w->why);
    if (st != MARS_OK) {
        mrs_names_free(&top->names);
        return skip(w, item, w->chain.levels.len == 1, st, err);
    }
    at.parent = top->dir;
    st = mrs_chain_set_path(&w->chain, at.name, err);
    if (st != MARS_OK)
        return st;
    st = mrs_tree_stat(at.parent, at.name, &stat, &w->why);
    if (st != MARS_OK) {
        *given = !is_excluded(w, false);
        return *given || st == MARS_ERR_NOMEM ? skip(w, item, false, st, err) : MARS_OK;
    }
    return give(w, &at, &stat, item, given, err);
}

/* One step inside a directory; *given = false where it gave nothing. */
static mars_status
step(struct mrs_walk *w, struct mrs_walk_item *item, bool *given, mars_error *err)
{
    struct mrs_chain_level *top = mrs_chain_top(&w->chain);
    bool is_root = w->chain.levels.len == 1;
    const char *name;
    mars_status st = mrs_chain_set_path(&w->chain, NULL, err);

    *given = true;
    if (st != MARS_OK)
        return st;
    if (w->pending) {
        w->pending = false;
        return skip(w, item, is_root, MARS_ERR_IO, err);
    }
    st = mrs_names_next(&top->names, &name, err);
    if (st != MARS_OK || name != NULL)
        return st == MARS_OK ? visit_name(w, name, item, given, err) : st;
    *given = false;
    mrs_chain_pop(&w->chain);
    return MARS_OK;
}

/* A root ends when what it opened is closed again, its last item given. */
static mars_status
next_root(struct mrs_walk *w, struct mrs_walk_item *item, mars_error *err)
{
    if (w->chain.root != NULL) {
        w->chain.root = NULL;
        end_root(w);
    }
    memset(item, 0, sizeof *item);
    w->dir = NULL;
    return w->root < w->roots.n ? start_root(w, item, err) : MARS_OK;
}

mars_status
mrs_walk_next(struct mrs_walk *w, struct mrs_walk_item *item, mars_error *err)
{
    bool given = false;
    mars_status st = MARS_OK;

    while (st == MARS_OK && !given) {
        if (w->chain.levels.len == 0)
            return next_root(w, item, err);
        st = step(w, item, &given, err);
    }
    return st;
}

void
mrs_walk_free(struct mrs_walk *w)
{
    mrs_chain_free(&w->chain);
    mrs_tree_spot_close(&w->spot);
    mrs_tree_roots_free(&w->roots);
}
