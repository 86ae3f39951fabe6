/* What a new point says that it saw. */
#include <string.h>

#include "base/err.h"
#include "job/backup_int.h"

static mars_status
add_head(struct mrs_vec *heads, const uint8_t session[16], mars_error *err)
{
    uint8_t *h = mrs_vec_add(heads);

    if (h == NULL)
        return mrs_nomem(err);
    memcpy(h, session, 16);
    return MARS_OK;
}

/* Damaged ones are older than this point, too, and no reader could tell if it did not say so. */
static mars_status
fill_unread(const struct mrs_backup *b, struct mrs_vec *heads, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < b->points.unread.len; i++) {
        const struct mrs_unread_point *u = mrs_vec_at(&b->points.unread, i);

        if (memcmp(u->head.item, b->item_id, 16) == 0)
            st = add_head(heads, u->head.session, err);
    }
    return st;
}

mars_status
mrs_backup_heads(const struct mrs_backup *b, struct mrs_vec *heads, struct mrs_vec *others,
                 mars_error *err)
{
    for (size_t i = 0; i < b->points.list.len; i++) {
        const struct mrs_known_point *k = mrs_points_at(&b->points, i);
        struct mrs_item_head *other = NULL;

        if (!k->is_head)
            continue;
        if (memcmp(mrs_known_item(k), b->item_id, 16) == 0) {
            if (add_head(heads, mrs_known_session(k), err) != MARS_OK)
                return MARS_ERR_NOMEM;
            continue;
        }
        for (size_t n = 0; n < others->len && other == NULL; n++) {
            struct mrs_item_head *o = mrs_vec_at(others, n);

            other = memcmp(o->item, mrs_known_item(k), 16) == 0 ? o : NULL;
        }
        if (other == NULL)
            other = mrs_vec_add(others);
        if (other == NULL)
            return mrs_nomem(err);
        memcpy(other->item, mrs_known_item(k), 16);
        memcpy(other->session, mrs_known_session(k), 16);
    }
    return fill_unread(b, heads, err);
}
