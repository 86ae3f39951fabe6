/* What the files of this room share. */
#ifndef MRS_HTTP_HTTP_INT_H
#define MRS_HTTP_HTTP_INT_H

#include <curl/curl.h>

#include "http/http.h"
#include "platform/thread.h"

struct mrs_http {
    CURLM *multi;              /* the leading thread's, with those that run */
    struct mrs_attempt *running;
    struct mrs_throttle *throttle;
    struct mrs_http_options opts; /* its strings are ours */
    struct mrs_mutex *lock;    /* guards all below */
    struct mrs_cond *changed;  /* a transfer is done, or nobody leads */
    struct mrs_attempt *queued; /* not yet with curl */
    struct mrs_attempt *idle;  /* whose easy handles may be used again */
    bool led;
    bool reached;              /* a server has answered as it should */
};

struct mrs_http_headers {
    struct curl_slist *lines;
};

/* One attempt at one request. The leading thread's from the time it is queued until it is done. */
struct mrs_attempt {
    struct mrs_attempt *next;
    struct mrs_http *http;
    const struct mrs_http_request *request;
    struct mrs_http_answer *answer;
    CURL *easy;
    struct mrs_http_headers headers;
    char text[CURL_ERROR_SIZE]; /* curl's, of a failure */
    uint64_t sent;
    uint64_t heard;             /* when it last got on, mrs_clock_mono */
    size_t moved;               /* bytes since, either way */
    uint64_t until;             /* mrs_clock_mono: when its time is over */
    uint64_t seen;              /* when it was last looked after */
    bool sending_paused;
    bool receiving_paused;
    bool too_large;             /* the answer is */
    mars_status st;             /* of what we did ourselves: reading the file, memory, the stop */
    mars_error why;
    CURLcode code;
    bool done;                  /* guarded by the engine's lock */
};

/* Give the easy handle all that curl is to know. */
MARS_NODISCARD mars_status mrs_attempt_begin(struct mrs_attempt *a, mars_error *err);
/* Let those that wait for the throttle go on. */
void mrs_attempt_resume(struct mrs_attempt *a);
/* What became of it: MARS_OK if an answer came. *again: it is worth another try. */
mars_status mrs_attempt_result(struct mrs_attempt *a, bool *again, mars_error *err);

/* Run one attempt to its end, moving those of others meanwhile. */
void mrs_http_run(struct mrs_http *h, struct mrs_attempt *a);

#endif
