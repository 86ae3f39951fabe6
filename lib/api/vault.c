#include <mars/vault.h>

#include <string.h>

#include "api/opts.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/file.h"
#include "vault/credentials.h"
#include "vault/machine.h"

enum { CREDENTIALS_MAX = 64 * 1024 };

static mars_status
need_url(const char *url, mars_error *err)
{
    mrs_error_clear(err);
    return url != NULL ? MARS_OK : mrs_fail(err, MARS_ERR_INVALID_ARG, "url: is NULL");
}

mars_status
mars_vault_create(const char *url, const mars_vault_options *opts, mars_error *err)
{
    struct mrs_access access = { .stall_ms = 0 };
    struct mrs_store *store = NULL;
    struct mrs_logger logger;
    char *redundancy = NULL;
    mars_vault_options o;
    mars_status st = need_url(url, err);

    if (st == MARS_OK)
        st = mrs_opts_import(&o, sizeof o, opts, MRS_VAULT_OPTIONS_V1, err);
    if (st == MARS_OK)
        st = mrs_arg_string(o.redundancy, o.redundancy_len, false, "redundancy", &redundancy, err);
    if (st == MARS_OK)
        st = mrs_arg_store(o.store, &access, &logger, err);
    if (st == MARS_OK)
        st = mrs_store_open(&store, url, 1, &access, err);
    if (st == MARS_OK)
        st = mrs_vault_create(store, redundancy, o.soft_delete_days, err);
    mrs_store_close(store);
    mrs_access_free(&access);
    mrs_free(redundancy);
    return st;
}

static void
give_machine(const struct mrs_machine_record *r, mars_machine_fn fn, void *user)
{
    char id[33], domain[33];
    mars_machine_info info = { .struct_size = sizeof info,
                               .id = id,
                               .name = r->name,
                               .domain = domain,
                               .os = r->os,
                               .created = r->created.s };

    mrs_hex_encode(id, r->id, sizeof r->id);
    mrs_hex_encode(domain, r->domain, sizeof r->domain);
    fn(&info, user);
}

static void
fill_info(const struct mrs_vault *v, const struct mrs_machines *machines, mars_vault_info *info)
{
    info->soft_delete_days = v->record.soft_delete_days;
    mrs_hex_encode(info->id, v->record.id, sizeof v->record.id);
    memcpy(info->redundancy, v->record.redundancy, sizeof info->redundancy);
    info->created = v->record.created.s;
    info->machines = (uint32_t)machines->list.len;
    info->put_if_absent = v->record.put_if_absent;
}

mars_status
mars_vault_show(const char *url, const mars_store_options *how, mars_vault_info *info,
                mars_machine_fn fn, void *user, mars_error *err)
{
    struct mrs_access access = { .stall_ms = 0 };
    mars_vault_info out = { .struct_size = sizeof out };
    struct mrs_machines machines = { .damaged = 0 };
    struct mrs_vault v = { .number = 0 };
    struct mrs_store *store = NULL;
    struct mrs_logger logger;
    mars_status st = need_url(url, err);

    if (st == MARS_OK && info == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "info: is NULL");
    if (st == MARS_OK)
        st = mrs_arg_store(how, &access, &logger, err);
    if (st == MARS_OK)
        st = mrs_store_open(&store, url, 0, &access, err);
    if (st == MARS_OK)
        st = mrs_vault_read(&v, store, MRS_NEED_READ, err);
    if (st == MARS_OK)
        st = mrs_machines_read(&machines, store, err);
    if (st == MARS_OK) {
        fill_info(&v, &machines, &out);
        st = mrs_opts_export(info, &out, sizeof out, err);
    }
    for (size_t i = 0; st == MARS_OK && fn != NULL && i < machines.list.len; i++)
        give_machine(&mrs_machines_at(&machines, i)->record, fn, user);
    if (st == MARS_OK && machines.damaged > 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s", machines.why.message);
    mrs_machines_free(&machines);
    mrs_vault_forget(&v);
    mrs_store_close(store);
    mrs_access_free(&access);
    return st;
}

static mars_status
write_new(const char *path, const struct mrs_buf *text, mars_error *err)
{
    struct mrs_file *f = NULL;
    mars_status st = mrs_file_create(&f, path, err);

    if (st != MARS_OK)
        return st;
    st = mrs_file_append(f, text->data, text->len, err);
    if (st == MARS_OK)
        st = mrs_file_sync(f, err);
    mrs_file_close(f);
    if (st != MARS_OK)
        (void)!mrs_file_delete(path, NULL);
    return st;
}

mars_status
mars_vault_issue_credentials(const char *url, const char *path,
                             const mars_credentials_options *opts, mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(CREDENTIALS_MAX);
    struct mrs_access access = { .stall_ms = 0 };
    struct mrs_vault v = { .number = 0 };
    struct mrs_store *store = NULL;
    struct mrs_logger logger;
    mars_credentials_options o;
    mars_status st = need_url(url, err);

    if (st == MARS_OK && path == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "path: is NULL");
    if (st == MARS_OK)
        st = mrs_opts_import(&o, sizeof o, opts, MRS_CREDENTIALS_OPTIONS_V1, err);
    if (st == MARS_OK)
        st = mrs_arg_store(o.store, &access, &logger, err);
    if (st == MARS_OK)
        st = mrs_store_open(&store, url, 0, &access, err);
    if (st == MARS_OK)
        st = mrs_vault_read(&v, store, MRS_NEED_READ, err);
    if (st == MARS_OK)
        st = mrs_credentials_issue(&v, mrs_store_url(store), store, &access, o.valid_days,
                                   o.access_days, &text, err);
    if (st == MARS_OK)
        st = write_new(path, &text, err);
    mrs_buf_free(&text);
    mrs_vault_forget(&v);
    mrs_store_close(store);
    mrs_access_free(&access);
    return st;
}
