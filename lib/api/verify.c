#include <mars/verify.h>

#include <inttypes.h>
#include <string.h>

#include "agent/seen.h"
#include "api/call.h"
#include "api/opts.h"
#include "base/alloc.h"
#include "base/err.h"
#include "job/verify.h"

static const char UNIT[] = "verify"; /* in the log */
static const uint32_t KNOWN_FLAGS = MARS_VERIFY_READ_DATA | MARS_VERIFY_AGAINST_DISK;

static mars_status
against_disk(mars_agent *agent, const mars_verify_options *o, const struct mrs_listener *listener,
             struct mrs_verify_counts *n, mars_error *err)
{
    struct mrs_known_point *k = NULL;
    struct mrs_view view = { 0 };
    mars_status st = mrs_view_point(&view, agent, o->point != NULL ? o->point : "latest", o->item,
                                    &k, err);

    if (st == MARS_OK)
        st = mrs_verify_disk(agent->engine, agent->domain, &k->whole->point, listener, n, err);
    mrs_view_free(&view);
    return st;
}

static mars_status
in_vault(mars_agent *agent, const mars_verify_options *o, const struct mrs_listener *listener,
         struct mrs_verify_counts *n, mars_error *err)
{
    struct mrs_verify_spec spec = { .point = o->point,
                                    .item = o->item,
                                    .read_data = (o->flags & MARS_VERIFY_READ_DATA) != 0,
                                    .sample_percent = o->sample_percent };
    struct mrs_seen seen = { 0 };
    mars_status st = MARS_OK;

    memcpy(spec.expected.machine, agent->reg.machine_id, sizeof spec.expected.machine);
    if (agent->config_dir != NULL) {
        st = mrs_seen_load(&seen, agent->config_dir, err);
        spec.expected.heads = seen.heads.items;
        spec.expected.n_heads = seen.heads.len;
        spec.expected.generation = seen.generation;
        spec.expected.slots = seen.slots;
        memcpy(spec.expected.vault_digest, seen.vault_digest, sizeof seen.vault_digest);
    }
    if (st == MARS_OK)
        st = mrs_verify_run(agent->engine, agent->domain, &spec, listener, n, err);
    mrs_seen_free(&seen);
    return st;
}

static mars_status
check(const mars_verify_options *o, mars_error *err)
{
    if ((o->flags & ~KNOWN_FLAGS) != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", o->flags);
    if (o->flags == KNOWN_FLAGS)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "flags: reading all data and comparing with "
                        "the disk are two calls");
    if (o->sample_percent > 100)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "sample_percent: %u is more than all",
                        o->sample_percent);
    if (o->sample_percent > 0 && o->flags != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "sample_percent: a sample is read without "
                        "flags");
    return MARS_OK;
}

static void
log_end(const struct mars_agent *agent, const mars_verify_result *r, mars_status st,
        const mars_error *err)
{
    if (st != MARS_OK)
        mrs_agent_log_failure(agent, UNIT, st, err);
    mrs_logf(&agent->logger, MARS_LEVEL_INFO, UNIT, "%" PRIu64 " points, %" PRIu64 " objects, %"
             PRIu64 " of %" PRIu64 " packs read; %" PRIu64 " objects damaged, %" PRIu64
             " files lost, %" PRIu64 " differences; %" PRIu64 " ms", r->points, r->objects,
             r->packs_read, r->packs, r->objects_damaged, r->files_lost, r->differences,
             r->elapsed_ns / 1000000);
}

mars_status
mars_verify(mars_agent *agent, const mars_verify_options *opts, mars_verify_result *result,
            mars_error *err)
{
    mars_verify_result r = { .struct_size = sizeof r };
    struct mrs_verify_counts n = { 0 };
    struct mrs_glance g = MRS_GLANCE_INIT;
    mars_verify_options o;
    mars_status st = mrs_agent_enter(agent, err), out;

    if (st == MARS_OK)
        st = mrs_opts_import(&o, sizeof o, opts, MRS_VERIFY_OPTIONS_V1, err);
    if (st == MARS_OK)
        st = check(&o, err);
    if (st == MARS_OK)
        st = mrs_agent_permit(agent, MRS_NEED_VERIFY, o.cancel, &g, err);
    mrs_glance_free(&g); /* it lists anew */
    if (st == MARS_ERR_CORRUPT || st == MARS_ERR_NOT_FOUND)
        st = MARS_OK; /* what is damaged or missing is named below */
    if (st == MARS_OK) {
        struct mrs_listener listener = { o.progress, o.progress_user, o.event, o.event_user,
                                         o.cancel };

        st = (o.flags & MARS_VERIFY_AGAINST_DISK) != 0 ? against_disk(agent, &o, &listener, &n, err)
                                                       : in_vault(agent, &o, &listener, &n, err);
    }
    r.points = n.points;
    r.objects = n.objects;
    r.bytes_read = n.bytes_read;
    r.objects_damaged = n.damaged;
    r.files_lost = n.files_lost;
    r.differences = n.differences;
    r.elapsed_ns = n.elapsed_ns;
    r.packs = n.packs;
    r.pack_bytes = n.pack_bytes;
    r.packs_read = n.packs_read;
    r.pack_bytes_read = n.pack_bytes_read;
    if (agent != NULL)
        log_end(agent, &r, st, err);
    out = result != NULL ? mrs_opts_export(result, &r, sizeof r, st == MARS_OK ? err : NULL)
                         : MARS_OK;
    return st != MARS_OK ? st : out;
}
