#include <mars/backup.h>

#include <string.h>

#include "api/backup_call.h"
#include "api/call.h"
#include "api/opts.h"
#include "base/err.h"

static mars_status
make_rules(struct mrs_backup_call *c, mars_error *err)
{
    mars_status st = mrs_rules_new(&c->rules, err);

    if (st == MARS_OK && c->opts.n_excludes > 0 && c->opts.excludes == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "excludes: is NULL");
    for (uint64_t i = 0; st == MARS_OK && i < c->opts.n_excludes; i++)
        st = mrs_rules_add(c->rules, c->opts.excludes[i], strlen(c->opts.excludes[i]), err);
    return st;
}

static mars_status
open_tree(struct mrs_backup_call *c, mars_error *err)
{
    struct mrs_tree_options o = { 0 };
    mars_status st = make_rules(c, err);

    if (st == MARS_OK && c->opts.n_paths == 0)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "paths: there are none");
    if (st == MARS_OK)
        st = mrs_arg_strings(c->opts.paths, c->opts.path_lens, c->opts.n_paths, "paths", &c->paths,
                             err);
    if (st != MARS_OK)
        return st;
    o.paths = c->paths;
    o.n_paths = (size_t)c->opts.n_paths;
    o.rules = c->rules;
    o.one_file_system = (c->opts.flags & MARS_BACKUP_ONE_FILE_SYSTEM) != 0;
    o.look_ahead = true;
    o.exclude_caches = (c->opts.flags & MARS_BACKUP_EXCLUDE_CACHES) != 0;
    st = mrs_tree_source_open(&c->tree, &o, err);
    if (st == MARS_OK)
        c->source = mrs_tree_source_table(c->tree);
    return st;
}

/* What the caller gives is taken as it is: it chose. */
static mars_status
take_source(struct mrs_backup_call *c, mars_error *err)
{
    const uint32_t of_paths = MARS_BACKUP_ONE_FILE_SYSTEM | MARS_BACKUP_EXCLUDE_CACHES;
    mars_status st = mrs_opts_import(&c->own, sizeof c->own, c->opts.source, MRS_SOURCE_V1, err);

    if (st == MARS_OK && c->own.flags != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "source: flags: 0x%x is not known", c->own.flags);
    if (st == MARS_OK && (c->opts.n_paths > 0 || c->opts.n_excludes > 0 ||
                          (c->opts.flags & of_paths) != 0))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG,
                      "source: paths, excludes and what is said of them are not for it");
    c->source = &c->own;
    return st;
}

mars_status
mars_backup(mars_agent *agent, const mars_backup_options *opts, mars_backup_result *result,
            mars_error *err)
{
    struct mrs_backup_call c = { .rules = NULL };
    struct mrs_backup *b = NULL;
    mars_status st = mrs_backup_call_import(&c, agent, opts, err);

    if (st == MARS_OK)
        st = c.opts.source != NULL ? take_source(&c, err) : open_tree(&c, err);
    if (st == MARS_OK)
        st = mrs_backup_call_start(&c, agent, &b, err);
    if (st == MARS_OK)
        st = mrs_backup_call_finish(b, agent, c.item, result, err);
    else
        mrs_agent_log_failure(agent, "backup", st, err);
    mrs_backup_call_close(&c);
    return st;
}
