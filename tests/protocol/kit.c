#include "kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listed.h"
#include "repo/create.h"

static const uint8_t WRITER[16] = { 0x22 };

int
kit_make(void **state)
{
    static const char passphrase[] = "a passphrase of tests";
    struct kit *k = calloc(1, sizeof *k);
    struct mrs_opener by = { .passphrase = passphrase, .len = sizeof passphrase - 1 };
    uint8_t key[MRS_CACHE_KEY_SIZE];

    assert_non_null(k);
    tmpdir_make(k->dir);
    assert_int_equal(mrs_store_open(&k->store, "memory:", 1, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_domain_make(k->store, WRITER, "test", &by, &k->keys, NULL), MARS_OK);
    assert_int_equal(mrs_keyring_cache_key(k->keys, key, NULL), MARS_OK);
    assert_int_equal(mrs_cache_open(&k->cache, k->dir, k->keys->domain, key, NULL), MARS_OK);
    assert_int_equal(mrs_domain_open(&k->d, k->store, k->keys, k->cache, NULL), MARS_OK);
    memset(k->opts.item, 0x11, sizeof k->opts.item);
    memset(k->opts.machine, 0x22, sizeof k->opts.machine);
    k->opts.compression.codec = MRS_CODEC_STORED;
    *state = k;
    return 0;
}

int
kit_remove(void **state)
{
    struct kit *k = *state;

    mrs_domain_close(k->d);
    mrs_cache_close(k->cache);
    mrs_keyring_free(k->keys);
    mrs_store_close(k->store);
    tmpdir_remove(k->dir);
    free(k);
    return 0;
}

struct mrs_session *
kit_begin(struct kit *k)
{
    struct mrs_session *s = NULL;
    mars_error err;

    if (mrs_session_begin(&s, k->d, &k->opts, &err) != MARS_OK)
        fail_msg("%s", err.message);
    return s;
}

uint64_t
kit_put(struct mrs_session *s, size_t size, uint32_t seed, uint8_t id[32])
{
    uint8_t *data = malloc(size);
    uint64_t stored = 0;

    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
    assert_int_equal(mrs_session_put(s, MRS_CLASS_DATA, data, size, id, &stored, NULL), MARS_OK);
    free(data);
    return stored;
}

void
kit_commit(struct mrs_session *s, uint8_t session[16])
{
    struct mrs_point p = { .n_roots = 0 };
    mars_error err;

    memcpy(session, mrs_session_id(s), 16);
    if (mrs_session_commit(s, &p, &err) != MARS_OK)
        fail_msg("%s", err.message);
    mrs_session_close(s);
}

struct search {
    const char *part;
    size_t found;
    char *name;
};

static mars_status
look(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct search *s = user;

    (void)err;
    if (strstr(info->name, s->part) != NULL) {
        s->found++;
        if (s->name != NULL)
            memcpy(s->name, info->name, strlen(info->name) + 1);
    }
    return MARS_OK;
}

size_t
kit_count(struct kit *k, const char *part, char name[MRS_OBJECT_NAME_MAX])
{
    struct search s = { part, 0, name };

    assert_int_equal(mrs_store_list(k->store, "", MRS_LIST_INFO, look, &s, NULL), MARS_OK);
    return s.found;
}

void
kit_damage(struct kit *k, const char *name)
{
    struct mrs_buf b = MRS_BUF_INIT(SIZE_MAX / 2);

    assert_int_equal(mrs_store_get(k->store, name, &b, NULL), MARS_OK);
    b.data[b.len / 2] ^= 1;
    assert_int_equal(mrs_store_delete(k->store, name, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(k->store, WRITER, name, b.data, b.len, NULL), MARS_OK);
    mrs_buf_free(&b);
}

void
kit_fence(struct kit *k, const uint8_t session[16], bool closed)
{
    struct mrs_fence fence = { .closed = closed };
    struct mrs_buf payload = MRS_BUF_INIT(4096);
    char relative[MRS_OBJECT_NAME_MAX];

    memcpy(fence.session, session, sizeof fence.session);
    mrs_name_fence(relative, session, closed);
    assert_int_equal(mrs_fence_encode(&fence, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_FENCE, WRITER, relative, &payload, NULL, NULL),
                     MARS_OK);
    mrs_buf_free(&payload);
}

void
kit_ledger(struct kit *k, enum mrs_ledger_op_kind kind, const uint8_t pack[32])
{
    struct mrs_ledger_op op = { .kind = kind };
    struct mrs_ledger l = { .generation = 0 };

    memcpy(op.name, pack, sizeof op.name);
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_ledger_append(k->d, &l, WRITER, &op, 1, NULL), MARS_OK);
    mrs_ledger_free_state(&l);
}
