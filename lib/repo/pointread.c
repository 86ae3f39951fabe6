/* Points that only the store has. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "repo/points_int.h"

/* A point that was listed and that the table does not have. */
struct lacking {
    uint8_t item[16];
    uint8_t session[16];
    uint32_t number; /* in the listing */
};

mars_status
mrs_points_load(const struct mrs_domain *d, const uint8_t item[16], const uint8_t session[16],
                enum mrs_need need, struct mrs_loaded_point **out, mars_error *err)
{
    struct mrs_loaded_point *lp = mrs_alloc(sizeof *lp);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st = lp != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    lp->payload = (struct mrs_buf)MRS_BUF_INIT(MRS_OBJECT_MAX);
    mrs_name_point(relative, item, session);
    st = mrs_domain_get_listed(d, MRS_KIND_POINT, need, relative, NULL, &lp->payload, err);
    if (st == MARS_OK)
        st = mrs_point_decode(&lp->point, lp->payload.data, lp->payload.len, err);
    if (st == MARS_OK && (memcmp(lp->point.session, session, 16) != 0 ||
                          memcmp(lp->point.item, item, 16) != 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s: says that it is another point", relative);
    if (st == MARS_OK)
        *out = lp;
    else
        mrs_loaded_point_free(lp);
    return st;
}

static mars_status
take_new(struct mrs_points_reading *r, const struct lacking *l, struct mrs_known_point *k,
         mars_error *err)
{
    const uint8_t *copy = NULL;
    mars_status st;

    k->is_new = true;
    k->number = l->number;
    if (mrs_points_is_asked_for(r, k))
        return mrs_points_add_copy(r, *k, &copy, err);
    st = mrs_points_note_foreign(r, mrs_known_item(k), err);
    return st == MARS_OK ? mrs_point_table_add(&r->table, k, err) : st;
}

/* Read one from the store. */
static mars_status
read_lacking(struct mrs_points_reading *r, const struct lacking *l, mars_error *err)
{
    size_t before = r->p->list.len;
    struct mrs_loaded_point *lp = NULL;
    struct mrs_known_point k;
    mars_status st = mrs_points_load(r->d, l->item, l->session, r->q->need, &lp, err);

    mrs_buf_reset(&r->shared);
    mrs_buf_reset(&r->own);
    if (st == MARS_OK)
        st = mrs_known_point_encode(r->d, &lp->point, &r->shared, &r->own, err);
    if (st == MARS_OK &&
        !mrs_known_point_open(&k, (struct mrs_slice){ r->shared.data, r->shared.len },
                              (struct mrs_slice){ r->own.data, r->own.len }))
        st = mrs_fail(err, MARS_ERR_INTERNAL, "what was written cannot be read");
    if (st == MARS_OK)
        st = take_new(r, l, &k, err);
    if (r->p->list.len > before && !mrs_points_by_table(r)) {
        mrs_points_at(r->p, before)->whole = lp;
        lp = NULL;
    }
    mrs_loaded_point_free(lp);
    return st;
}

static int
by_item(const void *a, const void *b)
{
    const struct lacking *x = a, *y = b;
    int by = memcmp(x->item, y->item, sizeof x->item);

    return by != 0 ? by : memcmp(x->session, y->session, sizeof x->session);
}

static mars_status
find_lacking(const struct mrs_points_reading *r, struct mrs_vec *out, mars_error *err)
{
    for (size_t i = 0; i < r->listing.len; i++) {
        const struct mrs_listed *l = mrs_listing_at(&r->listing, i);
        struct lacking *at;

        if (l->part != 0)
            continue;
        at = mrs_vec_add(out);
        if (at == NULL)
            return mrs_nomem(err);
        memcpy(at->item, mrs_listing_item(&r->listing, l), sizeof at->item);
        at->number = (uint32_t)i + 1;
        memcpy(at->session, l->session, sizeof at->session);
    }
    if (out->len > 1)
        qsort(out->items, out->len, out->item_size, by_item);
    return MARS_OK;
}

mars_status
mrs_points_read_lacking(struct mrs_points_reading *r, mars_error *err)
{
    struct mrs_vec lacking = MRS_VEC_INIT(struct lacking);
    mars_status st = find_lacking(r, &lacking, err);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error why;

    for (size_t i = 0; st == MARS_OK && i < lacking.len; i++) {
        const struct lacking *l = mrs_vec_at(&lacking, i);

        if (mrs_points_is_foreign(r, l->item))
            continue;
        st = read_lacking(r, l, &why);
        if (mrs_is_unreadable(st) && r->q->damage != NULL) {
            mrs_name_point(relative, l->item, l->session);
            r->q->damage(r->q->user, relative, &why);
            mrs_listing_at(&r->listing, l->number - 1)->unread = st;
            st = MARS_OK;
        } else if (st != MARS_OK && err != NULL) {
            *err = why;
        }
    }
    mrs_vec_free(&lacking);
    return st;
}
