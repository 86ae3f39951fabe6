/* A head is a point that no other point of its item saw. */
#include <string.h>

#include "base/err.h"
#include "repo/points.h"

static mars_status
add_unread(struct mrs_points *p, const struct mrs_listing *listing, mars_error *err)
{
    for (size_t i = 0; i < listing->len; i++) {
        const struct mrs_listed *l = mrs_listing_at(listing, i);
        struct mrs_unread_point *at;

        if (l->unread == MARS_OK || l->seen)
            continue;
        at = mrs_vec_add(&p->unread);
        if (at == NULL)
            return mrs_nomem(err);
        memcpy(at->head.item, mrs_listing_item(listing, l), sizeof at->head.item);
        memcpy(at->head.session, l->session, sizeof at->head.session);
        at->why = l->unread;
    }
    return MARS_OK;
}

mars_status
mrs_points_find_heads(struct mrs_points *p, const struct mrs_listing *listing, mars_error *err)
{
    for (size_t i = 0; i < p->list.len; i++) {
        struct mrs_known_point *k = mrs_points_at(p, i);

        k->is_head = !mrs_listing_at(listing, k->number - 1)->seen;
    }
    return add_unread(p, listing, err);
}
