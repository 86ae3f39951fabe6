/* Reading a file of a recovery point at any place, on the public API.
 * usage: readat CONFIG_DIR BYTES
 *        readat CONFIG_DIR POINT PATH SECONDS
 *
 * The first backs up an image: by turns 16 MiB of text, of binary records and of noise. The second
 * opens it in a point and reads for so many seconds 4 KiB at random places, then for as long 64 KiB
 * after 64 KiB from its start; what is read is compared with what was written, now and then, while
 * the clock stands. Prints one JSON object. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mars/mars.h>

#include "content.h"

enum { TURN = 16 << 20, SMALL = 4096, LOOK_EVERY = 256 };

/* Seconds on the wall, and of the processors. */
struct times {
    double wall;
    double cpu;
};

static struct times
now(void)
{
    struct timespec t;

    timespec_get(&t, TIME_UTC);
    return (struct times){ (double)t.tv_sec + (double)t.tv_nsec / 1e9,
                           (double)clock() / CLOCKS_PER_SEC };
}

static void
add_since(struct times *spent, struct times start)
{
    struct times end = now();

    spent->wall += end.wall - start.wall;
    spent->cpu += end.cpu - start.cpu;
}

static void
fill(uint64_t block, uint8_t out[BLOCK])
{
    static const enum content turns[] = { TEXT, BINARY, NOISE };

    content_fill(turns[block * BLOCK / TURN % 3], mix(7, block), out, BLOCK);
}

static void
check(mars_status st, const mars_error *err)
{
    if (st == MARS_OK)
        return;
    fprintf(stderr, "readat: %s: %s\n", mars_status_name(st), err->message);
    exit(1);
}

/* A block of the image is a multiple of ours, and lies where one begins. */
static int32_t
read_image(uint64_t offset, void *out, uint64_t len, void *user)
{
    (void)user;
    for (uint64_t at = 0; at < len; at += BLOCK)
        fill((offset + at) / BLOCK, (uint8_t *)out + at);
    return MARS_OK;
}

static int
back_up(const char *config, uint64_t size)
{
    mars_backup_options o = { .struct_size = sizeof o, .item = "image" };
    mars_image_options image = { .struct_size = sizeof image, .name = "image",
                                 .size = size / BLOCK * BLOCK, .read = read_image };
    mars_agent *agent;
    mars_session *session;
    mars_error err;

    check(mars_agent_open(config, 0, NULL, &agent, &err), &err);
    check(mars_session_begin(agent, &o, &session, &err), &err);
    check(mars_session_add_image(session, &image, &err), &err);
    check(mars_session_commit(session, NULL, &err), &err);
    mars_agent_close(agent);
    return 0;
}

/* Both lie within one block. */
static void
compare(uint64_t offset, const uint8_t *got, size_t n)
{
    static uint8_t bytes[BLOCK];

    fill(offset / BLOCK, bytes);
    if (memcmp(bytes + offset % BLOCK, got, n) != 0) {
        fprintf(stderr, "readat: %" PRIu64 ": not what was written\n", offset);
        exit(1);
    }
}

/* n bytes a read, at random or one after the other; tells reads a second on the wall, and how many
 * would take one processor a second. */
static void
measure(mars_file *f, const char *what, size_t n, int at_random, double seconds)
{
    static uint8_t out[BLOCK];
    uint64_t size = mars_file_size(f) / n * n, offset = 0, seed = 1, reads = 0, got;
    struct times spent = { 0, 0 };
    mars_error err;

    while (spent.wall < seconds && (at_random || offset < size)) {
        struct times start = now();

        for (int i = 0; i < LOOK_EVERY && (at_random || offset < size); i++, reads++) {
            if (at_random)
                offset = next_random(&seed) % (size / n) * n;
            check(mars_file_read_at(f, offset, out, n, &got, &err), &err);
            offset += n;
        }
        add_since(&spent, start);
        compare(offset - n, out, n);
    }
    printf(", \"%s\": {\"bytes_a_read\": %zu, \"reads_per_second\": %.0f, "
           "\"reads_per_cpu_second\": %.0f}",
           what, n, (double)reads / spent.wall, (double)reads / spent.cpu);
}

int
main(int argc, char **argv)
{
    mars_agent *agent;
    mars_point *point;
    mars_file *f;
    mars_error err;
    struct times start, opened = { 0, 0 };
    double seconds;

    content_init(1);
    if (argc == 3)
        return back_up(argv[1], strtoull(argv[2], NULL, 10));
    if (argc != 5) {
        fprintf(stderr, "usage: readat CONFIG_DIR BYTES | readat CONFIG_DIR POINT PATH SECONDS\n");
        return 2;
    }
    seconds = strtod(argv[4], NULL);
    check(mars_agent_open(argv[1], 0, NULL, &agent, &err), &err);
    start = now();
    check(mars_point_open(agent, argv[2], NULL, &point, &err), &err);
    add_since(&opened, start);
    check(mars_file_open(point, argv[3], 0, &f, &err), &err);
    printf("{\"open_seconds\": %.6f, \"bytes\": %" PRIu64, opened.wall,
           mars_file_size(f));
    measure(f, "random", SMALL, 1, seconds);
    measure(f, "in_order", BLOCK, 0, seconds);
    printf("}\n");
    mars_file_close(f);
    mars_point_close(point);
    mars_agent_close(agent);
    return 0;
}
