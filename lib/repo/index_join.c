/* Index objects that supersede others.
 *
 * One is put in the place of many small ones by a session on its way to a commit, before its point.
 * It needs no agreement with anybody:
 * - It lists every pack of the objects that it supersedes, as they list it, and names what these
 *   superseded, as far as that is still listed. So whoever reads it and leaves the others out knows
 *   what they say, in whatever order he meets them; who cannot read it reads the others.
 * - The others stay in the store. A session that listed before it was put goes on with them, and
 *   only a collector deletes them, after "index object superseded" in the ledger.
 * - It says nothing of which packs may be used: a pack that it lists, and that a collector takes
 *   away meanwhile, is named by the ledger before it goes, and the ledger counts whatever an index
 *   says.
 * - The packs are durable before an object that lists them is listed itself, so it makes none
 *   visible that a crash could take away.
 * - Two sessions that do this at one time put two such objects, whose packs are the same: each
 *   place counts once. None can supersede what supersedes it, since a name is a digest of all it
 *   names.
 * - Its session's point names it. Should the session end without one, it is still true. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "repo/index_int.h"

/* Objects are joined when more than MANY have sizes of one class, of which one is sixteen times the
 * next; what has SMALL_MAX stays as it is, and a new one has about JOINED_MAX: whoever writes and
 * reads it has it in memory. */
enum { MANY = 16, CLASSES = 5, SMALL_MAX = 1 << 20, JOINED_MAX = 8 << 20 };

struct member {
    uint8_t name[32];
    uint64_t size;
};

/* 0: up to 256 bytes, 1: up to 4 KiB … 4: up to 16 MiB */
static size_t
class_of(uint64_t size)
{
    size_t c = 0;

    for (uint64_t limit = 256; size > limit && c < CLASSES - 1; limit *= 16)
        c++;
    return c;
}

static bool
may_join(const struct mrs_index_object *o)
{
    return (o->flags & ~(uint32_t)OBJECT_COUNTED) == (OBJECT_LISTED | OBJECT_HAVE) &&
           o->size < SMALL_MAX;
}

/* The class that has too many objects, the smallest first; CLASSES if none has. */
static size_t
full_class(const struct mrs_index_view *v)
{
    size_t n[CLASSES] = { 0 }, c = 0;
    const uint8_t *name;
    void *o;

    for (size_t pos = 0; mrs_map_next(&v->objects, &pos, &name, &o);)
        if (may_join(o))
            n[class_of(((struct mrs_index_object *)o)->size)]++;
    while (c < CLASSES && n[c] <= MANY)
        c++;
    return c;
}

static int
compare_members(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(x->name, y->name, 32);
}

/* The objects of a class, the smallest first. */
static mars_status
list_members(const struct mrs_index_view *v, size_t class, struct mrs_vec *members,
             mars_error *err)
{
    const uint8_t *name;
    void *value;

    for (size_t pos = 0; mrs_map_next(&v->objects, &pos, &name, &value);) {
        const struct mrs_index_object *o = value;
        struct member *m;

        if (!may_join(o) || class_of(o->size) != class)
            continue;
        m = mrs_vec_add(members);
        if (m == NULL)
            return mrs_nomem(err);
        memcpy(m->name, name, 32);
        m->size = o->size;
    }
    if (members->len > 0)
        qsort(members->items, members->len, members->item_size, compare_members);
    return MARS_OK;
}

/* What goes into the new object. */
struct join {
    struct mrs_index *x;
    const struct mrs_index_view *v;
    struct mrs_map packs;      /* that are in it */
    struct mrs_map superseded; /* objects that it supersedes */
    struct mrs_buf rows;       /* its packs */
    struct mrs_buf payload;
};

static mars_status
is_new_pack(void *user, const uint8_t pack[32], bool *wanted, mars_error *err)
{
    struct join *j = user;

    *wanted = mrs_map_find(&j->packs, pack) == NULL;
    return !*wanted || mrs_map_put(&j->packs, pack) != NULL ? MARS_OK : mrs_nomem(err);
}

/* Take one object in. One with fields that this build does not know stays as it is. */
static mars_status
take_member(struct join *j, const uint8_t name[32], mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st;

    mrs_name_index(relative, name);
    st = mrs_domain_get(j->x->d, MRS_KIND_INDEX, MRS_NEED_READ, relative, name, &payload, err);
    if (st == MARS_OK)
        st = mrs_index_copy_packs(payload.data, payload.len, is_new_pack, j, &j->rows, err);
    if (st == MARS_OK && mrs_map_put(&j->superseded, name) == NULL)
        st = mrs_nomem(err);
    mrs_buf_free(&payload);
    if (st != MARS_ERR_UNSUPPORTED)
        return st;
    mrs_error_clear(err); /* nothing was taken of it */
    return MARS_OK;
}

/* What those that are superseded now superseded before, as far as it is still listed. */
static mars_status
take_older(struct join *j, mars_error *err)
{
    for (size_t i = 0; i < j->v->runs.len; i++) {
        const struct mrs_index_run *r = mrs_vec_at(&j->v->runs, i);
        const struct mrs_run_superseded *s;
        const uint8_t(*names)[32];
        uint32_t n;

        names = mrs_run_objects(r->run, &n);
        s = mrs_run_superseded(r->run, &n);
        for (uint32_t k = 0; k < n; k++) {
            const struct mrs_index_object *o = mrs_map_find(&j->v->objects, s[k].name);

            if (mrs_map_find(&j->superseded, names[s[k].by]) != NULL && o != NULL &&
                (o->flags & OBJECT_LISTED) != 0 && mrs_map_put(&j->superseded, s[k].name) == NULL)
                return mrs_nomem(err);
        }
    }
    return MARS_OK;
}

static mars_status
encode(struct join *j, mars_error *err)
{
    struct mrs_vec names = { NULL, 0, 0, 32 };
    const uint8_t *name;
    mars_status st = MARS_OK;

    for (size_t pos = 0; st == MARS_OK && mrs_map_next(&j->superseded, &pos, &name, NULL);) {
        uint8_t *at = mrs_vec_add(&names);

        if (at == NULL)
            st = mrs_nomem(err);
        else
            memcpy(at, name, 32);
    }
    if (st == MARS_OK)
        st = mrs_index_encode(names.items, names.len, NULL, 0, &j->payload, err);
    if (st == MARS_OK && j->rows.len > 0)
        st = mrs_buf_append(&j->payload, j->rows.data, j->rows.len, err);
    mrs_vec_free(&names);
    return st;
}

static mars_status
gather(struct join *j, const struct mrs_vec *members, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < members->len && j->rows.len < JOINED_MAX; i++)
        st = take_member(j, ((const struct member *)mrs_vec_at(members, i))->name, err);
    if (st == MARS_OK)
        st = take_older(j, err);
    return st == MARS_OK ? encode(j, err) : st;
}

static mars_status
join(struct join *j, const uint8_t session[16], uint8_t name[32], uint64_t *size, bool *done,
     mars_error *err)
{
    struct mrs_vec members = MRS_VEC_INIT(struct member);
    size_t class = full_class(j->v);
    mars_status st = class < CLASSES ? list_members(j->v, class, &members, err) : MARS_OK;

    if (st == MARS_OK && members.len > 0)
        st = gather(j, &members, err);
    mrs_vec_free(&members);
    /* With few, for they were such as this build does not know, there is nothing to be had. */
    if (st != MARS_OK || j->superseded.len <= MANY / 2)
        return st;
    st = mrs_domain_put_index(j->x->d, session, &j->payload, name, size, err);
    if (st == MARS_OK)
        st = mrs_index_add(j->x, name, &j->payload, err);
    *done = st == MARS_OK;
    return st;
}

mars_status
mrs_index_join(struct mrs_index *x, const uint8_t session[16], uint8_t name[32], uint64_t *size,
               bool *done, mars_error *err)
{
    struct mrs_index_view *v = mrs_index_hold(x);
    struct join j = { .x = x,
                      .v = v,
                      .packs = MRS_MAP_INIT(0),
                      .superseded = MRS_MAP_INIT(0),
                      .rows = MRS_BUF_INIT(MRS_OBJECT_MAX / 2),
                      .payload = MRS_BUF_INIT(MRS_OBJECT_MAX / 2) };
    mars_status st;

    *done = false;
    st = join(&j, session, name, size, done, err);
    mrs_map_free(&j.packs);
    mrs_map_free(&j.superseded);
    mrs_buf_free(&j.rows);
    mrs_buf_free(&j.payload);
    mrs_index_let_go(x, v);
    return st;
}
