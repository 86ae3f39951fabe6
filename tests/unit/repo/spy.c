/* The spy between the library and the store. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#include "store/driver.h"

/* The beginning of lib/store/store.c's own struct: what stands behind url is the driver. */
struct store_inside {
    char *url;
    const struct mrs_store_driver *driver;
    void *self;
};

static struct {
    const struct mrs_store_driver *inner;
    spy_fn fn;
    void *user;
} spy;

static mars_status
tell(enum spy_call call, const char *name, mars_error *err)
{
    spy_fn fn = spy.fn;
    mars_status st;

    if (fn == NULL)
        return MARS_OK;
    spy.fn = NULL;
    st = fn(spy.user, call, name);
    spy.fn = fn;
    if (st != MARS_OK && err != NULL) {
        memset(err, 0, sizeof *err);
        err->status = st;
        memcpy(err->message, "spy", 4);
    }
    return st;
}

static mars_status
spy_begin(void *self, const uint8_t owner[16], void **upload, mars_error *err)
{
    mars_status st = tell(SPY_BEGIN, NULL, err);

    return st == MARS_OK ? spy.inner->begin(self, owner, upload, err) : st;
}

static mars_status
spy_append(void *upload, const void *data, size_t n, mars_error *err)
{
    mars_status st = tell(SPY_APPEND, NULL, err);

    return st == MARS_OK ? spy.inner->append(upload, data, n, err) : st;
}

static mars_status
spy_commit(void *upload, const char *name, mars_error *err)
{
    mars_status st = tell(SPY_COMMIT, name, err);

    if (st != MARS_OK) {
        spy.inner->abandon(upload);
        return st;
    }
    st = spy.inner->commit(upload, name, err);
    return st == MARS_OK ? tell(SPY_COMMITTED, name, err) : st;
}

static void
spy_abandon(void *upload)
{
    spy.inner->abandon(upload);
}

static mars_status
spy_rely(void *self, const char *name, mars_error *err)
{
    mars_status st = tell(SPY_RELY, name, err);

    return st == MARS_OK ? spy.inner->rely(self, name, err) : st;
}

static mars_status
spy_flush(void *self, mars_error *err)
{
    return spy.inner->flush(self, err);
}

static mars_status
spy_sweep(void *self, const uint8_t owner[16], mars_error *err)
{
    return spy.inner->sweep(self, owner, err);
}

static mars_status
spy_read(void *self, const char *name, uint64_t offset, void *out, size_t n, mars_error *err)
{
    mars_status st = tell(SPY_READ, name, err);

    return st == MARS_OK ? spy.inner->read(self, name, offset, out, n, err) : st;
}

static mars_status
spy_stat(void *self, const char *name, struct mrs_object_info *info, mars_error *err)
{
    mars_status st = tell(SPY_STAT, name, err);

    return st == MARS_OK ? spy.inner->stat(self, name, info, err) : st;
}

static mars_status
spy_list(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn, void *user,
         mars_error *err)
{
    mars_status st = tell(SPY_LIST, prefix, err);

    return st == MARS_OK ? spy.inner->list(self, prefix, what, fn, user, err) : st;
}

static mars_status
spy_remove(void *self, const char *name, mars_error *err)
{
    return spy.inner->remove(self, name, err);
}

static void
spy_close(void *self)
{
    spy.inner->close(self);
}

/* Near, so that what is done to an object is not hidden by a copy; see kit_far. */
static struct mrs_store_driver spy_driver = {
    .near = true,
    .begin = spy_begin,
    .append = spy_append,
    .commit = spy_commit,
    .abandon = spy_abandon,
    .rely = spy_rely,
    .flush = spy_flush,
    .sweep = spy_sweep,
    .read = spy_read,
    .stat = spy_stat,
    .list = spy_list,
    .remove = spy_remove,
    .close = spy_close,
};

void
kit_put_spy_between(struct mrs_store *store)
{
    struct store_inside *inside = (struct store_inside *)store;

    assert_ptr_equal(inside->url, mrs_store_url(store));
    spy.inner = inside->driver;
    spy.fn = NULL;
    spy_driver.near = true;
    inside->driver = &spy_driver;
}

void
kit_far(void)
{
    spy_driver.near = false;
}

void
kit_spy(struct kit *k, spy_fn fn, void *user)
{
    (void)k;
    spy.fn = fn;
    spy.user = user;
}

mars_status
kit_fail_spy(void *failure, enum spy_call call, const char *name)
{
    struct kit_failure *f = failure;

    if (call != f->call || (f->part != NULL && strstr(name, f->part) == NULL))
        return MARS_OK;
    return f->met++ >= f->skip ? f->st : MARS_OK;
}

mars_status
kit_log_spy(void *log, enum spy_call call, const char *name)
{
    static const char letters[] = "BC?RSLAY";
    struct kit_log *l = log;
    const char *kind = name != NULL ? strchr(name, '/') : NULL;

    if (call == SPY_COMMITTED || strchr(l->calls, letters[call]) == NULL)
        return MARS_OK;
    kind = kind != NULL ? strchr(kind + 1, '/') + 1 : "--";
    if (strncmp(kind, "log/", 4) == 0 && kind[4] != '\0')
        kind += 4;
    assert_true(l->n + 5 < sizeof l->text);
    l->n += (size_t)snprintf(l->text + l->n, 5, "%c%.2s ", letters[call], kind);
    return MARS_OK;
}
