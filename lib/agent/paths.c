#include "agent/paths.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "config/doc.h"
#include "platform/thread.h"

enum { LOCK_TRIES = 1000, LOCK_PAUSE_MS = 10 };

char *
mrs_config_path(const char *dir, const char *name)
{
    size_t a = strlen(dir), b = strlen(name);
    char *path = mrs_alloc(a + b + 2);

    if (path != NULL) {
        memcpy(path, dir, a);
        path[a] = '/';
        memcpy(path + a + 1, name, b);
    }
    return path;
}

static mars_status
pause_a_moment(mars_error *err)
{
    struct mrs_mutex *m = NULL;
    struct mrs_cond *c = NULL;
    mars_status st = mrs_mutex_new(&m, err);

    if (st == MARS_OK)
        st = mrs_cond_new(&c, err);
    if (st == MARS_OK) {
        mrs_mutex_lock(m);
        mrs_cond_wait_ms(c, m, LOCK_PAUSE_MS);
        mrs_mutex_unlock(m);
    }
    mrs_cond_free(c);
    mrs_mutex_free(m);
    return st;
}

mars_status
mrs_config_missing(const char *config_dir, mars_error *err)
{
    return mrs_fail(err, MARS_ERR_STATE, "%.150s: this machine is not registered", config_dir);
}

mars_status
mrs_config_lock(struct mrs_lock **out, const char *config_dir, mars_error *err)
{
    char *path = mrs_config_path(config_dir, "lock");
    mars_status st = path != NULL ? mrs_lock_take(out, path, err) : mrs_nomem(err);

    for (int i = 0; st == MARS_ERR_LOCKED && i < LOCK_TRIES; i++) {
        st = pause_a_moment(err);
        if (st == MARS_OK)
            st = mrs_lock_take(out, path, err);
    }
    mrs_free(path);
    return st != MARS_ERR_NOT_FOUND ? st : mrs_config_missing(config_dir, err);
}

mars_status
mrs_config_read(struct mrs_doc **out, const char *config_dir, const char *name, mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    char *path = mrs_config_path(config_dir, name);
    mars_status st = path != NULL ? mrs_file_slurp(path, &text, err) : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK) {
        st = mrs_doc_parse(out, text.data, text.len, err);
        if (st == MARS_ERR_CORRUPT)
            (void)mrs_context(err, st, "%.150s", path);
    }
    mrs_buf_free(&text);
    mrs_free(path);
    return st;
}

mars_status
mrs_config_write(const struct mrs_doc *doc, const char *config_dir, const char *name,
                 mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    char *path = mrs_config_path(config_dir, name);
    mars_status st = path != NULL ? mrs_doc_write(doc, &text, err) : mrs_nomem(err);

    if (st == MARS_OK)
        st = mrs_file_replace(path, text.data, text.len, err);
    mrs_buf_free(&text);
    mrs_free(path);
    return st;
}
