#include "repo/log.h"

#include <string.h>

#include "base/err.h"
#include "format/name.h"
#include "vault/row.h"

struct reading {
    struct mrs_log *log;
    size_t skip; /* "domains/DOMAIN/" */
};

static mars_status
note(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct reading *r = user;
    const char *relative = mrs_name_relative(info->name + r->skip);
    struct mrs_object_info *at;

    if (relative == NULL)
        return MARS_OK;
    at = mrs_vec_add(&r->log->entries);
    if (at == NULL)
        return mrs_nomem(err);
    *at = *info;
    at->name = mrs_arena_copy(&r->log->names, relative, strlen(relative) + 1);
    return at->name != NULL ? MARS_OK : mrs_nomem(err);
}

mars_status
mrs_log_read(struct mrs_log *log, struct mrs_store *store, const uint8_t domain[16],
             mars_error *err)
{
    char prefix[MRS_OBJECT_NAME_MAX];
    struct reading r = { log, 0 };

    mrs_log_free(log);
    mrs_name_in_domain(prefix, domain, "");
    r.skip = strlen(prefix);
    mrs_name_log(prefix, domain);
    return mrs_store_list(store, prefix, MRS_LIST_INFO, note, &r, err);
}

void
mrs_log_free(struct mrs_log *log)
{
    mrs_vec_free(&log->entries);
    mrs_arena_free(&log->names);
}

static const struct mrs_object_info *
entry_at(const struct mrs_log *log, size_t i)
{
    return mrs_vec_at(&log->entries, i);
}

mars_status
mrs_log_each(const struct mrs_log *log, const char *prefix, mrs_list_fn fn, void *user,
             mars_error *err)
{
    size_t n = strlen(prefix);
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < log->entries.len; i++)
        if (strncmp(entry_at(log, i)->name, prefix, n) == 0)
            st = fn(user, entry_at(log, i), err);
    return st;
}

void
mrs_log_row(const struct mrs_log *log, const char *prefix, struct mrs_row *row)
{
    size_t n = strlen(prefix);

    *row = (struct mrs_row){ 0, 0 };
    for (size_t i = 0; i < log->entries.len; i++)
        if (strncmp(entry_at(log, i)->name, prefix, n) == 0)
            mrs_row_note(row, entry_at(log, i)->name + n);
}
