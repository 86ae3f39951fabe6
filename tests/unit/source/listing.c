#define _GNU_SOURCE
#include "listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../platform/scratch.h"

void
make(const char *name)
{
    size_t len = strlen(name);

    if (name[len - 1] != '/') {
        scratch_write(name, "x", 1);
    } else if (mkdir(scratch_path(name), 0755) != 0) {
        perror(name);
        abort();
    }
}

struct mrs_tree_options
options_for(const char *const *paths)
{
    static struct mrs_slice slices[16];
    static char text[16][512];
    struct mrs_tree_options opts;

    memset(&opts, 0, sizeof opts);
    opts.paths = slices;
    for (; paths[opts.n_paths] != NULL; opts.n_paths++) {
        const char *p = paths[opts.n_paths];
        char *t = text[opts.n_paths];

        (void)snprintf(t, sizeof text[0], "%s", p[0] == '/' ? p : scratch_path(p));
        slices[opts.n_paths].p = (const uint8_t *)t;
        slices[opts.n_paths].n = strlen(t);
    }
    return opts;
}

static void
add_line(const struct mrs_source_item *item, char *out, size_t cap)
{
    static const char marks[] = " ><=!";
    size_t used = strlen(out);

    (void)snprintf(out + used, cap - used, "%c %.*s%s", marks[item->kind],
                   (int)item->entry.name.n, (const char *)item->entry.name.p,
                   item->is_root ? "*" : "");
    used = strlen(out);
    if (item->kind == MRS_SOURCE_SKIPPED)
        (void)snprintf(out + used, cap - used, " %d\n", (int)item->reason);
    else
        (void)snprintf(out + used, cap - used, "%s\n",
                       (item->entry.flags & MRS_ENTRY_INCOMPLETE) != 0 ? " incomplete" : "");
}

mars_status
list_until(struct mrs_source *s, const char *name, struct mrs_source_item *item, char *out,
           size_t cap, mars_error *err)
{
    mars_status st;

    do {
        st = s->vt->next(s, item, err);
        if (st != MARS_OK || item->kind == MRS_SOURCE_END)
            break;
        add_line(item, out, cap);
    } while (name == NULL || item->entry.name.n != strlen(name) ||
             memcmp(item->entry.name.p, name, item->entry.name.n) != 0);
    return st;
}

mars_status
list_all(const struct mrs_tree_options *opts, char *out, size_t cap, mars_error *err)
{
    struct mrs_source_item item;
    struct mrs_source *s;
    mars_status st = mrs_source_tree_open(&s, opts, err);

    out[0] = '\0';
    if (st != MARS_OK)
        return st;
    st = list_until(s, NULL, &item, out, cap, err);
    s->vt->close(s);
    return st;
}
