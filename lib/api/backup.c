#include <mars/backup.h>

#include <stdio.h>
#include <string.h>

#include "agent/cache.h"
#include "agent/seen.h"
#include "api/call.h"
#include "api/opts.h"
#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "base/hex.h"
#include "job/backup.h"
#include "platform/clock.h"
#include "source/pipe.h"
#include "source/tree.h"

enum { PIPE_CAPACITY = 4 << 20, WARN_SECONDS = 30 * 24 * 60 * 60 };
static const uint32_t KNOWN_FLAGS = MARS_BACKUP_ONE_FILE_SYSTEM | MARS_BACKUP_EXCLUDE_CACHES |
                                    MARS_BACKUP_SKIP_UPLOAD_CHECK | MARS_BACKUP_DRY_RUN |
                                    MARS_BACKUP_REPORT_FILES;

/* A call's options, checked, and what they were turned into. */
struct call {
    mars_backup_options opts;
    char item[MRS_DISPLAY_NAME_MAX + 1];
    struct mrs_rules *rules;
    struct mrs_slice *paths;
    struct mrs_source *source;
    struct mrs_compression compression;
    struct mrs_cache_settings cache;
    struct mrs_glance glance;
};

/* Of a vault over the network the line is what is slow, so it is worth the processors' time to send
 * less over it. */
static void
choose_default(struct call *c, const struct mars_agent *agent)
{
    static const struct mrs_compression small = { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL };

    if (c->opts.compression == MARS_COMPRESSION_DEFAULT && !mrs_store_is_near(agent->store) &&
        mrs_compression_check(&small, NULL) == MARS_OK)
        c->opts.compression = MARS_COMPRESSION_ZSTD;
}

static mars_status
choose_compression(struct call *c, mars_error *err)
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

static mars_status
import(struct call *c, struct mars_agent *agent, const mars_backup_options *opts, mars_error *err)
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
        st = mrs_agent_permit(agent, MRS_NEED_WRITE, &c->glance, err);
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

static mars_status
make_rules(struct call *c, mars_error *err)
{
    mars_status st = mrs_rules_new(&c->rules, err);

    if (st == MARS_OK && c->opts.n_excludes > 0 && c->opts.excludes == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "excludes: is NULL");
    for (uint64_t i = 0; st == MARS_OK && i < c->opts.n_excludes; i++)
        st = mrs_rules_add(c->rules, c->opts.excludes[i], strlen(c->opts.excludes[i]), err);
    return st;
}

static mars_status
open_tree(struct call *c, mars_error *err)
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

static void
close_call(struct call *c)
{
    if (c->source != NULL)
        c->source->vt->close(c->source);
    mrs_rules_free(c->rules);
    mrs_free(c->paths);
    mrs_glance_free(&c->glance);
}

/* Early enough for somebody to issue new credentials. */
static void
warn_of_end(const struct call *c, const struct mars_agent *agent)
{
    int64_t left = agent->reg.access_until - mrs_clock_wall().s;
    char date[MRS_DATE_SIZE], text[160];
    mars_event e = { .struct_size = sizeof e, .kind = MARS_EVENT_WARNING, .message = text };

    if (c->opts.event == NULL || agent->reg.access_until == 0 || left >= WARN_SECONDS)
        return;
    mrs_date_format(agent->reg.access_until, date);
    (void)snprintf(text, sizeof text, "the right to use the vault ends on %s: take new credentials "
                   "with `mars register --renew`", date);
    c->opts.event(&e, c->opts.event_user);
}

static mars_status
start(struct call *c, struct mars_agent *agent, struct mrs_backup **out, mars_error *err)
{
    struct mrs_listener listener = { c->opts.progress, c->opts.progress_user, c->opts.event,
                                     c->opts.event_user, c->opts.cancel };
    struct mrs_backup_spec spec = { .source = c->source,
                                    .log = &c->glance.log,
                                    .machine_name = agent->reg.machine_name,
                                    .item = c->item,
                                    .compression = c->compression };

    warn_of_end(c, agent);
    memcpy(spec.machine, agent->reg.machine_id, sizeof spec.machine);
    spec.warn_permille = c->cache.warn_permille;
    spec.refuse_permille = c->cache.refuse_permille;
    spec.skip_check = (c->opts.flags & MARS_BACKUP_SKIP_UPLOAD_CHECK) != 0;
    spec.dry_run = (c->opts.flags & MARS_BACKUP_DRY_RUN) != 0;
    spec.report_files = (c->opts.flags & MARS_BACKUP_REPORT_FILES) != 0;
    return mrs_backup_start(out, agent->engine, agent->domain, &spec, &listener, err);
}

/* Wait for the end, tell the caller, and remember the point as seen. */
static mars_status
finish(struct mrs_backup *b, struct mars_agent *agent, const char *item,
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
    if (result != NULL && mrs_opts_export(result, &r, sizeof r, st == MARS_OK ? err : NULL) !=
                              MARS_OK && st == MARS_OK)
        st = MARS_ERR_INVALID_ARG;
    return st;
}

mars_status
mars_backup(mars_agent *agent, const mars_backup_options *opts, mars_backup_result *result,
            mars_error *err)
{
    struct call c = { .rules = NULL };
    struct mrs_backup *b = NULL;
    mars_status st = import(&c, agent, opts, err);

    if (st == MARS_OK)
        st = open_tree(&c, err);
    if (st == MARS_OK)
        st = start(&c, agent, &b, err);
    if (st == MARS_OK)
        st = finish(b, agent, c.item, result, err);
    close_call(&c);
    return st;
}

struct mars_session {
    struct call call;
    struct mars_agent *agent;
    struct mrs_backup *backup;
    struct mrs_pipe *pipe;
};

mars_status
mars_session_begin(mars_agent *agent, const char *name, const mars_backup_options *opts,
                   mars_session **out, mars_error *err)
{
    struct mars_session *s;
    mars_status st;

    if (out == NULL || name == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is NULL", out == NULL ? "out" : "name");
    *out = NULL;
    s = mrs_alloc(sizeof *s);
    if (s == NULL)
        return mrs_nomem(err);
    s->agent = agent;
    st = import(&s->call, agent, opts, err);
    if (st == MARS_OK && s->call.opts.n_paths > 0)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "paths: a stream has none");
    if (st == MARS_OK)
        st = mrs_name_check(name, strlen(name), "name", err);
    if (st == MARS_OK)
        st = mrs_source_pipe_open(&s->call.source, &s->pipe, name, strlen(name), PIPE_CAPACITY,
                                  err);
    if (st == MARS_OK)
        st = start(&s->call, agent, &s->backup, err);
    if (st != MARS_OK) {
        mrs_pipe_close(s->pipe);
        close_call(&s->call);
        mrs_free(s);
        return st;
    }
    *out = s;
    return MARS_OK;
}

mars_status
mars_session_write(mars_session *session, const void *data, uint64_t len, mars_error *err)
{
    mars_status st;

    if (session == NULL || (data == NULL && len > 0) || len > SIZE_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "session or data: is NULL");
    st = mrs_agent_enter(session->agent, err);
    if (st == MARS_OK)
        st = mrs_pipe_write(session->pipe, data, (size_t)len, err);
    if (st == MARS_OK) {
        mrs_backup_pump(session->backup);
    } else {
        /* It is not read any more because of something else. */
        mars_status cause = mrs_backup_failure(session->backup, err);

        st = cause != MARS_OK ? cause : st;
    }
    return st;
}

static void
free_session(mars_session *s)
{
    mrs_pipe_close(s->pipe);
    close_call(&s->call);
    mrs_free(s);
}

mars_status
mars_session_commit(mars_session *session, mars_backup_result *result, mars_error *err)
{
    mars_status st;

    if (session == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "session: is NULL");
    mrs_pipe_finish(session->pipe);
    st = finish(session->backup, session->agent, session->call.item, result, err);
    free_session(session);
    return st;
}

void
mars_session_abandon(mars_session *session)
{
    if (session == NULL)
        return;
    mrs_backup_cancel(session->backup);
    mrs_pipe_fail(session->pipe, MARS_ERR_CANCELLED);
    (void)!mrs_backup_end(session->backup, NULL, NULL);
    free_session(session);
}
