/* What the files of the file store share. */
#ifndef MRS_STORE_FILE_STORE_H
#define MRS_STORE_FILE_STORE_H

#include "store/dirs.h"
#include "store/driver.h"

struct mrs_file_store {
    char *root; /* without a separator at the end: "" for the file system's root */
    struct mrs_dirs dirs;
};

/* ROOT/name, or ROOT itself where name is empty. NULL when out of memory. */
char *mrs_file_store_path(const struct mrs_file_store *s, const char *name);
/* Is the store's directory there? */
MARS_NODISCARD mars_status mrs_file_store_check(const struct mrs_file_store *s, mars_error *err);
MARS_NODISCARD mars_status mrs_file_store_make_dir(const struct mrs_file_store *s,
                                                   const char *name, mars_error *err);

/* The driver's stat and list, */
mars_status mrs_file_store_stat(void *self, const char *name, struct mrs_object_info *info,
                                mars_error *err);
mars_status mrs_file_store_list(void *self, const char *prefix, enum mrs_list_what what,
                                mrs_list_fn fn, void *user, mars_error *err);

/* and its four upload functions. */
mars_status mrs_file_upload_begin(void *self, const uint8_t owner[16], void **upload,
                                  mars_error *err);
mars_status mrs_file_upload_append(void *upload, const void *data, size_t n, mars_error *err);
mars_status mrs_file_upload_commit(void *upload, const char *name, mars_error *err);
void mrs_file_upload_abandon(void *upload);

#endif
