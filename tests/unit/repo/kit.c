#include "kit.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "listed.h"
#include "platform/random.h"

static const uint8_t MACHINE[16] = { 0x3a, 1, 2 };

struct mrs_keyring *
kit_keyring(void)
{
    struct mrs_keyring *k = NULL;

    assert_int_equal(mrs_keyring_new(&k, NULL), MARS_OK);
    assert_int_equal(mrs_random_fill(k->domain, sizeof k->domain, NULL), MARS_OK);
    assert_int_equal(mrs_random_fill(k->root_id, sizeof k->root_id, NULL), MARS_OK);
    assert_int_equal(mrs_random_fill(k->slot_mac, sizeof k->slot_mac, NULL), MARS_OK);
    assert_int_equal(mrs_random_fill(k->ring_digest, sizeof k->ring_digest, NULL), MARS_OK);
    k->root_number = 1;
    for (k->n = 0; k->n < 6; k->n++) {
        struct mrs_ring_key *key = &k->keys[k->n];

        key->type = k->n + 1;
        key->epoch = 1;
        assert_int_equal(mrs_random_fill(key->id, sizeof key->id, NULL), MARS_OK);
        assert_int_equal(mrs_random_fill(key->key, sizeof key->key, NULL), MARS_OK);
    }
    return k;
}

int
kit_set_up(void **state)
{
    static struct kit k;
    struct mrs_ledger none = { 0 };
    struct mrs_ledger_op begin = { .kind = MRS_OP_BEGIN };
    uint8_t key[MRS_CACHE_KEY_SIZE];

    memset(&k, 0, sizeof k);
    k.live = failing_alloc_live();
    tmpdir_make(k.top);
    assert_int_equal(mrs_store_open(&k.store, "memory:", 1, NULL, NULL), MARS_OK);
    kit_put_spy_between(k.store);
    k.keys = kit_keyring();
    assert_int_equal(mrs_keyring_cache_key(k.keys, key, NULL), MARS_OK);
    assert_int_equal(mrs_cache_open(&k.cache, k.top, k.keys->domain, key, NULL), MARS_OK);
    assert_int_equal(mrs_domain_open(&k.d, k.store, k.keys, k.cache, NULL), MARS_OK);
    assert_int_equal(mrs_ledger_append(k.d, &none, MACHINE, &begin, 1, NULL), MARS_OK);
    *state = &k;
    return 0;
}

int
kit_tear_down(void **state)
{
    struct kit *k = *state;

    failing_alloc_arm(SIZE_MAX);
    mrs_domain_close(k->d);
    mrs_cache_close(k->cache);
    mrs_keyring_free(k->keys);
    mrs_store_close(k->store);
    tmpdir_remove(k->top);
    assert_int_equal(failing_alloc_live(), k->live);
    return 0;
}

struct mrs_domain *
kit_open(const struct kit *k, struct mrs_cache *cache)
{
    struct mrs_domain *d = NULL;

    assert_int_equal(mrs_domain_open(&d, k->store, k->keys, cache, NULL), MARS_OK);
    return d;
}

void
kit_reopen(struct kit *k)
{
    mrs_domain_close(k->d);
    k->d = kit_open(k, k->cache);
}

static mars_status
count_one(void *user, const struct mrs_object_info *info, mars_error *err)
{
    (void)info, (void)err;
    ++*(size_t *)user;
    return MARS_OK;
}

size_t
kit_count(const struct kit *k, const char *prefix)
{
    size_t n = 0;

    assert_int_equal(mrs_domain_list(k->d, prefix, MRS_LIST_INFO, count_one, &n, NULL), MARS_OK);
    return n;
}

bool
kit_has(const struct kit *k, const char *relative)
{
    bool has = false;

    assert_int_equal(mrs_domain_has(k->d, relative, &has, NULL), MARS_OK);
    return has;
}

void
kit_get(const struct kit *k, const char *relative, struct mrs_buf *out)
{
    char name[MRS_OBJECT_NAME_MAX];

    mrs_name_in_domain(name, k->keys->domain, relative);
    assert_int_equal(mrs_store_get(k->store, name, out, NULL), MARS_OK);
}

void
kit_delete(const struct kit *k, const char *relative)
{
    char name[MRS_OBJECT_NAME_MAX];

    mrs_name_in_domain(name, k->keys->domain, relative);
    assert_int_equal(mrs_store_delete(k->store, name, NULL), MARS_OK);
}

void
kit_put(const struct kit *k, const char *relative, const void *data, size_t n)
{
    char name[MRS_OBJECT_NAME_MAX];

    mrs_name_in_domain(name, k->keys->domain, relative);
    assert_int_equal(mrs_store_put(k->store, MACHINE, name, data, n, NULL), MARS_OK);
}

void
kit_damage(const struct kit *k, const char *relative, long offset)
{
    struct mrs_buf bytes = MRS_BUF_INIT((size_t)MRS_PACK_MAX_SIZE);

    kit_get(k, relative, &bytes);
    bytes.data[offset >= 0 ? (size_t)offset : bytes.len - (size_t)-offset] ^= 0x10;
    kit_delete(k, relative);
    kit_put(k, relative, bytes.data, bytes.len);
    mrs_buf_free(&bytes);
}

static mars_status
copy_name(void *user, const struct mrs_object_info *info, mars_error *err)
{
    char *out = user;

    (void)err;
    assert_string_equal(out, "");
    memcpy(out, info->name, strlen(info->name) + 1);
    return MARS_OK;
}

void
kit_only(const struct kit *k, const char *prefix, char out[MRS_OBJECT_NAME_MAX])
{
    out[0] = '\0';
    assert_int_equal(mrs_domain_list(k->d, prefix, MRS_LIST_INFO, copy_name, out, NULL), MARS_OK);
    assert_string_not_equal(out, "");
}

void
kit_fence(const struct kit *k, const uint8_t session[16], int closed)
{
    struct mrs_fence f = { .time = { 1700000000, 0 }, .closed = (uint8_t)closed };
    struct mrs_buf payload = MRS_BUF_INIT(4096);
    char relative[MRS_OBJECT_NAME_MAX];

    memcpy(f.session, session, 16);
    memcpy(f.machine, MACHINE, 16);
    mrs_name_fence(relative, session, closed);
    assert_int_equal(mrs_fence_encode(&f, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_FENCE, MACHINE, relative, &payload, NULL,
                                    NULL), MARS_OK);
    mrs_buf_free(&payload);
}

void
kit_ledger(const struct kit *k, struct mrs_ledger_op *op)
{
    struct mrs_ledger l = { 0 };

    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_ledger_append(k->d, &l, MACHINE, op, 1, NULL), MARS_OK);
    mrs_ledger_free_state(&l);
}

void
kit_tombstone(const struct kit *k, uint32_t kind, const uint8_t pack[32])
{
    struct mrs_ledger_op op = { .kind = kind };

    memcpy(op.name, pack, sizeof op.name);
    kit_ledger(k, &op);
}

struct mrs_session_options
kit_options(uint8_t item)
{
    struct mrs_session_options o = { .compression.codec = MRS_CODEC_LZ4 };

    memcpy(o.machine, MACHINE, sizeof o.machine);
    memset(o.item, item, sizeof o.item);
    return o;
}

struct mrs_session *
kit_begin(const struct kit *k, uint8_t item)
{
    struct mrs_session_options o = kit_options(item);
    struct mrs_session *s = NULL;

    assert_int_equal(mrs_session_begin(&s, k->d, &o, NULL), MARS_OK);
    assert_non_null(s);
    return s;
}

uint64_t
kit_store(struct mrs_session *s, uint8_t cls, const void *data, size_t n, uint8_t id[32])
{
    uint64_t stored = 0;

    assert_int_equal(mrs_session_put(s, cls, data, n, id, &stored, NULL), MARS_OK);
    return stored;
}

void
kit_commit(struct mrs_session *s)
{
    struct mrs_point p = { .started = { 1700000000, 5 } };

    assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_OK);
    mrs_session_close(s);
}

void
kit_backup(const struct kit *k, uint8_t item, const void *data, size_t n, uint8_t id[32])
{
    struct mrs_session *s = kit_begin(k, item);

    (void)kit_store(s, MRS_CLASS_DATA, data, n, id);
    kit_commit(s);
}

mars_status
kit_read(const struct kit *k, const uint8_t id[32], const void *data, size_t n)
{
    struct mrs_domain *d = kit_open(k, NULL);
    struct mrs_buf got = MRS_BUF_INIT(MRS_CHUNK_MAX);
    mars_status st = listed_index_refresh(d, true, NULL, NULL, NULL);

    if (st == MARS_OK)
        st = mrs_chunk_get(d, id, MRS_CLASS_DATA, &got, NULL);
    if (st == MARS_OK) {
        assert_int_equal(got.len, n);
        assert_memory_equal(got.data, data, n);
    }
    mrs_buf_free(&got);
    mrs_domain_close(d);
    return st;
}

void
kit_noise(void *out, size_t n, uint64_t seed)
{
    uint8_t *p = out;
    uint64_t x = seed * 2 + 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        p[i] = (uint8_t)(x >> 56);
    }
}

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);

size_t
kit_heap(void)
{
    return __sanitizer_get_current_allocated_bytes();
}
#else
size_t
kit_heap(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}
#endif

void
kit_note_damage(void *damages, const char *relative, const mars_error *why)
{
    struct kit_damages *d = damages;

    d->n++;
    memcpy(d->last, relative, strlen(relative) + 1);
    if (why != NULL)
        d->why = *why;
}

static mars_status
forget_one(void *user, const struct mrs_object_info *info, mars_error *err)
{
    return mrs_store_delete(user, info->name, err);
}

void
kit_clean(const struct kit *k, const char *prefix)
{
    char name[MRS_OBJECT_NAME_MAX];

    mrs_name_in_domain(name, k->keys->domain, prefix);
    assert_int_equal(mrs_store_list(k->store, name, MRS_LIST_INFO, forget_one, k->store, NULL),
                     MARS_OK);
}

size_t
kit_fail_allocations(const struct kit *k, kit_try_fn fn, void *user, size_t step)
{
    static const char *const prefixes[] = { "lease/", "packs/", "index/", "points/" };
    size_t before = failing_alloc_live(), failed = 0;

    for (size_t nth = 0;; nth += step) {
        mars_status st;
        int hit;

        failing_alloc_arm(nth);
        st = fn(user);
        hit = failing_alloc_hit();
        failing_alloc_arm(SIZE_MAX);
        for (size_t i = 0; k != NULL && i < sizeof prefixes / sizeof prefixes[0]; i++)
            kit_clean(k, prefixes[i]);
        assert_int_equal(failing_alloc_live(), before);
        if (st != MARS_OK)
            assert_int_equal(st, MARS_ERR_NOMEM);
        failed += st != MARS_OK;
        if (!hit) {
            assert_int_equal(st, MARS_OK);
            return failed;
        }
    }
}

void
kit_drop_runs(const struct kit *k)
{
    char hex[33], command[TMPDIR_PATH_MAX + 64];

    mrs_hex_encode(hex, k->keys->domain, 16);
    (void)snprintf(command, sizeof command, "rm -rf '%s/%s/runs'", k->top, hex);
    assert_int_equal(system(command), 0);
}
