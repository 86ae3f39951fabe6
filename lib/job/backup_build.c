/* The builder: takes the items in order, waits for their chunks, writes the tree, commits. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"
#include "platform/clock.h"
#include "repo/entrycopy.h"

enum { SKIP_CHUNK = 1 << 20 };

/* A directory that was entered: its own entry, which is added when it is left. */
struct open_dir {
    struct open_dir *outer;
    const struct mrs_root *root;
    bool is_root;
    struct mrs_entry entry;
    struct mrs_entry_stat stat;
    struct mrs_arena bytes; /* what these point to */
};

struct build {
    struct mrs_backup *b;
    struct mrs_tree_writer *tree;
    struct open_dir *dirs;         /* the innermost first */
    struct open_dir *spare;        /* to be used again */
    struct mrs_vec roots;          /* struct mrs_root */
    struct mrs_arena bytes;        /* what the roots point to */
    struct mrs_totals totals;
    struct mrs_buf skips;          /* entries of the skipped list not yet put */
    struct mrs_list_writer *skip_list;
    bool any_skip_chunk;
};

/* A root's own entry becomes a leaf and a stat leaf of one. */
static mars_status
add_root(struct build *w, const struct mrs_root *root, const struct mrs_entry *e,
         const struct mrs_entry_stat *es, mars_error *err)
{
    struct mrs_buf leaf = MRS_BUF_INIT(MRS_NODE_MAX), stat = MRS_BUF_INIT(MRS_NODE_MAX);
    struct mrs_root *r = mrs_vec_add(&w->roots);
    mars_status st = r != NULL ? MARS_OK : mrs_nomem(err);

    if (st == MARS_OK)
        st = mrs_leaf_encode(e, 1, &leaf, err);
    if (st == MARS_OK)
        st = mrs_stat_leaf_encode(es, e, 1, &stat, err);
    if (st == MARS_OK) {
        *r = *root;
        r->entry = mrs_slice_own(&w->bytes, (struct mrs_slice){ leaf.data, leaf.len });
        r->stat = mrs_slice_own(&w->bytes, (struct mrs_slice){ stat.data, stat.len });
        if (r->entry.p == NULL || r->stat.p == NULL)
            st = mrs_nomem(err);
        w->totals.entries += 1 + e->sub.totals.entries;
        w->totals.bytes += e->sub.totals.bytes;
        w->totals.errors += e->sub.totals.errors;
        if (e->type == MRS_ENTRY_FILE)
            w->totals.bytes += e->size;
    }
    mrs_buf_free(&leaf);
    mrs_buf_free(&stat);
    return st;
}

/* Move full chunks of the skipped list out of memory. */
static mars_status
put_skips(struct build *w, mars_error *err)
{
    uint8_t id[32];
    mars_status st;

    if (w->skips.len == 0)
        return MARS_OK;
    st = mrs_backup_put(w->b, MRS_CLASS_SKIPPED, w->skips.data, w->skips.len, id, err);
    if (st == MARS_OK)
        st = mrs_list_writer_extent(w->skip_list, 0, w->skips.len, err);
    if (st == MARS_OK)
        st = mrs_list_writer_ref(w->skip_list, id, 0, w->skips.len, err);
    w->any_skip_chunk = true;
    mrs_buf_reset(&w->skips);
    return st;
}

/* Name an item by an event and in the point. */
static mars_status
note_skip(struct build *w, const struct mrs_item *item, mars_error *err)
{
    const char *message = item->message != NULL ? item->message : "";
    struct mrs_skip s = { .path = item->path.p,
                          .path_len = item->path.n,
                          .reason = item->reason,
                          .os_code = item->os_code,
                          .message = message,
                          .message_len = strlen(message) };
    mars_event e = { .kind = MARS_EVENT_SKIPPED,
                     .status = item->reason == MRS_SKIP_VANISHED ? MARS_ERR_NOT_FOUND
                                                                 : MARS_ERR_IO,
                     .os_code = (int32_t)item->os_code,
                     .reason = item->reason,
                     .path = (const char *)item->path.p,
                     .path_len = item->path.n,
                     .message = message };
    mars_status st = mrs_skip_encode(&s, &w->skips, err);

    w->b->counts.skipped++;
    mrs_job_post(&w->b->job, &e);
    return st == MARS_OK && w->skips.len >= SKIP_CHUNK ? put_skips(w, err) : st;
}

/* The content of a large file, from its parts. */
static mars_status
gather_parts(struct build *w, struct mrs_item *item, mars_error *err)
{
    struct mrs_list_writer *list;
    struct mrs_part *p;
    mars_status st = mrs_list_writer_new(&list, mrs_backup_put_fn, w->b, err);

    while ((p = mrs_backup_take_part(w->b, item)) != NULL) {
        if (st == MARS_OK && p->is_chunk)
            st = mrs_list_writer_ref(list, p->id, 0, p->len, err);
        else if (st == MARS_OK)
            st = mrs_list_writer_extent(list, p->hole, p->len, err);
        mrs_free(p);
    }
    if (st == MARS_OK)
        st = mrs_list_writer_finish(list, &item->entry.content, &item->entry.size, err);
    mrs_list_writer_free(list);
    return st;
}

static mars_status
finish_entry(struct build *w, struct mrs_item *item, mars_error *err)
{
    struct mrs_backup *b = w->b;
    mars_status st = MARS_OK;

    if (mrs_backup_await(b, item))
        st = gather_parts(w, item, err);
    if (atomic_load(&b->job.stop) || st != MARS_OK)
        return st;
    if (item->reason != 0)
        st = note_skip(w, item, err);
    if (st != MARS_OK || item->drop)
        return st;
    b->counts.files++;
    b->counts.unchanged += item->unchanged;
    if (item->entry.type == MRS_ENTRY_FILE)
        b->counts.bytes += item->entry.size;
    atomic_fetch_add(&b->job.files_done, 1);
    if (item->unchanged)
        atomic_fetch_add(&b->job.bytes_done, item->entry.size);
    if (item->read && b->spec.report_files) {
        mars_event e = { .kind = MARS_EVENT_FILE,
                         .path = (const char *)item->path.p,
                         .path_len = item->path.n };

        mrs_job_post(&b->job, &e);
    }
    return item->is_root ? add_root(w, item->root, &item->entry, &item->stat, err)
                         : mrs_tree_writer_add(w->tree, &item->entry, &item->stat, err);
}

static mars_status
enter(struct build *w, const struct mrs_item *item, mars_error *err)
{
    struct open_dir *dir = w->spare;

    if (dir != NULL)
        w->spare = dir->outer;
    else
        dir = mrs_alloc(sizeof *dir);
    if (dir == NULL)
        return mrs_nomem(err);
    dir->outer = w->dirs;
    w->dirs = dir;
    dir->root = item->root;
    dir->is_root = item->is_root;
    dir->entry = item->entry;
    dir->stat = item->stat;
    w->b->counts.directories++;
    if (mrs_entry_own(&dir->bytes, &dir->entry, &dir->stat, err) != MARS_OK)
        return MARS_ERR_NOMEM;
    return mrs_tree_writer_enter(w->tree, err);
}

static mars_status
leave(struct build *w, mars_error *err)
{
    struct open_dir *dir = w->dirs;
    mars_status st = mrs_tree_writer_leave(w->tree, &dir->entry.sub, &dir->stat, err);

    if (st == MARS_OK)
        st = dir->is_root ? add_root(w, dir->root, &dir->entry, &dir->stat, err)
                          : mrs_tree_writer_add(w->tree, &dir->entry, &dir->stat, err);
    w->dirs = dir->outer;
    dir->outer = w->spare;
    w->spare = dir;
    mrs_arena_reset(&dir->bytes);
    return st;
}

static void
free_dirs(struct open_dir *dir)
{
    while (dir != NULL) {
        struct open_dir *outer = dir->outer;

        mrs_arena_free(&dir->bytes);
        mrs_free(dir);
        dir = outer;
    }
}

static mars_status
build_item(struct build *w, struct mrs_item *item, mars_error *err)
{
    mars_status st = MARS_OK;

    switch (item->kind) {
    case MRS_SOURCE_ENTER:
        if (item->reason != 0)
            st = note_skip(w, item, err);
        return st == MARS_OK ? enter(w, item, err) : st;
    case MRS_SOURCE_LEAVE:
        return leave(w, err);
    case MRS_SOURCE_ENTRY:
        return finish_entry(w, item, err);
    default:
        return note_skip(w, item, err);
    }
}

/* An item may be given back only when no worker and not the walker has it any more. */
static void
await_end(struct mrs_backup *b, struct mrs_item *item)
{
    struct mrs_part *p;

    if (!mrs_backup_await(b, item))
        return;
    while ((p = mrs_backup_take_part(b, item)) != NULL)
        mrs_free(p);
}

/* Everything that the walker hands over; what comes after a failure is only let go. */
static mars_status
build_tree(struct build *w, mars_error *err)
{
    struct mrs_backup *b = w->b;
    struct mrs_batch *batch;
    mars_status st = MARS_OK;

    while ((batch = mrs_backup_take(b)) != NULL) {
        if (st == MARS_OK && b->session != NULL) {
            st = mrs_session_beat(b->session, err);
            if (st != MARS_OK)
                mrs_job_fail(&b->job, st, err);
        }
        for (size_t i = 0; i < batch->n; i++) {
            if (st == MARS_OK && !atomic_load(&b->job.stop)) {
                st = build_item(w, &batch->items[i], err);
                if (st != MARS_OK)
                    mrs_job_fail(&b->job, st, err);
            }
            await_end(b, &batch->items[i]);
        }
        mrs_backup_give_back(b, batch);
    }
    return st;
}

/* Wait until no worker holds anything of this job. */
static void
drain(struct mrs_backup *b)
{
    mrs_mutex_lock(b->job.lock);
    while (b->tasks > 0)
        mrs_cond_wait(b->job.changed, b->job.lock);
    mrs_mutex_unlock(b->job.lock);
}

static mars_status
finish_skips(struct build *w, struct mrs_point *p, mars_error *err)
{
    mars_status st;

    p->skipped_count = w->b->counts.skipped;
    if (!w->any_skip_chunk && w->skips.len <= MRS_INLINE_MAX) {
        p->skipped_size = w->skips.len;
        p->skipped.kind = w->skips.len > 0 ? MRS_CONTENT_INLINE : MRS_CONTENT_NONE;
        p->skipped.data = w->skips.data;
        return MARS_OK;
    }
    st = put_skips(w, err);
    if (st != MARS_OK)
        return st;
    return mrs_list_writer_finish(w->skip_list, &p->skipped, &p->skipped_size, err);
}

static mars_status
commit(struct build *w, mars_error *err)
{
    struct mrs_backup *b = w->b;
    struct mrs_vec heads = { NULL, 0, 0, 16 }, others = MRS_VEC_INIT(struct mrs_item_head);
    struct mrs_time now = mrs_clock_wall();
    struct mrs_point p = { .started = b->begun, .finished = { now.s, now.ns } };
    static const char software[] = "libmars " MARS_VERSION;
    mars_status st;

    mrs_job_enter(&b->job, MARS_PHASE_COMMIT);
    p.item_name = (struct mrs_slice){ (const uint8_t *)b->spec.item, strlen(b->spec.item) };
    p.machine_name = (struct mrs_slice){ (const uint8_t *)b->spec.machine_name,
                                         strlen(b->spec.machine_name) };
    p.roots = w->roots.items;
    p.n_roots = w->roots.len;
    p.totals = w->totals;
    p.software = (struct mrs_slice){ (const uint8_t *)software, sizeof software - 1 };
    st = finish_skips(w, &p, err);
    if (st == MARS_OK)
        st = mrs_backup_heads(b, &heads, &others, err);
    p.heads = heads.items;
    p.n_heads = heads.len;
    p.others = others.items;
    p.n_others = others.len;
    if (st == MARS_OK && b->session != NULL) {
        st = mrs_session_commit(b->session, &p, err);
        memcpy(b->counts.point, mrs_session_id(b->session), 16);
        b->counts.committed = st == MARS_OK;
        b->counts.generation = mrs_session_ledger(b->session)->generation;
        b->counts.bytes_added = mrs_session_added(b->session);
    }
    mrs_vec_free(&heads);
    mrs_vec_free(&others);
    return st;
}

/* The newest point of the item that can be read is what this run is compared with. */
static mars_status
find_parent(struct mrs_backup *b, mars_error *err)
{
    for (size_t i = b->points.list.len; i > 0 && b->parent == NULL; i--) {
        struct mrs_known_point *k = mrs_points_at(&b->points, i - 1);
        char relative[MRS_OBJECT_NAME_MAX];
        mars_status st;

        if (memcmp(mrs_known_item(k), b->item_id, 16) != 0)
            continue;
        st = mrs_points_whole(b->job.d, k, err);
        if (st != MARS_OK && !mrs_is_unreadable(st))
            return st;
        if (st != MARS_OK) {
            mrs_name_point(relative, mrs_known_item(k), mrs_known_session(k));
            mrs_job_damage(&b->job, relative, err);
            mrs_error_clear(err);
        }
        b->parent = k->whole;
    }
    return MARS_OK;
}

static mars_status
open_session(struct mrs_backup *b, mars_error *err)
{
    struct mrs_session_options o = { .compression = b->spec.compression,
                                     .skip_check = b->spec.skip_check,
                                     .log = b->spec.log,
                                     .damage = mrs_job_damage,
                                     .user = &b->job };
    const struct mrs_points_query query = { .machine = b->spec.machine,
                                            .need = MRS_NEED_READ,
                                            .damage = mrs_job_damage,
                                            .user = &b->job };
    const struct mrs_ledger *ledger = &b->dry_ledger;
    const struct mrs_log *log = b->spec.log;
    mars_status st;

    memcpy(o.machine, b->spec.machine, sizeof o.machine);
    memcpy(o.item, b->item_id, sizeof o.item);
    if (b->spec.dry_run) {
        st = MARS_OK;
        if (log == NULL) {
            st = mrs_log_read(&b->dry_log, b->job.d->store, b->job.d->keys->domain, err);
            log = &b->dry_log;
        }
        if (st == MARS_OK)
            st = mrs_ledger_read(&b->dry_ledger, b->job.d, log, MRS_NEED_READ, NULL, NULL,
                                 err);
        if (st == MARS_OK)
            st = mrs_index_refresh(b->job.d->index, log, false, mrs_job_damage, &b->job, err);
    } else {
        st = mrs_session_begin(&b->session, b->job.d, &o, err);
        ledger = b->session != NULL ? mrs_session_ledger(b->session) : ledger;
        log = b->session != NULL ? mrs_session_log(b->session) : log;
    }
    if (st == MARS_OK)
        st = mrs_points_read(&b->points, b->job.d, log, ledger, &query, err);
    return st == MARS_OK ? find_parent(b, err) : st;
}

static mars_status
run(struct build *w, mars_error *err)
{
    struct mrs_backup *b = w->b;
    mars_status st = open_session(b, err);

    if (st == MARS_OK)
        st = mrs_backup_check_room(b, err);
    if (st == MARS_OK)
        st = mrs_tree_writer_new(&w->tree, b->job.d, mrs_backup_put_fn, b, err);
    if (st == MARS_OK)
        st = mrs_list_writer_new(&w->skip_list, mrs_backup_put_fn, b, err);
    if (st == MARS_OK && b->reader != NULL)
        st = mrs_thread_start(&b->walker, mrs_backup_walk, b, err);
    if (st != MARS_OK)
        return st;
    mrs_job_enter(&b->job, MARS_PHASE_DATA);
    st = build_tree(w, err);
    if (b->walker != NULL)
        mrs_thread_join(b->walker);
    drain(b);
    if (st == MARS_OK && !atomic_load(&b->job.stop))
        st = commit(w, err);
    return st;
}

void
mrs_backup_build(void *arg)
{
    struct mrs_backup *b = arg;
    struct build w = { .b = b,
                       .roots = MRS_VEC_INIT(struct mrs_root),
                       .skips = MRS_BUF_INIT(2 * SKIP_CHUNK) };
    mars_error err;
    mars_status st = run(&w, &err);

    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &err);
    free_dirs(w.dirs);
    free_dirs(w.spare);
    mrs_vec_free(&w.roots);
    mrs_arena_free(&w.bytes);
    mrs_tree_writer_free(w.tree);
    mrs_list_writer_free(w.skip_list);
    mrs_buf_free(&w.skips);
    mrs_job_finish(&b->job);
}
