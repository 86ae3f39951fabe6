/* Ask for SIZE bytes of a URL within so much time, N times at once, and print what comes of each:
 * status, bytes, attempts.
 * usage: deadline URL SIZE STALL_MS WHOLE_MS KBPS N */
#include <stdio.h>
#include <stdlib.h>

#include "http/http.h"
#include "platform/thread.h"

enum { MOST = 16 };

struct get {
    struct mrs_thread *thread;
    struct mrs_http *http;
    struct mrs_http_request request;
    struct mrs_http_answer answer;
    mars_status st;
    mars_error err;
};

static void
get(void *arg)
{
    struct get *g = arg;

    g->st = mrs_http_perform(g->http, &g->request, &g->answer, &g->err);
}

static void
say(struct get *g)
{
    printf("%s %llu %u\n", mars_status_name(g->st), (unsigned long long)g->answer.got,
           g->answer.attempts);
    if (g->st != MARS_OK)
        fprintf(stderr, "%s\n", g->err.message);
    mrs_http_answer_free(&g->answer);
    free(g->request.out);
}

int
main(int argc, char **argv)
{
    struct mrs_http_options opts = { .stall_ms = 0 };
    size_t size = argc == 7 ? strtoul(argv[2], NULL, 10) : 0;
    struct mrs_http *http;
    struct get gets[MOST];
    int n = argc == 7 ? atoi(argv[6]) : 0;

    if (n < 1 || n > MOST)
        return 2;
    opts.stall_ms = (uint32_t)strtoul(argv[3], NULL, 10);
    opts.whole_ms = (uint32_t)strtoul(argv[4], NULL, 10);
    opts.limits.other_bps = strtoul(argv[5], NULL, 10) * 1000;
    if (mrs_http_new(&http, &opts, NULL) != MARS_OK)
        return 1;
    for (int i = 0; i < n; i++) {
        gets[i] = (struct get){ .http = http, .answer = MRS_HTTP_ANSWER_INIT(1 << 20) };
        gets[i].request = (struct mrs_http_request){ .method = "GET", .url = argv[1],
                                                     .out = malloc(size), .out_len = size };
        if (gets[i].request.out == NULL ||
            mrs_thread_start(&gets[i].thread, get, &gets[i], NULL) != MARS_OK)
            return 1;
    }
    for (int i = 0; i < n; i++) {
        mrs_thread_join(gets[i].thread);
        say(&gets[i]);
    }
    mrs_http_free(http);
    return 0;
}
