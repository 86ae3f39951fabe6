/* Parts of the point table, as if whoever wrote one had the key: nothing is read that is not there,
 * and what is read can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "repo/partbytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read each byte. */
static void
touch(const uint8_t *p, size_t n)
{
    static volatile uint8_t last;

    for (size_t i = 0; i < n; i++)
        last = p[i];
    (void)last;
}

static void
look(const struct mrs_known_point *k)
{
    struct mrs_point_details d = mrs_known_point_details(k);
    struct mrs_slice at = d.roots;
    const uint8_t *heads;
    size_t n;

    if (d.item_name.n > MRS_DISPLAY_NAME_MAX || d.machine_name.n > MRS_DISPLAY_NAME_MAX)
        abort();
    for (size_t i = 0; i < d.n_roots; i++) {
        struct mrs_slice path = mrs_point_details_root(&at);

        touch(path.p, path.n);
    }
    heads = mrs_known_point_heads(k, &n);
    touch(heads, 16 * n);
    touch(mrs_known_item(k), 16);
    touch(mrs_known_machine(k), 16);
    touch(mrs_known_session(k), 16);
}

/* Look at all points, and write them; how many there are. */
static size_t
each(const void *data, size_t size, struct mrs_part_writer *w)
{
    struct mrs_part_shared *shared;
    struct mrs_part_reader r;
    struct mrs_known_point k;
    size_t n = 0;

    mrs_part_reader_init(&r, data, size);
    while (mrs_part_reader_next(&r, &k, &shared, NULL) == MARS_OK && shared != NULL) {
        look(&k);
        if (w != NULL && !mrs_part_writer_has_room(w, &k))
            break;
        if (w != NULL && mrs_part_writer_put(w, &k, NULL) != MARS_OK)
            abort();
        n++;
    }
    mrs_part_reader_free(&r);
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_part_writer w;
    size_t n;

    mrs_part_writer_init(&w);
    n = each(data, size, &w);
    if (each(w.bytes.data, w.bytes.len, NULL) != n)
        abort();
    mrs_part_writer_free(&w);
    return 0;
}
