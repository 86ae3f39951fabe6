/* Index runs, as if whoever wrote one had the key: nothing is read that is not there, and scanning
 * ends. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cache/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
scan(struct mrs_run *run)
{
    struct mrs_run_cursor c;
    struct mrs_run_entry e;
    struct mrs_run_pack p;
    bool more = true;

    if (mrs_run_scan(&c, run, MRS_RUN_PACKS, NULL) == MARS_OK)
        while (more && mrs_run_next_pack(&c, &p, &more, NULL) == MARS_OK) {
            uint32_t n;

            (void)mrs_run_objects(run, &n);
            if (more && p.object >= n)
                abort();
        }
    mrs_run_scan_end(&c);
    more = true;
    if (mrs_run_scan(&c, run, MRS_RUN_ENTRIES, NULL) == MARS_OK)
        while (more && mrs_run_next_entry(&c, &e, &more, NULL) == MARS_OK)
            (void)mrs_run_may_have(run, e.blob.id);
    mrs_run_scan_end(&c);
}

static void
seek(struct mrs_run *run, enum mrs_run_part part, const uint8_t key[32])
{
    uint8_t page[MRS_PAGE_SIZE];
    struct mrs_run_cursor c;

    mrs_run_look(&c, run, part, page);
    (void)!mrs_run_seek(&c, key, NULL);
}

static void
merge(struct mrs_run *run)
{
    static const uint8_t key[32];
    struct mrs_run_source source = { run, NULL };
    struct mrs_run *out = NULL, *damaged = NULL;
    struct mrs_runs *memory = NULL;
    uint8_t *counts;
    uint32_t n;

    (void)mrs_run_objects(run, &n);
    counts = mrs_alloc_array(n, 1);
    if (counts == NULL || mrs_runs_new(&memory, NULL, key, NULL) != MARS_OK)
        abort();
    for (uint32_t i = 0; i < n; i++)
        counts[i] = i % 3 != 1;
    source.counts = counts;
    if (mrs_run_merge(&out, memory, &source, 1, &damaged, NULL) == MARS_OK)
        scan(out);
    mrs_run_release(out);
    mrs_runs_free(memory);
    mrs_free(counts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 24);
    struct mrs_run *run = NULL;
    const struct mrs_run_superseded *s;
    uint32_t n, n_superseded;

    if (mrs_buf_append(&bytes, data, size, NULL) != MARS_OK)
        return 0;
    if (mrs_run_open_memory(&run, &bytes, NULL) != MARS_OK)
        return 0;
    (void)mrs_run_objects(run, &n);
    s = mrs_run_superseded(run, &n_superseded);
    for (uint32_t i = 0; i < n_superseded; i++)
        if (s[i].by >= n)
            abort();
    scan(run);
    if (size >= 32) {
        seek(run, MRS_RUN_ENTRIES, data);
        seek(run, MRS_RUN_PACKS, data + size / 2 - 16);
        merge(run);
    }
    mrs_run_release(run);
    return 0;
}
