#include "agent/cache.h"

#include <string.h>

#include "agent/paths.h"
#include "base/alloc.h"
#include "base/err.h"

mars_status
mrs_agent_cache(struct mrs_cache **out, const char *dir, const struct mrs_keyring *keys,
                mars_error *err)
{
    uint8_t key[MRS_CACHE_KEY_SIZE];
    mars_status st = mrs_keyring_cache_key(keys, key, err);

    *out = NULL;
    if (st == MARS_OK)
        st = mrs_cache_open(out, dir, keys->domain, key, err);
    mrs_wipe(key, sizeof key);
    return st;
}

enum { STAGED_BYTES = 32 << 20 }; /* of a pack */

static mars_status
open_staged(void *user, struct mrs_file **out, mars_error *err)
{
    return mrs_cache_stage(user, STAGED_BYTES, out, err);
}

void
mrs_agent_cache_stages(struct mrs_cache *cache, struct mrs_store *store)
{
    struct mrs_stage stage = { open_staged, cache };

    mrs_store_set_stage(store, &stage);
}

/* Is dir where the registration has the cache? */
static mars_status
check_present(const struct mrs_registration *r, const char *dir, mars_error *err)
{
    if (strcmp(r->cache_dir, dir) == 0)
        return MARS_OK;
    return mrs_fail(err, MARS_ERR_STATE, "the cache was moved to %.150s: open the agent again",
                    r->cache_dir);
}

/* The same, by what is written now. */
static mars_status
load_and_check(const char *config_dir, const char *dir, mars_error *err)
{
    struct mrs_registration r;
    mars_status st = mrs_registration_load(&r, config_dir, err);

    if (st == MARS_OK)
        st = check_present(&r, dir, err);
    mrs_registration_free(&r);
    return st;
}

static mars_status
check_as_journal_opens(void *user, const char *dir, mars_error *err)
{
    return load_and_check(user, dir, err);
}

void
mrs_agent_cache_watch(struct mrs_cache *cache, char *config_dir)
{
    mrs_cache_set_check(cache, check_as_journal_opens, config_dir);
}

mars_status
mrs_agent_cache_settings(const char *config_dir, struct mrs_cache *cache,
                         struct mrs_cache_settings *settings, mars_error *err)
{
    struct mrs_registration r;
    mars_status st = mrs_registration_load(&r, config_dir, err);

    if (st == MARS_OK)
        st = check_present(&r, mrs_cache_dir(cache), err);
    *settings = mrs_cache_settings_in_force(&r.cache);
    if (st == MARS_OK)
        mrs_cache_set_quota(cache, settings->quota);
    mrs_registration_free(&r);
    return st;
}

mars_status
mrs_agent_cache_set(const char *config_dir, const struct mrs_cache_settings *settings,
                    mars_error *err)
{
    struct mrs_registration r = { .old_caches = MRS_VEC_INIT(char *) };
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_config_lock(&lock, config_dir, err);

    if (st == MARS_OK)
        st = mrs_registration_load(&r, config_dir, err);
    r.cache = *settings;
    if (st == MARS_OK)
        st = mrs_registration_update(&r, config_dir, err);
    mrs_registration_free(&r);
    mrs_lock_release(lock);
    return st;
}

/* dir, or where it is not there yet what is above it, must not be in the old place: that will be
 * removed. */
static mars_status
check_place(const char *old, const char *dir, mars_error *err)
{
    struct mrs_file_info info;
    const char *slash = strrchr(dir, '/');
    size_t above = slash != NULL && slash > dir ? (size_t)(slash - dir) : 1;
    char *at = mrs_file_stat(dir, &info, NULL) == MARS_OK ? mrs_strndup(dir, strlen(dir))
                                                         : mrs_strndup(dir, above);
    bool inside = false;
    mars_status st = at != NULL ? mrs_dir_holds(old, at, &inside, err) : mrs_nomem(err);

    if (st == MARS_OK && inside)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "%.180s is in the cache's present directory", dir);
    mrs_free(at);
    return st;
}

/* The new place becomes the registration's. */
static mars_status
write_place(const char *config_dir, const char *old, const char *dir, mars_error *err)
{
    struct mrs_registration r = { .old_caches = MRS_VEC_INIT(char *) };
    struct mrs_lock *lock = NULL;
    char *copy = mrs_strndup(dir, strlen(dir));
    mars_status st = copy != NULL ? mrs_config_lock(&lock, config_dir, err) : mrs_nomem(err);

    if (st == MARS_OK)
        st = mrs_registration_load(&r, config_dir, err);
    if (st == MARS_OK && old != NULL)
        st = check_present(&r, old, err);
    if (st == MARS_OK)
        st = mrs_registration_add_old_cache(&r, r.cache_dir, err);
    if (st == MARS_OK) {
        mrs_registration_reuse_place(&r, dir);
        mrs_free(r.cache_dir);
        r.cache_dir = copy;
        copy = NULL;
        st = mrs_registration_update(&r, config_dir, err);
    }
    mrs_free(copy);
    mrs_registration_free(&r);
    mrs_lock_release(lock);
    return st;
}

/* Is there anything of this domain in dir? */
static mars_status
was_used(const char *dir, const uint8_t domain[16], bool *used, mars_error *err)
{
    struct mrs_lock *held = NULL;
    mars_status st = mrs_cache_hold(dir, domain, &held, err);

    *used = st != MARS_ERR_NOT_FOUND;
    mrs_lock_release(held);
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

/* Copy, if the cache is still where this process has it: what is in a place that it has left is
 * old, and must not replace what came after in another. */
static mars_status
copy_present(const char *config_dir, struct mrs_cache *cache, struct mrs_cache *place,
             mars_error *err)
{
    mars_status st = load_and_check(config_dir, mrs_cache_dir(cache), err);

    if (st != MARS_OK)
        return st;
    st = mrs_cache_copy(cache, place, err);
    return st == MARS_OK ? st : mrs_context(err, st, "copying the cache");
}

/* What a write that failed left behind may be the old file or the new one. *known: it can be told
 * which. */
static bool
is_written(const char *config_dir, const char *dir, bool *known)
{
    struct mrs_registration r;
    bool yes;

    *known = mrs_registration_load(&r, config_dir, NULL) == MARS_OK;
    yes = *known && strcmp(r.cache_dir, dir) == 0;
    mrs_registration_free(&r);
    return yes;
}

/* Both places are held. A copy that came to nothing is taken away again, unless there was one
 * before. */
static mars_status
move_held(const char *config_dir, struct mrs_cache *cache, struct mrs_cache *place, bool used,
          const uint8_t domain[16], mars_error *err)
{
    bool known = true, written = false;
    mars_status st = copy_present(config_dir, cache, place, err);

    if (st == MARS_OK) {
        st = write_place(config_dir, mrs_cache_dir(cache), mrs_cache_dir(place), err);
        written = st == MARS_OK || is_written(config_dir, mrs_cache_dir(place), &known);
    }
    if (written)
        mrs_cache_follow(cache, place);
    else if (known && !used)
        (void)!mrs_cache_remove(mrs_cache_dir(place), domain, NULL);
    return st;
}

mars_status
mrs_agent_cache_move(const char *config_dir, const struct mrs_keyring *keys,
                     struct mrs_cache *cache, const char *dir, mars_error *err)
{
    struct mrs_cache *place = NULL;
    struct mrs_lock *from = NULL, *to = NULL;
    bool used = false;
    mars_status st = MARS_OK;

    if (cache != NULL) {
        st = check_place(mrs_cache_dir(cache), dir, err);
        if (st == MARS_OK)
            st = mrs_cache_hold(mrs_cache_dir(cache), keys->domain, &from, err);
        if (st == MARS_OK)
            st = was_used(dir, keys->domain, &used, err);
    }
    if (st == MARS_OK)
        st = mrs_agent_cache(&place, dir, keys, err);
    if (st == MARS_OK)
        st = mrs_cache_hold(dir, keys->domain, &to, err);
    if (st == MARS_OK)
        st = cache != NULL ? move_held(config_dir, cache, place, used, keys->domain, err)
                           : write_place(config_dir, NULL, dir, err);
    mrs_cache_close(place);
    mrs_lock_release(to);
    mrs_lock_release(from);
    return st;
}

/* The directory is gone, or of no use any more. */
static mars_status
forget_place(const char *config_dir, const char *dir, mars_error *err)
{
    struct mrs_registration r = { .old_caches = MRS_VEC_INIT(char *) };
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_config_lock(&lock, config_dir, err);

    if (st == MARS_OK)
        st = mrs_registration_load(&r, config_dir, err);
    if (st == MARS_OK) {
        mrs_registration_drop_old_cache(&r, dir);
        st = mrs_registration_update(&r, config_dir, err);
    }
    mrs_registration_free(&r);
    mrs_lock_release(lock);
    return st;
}

/* Remove what is in an old place, unless the cache was moved back to it just now, or is in it under
 * another name: links may have changed since. */
static mars_status
tidy_one(const char *config_dir, const char *dir, const uint8_t domain[16], mars_error *err)
{
    struct mrs_registration now = { .old_caches = MRS_VEC_INIT(char *) };
    struct mrs_lock *held = NULL;
    bool in_use = false;
    mars_status st = mrs_cache_hold(dir, domain, &held, err);

    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        return forget_place(config_dir, dir, err);
    }
    if (st == MARS_OK)
        st = mrs_registration_load(&now, config_dir, err);
    if (st == MARS_OK && mrs_registration_has_old_cache(&now, dir)) {
        st = mrs_dir_holds(dir, now.cache_dir, &in_use, err);
        if (st == MARS_OK && !in_use)
            st = mrs_cache_remove(dir, domain, err);
        if (st == MARS_OK)
            st = forget_place(config_dir, dir, err);
    }
    mrs_registration_free(&now);
    mrs_lock_release(held);
    return st;
}

mars_status
mrs_agent_cache_tidy(const char *config_dir, mars_error *err)
{
    struct mrs_registration r;
    mars_status st = mrs_registration_load(&r, config_dir, err), one;

    for (size_t i = 0; i < r.old_caches.len; i++) {
        one = tidy_one(config_dir, *(char **)mrs_vec_at(&r.old_caches, i), r.domain, err);
        st = one != MARS_OK ? one : st;
    }
    mrs_registration_free(&r);
    return st;
}
