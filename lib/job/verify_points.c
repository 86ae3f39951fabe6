/* Following points to their chunks: every file that cannot be restored is named. A subtree under
 * which all was found is not looked at again for another point. */
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "job/select.h"
#include "job/verify_int.h"

struct frame {
    struct mrs_dir_reader *reader;
    size_t path_len;
    uint8_t node[32];   /* the subtree's root chunk; only where by_ref */
    bool by_ref;
    uint64_t lost;      /* v->counts.files_lost when it was entered */
};

struct walk {
    struct mrs_verify *v;
    char id[33];
    struct mrs_buf path;
    struct mrs_vec stack;
};

static void
lose(struct walk *w, const mars_error *why)
{
    struct mrs_verify *v = w->v;
    mars_event e = { .kind = MARS_EVENT_FILE_LOST,
                     .status = why->status,
                     .path = (const char *)w->path.data,
                     .path_len = w->path.len,
                     .point = w->id,
                     .message = why->message };

    mrs_mutex_lock(v->job.lock);
    v->counts.files_lost++;
    mrs_mutex_unlock(v->job.lock);
    mrs_job_post(&v->job, &e);
}

struct content_check {
    struct mrs_verify *v;
    uint8_t cls;
    bool bad;
    mars_error why;
};

static mars_status
check_piece(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct content_check *c = user;
    uint64_t len;
    char hex[65];
    mars_status st;

    if (p->hole || p->inline_data != NULL || c->bad)
        return MARS_OK;
    st = mrs_verify_find_chunk(c->v, p->id, c->cls, &len, err);
    if (st != MARS_OK && st != MARS_ERR_NOT_FOUND)
        return st;
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_hex_encode(hex, p->id, 32);
        (void)mrs_fail(&c->why, MARS_ERR_CORRUPT, "its chunk %s is damaged or missing", hex);
        c->bad = true;
    } else if (p->chunk_offset > len || p->len > len - p->chunk_offset) {
        (void)mrs_fail(&c->why, MARS_ERR_CORRUPT, "its content reaches past a chunk");
        c->bad = true;
    }
    return MARS_OK;
}

static mars_status
check_lost(void *user, uint64_t offset, uint64_t len, const mars_error *why, mars_error *err)
{
    struct content_check *c = user;

    (void)offset;
    (void)len;
    (void)err;
    if (!c->bad)
        c->why = *why;
    c->bad = true;
    return MARS_OK;
}

/* Content of the entry whose path is w->path. */
static mars_status
check_content(struct walk *w, const struct mrs_content *content, uint64_t size, uint8_t cls,
              mars_error *err)
{
    struct content_check c = { .v = w->v, .cls = cls };
    mars_status st = mrs_content_each(w->v->d, content, size, check_piece, check_lost, &c, err);

    if (st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED) {
        c.bad = true;
        c.why = *err;
        st = MARS_OK;
    }
    if (st == MARS_OK && c.bad)
        lose(w, &c.why);
    return st;
}

static mars_status
check_entry(struct walk *w, const struct mrs_entry *e, mars_error *err)
{
    uint64_t before = w->v->counts.files_lost;
    mars_status st = check_content(w, &e->content, e->size, MRS_CLASS_DATA, err);

    if (st == MARS_OK && e->attrs_size > 0 && w->v->counts.files_lost == before)
        st = check_content(w, &e->attrs, e->attrs_size, MRS_CLASS_ATTRS, err);
    return st;
}

static mars_status
push(struct walk *w, const struct mrs_entry *e, const struct mrs_entry_stat *stat,
     mars_error *err)
{
    struct frame *f;
    mars_status st = MARS_OK;

    if (e->sub.kind == MRS_SUB_REF && mrs_map_find(&w->v->clean, e->sub.id) != NULL)
        return MARS_OK;
    f = mrs_vec_add(&w->stack);
    if (f == NULL)
        return mrs_nomem(err);
    f->path_len = w->path.len;
    f->by_ref = e->sub.kind == MRS_SUB_REF;
    memcpy(f->node, e->sub.id, sizeof f->node);
    f->lost = w->v->counts.files_lost;
    st = mrs_dir_reader_open(&f->reader, w->v->d, &e->sub, stat, err);
    if (st != MARS_OK)
        w->stack.len--;
    return st;
}

static mars_status
pop(struct walk *w, mars_error *err)
{
    struct frame *f = mrs_vec_at(&w->stack, --w->stack.len);
    bool clean = f->by_ref && f->lost == w->v->counts.files_lost && !atomic_load(&w->v->job.stop);

    mrs_dir_reader_close(f->reader);
    return !clean || mrs_map_put(&w->v->clean, f->node) != NULL ? MARS_OK : mrs_nomem(err);
}

/* Entries whose names cannot be read: counted, and said of their directory. */
static void
lose_node(struct walk *w, const struct mrs_totals *lost, const mars_error *why)
{
    mars_error e;

    (void)mrs_fail(&e, MARS_ERR_CORRUPT, "%llu entries of this directory are lost: %s",
                   (unsigned long long)lost->entries, why->message);
    lose(w, &e);
    if (lost->entries > 1) {
        mrs_mutex_lock(w->v->job.lock);
        w->v->counts.files_lost += lost->entries - 1;
        mrs_mutex_unlock(w->v->job.lock);
    }
}

static mars_status
walk_tree(struct walk *w, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && w->stack.len > 0 && !atomic_load(&w->v->job.stop)) {
        struct frame *f = mrs_vec_at(&w->stack, w->stack.len - 1);
        const struct mrs_entry *e;
        const struct mrs_entry_stat *stat;
        struct mrs_totals lost;

        w->path.len = f->path_len;
        st = mrs_dir_reader_next(f->reader, &e, &stat, &lost, err);
        if (mrs_is_unreadable(st)) {
            lose_node(w, &lost, err);
            st = MARS_OK;
            continue;
        }
        if (st != MARS_OK)
            break;
        if (e == NULL) {
            st = pop(w, err);
            continue;
        }
        st = mrs_path_push(&w->path, e->name, err);
        if (st == MARS_OK)
            st = check_entry(w, e, err);
        if (st == MARS_OK && e->type == MRS_ENTRY_DIR)
            st = push(w, e, stat, err);
    }
    while (w->stack.len > 0)
        mrs_dir_reader_close(((struct frame *)mrs_vec_at(&w->stack, --w->stack.len))->reader);
    return st;
}

static mars_status
walk_root(struct walk *w, const struct mrs_root *root, mars_error *err)
{
    struct mrs_dir_reader *reader = NULL;
    const struct mrs_entry *e = NULL;
    const struct mrs_entry_stat *stat = NULL;
    struct mrs_totals lost;
    mars_status st;

    mrs_buf_reset(&w->path);
    st = mrs_root_parent_path(root, &w->path, err);
    if (st == MARS_OK)
        st = mrs_dir_reader_open_root(&reader, w->v->d, root, err);
    if (st == MARS_OK) {
        st = mrs_dir_reader_next(reader, &e, &stat, &lost, err);
        if (mrs_is_unreadable(st)) {
            lose(w, err);
            st = MARS_OK;
        }
    }
    if (st == MARS_OK && e != NULL)
        st = mrs_path_push(&w->path, e->name, err);
    if (st == MARS_OK && e != NULL)
        st = check_entry(w, e, err);
    if (st == MARS_OK && e != NULL && e->type == MRS_ENTRY_DIR) {
        st = push(w, e, stat, err);
        if (st == MARS_OK)
            st = walk_tree(w, err);
    }
    mrs_dir_reader_close(reader);
    return st;
}

static mars_status
check_point(struct mrs_verify *v, const struct mrs_point *p, mars_error *err)
{
    struct walk w = { .v = v,
                      .path = MRS_BUF_INIT(SIZE_MAX / 2),
                      .stack = MRS_VEC_INIT(struct frame) };
    mars_status st;

    mrs_hex_encode(w.id, p->session, 16);
    /* The skipped list first: its loss is the point's, not a file's. */
    st = mrs_buf_append(&w.path, "(skipped list)", 14, err);
    if (st == MARS_OK)
        st = check_content(&w, &p->skipped, p->skipped_size, MRS_CLASS_SKIPPED, err);
    for (size_t i = 0; st == MARS_OK && i < p->n_roots; i++)
        st = walk_root(&w, &p->roots[i], err);
    v->counts.points++;
    mrs_vec_free(&w.stack);
    mrs_buf_free(&w.path);
    return st;
}

mars_status
mrs_verify_points(struct mrs_verify *v, mars_error *err)
{
    struct mrs_known_point *one = NULL;
    mars_status st = MARS_OK;

    if (v->spec.point != NULL) {
        st = mrs_points_resolve(&v->points, v->d, v->spec.point, v->spec.item, &one, err);
        return st == MARS_OK ? check_point(v, &one->whole->point, err) : st;
    }
    for (size_t i = 0; st == MARS_OK && i < v->points.list.len; i++)
        st = check_point(v, &mrs_points_at(&v->points, i)->whole->point, err);
    return st;
}
