/* Listings, page by page. A page is read whole before anybody hears of it, so that the caller may
 * use the store meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "store/rest.h"
#include "store/xml.h"

enum { PAGE_MAX = 16 << 20, MARKER_MAX = 8192, GARBAGE_TRIES = 3 };

struct entry {
    const char *name;
    uint64_t size;
    int64_t time;
    bool has_size, has_time;
};

struct page {
    const struct mrs_rest *rest;
    struct mrs_vec entries; /* struct entry */
    struct mrs_arena names;
    struct entry now;       /* as far as it was read */
    char marker[MARKER_MAX];
};

/* Ends the entry: what is none of ours is passed over. */
static mars_status
end_entry(struct page *p, mars_error *err)
{
    size_t skip = strlen(p->rest->prefix);
    struct entry *e;

    if (p->now.name == NULL || strncmp(p->now.name, p->rest->prefix, skip) != 0 ||
        !mrs_store_name_ok(p->now.name + skip)) {
        memset(&p->now, 0, sizeof p->now);
        return MARS_OK;
    }
    if (!p->now.has_size || !p->now.has_time)
        return mrs_fail(err, MARS_ERR_CORRUPT, "listing: an object without size or time");
    e = mrs_vec_add(&p->entries);
    if (e == NULL)
        return mrs_nomem(err);
    *e = p->now;
    e->name += skip;
    memset(&p->now, 0, sizeof p->now);
    return MARS_OK;
}

static mars_status
on_element(void *user, const char *path, const char *text, mars_error *err)
{
    struct page *p = user;
    const struct mrs_rest_kind *k = p->rest->kind;

    if (strcmp(path, k->entry_name) == 0) {
        p->now.name = mrs_arena_copy(&p->names, text, strlen(text) + 1);
        return p->now.name != NULL ? MARS_OK : mrs_nomem(err);
    }
    if (strcmp(path, k->entry_size) == 0) {
        p->now.has_size = *text >= '0' && *text <= '9';
        p->now.size = strtoull(text, NULL, 10);
    } else if (strcmp(path, k->entry_time) == 0) {
        p->now.has_time = k->parse_time(text, &p->now.time);
    } else if (strcmp(path, k->marker) == 0) {
        if (strlen(text) >= sizeof p->marker)
            return mrs_fail(err, MARS_ERR_CORRUPT, "listing: its marker is too long");
        memcpy(p->marker, text, strlen(text) + 1);
    } else if (strcmp(path, k->entry) == 0) {
        return end_entry(p, err);
    }
    return MARS_OK;
}

static void
reset(struct page *p)
{
    mrs_arena_reset(&p->names);
    p->entries.len = 0;
    memset(&p->now, 0, sizeof p->now);
    p->marker[0] = '\0';
}

static mars_status
fetch_once(const struct mrs_rest_view *v, const char *prefix, const char *marker, struct page *p,
           mars_error *err)
{
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(PAGE_MAX);
    struct mrs_rest_call c = { .method = "GET", .stop = v->stop };
    mars_status st;

    reset(p);
    v->rest->kind->list(v->rest, &c, prefix, marker);
    st = mrs_rest_run(v->rest, &c, &a, err);
    if (st == MARS_OK)
        st = mrs_xml_each(a.body.data, a.body.len, on_element, p, err);
    mrs_http_answer_free(&a);
    return st;
}

/* What was damaged on its way is fetched again. */
static mars_status
fetch(const struct mrs_rest_view *v, const char *prefix, const char *marker, struct page *p,
      mars_error *err)
{
    mars_status st = MARS_ERR_CORRUPT;

    for (int i = 0; st == MARS_ERR_CORRUPT && i < GARBAGE_TRIES; i++)
        st = fetch_once(v, prefix, marker, p, err);
    return st == MARS_ERR_CORRUPT ? mrs_context(err, MARS_ERR_NETWORK, "the store's answer") : st;
}

static mars_status
deliver(const struct page *p, mrs_list_fn fn, void *user, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < p->entries.len; i++) {
        const struct entry *e = mrs_vec_at(&p->entries, i);
        struct mrs_object_info info = { e->name, e->size, { e->time, 0 } };

        st = fn(user, &info, err);
    }
    return st;
}

mars_status
mrs_rest_list(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn, void *user,
              mars_error *err)
{
    const struct mrs_rest_view *v = self;
    size_t before = strlen(v->rest->prefix), n = strlen(prefix);
    char *whole = mrs_alloc(before + n + 1);
    struct page *p = mrs_alloc(sizeof *p);
    char marker[MARKER_MAX] = "";
    mars_status st = whole != NULL && p != NULL ? MARS_OK : mrs_nomem(err);

    (void)what; /* answers have it all */
    if (st == MARS_OK) {
        memcpy(whole, v->rest->prefix, before);
        memcpy(whole + before, prefix, n + 1);
        p->rest = v->rest;
        p->entries = (struct mrs_vec)MRS_VEC_INIT(struct entry);
    }
    while (st == MARS_OK) {
        st = fetch(v, whole, marker[0] != '\0' ? marker : NULL, p, err);
        if (st == MARS_OK)
            st = deliver(p, fn, user, err);
        if (st != MARS_OK || p->marker[0] == '\0')
            break;
        if (strcmp(p->marker, marker) == 0)
            st = mrs_fail(err, MARS_ERR_NETWORK, "the store's listing does not end");
        memcpy(marker, p->marker, sizeof marker);
    }
    if (p != NULL) {
        mrs_arena_free(&p->names);
        mrs_vec_free(&p->entries);
    }
    mrs_free(p);
    mrs_free(whole);
    return st;
}
