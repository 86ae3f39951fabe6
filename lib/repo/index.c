#include "repo/index.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "platform/thread.h"

struct pack {
    uint8_t name[32];
    uint8_t object[32]; /* the index object that named it first */
    uint64_t size;
    uint8_t kind;
};
/* Places of one chunk are a list from the map's value; 0 ends it, others are index + 1. */
struct place {
    uint64_t offset;
    uint32_t pack;
    uint32_t slot;
    uint32_t sealed_len;
    uint32_t raw_len;
    uint32_t next;
    uint8_t cls;
    uint8_t codec;
};
enum { OBJECT_LISTED = 1, OBJECT_LOADED = 2, OBJECT_SUPERSEDED = 4, OBJECT_BAD = 8 };

struct mrs_index {
    struct mrs_mutex *lock;
    struct mrs_map objects; /* index object name -> flags (uint32_t) */
    struct mrs_map packs;   /* pack name -> its number in pack_list */
    struct mrs_map ids;     /* chunk id -> its first place + 1 */
    struct mrs_vec pack_list;
    struct mrs_vec places;
};

static void
forget(struct mrs_index *x)
{
    mrs_map_free(&x->objects);
    mrs_map_free(&x->packs);
    mrs_map_free(&x->ids);
    mrs_vec_free(&x->pack_list);
    mrs_vec_free(&x->places);
}

mars_status
mrs_index_new(struct mrs_index **out, mars_error *err)
{
    struct mrs_index *x = mrs_alloc(sizeof *x);
    mars_status st;

    *out = NULL;
    if (x == NULL)
        return mrs_nomem(err);
    x->objects = (struct mrs_map)MRS_MAP_INIT(sizeof(uint32_t));
    x->packs = (struct mrs_map)MRS_MAP_INIT(sizeof(uint32_t));
    x->ids = (struct mrs_map)MRS_MAP_INIT(sizeof(uint32_t));
    x->pack_list = (struct mrs_vec)MRS_VEC_INIT(struct pack);
    x->places = (struct mrs_vec)MRS_VEC_INIT(struct place);
    st = mrs_mutex_new(&x->lock, err);
    if (st != MARS_OK) {
        mrs_free(x);
        return st;
    }
    *out = x;
    return MARS_OK;
}

void
mrs_index_free(struct mrs_index *x)
{
    if (x == NULL)
        return;
    forget(x);
    mrs_mutex_free(x->lock);
    mrs_free(x);
}

/* Decoding one index object into x. */
struct load {
    struct mrs_index *x;
    const uint8_t *object;
    uint32_t pack;   /* the one whose blobs come now */
    bool known_pack; /* another object listed it already */
};

static mars_status
add_superseded(void *user, const uint8_t name[32], mars_error *err)
{
    struct load *l = user;
    uint32_t *flags = mrs_map_put(&l->x->objects, name);

    if (flags == NULL)
        return mrs_nomem(err);
    *flags |= OBJECT_SUPERSEDED;
    return MARS_OK;
}

static mars_status
add_pack(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    struct load *l = user;
    struct pack *entry;
    uint32_t *number;

    l->known_pack = mrs_map_find(&l->x->packs, p->name) != NULL;
    if (l->known_pack)
        return MARS_OK;
    entry = l->x->pack_list.len < UINT32_MAX ? mrs_vec_add(&l->x->pack_list) : NULL;
    if (entry == NULL)
        return mrs_nomem(err);
    memcpy(entry->name, p->name, sizeof entry->name);
    memcpy(entry->object, l->object, sizeof entry->object);
    entry->size = p->size;
    entry->kind = p->kind;
    l->pack = (uint32_t)l->x->pack_list.len - 1;
    number = mrs_map_put(&l->x->packs, p->name);
    if (number == NULL) {
        l->x->pack_list.len--;
        return mrs_nomem(err);
    }
    *number = l->pack;
    return MARS_OK;
}

static mars_status
add_blob(void *user, const struct mrs_blob *b, mars_error *err)
{
    struct load *l = user;
    struct place *p;
    uint32_t *first;

    if (l->known_pack)
        return MARS_OK;
    p = l->x->places.len < UINT32_MAX - 1 ? mrs_vec_add(&l->x->places) : NULL;
    first = p != NULL ? mrs_map_put(&l->x->ids, b->id) : NULL;
    if (first == NULL)
        return mrs_nomem(err);
    *p = (struct place){ b->offset,  l->pack, b->slot, b->sealed_len,
                         b->raw_len, *first,  b->cls,  b->codec };
    *first = (uint32_t)l->x->places.len;
    return MARS_OK;
}

/* The object's payload, from the cache or the store. */
static mars_status
fetch(const struct mrs_domain *d, const uint8_t name[32], bool fresh, struct mrs_buf *payload,
      mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t digest[32];
    mars_status st = MARS_ERR_NOT_FOUND;

    mrs_name_index(relative, name);
    if (!fresh && d->cache != NULL &&
        mrs_cache_get(d->cache, relative, &bytes, NULL) == MARS_OK) {
        st = mrs_sha256_once(bytes.data, bytes.len, digest, err);
        if (st == MARS_OK && memcmp(digest, name, sizeof digest) == 0)
            st = mrs_object_open(MRS_KIND_INDEX, MRS_NEED_READ, mrs_keyring_find, d->keys, NULL,
                                 bytes.data, bytes.len, payload, err);
        else
            st = MARS_ERR_CORRUPT;
        if (st != MARS_OK)
            mrs_cache_drop(d->cache, relative);
    }
    mrs_buf_free(&bytes);
    if (st != MARS_OK)
        st = mrs_domain_get(d, MRS_KIND_INDEX, fresh ? MRS_NEED_VERIFY : MRS_NEED_READ, relative,
                            name, payload, err);
    return st;
}

static mars_status
take_payload(struct mrs_index *x, const uint8_t name[32], const struct mrs_buf *payload,
             mars_error *err)
{
    struct load l = { .x = x, .object = name };
    struct mrs_index_sink check = { 0 };
    struct mrs_index_sink sink = { &l, add_superseded, add_pack, add_blob };
    /* First without a sink, so that a damaged object adds nothing. */
    mars_status st = mrs_index_decode(payload->data, payload->len, &check, err);

    return st == MARS_OK ? mrs_index_decode(payload->data, payload->len, &sink, err) : st;
}

static mars_status
load_object(struct mrs_index *x, const struct mrs_domain *d, const uint8_t name[32], bool fresh,
            mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    mars_status st = fetch(d, name, fresh, &payload, err);

    if (st == MARS_OK)
        st = take_payload(x, name, &payload, err);
    mrs_buf_free(&payload);
    return st;
}

static mars_status
note_listed(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_map *listed = user;
    struct mrs_name n;

    if (mrs_name_parse(&n, info->name) && n.kind == MRS_KIND_INDEX &&
        mrs_map_put(listed, n.digest) == NULL)
        return mrs_nomem(err);
    return MARS_OK;
}

/* Something that was loaded is no longer there, or superseded. */
static bool
is_stale(const struct mrs_index *x, const struct mrs_map *listed)
{
    const uint8_t *name;
    void *flags;

    for (size_t pos = 0; mrs_map_next(&x->objects, &pos, &name, &flags);) {
        uint32_t f = *(uint32_t *)flags;

        if ((f & OBJECT_LOADED) != 0 &&
            ((f & OBJECT_SUPERSEDED) != 0 || mrs_map_find(listed, name) == NULL))
            return true;
    }
    return false;
}

static mars_status
load_new(struct mrs_index *x, const struct mrs_domain *d, const struct mrs_map *listed, bool fresh,
         mrs_damage_fn damage, void *user, mars_error *err)
{
    const uint8_t *name;
    mars_error why;
    mars_status st = MARS_OK;

    for (size_t pos = 0; st == MARS_OK && mrs_map_next(listed, &pos, &name, NULL);) {
        uint32_t *flags = mrs_map_put(&x->objects, name);
        char relative[MRS_OBJECT_NAME_MAX];

        if (flags == NULL)
            return mrs_nomem(err);
        if ((*flags & (OBJECT_LOADED | OBJECT_SUPERSEDED | OBJECT_BAD)) != 0)
            continue;
        st = load_object(x, d, name, fresh, &why);
        flags = mrs_map_find(&x->objects, name);
        if (st == MARS_OK) {
            *flags |= OBJECT_LOADED;
        } else if (st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED ||
                   st == MARS_ERR_NOT_FOUND || st == MARS_ERR_IO) {
            /* What could not be fetched now is tried again with the next list. */
            if (st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED)
                *flags |= OBJECT_BAD;
            mrs_name_index(relative, name);
            if (damage != NULL)
                damage(user, relative, &why);
            st = MARS_OK;
        } else if (err != NULL) {
            *err = why;
        }
    }
    return st;
}

/* Forget all but which objects are superseded or bad, so that the next load takes only the rest. */
static mars_status
start_over(struct mrs_index *x, mars_error *err)
{
    struct mrs_map kept = MRS_MAP_INIT(sizeof(uint32_t));
    const uint8_t *name;
    void *flags;

    for (size_t pos = 0; mrs_map_next(&x->objects, &pos, &name, &flags);) {
        uint32_t keep = *(uint32_t *)flags & (OBJECT_SUPERSEDED | OBJECT_BAD);
        uint32_t *f = keep != 0 ? mrs_map_put(&kept, name) : &keep;

        if (f == NULL) {
            mrs_map_free(&kept);
            return mrs_nomem(err);
        }
        *f = keep;
    }
    forget(x);
    x->objects = kept;
    return MARS_OK;
}

mars_status
mrs_index_refresh(struct mrs_index *x, const struct mrs_domain *d, bool fresh,
                  mrs_damage_fn damage, void *user, mars_error *err)
{
    struct mrs_map listed = MRS_MAP_INIT(0);
    mars_status st = mrs_domain_list(d, "index/", note_listed, &listed, err);

    mrs_mutex_lock(x->lock);
    if (st == MARS_OK && (fresh || is_stale(x, &listed)))
        forget(x);
    if (st == MARS_OK)
        st = load_new(x, d, &listed, fresh, damage, user, err);
    if (st == MARS_OK && is_stale(x, &listed)) {
        st = start_over(x, err);
        if (st == MARS_OK)
            st = load_new(x, d, &listed, fresh, damage, user, err);
    }
    /* An object that was taken in half would pass for read, its packs for known. */
    if (st == MARS_ERR_NOMEM)
        forget(x);
    mrs_mutex_unlock(x->lock);
    mrs_map_free(&listed);
    return st == MARS_OK ? st : mrs_context(err, st, "reading the index");
}

mars_status
mrs_index_add(struct mrs_index *x, const struct mrs_domain *d, const uint8_t name[32],
              const struct mrs_buf *payload, mars_error *err)
{
    uint32_t *flags;
    mars_status st = MARS_OK;

    (void)d;
    mrs_mutex_lock(x->lock);
    flags = mrs_map_put(&x->objects, name);
    if (flags == NULL)
        st = mrs_nomem(err);
    else if ((*flags & (OBJECT_LOADED | OBJECT_SUPERSEDED)) == 0)
        st = take_payload(x, name, payload, err);
    if (st == MARS_OK)
        *(uint32_t *)mrs_map_find(&x->objects, name) |= OBJECT_LOADED;
    else
        forget(x);
    mrs_mutex_unlock(x->lock);
    return st;
}

static void
give(const struct mrs_index *x, const struct place *p, const uint8_t id[32], struct mrs_place *out)
{
    const struct pack *pack = mrs_vec_at(&x->pack_list, p->pack);

    memcpy(out->blob.id, id, sizeof out->blob.id);
    out->blob.offset = p->offset;
    out->blob.slot = p->slot;
    out->blob.sealed_len = p->sealed_len;
    out->blob.raw_len = p->raw_len;
    out->blob.cls = p->cls;
    out->blob.codec = p->codec;
    memcpy(out->pack, pack->name, sizeof out->pack);
    out->kind = pack->kind;
}

bool
mrs_index_find(struct mrs_index *x, const uint8_t id[32], size_t nth, struct mrs_place *out)
{
    const uint32_t *first;
    uint32_t at;

    mrs_mutex_lock(x->lock);
    first = mrs_map_find(&x->ids, id);
    at = first != NULL ? *first : 0;
    for (; at != 0 && nth > 0; nth--)
        at = ((const struct place *)mrs_vec_at(&x->places, at - 1))->next;
    if (at != 0)
        give(x, mrs_vec_at(&x->places, at - 1), id, out);
    mrs_mutex_unlock(x->lock);
    return at != 0;
}

bool
mrs_index_has_object(struct mrs_index *x, const uint8_t name[32])
{
    const uint32_t *flags;
    bool has;

    mrs_mutex_lock(x->lock);
    flags = mrs_map_find(&x->objects, name);
    has = flags != NULL && (*flags & (OBJECT_LOADED | OBJECT_SUPERSEDED)) != 0;
    mrs_mutex_unlock(x->lock);
    return has;
}

mars_status
mrs_index_each_pack(struct mrs_index *x, mrs_index_pack_fn fn, void *user, mars_error *err)
{
    mars_status st = MARS_OK;

    mrs_mutex_lock(x->lock);
    for (size_t i = 0; st == MARS_OK && i < x->pack_list.len; i++) {
        const struct pack *p = mrs_vec_at(&x->pack_list, i);
        struct mrs_index_pack out = { .kind = p->kind, .size = p->size };

        memcpy(out.name, p->name, sizeof out.name);
        st = fn(user, &out, err);
    }
    mrs_mutex_unlock(x->lock);
    return st;
}

/* Add the chunk's place in one pack, if it has one there. */
static mars_status
add_place_in(const struct mrs_index *x, uint32_t pack, const uint8_t id[32], uint32_t first,
             struct mrs_vec *blobs, mars_error *err)
{
    for (uint32_t at = first; at != 0;) {
        const struct place *p = mrs_vec_at(&x->places, at - 1);
        struct mrs_place out;
        struct mrs_blob *b;

        at = p->next;
        if (p->pack != pack)
            continue;
        b = mrs_vec_add(blobs);
        if (b == NULL)
            return mrs_nomem(err);
        give(x, p, id, &out);
        *b = out.blob;
    }
    return MARS_OK;
}

mars_status
mrs_index_pack_blobs(struct mrs_index *x, const uint8_t pack[32], struct mrs_blob **blobs,
                     size_t *n, mars_error *err)
{
    struct mrs_vec list = MRS_VEC_INIT(struct mrs_blob);
    const uint32_t *number;
    const uint8_t *id;
    void *first;
    mars_status st = MARS_OK;

    mrs_mutex_lock(x->lock);
    number = mrs_map_find(&x->packs, pack);
    for (size_t pos = 0;
         st == MARS_OK && number != NULL && mrs_map_next(&x->ids, &pos, &id, &first);)
        st = add_place_in(x, *number, id, *(uint32_t *)first, &list, err);
    mrs_mutex_unlock(x->lock);
    if (st != MARS_OK)
        mrs_vec_free(&list);
    *blobs = list.items;
    *n = list.len;
    return st;
}

bool
mrs_index_pack_object(struct mrs_index *x, const uint8_t pack[32], uint8_t object[32])
{
    const uint32_t *number;

    mrs_mutex_lock(x->lock);
    number = mrs_map_find(&x->packs, pack);
    if (number != NULL)
        memcpy(object, ((const struct pack *)mrs_vec_at(&x->pack_list, *number))->object, 32);
    mrs_mutex_unlock(x->lock);
    return number != NULL;
}
