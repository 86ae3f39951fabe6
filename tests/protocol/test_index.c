#include "kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/vec.h"
#include "listed.h"

static mars_status
refresh(struct kit *k, bool fresh)
{
    return listed_index_refresh(k->d, fresh, NULL, NULL, NULL);
}

static bool
knows(struct kit *k, const uint8_t id[32])
{
    struct mrs_place place;

    return mrs_index_find(k->d->index, id, 0, &place, NULL) == MARS_OK;
}

static void
what_was_committed_is_found(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t id[32], other[32] = { 1 }, session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_true(knows(k, id));
    assert_false(knows(k, other));
}

static void
an_object_that_is_gone_counts_no_more(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    assert_int_equal(mrs_store_delete(k->store, name, NULL), MARS_OK);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_false(knows(k, id)); /* although the cache has a copy */
}

static void
a_damaged_object_is_named_and_absent(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    kit_damage(k, name);
    assert_int_equal(refresh(k, true), MARS_OK);
    assert_false(knows(k, id));
}

static void
a_superseded_object_is_not_read(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16], digest[32], superseded[1][32];
    struct mrs_name n;
    uint64_t size;

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    assert_true(mrs_name_parse(&n, strstr(name, "index/")));
    memcpy(superseded[0], n.digest, 32);
    assert_int_equal(mrs_index_encode((const uint8_t(*)[32])superseded, 1, NULL, 0, &payload, NULL),
                     MARS_OK);
    assert_int_equal(mrs_domain_put_index(k->d, session, &payload, digest, &size, NULL), MARS_OK);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_false(knows(k, id));
    mrs_buf_free(&payload);
}

/* Sessions with one chunk each. */
enum { SESSIONS = 40 };

static void
commit_many(struct kit *k, size_t n, uint8_t ids[][32])
{
    uint8_t session[16];

    for (size_t i = 0; i < n; i++) {
        struct mrs_session *s = kit_begin(k);

        (void)kit_put(s, 500, (uint32_t)i + 1, ids[i]);
        kit_commit(s, session);
    }
}

/* A handle that has read nothing and believes no cache. */
static struct mrs_domain *
open_fresh(struct kit *k)
{
    struct mrs_domain *d = NULL;

    assert_int_equal(mrs_domain_open(&d, k->store, k->keys, NULL, NULL), MARS_OK);
    assert_int_equal(listed_index_refresh(d, true, NULL, NULL, NULL), MARS_OK);
    return d;
}

/* Each chunk has one place. */
static void
assert_all(struct mrs_domain *d, size_t n, uint8_t ids[][32])
{
    struct mrs_place place;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(mrs_index_find(d->index, ids[i], 0, &place, NULL), MARS_OK);
        assert_int_equal(mrs_index_find(d->index, ids[i], 1, &place, NULL), MARS_ERR_NOT_FOUND);
    }
}

/* The index objects of the store, and which of them supersede which. */
struct objects {
    struct mrs_vec names;      /* 32 bytes each */
    struct mrs_map superseded; /* by any */
    const uint8_t *reading;
    uint8_t last[32];          /* the one that supersedes most */
    size_t most;
    size_t now;
};

static mars_status
note_name(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct objects *o = user;
    uint8_t *at = mrs_vec_add(&o->names);
    struct mrs_name n;

    (void)err;
    assert_non_null(at);
    assert_true(mrs_name_parse(&n, info->name));
    memcpy(at, n.digest, 32);
    return MARS_OK;
}

static mars_status
note_superseded(void *user, const uint8_t name[32], mars_error *err)
{
    struct objects *o = user;

    (void)err;
    assert_non_null(mrs_map_put(&o->superseded, name));
    if (++o->now > o->most) {
        o->most = o->now;
        memcpy(o->last, o->reading, 32);
    }
    return MARS_OK;
}

static void
read_objects(struct kit *k, struct objects *o)
{
    struct mrs_index_sink sink = { .user = o, .superseded = note_superseded };

    *o = (struct objects){ .names = { NULL, 0, 0, 32 }, .superseded = MRS_MAP_INIT(0) };
    assert_int_equal(mrs_domain_list(k->d, "index/", MRS_LIST_INFO, note_name, o, NULL), MARS_OK);
    for (size_t i = 0; i < o->names.len; i++) {
        struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
        char relative[MRS_OBJECT_NAME_MAX];

        o->reading = mrs_vec_at(&o->names, i);
        o->now = 0;
        mrs_name_index(relative, o->reading);
        assert_int_equal(mrs_domain_get(k->d, MRS_KIND_INDEX, MRS_NEED_READ, relative, o->reading,
                                        &payload, NULL),
                         MARS_OK);
        assert_int_equal(mrs_index_decode(payload.data, payload.len, &sink, NULL), MARS_OK);
        mrs_buf_free(&payload);
    }
}

static void
free_objects(struct objects *o)
{
    mrs_vec_free(&o->names);
    mrs_map_free(&o->superseded);
}

static void
remove_index(struct kit *k, const uint8_t name[32])
{
    char relative[MRS_OBJECT_NAME_MAX], full[MRS_OBJECT_NAME_MAX];

    mrs_name_index(relative, name);
    mrs_name_in_domain(full, k->keys->domain, relative);
    assert_int_equal(mrs_store_delete(k->store, full, NULL), MARS_OK);
}

static void
many_small_objects_are_joined_and_stay(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *d;
    struct objects o;
    uint8_t ids[SESSIONS][32];

    commit_many(k, SESSIONS, ids);
    read_objects(k, &o);
    assert_true(o.names.len > SESSIONS);
    assert_true(o.superseded.len > SESSIONS / 2);
    assert_true(o.names.len - o.superseded.len <= 17); /* so many are read */
    d = open_fresh(k);
    assert_all(d, SESSIONS, ids);
    assert_all(k->d, SESSIONS, ids);
    mrs_domain_close(d);
    free_objects(&o);
}

static void
what_is_superseded_can_be_deleted(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *d;
    struct objects o;
    const uint8_t *name;
    uint8_t ids[SESSIONS][32];

    commit_many(k, SESSIONS, ids);
    read_objects(k, &o);
    for (size_t pos = 0; mrs_map_next(&o.superseded, &pos, &name, NULL);)
        remove_index(k, name);
    d = open_fresh(k);
    assert_all(d, SESSIONS, ids);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_all(k->d, SESSIONS, ids);
    /* Points name them; they are known to have been superseded. */
    for (size_t i = 0; i < o.names.len; i++)
        assert_true(mrs_index_has_object(d->index, mrs_vec_at(&o.names, i)));
    mrs_domain_close(d);
    free_objects(&o);
}

/* Put an object with three packs of one chunk each, ids and names from a seed. */
static void
put_three(struct kit *k, uint8_t seed, const uint8_t (*superseded)[32], size_t n, uint8_t name[32])
{
    static const uint8_t writer[16] = { 1 };
    struct mrs_blob blobs[3];
    struct mrs_index_pack packs[3];
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    uint64_t size;

    for (uint8_t i = 0; i < 3; i++) {
        blobs[i] = (struct mrs_blob){ .id = { seed, i }, .sealed_len = 20, .raw_len = 4,
                                      .cls = MRS_CLASS_DATA };
        packs[i] = (struct mrs_index_pack){ .name = { seed, i }, .kind = MRS_KIND_PACK_DATA,
                                            .size = 512, .blobs = &blobs[i], .count = 1 };
    }
    assert_int_equal(mrs_index_encode(superseded, n, packs, 3, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put_index(k->d, writer, &payload, name, &size, NULL), MARS_OK);
    mrs_buf_free(&payload);
}

/* A collector that deletes first what was superseded last uncovers nothing: the new object names
 * also what those had superseded that it supersedes. */
static void
what_supersedes_takes_over_what_it_superseded(void **state)
{
    struct kit *k = *state;
    struct objects o;
    uint8_t ids[1][32], old[1][32], name[32];

    put_three(k, 1, NULL, 0, old[0]);
    put_three(k, 1, (const uint8_t(*)[32])old, 1, name);
    for (uint8_t i = 2; i < 18; i++)
        put_three(k, i, NULL, 0, name);
    commit_many(k, 1, ids);
    read_objects(k, &o);
    assert_int_equal(o.names.len, 18 + 2);
    assert_int_equal(o.most, 18);
    assert_int_equal(o.superseded.len, 18);
    free_objects(&o);
}

static void
where_the_new_object_is_lost_the_old_ones_serve(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *d;
    struct objects o;
    char relative[MRS_OBJECT_NAME_MAX], full[MRS_OBJECT_NAME_MAX];
    uint8_t ids[20][32];

    commit_many(k, 20, ids);
    read_objects(k, &o);
    assert_true(o.most > 0);
    mrs_name_index(relative, o.last);
    mrs_name_in_domain(full, k->keys->domain, relative);
    kit_damage(k, full);
    d = open_fresh(k);
    assert_all(d, 20, ids);
    mrs_domain_close(d);
    remove_index(k, o.last);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_all(k->d, 20, ids);
    free_objects(&o);
}

/* Each joins what both listed; neither sees the other's. */
static void
two_sessions_join_the_same_objects(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *other = NULL, *d;
    struct mrs_session_options opts = k->opts;
    struct mrs_session *s[2];
    struct mrs_point p = { .n_roots = 0 };
    struct objects o;
    uint8_t ids[18][32], session[16];

    commit_many(k, 16, ids);
    opts.item[0] ^= 1;
    assert_int_equal(mrs_domain_open(&other, k->store, k->keys, k->cache, NULL), MARS_OK);
    s[0] = kit_begin(k);
    assert_int_equal(mrs_session_begin(&s[1], other, &opts, NULL), MARS_OK);
    (void)kit_put(s[0], 500, 1001, ids[16]);
    (void)kit_put(s[1], 500, 1002, ids[17]);
    kit_commit(s[0], session);
    assert_int_equal(mrs_session_commit(s[1], &p, NULL), MARS_OK);
    mrs_session_close(s[1]);
    read_objects(k, &o);
    assert_int_equal(o.names.len, 20);
    assert_int_equal(o.superseded.len, 18);
    d = open_fresh(k);
    assert_all(d, 18, ids);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_all(k->d, 18, ids);
    mrs_domain_close(d);
    mrs_domain_close(other);
    free_objects(&o);
}

/* A collector deleted a superseded object between a session's list and its commit. */
static void
an_object_that_went_meanwhile_is_not_joined(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    struct mrs_domain *d;
    char name[MRS_OBJECT_NAME_MAX];
    struct mrs_name n;
    uint8_t ids[17][32], session[16];

    commit_many(k, 16, ids);
    s = kit_begin(k);
    (void)kit_put(s, 500, 1001, ids[16]);
    assert_int_equal(kit_count(k, "/index/", name), 16);
    assert_true(mrs_name_parse(&n, strstr(name, "index/")));
    remove_index(k, n.digest);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/index/", name), 16);
    d = open_fresh(k);
    assert_true(mrs_index_has_object(d->index, n.digest) == false);
    mrs_domain_close(d);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_make, kit_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(what_was_committed_is_found),
        WITH_KIT(an_object_that_is_gone_counts_no_more),
        WITH_KIT(a_damaged_object_is_named_and_absent),
        WITH_KIT(a_superseded_object_is_not_read),
        WITH_KIT(many_small_objects_are_joined_and_stay),
        WITH_KIT(what_is_superseded_can_be_deleted),
        WITH_KIT(what_supersedes_takes_over_what_it_superseded),
        WITH_KIT(where_the_new_object_is_lost_the_old_ones_serve),
        WITH_KIT(two_sessions_join_the_same_objects),
        WITH_KIT(an_object_that_went_meanwhile_is_not_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
