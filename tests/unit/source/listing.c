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

mars_status
walking_open(struct walking *w, const struct mrs_tree_options *opts, mars_error *err)
{
    mars_status st = mrs_tree_source_open(&w->tree, opts, err);

    w->reader = NULL;
    if (st == MARS_OK)
        st = mrs_reader_open(&w->reader, mrs_tree_source_table(w->tree), err);
    if (st != MARS_OK)
        mrs_tree_source_close(w->tree);
    return st;
}

void
walking_close(struct walking *w)
{
    mrs_reader_close(w->reader);
    mrs_tree_source_close(w->tree);
}

static void
add_line(const struct mrs_source_item *item, char *out, size_t cap)
{
    static const char marks[] = " ><=!";
    size_t used = strlen(out);

    if (item->kind == MRS_SOURCE_LEAVE)
        (void)snprintf(out + used, cap - used, "<");
    else
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
list_until(struct walking *w, const char *name, struct mrs_source_item *item, char *out, size_t cap,
           mars_error *err)
{
    mars_status st;

    do {
        st = mrs_reader_next(w->reader, item, err);
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
    struct walking w;
    mars_status st = walking_open(&w, opts, err);

    out[0] = '\0';
    if (st != MARS_OK)
        return st;
    st = list_until(&w, NULL, &item, out, cap, err);
    walking_close(&w);
    return st;
}
