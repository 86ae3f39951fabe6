/* One pack in the making: what is appended goes to the store, and into the digest that will be the
 * pack's name. One thread at a time, but any may seal with its aead. */
#ifndef MRS_REPO_PACKFILE_H
#define MRS_REPO_PACKFILE_H

#include "base/vec.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "repo/domain.h"

/* A pack that is in the store, for the index. */
struct mrs_finished_pack {
    uint8_t name[32];
    uint8_t kind;
    uint64_t size;
    struct mrs_blob *blobs; /* owned by the receiver: mrs_free */
    size_t count;
};

struct mrs_packfile {
    struct mrs_upload *upload;
    struct mrs_sha256 *digest;
    struct mrs_aead *aead;      /* under the pack's own key */
    uint8_t header[MRS_HEADER_SIZE];
    uint8_t kind;
    struct mrs_vec blobs;       /* struct mrs_blob, in the order of the file */
    uint64_t size;              /* appended so far */
};

/* To be dropped, also after a failure. */
MARS_NODISCARD mars_status mrs_packfile_begin(struct mrs_packfile *p, struct mrs_domain *d,
                                              uint8_t kind, const uint8_t session[16],
                                              mars_error *err);
/* b->sealed_len bytes; its offset is given here. After a failure there is only dropping. */
MARS_NODISCARD mars_status mrs_packfile_append(struct mrs_packfile *p, const struct mrs_blob *b,
                                               const uint8_t *sealed, mars_error *err);
/* Bytes that follow so many blobs, without the padding. */
uint64_t mrs_packfile_tail(uint64_t blobs);
/* Write the tail and give it its name. MARS_OK also if it was there already. */
MARS_NODISCARD mars_status mrs_packfile_publish(struct mrs_packfile *p, struct mrs_domain *d,
                                                struct mrs_finished_pack *done, mars_error *err);
/* Of a zeroed one, too. */
void mrs_packfile_drop(struct mrs_packfile *p);

#endif
