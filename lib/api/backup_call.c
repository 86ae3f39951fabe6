#include "api/backup_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/cache.h"
#include "agent/seen.h"
#include "api/opts.h"
#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/clock.h"

static const char UNIT[] = "backup"; /* in the log */
enum { WARN_SECONDS = 30 * 24 * 60 * 60 };
static const uint32_t KNOWN_FLAGS = MARS_BACKUP_ONE_FILE_SYSTEM | MARS_BACKUP_EXCLUDE_CACHES |
                                    MARS_BACKUP_SKIP_UPLOAD_CHECK | MARS_BACKUP_DRY_RUN |
                                    MARS_BACKUP_REPORT_FILES;

/* Of a vault over the network the line is what is slow, so it is worth the processors' time to send
 * less over it. */
static void
choose_default(struct mrs_backup_call *c, const struct mars_agent *agent)
{
    static const struct mrs_compression small = { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL };

    if (c->opts.compression == MARS_COMPRESSION_DEFAULT && !mrs_store_is_near(agent->store) &&
        mrs_compression_check(&small, NULL) == MARS_OK)
        c->opts.compression = MARS_COMPRESSION_ZSTD;
}

static mars_status
choose_compression(struct mrs_backup_call *c, mars_error *err)
{
    static const struct mrs_compression known[] = {
        [MARS_COMPRESSION_DEFAULT] = { MRS_CODEC_LZ4, MRS_LZ4_FAST },
        [MARS_COMPRESSION_LZ4] = { MRS_CODEC_LZ4, MRS_LZ4_FAST },
        [MARS_COMPRESSION_NONE] = { MRS_CODEC_STORED, 0 },
        [MARS_COMPRESSION_LZ4HC] = { MRS_CODEC_LZ4, MRS_LZ4_HIGH },
        [MARS_COMPRESSION_ZSTD] = { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL },
    };

    if (c->opts.compression >= sizeof known / sizeof known[0])
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "compression: %u is not known",
                        c->opts.compression);
    c->compression = known[c->opts.compression];
    if (c->opts.compression_level != 0 && c->opts.compression != MARS_COMPRESSION_ZSTD)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "compression_level: only zstd has levels");
    if (c->opts.compression_level != 0)
        c->compression.level = c->opts.compression_level;
    return mrs_compression_check(&c->compression, err);
}

mars_status
mrs_backup_call_import(struct mrs_backup_call *c, struct mars_agent *agent,
                       const mars_backup_options *opts, mars_error *err)
{
    const char *item = "files";
    size_t len = strlen(item);
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK)
        st = mrs_opts_import(&c->opts, sizeof c->opts, opts, MRS_BACKUP_OPTIONS_V1, err);
    if (st != MARS_OK)
        return st;
    if (agent->read_only)
        return mrs_fail(err, MARS_ERR_STATE, "another machine's points are open read-only");
    if (agent->cache == NULL)
        return mrs_fail(err, MARS_ERR_IO, "%s", agent->cache_problem);
    st = mrs_agent_cache_settings(agent->config_dir, agent->cache, &c->cache, err);
    if (st == MARS_OK)
        st = mrs_agent_permit(agent, MRS_NEED_WRITE, c->opts.cancel, &c->glance, err);
    if (st != MARS_OK)
        return st;
    if ((c->opts.flags & ~KNOWN_FLAGS) != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", c->opts.flags);
    choose_default(c, agent);
    st = choose_compression(c, err);
    if (st != MARS_OK)
        return st;
    if (c->opts.item != NULL) {
        item = c->opts.item;
        len = c->opts.item_len != 0 ? (size_t)c->opts.item_len : strlen(item);
    }
    st = mrs_name_check(item, len, "item", err);
    if (st == MARS_OK)
        memcpy(c->item, item, len);
    return st;
}

void
mrs_backup_call_close(struct mrs_backup_call *c)
{
    mrs_tree_source_close(c->tree);
    mrs_rules_free(c->rules);
    mrs_free(c->paths);
    mrs_glance_free(&c->glance);
}

/* Early enough for somebody to issue new credentials. */
static void
warn_of_end(const struct mrs_backup_call *c, const struct mars_agent *agent)
{
    int64_t left = agent->reg.access_until - mrs_clock_wall().s;
    char date[MRS_DATE_SIZE], text[160];
    mars_event e = { .struct_size = sizeof e, .kind = MARS_EVENT_WARNING, .message = text };

    if (agent->reg.access_until == 0 || left >= WARN_SECONDS)
        return;
    mrs_date_format(agent->reg.access_until, date);
    (void)snprintf(text, sizeof text, "the right to use the vault ends on %s: take new credentials "
                   "with `mars register --renew`", date);
    mrs_logf(&agent->logger, MARS_LEVEL_WARNING, UNIT, "%s", text);
    if (c->opts.event != NULL)
        c->opts.event(&e, c->opts.event_user);
}

mars_status
mrs_backup_call_start(struct mrs_backup_call *c, struct mars_agent *agent,
                      struct mrs_backup **out, mars_error *err)
{
    struct mrs_listener listener = { c->opts.progress, c->opts.progress_user, c->opts.event,
                                     c->opts.event_user, c->opts.cancel };
    struct mrs_backup_spec spec = { .source = c->source,
                                    .log = &c->glance.log,
                                    .machine_name = agent->reg.machine_name,
                                    .item = c->item,
                                    .compression = c->compression };

    spec.waiting = c->waiting;
    spec.waiting_user = c->waiting_user;
    warn_of_end(c, agent);
    memcpy(spec.machine, agent->reg.machine_id, sizeof spec.machine);
    spec.warn_permille = c->cache.warn_permille;
    spec.refuse_permille = c->cache.refuse_permille;
    spec.skip_check = (c->opts.flags & MARS_BACKUP_SKIP_UPLOAD_CHECK) != 0;
    spec.dry_run = (c->opts.flags & MARS_BACKUP_DRY_RUN) != 0;
    spec.report_files = (c->opts.flags & MARS_BACKUP_REPORT_FILES) != 0;
    return mrs_backup_start(out, agent->engine, agent->domain, &spec, &listener, err);
}

static void
log_end(const struct mars_agent *agent, const char *item, const mars_backup_result *r,
        mars_status st, const mars_error *err)
{
    if (st != MARS_OK)
        mrs_agent_log_failure(agent, UNIT, st, err);
    else
        mrs_logf(&agent->logger, MARS_LEVEL_INFO, UNIT, "\"%s\": %s; %" PRIu64 " files, %" PRIu64
                 " of them unchanged, %" PRIu64 " skipped; %" PRIu64 " bytes read, %" PRIu64
                 " added to the vault; %" PRIu64 " ms", item,
                 r->point[0] != '\0' ? r->point : "no point", r->files, r->files_unchanged,
                 r->files_skipped, r->bytes_read, r->bytes_added, r->elapsed_ns / 1000000);
}

mars_status
mrs_backup_call_finish(struct mrs_backup *b, struct mars_agent *agent, const char *item,
                       mars_backup_result *result, mars_error *err)
{
    mars_backup_result r = { .struct_size = sizeof r };
    struct mrs_backup_counts n;
    uint8_t item_id[16];
    mars_status st = mrs_backup_end(b, &n, err), seen;

    if (n.committed)
        mrs_hex_encode(r.point, n.point, sizeof n.point);
    r.files = n.files;
    r.directories = n.directories;
    r.files_unchanged = n.unchanged;
    r.files_skipped = n.skipped;
    r.bytes = n.bytes;
    r.bytes_read = n.bytes_read;
    r.bytes_new = n.bytes_new;
    r.bytes_added = n.bytes_added;
    r.elapsed_ns = n.elapsed_ns;
    if (st == MARS_OK && n.committed) {
        st = mrs_item_id(agent->domain, agent->reg.machine_id, item, item_id, err);
        seen = st == MARS_OK ? mrs_seen_note_point(agent->config_dir, item_id, n.point,
                                                   n.generation, err)
                             : st;
        st = seen == MARS_OK ? st
                             : mrs_context(err, seen, "the point was committed, but this machine's "
                                                      "state could not be written");
        /* What cannot be removed now is tried again by the next one. */
        (void)!mrs_agent_cache_tidy(agent->config_dir, NULL);
    }
    log_end(agent, item, &r, st, err);
    if (result != NULL && mrs_opts_export(result, &r, sizeof r, st == MARS_OK ? err : NULL) !=
                              MARS_OK && st == MARS_OK)
        st = MARS_ERR_INVALID_ARG;
    return st;
}
