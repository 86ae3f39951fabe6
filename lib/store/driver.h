/* What one kind of store provides; store.c checks names and calls through. */
#ifndef MRS_STORE_DRIVER_H
#define MRS_STORE_DRIVER_H

#include "store/store.h"

/* May an object have this name? A driver passes over what it finds under any other. */
bool mrs_store_name_ok(const char *name);
/* The same of a name in `dir`, which is "" or an allowed name that ends in "/": only what is new is
 * looked at. */
bool mrs_store_below_ok(const char *dir, const char *name);

/* Contracts are those of the function of the same name in store.h. Names and prefixes have been
 * checked, appends and reads are of one byte at least; after an append that failed comes abandon;
 * commit and abandon free the upload. */
struct mrs_store_driver {
    bool near; /* mrs_store_is_near */
    mars_status (*begin)(void *self, const uint8_t owner[16], void **upload, mars_error *err);
    mars_status (*append)(void *upload, const void *data, size_t n, mars_error *err);
    mars_status (*commit)(void *upload, const char *name, mars_error *err);
    void (*abandon)(void *upload);
    mars_status (*rely)(void *self, const char *name, mars_error *err);
    mars_status (*flush)(void *self, mars_error *err);
    mars_status (*sweep)(void *self, const uint8_t owner[16], mars_error *err);
    mars_status (*read)(void *self, const char *name, uint64_t offset, void *out, size_t n,
                        mars_error *err);
    /* NULL: a stat and a read do as well. */
    mars_status (*get)(void *self, const char *name, struct mrs_buf *out, mars_error *err);
    mars_status (*stat)(void *self, const char *name, struct mrs_object_info *info,
                        mars_error *err);
    /* May give more than was asked for. */
    mars_status (*list)(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn,
                        void *user, mars_error *err);
    mars_status (*remove)(void *self, const char *name, mars_error *err);
    /* NULL: access says nothing that matters. */
    mars_status (*grant)(void *self, const struct mrs_access *access, int64_t until,
                         struct mrs_access *out, mars_error *err);
    void (*stage)(void *self, const struct mrs_stage *stage); /* NULL: needs none */
    /* Another handle, closed before the first. NULL: nothing here takes long, one serves all. */
    mars_status (*view)(void *self, const atomic_bool *stop, void **out, mars_error *err);
    void (*close)(void *self);
};

/* Each opens its kind of store: *self is handed to the driver's functions. */
MARS_NODISCARD mars_status mrs_store_file_open(const char *path, int create, void **self,
                                               const struct mrs_store_driver **driver,
                                               mars_error *err);
/* table is copied. */
MARS_NODISCARD mars_status mrs_store_custom_open(const mars_store *table, void **self,
                                                 const struct mrs_store_driver **driver,
                                                 mars_error *err);
MARS_NODISCARD mars_status mrs_store_memory_open(void **self,
                                                 const struct mrs_store_driver **driver,
                                                 mars_error *err);

#endif
