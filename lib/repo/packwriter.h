/* Packs in the making. Blobs come from many threads at once, are sealed outside the lock and
 * appended in the order in which they are ready, so those of concurrent files are interleaved. */
#ifndef MRS_REPO_PACKWRITER_H
#define MRS_REPO_PACKWRITER_H

#include "codec/codec.h"
#include "repo/packfile.h"
#include "repo/uploader.h"

/* Called once a pack, in no order, on a thread that added its last blob or finished, or on one of
 * the uploader's. */
typedef mars_status (*mrs_pack_done_fn)(void *user, struct mrs_finished_pack *pack,
                                        mars_error *err);

struct mrs_packwriter;
struct mrs_packwriter_options {
    uint8_t kind;            /* MRS_KIND_PACK_DATA or _META */
    uint8_t session[16];
    bool skip_check;         /* do not open again what was sealed */
    struct mrs_uploader *uploader; /* sends full packs; NULL: who fills one publishes it */
    mrs_pack_done_fn done;
    void *user;
};

MARS_NODISCARD mars_status mrs_packwriter_new(struct mrs_packwriter **out, struct mrs_domain *d,
                                              const struct mrs_packwriter_options *opts,
                                              mars_error *err);
/* Compress, seal, check, append one chunk. Any number of threads. *stored gets its sealed size. */
MARS_NODISCARD mars_status mrs_packwriter_add(struct mrs_packwriter *w, uint8_t cls,
                                              const uint8_t id[32], const void *data, size_t n,
                                              const struct mrs_compression *how, uint64_t *stored,
                                              mars_error *err);
/* Publish what is left; with an uploader it is handed in only. No add may be running. */
MARS_NODISCARD mars_status mrs_packwriter_finish(struct mrs_packwriter *w, mars_error *err);
/* Packs not yet published are gone. NULL is allowed. */
void mrs_packwriter_free(struct mrs_packwriter *w);

#endif
