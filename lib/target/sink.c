/* The file tree as a sink: what is in an entry's way, and how it comes to be. Files are made when
 * something is written to them, so that few are open, however many have begun. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "target/file.h"
#include "target/keep.h"
#include "target/meta.h"
#include "target/node.h"

/* There may be very many that have ended, and wait for other names of theirs. */
struct node {
    struct mrs_target_dir *dir;   /* a directory itself; of all else where it is; a reference */
    mars_entry *entry;            /* until its end */
    struct mrs_target_file *file; /* what is being written; made under a lock of the target */
    const struct node *first;     /* what it becomes another name of */
    char *other_path;             /* of a copy beside what has its name; NUL-terminated */
    uint32_t state;               /* MARS_SINK_* */
    bool is_dir;
    bool replace;                 /* what has its name */
    uint16_t name_len;
    uint8_t name[];
};

static struct mrs_slice
own_name(const struct node *n)
{
    return (struct mrs_slice){ n->name, n->name_len };
}

/* The name that it gets, or got. */
static struct mrs_slice
final_name(const struct node *n)
{
    const char *name = n->other_path != NULL ? strrchr(n->other_path, '/') + 1 : NULL;

    return name != NULL ? (struct mrs_slice){ (const uint8_t *)name, strlen(name) } : own_name(n);
}

static void MARS_CALL
let_go(void *user, void *node)
{
    struct node *n = node;

    (void)user;
    mrs_target_file_abandon(n->file);
    mrs_target_dir_unref(n->dir);
    mrs_free(n->entry);
    mrs_free(n->other_path);
    mrs_free(n);
}

/* An absolute path as its last component and what is before that: both are empty for "/". */
static struct mrs_slice
split(const mars_entry *e, struct mrs_slice *above)
{
    const uint8_t *path = (const uint8_t *)e->path;
    size_t at = (size_t)e->path_len;

    while (at > 0 && path[at - 1] != '/')
        at--;
    *above = (struct mrs_slice){ path, at > 0 ? at - 1 : 0 };
    return (struct mrs_slice){ path + at, (size_t)e->path_len - at };
}

/* The directory below the target with an absolute path, each on the way entered or made; a
 * reference. */
static mars_status
enter_path(struct mrs_target *t, struct mrs_slice path, struct mrs_target_dir **out,
           mars_error *err)
{
    struct mrs_target_dir *d = mrs_target_root(t), *next;
    mars_status st = MARS_OK;

    for (size_t at = 0, end; st == MARS_OK && at < path.n; at = end) {
        for (end = ++at; end < path.n && path.p[end] != '/';)
            end++;
        st = mrs_target_enter(d, (struct mrs_slice){ path.p + at, end - at }, &next, err);
        if (st == MARS_OK) {
            mrs_target_dir_unref(d);
            d = next;
        }
    }
    if (st != MARS_OK)
        mrs_target_dir_unref(d);
    *out = st == MARS_OK ? d : NULL;
    return st;
}

/* A node in the directory where the entry is; the target's own for "/". */
static mars_status
new_node(struct mrs_target *t, const struct node *parent, const mars_entry *e, struct node **out,
         mars_error *err)
{
    struct mrs_slice above, name = split(e, &above);
    struct node *n;

    if (name.n > MRS_NAME_BYTES_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "name refused: it is too long");
    n = mrs_alloc(sizeof *n + name.n);
    if (n == NULL)
        return mrs_nomem(err);
    *out = n;
    n->name_len = (uint16_t)name.n;
    memcpy(n->name, name.p, name.n);
    n->is_dir = e->type == MARS_ENTRY_DIRECTORY;
    n->entry = mrs_target_keep(e);
    if (n->entry == NULL)
        return mrs_nomem(err);
    if (parent == NULL)
        return enter_path(t, above, &n->dir, err);
    n->dir = parent->dir;
    mrs_target_dir_ref(n->dir);
    return MARS_OK;
}

/* The directory "/" is the target's own, which stays as it is. */
static mars_status
begin_dir(struct node *n, mars_error *err)
{
    struct mrs_target_dir *above = n->dir;
    mars_status st;

    if (n->name_len == 0) {
        n->state = MARS_SINK_PRESENT_ALONE;
        return MARS_OK;
    }
    st = mrs_target_enter(above, own_name(n), &n->dir, err);
    mrs_target_dir_unref(above);
    return st;
}

/* A name is taken: what now, is the caller's choice. */
static mars_status
resolve(struct mrs_target *t, struct node *n, mars_error *err)
{
    struct mrs_buf name = MRS_BUF_INIT(MRS_TARGET_NAME_MAX);
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 4);
    mars_status st;

    n->replace = t->opts.conflict == MRS_CONFLICT_OVERWRITE;
    if (t->opts.conflict == MRS_CONFLICT_SKIP)
        n->state = MARS_SINK_SKIPPED;
    if (t->opts.conflict != MRS_CONFLICT_COPY)
        return MARS_OK;
    mrs_free(n->other_path);
    n->other_path = NULL;
    st = mrs_target_copy_name(n->dir, own_name(n), &name, err);
    if (st == MARS_OK)
        st = mrs_buf_append(&path, "/", 1, err);
    if (st == MARS_OK)
        st = mrs_target_path(n->dir, (struct mrs_slice){ name.data, name.len }, &path, err);
    if (st == MARS_OK) {
        n->other_path = mrs_strndup((const char *)path.data, path.len);
        st = n->other_path != NULL ? MARS_OK : mrs_nomem(err);
    }
    mrs_buf_free(&name);
    mrs_buf_free(&path);
    return st;
}

/* Does the file that is there have the entry's content? Who wants it as it was wants owner, mode
 * and times as they were, too. */
static mars_status
compare_file(struct mrs_target *t, struct node *n, mars_error *err)
{
    struct mrs_tree_file *there = NULL;
    bool same = false, same_meta = false;
    mars_status st = mrs_target_existing(n->dir, own_name(n), &there, err);

    if (st == MARS_OK)
        st = t->opts.same(t->opts.user, there, &same, err);
    mrs_tree_file_close(there);
    if (st == MARS_OK && same)
        st = mrs_target_same_meta(n->dir, own_name(n), n->entry, &same_meta, err);
    if (st == MARS_OK && same_meta)
        n->state = MARS_SINK_PRESENT;
    else if (st == MARS_OK && same && t->opts.conflict != MRS_CONFLICT_OVERWRITE)
        n->state = MARS_SINK_PRESENT_ALONE;
    return st;
}

/* In a directory that this run made nothing is in the way; should something come to be, the name
 * is found taken when it is given. */
static mars_status
look(struct mrs_target *t, struct node *n, mars_error *err)
{
    struct mrs_target_found found;
    bool same = false;
    mars_status st;

    if (mrs_target_dir_is_new(n->dir))
        return MARS_OK;
    st = mrs_target_probe(n->dir, own_name(n), &found, err);
    if (st != MARS_OK || !found.exists)
        return st;
    if (n->entry->type != MARS_ENTRY_FILE) {
        st = mrs_target_same_meta(n->dir, own_name(n), n->entry, &same, err);
        n->state = same ? MARS_SINK_PRESENT : MARS_SINK_TAKEN;
    } else if (found.stat.kind == MRS_TREE_FILE && found.stat.size == n->entry->size) {
        st = compare_file(t, n, err);
    }
    return st == MARS_OK && n->state == MARS_SINK_TAKEN ? resolve(t, n, err) : st;
}

static mars_status MARS_CALL
begin(void *user, void *parent, const mars_entry *entry, void **node, mars_error *err)
{
    struct mrs_target *t = user;
    struct node *n = NULL;
    mars_status st = new_node(t, parent, entry, &n, err);

    if (st == MARS_OK)
        st = n->is_dir ? begin_dir(n, err) : look(t, n, err);
    if (st != MARS_OK && n != NULL)
        let_go(user, n);
    else
        *node = n;
    return st;
}

/* The node's file, which the first that needs it makes. */
static mars_status
make_file(struct mrs_target *t, struct node *n, struct mrs_target_file **out, mars_error *err)
{
    struct mrs_mutex *making = t->making[(uintptr_t)n / 64 % MRS_TARGET_MAKING];
    mars_status st = MARS_OK;

    mrs_mutex_lock(making);
    if (n->file == NULL)
        st = mrs_target_file_begin(n->dir, n->entry->size, &n->file, err);
    *out = n->file;
    mrs_mutex_unlock(making);
    return st;
}

static mars_status MARS_CALL
put(void *user, void *node, uint64_t offset, const void *data, uint64_t len, mars_error *err)
{
    struct mrs_target_file *f;
    mars_status st = make_file(user, node, &f, err);

    return st == MARS_OK ? mrs_target_file_write(f, offset, data, (size_t)len, err) : st;
}

static mars_status MARS_CALL
join(void *user, void *node, void *first, mars_error *err)
{
    struct node *n = node;

    (void)user;
    (void)err;
    n->first = first;
    return MARS_OK;
}

/* Its metadata, and the name that was meant; MARS_ERR_EXISTS: another one may be tried. */
static mars_status
give_name(struct mrs_target *t, struct node *n, mars_error *err)
{
    struct mrs_slice name = final_name(n);
    struct mrs_target_file *f;
    mars_status st;

    if (n->first != NULL)
        return mrs_target_link(n->first->dir, final_name(n->first), n->dir, name, n->replace, err);
    if (n->entry->type != MARS_ENTRY_FILE)
        return mrs_target_make(n->dir, n->entry, name, n->replace, err);
    st = make_file(t, n, &f, err);
    if (st != MARS_OK)
        return st;
    st = mrs_target_file_finish(f, n->entry, name, n->replace, err);
    if (st != MARS_ERR_EXISTS)
        n->file = NULL;
    return st;
}

/* The name may be taken by now: somebody was faster, or nobody looked, because this run made the
 * directory; and there are file systems to which two names of the point are the same. */
static mars_status
end_name(struct mrs_target *t, struct node *n, mars_error *err)
{
    mars_status st = give_name(t, n, err);

    if (st == MARS_ERR_EXISTS && !n->replace) {
        st = resolve(t, n, err);
        if (st == MARS_OK && n->state == MARS_SINK_TAKEN)
            st = give_name(t, n, err);
    }
    return st;
}

/* What a directory does not get is no reason to count it as lost, with all that is in it. */
static void
end_dir(struct node *n)
{
    struct mrs_slice no_name = { NULL, 0 };
    struct mrs_target_warnings w;

    if (mrs_target_dir_finish(n->dir, n->entry, &w.list[0]) == MARS_OK)
        return;
    w.n = 1;
    mrs_target_warn(n->dir, no_name, &w);
}

static mars_status MARS_CALL
end(void *user, void *node, int32_t outcome, mars_error *err)
{
    struct node *n = node;
    mars_status st = MARS_OK;

    if (outcome == MARS_OK && n->state == MARS_SINK_TAKEN && n->is_dir)
        end_dir(n);
    else if (outcome == MARS_OK && n->state == MARS_SINK_TAKEN)
        st = end_name(user, n, err);
    mrs_target_file_abandon(n->file);
    n->file = NULL;
    mrs_free(n->entry);
    n->entry = NULL;
    return st;
}

static void MARS_CALL
tell_state(void *user, void *node, mars_sink_state *state)
{
    const struct node *n = node;

    (void)user;
    state->state = n->state;
    state->path = n->other_path;
    state->path_len = n->other_path != NULL ? strlen(n->other_path) : 0;
}

void
mrs_target_sink(struct mrs_target *t, mars_sink *out)
{
    *out = (mars_sink){ .struct_size = sizeof *out,
                        .user = t,
                        .begin = begin,
                        .write = put,
                        .end = end,
                        .link = join,
                        .state = tell_state,
                        .release = let_go };
}
