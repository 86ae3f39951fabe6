#include "vault/credentials.h"

#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "base/hex.h"
#include "config/doc.h"
#include "crypto/digest.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/random.h"
#include "vault/accessdoc.h"

static const char FORMAT_FAMILY[] = "mars-vault-credentials-";
static const char FORMAT[] = "mars-vault-credentials-1";
/* In the order in which they stand in the file and under the MAC. */
static const char *const KEYS[] = { "format",         "vault_id",     "url", "serial", "issued",
                                    "register_until", "access_until", "mac" };
enum { N_KEYS = sizeof KEYS / sizeof KEYS[0], N_BOUND = N_KEYS - 1, DAY_SECONDS = 86400 };

static bool
of_vault(enum mrs_access_key key)
{
    return mrs_access_part(key) == MRS_ACCESS_OF_VAULT;
}

/* "key=value", if the document has it. */
static mars_status
add_line(struct mrs_buf *lines, const struct mrs_doc *doc, const char *key, mars_error *err)
{
    const char *value = mrs_doc_get(doc, key);
    mars_status st;

    if (value == NULL)
        return MARS_OK;
    st = mrs_buf_append(lines, key, strlen(key), err);
    if (st == MARS_OK)
        st = mrs_buf_append(lines, "=", 1, err);
    if (st == MARS_OK)
        st = mrs_buf_append(lines, value, strlen(value), err);
    return st == MARS_OK ? mrs_buf_append(lines, "\n", 1, err) : st;
}

/* MAC of a "key=value" line for each key but the last, then for each that says how the store is
 * reached. No value has a line break in it. */
static mars_status
mac_of(const struct mrs_doc *doc, const uint8_t key[32], uint8_t out[32], mars_error *err)
{
    struct mrs_buf lines = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    struct mrs_hmac *mac = NULL;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < N_BOUND; i++)
        st = add_line(&lines, doc, KEYS[i], err);
    for (unsigned k = 0; st == MARS_OK && k < MRS_ACCESS_KEYS; k++)
        if (of_vault((enum mrs_access_key)k))
            st = add_line(&lines, doc, mrs_access_name((enum mrs_access_key)k), err);
    if (st == MARS_OK)
        st = mrs_hmac_new(&mac, key, 32, err);
    if (st == MARS_OK)
        st = mrs_hmac_run(mac, lines.data, lines.len, NULL, 0, out, err);
    mrs_hmac_free(mac);
    mrs_buf_free(&lines);
    return st;
}

/* Everything but the MAC, as a document. */
static mars_status
to_doc(const struct mrs_credentials *c, struct mrs_doc **out, mars_error *err)
{
    char id[2 * sizeof c->vault + 1], issued[MRS_DATE_SIZE], reg[MRS_DATE_SIZE], acc[MRS_DATE_SIZE];
    const char *values[N_BOUND] = { FORMAT, id, c->url, c->serial, issued, reg, acc };
    mars_status st = mrs_doc_new(out, err);

    mrs_hex_encode(id, c->vault, sizeof c->vault);
    mrs_date_format(c->issued, issued);
    mrs_date_format(c->register_until, reg);
    mrs_date_format(c->access_until, acc);
    for (size_t i = 0; st == MARS_OK && i < N_BOUND; i++)
        st = mrs_doc_set(*out, KEYS[i], values[i], err);
    return st == MARS_OK ? mrs_access_to_doc(&c->access, of_vault, *out, err) : st;
}

static bool
has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

static mars_status
write_text(const struct mrs_credentials *c, const uint8_t key[32], struct mrs_buf *out,
           mars_error *err)
{
    struct mrs_doc *doc = NULL;
    uint8_t mac[32];
    char hex[2 * sizeof mac + 1];
    mars_status st = to_doc(c, &doc, err);

    if (st == MARS_OK)
        st = mac_of(doc, key, mac, err);
    if (st == MARS_OK) {
        mrs_hex_encode(hex, mac, sizeof mac);
        st = mrs_doc_set(doc, "mac", hex, err);
    }
    if (st == MARS_OK)
        st = mrs_doc_write(doc, out, err);
    mrs_doc_free(doc);
    return st;
}

mars_status
mrs_credentials_issue(const struct mrs_vault *v, const char *url, struct mrs_store *store,
                      const struct mrs_access *access, uint32_t valid_days, uint32_t access_days,
                      struct mrs_buf *out, mars_error *err)
{
    struct mrs_credentials c = { .url = NULL };
    int64_t valid = valid_days != 0 ? valid_days : MRS_VALID_DEFAULT_DAYS;
    int64_t usable = access_days != 0 ? access_days : MRS_ACCESS_DEFAULT_DAYS;
    uint8_t serial[8];
    mars_status st = mrs_random_fill(serial, sizeof serial, err);

    if (valid > MRS_DAYS_MAX || usable > MRS_DAYS_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: more than %d",
                        valid > MRS_DAYS_MAX ? "valid_days" : "access_days", MRS_DAYS_MAX);
    if (has_control(url))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "url: has a control character in it");
    c.url = mrs_strndup(url, strlen(url));
    if (c.url == NULL)
        return mrs_nomem(err);
    memcpy(c.vault, v->record.id, sizeof c.vault);
    mrs_hex_encode(c.serial, serial, sizeof serial);
    c.issued = mrs_clock_wall().s;
    c.register_until = c.issued + valid * DAY_SECONDS;
    c.access_until = c.issued + usable * DAY_SECONDS;
    if (st == MARS_OK && store != NULL)
        st = mrs_store_grant(store, access, c.access_until, &c.access, err);
    if (st == MARS_OK)
        st = write_text(&c, v->record.issuing_key, out, err);
    mrs_credentials_free(&c);
    return st;
}

/* Every value there and in its form. */
static mars_status
from_doc(struct mrs_credentials *c, const struct mrs_doc *doc, mars_error *err)
{
    static const struct {
        const char *key;
        size_t offset;
    } dates[] = { { "issued", offsetof(struct mrs_credentials, issued) },
                  { "register_until", offsetof(struct mrs_credentials, register_until) },
                  { "access_until", offsetof(struct mrs_credentials, access_until) } };
    const char *v[N_KEYS];
    const char *unknown = mrs_access_unknown(doc, of_vault, KEYS, N_KEYS);
    uint8_t serial[8];
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < N_KEYS; i++)
        st = mrs_doc_require(doc, KEYS[i], &v[i], err);
    if (st != MARS_OK)
        return st;
    if (unknown != NULL)
        return mrs_doc_refuse(doc, unknown, "not a key of vault credentials", err);
    if (!mrs_hex_decode(c->vault, sizeof c->vault, v[1], strlen(v[1])))
        return mrs_doc_refuse(doc, KEYS[1], "not an id", err);
    if (has_control(v[2]))
        return mrs_doc_refuse(doc, KEYS[2], "has a control character in it", err);
    if (!mrs_hex_decode(serial, sizeof serial, v[3], strlen(v[3])))
        return mrs_doc_refuse(doc, KEYS[3], "not a serial number", err);
    memcpy(c->serial, v[3], sizeof c->serial);
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        if (!mrs_date_parse(mrs_doc_get(doc, dates[i].key),
                            (int64_t *)(void *)((char *)c + dates[i].offset)))
            return mrs_doc_refuse(doc, dates[i].key, "not a date", err);
    if (!mrs_hex_decode(c->mac, sizeof c->mac, v[7], strlen(v[7])))
        return mrs_doc_refuse(doc, KEYS[7], "not a check value", err);
    c->url = mrs_strndup(v[2], strlen(v[2]));
    return c->url != NULL ? mrs_access_from_doc(&c->access, of_vault, doc, err) : mrs_nomem(err);
}

static mars_status
check_format(const struct mrs_doc *doc, mars_error *err)
{
    const char *format = mrs_doc_get(doc, "format");
    size_t family = sizeof FORMAT_FAMILY - 1;

    if (format == NULL || strncmp(format, FORMAT_FAMILY, family) != 0)
        return mrs_fail(err, MARS_ERR_AUTH, "this is no vault credentials file");
    if (strcmp(format, FORMAT) == 0)
        return MARS_OK;
    if (format[family] == '\0' ||
        strspn(format + family, "0123456789") != strlen(format + family))
        return mrs_fail(err, MARS_ERR_AUTH, "this is no vault credentials file");
    return mrs_fail(err, MARS_ERR_UNSUPPORTED, "%.60s is newer than this build", format);
}

mars_status
mrs_credentials_parse(struct mrs_credentials *c, const void *text, size_t len, mars_error *err)
{
    struct mrs_doc *doc = NULL;
    mars_status st;

    memset(c, 0, sizeof *c);
    st = mrs_doc_parse(&doc, text, len, err);
    if (st == MARS_OK)
        st = check_format(doc, err);
    if (st == MARS_OK)
        st = from_doc(c, doc, err);
    mrs_doc_free(doc);
    /* A file that was edited is the caller's to replace, not damage of the vault. */
    if (st == MARS_ERR_CORRUPT)
        st = mrs_context(err, MARS_ERR_AUTH, "not vault credentials as they were issued");
    return st;
}

void
mrs_credentials_free(struct mrs_credentials *c)
{
    mrs_free(c->url);
    mrs_access_free(&c->access);
    memset(c, 0, sizeof *c);
}

mars_status
mrs_credentials_check(const struct mrs_credentials *c, const struct mrs_vault *v, enum mrs_use use,
                      int64_t now, mars_error *err)
{
    int64_t until = use == MRS_USE_REGISTER ? c->register_until : c->access_until;
    struct mrs_doc *doc = NULL;
    char date[MRS_DATE_SIZE];
    uint8_t mac[32];
    mars_status st;

    if (memcmp(c->vault, v->record.id, sizeof c->vault) != 0)
        return mrs_fail(err, MARS_ERR_AUTH, "the credentials are another vault's");
    st = to_doc(c, &doc, err);
    if (st == MARS_OK)
        st = mac_of(doc, v->record.issuing_key, mac, err);
    mrs_doc_free(doc);
    if (st != MARS_OK)
        return st;
    if (!mrs_equal_ct(mac, c->mac, sizeof mac))
        return mrs_fail(err, MARS_ERR_AUTH, "the credentials were edited after they were issued");
    if (now > until) {
        mrs_date_format(until, date);
        return mrs_fail(err, MARS_ERR_AUTH,
                        "credentials expired on %s: issue new ones with `mars vault credentials`",
                        date);
    }
    return MARS_OK;
}

static mars_status
read_file(struct mrs_credentials *c, const char *path, mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    mars_status st = mrs_file_slurp(path, &text, err);

    if (st == MARS_ERR_CORRUPT)
        st = mrs_fail(err, MARS_ERR_AUTH, "%.150s: too large for vault credentials", path);
    if (st == MARS_OK) {
        st = mrs_credentials_parse(c, text.data, text.len, err);
        if (st != MARS_OK && st != MARS_ERR_NOMEM)
            (void)mrs_context(err, st, "%.100s", path);
    }
    mrs_buf_free(&text);
    return st;
}

mars_status
mrs_credentials_redeem(struct mrs_credentials *c, const char *path,
                       const struct mrs_access *machine, enum mrs_use use, const atomic_bool *stop,
                       struct mrs_store **store, struct mrs_vault *v, mars_error *err)
{
    struct mrs_store *view = NULL;
    mars_status st;

    memset(c, 0, sizeof *c);
    memset(v, 0, sizeof *v);
    *store = NULL;
    st = read_file(c, path, err);
    if (st == MARS_OK && machine != NULL) {
        st = mrs_access_merge(&c->access, machine, MRS_ACCESS_OF_MACHINE, err);
        c->access.stall_ms = machine->stall_ms;
        c->access.limits = machine->limits;
        c->access.logger = machine->logger;
    }
    if (st == MARS_OK)
        st = mrs_store_open(store, c->url, 0, &c->access, err);
    if (st == MARS_OK)
        st = mrs_store_view(*store, stop, &view, err);
    if (st == MARS_OK)
        st = mrs_vault_read(v, view, MRS_NEED_READ, err);
    mrs_store_close(view);
    if (st == MARS_OK)
        st = mrs_credentials_check(c, v, use, mrs_clock_wall().s, err);
    return st;
}
