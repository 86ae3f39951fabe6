#include "job/select.h"

#include <stdbool.h>
#include <string.h>

/* Without the separators around it: callers may leave the first one out. */
static struct mrs_slice
bare(struct mrs_slice path)
{
    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    while (path.n > 0 && *path.p == '/') {
        path.p++;
        path.n--;
    }
    return path;
}

/* Is `path` the same as `top`, or below it? "/" and "" are above all. */
static bool
is_within(struct mrs_slice path, struct mrs_slice top)
{
    path = bare(path);
    top = bare(top);
    if (top.n == 0)
        return true;
    return path.n >= top.n && memcmp(path.p, top.p, top.n) == 0 &&
           (path.n == top.n || path.p[top.n] == '/');
}

enum mrs_selected
mrs_select(const struct mrs_select *s, struct mrs_slice path)
{
    enum mrs_selected best = s->n == 0 ? MRS_SELECTED_YES : MRS_SELECTED_NO;

    for (size_t i = 0; i < s->n && best != MRS_SELECTED_YES; i++) {
        if (is_within(path, s->paths[i]))
            best = MRS_SELECTED_YES;
        else if (is_within(s->paths[i], path))
            best = MRS_SELECTED_ABOVE;
    }
    return best;
}

mars_status
mrs_path_clean(struct mrs_slice path, struct mrs_buf *out, mars_error *err)
{
    mars_status st = mrs_buf_append(out, "/", 1, err);

    path = bare(path);
    return st == MARS_OK ? mrs_buf_append(out, path.p, path.n, err) : st;
}
