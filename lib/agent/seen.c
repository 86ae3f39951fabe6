#include "agent/seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/paths.h"
#include "base/err.h"
#include "base/hex.h"
#include "config/doc.h"

static const char FILE_NAME[] = "seen.yaml";
static const char FORMAT[] = "mars-seen-1";
enum { ID_HEX = 32, HEAD_CHARS = 2 * ID_HEX + 1 }; /* "ITEM SESSION" */

static mars_status
read_head(struct mrs_seen *s, const struct mrs_doc *doc, const char *text, mars_error *err)
{
    struct mrs_seen_head h, *at;

    if (strlen(text) != HEAD_CHARS || text[ID_HEX] != ' ' ||
        !mrs_hex_decode(h.item, sizeof h.item, text, ID_HEX) ||
        !mrs_hex_decode(h.session, sizeof h.session, text + ID_HEX + 1, ID_HEX))
        return mrs_doc_refuse(doc, "heads", "not an item and a point", err);
    at = mrs_vec_add(&s->heads);
    if (at == NULL)
        return mrs_nomem(err);
    *at = h;
    return MARS_OK;
}

static mars_status
read_count(const struct mrs_doc *doc, const char *key, uint64_t *out, mars_error *err)
{
    int64_t v = 0;
    mars_status st = mrs_doc_get_i64(doc, key, &v, err);

    if (st == MARS_OK && v < 0)
        st = mrs_doc_refuse(doc, key, "is negative", err);
    *out = (uint64_t)v;
    return st;
}

static mars_status
from_doc(struct mrs_seen *s, const struct mrs_doc *doc, mars_error *err)
{
    const char *digest = mrs_doc_get(doc, "vault_record"), *text = mrs_doc_get(doc, "format");
    mars_status st = MARS_OK;

    if (text == NULL || strcmp(text, FORMAT) != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "its format is newer than this build");
    st = read_count(doc, "ledger", &s->generation, err);
    if (st == MARS_OK)
        st = read_count(doc, "slots", &s->slots, err);
    if (st == MARS_OK && digest != NULL &&
        !mrs_hex_decode(s->vault_digest, sizeof s->vault_digest, digest, strlen(digest)))
        st = mrs_doc_refuse(doc, "vault_record", "not a digest", err);
    for (size_t i = 0; st == MARS_OK && (text = mrs_doc_item(doc, "heads", i)) != NULL; i++)
        st = read_head(s, doc, text, err);
    return st;
}

mars_status
mrs_seen_load(struct mrs_seen *s, const char *config_dir, mars_error *err)
{
    struct mrs_doc *doc = NULL;
    mars_status st;

    memset(s, 0, sizeof *s);
    s->heads = (struct mrs_vec)MRS_VEC_INIT(struct mrs_seen_head);
    st = mrs_config_read(&doc, config_dir, FILE_NAME, err);
    if (st == MARS_ERR_NOT_FOUND) {
        mrs_error_clear(err);
        return MARS_OK;
    }
    if (st == MARS_OK) {
        st = from_doc(s, doc, err);
        if (st != MARS_OK)
            (void)mrs_context(err, st, "%.100s/%s", config_dir, FILE_NAME);
    }
    mrs_doc_free(doc);
    return st;
}

void
mrs_seen_free(struct mrs_seen *s)
{
    mrs_vec_free(&s->heads);
}

static mars_status
save(const struct mrs_seen *s, const char *config_dir, mars_error *err)
{
    struct mrs_doc *doc = NULL;
    char digest[65], key[32], text[HEAD_CHARS + 1];
    mars_status st = mrs_doc_new(&doc, err);

    mrs_hex_encode(digest, s->vault_digest, sizeof s->vault_digest);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "format", FORMAT, err);
    if (st == MARS_OK)
        st = mrs_doc_set_i64(doc, "ledger", (int64_t)s->generation, err);
    if (st == MARS_OK)
        st = mrs_doc_set_i64(doc, "slots", (int64_t)s->slots, err);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "vault_record", digest, err);
    for (size_t i = 0; st == MARS_OK && i < s->heads.len; i++) {
        const struct mrs_seen_head *h = mrs_vec_at(&s->heads, i);

        (void)snprintf(key, sizeof key, "heads.%zu", i);
        mrs_hex_encode(text, h->item, sizeof h->item);
        text[ID_HEX] = ' ';
        mrs_hex_encode(text + ID_HEX + 1, h->session, sizeof h->session);
        st = mrs_doc_set(doc, key, text, err);
    }
    if (st == MARS_OK)
        st = mrs_config_write(doc, config_dir, FILE_NAME, err);
    mrs_doc_free(doc);
    return st;
}

static mars_status
set_head(struct mrs_seen *s, const uint8_t item[16], const uint8_t session[16], mars_error *err)
{
    struct mrs_seen_head *h = NULL;

    for (size_t i = 0; h == NULL && i < s->heads.len; i++) {
        h = mrs_vec_at(&s->heads, i);
        if (memcmp(h->item, item, sizeof h->item) != 0)
            h = NULL;
    }
    if (h == NULL && s->heads.len >= MRS_SEEN_HEADS_MAX)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "more than %d items on one machine",
                        MRS_SEEN_HEADS_MAX);
    if (h == NULL)
        h = mrs_vec_add(&s->heads);
    if (h == NULL)
        return mrs_nomem(err);
    memcpy(h->item, item, sizeof h->item);
    memcpy(h->session, session, sizeof h->session);
    return MARS_OK;
}

mars_status
mrs_seen_note_point(const char *config_dir, const uint8_t item[16], const uint8_t session[16],
                    uint64_t generation, mars_error *err)
{
    struct mrs_seen s = { .generation = 0 };
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_config_lock(&lock, config_dir, err);

    if (st == MARS_OK)
        st = mrs_seen_load(&s, config_dir, err);
    if (st == MARS_OK)
        st = set_head(&s, item, session, err);
    if (st == MARS_OK) {
        s.generation = generation > s.generation ? generation : s.generation;
        st = save(&s, config_dir, err);
    }
    mrs_seen_free(&s);
    mrs_lock_release(lock);
    return st;
}

mars_status
mrs_seen_note_slots(const char *config_dir, uint64_t number, mars_error *err)
{
    struct mrs_seen s = { .generation = 0 };
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_config_lock(&lock, config_dir, err);

    if (st == MARS_OK)
        st = mrs_seen_load(&s, config_dir, err);
    if (st == MARS_OK) {
        s.slots = number > s.slots ? number : s.slots;
        st = save(&s, config_dir, err);
    }
    mrs_seen_free(&s);
    mrs_lock_release(lock);
    return st;
}

mars_status
mrs_seen_registered(const char *config_dir, const uint8_t vault_digest[32], uint64_t slots,
                    mars_error *err)
{
    struct mrs_seen s;
    mars_status st = mrs_seen_load(&s, config_dir, err);

    if (st == MARS_OK) {
        memcpy(s.vault_digest, vault_digest, sizeof s.vault_digest);
        s.slots = slots > s.slots ? slots : s.slots;
        st = save(&s, config_dir, err);
    }
    mrs_seen_free(&s);
    return st;
}
