/* The writing side of the file store: a file in tmp/ that gets its name once it is whole. */
#include "store/file_store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/file.h"
#include "platform/random.h"

enum { PENDING_MAX = 64 * 1024, DIRECT_MIN = PENDING_MAX / 2, BEHIND = 4 << 20 };
enum { OWNER_SIZE = 16, TMP_NAME_SIZE = 4 + 32 + 1 + 32 + 1 };

struct file_upload {
    struct mrs_file_store *store;
    struct mrs_file *file;
    char *path;
    struct mrs_buf pending; /* small appends on their way */
    uint64_t size;          /* written */
    uint64_t begun;         /* of these, on their way to the medium */
};

/* Write what is pending, then these bytes, uncopied. */
static mars_status
write_through(struct file_upload *u, const void *data, size_t n, mars_error *err)
{
    mars_status st = MARS_OK;

    if (u->pending.len > 0)
        st = mrs_file_append(u->file, u->pending.data, u->pending.len, err);
    if (st == MARS_OK && n > 0)
        st = mrs_file_append(u->file, data, n, err);
    u->size += u->pending.len + n;
    mrs_buf_reset(&u->pending);
    if (st == MARS_OK && u->size - u->begun >= BEHIND) {
        mrs_file_write_behind(u->file, u->begun, u->size - u->begun);
        u->begun = u->size;
    }
    return st;
}

/* Give the disk back what a failed upload holds. */
static void
discard(struct file_upload *u)
{
    mars_status ignored = MARS_OK; /* what stays behind is swept later */

    mrs_file_close(u->file);
    u->file = NULL;
    if (u->path != NULL)
        ignored = mrs_file_delete(u->path, NULL);
    (void)ignored;
    mrs_free(u->path);
    u->path = NULL;
}

mars_status
mrs_file_upload_append(void *upload, const void *data, size_t n, mars_error *err)
{
    struct file_upload *u = upload;
    mars_status st = MARS_OK;

    if (n >= DIRECT_MIN || n > PENDING_MAX - u->pending.len)
        st = write_through(u, data, n >= DIRECT_MIN ? n : 0, err);
    if (st == MARS_OK && n < DIRECT_MIN)
        st = mrs_buf_append(&u->pending, data, n, err);
    if (st != MARS_OK)
        discard(u);
    return st;
}

void
mrs_file_upload_abandon(void *upload)
{
    struct file_upload *u = upload;

    discard(u);
    mrs_buf_free(&u->pending);
    mrs_free(u);
}

/* tmp/OWNER-RANDOM */
static mars_status
tmp_name(const uint8_t *owner, char name[TMP_NAME_SIZE], mars_error *err)
{
    uint8_t random[16];
    mars_status st = mrs_random_fill(random, sizeof random, err);

    memcpy(name, "tmp/", 4);
    mrs_hex_encode(name + 4, owner, OWNER_SIZE);
    name[4 + 2 * OWNER_SIZE] = '-';
    if (st == MARS_OK)
        mrs_hex_encode(name + 4 + 2 * OWNER_SIZE + 1, random, sizeof random);
    return st;
}

static mars_status
create_tmp(struct file_upload *u, const char *path, mars_error *err)
{
    mars_status st = mrs_file_create(&u->file, path, err);

    /* A copy of a vault may have come without its empty directories. */
    if (st == MARS_ERR_NOT_FOUND && mrs_file_store_check(u->store, NULL) == MARS_OK) {
        st = mrs_file_store_make_dir(u->store, "tmp", err);
        if (st == MARS_OK)
            st = mrs_file_create(&u->file, path, err);
    }
    return st;
}

mars_status
mrs_file_upload_begin(void *self, const uint8_t owner[16], void **upload, mars_error *err)
{
    struct file_upload *u = mrs_alloc(sizeof *u);
    char name[TMP_NAME_SIZE];
    char *path = NULL;
    mars_status st;

    if (u == NULL)
        return mrs_nomem(err);
    u->store = self;
    u->pending = (struct mrs_buf)MRS_BUF_INIT(PENDING_MAX);
    st = tmp_name(owner, name, err);
    if (st == MARS_OK) {
        path = mrs_file_store_path(u->store, name);
        st = path != NULL ? create_tmp(u, path, err) : mrs_nomem(err);
    }
    if (st != MARS_OK) {
        mrs_free(path);
        mrs_free(u);
        return st;
    }
    u->path = path;
    *upload = u;
    return MARS_OK;
}

/* Make the directories above name that are not known to exist, or all of them where `again` says
 * that somebody removed one. *parent is the nearest. */
static mars_status
make_parents(struct mrs_file_store *s, const char *name, bool again, struct mrs_dir **parent,
             mars_error *err)
{
    char part[MRS_NAME_MAX + 1];
    const char *last = strrchr(name, '/');
    size_t len = last != NULL ? (size_t)(last - name) : 0;
    struct mrs_dir *above = mrs_dirs_add(&s->dirs, "", 0);

    *parent = again ? NULL : mrs_dirs_find(&s->dirs, name, len);
    if (*parent != NULL)
        return MARS_OK;
    for (size_t i = 1; above != NULL && i <= len; i++) {
        mars_status st;

        if (name[i] != '/')
            continue;
        memcpy(part, name, i);
        part[i] = '\0';
        if (!again && mrs_dirs_find(&s->dirs, part, i) != NULL) {
            above = mrs_dirs_find(&s->dirs, part, i);
            continue;
        }
        st = mrs_file_store_make_dir(s, part, err);
        if (st != MARS_OK)
            return st;
        /* Also if it was there: whoever made it may not have synced it yet. */
        mrs_dirs_touch(&s->dirs, above);
        above = mrs_dirs_add(&s->dirs, part, i);
    }
    *parent = above;
    return above != NULL ? MARS_OK : mrs_nomem(err);
}

static mars_status
publish(struct file_upload *u, const char *name, mars_error *err)
{
    char *path = mrs_file_store_path(u->store, name);
    struct mrs_dir *parent;
    mars_status st;

    if (path == NULL)
        return mrs_nomem(err);
    st = make_parents(u->store, name, false, &parent, err);
    if (st == MARS_OK)
        st = mrs_file_publish(u->path, path, err);
    if (st == MARS_ERR_NOT_FOUND) {
        st = make_parents(u->store, name, true, &parent, err);
        if (st == MARS_OK)
            st = mrs_file_publish(u->path, path, err);
    }
    /* A taken name counts too: the caller may rely on that object, whose maker may not have
     * flushed it. */
    if (st == MARS_OK || st == MARS_ERR_EXISTS)
        mrs_dirs_touch(&u->store->dirs, parent);
    if (st == MARS_ERR_EXISTS)
        st = mrs_fail(err, st, "the name is taken");
    mrs_free(path);
    return st;
}

mars_status
mrs_file_upload_commit(void *upload, const char *name, mars_error *err)
{
    struct file_upload *u = upload;
    mars_status st = write_through(u, NULL, 0, err);

    if (st == MARS_OK)
        st = mrs_file_sync(u->file, err);
    mrs_file_close(u->file);
    u->file = NULL;
    if (st == MARS_OK)
        st = publish(u, name, err);
    if (st == MARS_OK) {
        mrs_free(u->path);
        u->path = NULL;
    }
    mrs_file_upload_abandon(u);
    return st;
}
