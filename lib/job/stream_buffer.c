/* Memory: a stream has a small buffer until it is longer than that, then a usual one, in which most
 * chunks fit. Only a few streams at once have a large one, for the chunks that do not; where one
 * more would want it, its chunk ends there instead. That happens to bytes that repeat, in many
 * streams at once: they deduplicate less well, but 64 disks full of zeros fit into memory. */
#include "base/alloc.h"
#include "job/backup_int.h"

enum { LARGE_AT_ONCE = 8 };

size_t
mrs_stream_usual_room(const struct mrs_backup *b)
{
    return 2 * b->job.d->cutter.avg;
}

/* Those that were used before wait in the backup for the next chunk: freed and allocated on so many
 * threads, they would lie in the heap of each. NULL: small ones do not. */
static struct mrs_spare_buffer **
spares(struct mrs_backup *b, size_t room)
{
    return room == MRS_STREAM_SMALL_ROOM      ? NULL
           : room == mrs_stream_usual_room(b) ? &b->usual_buffers
                                              : &b->large_buffers;
}

/* NULL: out of memory. */
uint8_t *
mrs_stream_take_buffer(struct mrs_backup *b, size_t room)
{
    struct mrs_spare_buffer **list = spares(b, room), *spare = NULL;

    if (list != NULL) {
        mrs_mutex_lock(b->job.lock);
        spare = *list;
        if (spare != NULL)
            *list = spare->next;
        mrs_mutex_unlock(b->job.lock);
    }
    return spare != NULL ? (void *)spare : mrs_alloc(room);
}

void
mrs_stream_give_buffer(struct mrs_backup *b, uint8_t *data, size_t used, size_t room)
{
    struct mrs_spare_buffer **list = spares(b, room);
    void *spare = data;

    if (data == NULL)
        return;
    mrs_wipe(data, used);
    if (list == NULL) {
        mrs_free(data);
        return;
    }
    mrs_mutex_lock(b->job.lock);
    ((struct mrs_spare_buffer *)spare)->next = *list;
    *list = spare;
    if (list == &b->large_buffers)
        b->large_used--;
    mrs_mutex_unlock(b->job.lock);
}

/* May one more stream have a large buffer? */
bool
mrs_stream_claim_large(struct mrs_backup *b)
{
    bool mine;

    mrs_mutex_lock(b->job.lock);
    mine = b->large_used < LARGE_AT_ONCE;
    b->large_used += mine;
    mrs_mutex_unlock(b->job.lock);
    return mine;
}
