#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cache.h"
#include "failing_alloc.h"
#include "kit.h"
#include "platform/file.h"

static const char NAME[] = "ledger/0000000000000001";
static const uint8_t ITEM[16] = { 1 };

/* A registered machine with its cache open, and a place to move it to. */
struct room {
    struct kit k;
    struct mrs_keyring *keys;
    struct mrs_cache *cache;
    char to[KIT_PATH_MAX];
};

static int
set_up(void **state)
{
    static struct room r;
    struct mrs_register_spec spec;
    struct mrs_registration reg;

    memset(&r, 0, sizeof r);
    kit_make(&r.k);
    spec = kit_spec(&r.k);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    assert_int_equal(mrs_registration_load(&reg, r.k.config, NULL), MARS_OK);
    assert_int_equal(mrs_registration_keys(&reg, r.k.config, &r.keys, NULL), MARS_OK);
    assert_int_equal(mrs_agent_cache(&r.cache, reg.cache_dir, r.keys, NULL), MARS_OK);
    mrs_registration_free(&reg);
    assert_int_equal(mrs_cache_put(r.cache, NAME, "record", 6, NULL), MARS_OK);
    (void)snprintf(r.to, sizeof r.to, "%s/to", r.k.dir);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    mrs_cache_close(r->cache);
    mrs_keyring_free(r->keys);
    kit_remove(&r->k);
    return 0;
}

static bool
is_there(const char *path)
{
    struct mrs_file_info info;

    return mrs_file_stat(path, &info, NULL) == MARS_OK;
}

static void
assert_registered(const struct room *r, const char *dir, size_t old)
{
    struct mrs_registration reg;

    assert_int_equal(mrs_registration_load(&reg, r->k.config, NULL), MARS_OK);
    assert_string_equal(reg.cache_dir, dir);
    assert_int_equal(reg.old_caches.len, old);
    mrs_registration_free(&reg);
}

static void
assert_copy(struct mrs_cache *c)
{
    struct mrs_buf b = MRS_BUF_INIT(100);

    assert_int_equal(mrs_cache_get(c, NAME, &b, NULL), MARS_OK);
    mrs_buf_free(&b);
}

static mars_status
move(const struct room *r, const char *dir, mars_error *err)
{
    return mrs_agent_cache_move(r->k.config, r->keys, r->cache, dir, err);
}

static void
settings_are_kept_and_have_defaults(void **state)
{
    struct room *r = *state;
    struct mrs_cache_settings s;
    const struct mrs_cache_settings other = { 5 << 20, 100, 20 };
    struct mrs_register_spec spec = kit_spec(&r->k);

    assert_int_equal(mrs_agent_cache_settings(r->k.config, r->cache, &s, NULL), MARS_OK);
    assert_int_equal(s.quota, 0);
    assert_int_equal(s.warn_permille, 50);
    assert_int_equal(s.refuse_permille, 1);
    assert_int_equal(mrs_agent_cache_set(r->k.config, &other, NULL), MARS_OK);
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK); /* once more: they stay */
    assert_int_equal(mrs_agent_cache_settings(r->k.config, r->cache, &s, NULL), MARS_OK);
    assert_int_equal(s.quota, 5 << 20);
    assert_int_equal(s.warn_permille, 100);
    assert_int_equal(s.refuse_permille, 20);
    spec.cache_quota = 7 << 20;
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    assert_int_equal(mrs_agent_cache_settings(r->k.config, r->cache, &s, NULL), MARS_OK);
    assert_int_equal(s.quota, 7 << 20);
    assert_int_equal(s.warn_permille, 100);
}

static void
a_moved_cache_leaves_its_old_place_until_it_is_tidied(void **state)
{
    struct room *r = *state;
    struct mrs_cache_settings s;

    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_registered(r, r->to, 1);
    assert_string_equal(mrs_cache_dir(r->cache), r->to);
    assert_copy(r->cache);
    assert_true(is_there(r->k.cache));
    assert_int_equal(mrs_agent_cache_settings(r->k.config, r->cache, &s, NULL), MARS_OK);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_false(is_there(r->k.cache));
    assert_registered(r, r->to, 0);
    assert_copy(r->cache);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
}

static void
moving_back_forgets_that_the_place_is_old(void **state)
{
    struct room *r = *state;

    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_int_equal(move(r, r->k.cache, NULL), MARS_OK);
    assert_registered(r, r->k.cache, 1);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_registered(r, r->k.cache, 0);
    assert_false(is_there(r->to));
    assert_copy(r->cache);
}

static void
places_of_no_use_are_refused_and_nothing_changes(void **state)
{
    struct room *r = *state;
    struct mrs_journal *j = NULL;
    char dir[KIT_PATH_MAX + 32];
    mars_error err;

    assert_int_equal(move(r, r->k.cache, &err), MARS_ERR_INVALID_ARG);
    (void)snprintf(dir, sizeof dir, "%s/inside", r->k.cache);
    assert_int_equal(move(r, dir, &err), MARS_ERR_INVALID_ARG);
    assert_non_null(strstr(err.message, dir));
    assert_false(is_there(dir));
    (void)snprintf(dir, sizeof dir, "%s/no/where", r->k.dir);
    assert_int_equal(move(r, dir, &err), MARS_ERR_NOT_FOUND);
    (void)snprintf(dir, sizeof dir, "%s/file", r->k.dir);
    assert_int_equal(mrs_file_replace(dir, "x", 1, NULL), MARS_OK);
    assert_int_equal(move(r, dir, &err), MARS_ERR_IO);
    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(move(r, r->to, &err), MARS_ERR_LOCKED);
    mrs_journal_close(j);
    assert_false(is_there(r->to));
    assert_registered(r, r->k.cache, 0);
    assert_copy(r->cache);
}

/* As a process finds it that had the cache open while another one moved it. */
static void
who_has_it_open_elsewhere_is_told(void **state)
{
    struct room *r = *state;
    struct mrs_cache *other = NULL;
    struct mrs_cache_settings s;
    char third[KIT_PATH_MAX + 8];
    mars_error err;

    assert_int_equal(mrs_agent_cache(&other, r->k.cache, r->keys, NULL), MARS_OK);
    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_int_equal(mrs_agent_cache_settings(r->k.config, other, &s, &err), MARS_ERR_STATE);
    assert_non_null(strstr(err.message, r->to));
    (void)snprintf(third, sizeof third, "%s/third", r->k.dir);
    assert_int_equal(mrs_agent_cache_move(r->k.config, r->keys, other, third, &err),
                     MARS_ERR_STATE);
    assert_non_null(strstr(err.message, r->to));
    assert_false(is_there(third));
    mrs_cache_close(other);
    assert_registered(r, r->to, 1);
}

/* The journal of a session with this id, as an interrupted one leaves it. */
static void
leave_journal(struct mrs_cache *c, uint8_t id)
{
    struct mrs_journal *j = NULL;

    assert_int_equal(mrs_journal_open(&j, c, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, (uint8_t[16]){ id }, 1, NULL), MARS_OK);
    mrs_journal_close(j);
}

static void
a_move_from_a_place_that_was_left_changes_nothing_in_the_present_one(void **state)
{
    struct room *r = *state;
    struct mrs_cache *other = NULL;
    struct mrs_journal_left left;
    struct mrs_journal *j = NULL;

    leave_journal(r->cache, 1);
    assert_int_equal(mrs_agent_cache(&other, r->k.cache, r->keys, NULL), MARS_OK);
    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    leave_journal(r->cache, 2);
    assert_int_equal(mrs_agent_cache_move(r->k.config, r->keys, other, r->to, NULL),
                     MARS_ERR_STATE);
    mrs_cache_close(other);
    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
    assert_int_equal(left.session[0], 2);
    mrs_journal_close(j);
    assert_copy(r->cache);
}

/* As two processes would: each goes on with its own copy of one journal. */
static void
no_session_begins_in_a_place_that_was_left(void **state)
{
    struct room *r = *state;
    struct mrs_cache *other = NULL;
    struct mrs_journal *j = NULL;
    mars_error err;

    leave_journal(r->cache, 1);
    assert_int_equal(mrs_agent_cache(&other, r->k.cache, r->keys, NULL), MARS_OK);
    mrs_agent_cache_watch(other, r->k.config);
    mrs_agent_cache_watch(r->cache, r->k.config);
    assert_int_equal(mrs_journal_open(&j, other, ITEM, NULL), MARS_OK);
    mrs_journal_close(j);
    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&j, other, ITEM, &err), MARS_ERR_STATE);
    assert_non_null(strstr(err.message, r->to));
    assert_null(j);
    mrs_cache_close(other);
    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    mrs_journal_close(j);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK); /* no lock was left */
    assert_false(is_there(r->k.cache));
}

static void
a_move_that_cannot_be_written_down_leaves_no_copy(void **state)
{
    struct room *r = *state;
    struct mrs_registration reg;
    char old[KIT_PATH_MAX + 8];

    assert_int_equal(mrs_registration_load(&reg, r->k.config, NULL), MARS_OK);
    for (int i = 0; i < MRS_OLD_CACHES_MAX; i++) {
        (void)snprintf(old, sizeof old, "%s/old%d", r->k.dir, i);
        assert_int_equal(mrs_registration_add_old_cache(&reg, old, NULL), MARS_OK);
    }
    assert_int_equal(mrs_registration_update(&reg, r->k.config, NULL), MARS_OK);
    mrs_registration_free(&reg);
    assert_int_equal(move(r, r->to, NULL), MARS_ERR_STATE);
    assert_registered(r, r->k.cache, MRS_OLD_CACHES_MAX);
    assert_false(is_there(r->to));
    assert_copy(r->cache);
}

static void
an_old_place_in_use_is_removed_later(void **state)
{
    struct room *r = *state;
    struct mrs_cache *other = NULL;
    struct mrs_journal *j = NULL;

    assert_int_equal(mrs_agent_cache(&other, r->k.cache, r->keys, NULL), MARS_OK);
    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&j, other, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_ERR_LOCKED);
    assert_registered(r, r->to, 1);
    mrs_journal_close(j);
    mrs_cache_close(other);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_registered(r, r->to, 0);
    assert_false(is_there(r->k.cache));
}

static void
registering_with_another_place_leaves_the_old_one_like_a_move(void **state)
{
    struct room *r = *state;
    struct mrs_register_spec spec = kit_spec(&r->k);

    spec.cache_dir = r->to;
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    assert_registered(r, r->to, 1);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_false(is_there(r->k.cache));
}

static void
the_present_place_is_not_old_under_another_name(void **state)
{
    struct room *r = *state;
    struct mrs_register_spec spec = kit_spec(&r->k);
    char link[KIT_PATH_MAX + 8];

    (void)snprintf(link, sizeof link, "%s/link", r->k.dir);
    assert_int_equal(symlink(r->k.cache, link), 0);
    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_int_equal(move(r, link, NULL), MARS_OK);
    assert_registered(r, link, 1);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_registered(r, link, 0);
    assert_false(is_there(r->to));
    assert_copy(r->cache);
    spec.cache_dir = r->k.cache; /* and back, by registering */
    assert_int_equal(mrs_register(&spec, NULL), MARS_OK);
    assert_registered(r, r->k.cache, 0);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_copy(r->cache);
    assert_int_equal(unlink(link), 0);
}

static void
an_old_place_that_became_a_link_to_the_present_one_is_only_forgotten(void **state)
{
    struct room *r = *state;

    assert_int_equal(move(r, r->to, NULL), MARS_OK);
    assert_int_equal(mrs_cache_remove(r->k.cache, r->keys->domain, NULL), MARS_OK);
    assert_int_equal(symlink(r->to, r->k.cache), 0);
    assert_registered(r, r->to, 1);
    assert_int_equal(mrs_agent_cache_tidy(r->k.config, NULL), MARS_OK);
    assert_registered(r, r->to, 0);
    assert_copy(r->cache);
    assert_int_equal(unlink(r->k.cache), 0);
}

static void
a_cache_that_cannot_be_used_begins_anew_elsewhere(void **state)
{
    struct room *r = *state;

    assert_int_equal(mrs_agent_cache_move(r->k.config, r->keys, NULL, r->to, NULL), MARS_OK);
    assert_registered(r, r->to, 1);
}

/* Whatever fails, the registration names a place with the cache in it. */
static void
moving_survives_every_failing_allocation(void **state)
{
    struct room *r = *state;
    mars_status st = MARS_ERR_NOMEM;
    size_t before = failing_alloc_live(), n = 0;

    for (; st != MARS_OK; n++) {
        struct mrs_registration reg;
        struct mrs_cache *c = NULL;
        mars_error err;

        assert_in_range(n, 0, 2000);
        failing_alloc_arm(n);
        st = move(r, r->to, &err);
        failing_alloc_arm(SIZE_MAX);
        if (st != MARS_OK && st != MARS_ERR_NOMEM)
            fail_msg("allocation %zu: %s", n, err.message);
        assert_int_equal(mrs_registration_load(&reg, r->k.config, NULL), MARS_OK);
        assert_int_equal(mrs_agent_cache(&c, reg.cache_dir, r->keys, NULL), MARS_OK);
        assert_copy(c);
        mrs_cache_close(c);
        if (strcmp(reg.cache_dir, r->to) == 0)
            st = MARS_OK; /* written, only not flushed */
        mrs_registration_free(&reg);
    }
    assert_registered(r, r->to, 1);
    assert_true(n > 20);
    assert_in_range(failing_alloc_live(), before, before + 2); /* the place before is lent out */
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(settings_are_kept_and_have_defaults),
        IN_ROOM(a_moved_cache_leaves_its_old_place_until_it_is_tidied),
        IN_ROOM(moving_back_forgets_that_the_place_is_old),
        IN_ROOM(places_of_no_use_are_refused_and_nothing_changes),
        IN_ROOM(who_has_it_open_elsewhere_is_told),
        IN_ROOM(a_move_from_a_place_that_was_left_changes_nothing_in_the_present_one),
        IN_ROOM(no_session_begins_in_a_place_that_was_left),
        IN_ROOM(a_move_that_cannot_be_written_down_leaves_no_copy),
        IN_ROOM(an_old_place_in_use_is_removed_later),
        IN_ROOM(registering_with_another_place_leaves_the_old_one_like_a_move),
        IN_ROOM(the_present_place_is_not_old_under_another_name),
        IN_ROOM(an_old_place_that_became_a_link_to_the_present_one_is_only_forgotten),
        IN_ROOM(a_cache_that_cannot_be_used_begins_anew_elsewhere),
        IN_ROOM(moving_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
