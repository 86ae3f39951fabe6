/* Which point a text means. */
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "repo/points.h"

/* The clocks of the store and of the machines may differ by so much. */
enum { PREFIX_MIN = 6, CLOCKS_DIFFER = 24 * 3600 };

static bool
is_item(const struct mrs_known_point *k, const char *item)
{
    struct mrs_slice name = mrs_known_point_details(k).item_name;

    return item == NULL ||
           (name.n == strlen(item) && (name.n == 0 || memcmp(name.p, item, name.n) == 0));
}

static mars_status
not_clear(const struct mrs_known_point *a, const struct mrs_known_point *b, mars_error *err)
{
    struct mrs_slice x = mrs_known_point_details(a).item_name;
    struct mrs_slice y = mrs_known_point_details(b).item_name;

    return mrs_fail(err, MARS_ERR_INVALID_ARG,
                    "\"latest\" is not clear: there are points of several items, among them "
                    "\"%.*s\" and \"%.*s\"; name the item",
                    (int)x.n, (const char *)x.p, (int)y.n, (const char *)y.p);
}

static mars_status
none(const struct mrs_points *p, const char *item, mars_error *err)
{
    /* What is damaged does not tell the name of its item. */
    mars_status st = p->unread.len > 0
                         ? mrs_fail(err, MARS_ERR_CORRUPT, "no recovery point can be read; damaged "
                                    "ones, of whatever item: %zu", p->unread.len)
                         : mrs_fail(err, MARS_ERR_NOT_FOUND, "there are no recovery points");

    return item != NULL ? mrs_context(err, st, "item \"%s\"", item) : st;
}

/* Was one that cannot be read there before k began? A vault that was copied has newer times, so
 * that this is not known of it any more. */
static mars_status
is_older(const struct mrs_domain *d, const struct mrs_unread_point *u,
         const struct mrs_known_point *k, bool *older, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_object_info info;
    mars_status st;

    mrs_name_point(relative, u->head.item, u->head.session);
    mrs_name_in_domain(name, d->keys->domain, relative);
    st = mrs_store_stat(d->store, name, &info, err);
    /* Either time may be any: both are told by others. */
    *older = st == MARS_OK && info.mtime.s < k->started_s &&
             (uint64_t)k->started_s - (uint64_t)info.mtime.s > CLOCKS_DIFFER;
    return mrs_is_out_of_reach(st) ? st : MARS_OK;
}

static mars_status
not_known(const struct mrs_unread_point *u, mars_error *err)
{
    bool newer = u->why == MARS_ERR_UNSUPPORTED;
    bool damaged = u->why != MARS_ERR_IO && !newer && mrs_is_damage(u->why);
    char hex[33];

    mrs_hex_encode(hex, u->head.session, 16);
    return mrs_fail(err, damaged ? MARS_ERR_CORRUPT : u->why, "\"latest\" is not known: point %s "
                    "%s, and may be newer than those that can be read; give the id of one of these",
                    hex, damaged ? "is damaged"
                         : newer ? "is of a newer libmars"
                                 : "cannot be read");
}

/* A point of this item that cannot be read, and that no other saw, is perhaps newer. */
static mars_status
newest_is_known(const struct mrs_points *p, const struct mrs_domain *d,
                const struct mrs_known_point *k, mars_error *err)
{
    for (size_t i = 0; i < p->unread.len; i++) {
        const struct mrs_unread_point *u = mrs_vec_at(&p->unread, i);
        bool older = false;
        mars_status st;

        if (memcmp(u->head.item, mrs_known_item(k), 16) != 0)
            continue;
        st = is_older(d, u, k, &older, err);
        if (st != MARS_OK || !older)
            return st != MARS_OK ? st : not_known(u, err);
    }
    return MARS_OK;
}

static mars_status
latest(const struct mrs_points *p, const struct mrs_domain *d, const char *item,
       struct mrs_known_point **out, mars_error *err)
{
    for (size_t i = 0; i < p->list.len; i++) {
        struct mrs_known_point *k = mrs_points_at(p, i);

        if (!is_item(k, item))
            continue;
        if (*out != NULL && memcmp(mrs_known_item(*out), mrs_known_item(k), 16) != 0)
            return not_clear(*out, k, err);
        *out = k;
    }
    return *out != NULL ? newest_is_known(p, d, *out, err) : none(p, item, err);
}

mars_status
mrs_points_resolve(const struct mrs_points *p, const struct mrs_domain *d, const char *text,
                   const char *item, struct mrs_known_point **out, mars_error *err)
{
    size_t len = strlen(text);
    char hex[33];

    *out = NULL;
    if (strcmp(text, "latest") == 0)
        return latest(p, d, item, out, err);
    if (len < PREFIX_MIN)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "point \"%s\": give its id, at least %d digits of it, or \"latest\"", text,
                        PREFIX_MIN);
    for (size_t i = 0; i < p->list.len; i++) {
        struct mrs_known_point *k = mrs_points_at(p, i);

        mrs_hex_encode(hex, mrs_known_session(k), 16);
        if (!is_item(k, item) || len > 32 || memcmp(hex, text, len) != 0)
            continue;
        if (*out != NULL)
            return mrs_fail(err, MARS_ERR_INVALID_ARG, "point \"%s\" fits several points", text);
        *out = k;
    }
    return *out != NULL ? MARS_OK
                        : mrs_fail(err, MARS_ERR_NOT_FOUND, "point \"%s\": there is none", text);
}
