/* Points as the public structs show them, and the handle on an open point. */
#ifndef MRS_API_POINT_H
#define MRS_API_POINT_H

#include <mars/point.h>

#include "api/call.h"
#include "base/arena.h"
#include "job/shown.h"

/* What a mars_point_info points to. */
struct mrs_shown_point {
    mars_point_info info;
    char id[33];
    char machine_id[33];
    char item[MRS_DISPLAY_NAME_MAX + 1];
    char machine[MRS_DISPLAY_NAME_MAX + 1];
    struct mrs_vec roots;     /* const char * */
    struct mrs_vec root_lens; /* uint64_t */
    struct mrs_buf bytes;     /* of the roots, each with a NUL */
};
#define MRS_SHOWN_POINT_INIT                                                                      \
    { .roots = MRS_VEC_INIT(const char *),                                                        \
      .root_lens = MRS_VEC_INIT(uint64_t),                                                        \
      .bytes = MRS_BUF_INIT(SIZE_MAX / 2) }
/* The next one takes its place. Freed also after a failure. */
MARS_NODISCARD mars_status mrs_point_show(struct mrs_shown_point *s,
                                          const struct mrs_known_point *k, mars_error *err);
void mrs_shown_point_free(struct mrs_shown_point *s);

enum mrs_head { MRS_HEAD_UNKNOWN, MRS_HEAD_NO, MRS_HEAD_YES };

struct mars_point {
    struct mars_agent *agent; /* a hold */
    enum mrs_head *head;      /* is it one? Found out when somebody wants to know: then all points
                                 are read */
    struct mrs_loaded_point *loaded;
    struct mrs_shown_point shown;
    struct mrs_shown_entry stat;
};

/* As mrs_agent_enter, for a point. */
MARS_NODISCARD mars_status mrs_point_enter(const struct mars_point *p, mars_error *err);
/* A caller's path; n is 0 where there is none. */
struct mrs_slice mrs_arg_point_path(const char *path, uint64_t len);
/* The entry of a regular file, copied into the arena. */
MARS_NODISCARD mars_status mrs_point_file(const struct mars_point *p, const char *path,
                                          uint64_t path_len, struct mrs_arena *bytes,
                                          struct mrs_entry *e, mars_error *err);

#endif
