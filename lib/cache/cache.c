#include "cache/cache.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "cache/cache_int.h"
#include "platform/file.h"
#include "platform/random.h"

enum { TMP_NAME_SIZE = 2 * 16 + 1, TMP_MAX_AGE_S = 24 * 60 * 60 };

char *
mrs_cache_join(const char *a, const char *b, const char *c)
{
    size_t n = strlen(a) + 1 + strlen(b) + (c != NULL ? 1 + strlen(c) : 0) + 1;
    char *path = mrs_alloc(n);

    if (path != NULL)
        (void)snprintf(path, n, "%s/%s%s%s", a, b, c != NULL ? "/" : "", c != NULL ? c : "");
    return path;
}

char *
mrs_cache_domain_root(const char *dir, const uint8_t domain[16])
{
    char hex[2 * 16 + 1];

    mrs_hex_encode(hex, domain, 16);
    return mrs_cache_join(dir, hex, NULL);
}

char *
mrs_cache_path(struct mrs_cache *c, const char *folder, const char *name)
{
    char *path;

    mrs_mutex_lock(c->lock);
    path = mrs_cache_join(c->at->root, folder, name);
    mrs_mutex_unlock(c->lock);
    return path;
}

char *
mrs_cache_root(struct mrs_cache *c)
{
    char *root;

    mrs_mutex_lock(c->lock);
    root = mrs_strndup(c->at->root, strlen(c->at->root));
    mrs_mutex_unlock(c->lock);
    return root;
}

const struct mrs_cache_place *
mrs_cache_at(struct mrs_cache *c)
{
    const struct mrs_cache_place *at;

    mrs_mutex_lock(c->lock);
    at = c->at;
    mrs_mutex_unlock(c->lock);
    return at;
}

const char *
mrs_cache_dir(struct mrs_cache *c)
{
    return mrs_cache_at(c)->dir;
}

void
mrs_cache_set_check(struct mrs_cache *c, mrs_cache_check_fn fn, void *user)
{
    c->check = fn;
    c->check_user = user;
}

static mars_status
make_folder(struct mrs_cache *c, const char *folder, mars_error *err)
{
    char *path = mrs_cache_path(c, folder, NULL);
    mars_status st = path != NULL ? mrs_dir_make(path, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

mars_status
mrs_cache_tmp_path(struct mrs_cache *c, char **out, mars_error *err)
{
    uint8_t random[16];
    char name[TMP_NAME_SIZE];
    mars_status st = mrs_random_fill(random, sizeof random, err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    mrs_hex_encode(name, random, sizeof random);
    *out = mrs_cache_path(c, MRS_CACHE_TMP, name);
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

/* Can it be written to? */
static mars_status
probe(struct mrs_cache *c, mars_error *err)
{
    struct mrs_file *f = NULL;
    char *path = NULL;
    mars_status st = mrs_cache_tmp_path(c, &path, err);

    if (st == MARS_OK)
        st = mrs_file_create(&f, path, err);
    if (st == MARS_OK) {
        st = mrs_file_append(f, "x", 1, err);
        mrs_file_close(f);
        if (st == MARS_OK)
            st = mrs_file_delete(path, err);
        else
            (void)!mrs_file_delete(path, NULL);
    }
    mrs_free(path);
    return st;
}

struct sweep {
    struct mrs_cache *c;
    int64_t now;
};

/* What a killed process left half written, a day later: nobody is writing it now. */
static mars_status
sweep_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    const struct sweep *s = user;
    char *path = mrs_cache_path(s->c, MRS_CACHE_TMP, name);
    struct mrs_file_info info;

    if (path == NULL)
        return mrs_nomem(err);
    if (!is_dir && mrs_file_stat(path, &info, NULL) == MARS_OK &&
        (info.mtime.s < s->now - TMP_MAX_AGE_S || info.mtime.s > s->now + TMP_MAX_AGE_S))
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
    return MARS_OK;
}

static mars_status
sweep_tmp(struct mrs_cache *c, mars_error *err)
{
    struct sweep s = { c, mrs_clock_wall().s };
    char *path = mrs_cache_path(c, MRS_CACHE_TMP, NULL);
    mars_status st = path != NULL ? mrs_dir_each(path, sweep_one, &s, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

mars_status
mrs_cache_sync_dirs(struct mrs_cache *c, mars_error *err)
{
    const struct mrs_cache_place *at = mrs_cache_at(c);
    const char *slash = strrchr(at->dir, '/');
    size_t above = slash != NULL && slash > at->dir ? (size_t)(slash - at->dir) : 1;
    char *parent = mrs_strndup(at->dir, above);
    mars_status st = parent != NULL ? mrs_dir_sync(at->root, err) : mrs_nomem(err);

    if (st == MARS_OK)
        st = mrs_dir_sync(at->dir, err);
    /* It may be one that this process must not open, and need not be where dir was there before. */
    if (st == MARS_OK)
        (void)!mrs_dir_sync(parent, NULL);
    mrs_free(parent);
    return st;
}

/* Is the last folder that make_all makes there? */
static mars_status
is_made(struct mrs_cache *c, bool *yes, mars_error *err)
{
    char *path = mrs_cache_path(c, MRS_CACHE_TMP, NULL);
    struct mrs_file_info info;

    *yes = path != NULL && mrs_file_stat(path, &info, NULL) == MARS_OK;
    mrs_free(path);
    return path != NULL ? MARS_OK : mrs_nomem(err);
}

static mars_status
make_all(struct mrs_cache *c, mars_error *err)
{
    bool made = true;
    mars_status st = is_made(c, &made, err);

    if (st == MARS_OK)
        st = mrs_dir_make(c->at->dir, err);
    if (st == MARS_OK)
        st = mrs_dir_make(c->at->root, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_OBJECTS, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_TREES, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_POINTS, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_RUNS, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_JOURNAL, err);
    /* Before tmp is made, so that the next process does it where this one does not come so far. */
    if (st == MARS_OK && !made)
        st = mrs_cache_sync_dirs(c, err);
    if (st == MARS_OK)
        st = make_folder(c, MRS_CACHE_TMP, err);
    if (st == MARS_OK)
        st = probe(c, err);
    return st == MARS_OK ? sweep_tmp(c, err) : st;
}

/* One key for the checks, one that seals. */
static mars_status
take_key(struct mrs_cache *c, const uint8_t key[MRS_CACHE_KEY_SIZE], mars_error *err)
{
    static const char check_info[] = "mars cache check v1", tree_info[] = "mars cache tree v1";
    uint8_t check[MRS_CACHE_KEY_SIZE];
    mars_status st = mrs_hkdf(key, MRS_CACHE_KEY_SIZE, NULL, 0, check_info, sizeof check_info - 1,
                              check, sizeof check, err);

    if (st == MARS_OK)
        st = mrs_hmac_new(&c->mac, check, sizeof check, err);
    if (st == MARS_OK)
        st = mrs_hkdf(key, MRS_CACHE_KEY_SIZE, NULL, 0, tree_info, sizeof tree_info - 1,
                      c->tree_key, sizeof c->tree_key, err);
    mrs_wipe(check, sizeof check);
    return st;
}

static struct mrs_cache_place *
new_place(const char *dir, const uint8_t domain[16])
{
    struct mrs_cache_place *p = mrs_alloc(sizeof *p + strlen(dir) + 1);

    if (p == NULL)
        return NULL;
    memcpy(p->dir, dir, strlen(dir) + 1);
    p->root = mrs_cache_domain_root(dir, domain);
    if (p->root == NULL) {
        mrs_free(p);
        return NULL;
    }
    return p;
}

mars_status
mrs_cache_open(struct mrs_cache **out, const char *dir, const uint8_t domain[16],
               const uint8_t key[MRS_CACHE_KEY_SIZE], mars_error *err)
{
    struct mrs_cache *c;
    mars_status st;

    *out = NULL;
    c = mrs_alloc(sizeof *c);
    if (c == NULL)
        return mrs_nomem(err);
    c->at = new_place(dir, domain);
    st = c->at != NULL ? mrs_mutex_new(&c->lock, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = take_key(c, key, err);
    if (st == MARS_OK)
        st = make_all(c, err);
    if (st == MARS_OK) {
        *out = c;
        return MARS_OK;
    }
    mrs_cache_close(c);
    if (st == MARS_ERR_NOMEM)
        return st;
    return mrs_context(err, st == MARS_ERR_QUOTA ? st : MARS_ERR_IO, "cache %s", dir);
}

void
mrs_cache_set_logger(struct mrs_cache *c, const struct mrs_logger *logger)
{
    c->logger = logger;
}

void
mrs_cache_close(struct mrs_cache *c)
{
    if (c == NULL)
        return;
    mrs_hmac_free(c->mac);
    mrs_mutex_free(c->lock);
    while (c->at != NULL) {
        struct mrs_cache_place *p = c->at;

        c->at = p->before;
        mrs_free(p->root);
        mrs_free(p);
    }
    mrs_wipe(c, sizeof *c);
    mrs_free(c);
}

/* The check binds the name, so that no file can stand in for another. */
mars_status
mrs_cache_tag(struct mrs_cache *c, const char *what, const void *data, size_t n,
              uint8_t tag[MRS_CACHE_TAG_SIZE], mars_error *err)
{
    return mrs_hmac_run(c->mac, what, strlen(what) + 1, data, n, tag, err);
}
