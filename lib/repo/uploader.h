/* Threads that send what is finished to a store far away, while those that made it go on. Who hands
 * in more than they can send waits. */
#ifndef MRS_REPO_UPLOADER_H
#define MRS_REPO_UPLOADER_H

#include <mars/common.h>

struct mrs_uploader;

/* One piece of work, its owner's again when run is called: on a thread of the uploader, or, once
 * something has failed, on the thread that hands it in, with failed set: then it only cleans up. */
struct mrs_upload_task {
    mars_status (*run)(struct mrs_upload_task *t, mars_status failed, mars_error *err);
    struct mrs_upload_task *next;
};

/* threads: that send at once; as many tasks may wait. */
MARS_NODISCARD mars_status mrs_uploader_new(struct mrs_uploader **out, uint32_t threads,
                                            mars_error *err);
/* Any thread. What failed before fails this too; the task is run in every case. */
MARS_NODISCARD mars_status mrs_uploader_give(struct mrs_uploader *u, struct mrs_upload_task *t,
                                             mars_error *err);
/* Until all that was given has been sent. The first failure. */
MARS_NODISCARD mars_status mrs_uploader_wait(struct mrs_uploader *u, mars_error *err);
/* What still waits is not sent. NULL is allowed. */
void mrs_uploader_free(struct mrs_uploader *u);

#endif
