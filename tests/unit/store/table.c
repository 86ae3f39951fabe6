#include "table.h"

#include "base/err.h"

static const uint8_t SOMEBODY[16] = { 9 };

static mars_status
begin(void *user, void **upload, mars_error *err)
{
    struct mrs_upload *u = NULL;
    mars_status st = mrs_store_begin(user, SOMEBODY, &u, err);

    *upload = u;
    return st;
}

static mars_status
append(void *user, void *upload, const void *data, uint64_t len, mars_error *err)
{
    (void)user;
    return mrs_upload_append(upload, data, (size_t)len, err);
}

static mars_status
commit(void *user, void *upload, const char *name, mars_error *err)
{
    mars_status st = mrs_upload_commit(upload, name, err);

    (void)user;
    return st == MARS_ERR_EXISTS ? mrs_fail(err, st, "the name is taken") : st;
}

static void
abandon(void *user, void *upload)
{
    (void)user;
    mrs_upload_abandon(upload);
}

static mars_status
read_range(void *user, const char *name, uint64_t offset, void *out, uint64_t len, mars_error *err)
{
    return mrs_store_read(user, name, offset, out, (size_t)len, err);
}

static mars_status
stat_object(void *user, const char *name, mars_object *object, mars_error *err)
{
    struct mrs_object_info info;
    mars_status st = mrs_store_stat(user, name, &info, err);

    if (st == MARS_OK) {
        object->size = info.size;
        object->mtime = info.mtime.s;
        object->mtime_ns = info.mtime.ns;
    }
    return st;
}

struct listing {
    mars_object_fn fn;
    void *user;
};

static mars_status
give(void *user, const struct mrs_object_info *info, mars_error *err)
{
    const struct listing *l = user;
    mars_object o = { .struct_size = sizeof o,
                      .name = info->name,
                      .size = info->size,
                      .mtime = info->mtime.s,
                      .mtime_ns = info->mtime.ns };

    (void)err;
    return l->fn(&o, l->user);
}

static mars_status
list(void *user, const char *prefix, mars_object_fn fn, void *fn_user, mars_error *err)
{
    struct listing l = { fn, fn_user };

    return mrs_store_list(user, prefix, MRS_LIST_INFO, give, &l, err);
}

static mars_status
remove_object(void *user, const char *name, mars_error *err)
{
    return mrs_store_delete(user, name, err);
}

static mars_status
flush(void *user, mars_error *err)
{
    return mrs_store_flush(user, err);
}

mars_store
table_over(struct mrs_store *inner)
{
    return (mars_store){ .struct_size = sizeof(mars_store),
                         .user = inner,
                         .begin = begin,
                         .append = append,
                         .commit = commit,
                         .abandon = abandon,
                         .read = read_range,
                         .stat = stat_object,
                         .list = list,
                         .remove = remove_object,
                         .flush = flush };
}
