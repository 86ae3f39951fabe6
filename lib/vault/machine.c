#include "vault/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "format/name.h"

/* Read record m->number of m->record.id; find NULL: unverified. */
static mars_status
read_record(struct mrs_machine *m, struct mrs_store *store, mrs_key_fn find, void *user,
            mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_machine_record r;
    char name[MRS_OBJECT_NAME_MAX];
    const uint8_t *payload = NULL;
    size_t len = 0;
    mars_status st;

    mrs_name_machine(name, m->record.id, m->number);
    st = mrs_store_get(store, name, &bytes, err);
    if (st == MARS_OK)
        st = mrs_record_open(MRS_KIND_MACHINE, MRS_NEED_READ, find, user, name, bytes.data,
                             bytes.len, &payload, &len, err);
    if (st == MARS_OK)
        st = mrs_machine_record_decode(&r, payload, len, err);
    if (st == MARS_OK && memcmp(r.id, m->record.id, sizeof r.id) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "is another machine's record");
    if (st == MARS_OK)
        m->record = r;
    mrs_buf_free(&bytes);
    return st == MARS_OK || st == MARS_ERR_NOMEM ? st : mrs_context(err, st, "%s", name);
}

/* Remember the highest number of each machine. */
static mars_status
note(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_machines *m = user;
    struct mrs_machine *at = NULL;
    struct mrs_name n;

    if (!mrs_name_parse(&n, info->name) || n.kind != MRS_KIND_MACHINE)
        return MARS_OK;
    for (size_t i = 0; at == NULL && i < m->list.len; i++) {
        at = mrs_vec_at(&m->list, i);
        if (memcmp(at->record.id, n.machine, sizeof n.machine) != 0)
            at = NULL;
    }
    if (at == NULL) {
        at = mrs_vec_add(&m->list);
        if (at == NULL)
            return mrs_nomem(err);
        memcpy(at->record.id, n.machine, sizeof n.machine);
    }
    if (n.number > at->number)
        at->number = n.number;
    return MARS_OK;
}

/* By name; equal ones oldest first, then by id, so that everybody sees one order. */
static int
compare(const void *a, const void *b)
{
    const struct mrs_machine_record *x = &((const struct mrs_machine *)a)->record;
    const struct mrs_machine_record *y = &((const struct mrs_machine *)b)->record;
    int names = strcmp(x->name, y->name);

    if (names != 0)
        return names;
    if (x->created.s != y->created.s)
        return x->created.s < y->created.s ? -1 : 1;
    return memcmp(x->id, y->id, sizeof x->id);
}

mars_status
mrs_machines_read(struct mrs_machines *m, struct mrs_store *store, mars_error *err)
{
    size_t good = 0;
    mars_status st;

    memset(m, 0, sizeof *m);
    m->list = (struct mrs_vec)MRS_VEC_INIT(struct mrs_machine);
    st = mrs_store_list(store, "machines/", MRS_LIST_NAMES, note, m, err);
    for (size_t i = 0; st == MARS_OK && i < m->list.len; i++) {
        struct mrs_machine *at = mrs_vec_at(&m->list, i);
        mars_error why;
        mars_status one = read_record(at, store, NULL, NULL, &why);

        if (one == MARS_OK) {
            *(struct mrs_machine *)mrs_vec_at(&m->list, good++) = *at;
        } else if (one == MARS_ERR_CORRUPT || one == MARS_ERR_UNSUPPORTED ||
                   one == MARS_ERR_NOT_FOUND) {
            m->damaged++;
            m->why = why;
        } else {
            st = mrs_fail(err, one, "%s", why.message);
        }
    }
    m->list.len = good;
    if (good > 1)
        qsort(m->list.items, good, m->list.item_size, compare);
    return st;
}

void
mrs_machines_free(struct mrs_machines *m)
{
    mrs_vec_free(&m->list);
}

const struct mrs_machine *
mrs_machines_find(const struct mrs_machines *m, const char *text, size_t *at)
{
    while (*at < m->list.len) {
        const struct mrs_machine *one = mrs_machines_at(m, (*at)++);
        char hex[2 * sizeof one->record.id + 1];

        mrs_hex_encode(hex, one->record.id, sizeof one->record.id);
        if (strcmp(text, one->record.name) == 0 || strcmp(text, hex) == 0)
            return one;
    }
    return NULL;
}

mars_status
mrs_machine_check(const struct mrs_machine *m, struct mrs_store *store, mrs_key_fn find,
                  void *user, mars_error *err)
{
    struct mrs_machine again = *m;
    mars_status st = read_record(&again, store, find, user, err);

    if (st == MARS_OK && (strcmp(again.record.name, m->record.name) != 0 ||
                          memcmp(again.record.domain, m->record.domain, 16) != 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "machine \"%s\": its record changed meanwhile",
                      m->record.name);
    return st;
}

mars_status
mrs_machine_put(const struct mrs_machine *m, struct mrs_store *store, const struct mrs_key *key,
                mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_buf object = MRS_BUF_INIT(MRS_RECORD_MAX);
    const uint8_t *id = m->record.id;
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st = mrs_machine_record_encode(&m->record, &payload, err);

    mrs_name_machine(name, id, m->number);
    if (st == MARS_OK)
        st = mrs_record_seal(MRS_KIND_MACHINE, key, id, name, &payload, &object, err);
    if (st == MARS_OK)
        st = mrs_store_put(store, id, name, object.data, object.len, err);
    if (st == MARS_OK)
        st = mrs_store_flush(store, err);
    mrs_buf_free(&payload);
    mrs_buf_free(&object);
    return st;
}
