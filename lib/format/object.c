#include "format/object.h"

#include <string.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

static const uint8_t MAGIC[8] = { 0x89, 0x4d, 0x41, 0x52, 0x53, 0x0d, 0x0a, 0x1a };
enum { FORMAT_VERSION = 1, SUITE = 1 };

static void
put_le(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        at[i] = (uint8_t)v;
}

void
mrs_header_encode(const struct mrs_header *h, uint8_t out[MRS_HEADER_SIZE])
{
    memset(out, 0, MRS_HEADER_SIZE);
    memcpy(out, MAGIC, sizeof MAGIC);
    out[8] = h->kind;
    out[9] = FORMAT_VERSION;
    out[10] = SUITE;
    out[11] = h->mode;
    for (size_t i = 0; i < MRS_NEEDS; i++)
        put_le(out + 12 + 4 * i, h->must[i], 4);
    memcpy(out + 32, h->key_id, 16);
    memcpy(out + 48, h->writer_id, 16);
    memcpy(out + 64, h->salt, 32);
    put_le(out + 96, h->body_len, 8);
    put_le(out + 104, h->trailer_len, 4);
    memcpy(out + 112, h->commitment, 32);
}

/* Version, suite and mode: what this build must know to go on. */
static mars_status
check_kinds(uint8_t version, uint8_t suite, uint8_t mode, uint8_t kind, mars_error *err)
{
    if (version != FORMAT_VERSION)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED,
                        "%s: format version %u; this build knows %d: update libmars",
                        mrs_kind_name(kind), version, FORMAT_VERSION);
    if (suite != SUITE)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "%s: cipher suite %u", mrs_kind_name(kind),
                        suite);
    if (mode > MRS_MODE_SYMMETRIC)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "%s: key mode %u", mrs_kind_name(kind), mode);
    return MARS_OK;
}

mars_status
mrs_header_decode(struct mrs_header *h, const uint8_t *buf, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    uint8_t magic[8], version, suite;
    uint32_t zero;
    mars_status st;

    memset(h, 0, sizeof *h);
    mrs_rd_copy(&r, magic, sizeof magic);
    h->kind = mrs_rd_u8(&r);
    version = mrs_rd_u8(&r);
    suite = mrs_rd_u8(&r);
    h->mode = mrs_rd_u8(&r);
    for (size_t i = 0; i < MRS_NEEDS; i++)
        h->must[i] = mrs_rd_le32(&r);
    zero = mrs_rd_le32(&r);
    mrs_rd_copy(&r, h->key_id, sizeof h->key_id);
    mrs_rd_copy(&r, h->writer_id, sizeof h->writer_id);
    mrs_rd_copy(&r, h->salt, sizeof h->salt);
    h->body_len = mrs_rd_le64(&r);
    h->trailer_len = mrs_rd_le32(&r);
    zero |= mrs_rd_le32(&r);
    mrs_rd_copy(&r, h->commitment, sizeof h->commitment);
    if (r.bad || memcmp(magic, MAGIC, sizeof magic) != 0)
        return mrs_fail(err, MARS_ERR_CORRUPT, "not an object of libmars");
    st = check_kinds(version, suite, h->mode, h->kind, err);
    if (st == MARS_OK && zero != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s: reserved bytes are set", mrs_kind_name(h->kind));
    return st;
}

mars_status
mrs_header_allows(const struct mrs_header *h, enum mrs_need need, mars_error *err)
{
    static const char *const names[MRS_NEEDS] = { "read", "write", "collect", "verify" };
    enum mrs_need sets[2] = { MRS_NEED_READ, need };

    for (size_t i = 0; i < 2; i++)
        if (h->must[sets[i]] != 0)
            return mrs_fail(err, MARS_ERR_UNSUPPORTED,
                            "%s: to %s it, bits 0x%x must be understood that this build does not "
                            "know: update libmars",
                            mrs_kind_name(h->kind), names[sets[i]], h->must[sets[i]]);
    return MARS_OK;
}

uint64_t
mrs_padme(uint64_t n)
{
    unsigned e = 0, s = 1;
    uint64_t mask;

    if (n < 2)
        return n;
    while (n >> (e + 1) != 0)
        e++;
    while (e >> s != 0)
        s++;
    /* s is floor(log2 e) + 1 for e > 0, and 1 for e = 0, where nothing is rounded. */
    mask = e > s ? ((uint64_t)1 << (e - s)) - 1 : 0;
    return (n + mask) & ~mask;
}

const char *
mrs_kind_name(uint8_t kind)
{
    static const char *const names[] = { "object of unknown kind",
                                         "vault record",
                                         "machine record",
                                         "domain record",
                                         "slot set",
                                         "key ring",
                                         "data pack",
                                         "metadata pack",
                                         "index object",
                                         "recovery point",
                                         "ledger record",
                                         "lease",
                                         "fence",
                                         "job record" };

    return names[kind < sizeof names / sizeof names[0] ? kind : 0];
}
