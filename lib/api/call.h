/* What the calls that run jobs share. */
#ifndef MRS_API_CALL_H
#define MRS_API_CALL_H

#include "api/api.h"
#include "job/job.h"
#include "repo/points.h"

/* The domain as it is now: its ledger, its index, its points. */
struct mrs_view {
    struct mrs_ledger ledger;
    struct mrs_points points;
};

/* What is looked at, beside the ledger. */
enum mrs_view_of {
    MRS_VIEW_POINTS,     /* this machine's */
    MRS_VIEW_ALL_POINTS, /* of all machines */
    MRS_VIEW_INDEX,      /* this machine's, and the index, which is brought up to date */
    MRS_VIEW_DOMAIN      /* the points of all machines, and the index */
};

/* Objects that cannot be read go to damage; NULL: they are errors. Zeroed before; freed with
 * mrs_view_free, also after a failure. */
MARS_NODISCARD mars_status mrs_view_open(struct mrs_view *v, struct mars_agent *agent,
                                         enum mrs_view_of what, mrs_damage_fn damage, void *user,
                                         mars_error *err);
void mrs_view_free(struct mrs_view *v);

/* The point that a caller's text means, whole, with the view it lives in. Of points, "latest" looks
 * at all, an id only at those that it fits, which says nothing of heads. */
MARS_NODISCARD mars_status mrs_view_point(struct mrs_view *v, struct mars_agent *agent,
                                          const char *point, const char *item,
                                          struct mrs_known_point **out, mars_error *err);

/* Logs damage, and passes it on to a caller's event function: a mrs_damage_fn. */
struct mrs_event_sink {
    mars_event_fn fn; /* may be NULL */
    void *user;
    const struct mrs_logger *logger;
};
void mrs_event_damage(void *sink, const char *relative, const mars_error *why);

/* A caller's array of strings as slices; *out is freed with mrs_free. */
MARS_NODISCARD mars_status mrs_arg_strings(const char *const *strings, const uint64_t *lens,
                                           uint64_t n, const char *what, struct mrs_slice **out,
                                           mars_error *err);

#endif
