/* Streams written at once, each by a thread of its own.
 * usage: streams CONFIG_DIR N MIB mixed|zeros
 *
 * N streams of MIB MiB each: every fourth holds the same, of text, binary records and noise in
 * turn; or nothing but zeros. Prints what was done as one JSON object. */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mars/mars.h>

#include "content.h"

enum { MOST = 1024, DIFFERENT = 4 };

struct writer {
    pthread_t thread;
    mars_session *session;
    int number;
    uint64_t blocks;
    bool zeros;
    mars_status st;
    mars_error err;
};

static mars_status
write_blocks(struct writer *w, mars_stream *stream)
{
    uint8_t block[BLOCK] = { 0 };
    mars_status st = MARS_OK;

    for (uint64_t i = 0; st == MARS_OK && i < w->blocks; i++) {
        if (!w->zeros)
            content_fill((enum content)(i / 64 % 3), mix((uint64_t)w->number % DIFFERENT, i),
                         block, BLOCK);
        st = mars_stream_write(stream, block, BLOCK, &w->err);
    }
    return st;
}

static void *
write_stream(void *arg)
{
    struct writer *w = arg;
    mars_stream *stream = NULL;
    char name[20];

    (void)snprintf(name, sizeof name, "%d", w->number);
    w->st = mars_stream_open(w->session, name, 0, &stream, &w->err);
    if (w->st == MARS_OK)
        w->st = write_blocks(w, stream);
    if (w->st == MARS_OK)
        w->st = mars_stream_finish(stream, &w->err);
    else
        mars_stream_abandon(stream);
    return NULL;
}

static mars_status
write_all(mars_session *session, int n, uint64_t blocks, bool zeros, mars_error *err)
{
    static struct writer w[MOST];
    mars_status st = MARS_OK;

    for (int i = 0; i < n; i++) {
        w[i] = (struct writer){ .session = session, .number = i, .blocks = blocks, .zeros = zeros };
        if (pthread_create(&w[i].thread, NULL, write_stream, &w[i]) != 0)
            abort();
    }
    for (int i = 0; i < n; i++) {
        (void)pthread_join(w[i].thread, NULL);
        if (w[i].st != MARS_OK && st == MARS_OK) {
            st = w[i].st;
            *err = w[i].err;
        }
    }
    return st;
}

int
main(int argc, char **argv)
{
    mars_backup_options opts = { .struct_size = sizeof opts, .item = "streams" };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_session *session = NULL;
    mars_agent *agent = NULL;
    mars_error err = { 0 };
    int n = argc == 5 ? atoi(argv[2]) : 0;
    mars_status st;

    if (n < 1 || n > MOST) {
        fprintf(stderr, "usage: streams CONFIG_DIR N MIB mixed|zeros\n");
        return 2;
    }
    content_init(1);
    st = mars_agent_open(argv[1], 0, NULL, &agent, &err);
    if (st == MARS_OK)
        st = mars_session_begin(agent, &opts, &session, &err);
    if (st == MARS_OK)
        st = write_all(session, n, strtoull(argv[3], NULL, 10) * 16, strcmp(argv[4], "zeros") == 0,
                       &err);
    if (st == MARS_OK)
        st = mars_session_commit(session, &r, &err);
    else
        mars_session_abandon(session);
    mars_agent_close(agent);
    if (st != MARS_OK) {
        fprintf(stderr, "streams: %s\n", err.message);
        return 1;
    }
    printf("{\"point\": \"%s\", \"files\": %" PRIu64 ", \"bytes_read\": %" PRIu64
           ", \"bytes_new\": %" PRIu64 ", \"bytes_added\": %" PRIu64 "}\n",
           r.point, r.files, r.bytes_read, r.bytes_new, r.bytes_added);
    return 0;
}
