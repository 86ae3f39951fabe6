/* What the files of the index share.
 *
 * What the index knows is a *view*: runs, and which of the index objects that they cover count. A
 * view is never changed. Whoever looks something up holds the view of that moment; whoever learns
 * something new (a refresh, an object that was put, a run that turned out damaged) makes the next
 * one, one thread at a time, and puts it in its place. */
#ifndef MRS_REPO_INDEX_INT_H
#define MRS_REPO_INDEX_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "cache/run.h"
#include "platform/thread.h"
#include "repo/index.h"

enum {
    OBJECT_LISTED = 1,     /* in the store's list */
    OBJECT_HAVE = 2,       /* and covered by a run */
    OBJECT_SUPERSEDED = 4, /* by one that is listed */
    OBJECT_BAD = 8,        /* read, and damaged */
    OBJECT_COUNTED = 16    /* in one of the view's runs */
};
struct mrs_index_object {
    uint64_t size;
    uint32_t flags;
};

struct mrs_index_run {
    struct mrs_run *run;
    uint8_t *counts; /* for each of its objects: listed, not superseded, and not in a run before */
};
struct mrs_index_view {
    size_t refs;           /* under the index's lock */
    struct mrs_map objects; /* name -> struct mrs_index_object */
    struct mrs_vec runs;    /* struct mrs_index_run, the largest first */
};

struct mrs_index {
    const struct mrs_domain *d;
    struct mrs_runs *runs;
    struct mrs_mutex *changing; /* held by whoever makes the next view */
    struct mrs_mutex *lock;     /* guards the rest, and is never held for long */
    struct mrs_index_view *view;
};

/* A lookup's hold on the view. */
struct mrs_index_view *mrs_index_hold(struct mrs_index *x);
void mrs_index_let_go(struct mrs_index *x, struct mrs_index_view *v);

/* Making the next view. All but mrs_index_view_free with x->changing held. */
struct mrs_index_view *mrs_index_view_new(void);
void mrs_index_view_free(struct mrs_index_view *v);
/* Take over runs, except one (which may be NULL) that is not to be believed. */
mars_status mrs_index_view_inherit_runs(struct mrs_index_view *v, const struct mrs_index_view *from,
                                        const struct mrs_run *without, mars_error *err);
/* Take over what was listed, and which objects are damaged. */
mars_status mrs_index_view_inherit_list(struct mrs_index_view *v, const struct mrs_index_view *from,
                                        mars_error *err);
/* The order of a view's runs, of struct mrs_index_run: the largest first. */
int mrs_index_compare_runs(const void *a, const void *b);
void mrs_index_sort_runs(struct mrs_vec *runs);
/* Another run; its hold is taken over in any case. */
mars_status mrs_index_view_take_run(struct mrs_index_view *v, struct mrs_run *run, mars_error *err);
/* Does an object count that no run covers? */
bool mrs_index_view_lacks(const struct mrs_index_view *v);
/* Runs that this machine's cache has; what is in none of them is read from the store. */
mars_status mrs_index_view_adopt(struct mrs_index *x, struct mrs_index_view *v, mars_error *err);
/* Delete the cache's runs that add nothing to the view. */
mars_status mrs_index_view_clean(struct mrs_index *x, struct mrs_index_view *v, mars_error *err);
/* Say which objects count, and keep the number of runs small. *again: a run turned out damaged and
 * is gone, its objects are to be read from the store; otherwise *again is as it was. */
mars_status mrs_index_view_tidy(struct mrs_index *x, struct mrs_index_view *v, bool *again,
                                mars_error *err);
/* Many runs of one size become one, so that reading a whole index for the first time writes each
 * chunk a few times and not hundreds. */
mars_status mrs_index_view_gather(struct mrs_index *x, struct mrs_index_view *v, bool *again,
                                  mars_error *err);

/* A run of the cache that is damaged is dropped. */
void mrs_index_log_bad_run(const struct mrs_index *x);
/* A run turned out damaged: forget it, delete it, and read its objects from the store. `tries`
 * counts how often a caller came here with one and the same question. */
mars_status mrs_index_repair(struct mrs_index *x, struct mrs_run *run, size_t *tries,
                             mars_error *err);

#endif
