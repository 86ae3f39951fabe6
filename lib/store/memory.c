/* Objects in memory, for tests and trials: the same contract as the other stores. It stands for the
 * stores that are far away. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "platform/thread.h"
#include "store/driver.h"

struct object {
    char *name;
    struct mrs_buf bytes;
    struct mrs_time mtime;
};

struct memory_store {
    struct mrs_mutex *lock;
    struct mrs_vec objects; /* struct object, sorted by name */
};

struct memory_upload {
    struct memory_store *store;
    struct mrs_buf bytes;
};

static struct object *
object_at(const struct memory_store *s, size_t i)
{
    return mrs_vec_at(&s->objects, i);
}

/* Where the first name is that is not before this one. */
static size_t
lower_bound(const struct memory_store *s, const char *name)
{
    size_t low = 0, high = s->objects.len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(object_at(s, middle)->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct object *
find(const struct memory_store *s, const char *name)
{
    size_t i = lower_bound(s, name);

    return i < s->objects.len && strcmp(object_at(s, i)->name, name) == 0 ? object_at(s, i) : NULL;
}

static mars_status
no_object(const char *name, mars_error *err)
{
    return mrs_fail(err, MARS_ERR_NOT_FOUND, "object %s: not found", name);
}

static mars_status
memory_begin(void *self, const uint8_t owner[16], void **upload, mars_error *err)
{
    struct memory_upload *u = mrs_alloc(sizeof *u);

    (void)owner; /* what this process leaves behind dies with it */
    if (u == NULL)
        return mrs_nomem(err);
    u->store = self;
    u->bytes = (struct mrs_buf)MRS_BUF_INIT(SIZE_MAX);
    *upload = u;
    return MARS_OK;
}

static mars_status
memory_append(void *upload, const void *data, size_t n, mars_error *err)
{
    struct memory_upload *u = upload;

    return mrs_buf_append(&u->bytes, data, n, err);
}

static void
memory_abandon(void *upload)
{
    struct memory_upload *u = upload;

    mrs_buf_free(&u->bytes);
    mrs_free(u);
}

/* With the lock held. Takes over the name, and the upload's bytes, on success only. */
static mars_status
insert(struct memory_upload *u, char *name, mars_error *err)
{
    struct mrs_vec *v = &u->store->objects;
    size_t at = lower_bound(u->store, name);
    struct object *o;

    if (find(u->store, name) != NULL)
        return mrs_fail(err, MARS_ERR_EXISTS, "the name is taken");
    if (mrs_vec_add(v) == NULL)
        return mrs_nomem(err);
    o = object_at(u->store, at);
    memmove(o + 1, o, (v->len - 1 - at) * sizeof *o);
    o->name = name;
    o->bytes = u->bytes;
    o->mtime = mrs_clock_wall();
    u->bytes = (struct mrs_buf)MRS_BUF_INIT(0);
    return MARS_OK;
}

static mars_status
memory_commit(void *upload, const char *name, mars_error *err)
{
    struct memory_upload *u = upload;
    char *copy = mrs_strndup(name, strlen(name));
    mars_status st;

    if (copy == NULL) {
        memory_abandon(u);
        return mrs_nomem(err);
    }
    mrs_mutex_lock(u->store->lock);
    st = insert(u, copy, err);
    mrs_mutex_unlock(u->store->lock);
    if (st != MARS_OK)
        mrs_free(copy);
    memory_abandon(u);
    return st;
}

static mars_status
memory_rely(void *self, const char *name, mars_error *err)
{
    (void)self;
    (void)name;
    (void)err;
    return MARS_OK;
}

static mars_status
memory_flush(void *self, mars_error *err)
{
    (void)self;
    (void)err;
    return MARS_OK;
}

static mars_status
memory_sweep(void *self, const uint8_t owner[16], mars_error *err)
{
    (void)self;
    (void)owner;
    (void)err;
    return MARS_OK;
}

static mars_status
memory_read(void *self, const char *name, uint64_t offset, void *out, size_t n, mars_error *err)
{
    struct memory_store *s = self;
    const struct object *o;
    mars_status st = MARS_OK;

    mrs_mutex_lock(s->lock);
    o = find(s, name);
    if (o == NULL)
        st = no_object(name, err);
    else if (offset > o->bytes.len || n > o->bytes.len - offset)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "object %s: ends too early", name);
    else
        memcpy(out, o->bytes.data + offset, n);
    mrs_mutex_unlock(s->lock);
    return st;
}

static mars_status
memory_stat(void *self, const char *name, struct mrs_object_info *info, mars_error *err)
{
    struct memory_store *s = self;
    const struct object *o;

    mrs_mutex_lock(s->lock);
    o = find(s, name);
    if (o != NULL) {
        info->size = o->bytes.len;
        info->mtime = o->mtime;
    }
    mrs_mutex_unlock(s->lock);
    return o != NULL ? MARS_OK : no_object(name, err);
}

/* The first object that is not before *name; its name takes the place there. */
static bool
next_object(struct memory_store *s, char name[MRS_NAME_MAX + 2], struct mrs_object_info *info)
{
    size_t i;
    bool found;

    mrs_mutex_lock(s->lock);
    i = lower_bound(s, name);
    found = i < s->objects.len;
    if (found) {
        const struct object *o = object_at(s, i);

        memcpy(name, o->name, strlen(o->name) + 1);
        info->size = o->bytes.len;
        info->mtime = o->mtime;
    }
    mrs_mutex_unlock(s->lock);
    return found;
}

/* By name rather than by place, and without the lock while fn runs: fn may use the store. */
static mars_status
memory_list(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn, void *user,
            mars_error *err)
{
    char name[MRS_NAME_MAX + 2];
    struct mrs_object_info info = { name, 0, { 0, 0 } };
    size_t prefix_len = strlen(prefix);

    (void)what;
    memcpy(name, prefix, prefix_len + 1);
    while (next_object(self, name, &info) && strncmp(name, prefix, prefix_len) == 0) {
        mars_status st = fn(user, &info, err);
        size_t n = strlen(name);

        if (st != MARS_OK)
            return st;
        name[n] = '\1'; /* just behind it */
        name[n + 1] = '\0';
    }
    return MARS_OK;
}

static void
free_object(struct object *o)
{
    mrs_buf_free(&o->bytes);
    mrs_free(o->name);
}

static mars_status
memory_remove(void *self, const char *name, mars_error *err)
{
    struct memory_store *s = self;
    struct object *o;

    mrs_mutex_lock(s->lock);
    o = find(s, name);
    if (o != NULL) {
        free_object(o);
        s->objects.len--;
        memmove(o, o + 1, (size_t)(object_at(s, s->objects.len) - o) * sizeof *o);
    }
    mrs_mutex_unlock(s->lock);
    return o != NULL ? MARS_OK : no_object(name, err);
}

static void
memory_close(void *self)
{
    struct memory_store *s = self;

    for (size_t i = 0; i < s->objects.len; i++)
        free_object(object_at(s, i));
    mrs_vec_free(&s->objects);
    mrs_mutex_free(s->lock);
    mrs_free(s);
}

static const struct mrs_store_driver memory_driver = {
    .begin = memory_begin,
    .append = memory_append,
    .commit = memory_commit,
    .abandon = memory_abandon,
    .rely = memory_rely,
    .flush = memory_flush,
    .sweep = memory_sweep,
    .read = memory_read,
    .stat = memory_stat,
    .list = memory_list,
    .remove = memory_remove,
    .close = memory_close,
};

mars_status
mrs_store_memory_open(void **self, const struct mrs_store_driver **driver, mars_error *err)
{
    struct memory_store *s = mrs_alloc(sizeof *s);
    mars_status st;

    if (s == NULL)
        return mrs_nomem(err);
    s->objects = (struct mrs_vec)MRS_VEC_INIT(struct object);
    st = mrs_mutex_new(&s->lock, err);
    if (st != MARS_OK) {
        mrs_free(s);
        return st;
    }
    *self = s;
    *driver = &memory_driver;
    return MARS_OK;
}
