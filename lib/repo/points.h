/* The recovery points of a domain. */
#ifndef MRS_REPO_POINTS_H
#define MRS_REPO_POINTS_H

#include "base/arena.h"
#include "base/vec.h"
#include "repo/knownpoint.h"
#include "repo/ledger.h"
#include "repo/listing.h"

/* A point, by what its name says of it. */
struct mrs_seen_head {
    uint8_t item[16];
    uint8_t session[16];
};

/* One that cannot be read, and why. */
struct mrs_unread_point {
    struct mrs_seen_head head;
    mars_status why;
};

struct mrs_points {
    struct mrs_vec list;    /* struct mrs_known_point, oldest first */
    struct mrs_vec unread;  /* struct mrs_unread_point: damaged ones that no other point saw, so
                               that each may be the newest of its item */
    struct mrs_arena bytes; /* that these borrow, and */
    struct mrs_vec parts;   /* struct mrs_buf */
};

struct mrs_points_query {
    const uint8_t *machine; /* NULL: of all machines */
    const char *digits;     /* NULL, or hex digits: only those whose ids begin so, whole. No other
                               object is read, so nothing is known of heads */
    enum mrs_need need;     /* MRS_NEED_VERIFY: from the store alone, and whole */
    mrs_damage_fn damage;   /* told of points that cannot be read; NULL: they are an error */
    void *user;
};

/* Every point that is neither void, by the fences in the log, nor deleted, and that the query asks
 * for. Zeroed before. Only what the cache's point table does not have is read from the store, and
 * of another machine's items, where its points are not asked for, one point at most. */
MARS_NODISCARD mars_status mrs_points_read(struct mrs_points *p, const struct mrs_domain *d,
                                           const struct mrs_log *log,
                                           const struct mrs_ledger *ledger,
                                           const struct mrs_points_query *q, mars_error *err);
/* Have the whole of one of them in k->whole: read it unless it was. */
MARS_NODISCARD mars_status mrs_points_whole(const struct mrs_domain *d, struct mrs_known_point *k,
                                            mars_error *err);
void mrs_points_free(struct mrs_points *p);

static inline struct mrs_known_point *
mrs_points_at(const struct mrs_points *p, size_t i)
{
    return mrs_vec_at(&p->list, i);
}

/* Which points are heads, once all were read and told the listing what they saw; unread ones are
 * added to p. */
MARS_NODISCARD mars_status mrs_points_find_heads(struct mrs_points *p,
                                                 const struct mrs_listing *listing,
                                                 mars_error *err);

/* The point that a text means: "latest", a full id, or a unique prefix of at least 6 digits. item
 * NULL: of any item, and "latest" then needs that there is only one. MARS_ERR_CORRUPT, or why else:
 * a point that may be the latest cannot be read. One that the store wrote long before the newest of
 * the others began is not: that is asked of the store. */
MARS_NODISCARD mars_status mrs_points_resolve(const struct mrs_points *p,
                                              const struct mrs_domain *d, const char *text,
                                              const char *item, struct mrs_known_point **out,
                                              mars_error *err);

#endif
