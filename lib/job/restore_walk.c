/* The walker: goes through the point, makes what has no data of its own, and wants the rest. */
#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"

struct frame {
    struct mrs_dir_reader *reader;
    struct mrs_rdir *dir;      /* NULL in a dry run */
    size_t path_len;           /* of the directory */
};

/* A directory begins. *out is NULL where it is not wanted. */
static mars_status
begin_dir(struct mrs_restore *r, struct mrs_rdir *parent, const struct mrs_entry *e,
          struct mrs_rdir **out, mars_error *err)
{
    struct mrs_slice path = { r->path.data, r->path.len };
    struct mrs_rdir *d = mrs_rdir_new(parent, parent != NULL ? e->name : path);
    mars_status st;

    *out = NULL;
    if (d == NULL)
        return mrs_nomem(err);
    st = mrs_node_begin(r, parent, e, &d->node, err);
    if (st == MARS_OK && d->node != NULL &&
        mrs_node_state(r, d->node).state != MARS_SINK_SKIPPED) {
        *out = d;
        return MARS_OK;
    }
    if (st == MARS_OK)
        atomic_fetch_add(&r->tally.skipped, 1);
    mrs_rdir_unref(r, d);
    return st;
}

static mars_status
push(struct mrs_restore *r, struct mrs_vec *stack, struct mrs_rdir *parent,
     const struct mrs_entry *e, mars_error *err)
{
    struct frame f = { NULL, NULL, r->path.len }, *at;
    mars_status st = MARS_OK;

    if (!r->spec.dry_run) {
        st = begin_dir(r, parent, e, &f.dir, err);
        if (st != MARS_OK || f.dir == NULL)
            return st;
    }
    st = mrs_dir_reader_open(&f.reader, r->job.d, &e->sub, NULL, err);
    at = st == MARS_OK ? mrs_vec_add(stack) : NULL;
    if (at == NULL) {
        mrs_dir_reader_close(f.reader);
        mrs_rdir_unref(r, f.dir);
        return st != MARS_OK ? st : mrs_nomem(err);
    }
    *at = f;
    return MARS_OK;
}

static void
pop(struct mrs_restore *r, struct mrs_vec *stack)
{
    struct frame *f = mrs_vec_at(stack, --stack->len);

    mrs_dir_reader_close(f->reader);
    mrs_rdir_unref(r, f->dir);
}

/* One entry, its path in r->path: descend, restore, or pass over. */
static mars_status
visit(struct mrs_restore *r, struct mrs_vec *stack, struct mrs_rdir *dir,
      const struct mrs_entry *e, mars_error *err)
{
    enum mrs_selected sel =
        mrs_select(&r->spec.select, (struct mrs_slice){ r->path.data, r->path.len });
    mars_status st = MARS_OK;

    if (sel == MRS_SELECTED_NO || (sel == MRS_SELECTED_ABOVE && e->type != MRS_ENTRY_DIR))
        return MARS_OK;
    r->any |= sel == MRS_SELECTED_YES;
    mrs_job_await_told(&r->job);
    if (e->type == MRS_ENTRY_DIR)
        st = push(r, stack, dir, e, err);
    else
        st = mrs_restore_entry(r, dir, e, err);
    if (st != MARS_OK && !mrs_restore_is_fatal(st)) {
        mrs_restore_lost(r, dir, dir != NULL ? e->name : mrs_restore_path(r), err);
        st = MARS_OK;
    }
    return st;
}

/* Entries of a node that cannot be read are lost without names. */
static void
lose_node(struct mrs_restore *r, const struct mrs_totals *lost, const mars_error *why)
{
    mars_error e;

    (void)mrs_fail(&e, why->status, "%llu entries of this directory are lost: %s",
                   (unsigned long long)lost->entries, why->message);
    e.os_code = why->os_code;
    mrs_restore_lost(r, NULL, mrs_restore_path(r), &e);
    atomic_fetch_add(&r->tally.failed, lost->entries > 1 ? lost->entries - 1 : 0);
}

static mars_status
walk_tree(struct mrs_restore *r, struct mrs_vec *stack, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && stack->len > 0 && !atomic_load(&r->job.stop)) {
        struct frame *f = mrs_vec_at(stack, stack->len - 1);
        const struct mrs_entry *e;
        const struct mrs_entry_stat *stat;
        struct mrs_totals lost;

        r->path.len = f->path_len;
        st = mrs_dir_reader_next(f->reader, &e, &stat, &lost, err);
        if (st != MARS_OK && !mrs_restore_ends(st)) {
            lose_node(r, &lost, err);
            st = MARS_OK; /* the reader goes on behind the node */
        } else if (st == MARS_OK && e == NULL) {
            pop(r, stack);
        } else if (st == MARS_OK) {
            st = mrs_path_push(&r->path, e->name, err);
            if (st == MARS_OK)
                st = visit(r, stack, f->dir, e, err);
        }
    }
    while (stack->len > 0)
        pop(r, stack);
    return st;
}

/* The one entry of a root; its path, or its parent's where it cannot be read, in r->path. */
static mars_status
read_root(struct mrs_restore *r, const struct mrs_root *root, struct mrs_dir_reader **reader,
          const struct mrs_entry **e, mars_error *err)
{
    const struct mrs_entry_stat *stat;
    struct mrs_totals lost;
    mars_status st;

    mrs_buf_reset(&r->path);
    st = mrs_root_parent_path(root, &r->path, err);
    if (st == MARS_OK)
        st = mrs_dir_reader_open_root(reader, r->job.d, root, err);
    if (st == MARS_OK)
        st = mrs_dir_reader_next(*reader, e, &stat, &lost, err);
    if (st == MARS_OK && *e != NULL)
        st = mrs_path_push(&r->path, (*e)->name, err);
    return st;
}

/* A root that cannot be restored is lost alone: the other ones are still gone through. */
static mars_status
walk_root(struct mrs_restore *r, const struct mrs_root *root, mars_error *err)
{
    struct mrs_vec stack = MRS_VEC_INIT(struct frame);
    struct mrs_dir_reader *reader = NULL;
    const struct mrs_entry *e = NULL;
    mars_status st = read_root(r, root, &reader, &e, err);

    if (st == MARS_OK && e != NULL &&
        mrs_select(&r->spec.select, (struct mrs_slice){ r->path.data, r->path.len }) !=
            MRS_SELECTED_NO) {
        st = visit(r, &stack, NULL, e, err);
        if (st == MARS_OK)
            st = walk_tree(r, &stack, err);
    }
    if (st != MARS_OK && !mrs_restore_ends(st)) {
        mrs_restore_lost(r, NULL, mrs_restore_path(r), err);
        st = MARS_OK;
    }
    mrs_vec_free(&stack);
    mrs_dir_reader_close(reader);
    return st;
}

/* Link groups hold the directory of their first name until the end. */
static void
free_groups(struct mrs_restore *r)
{
    const uint8_t *id;
    void *value;

    for (size_t pos = 0; mrs_map_next(&r->groups, &pos, &id, &value);)
        mrs_rgroup_free(r, *(struct mrs_rgroup **)value);
    mrs_map_free(&r->groups);
}

/* When no task is left: the names that have to be tried again. */
static struct mrs_rfile *
await_tasks(struct mrs_restore *r)
{
    struct mrs_rfile *again;

    mrs_mutex_lock(r->job.lock);
    while (r->tasks > 0)
        mrs_cond_wait(r->room, r->job.lock);
    again = r->again;
    r->again = NULL;
    mrs_mutex_unlock(r->job.lock);
    return again;
}

/* Hand on what was gathered, and be done with it. Each round makes or loses at least one of the
 * names that failed with the first of their group. */
static void
end_tasks(struct mrs_restore *r)
{
    struct mrs_rfile *again;
    mars_error err;
    mars_status st = mrs_restore_flush(r, &err);

    if (st != MARS_OK)
        mrs_job_fail(&r->job, st, &err);
    while ((again = await_tasks(r)) != NULL) {
        st = mrs_restore_again(r, again, &err);
        if (st != MARS_OK)
            mrs_job_fail(&r->job, st, &err);
    }
}

void
mrs_restore_walk(void *restore)
{
    struct mrs_restore *r = restore;
    mars_error err;
    mars_status st = MARS_OK;

    mrs_job_enter(&r->job, MARS_PHASE_DATA);
    for (size_t i = 0; st == MARS_OK && i < r->spec.point->n_roots; i++)
        st = walk_root(r, &r->spec.point->roots[i], &err);
    if (st != MARS_OK)
        mrs_job_fail(&r->job, st, &err);
    end_tasks(r);
    free_groups(r);
    /* Of what is lost nobody knows whether it was meant. */
    if (st == MARS_OK && !r->any && r->spec.select.n > 0 && atomic_load(&r->tally.failed) == 0)
        mrs_job_fail(&r->job,
                     mrs_fail(&err, MARS_ERR_NOT_FOUND, "the point has none of these paths"),
                     &err);
    mrs_job_finish(&r->job);
}
