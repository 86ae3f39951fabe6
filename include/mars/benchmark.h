#ifndef MARS_BENCHMARK_H
#define MARS_BENCHMARK_H

#include <mars/cancel.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mars_benchmark_work {
    MARS_BENCHMARK_CHUNK = 1,  /* look for cut points */
    MARS_BENCHMARK_HASH = 2,   /* name chunks: HMAC-SHA256 */
    MARS_BENCHMARK_PACK = 3,   /* compress chunks, with each codec of this build */
    MARS_BENCHMARK_UNPACK = 4, /* the way back */
    MARS_BENCHMARK_SEAL = 5,   /* encrypt and authenticate chunks: AES-256-GCM */
    MARS_BENCHMARK_OPEN = 6,   /* the way back */
    MARS_BENCHMARK_INT32 = INT32_MAX
} mars_benchmark_work;

/** One speed of this machine, in bytes of plaintext a second. Borrowed for the call. */
typedef struct mars_benchmark_figure {
    uint32_t struct_size;  /* of the library's struct: later versions append */
    uint32_t work;         /* mars_benchmark_work; more may come */
    const char *codec;     /* its name for PACK and UNPACK, else NULL */
    uint64_t one_core;
    uint64_t all_cores;    /* together */
} mars_benchmark_figure;

/** Called on the thread that made the call, once a figure, as soon as it is known. */
typedef void(MARS_CALL *mars_benchmark_fn)(const mars_benchmark_figure *figure, void *user);

typedef struct mars_benchmark_options {
    uint32_t struct_size;
    uint32_t workers;          /* threads of all_cores; 0: one a core; at most 256 */
    uint32_t figure_ms;        /* how long each figure is measured, twice; at most 60000; 0: 250 */
    uint32_t reserved;
    mars_benchmark_fn figure;  /* required */
    void *figure_user;
    mars_progress_fn progress; /* NULL: silent. files_done are measurements, two a figure */
    void *progress_user;
    const mars_cancel *cancel; /* borrowed for the call; NULL: never */
} mars_benchmark_options;

typedef struct mars_benchmark_result {
    uint32_t struct_size;
    uint32_t workers;          /* threads that all_cores was measured with */
    uint64_t figures;          /* delivered */
    uint64_t elapsed_ns;
} mars_benchmark_result;

/**
 * Measure how fast this machine does the parts of a backup that need the processor, on text that
 * is made for it. Needs no agent, reads and writes no file. Takes about 8 MiB of memory, and 3 MiB
 * a worker.
 *
 * @param[out] result  NULL, or struct_size set by the caller
 * @retval MARS_ERR_INVALID_ARG  figure is NULL, or too many workers or figure_ms
 * @retval MARS_ERR_CANCELLED    by opts->cancel or the progress callback
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_benchmark(const mars_benchmark_options *opts, mars_benchmark_result *result, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
