/* The worked examples of FORMAT.md, read out of the page itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/hex.h"
#include "base/wr.h"
#include "chunk/cut.h"
#include "codec/codec.h"
#include "crypto/argon2id.h"
#include "crypto/digest.h"
#include "cut_next.h"
#include "format/keys.h"
#include "format/ledger.h"
#include "format/point.h"
#include "format/record.h"
#include "vault/object.h"

enum { PAGE_MAX = 1 << 20, VALUE_MAX = 8192 };

static char *page;

static int
load_page(void **state)
{
    FILE *f = fopen(FORMAT_MD, "rb");
    size_t n;

    (void)state;
    page = malloc(PAGE_MAX);
    if (f == NULL || page == NULL)
        return 1;
    n = fread(page, 1, PAGE_MAX - 1, f);
    page[n] = '\0';
    return fclose(f);
}

static int
free_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

/* The value of an example as it is written, lines joined. */
static void
text_of(const char *name, char out[VALUE_MAX])
{
    char start[256];
    const char *at;
    size_t n = 0;

    snprintf(start, sizeof start, "\n%s =", name);
    at = strstr(page, start);
    if (at == NULL)
        fail_msg("no example \"%s\"", name);
    for (at += strlen(start); *at == ' ' || (*at == '\n' && at[1] == ' ');) {
        at += strspn(at, " \n");
        while (*at != '\n' && *at != '\0' && n < VALUE_MAX - 1)
            out[n++] = *at++;
    }
    out[n] = '\0';
}

static size_t
bytes_of(const char *name, uint8_t *out, size_t cap)
{
    char text[VALUE_MAX];
    size_t n;

    text_of(name, text);
    n = strlen(text) / 2;
    assert_true(n <= cap);
    assert_true(mrs_hex_decode(out, n, text, strlen(text)));
    return n;
}

static void
assert_example(const char *name, const void *is, size_t n)
{
    uint8_t want[VALUE_MAX / 2];

    assert_int_equal(bytes_of(name, want, sizeof want), n);
    assert_memory_equal(is, want, n);
}

static void
numbers_and_fields(void **state)
{
    static const uint64_t numbers[] = { 0, 127, 128, 300, UINT64_MAX };
    static const int64_t signed_numbers[] = { -1, 1, -2 };
    struct mrs_buf b = MRS_BUF_INIT(1024);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    char name[64];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        mrs_buf_reset(&b);
        mrs_wr_varint(&w, numbers[i]);
        snprintf(name, sizeof name, "varint %llu", (unsigned long long)numbers[i]);
        assert_example(name, b.data, b.len);
    }
    for (size_t i = 0; i < 3; i++) {
        mrs_buf_reset(&b);
        mrs_wr_zigzag(&w, signed_numbers[i]);
        snprintf(name, sizeof name, "zigzag %d", (int)signed_numbers[i]);
        assert_example(name, b.data, b.len);
    }
    mrs_buf_reset(&b);
    mrs_stamp_write(&w, (struct mrs_stamp){ 1700000000, 5 });
    assert_example("time 1700000000.000000005", b.data, b.len);
    mrs_buf_reset(&b);
    mrs_field_bytes(&w, 1, 1, "ab", 2);
    mrs_field_varint(&w, 5, 0, 300);
    assert_example("fields 1 critical \"ab\", 5 plain varint 300", b.data, b.len);
    mrs_buf_free(&b);
}

static void
padded_sizes(void **state)
{
    char text[VALUE_MAX], is[128];

    (void)state;
    text_of("PADME of 144, 1000, 100000, 5000000", text);
    snprintf(is, sizeof is, "%llu %llu %llu %llu", (unsigned long long)mrs_padme(144),
             (unsigned long long)mrs_padme(1000), (unsigned long long)mrs_padme(100000),
             (unsigned long long)mrs_padme(5000000));
    assert_string_equal(is, text);
}

static mars_status
ledger_key(void *user, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    (void)user;
    (void)err;
    for (size_t i = 0; i < sizeof h->key_id; i++)
        assert_int_equal(h->key_id[i], 6);
    memcpy(key->id, h->key_id, sizeof key->id);
    bytes_of("lease.key", key->key, sizeof key->key);
    return MARS_OK;
}

static void
a_lease(void **state)
{
    struct mrs_buf payload = MRS_BUF_INIT(VALUE_MAX);
    uint8_t object[VALUE_MAX / 2];
    char name[VALUE_MAX];
    struct mrs_lease l;
    mars_error err;
    size_t n = bytes_of("lease.object", object, sizeof object);

    (void)state;
    text_of("lease.name", name);
    assert_int_equal(mrs_object_open(MRS_KIND_LEASE, MRS_NEED_READ, ledger_key, NULL, name, object,
                                     n, &payload, &err),
                     MARS_OK);
    assert_example("lease.payload", payload.data, payload.len);
    assert_example("lease.header", object, MRS_HEADER_SIZE);
    assert_int_equal(mrs_lease_decode(&l, payload.data, payload.len, &err), MARS_OK);
    assert_int_equal(l.generation, 1);
    assert_int_equal(l.item[0], 0x17);
    mrs_buf_reset(&payload);
    assert_int_equal(mrs_lease_encode(&l, &payload, &err), MARS_OK);
    assert_example("lease.payload", payload.data, payload.len);
    mrs_buf_free(&payload);
}

static void
a_vault_record(void **state)
{
    struct mrs_vault_record r;
    uint8_t object[VALUE_MAX / 2];
    const uint8_t *payload;
    char name[VALUE_MAX];
    size_t len, n = bytes_of("vault.object", object, sizeof object);

    (void)state;
    text_of("vault.name", name);
    assert_int_equal(mrs_record_open(MRS_KIND_VAULT, MRS_NEED_READ, NULL, NULL, name, object, n,
                                     &payload, &len, NULL),
                     MARS_OK);
    assert_int_equal(mrs_vault_record_decode(&r, payload, len, NULL), MARS_OK);
    assert_int_equal(r.soft_delete_days, 14);
    assert_int_equal(r.put_if_absent, 1);
    assert_string_equal(r.redundancy, "none");
    assert_int_equal(r.issuing_key[31], 0x5f);
}

static void
mac(const char *message, size_t n, uint8_t out[32])
{
    struct mrs_hmac *h = NULL;
    uint8_t key[32];

    bytes_of("id.key", key, sizeof key);
    assert_int_equal(mrs_hmac_new(&h, key, sizeof key, NULL), MARS_OK);
    assert_int_equal(mrs_hmac_run(h, message, n, NULL, 0, out, NULL), MARS_OK);
    mrs_hmac_free(h);
}

static void
ids(void **state)
{
    uint8_t out[32];
    char item[1 + 16 + 5] = { (char)0x80 };

    (void)state;
    mac("\1hello", 6, out);
    assert_example("id.chunk of class 1, \"hello\"", out, 32);
    memset(item + 1, 0x3a, 16);
    memcpy(item + 17, "files", 5);
    mac(item, sizeof item, out);
    assert_example("id.item of machine 16 bytes 3a, \"files\"", out, 16);
}

static void
cut_points(void **state)
{
    enum { SIZE = 40000 };
    static uint8_t data[SIZE];
    uint8_t key[32], gear[2048];
    char text[VALUE_MAX], is[VALUE_MAX];
    struct mrs_cutter c;
    uint64_t x = 1;
    int at = 0;

    (void)state;
    bytes_of("gear.key", key, sizeof key);
    assert_int_equal(mrs_hkdf(key, 32, NULL, 0, "mars gear v1", 12, gear, sizeof gear, NULL),
                     MARS_OK);
    assert_example("gear.first two of the table", gear, 16);
    for (size_t i = 0; i < SIZE; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        data[i] = (uint8_t)(x >> 56);
    }
    assert_int_equal(mrs_cutter_init(&c, gear, 512, 2048, 8192, NULL), MARS_OK);
    for (size_t done = 0; done < SIZE;) {
        done += cut_next(&c, data + done, SIZE - done);
        at += snprintf(is + at, sizeof is - (size_t)at, "%s%zu", at > 0 ? " " : "", done);
    }
    text_of("gear.cuts", text);
    assert_string_equal(is, text);
}

static void
open_blob(struct mrs_aead *aead, const uint8_t *pack, const struct mrs_blob *b, const char *want)
{
    uint8_t aad[MRS_BLOB_AAD_SIZE], plain[64];

    mrs_blob_aad(b, pack, aad);
    assert_int_equal(b->raw_len, strlen(want));
    assert_int_equal(mrs_aead_open(aead, b->slot, aad, sizeof aad, pack + b->offset, b->sealed_len,
                                   plain, NULL),
                     MARS_OK);
    assert_memory_equal(plain, want, b->raw_len);
}

static void
a_pack(void **state)
{
    uint8_t pack[VALUE_MAX / 2], object_key[32], digest[32], dir[256];
    uint8_t bound[MRS_HEADER_SIZE + MRS_PACK_FOOTER_SIZE];
    struct mrs_pack_footer f;
    struct mrs_aead *aead = NULL;
    struct mrs_blob *blobs = NULL;
    struct mrs_key key = { .id = { 3 } };
    struct mrs_header h;
    size_t n = 0, size = bytes_of("pack.object", pack, sizeof pack);
    const uint8_t *footer = pack + size - MRS_PACK_FOOTER_SIZE;

    (void)state;
    bytes_of("pack.key", key.key, sizeof key.key);
    assert_int_equal(mrs_sha256_once(pack, size, digest, NULL), MARS_OK);
    assert_example("pack.digest", digest, 32);
    assert_int_equal(mrs_header_decode(&h, pack, size, NULL), MARS_OK);
    assert_int_equal(mrs_object_key(&h, pack, &key, object_key, NULL), MARS_OK);
    assert_example("pack.object_key", object_key, 32);
    assert_int_equal(mrs_pack_footer_decode(&f, footer, MRS_PACK_FOOTER_SIZE, size, NULL), MARS_OK);
    memcpy(bound, pack, MRS_HEADER_SIZE);
    memcpy(bound + MRS_HEADER_SIZE, footer, MRS_PACK_FOOTER_SIZE);
    assert_int_equal(mrs_aead_new(&aead, object_key, NULL), MARS_OK);
    assert_int_equal(mrs_aead_open(aead, MRS_PACK_DIR_COUNTER, bound, sizeof bound,
                                   footer - f.dir_len, f.dir_len, dir, NULL),
                     MARS_OK);
    assert_example("pack.directory", dir, f.dir_len - MRS_TAG_SIZE);
    assert_int_equal(mrs_pack_dir_decode(dir, f.dir_len - MRS_TAG_SIZE, f.blobs_len, &blobs, &n,
                                         NULL),
                     MARS_OK);
    assert_int_equal(n, 2);
    open_blob(aead, pack, &blobs[0], "hello");
    open_blob(aead, pack, &blobs[1], "world!");
    mrs_free(blobs);
    mrs_aead_free(aead);
}

static void
packed_bytes(void **state)
{
    static const struct mrs_compression zstd = { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL };
    static const char *const names[] = { "codec.lz4", "codec.zstd" };
    struct mrs_codec_state codec = { NULL };
    uint8_t packed[256], out[220];
    char want[sizeof out + 1] = "";

    (void)state;
    for (size_t i = 0; i < 10; i++)
        strcat(want, i < 5 ? "the quick brown fox " : "jumps over the lazy dog ");
    for (uint8_t i = 0; i < 2; i++) {
        size_t n = bytes_of(names[i], packed, sizeof packed);

        if (i == 1 && mrs_compression_check(&zstd, NULL) != MARS_OK)
            continue; /* a build without it */
        assert_int_equal(mrs_codec_unpack(&codec, (uint8_t)(MRS_CODEC_LZ4 + i), packed, n, out,
                                          sizeof out, NULL),
                         MARS_OK);
        assert_memory_equal(out, want, sizeof out);
    }
    mrs_codec_state_free(&codec);
}

static void
a_slot(void **state)
{
    static const char passphrase[] = "correct horse battery staple", info[] = "mars slot v1";
    struct mrs_slot slot = { .kind = MRS_SLOT_PASSPHRASE,
                             .passes = 2,
                             .memory_kib = 32768,
                             .lanes = 1 };
    uint8_t domain[16], root_id[16], a[32], out[64], wrapped[64], root[32];
    uint8_t bound[sizeof info - 1 + MRS_SLOT_BINDING_MAX];
    struct mrs_aead *aead = NULL;
    size_t n;

    (void)state;
    memset(slot.id, 0x51, sizeof slot.id);
    for (size_t i = 0; i < sizeof slot.salt; i++)
        slot.salt[i] = (uint8_t)(0x50 + i);
    bytes_of("slot.domain_id", domain, sizeof domain);
    bytes_of("slot.root_id", root_id, sizeof root_id);
    assert_int_equal(mrs_argon2id(passphrase, sizeof passphrase - 1, slot.salt, sizeof slot.salt,
                                  2, 32768, 1, a, sizeof a, NULL),
                     MARS_OK);
    assert_example("slot.stretched", a, sizeof a);
    memcpy(bound, info, sizeof info - 1);
    n = mrs_slot_binding(&slot, domain, root_id, NULL, bound + sizeof info - 1);
    assert_example("slot.binding", bound + sizeof info - 1, n);
    n += sizeof info - 1;
    assert_int_equal(mrs_hkdf(a, sizeof a, slot.salt, sizeof slot.salt, bound, n, out, sizeof out,
                              NULL),
                     MARS_OK);
    assert_example("slot.key", out, 32);
    assert_example("slot.commitment", out + 32, 32);
    assert_int_equal(bytes_of("slot.wrapped", wrapped, sizeof wrapped), MRS_WRAPPED_SIZE);
    assert_int_equal(mrs_aead_new(&aead, out, NULL), MARS_OK);
    assert_int_equal(mrs_aead_open(aead, 0, bound, n, wrapped, MRS_WRAPPED_SIZE, root, NULL),
                     MARS_OK);
    assert_example("slot.root", root, sizeof root);
    mrs_aead_free(aead);
}

static void
a_callers_slot(void **state)
{
    static const char blob[] = "a wrapped secret", info[] = "mars slot v1";
    struct mrs_slot slot = { .kind = MRS_SLOT_CALLER };
    uint8_t domain[16], root_id[16], secret[32], digest[32], out[64], wrapped[64], root[32];
    uint8_t bound[sizeof info - 1 + MRS_SLOT_BINDING_MAX];
    struct mrs_aead *aead = NULL;

    (void)state;
    memset(slot.id, 0x52, sizeof slot.id);
    for (size_t i = 0; i < sizeof slot.salt; i++)
        slot.salt[i] = (uint8_t)(0x50 + i);
    bytes_of("slot.domain_id", domain, sizeof domain);
    bytes_of("slot.root_id", root_id, sizeof root_id);
    bytes_of("caller.secret", secret, sizeof secret);
    assert_int_equal(mrs_sha256_once(blob, sizeof blob - 1, digest, NULL), MARS_OK);
    memcpy(bound, info, sizeof info - 1);
    assert_int_equal(mrs_slot_binding(&slot, domain, root_id, digest, bound + sizeof info - 1),
                     MRS_SLOT_BINDING_MAX);
    assert_example("caller.binding", bound + sizeof info - 1, MRS_SLOT_BINDING_MAX);
    assert_int_equal(mrs_hkdf(secret, sizeof secret, slot.salt, sizeof slot.salt, bound,
                              sizeof bound, out, sizeof out, NULL),
                     MARS_OK);
    assert_example("caller.key", out, 32);
    assert_example("caller.commitment", out + 32, 32);
    assert_int_equal(bytes_of("caller.wrapped", wrapped, sizeof wrapped), MRS_WRAPPED_SIZE);
    assert_int_equal(mrs_aead_new(&aead, out, NULL), MARS_OK);
    assert_int_equal(mrs_aead_open(aead, 0, bound, sizeof bound, wrapped, MRS_WRAPPED_SIZE, root,
                                   NULL),
                     MARS_OK);
    assert_example("slot.root", root, sizeof root);
    mrs_aead_free(aead);
}

static void
what_follows_from_a_root(void **state)
{
    static const char *const infos[] = { "mars root id v1", "mars domain id v1",
                                         "mars slot mac v1" };
    static const char *const names[] = { "slot.root_id", "slot.domain_id", "slot.mac_key" };
    static const size_t sizes[] = { 16, 16, 32 };
    uint8_t root[32], out[32];

    (void)state;
    bytes_of("slot.root", root, sizeof root);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mrs_hkdf(root, sizeof root, NULL, 0, infos[i], strlen(infos[i]), out,
                                  sizes[i], NULL),
                         MARS_OK);
        assert_example(names[i], out, sizes[i]);
    }
}

static void
a_directory(void **state)
{
    uint8_t leaf[VALUE_MAX / 2], stat[VALUE_MAX / 2];
    struct mrs_buf again = MRS_BUF_INIT(VALUE_MAX);
    struct mrs_stat_node stats = { 0 };
    struct mrs_node node = { 0 };
    size_t n = bytes_of("tree.leaf", leaf, sizeof leaf);

    (void)state;
    assert_int_equal(mrs_node_decode(&node, leaf, n, 0, NULL), MARS_OK);
    assert_int_equal(node.n, 2);
    assert_memory_equal(node.entries[0].name.p, "greeting", 8);
    assert_memory_equal(node.entries[0].content.data, "hello", 5);
    assert_int_equal(node.entries[1].type, MRS_ENTRY_SYMLINK);
    assert_memory_equal(node.entries[1].target.p, "greeting", 8);
    assert_int_equal(mrs_leaf_encode(node.entries, node.n, &again, NULL), MARS_OK);
    assert_example("tree.leaf", again.data, again.len);
    n = bytes_of("tree.stat", stat, sizeof stat);
    assert_int_equal(mrs_stat_node_decode(&stats, &node, stat, n, NULL), MARS_OK);
    assert_int_equal(stats.stats[0].inode, 42);
    assert_int_equal(stats.stats[1].inode, 43);
    mrs_stat_node_free(&stats);
    mrs_node_free(&node);
    mrs_buf_free(&again);
}

static void
a_content_list(void **state)
{
    uint8_t bytes[VALUE_MAX / 2];
    struct mrs_list_node n = { 0 };
    size_t len = bytes_of("tree.list", bytes, sizeof bytes);

    (void)state;
    assert_int_equal(mrs_list_decode(&n, bytes, len, NULL), MARS_OK);
    assert_int_equal(n.size, 4101);
    assert_int_equal(n.extents[0].hole, 4096);
    assert_int_equal(n.refs[0].id[31], 0xaa);
    mrs_list_free(&n);
}

static void
a_point(void **state)
{
    struct mrs_buf again = MRS_BUF_INIT(VALUE_MAX);
    uint8_t bytes[VALUE_MAX / 2];
    struct mrs_node root = { 0 };
    struct mrs_point p = { .n_roots = 0 };
    size_t len = bytes_of("point.payload", bytes, sizeof bytes);

    (void)state;
    assert_int_equal(mrs_point_decode(&p, bytes, len, NULL), MARS_OK);
    assert_int_equal(p.n_roots, 1);
    assert_memory_equal(p.roots[0].parent[0].p, "home", 4);
    assert_int_equal(mrs_node_decode(&root, p.roots[0].entry.p, p.roots[0].entry.n, 1, NULL),
                     MARS_OK);
    assert_memory_equal(root.entries[0].name.p, "greeting", 8);
    assert_int_equal(mrs_point_encode(&p, &again, NULL), MARS_OK);
    assert_example("point.payload", again.data, again.len);
    mrs_node_free(&root);
    mrs_point_free(&p);
    mrs_buf_free(&again);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_fields), cmocka_unit_test(padded_sizes),
        cmocka_unit_test(a_lease),            cmocka_unit_test(a_vault_record),
        cmocka_unit_test(ids),                cmocka_unit_test(cut_points),
        cmocka_unit_test(a_pack),             cmocka_unit_test(a_slot),
        cmocka_unit_test(a_callers_slot),
        cmocka_unit_test(packed_bytes),       cmocka_unit_test(what_follows_from_a_root),
        cmocka_unit_test(a_directory),        cmocka_unit_test(a_content_list),
        cmocka_unit_test(a_point),
    };

    return cmocka_run_group_tests(tests, load_page, free_page);
}
