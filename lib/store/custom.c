/* A caller's store. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "store/driver.h"

struct custom_upload {
    const mars_store *table;
    void *upload;
};

static mars_status
custom_begin(void *self, const uint8_t owner[16], void **upload, mars_error *err)
{
    const mars_store *t = self;
    struct custom_upload *u = mrs_alloc(sizeof *u);
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st;

    (void)owner; /* what a dead process left is for the store to find */
    if (u == NULL)
        return mrs_nomem(err);
    u->table = t;
    mrs_error_clear(why);
    st = mrs_answered(t->begin(t->user, &u->upload, why), "the store's begin", why);
    if (st != MARS_OK)
        mrs_free(u);
    else
        *upload = u;
    return st;
}

static mars_status
custom_append(void *upload, const void *data, size_t n, mars_error *err)
{
    struct custom_upload *u = upload;
    mars_error own, *why = err != NULL ? err : &own;

    mrs_error_clear(why);
    return mrs_answered(u->table->append(u->table->user, u->upload, data, n, why),
                    "the store's append", why);
}

static mars_status
custom_commit(void *upload, const char *name, mars_error *err)
{
    struct custom_upload *u = upload;
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st;

    mrs_error_clear(why);
    st = mrs_answered(u->table->commit(u->table->user, u->upload, name, why), "the store's commit",
                  why);
    mrs_free(u);
    return st;
}

static void
custom_abandon(void *upload)
{
    struct custom_upload *u = upload;

    u->table->abandon(u->table->user, u->upload);
    mrs_free(u);
}

/* A flush is for all that was committed, by whomever. */
static mars_status
custom_rely(void *self, const char *name, mars_error *err)
{
    (void)self;
    (void)name;
    (void)err;
    return MARS_OK;
}

static mars_status
custom_flush(void *self, mars_error *err)
{
    const mars_store *t = self;
    mars_error own, *why = err != NULL ? err : &own;

    if (t->flush == NULL)
        return MARS_OK;
    mrs_error_clear(why);
    return mrs_answered(t->flush(t->user, why), "the store's flush", why);
}

static mars_status
custom_sweep(void *self, const uint8_t owner[16], mars_error *err)
{
    (void)self;
    (void)owner;
    (void)err;
    return MARS_OK;
}

static mars_status
custom_read(void *self, const char *name, uint64_t offset, void *out, size_t n, mars_error *err)
{
    const mars_store *t = self;
    mars_error own, *why = err != NULL ? err : &own;

    mrs_error_clear(why);
    return mrs_answered(t->read(t->user, name, offset, out, n, why), "the store's read", why);
}

static mars_status
custom_stat(void *self, const char *name, struct mrs_object_info *info, mars_error *err)
{
    const mars_store *t = self;
    mars_object o = { .struct_size = sizeof o, .name = name };
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st;

    mrs_error_clear(why);
    st = mrs_answered(t->stat(t->user, name, &o, why), "the store's stat", why);
    info->size = o.size;
    info->mtime = (struct mrs_time){ o.mtime, o.mtime_ns };
    return st;
}

/* A list, and whom its objects are for. */
struct listing {
    const char *prefix;
    mrs_list_fn fn;
    void *user;
    mars_status st;
    mars_error why;
};

static mars_status
take(const mars_object *o, void *user)
{
    struct listing *l = user;
    struct mrs_object_info info;

    if (l->st != MARS_OK)
        return l->st;
    if (o->struct_size < sizeof *o || o->name == NULL)
        return l->st = mrs_fail(&l->why, MARS_ERR_INVALID_ARG,
                                "the store's list: an object without struct_size or name");
    info = (struct mrs_object_info){ o->name, o->size, { o->mtime, o->mtime_ns } };
    if (mrs_store_name_ok(o->name) && strncmp(o->name, l->prefix, strlen(l->prefix)) == 0)
        l->st = l->fn(l->user, &info, &l->why);
    return l->st;
}

static mars_status
custom_list(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn, void *user,
            mars_error *err)
{
    const mars_store *t = self;
    struct listing l = { .prefix = prefix, .fn = fn, .user = user };
    mars_error own, *why = err != NULL ? err : &own;
    mars_status st;

    (void)what;
    mrs_error_clear(why);
    mrs_error_clear(&l.why);
    st = mrs_answered(t->list(t->user, prefix, take, &l, why), "the store's list", why);
    if (l.st != MARS_OK)
        *why = l.why;
    return l.st != MARS_OK ? l.st : st;
}

static mars_status
custom_remove(void *self, const char *name, mars_error *err)
{
    const mars_store *t = self;
    mars_error own, *why = err != NULL ? err : &own;

    if (t->remove == NULL)
        return mrs_fail(err, MARS_ERR_FORBIDDEN, "the store keeps all objects");
    mrs_error_clear(why);
    return mrs_answered(t->remove(t->user, name, why), "the store's remove", why);
}

static void
custom_close(void *self)
{
    mrs_free(self);
}

static const struct mrs_store_driver custom_driver = {
    .begin = custom_begin,
    .append = custom_append,
    .commit = custom_commit,
    .abandon = custom_abandon,
    .rely = custom_rely,
    .flush = custom_flush,
    .sweep = custom_sweep,
    .read = custom_read,
    .stat = custom_stat,
    .list = custom_list,
    .remove = custom_remove,
    .close = custom_close,
};

mars_status
mrs_store_custom_open(const mars_store *table, void **self, const struct mrs_store_driver **driver,
                      mars_error *err)
{
    mars_store *copy;

    if (table->struct_size == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "a vault \"custom:NAME\" needs the store that its application gives");
    copy = mrs_alloc(sizeof *copy);
    if (copy == NULL)
        return mrs_nomem(err);
    *copy = *table;
    *self = copy;
    *driver = &custom_driver;
    return MARS_OK;
}
