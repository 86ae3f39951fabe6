/* What one core does in the library's own parts, as JSON: bytes a second of the chunker, on noise
 * and on text.
 * usage: micro [SECONDS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chunk/cut.h"
#include "content.h"

enum { KIB = 1024, MIB = 1024 * 1024, SIZE = 64 * MIB };

static double
now(void)
{
    struct timespec t;

    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Cut all of data once; gives the number of chunks. */
static size_t
cut_all(const struct mrs_cutter *c, const uint8_t *data, size_t n)
{
    struct mrs_cut_mark marks[512];
    size_t chunks = 1, from = MRS_CUT_WINDOW - 1, start = 0;

    while (from < n) {
        size_t count = mrs_cut_marks(c, data, n, &from, marks, 512);

        for (size_t i = 0; i < count; i++) {
            for (; marks[i].at - start > c->max; chunks++)
                start += c->max;
            if (mrs_cut_ends(c, marks[i].at - start, marks[i].strict)) {
                start = marks[i].at;
                chunks++;
            }
        }
    }
    return chunks;
}

static void
measure(const struct mrs_cutter *c, enum content kind, const char *name, double seconds)
{
    uint8_t *data = malloc(SIZE);
    double start, spent = 0;
    size_t chunks = 0, rounds = 0;

    if (data == NULL)
        exit(1);
    for (size_t at = 0; at < SIZE; at += BLOCK)
        content_fill(kind, mix(2, at), data + at, BLOCK);
    for (start = now(); spent < seconds; spent = now() - start, rounds++)
        chunks = cut_all(c, data, SIZE);
    printf("\"chunker_%s\": {\"bytes_per_second\": %.0f, \"mean_chunk\": %zu}", name,
           (double)SIZE * (double)rounds / spent, SIZE / chunks);
    free(data);
}

int
main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
    uint8_t gear[2048];
    struct mrs_cutter c;
    mars_error err;

    content_init(1);
    content_fill(NOISE, 1, gear, sizeof gear);
    if (mrs_cutter_init(&c, gear, 512 * KIB, MIB, 8 * MIB, &err) != MARS_OK) {
        fprintf(stderr, "micro: %s\n", err.message);
        return 1;
    }
    printf("{");
    measure(&c, NOISE, "noise", seconds);
    printf(", ");
    measure(&c, TEXT, "text", seconds);
    printf("}\n");
    return 0;
}
