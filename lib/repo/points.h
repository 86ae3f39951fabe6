/* The recovery points of a domain. */
#ifndef MRS_REPO_POINTS_H
#define MRS_REPO_POINTS_H

#include "base/vec.h"
#include "format/point.h"
#include "repo/ledger.h"

/* A point that a machine remembers having seen. */
struct mrs_seen_head {
    uint8_t item[16];
    uint8_t session[16];
};

/* A point with the bytes that its slices point into. */
struct mrs_loaded_point {
    struct mrs_point point;
    struct mrs_buf payload;
    bool is_head;
};

struct mrs_points {
    struct mrs_vec list; /* struct mrs_loaded_point *, oldest first */
};

/* Every point that is neither void, by the fences in the log, nor deleted: of one item, or of all
 * (item NULL), of one machine or of all (machine NULL). Zeroed before. Points that cannot be read
 * are named to damage; NULL: they are an error. */
MARS_NODISCARD mars_status mrs_points_read(struct mrs_points *p, const struct mrs_domain *d,
                                           const struct mrs_log *log,
                                           const struct mrs_ledger *ledger,
                                           const uint8_t *machine, const uint8_t *item,
                                           enum mrs_need need, mrs_damage_fn damage, void *user,
                                           mars_error *err);
void mrs_points_free(struct mrs_points *p);
/* Free all but one of them. */
void mrs_points_keep(struct mrs_points *p, struct mrs_loaded_point *only);

static inline struct mrs_loaded_point *
mrs_points_at(const struct mrs_points *p, size_t i)
{
    return *(struct mrs_loaded_point **)mrs_vec_at(&p->list, i);
}

/* The point that a text means: "latest", a full id, or a unique prefix of at least 6 digits. item
 * NULL: of any item, and "latest" then needs that there is only one. */
MARS_NODISCARD mars_status mrs_points_resolve(const struct mrs_points *p, const char *text,
                                              const char *item, struct mrs_loaded_point **out,
                                              mars_error *err);

#endif
