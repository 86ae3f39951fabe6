#include <mars/restore.h>

#include <inttypes.h>
#include <string.h>

#include "api/call.h"
#include "api/opts.h"
#include "base/alloc.h"
#include "base/err.h"
#include "job/restore.h"

static const char UNIT[] = "restore"; /* in the log */
static const uint32_t KNOWN_FLAGS = MARS_RESTORE_NO_ACL | MARS_RESTORE_NO_OWNER |
                                    MARS_RESTORE_DRY_RUN | MARS_RESTORE_REPORT_FILES;

static mars_status
check_sink(const mars_restore_options *o, mars_error *err)
{
    if (o->target != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "target and sink: one of them, not both");
    if (o->conflict != 0 || (o->flags & (MARS_RESTORE_NO_ACL | MARS_RESTORE_NO_OWNER)) != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "conflict, NO_ACL, NO_OWNER: not for a sink");
    return MARS_OK;
}

/* A caller's table, which may be an older one. */
static mars_status
import_sink(mars_sink *out, const mars_sink *in, mars_error *err)
{
    mars_status st = mrs_opts_import(out, sizeof *out, in, MRS_SINK_V1, err);

    if (st != MARS_OK)
        return mrs_context(err, st, "sink");
    if (out->flags != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "sink: flags: 0x%x is not known", out->flags);
    if (out->begin == NULL || out->write == NULL || out->end == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "sink: begin, write or end is missing");
    if (out->release == NULL && (out->link != NULL || out->state != NULL))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "sink: link and state need release");
    return MARS_OK;
}

static mars_status
check(const mars_restore_options *o, mars_error *err)
{
    if ((o->flags & ~KNOWN_FLAGS) != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", o->flags);
    if (o->conflict > MARS_CONFLICT_SKIP)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "conflict: %u is not known", o->conflict);
    return o->sink != NULL ? check_sink(o, err) : MARS_OK;
}

static void
export_counts(const struct mrs_restore_counts *n, mars_restore_result *r)
{
    r->files_restored = n->restored;
    r->directories = n->directories;
    r->files_present = n->present;
    r->files_skipped = n->skipped;
    r->files_failed = n->failed;
    r->warnings = n->warnings;
    r->bytes_written = n->bytes_written;
    r->bytes_fetched = n->bytes_fetched;
    r->elapsed_ns = n->elapsed_ns;
}

static mars_status
run(mars_agent *agent, const mars_restore_options *o, struct mrs_restore_counts *n,
    mars_error *err)
{
    struct mrs_listener listener = { o->progress, o->progress_user, o->event, o->event_user,
                                     o->cancel };
    struct mrs_restore_spec spec = { .conflict = (enum mrs_conflict)o->conflict };
    struct mrs_known_point *k = NULL;
    struct mrs_slice *paths = NULL;
    struct mrs_view view = { 0 };
    char *target = NULL;
    mars_sink sink;
    mars_status st = mrs_arg_string(o->target, o->target_len, o->sink == NULL, "target", &target,
                                    err);

    if (st == MARS_OK && o->sink != NULL)
        st = import_sink(&sink, o->sink, err);
    if (st == MARS_OK)
        st = mrs_arg_strings(o->paths, o->path_lens, o->n_paths, "paths", &paths, err);
    if (st == MARS_OK)
        st = mrs_view_point(&view, agent, o->point, o->item, &k, err);
    if (st == MARS_OK) {
        spec.point = &k->whole->point;
        spec.target = target;
        spec.sink = o->sink != NULL ? &sink : NULL;
        spec.select.paths = paths;
        spec.select.n = (size_t)o->n_paths;
        spec.no_acl = (o->flags & MARS_RESTORE_NO_ACL) != 0;
        spec.no_owner = (o->flags & MARS_RESTORE_NO_OWNER) != 0;
        spec.dry_run = (o->flags & MARS_RESTORE_DRY_RUN) != 0;
        spec.report_files = (o->flags & (MARS_RESTORE_REPORT_FILES | MARS_RESTORE_DRY_RUN)) != 0;
        st = mrs_restore_run(agent->engine, agent->domain, &spec, &listener, n, err);
    }
    mrs_view_free(&view);
    mrs_free(paths);
    mrs_free(target);
    return st;
}

static void
log_end(const struct mars_agent *agent, const mars_restore_result *r, mars_status st,
        const mars_error *err)
{
    if (st != MARS_OK)
        mrs_agent_log_failure(agent, UNIT, st, err);
    mrs_logf(&agent->logger, MARS_LEVEL_INFO, UNIT, "%" PRIu64 " files restored, %" PRIu64
             " were there, %" PRIu64 " left alone, %" PRIu64 " failed; %" PRIu64 " bytes written, %"
             PRIu64 " fetched; %" PRIu64 " ms", r->files_restored, r->files_present,
             r->files_skipped, r->files_failed, r->bytes_written, r->bytes_fetched,
             r->elapsed_ns / 1000000);
}

mars_status
mars_restore(mars_agent *agent, const mars_restore_options *opts, mars_restore_result *result,
             mars_error *err)
{
    mars_restore_result r = { .struct_size = sizeof r };
    struct mrs_restore_counts n = { 0 };
    mars_restore_options o;
    mars_status st = mrs_agent_enter(agent, err), out;

    if (st == MARS_OK)
        st = mrs_opts_import(&o, sizeof o, opts, MRS_RESTORE_OPTIONS_V1, err);
    if (st == MARS_OK)
        st = check(&o, err);
    if (st == MARS_OK)
        st = run(agent, &o, &n, err);
    export_counts(&n, &r);
    if (agent != NULL)
        log_end(agent, &r, st, err);
    out = result != NULL ? mrs_opts_export(result, &r, sizeof r, st == MARS_OK ? err : NULL)
                         : MARS_OK;
    return st != MARS_OK ? st : out;
}
