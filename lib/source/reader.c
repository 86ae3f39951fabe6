/* Reads a source: its row of names becomes the tree in which they stand. */
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "source/attrs.h"
#include "source/source.h"

enum { PATH_BYTES_MAX = 1 << 20, LINK_BYTES_MAX = 1 << 20, OWNER_BYTES_MAX = 255 };
enum { SECOND = 1000000000 };

struct mrs_reader {
    const mars_source *source;
    const mars_source_item *given; /* the source's, until its next call */
    bool pending;                  /* it was not passed on: directories are left before */
    bool ended;
    struct mrs_buf dir;            /* the innermost directory's path and a "/" */
    size_t depth;                  /* directories that were not left */
    size_t root_len;               /* of the root's path */
    struct mrs_buf last;           /* of the innermost directory's names the one given last */
    struct mrs_buf last_root;      /* the path of the root */
    struct mrs_root *root;
    size_t n_roots;
    struct mrs_arena bytes;        /* of all roots */
    struct mrs_buf attrs;
};

mars_status
mrs_reader_open(struct mrs_reader **out, const mars_source *source, mars_error *err)
{
    struct mrs_reader *r;

    *out = NULL;
    if (source->next == NULL || source->open == NULL || source->read == NULL ||
        source->close == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "source: needs next, open, read and close");
    r = mrs_alloc(sizeof *r);
    if (r == NULL)
        return mrs_nomem(err);
    r->source = source;
    r->dir = (struct mrs_buf)MRS_BUF_INIT(PATH_BYTES_MAX + 1);
    r->last = (struct mrs_buf)MRS_BUF_INIT(MRS_NAME_BYTES_MAX);
    r->last_root = (struct mrs_buf)MRS_BUF_INIT(PATH_BYTES_MAX);
    r->attrs = (struct mrs_buf)MRS_BUF_INIT(MRS_ATTRS_MAX);
    *out = r;
    return MARS_OK;
}

void
mrs_reader_close(struct mrs_reader *r)
{
    if (r == NULL)
        return;
    mrs_buf_free(&r->dir);
    mrs_buf_free(&r->last);
    mrs_buf_free(&r->last_root);
    mrs_buf_free(&r->attrs);
    mrs_arena_free(&r->bytes);
    mrs_free(r);
}

static mars_status
refuse(const struct mrs_slice *path, const char *what, mars_error *err)
{
    return mrs_fail(err, MARS_ERR_INVALID_ARG, "the source's \"%.*s\": %s",
                    (int)(path->n < 120 ? path->n : 120), (const char *)path->p, what);
}

static struct mrs_slice
text_of(const char *s)
{
    return (struct mrs_slice){ (const uint8_t *)s, s != NULL ? strlen(s) : 0 };
}

static bool
is_name(struct mrs_slice s)
{
    return s.n > 0 && s.n <= MRS_NAME_BYTES_MAX && memchr(s.p, '\0', s.n) == NULL &&
           memchr(s.p, '/', s.n) == NULL &&
           !(s.p[0] == '.' && (s.n == 1 || (s.n == 2 && s.p[1] == '.')));
}

static bool
is_sound(const mars_source_item *in)
{
    const mars_entry *e = in->entry;

    return e->type >= MARS_ENTRY_FILE && e->type <= MARS_ENTRY_BLOCKDEV && e->mode <= 07777 &&
           e->mtime_ns < SECOND && e->btime_ns < SECOND && in->change_time_ns < SECOND &&
           e->target_len <= LINK_BYTES_MAX && e->size <= INT64_MAX &&
           text_of(e->user).n <= OWNER_BYTES_MAX && text_of(e->group).n <= OWNER_BYTES_MAX;
}

/* What the item says of the name, in the format's terms. */
static mars_status
take_entry(const mars_source_item *in, struct mrs_source_item *item, mars_error *err)
{
    const mars_entry *e = in->entry;
    struct mrs_slice name = item->entry.name, target = text_of(NULL);

    if (!is_sound(in))
        return refuse(&item->path, "a type, mode, time, size or text that cannot be", err);
    if (e->type == MARS_ENTRY_SYMLINK && e->target != NULL)
        target = (struct mrs_slice){ (const uint8_t *)e->target, (size_t)e->target_len };
    item->entry = (struct mrs_entry){ .name = name,
                                      .type = (uint8_t)e->type,
                                      .mode = e->mode,
                                      .uid = e->uid,
                                      .gid = e->gid,
                                      .user = text_of(e->user),
                                      .group = text_of(e->group),
                                      .mtime_s = e->mtime,
                                      .mtime_ns = e->mtime_ns,
                                      .btime_s = e->btime,
                                      .btime_ns = e->btime_ns,
                                      .rdev_major = e->device_major,
                                      .rdev_minor = e->device_minor,
                                      .target = target,
                                      .flags = e->flags &
                                               (MARS_ENTRY_INCOMPLETE | MARS_ENTRY_CHANGED),
                                      .size = e->type == MARS_ENTRY_FILE ? e->size : 0 };
    item->stat = (struct mrs_entry_stat){ .ctime_s = in->change_time,
                                          .ctime_ns = in->change_time_ns,
                                          .inode = in->file_id };
    item->comparable = in->change_time != 0 || in->change_time_ns != 0;
    item->linked = (in->flags & MARS_SOURCE_LINKED) != 0 && e->type != MARS_ENTRY_DIRECTORY;
    item->link_fs = in->volume_id;
    return MARS_OK;
}

/* The components above a root's name, `n` of them. */
static mars_status
keep_parent(struct mrs_reader *r, struct mrs_root *root, struct mrs_slice path, mars_error *err)
{
    struct mrs_vec parts = MRS_VEC_INIT(struct mrs_slice);
    const uint8_t *slash, *at = path.p + 1, *end = path.p + path.n;
    mars_status st = MARS_OK;

    while (st == MARS_OK && (slash = memchr(at, '/', (size_t)(end - at))) != NULL) {
        struct mrs_slice part = { at, (size_t)(slash - at) }, *kept = mrs_vec_add(&parts);

        if (!is_name(part))
            st = refuse(&path, "not a path of names", err);
        else if (kept != NULL)
            *kept = (struct mrs_slice){ mrs_arena_copy(&r->bytes, part.p, part.n), part.n };
        if (st == MARS_OK && (kept == NULL || kept->p == NULL))
            st = mrs_nomem(err);
        at = slash + 1;
    }
    root->n_parent = parts.len;
    root->parent = mrs_arena_copy(&r->bytes, parts.items, parts.len * parts.item_size);
    mrs_vec_free(&parts);
    return st == MARS_OK && root->parent == NULL ? mrs_nomem(err) : st;
}

static mars_status
new_root(struct mrs_reader *r, struct mrs_slice path, mars_error *err)
{
    struct mrs_root root = { .style = MRS_PATH_POSIX, .encoding = 1, .case_rule = 1 };
    struct mrs_slice before = { r->last_root.data, r->last_root.len };
    struct mrs_slice fs = text_of(r->given->file_system);
    mars_status st = keep_parent(r, &root, path, err);

    if (st != MARS_OK)
        return st;
    if (fs.n > MRS_DISPLAY_NAME_MAX || !mrs_is_text(fs.p, fs.n))
        return refuse(&path, "a file system's name of more than 255 bytes, or no UTF-8", err);
    if (r->n_roots++ > 0 && mrs_slice_compare(before, path) >= 0)
        return refuse(&path, "does not come behind the root before it", err);
    if (r->n_roots > MRS_POINT_MAX_ROOTS)
        return refuse(&path, "more than 4096 roots", err);
    root.fs_type = (struct mrs_slice){ mrs_arena_copy(&r->bytes, fs.p, fs.n), fs.n };
    r->root = mrs_arena_copy(&r->bytes, &root, sizeof root);
    mrs_buf_reset(&r->last_root);
    return root.fs_type.p != NULL && r->root != NULL
               ? mrs_buf_append(&r->last_root, path.p, path.n, err)
               : mrs_nomem(err);
}

/* The next item of the source, checked as far as it says where it belongs. */
static mars_status
take(struct mrs_reader *r, mars_error *err)
{
    const mars_source_item *in = NULL;
    mars_status st;

    mrs_error_clear(err);
    st = mrs_answered(r->source->next(r->source->user, &in, err), "the source's next", err);
    r->ended = st == MARS_OK && in == NULL;
    if (st != MARS_OK || in == NULL)
        return st;
    if (in->struct_size < sizeof *in || in->entry == NULL ||
        in->entry->struct_size < sizeof *in->entry)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "the source's item: has no entry, or struct_size is not set");
    if (in->entry->path == NULL || in->entry->path_len == 0 || in->entry->path[0] != '/' ||
        in->entry->path_len > PATH_BYTES_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "the source's item: has no absolute path");
    r->given = in;
    r->pending = true;
    return MARS_OK;
}

/* Out of the innermost directory, whose name is then the last one of the next. */
static mars_status
leave(struct mrs_reader *r, struct mrs_source_item *item, mars_error *err)
{
    size_t end = r->dir.len - 1, at = end;

    item->kind = MRS_SOURCE_LEAVE;
    item->is_root = --r->depth == 0;
    if (item->is_root) {
        mrs_buf_reset(&r->dir);
        return MARS_OK;
    }
    while (r->dir.data[at - 1] != '/')
        at--;
    mrs_buf_reset(&r->last);
    r->dir.len = at;
    return mrs_buf_append(&r->last, r->dir.data + at, end - at, err);
}

static mars_status
enter(struct mrs_reader *r, const struct mrs_source_item *item, mars_error *err)
{
    mars_status st;

    mrs_buf_reset(&r->dir);
    mrs_buf_reset(&r->last);
    st = mrs_buf_append(&r->dir, item->path.p, item->path.n, err);
    if (st == MARS_OK && item->path.n > 1)
        st = mrs_buf_append(&r->dir, "/", 1, err);
    r->depth++;
    return st;
}

/* Where the name begins, and whether it may come now. */
static mars_status
find_name(struct mrs_reader *r, struct mrs_source_item *item, mars_error *err)
{
    struct mrs_slice last = { r->last.data, r->last.len }, *name = &item->entry.name;
    size_t at = item->path.n;

    while (item->path.p[at - 1] != '/')
        at--;
    *name = (struct mrs_slice){ item->path.p + at, item->path.n - at };
    if (item->is_root && item->path.n == 1)
        *name = item->path;
    else if (!is_name(*name))
        return refuse(&item->path, "not a path of names", err);
    if (item->is_root)
        return new_root(r, item->path, err);
    if (at != r->dir.len)
        return refuse(&item->path, "its directory was not given before it", err);
    if (last.n > 0 && mrs_slice_compare(last, *name) >= 0)
        return refuse(&item->path, "does not come behind the name before it", err);
    mrs_buf_reset(&r->last);
    return mrs_buf_append(&r->last, name->p, name->n, err);
}

/* A skipped one may come anywhere, so that nothing is left for it. */
static void
pass_skip(const mars_source_item *in, struct mrs_source_item *item)
{
    size_t at = item->path.n;

    while (at > 1 && item->path.p[at - 1] != '/')
        at--;
    item->kind = MRS_SOURCE_SKIPPED;
    item->entry.name = (struct mrs_slice){ item->path.p + at, item->path.n - at };
    item->reason = in->skip_reason;
    item->os_code = in->os_code;
    item->message = in->message;
}

static mars_status
pass(struct mrs_reader *r, struct mrs_source_item *item, mars_error *err)
{
    mars_status st;

    item->is_root = (r->given->flags & MARS_SOURCE_ROOT) != 0;
    st = find_name(r, item, err);
    if (st == MARS_OK)
        st = take_entry(r->given, item, err);
    item->root = r->root;
    item->kind = item->entry.type == MRS_ENTRY_DIR ? MRS_SOURCE_ENTER : MRS_SOURCE_ENTRY;
    return st == MARS_OK && item->kind == MRS_SOURCE_ENTER ? enter(r, item, err) : st;
}

mars_status
mrs_reader_next(struct mrs_reader *r, struct mrs_source_item *item, mars_error *err)
{
    mars_error own, *why = err != NULL ? err : &own;
    const mars_entry *e;
    mars_status st = MARS_OK;

    memset(item, 0, sizeof *item);
    if (!r->pending && !r->ended)
        st = take(r, why);
    if (st != MARS_OK || (r->ended && r->depth == 0))
        return st;
    if (r->ended)
        return leave(r, item, why);
    e = r->given->entry;
    item->path = (struct mrs_slice){ (const uint8_t *)e->path, (size_t)e->path_len };
    if (r->given->skip_reason != 0) {
        r->pending = false;
        if (r->given->skip_reason > MRS_SKIP_KIND)
            return refuse(&item->path, "a skip_reason that there is not", why);
        pass_skip(r->given, item);
        return MARS_OK;
    }
    if (r->depth > 0 && ((r->given->flags & MARS_SOURCE_ROOT) != 0 || e->path_len <= r->dir.len ||
                         memcmp(e->path, r->dir.data, r->dir.len) != 0))
        return leave(r, item, why);
    r->pending = false;
    return pass(r, item, why);
}

mars_status
mrs_reader_describe(struct mrs_reader *r, struct mrs_source_item *item, struct mrs_slice *attrs,
                    mars_error *err)
{
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st = MARS_OK;

    *attrs = (struct mrs_slice){ NULL, 0 };
    mrs_buf_reset(&r->attrs);
    mrs_error_clear(why);
    if (r->source->describe != NULL)
        st = mrs_answered(r->source->describe(r->source->user, why), "the source's describe", why);
    if (st == MARS_OK)
        st = take_entry(r->given, item, why);
    if (st == MARS_OK)
        st = mrs_attrs_encode_list(r->given->entry->attrs, r->given->entry->n_attrs, &r->attrs,
                                   why);
    if (st == MARS_OK)
        *attrs = (struct mrs_slice){ r->attrs.data, r->attrs.len };
    return st;
}

mars_status
mrs_reader_open_file(struct mrs_reader *r, struct mrs_source_item *item,
                     struct mrs_source_file *out, mars_error *err)
{
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st;

    *out = (struct mrs_source_file){ .source = NULL };
    mrs_error_clear(why);
    st = mrs_answered(r->source->open(r->source->user, &out->file, why), "the source's open", why);
    if (st != MARS_OK)
        return st;
    out->source = r->source;
    st = take_entry(r->given, item, why);
    out->size = item->entry.size;
    out->sparse = r->source->extent != NULL && (r->given->flags & MARS_SOURCE_HOLES) != 0;
    if (st != MARS_OK)
        mrs_source_close(out);
    return st;
}
