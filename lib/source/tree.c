/* The walk: depth first, the names of a directory in order, each looked at when its turn comes. */
#include "source/tree.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "source/attrs.h"
#include "source/chain.h"
#include "source/owners.h"
#include "source/roots.h"
#include "source/treestream.h"

#define CACHE_TAG "CACHEDIR.TAG"
#define CACHE_SIGNATURE "Signature: 8a477f597d28d172789f06886806bc55"

struct tree {
    struct mrs_source base; /* first */
    const struct mrs_rules *rules;
    bool one_file_system;
    bool exclude_caches;
    struct mrs_tree_roots roots;
    size_t root;                /* index of the one that is walked, or begun next */
    uint64_t root_fs;
    struct mrs_chain chain;
    struct mrs_owners *owners;
    struct mrs_tree_spot spot;  /* of a root that is not an open level */
    mars_error why;             /* of what is skipped */
    bool pending;               /* the innermost directory is to be reported, as why says */
    /* The item that was given last. */
    struct mrs_tree_dir *dir;   /* NULL: nothing can be asked about it */
    const char *name;           /* NULL: it is dir */
    struct mrs_buf target;
    struct mrs_buf attrs;
};

/* One name in parent, or the directory `own`. */
struct place {
    struct mrs_tree_dir *parent;
    const char *name;
    struct mrs_tree_dir *own;
    bool is_root;
};

static void
fill_entry(struct mrs_source_item *item, const struct mrs_tree_stat *st)
{
    static const uint8_t types[] = {
        [MRS_TREE_FILE] = MRS_ENTRY_FILE,       [MRS_TREE_DIR] = MRS_ENTRY_DIR,
        [MRS_TREE_SYMLINK] = MRS_ENTRY_SYMLINK, [MRS_TREE_FIFO] = MRS_ENTRY_FIFO,
        [MRS_TREE_CHARDEV] = MRS_ENTRY_CHARDEV, [MRS_TREE_BLOCKDEV] = MRS_ENTRY_BLOCKDEV,
    };
    struct mrs_entry *e = &item->entry;

    e->type = types[st->kind];
    e->mode = st->mode;
    e->uid = st->uid;
    e->gid = st->gid;
    e->mtime_s = st->mtime.s;
    e->mtime_ns = st->mtime.ns;
    e->btime_s = st->has_btime ? st->btime.s : 0;
    e->btime_ns = st->has_btime ? st->btime.ns : 0;
    e->rdev_major = st->rdev_major;
    e->rdev_minor = st->rdev_minor;
    e->size = st->kind == MRS_TREE_FILE ? st->size : 0;
    item->stat.ctime_s = st->ctime.s;
    item->stat.ctime_ns = st->ctime.ns;
    item->stat.inode = st->inode;
    item->linked = st->nlink > 1 && st->kind != MRS_TREE_DIR;
    item->link_fs = st->fs_id;
}

/* What all kinds of item have: path and name of what the chain's path says. */
static void
begin_item(struct tree *t, struct mrs_source_item *item, enum mrs_source_kind kind, bool is_root)
{
    const struct mrs_tree_root *root = &t->roots.list[t->root];
    const uint8_t *path = t->chain.path.data;
    size_t at = is_root ? root->name_at : t->chain.path.len;

    while (!is_root && path[at - 1] != '/')
        at--;
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->root = t->root;
    item->is_root = is_root;
    item->path.p = path;
    item->path.n = t->chain.path.len;
    item->entry.name.p = path + at;
    item->entry.name.n = t->chain.path.len - at;
    t->dir = NULL;
    t->name = NULL;
}

/* Only running out of memory ends the walk; all else costs what could not be read. */
static mars_status
skip(struct tree *t, struct mrs_source_item *item, bool is_root, mars_status st, mars_error *err)
{
    if (st == MARS_ERR_NOMEM) {
        if (err != NULL)
            *err = t->why;
        return st;
    }
    begin_item(t, item, MRS_SOURCE_SKIPPED, is_root);
    item->reason = st == MARS_ERR_NOT_FOUND || st == MARS_ERR_STATE ? MRS_SKIP_VANISHED
                                                                    : MRS_SKIP_UNREADABLE;
    item->os_code = (uint32_t)t->why.os_code;
    item->message = t->why.message;
    return MARS_OK;
}

static void
skip_kind(struct tree *t, struct mrs_source_item *item, bool is_root, bool is_socket)
{
    begin_item(t, item, MRS_SOURCE_SKIPPED, is_root);
    item->reason = is_socket ? MRS_SKIP_SOCKET : MRS_SKIP_KIND;
    item->message = is_socket ? "socket" : "of a kind that is not supported";
}

static mars_status
check_cache_tag(struct tree *t, bool *tagged, mars_error *err)
{
    char text[sizeof CACHE_SIGNATURE - 1];
    struct mrs_tree_file *f;
    size_t got = 0;
    mars_status st;

    *tagged = false;
    if (!mrs_chain_has_name(&t->chain, CACHE_TAG))
        return MARS_OK;
    st = mrs_tree_open_file(&f, mrs_chain_top(&t->chain)->dir, CACHE_TAG, err);
    if (st == MARS_OK)
        st = mrs_tree_file_read(f, 0, text, sizeof text, &got, err);
    *tagged = st == MARS_OK && got == sizeof text && memcmp(text, CACHE_SIGNATURE, got) == 0;
    mrs_tree_file_close(f);
    return st == MARS_ERR_NOMEM ? st : MARS_OK; /* a tag that cannot be read is none */
}

/* The names of the innermost level, which is open. */
static mars_status
read_names(struct tree *t, mars_error *err)
{
    mars_status st = mrs_chain_read_names(&t->chain, err);
    bool tagged = false;

    if (st == MARS_OK && t->exclude_caches)
        st = check_cache_tag(t, &tagged, err);
    if (st == MARS_OK && tagged) {
        struct mrs_chain_level *l = mrs_chain_top(&t->chain);

        l->names[0] = CACHE_TAG;
        l->n_names = 1;
    }
    return st;
}

/* A directory: opened before it is reported, so that its entry tells what happened. */
static mars_status
enter(struct tree *t, struct place *at, struct mrs_tree_stat *stat, struct mrs_source_item *item,
      mars_error *err)
{
    bool stay_out = t->one_file_system && !at->is_root && stat->fs_id != t->root_fs;
    struct mrs_tree_dir *own = at->own;
    mars_status st = MARS_OK;
    mars_status pushed;

    at->own = NULL;
    if (own == NULL && !stay_out)
        st = mrs_tree_open_dir(&own, at->parent, at->name, &t->why);
    if (own != NULL)
        st = mrs_tree_stat(own, NULL, stat, &t->why);
    if (st == MARS_ERR_NOT_FOUND || st == MARS_ERR_STATE || st == MARS_ERR_NOMEM) {
        mrs_tree_dir_close(own);
        return skip(t, item, at->is_root, st, err);
    }
    pushed = mrs_chain_push(&t->chain, own, stat, at->is_root ? NULL : at->name, err);
    if (pushed != MARS_OK)
        return pushed;
    if (st == MARS_OK && own != NULL)
        st = read_names(t, &t->why);
    if (st == MARS_ERR_NOT_FOUND || st == MARS_ERR_NOMEM) { /* deleted while it was open */
        mrs_chain_pop(&t->chain);
        return skip(t, item, at->is_root, st, err);
    }
    begin_item(t, item, MRS_SOURCE_ENTER, at->is_root);
    fill_entry(item, stat);
    t->pending = st != MARS_OK;
    if (t->pending)
        item->entry.flags |= MRS_ENTRY_INCOMPLETE;
    t->dir = own != NULL ? own : at->parent;
    t->name = own != NULL ? NULL : at->name;
    return MARS_OK;
}

static bool
is_excluded(const struct tree *t, bool is_dir)
{
    size_t root_len = t->roots.list[t->root].len;
    size_t skip_len = root_len > 1 ? root_len + 1 : 1;

    return t->rules != NULL &&
           mrs_rules_excluded(t->rules, (const char *)t->chain.path.data + skip_len,
                              t->chain.path.len - skip_len, is_dir);
}

/* What was found at a place. *given = false where it is excluded. */
static mars_status
give(struct tree *t, struct place *at, struct mrs_tree_stat *stat, struct mrs_source_item *item,
     bool *given, mars_error *err)
{
    *given = at->is_root || !is_excluded(t, stat->kind == MRS_TREE_DIR);
    if (!*given)
        return MARS_OK;
    if (stat->kind == MRS_TREE_DIR)
        return enter(t, at, stat, item, err);
    if (stat->kind == MRS_TREE_SOCKET || stat->kind == MRS_TREE_OTHER) {
        skip_kind(t, item, at->is_root, stat->kind == MRS_TREE_SOCKET);
        return MARS_OK;
    }
    begin_item(t, item, MRS_SOURCE_ENTRY, at->is_root);
    fill_entry(item, stat);
    t->dir = at->parent;
    t->name = at->name;
    return MARS_OK;
}

static mars_status
start_root(struct tree *t, struct mrs_source_item *item, mars_error *err)
{
    struct mrs_tree_root *root = &t->roots.list[t->root];
    struct mrs_tree_spot *spot = &t->spot;
    struct place at = { NULL, NULL, NULL, true };
    mars_status st;
    bool given;

    t->chain.path.len = 0;
    t->chain.root = root->path;
    st = mrs_buf_append(&t->chain.path, root->path, root->len + 1, err);
    if (st != MARS_OK)
        return st;
    t->chain.path.len--;
    st = mrs_tree_spot_find(spot, root->path, &t->why);
    if (st != MARS_OK)
        return skip(t, item, true, st, err);
    mrs_tree_fs_name(spot->own != NULL ? spot->own : spot->parent, root->fs_type,
                     sizeof root->fs_type);
    t->root_fs = spot->stat.fs_id;
    at.parent = spot->parent;
    at.name = spot->name;
    at.own = spot->own;
    spot->own = NULL;
    st = give(t, &at, &spot->stat, item, &given, err);
    mrs_tree_dir_close(at.own);
    return st;
}

static void
end_root(struct tree *t)
{
    mrs_tree_spot_close(&t->spot);
    t->root++;
}

/* The next name of the innermost directory. */
static mars_status
visit_name(struct tree *t, struct mrs_source_item *item, bool *given, mars_error *err)
{
    struct mrs_chain_level *top = mrs_chain_top(&t->chain);
    struct place at = { NULL, NULL, NULL, false };
    struct mrs_tree_stat stat;
    mars_status st;

    *given = true;
    st = mrs_chain_reopen(&t->chain, &t->why);
    if (st != MARS_OK) {
        top->next = top->n_names;
        return skip(t, item, t->chain.levels.len == 1, st, err);
    }
    at.parent = top->dir;
    at.name = top->names[top->next++];
    st = mrs_chain_set_path(&t->chain, at.name, err);
    if (st != MARS_OK)
        return st;
    st = mrs_tree_stat(at.parent, at.name, &stat, &t->why);
    if (st != MARS_OK) {
        *given = !is_excluded(t, false);
        return *given || st == MARS_ERR_NOMEM ? skip(t, item, false, st, err) : MARS_OK;
    }
    return give(t, &at, &stat, item, given, err);
}

/* One step inside a directory; *given = false where it gave nothing. */
static mars_status
step(struct tree *t, struct mrs_source_item *item, bool *given, mars_error *err)
{
    struct mrs_chain_level *top = mrs_chain_top(&t->chain);
    bool is_root = t->chain.levels.len == 1;
    mars_status st = mrs_chain_set_path(&t->chain, NULL, err);

    *given = true;
    if (st != MARS_OK)
        return st;
    if (t->pending) {
        t->pending = false;
        return skip(t, item, is_root, MARS_ERR_IO, err);
    }
    if (top->next < top->n_names)
        return visit_name(t, item, given, err);
    begin_item(t, item, MRS_SOURCE_LEAVE, is_root);
    item->entry.type = MRS_ENTRY_DIR;
    mrs_chain_pop(&t->chain);
    return MARS_OK;
}

static mars_status
next(struct mrs_source *base, struct mrs_source_item *item, mars_error *err)
{
    struct tree *t = (struct tree *)base;
    bool given = false;
    mars_status st = MARS_OK;

    /* A root ends when what it opened is closed again, its last item given. */
    if (t->chain.levels.len == 0 && t->chain.root != NULL) {
        t->chain.root = NULL;
        end_root(t);
    }
    memset(item, 0, sizeof *item);
    if (t->chain.levels.len == 0) {
        t->dir = NULL;
        return t->root < t->roots.n ? start_root(t, item, err) : MARS_OK;
    }
    while (st == MARS_OK && !given)
        st = step(t, item, &given, err);
    return st;
}

static mars_status
describe(struct mrs_source *base, struct mrs_source_item *item, struct mrs_slice *attrs,
         mars_error *err)
{
    struct tree *t = (struct tree *)base;
    struct mrs_entry *e = &item->entry;
    mars_status st;

    memset(attrs, 0, sizeof *attrs);
    if (t->dir == NULL)
        return mrs_fail(err, MARS_ERR_INTERNAL, "nothing to describe");
    mrs_buf_reset(&t->target);
    mrs_buf_reset(&t->attrs);
    st = mrs_owners_find(t->owners, e->uid, false, &e->user, err);
    if (st == MARS_OK)
        st = mrs_owners_find(t->owners, e->gid, true, &e->group, err);
    if (st == MARS_OK && e->type == MRS_ENTRY_SYMLINK)
        st = mrs_tree_readlink(t->dir, t->name, &t->target, err);
    if (st == MARS_OK)
        st = mrs_attrs_collect(t->dir, t->name, &t->attrs, err);
    e->target.p = t->target.data;
    e->target.n = t->target.len;
    attrs->p = t->attrs.data;
    attrs->n = t->attrs.len;
    /* Another kind under the name means that what was there is gone. */
    return st == MARS_ERR_STATE ? MARS_ERR_NOT_FOUND : st;
}

static mars_status
open_stream(struct mrs_source *base, struct mrs_source_item *item, struct mrs_source_stream **out,
            mars_error *err)
{
    struct tree *t = (struct tree *)base;
    struct mrs_tree_stat stat;
    mars_status st;

    *out = NULL;
    if (t->dir == NULL || t->name == NULL || item->entry.type != MRS_ENTRY_FILE)
        return mrs_fail(err, MARS_ERR_INTERNAL, "not a file to open");
    st = mrs_treestream_open(out, t->dir, t->name, &stat, err);
    if (st == MARS_OK)
        fill_entry(item, &stat);
    return st == MARS_ERR_STATE ? MARS_ERR_NOT_FOUND : st;
}

static void
describe_root(struct mrs_source *base, size_t i, struct mrs_root *out)
{
    const struct tree *t = (const struct tree *)base;
    const struct mrs_tree_root *root = &t->roots.list[i];

    memset(out, 0, sizeof *out);
    out->style = MRS_PATH_POSIX;
    out->encoding = 1;
    out->case_rule = 1;
    out->parent = root->parent;
    out->n_parent = root->n_parent;
    out->fs_type.p = (const uint8_t *)root->fs_type;
    out->fs_type.n = strlen(root->fs_type);
}

static void
close_tree(struct mrs_source *base)
{
    struct tree *t = (struct tree *)base;

    if (t == NULL)
        return;
    mrs_chain_free(&t->chain);
    mrs_tree_spot_close(&t->spot);
    mrs_tree_roots_free(&t->roots);
    mrs_owners_free(t->owners);
    mrs_buf_free(&t->target);
    mrs_buf_free(&t->attrs);
    mrs_free(t);
}

static const struct mrs_source_vt vt = { next, describe, open_stream, describe_root, close_tree };

mars_status
mrs_source_tree_open(struct mrs_source **out, const struct mrs_tree_options *opts,
                     mars_error *err)
{
    struct mrs_buf target = MRS_BUF_INIT(1 << 20);
    struct mrs_buf attrs = MRS_BUF_INIT(MRS_ATTRS_MAX);
    struct tree *t;
    mars_status st;

    *out = NULL;
    if (opts->n_paths == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "no path to back up");
    t = mrs_alloc(sizeof *t);
    if (t == NULL)
        return mrs_nomem(err);
    t->base.vt = &vt;
    t->rules = opts->rules;
    t->one_file_system = opts->one_file_system;
    t->exclude_caches = opts->exclude_caches;
    t->target = target;
    t->attrs = attrs;
    mrs_chain_init(&t->chain);
    t->owners = mrs_owners_new();
    st = t->owners != NULL ? MARS_OK : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_tree_roots_make(&t->roots, opts->paths, opts->n_paths, t->one_file_system, err);
    if (st != MARS_OK) {
        close_tree(&t->base);
        return st;
    }
    t->base.n_roots = t->roots.n;
    *out = &t->base;
    return MARS_OK;
}
