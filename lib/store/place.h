/* Where a vault's URL leads, the access beside it: which service, which container, which names. */
#ifndef MRS_STORE_PLACE_H
#define MRS_STORE_PLACE_H

#include "store/access.h"

enum mrs_place_kind {
    MRS_PLACE_FILE,
    MRS_PLACE_MEMORY,
    MRS_PLACE_CUSTOM,
    MRS_PLACE_AZBLOB,
    MRS_PLACE_S3
};

struct mrs_place {
    enum mrs_place_kind kind;
    char *url;     /* as it is shown and written down, without secrets */
    char *path;    /* of MRS_PLACE_FILE */
    char *account; /* of MRS_PLACE_AZBLOB */
    char *bucket;  /* the container or bucket */
    char *base;    /* "https://HOST[/PATH]" of the container, encoded */
    char *prefix;  /* of all names in it: "" or ending in "/" */
    char *sas;     /* that the URL had behind "?", or NULL */
};

/* "file:///path", "memory:", "custom:NAME", "azblob://ACCOUNT/CONTAINER[/PREFIX]", the URL of a
 * container as Azure's portal shows it, or "s3://BUCKET[/PREFIX]". The caller frees, also after a
 * failure. No message shows more of an unknown URL than its scheme: there may be a signature in
 * it. */
MARS_NODISCARD mars_status mrs_place_parse(struct mrs_place *p, const char *url,
                                           const struct mrs_access *access, mars_error *err);
void mrs_place_free(struct mrs_place *p);

#endif
