#include <mars/backup.h>

#include <string.h>

#include "api/backup_call.h"
#include "api/call.h"
#include "base/err.h"
#include "source/tree.h"

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
    return mrs_source_tree_open(&c->source, &o, err);
}

mars_status
mars_backup(mars_agent *agent, const mars_backup_options *opts, mars_backup_result *result,
            mars_error *err)
{
    struct mrs_backup_call c = { .rules = NULL };
    struct mrs_backup *b = NULL;
    mars_status st = mrs_backup_call_import(&c, agent, opts, err);

    if (st == MARS_OK)
        st = open_tree(&c, err);
    if (st == MARS_OK)
        st = mrs_backup_call_start(&c, agent, &b, err);
    if (st == MARS_OK)
        st = mrs_backup_call_finish(b, agent, c.item, result, err);
    else
        mrs_agent_log_failure(agent, "backup", st, err);
    mrs_backup_call_close(&c);
    return st;
}
