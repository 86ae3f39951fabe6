#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kit.h"

#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "vault/credentials.h"

static void
make_vault(const struct kit *k)
{
    struct mrs_buf text = MRS_BUF_INIT(1 << 16);
    struct mrs_store *s = NULL;
    struct mrs_vault v;

    assert_int_equal(mrs_store_open(&s, k->url, 1, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_vault_create(s, NULL, 0, NULL), MARS_OK);
    assert_int_equal(mrs_vault_read(&v, s, MRS_NEED_READ, NULL), MARS_OK);
    assert_int_equal(mrs_credentials_issue(&v, k->url, NULL, NULL, 0, 0, &text, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(k->credentials, text.data, text.len, NULL), MARS_OK);
    mrs_buf_free(&text);
    mrs_vault_forget(&v);
    mrs_store_close(s);
}

void
kit_make(struct kit *k)
{
    tmpdir_make(k->dir);
    (void)snprintf(k->vault, sizeof k->vault, "%s/vault", k->dir);
    (void)snprintf(k->url, sizeof k->url, "file://%s", k->vault);
    (void)snprintf(k->credentials, sizeof k->credentials, "%s/credentials", k->dir);
    (void)snprintf(k->config, sizeof k->config, "%s/config", k->dir);
    (void)snprintf(k->cache, sizeof k->cache, "%s/config/cache", k->dir);
    make_vault(k);
}

void
kit_remove(struct kit *k)
{
    tmpdir_remove(k->dir);
    assert_int_equal(failing_alloc_live(), 0);
}

struct mrs_register_spec
kit_spec(const struct kit *k)
{
    struct mrs_register_spec spec = { .credentials = k->credentials,
                                      .key = { .passphrase = KIT_PASSPHRASE,
                                               .len = sizeof KIT_PASSPHRASE - 1 },
                                      .config_dir = k->config,
                                      .name = "box" };

    return spec;
}

struct sum {
    const char *dir;
    uint8_t *out;
};

static mars_status
add_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    const struct sum *s = user;
    struct mrs_buf bytes = MRS_BUF_INIT(64 << 20);
    char path[4096];
    uint8_t digest[32];

    (void)err;
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    assert_int_equal(mrs_buf_append(&bytes, path, strlen(path) + 1, NULL), MARS_OK);
    if (is_dir)
        kit_fingerprint(path, s->out);
    else
        assert_int_equal(mrs_file_slurp(path, &bytes, NULL), MARS_OK);
    assert_int_equal(mrs_sha256_once(bytes.data, bytes.len, digest, NULL), MARS_OK);
    for (size_t i = 0; i < sizeof digest; i++)
        s->out[i] ^= digest[i];
    mrs_buf_free(&bytes);
    return MARS_OK;
}

/* The order in which a directory lists its names does not matter to a sum of digests. */
void
kit_fingerprint(const char *dir, uint8_t out[32])
{
    struct sum s = { dir, out };

    assert_int_equal(mrs_dir_each(dir, add_one, &s, NULL), MARS_OK);
}
