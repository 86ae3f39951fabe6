/* Objects are files below a directory, uploads are files in its tmp/. Durability in two steps: a
 * commit syncs the file's content, a flush the directories that hold the new names. */
#include "store/file_store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/file.h"

enum { OWNER_SIZE = 16, TMP_NAME_MAX = 4 + 255 };

char *
mrs_file_store_path(const struct mrs_file_store *s, const char *name)
{
    size_t root_len = strlen(s->root), name_len = strlen(name);
    char *path = mrs_alloc(root_len + 1 + name_len + 1);

    if (path == NULL)
        return NULL;
    memcpy(path, s->root, root_len);
    if (name_len > 0 || root_len == 0)
        path[root_len++] = '/';
    memcpy(path + root_len, name, name_len);
    return path;
}

mars_status
mrs_file_store_make_dir(const struct mrs_file_store *s, const char *name, mars_error *err)
{
    char *path = mrs_file_store_path(s, name);
    mars_status st = path != NULL ? mrs_dir_make(path, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

static mars_status
sync_dir(void *user, const char *name, mars_error *err)
{
    const struct mrs_file_store *s = user;
    char *path = mrs_file_store_path(s, name);
    mars_status st = path != NULL ? mrs_dir_sync(path, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

/* Make path, and what is missing above it, so that all of it survives a crash. `path` is changed
 * and changed back. */
static mars_status
make_durable(char *path, mars_error *err)
{
    char *slash = strrchr(path, '/');
    struct mrs_file_info info;
    mars_status st;

    if (slash == NULL || mrs_file_stat(path, &info, NULL) == MARS_OK)
        return MARS_OK;
    *slash = '\0';
    st = make_durable(path, err);
    *slash = '/';
    if (st == MARS_OK)
        st = mrs_dir_make(path, err);
    *slash = '\0';
    if (st == MARS_OK)
        st = mrs_dir_sync(slash != path ? path : "/", err);
    *slash = '/';
    return st;
}

mars_status
mrs_file_store_check(const struct mrs_file_store *s, mars_error *err)
{
    char *path = mrs_file_store_path(s, "");
    struct mrs_file_info info;
    mars_status st;

    if (path == NULL)
        return mrs_nomem(err);
    st = mrs_file_stat(path, &info, err);
    mrs_free(path);
    if (st == MARS_ERR_NOT_FOUND)
        return mrs_fail(err, st, "not found");
    if (st == MARS_OK && !info.is_dir)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "not a directory");
    return st;
}

static void
file_close(void *self)
{
    struct mrs_file_store *s = self;

    mrs_dirs_free(&s->dirs);
    mrs_free(s->root);
    mrs_free(s);
}

/* The first n bytes of name are a directory that exists: the next flush syncs it, and those
 * above. */
static mars_status
touch_all(struct mrs_file_store *s, const char *name, size_t n, mars_error *err)
{
    for (size_t i = 0; i <= n; i++) {
        struct mrs_dir *dir;

        if (i != 0 && i != n && name[i] != '/')
            continue;
        dir = mrs_dirs_add(&s->dirs, name, i);
        if (dir == NULL)
            return mrs_nomem(err);
        mrs_dirs_touch(&s->dirs, dir);
    }
    return MARS_OK;
}

static mars_status
file_rely(void *self, const char *name, mars_error *err)
{
    const char *last = strrchr(name, '/');

    return touch_all(self, name, last != NULL ? (size_t)(last - name) : 0, err);
}

static mars_status
file_flush(void *self, mars_error *err)
{
    struct mrs_file_store *s = self;

    return mrs_dirs_flush(&s->dirs, sync_dir, s, err);
}

struct sweep {
    const struct mrs_file_store *store;
    char prefix[2 * OWNER_SIZE + 2]; /* hex and a dash */
};

static mars_status
sweep_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    const struct sweep *w = user;
    char in_tmp[TMP_NAME_MAX + 1];
    char *path;
    mars_status st;

    if (is_dir || strlen(name) + 4 >= sizeof in_tmp
        || strncmp(name, w->prefix, strlen(w->prefix)) != 0)
        return MARS_OK;
    memcpy(in_tmp, "tmp/", 4);
    memcpy(in_tmp + 4, name, strlen(name) + 1);
    path = mrs_file_store_path(w->store, in_tmp);
    st = path != NULL ? mrs_file_delete(path, err) : mrs_nomem(err);
    mrs_free(path);
    return st == MARS_ERR_NOT_FOUND ? MARS_OK : st;
}

static mars_status
file_sweep(void *self, const uint8_t owner[16], mars_error *err)
{
    struct sweep w = { self, { 0 } };
    char *path = mrs_file_store_path(w.store, "tmp");
    mars_status st;

    if (path == NULL)
        return mrs_nomem(err);
    mrs_hex_encode(w.prefix, owner, OWNER_SIZE);
    w.prefix[2 * OWNER_SIZE] = '-';
    w.prefix[2 * OWNER_SIZE + 1] = '\0';
    st = mrs_dir_each(path, sweep_one, &w, err);
    mrs_free(path);
    return st == MARS_ERR_NOT_FOUND ? MARS_OK : st;
}

static mars_status
no_object(const char *name, mars_error *err)
{
    return mrs_fail(err, MARS_ERR_NOT_FOUND, "object %s: not found", name);
}

static mars_status
stat_path(const char *path, const char *name, struct mrs_object_info *info, mars_error *err)
{
    struct mrs_file_info file;
    mars_status st = mrs_file_stat(path, &file, err);

    if (st == MARS_ERR_NOT_FOUND || (st == MARS_OK && file.is_dir))
        return no_object(name, err);
    if (st == MARS_OK) {
        info->size = file.size;
        info->mtime = file.mtime;
    }
    return st;
}

mars_status
mrs_file_store_stat(void *self, const char *name, struct mrs_object_info *info, mars_error *err)
{
    char *path = mrs_file_store_path(self, name);
    mars_status st = path != NULL ? stat_path(path, name, info, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

/* Opens the file each time: that costs some microseconds, and nobody ever sees what stood there
 * before. */
static mars_status
file_read(void *self, const char *name, uint64_t offset, void *out, size_t n, mars_error *err)
{
    char *path = mrs_file_store_path(self, name);
    struct mrs_file *f = NULL;
    struct mrs_object_info info;
    size_t got = 0;
    mars_status st;

    if (path == NULL)
        return mrs_nomem(err);
    st = mrs_file_open(&f, path, err);
    if (st == MARS_OK && offset <= INT64_MAX && n <= INT64_MAX - offset)
        st = mrs_file_read_at(f, offset, out, n, &got, err);
    if (st == MARS_OK && got < n)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "object %s: ends too early", name);
    else if (st == MARS_ERR_NOT_FOUND)
        st = no_object(name, err);
    else if (st == MARS_ERR_IO && stat_path(path, name, &info, NULL) == MARS_ERR_NOT_FOUND)
        st = no_object(name, err); /* a directory */
    mrs_file_close(f);
    mrs_free(path);
    return st;
}

static mars_status
file_remove(void *self, const char *name, mars_error *err)
{
    char *path = mrs_file_store_path(self, name);
    mars_status st = path != NULL ? mrs_file_delete(path, err) : mrs_nomem(err);

    mrs_free(path);
    return st == MARS_ERR_NOT_FOUND ? no_object(name, err) : st;
}

static const struct mrs_store_driver file_driver = {
    .near = true,
    .begin = mrs_file_upload_begin,
    .append = mrs_file_upload_append,
    .commit = mrs_file_upload_commit,
    .abandon = mrs_file_upload_abandon,
    .rely = file_rely,
    .flush = file_flush,
    .sweep = file_sweep,
    .read = file_read,
    .stat = mrs_file_store_stat,
    .list = mrs_file_store_list,
    .remove = file_remove,
    .close = file_close,
};

mars_status
mrs_store_file_open(const char *path, int create, void **self,
                    const struct mrs_store_driver **driver, mars_error *err)
{
    struct mrs_file_store *s = mrs_alloc(sizeof *s);
    size_t len = strlen(path);
    mars_status st;

    if (s == NULL)
        return mrs_nomem(err);
    while (len > 0 && path[len - 1] == '/')
        len--;
    s->root = mrs_strndup(path, len);
    st = s->root != NULL ? mrs_dirs_init(&s->dirs, err) : mrs_nomem(err);
    if (st == MARS_OK && create)
        st = make_durable(s->root, err);
    if (st == MARS_OK)
        st = mrs_file_store_check(s, err);
    if (st == MARS_OK && create)
        st = mrs_file_store_make_dir(s, "tmp", err);
    if (st != MARS_OK) {
        file_close(s);
        return st;
    }
    *self = s;
    *driver = &file_driver;
    return MARS_OK;
}
