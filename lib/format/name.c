#include "format/name.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

enum { ID_HEX = 32, DIGEST_HEX = 64, NUMBER_HEX = 16 };
enum { HEAD_MAX = MRS_OBJECT_NAME_MAX - NUMBER_HEX - 1 }; /* what may stand before a number */

static void
join(char out[MRS_OBJECT_NAME_MAX], const char *head, const uint8_t *id, size_t id_size,
     const char *tail)
{
    char hex[DIGEST_HEX + 1];

    mrs_hex_encode(hex, id, id_size);
    (void)snprintf(out, MRS_OBJECT_NAME_MAX, "%s%s%s", head, hex, tail);
}

static void
numbered(char out[MRS_OBJECT_NAME_MAX], const char *head, uint64_t number)
{
    (void)snprintf(out, MRS_OBJECT_NAME_MAX, "%.*s%016llx", HEAD_MAX, head,
                   (unsigned long long)number);
}

void
mrs_name_vault(char out[MRS_OBJECT_NAME_MAX], uint64_t number)
{
    numbered(out, "vault/", number);
}

void
mrs_name_machine(char out[MRS_OBJECT_NAME_MAX], const uint8_t machine[16], uint64_t number)
{
    char head[MRS_OBJECT_NAME_MAX];

    join(head, "machines/", machine, 16, "/");
    numbered(out, head, number);
}

static const char LOG[] = "log/";

/* Kinds that one listing is to show. */
static int
is_logged(const char *relative)
{
    static const char *const kinds[] = { "record/", "ledger/", "fence/", "index/" };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (*relative == *kinds[i] && strncmp(relative, kinds[i], strlen(kinds[i])) == 0)
            return 1;
    return 0;
}

void
mrs_name_in_domain(char out[MRS_OBJECT_NAME_MAX], const uint8_t domain[16], const char *relative)
{
    char hex[ID_HEX + 1];

    mrs_hex_encode(hex, domain, 16);
    (void)snprintf(out, MRS_OBJECT_NAME_MAX, "domains/%s/%s%s", hex,
                   is_logged(relative) ? LOG : "", relative);
}

void
mrs_name_log(char out[MRS_OBJECT_NAME_MAX], const uint8_t domain[16])
{
    mrs_name_in_domain(out, domain, LOG);
}

const char *
mrs_name_relative(const char *below)
{
    size_t n = sizeof LOG - 1;

    if (strncmp(below, LOG, n) == 0)
        return is_logged(below + n) ? below + n : NULL;
    return is_logged(below) ? NULL : below;
}

void
mrs_name_domain_record(char out[MRS_OBJECT_NAME_MAX], uint64_t number)
{
    numbered(out, "record/", number);
}

void
mrs_name_slots(char out[MRS_OBJECT_NAME_MAX], uint64_t number)
{
    numbered(out, "keys/slots/", number);
}

void
mrs_name_ring(char out[MRS_OBJECT_NAME_MAX], const uint8_t digest[32], char copy)
{
    const char tail[3] = { '.', copy, '\0' };

    join(out, "keys/rings/", digest, 32, tail);
}

void
mrs_name_pack(char out[MRS_OBJECT_NAME_MAX], uint8_t kind, const uint8_t digest[32])
{
    char head[32];

    (void)snprintf(head, sizeof head, "packs/%s/%02x/",
                   kind == MRS_KIND_PACK_META ? "meta" : "data", digest[0]);
    join(out, head, digest, 32, "");
}

void
mrs_name_index(char out[MRS_OBJECT_NAME_MAX], const uint8_t digest[32])
{
    join(out, "index/", digest, 32, "");
}

void
mrs_name_point(char out[MRS_OBJECT_NAME_MAX], const uint8_t item[16], const uint8_t session[16])
{
    char tail[ID_HEX + 2] = "/";

    mrs_hex_encode(tail + 1, session, 16);
    join(out, "points/", item, 16, tail);
}

void
mrs_name_ledger(char out[MRS_OBJECT_NAME_MAX], uint64_t number)
{
    numbered(out, "ledger/", number);
}

void
mrs_name_lease(char out[MRS_OBJECT_NAME_MAX], const uint8_t session[16], uint64_t number)
{
    char head[MRS_OBJECT_NAME_MAX];

    join(head, "lease/", session, 16, "/");
    numbered(out, head, number);
}

void
mrs_name_fence(char out[MRS_OBJECT_NAME_MAX], const uint8_t session[16], int closed)
{
    join(out, "fence/", session, 16, closed ? ".closed" : "");
}

/* Step over a literal. */
static int
skip(const char **at, const char *literal)
{
    size_t n;

    if (**at != *literal)
        return 0;
    n = strlen(literal);
    if (strncmp(*at, literal, n) != 0)
        return 0;
    *at += n;
    return 1;
}

/* Step over hex digits of n bytes. */
static int
take_hex(const char **at, uint8_t *out, size_t n)
{
    if (strlen(*at) < 2 * n || !mrs_hex_decode(out, n, *at, 2 * n))
        return 0;
    *at += 2 * n;
    return 1;
}

static int
take_number(const char **at, uint64_t *number)
{
    uint8_t be[NUMBER_HEX / 2];

    if (!take_hex(at, be, sizeof be))
        return 0;
    *number = 0;
    for (size_t i = 0; i < sizeof be; i++)
        *number = *number << 8 | be[i];
    return 1;
}

static int
parse_keys(struct mrs_name *n, const char **at)
{
    if (skip(at, "slots/")) {
        n->kind = MRS_KIND_SLOTS;
        return take_number(at, &n->number);
    }
    n->kind = MRS_KIND_RING;
    if (!skip(at, "rings/") || !take_hex(at, n->digest, 32) || !skip(at, "."))
        return 0;
    n->copy = **at;
    if (n->copy != 'a' && n->copy != 'b')
        return 0;
    ++*at;
    return 1;
}

static int
parse_pack(struct mrs_name *n, const char **at)
{
    uint8_t first;

    if (skip(at, "data/"))
        n->kind = MRS_KIND_PACK_DATA;
    else if (skip(at, "meta/"))
        n->kind = MRS_KIND_PACK_META;
    else
        return 0;
    return take_hex(at, &first, 1) && skip(at, "/") && take_hex(at, n->digest, 32) &&
           n->digest[0] == first;
}

static int
parse(struct mrs_name *n, const char **at)
{
    if (skip(at, "vault/"))
        n->kind = MRS_KIND_VAULT;
    else if (skip(at, "record/"))
        n->kind = MRS_KIND_DOMAIN;
    else if (skip(at, "ledger/"))
        n->kind = MRS_KIND_LEDGER;
    if (n->kind != 0)
        return take_number(at, &n->number);
    if (skip(at, "machines/")) {
        n->kind = MRS_KIND_MACHINE;
        return take_hex(at, n->machine, 16) && skip(at, "/") && take_number(at, &n->number);
    }
    if (skip(at, "lease/")) {
        n->kind = MRS_KIND_LEASE;
        return take_hex(at, n->session, 16) && skip(at, "/") && take_number(at, &n->number);
    }
    if (skip(at, "fence/")) {
        n->kind = MRS_KIND_FENCE;
        if (!take_hex(at, n->session, 16))
            return 0;
        n->closed = skip(at, ".closed");
        return 1;
    }
    if (skip(at, "index/")) {
        n->kind = MRS_KIND_INDEX;
        return take_hex(at, n->digest, 32);
    }
    if (skip(at, "points/")) {
        n->kind = MRS_KIND_POINT;
        return take_hex(at, n->item, 16) && skip(at, "/") && take_hex(at, n->session, 16);
    }
    if (skip(at, "keys/"))
        return parse_keys(n, at);
    return skip(at, "packs/") && parse_pack(n, at);
}

int
mrs_name_parse(struct mrs_name *n, const char *name)
{
    memset(n, 0, sizeof *n);
    return parse(n, &name) && *name == '\0';
}
