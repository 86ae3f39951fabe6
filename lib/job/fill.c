#include "job/fill.h"

#include "base/err.h"
#include "base/vec.h"
#include "job/job.h"
#include "repo/chunk.h"
#include "repo/treereader.h"

struct fill {
    const struct mrs_domain *d;
    const mars_cancel *cancel;
    struct mrs_vec readers; /* struct mrs_dir_reader *: the directories that are gone through */
    uint64_t *unread;
};

static mars_status
pass(void *user, const struct mrs_piece *piece, mars_error *err)
{
    (void)user, (void)piece, (void)err;
    return MARS_OK;
}

/* What is damaged is counted; any other failure ends it. */
static mars_status
count_unread(const struct fill *f, mars_status st, mars_error *err)
{
    if (!mrs_is_unreadable(st))
        return st;
    mrs_error_clear(err);
    ++*f->unread;
    return MARS_OK;
}

static mars_status
enter(struct fill *f, const struct mrs_entry *e, const struct mrs_entry_stat *stat,
      mars_error *err)
{
    struct mrs_dir_reader **at = mrs_vec_add(&f->readers);
    mars_status st = at != NULL ? mrs_dir_reader_open(at, f->d, &e->sub, stat, err)
                                : mrs_nomem(err);

    if (at != NULL && st != MARS_OK)
        f->readers.len--;
    return st;
}

/* The innermost directory's next entry. */
static mars_status
step(struct fill *f, mars_error *err)
{
    struct mrs_dir_reader *r = *(struct mrs_dir_reader **)mrs_vec_at(&f->readers,
                                                                     f->readers.len - 1);
    const struct mrs_entry *e = NULL;
    const struct mrs_entry_stat *stat = NULL;
    struct mrs_totals lost;
    mars_status st = mrs_dir_reader_next(r, &e, &stat, &lost, err);

    if (st != MARS_OK)
        return count_unread(f, st, err);
    if (e == NULL) {
        mrs_dir_reader_close(r);
        f->readers.len--;
        return MARS_OK;
    }
    if (e->type == MRS_ENTRY_DIR)
        return enter(f, e, stat, err);
    if (e->content.kind != MRS_CONTENT_LIST)
        return MARS_OK;
    return count_unread(f, mrs_content_each(f->d, &e->content, e->size, pass, NULL, NULL, err),
                        err);
}

mars_status
mrs_fill_trees(const struct mrs_domain *d, const struct mrs_point *p, const mars_cancel *cancel,
               uint64_t *unread, mars_error *err)
{
    struct fill f = { d, cancel, MRS_VEC_INIT(struct mrs_dir_reader *), unread };
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < p->n_roots; i++) {
        struct mrs_dir_reader **at = mrs_vec_add(&f.readers);

        st = at != NULL ? mrs_dir_reader_open_root(at, d, &p->roots[i], err) : mrs_nomem(err);
        if (at != NULL && st != MARS_OK)
            f.readers.len--;
        while (st == MARS_OK && f.readers.len > 0)
            st = cancel != NULL && atomic_load(&cancel->set)
                     ? mrs_fail(err, MARS_ERR_CANCELLED, "cancelled")
                     : step(&f, err);
    }
    while (f.readers.len > 0)
        mrs_dir_reader_close(*(struct mrs_dir_reader **)mrs_vec_at(&f.readers, --f.readers.len));
    mrs_vec_free(&f.readers);
    return st;
}
