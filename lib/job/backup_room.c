/* Is there room enough for the cache? */
#include <inttypes.h>

#include "base/err.h"
#include "job/backup_int.h"

static uint64_t
permille_of(uint64_t bytes, uint32_t permille)
{
    return bytes / 1000 * permille + bytes % 1000 * permille / 1000;
}

static mars_status
say(struct mrs_backup *b, mars_status st, uint64_t free_bytes, uint32_t permille, mars_error *err)
{
    uint64_t protected_bytes = b->parent->point.totals.bytes;
    uint64_t share = free_bytes / (protected_bytes / 1000 + 1);

    return mrs_fail(err, st, "cache %.100s: %" PRIu64 " bytes free, %" PRIu64 ".%" PRIu64
                    " %% of the %" PRIu64 " protected; %" PRIu64 " (%u.%u %%) are wanted",
                    mrs_cache_dir(b->job.d->cache), free_bytes, share / 10, share % 10,
                    protected_bytes, permille_of(protected_bytes, permille), permille / 10,
                    permille % 10);
}

/* The protected data is what the last point holds: a tree is not walked for its size alone, so
 * before an item's first point nothing is known. */
mars_status
mrs_backup_check_room(struct mrs_backup *b, mars_error *err)
{
    const struct mrs_backup_spec *spec = &b->spec;
    uint64_t bytes, free_bytes = 0;
    mars_error why;
    mars_status st;

    if (spec->dry_run || b->parent == NULL)
        return MARS_OK;
    bytes = b->parent->point.totals.bytes;
    st = mrs_cache_free_space(b->job.d->cache, &free_bytes, err);
    if (st != MARS_OK)
        return st;
    if (free_bytes < permille_of(bytes, spec->refuse_permille))
        return say(b, MARS_ERR_QUOTA, free_bytes, spec->refuse_permille, err);
    if (free_bytes < permille_of(bytes, spec->warn_permille)) {
        mars_event e = { .kind = MARS_EVENT_WARNING,
                         .status = say(b, MARS_ERR_QUOTA, free_bytes, spec->warn_permille, &why),
                         .message = why.message };

        mrs_job_post(&b->job, &e);
    }
    return MARS_OK;
}
