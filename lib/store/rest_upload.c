/* The writing half of the REST stores: an object is sent when it is whole, since its size and its
 * digest go before it. What is small waits in memory, the rest in a file that has no name. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/file.h"
#include "store/rest.h"

enum { MEMORY_MAX = 1 << 20, OBJECT_MAX = 256 << 20, ANSWER_MAX = 64 << 10 };

struct upload {
    const struct mrs_rest_view *view;
    struct mrs_buf bytes;
    struct mrs_file *file;  /* NULL: all is in bytes */
    uint64_t size;
    struct mrs_sha256 *sha256;
    struct mrs_md5 *md5;    /* NULL: not wanted */
};

mars_status
mrs_rest_begin(void *self, const uint8_t owner[16], void **upload, mars_error *err)
{
    struct upload *u = mrs_alloc(sizeof *u);
    mars_status st;

    (void)owner;
    if (u == NULL)
        return mrs_nomem(err);
    u->view = self;
    u->bytes = (struct mrs_buf)MRS_BUF_INIT(OBJECT_MAX);
    st = mrs_sha256_new(&u->sha256, err);
    if (st == MARS_OK && u->view->rest->kind->md5)
        st = mrs_md5_new(&u->md5, err);
    if (st != MARS_OK)
        mrs_rest_abandon(u);
    else
        *upload = u;
    return st;
}

void
mrs_rest_abandon(void *upload)
{
    struct upload *u = upload;

    mrs_file_close(u->file);
    mrs_buf_free(&u->bytes);
    mrs_sha256_free(u->sha256);
    mrs_md5_free(u->md5);
    mrs_free(u);
}

/* Where there is a place for files and it pays. */
static mars_status
move_to_file(struct upload *u, mars_error *err)
{
    const struct mrs_stage *stage = &u->view->rest->stage;
    mars_status st = stage->open(stage->user, &u->file, err);

    if (st == MARS_OK && u->bytes.len > 0)
        st = mrs_file_append(u->file, u->bytes.data, u->bytes.len, err);
    if (st == MARS_OK)
        mrs_buf_free(&u->bytes);
    return st;
}

mars_status
mrs_rest_append(void *upload, const void *data, size_t n, mars_error *err)
{
    struct upload *u = upload;
    bool spills = u->file == NULL && u->bytes.len + n > MEMORY_MAX &&
                  u->view->rest->stage.open != NULL;
    mars_status st = spills ? move_to_file(u, err) : MARS_OK;

    if (st == MARS_OK)
        st = u->file != NULL ? mrs_file_append(u->file, data, n, err)
                             : mrs_buf_append(&u->bytes, data, n, err);
    if (st == MARS_OK)
        st = mrs_sha256_update(u->sha256, data, n, err);
    if (st == MARS_OK && u->md5 != NULL)
        st = mrs_md5_update(u->md5, data, n, err);
    u->size += n;
    return st;
}

/* Is what stands there ours? Of a file the caller knows by its name. */
static bool
is_ours(const struct upload *u, const char *name)
{
    struct mrs_buf there = MRS_BUF_INIT(MEMORY_MAX);
    bool same;

    if (u->file != NULL || u->bytes.len > MEMORY_MAX)
        return false;
    same = mrs_rest_driver.get((void *)(uintptr_t)u->view, name, &there, NULL) == MARS_OK &&
           there.len == u->bytes.len &&
           (there.len == 0 || memcmp(there.data, u->bytes.data, there.len) == 0);
    mrs_buf_free(&there);
    return same;
}

/* The name is taken: perhaps by ourselves, since the answer to an attempt may have been lost. Not
 * all attempts are counted: on a connection that the server had closed one is made again further
 * down. Who may only create is told by some servers that he may not overwrite. */
static mars_status
settle(const struct upload *u, const char *name, mars_status put, mars_error *err)
{
    struct mrs_object_info info;

    if (put != MARS_ERR_EXISTS && put != MARS_ERR_FORBIDDEN)
        return put;
    if (is_ours(u, name)) {
        mrs_error_clear(err);
        mrs_logf(u->view->rest->logger, MARS_LEVEL_INFO, "store", "%s: an attempt whose answer was "
                 "lost had stored it", name);
        return MARS_OK;
    }
    if (put == MARS_ERR_FORBIDDEN &&
        mrs_rest_driver.stat((void *)(uintptr_t)u->view, name, &info, NULL) == MARS_OK)
        return mrs_fail(err, MARS_ERR_EXISTS, "the name is taken");
    return put;
}

static mars_status
put(struct upload *u, const char *name, mars_error *err)
{
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ANSWER_MAX);
    struct mrs_rest_call c = { .method = "PUT",
                               .name = name,
                               .body = u->bytes.data,
                               .file = u->file,
                               .body_len = u->size,
                               .stop = u->view->stop };
    uint8_t md5[MRS_MD5_SIZE];
    mars_status st = mrs_sha256_finish(u->sha256, c.sha256, err);

    if (st == MARS_OK && u->md5 != NULL)
        st = mrs_md5_finish(u->md5, md5, err);
    if (st == MARS_OK) {
        mrs_rest_say(&c, "if-none-match", "*");
        u->view->rest->kind->put(u->view->rest, &c, md5);
        st = mrs_rest_run(u->view->rest, &c, &a, err);
    }
    mrs_http_answer_free(&a);
    return settle(u, name, st, err);
}

mars_status
mrs_rest_commit(void *upload, const char *name, mars_error *err)
{
    struct upload *u = upload;
    mars_status st = put(u, name, err);

    mrs_rest_abandon(u);
    return st;
}
