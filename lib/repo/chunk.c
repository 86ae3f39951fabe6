#include "repo/chunk.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "repo/packkey.h"

static mars_status
read_place(const struct mrs_domain *d, const struct mrs_place *p, struct mrs_chunk_memory *m,
           struct mrs_buf *out, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    struct mrs_pack_key *key = NULL;
    size_t start = out->len;
    mars_status st = mrs_pack_key_get(d, p->kind, p->pack, &key, err);

    mrs_name_pack(relative, p->kind, p->pack);
    mrs_name_in_domain(name, d->keys->domain, relative);
    mrs_buf_reset(&m->sealed);
    if (st == MARS_OK)
        st = mrs_buf_extend(&m->sealed, p->blob.sealed_len, err);
    if (st == MARS_OK)
        st = mrs_store_read(d->store, name, p->blob.offset, m->sealed.data, m->sealed.len, err);
    if (st == MARS_OK)
        st = mrs_buf_extend(out, p->blob.raw_len, err);
    if (st == MARS_OK)
        st = mrs_blob_open(key, &p->blob, m->sealed.data, &m->codec, out->data + start, err);
    if (st != MARS_OK)
        out->len = start;
    mrs_pack_key_unref(key);
    if ((st == MARS_ERR_CORRUPT || st == MARS_ERR_NOT_FOUND) && d->damage != NULL)
        d->damage(d->damage_user, relative, err);
    else if (st != MARS_OK && st != MARS_ERR_CANCELLED && err != NULL)
        mrs_logf(d->logger, MARS_LEVEL_WARNING, "domain", "%s: a chunk of it cannot be read: %s",
                 relative, err->message);
    return st == MARS_OK ? st : mrs_context(err, st, "%s", relative);
}

/* The cache, if it keeps chunks of this class: those without which no tree can be gone through. */
static struct mrs_cache *
tree_cache(const struct mrs_domain *d, uint8_t cls)
{
    return cls == MRS_CLASS_DIR || cls == MRS_CLASS_STAT || cls == MRS_CLASS_LIST
               ? mrs_domain_copies(d)
               : NULL;
}

void
mrs_chunk_keep(const struct mrs_domain *d, const uint8_t id[32], uint8_t cls, const void *data,
               size_t n)
{
    struct mrs_cache *cache = tree_cache(d, cls);

    if (cache != NULL)
        (void)mrs_cache_put_tree(cache, id, data, n, NULL);
}

/* From its copy, if there is one. The id says what the bytes are, and which class. */
static bool
get_kept(const struct mrs_domain *d, const uint8_t id[32], uint8_t cls, uint32_t len,
         struct mrs_buf *out)
{
    struct mrs_cache *cache = tree_cache(d, cls);
    size_t start = out->len;
    bool kept = cache != NULL && mrs_cache_get_tree(cache, id, out, NULL) == MARS_OK &&
                out->len - start == len;

    if (!kept)
        out->len = start;
    return kept;
}

void
mrs_chunk_memory_free(struct mrs_chunk_memory *m)
{
    mrs_buf_free(&m->sealed);
    mrs_codec_state_free(&m->codec);
}

mars_status
mrs_chunk_get(const struct mrs_domain *d, const uint8_t id[32], uint8_t cls, struct mrs_buf *out,
              mars_error *err)
{
    struct mrs_chunk_memory m = MRS_CHUNK_MEMORY_INIT;
    mars_status st = mrs_chunk_get_with(d, id, cls, &m, out, err);

    mrs_chunk_memory_free(&m);
    return st;
}

mars_status
mrs_chunk_get_with(const struct mrs_domain *d, const uint8_t id[32], uint8_t cls,
                   struct mrs_chunk_memory *m, struct mrs_buf *out, mars_error *err)
{
    struct mrs_place place;
    size_t start = out->len;
    mars_error why;
    char hex[65];
    mars_status st = MARS_ERR_NOT_FOUND;

    mrs_hex_encode(hex, id, 32);
    for (size_t nth = 0;; nth++) {
        mars_status found = mrs_index_find(d->index, id, nth, &place, err);

        if (found == MARS_ERR_NOT_FOUND)
            break;
        if (found != MARS_OK)
            return found;
        if (place.blob.cls != cls)
            st = mrs_fail(&why, MARS_ERR_CORRUPT, "chunk %s: class %u where %u is due", hex,
                          place.blob.cls, cls);
        else if (nth == 0 && get_kept(d, id, cls, place.blob.raw_len, out))
            return MARS_OK;
        else
            st = read_place(d, &place, m, out, &why);
        if (st == MARS_OK)
            mrs_chunk_keep(d, id, cls, out->data + start, out->len - start);
        if (st == MARS_OK || st == MARS_ERR_NOMEM || mrs_is_out_of_reach(st))
            break;
    }
    if (st == MARS_ERR_NOT_FOUND)
        return mrs_fail(err, MARS_ERR_CORRUPT, "chunk %s: stands in no index object that can be "
                        "read, or its pack is missing", hex);
    if (st != MARS_OK && err != NULL)
        *err = why;
    return st;
}

/* One piece to fn; *offset moves on. */
static mars_status
give(const struct mrs_piece *proto, uint64_t *offset, uint64_t len, mrs_piece_fn fn, void *user,
     mars_error *err)
{
    struct mrs_piece piece = *proto;

    piece.offset = *offset;
    piece.len = len;
    *offset += len;
    return fn(user, &piece, err);
}

/* References cut at the extents. Sums were checked by the decoder. */
mars_status
mrs_list_leaf_each(const struct mrs_list_node *n, uint64_t offset, mrs_piece_fn fn, void *user,
                   mars_error *err)
{
    const struct mrs_extent whole = { 0, n->size };
    const struct mrs_extent *extents = n->n_extents > 0 ? n->extents : &whole;
    size_t n_extents = n->n_extents > 0 ? n->n_extents : 1, ref = 0;
    uint64_t used = 0; /* of the current reference */
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < n_extents; i++) {
        uint64_t left = extents[i].data;

        if (extents[i].hole > 0)
            st = give(&(struct mrs_piece){ .hole = true }, &offset, extents[i].hole, fn, user,
                      err);
        while (st == MARS_OK && left > 0) {
            const struct mrs_ref *r = &n->refs[ref];
            uint64_t take = r->len - used < left ? r->len - used : left;
            struct mrs_piece piece = { .chunk_offset = r->offset + used };

            memcpy(piece.id, r->id, sizeof piece.id);
            st = give(&piece, &offset, take, fn, user, err);
            left -= take;
            used += take;
            if (used == r->len) {
                ref++;
                used = 0;
            }
        }
    }
    return st;
}

mars_status
mrs_list_get(const struct mrs_domain *d, const uint8_t id[32], uint8_t level, uint64_t size,
             struct mrs_list_node *n, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_NODE_MAX);
    mars_status st = mrs_chunk_get(d, id, MRS_CLASS_LIST, &bytes, err);

    memset(n, 0, sizeof *n);
    if (st == MARS_OK)
        st = mrs_list_decode(n, bytes.data, bytes.len, err);
    if (st == MARS_OK && (n->level != level || n->size != size)) {
        mrs_list_free(n);
        st = mrs_fail(err, MARS_ERR_CORRUPT, "content list: level or size is not as referenced");
    }
    mrs_buf_free(&bytes);
    return st;
}

/* Where the walk over a content stands. */
struct walk {
    const struct mrs_domain *d;
    mrs_piece_fn fn;
    mrs_piece_lost_fn lost;
    void *user;
    uint64_t offset;
};

/* Recursion is bounded by MRS_LEVEL_MAX. */
static mars_status
walk_list(struct walk *w, const uint8_t id[32], uint8_t level, uint64_t size, mars_error *err)
{
    struct mrs_list_node n;
    mars_error why;
    mars_status st = mrs_list_get(w->d, id, level, size, &n, &why);

    if (mrs_is_unreadable(st) && w->lost != NULL) {
        st = w->lost(w->user, w->offset, size, &why, err);
        w->offset += size;
    } else if (st != MARS_OK) {
        if (err != NULL)
            *err = why;
    } else if (level == 0) {
        st = mrs_list_leaf_each(&n, w->offset, w->fn, w->user, err);
        w->offset += size;
    } else {
        for (size_t i = 0; st == MARS_OK && i < n.n_children; i++)
            st = walk_list(w, n.children[i].id, (uint8_t)(level - 1), n.children[i].size, err);
    }
    mrs_list_free(&n);
    return st;
}

mars_status
mrs_content_each(const struct mrs_domain *d, const struct mrs_content *c, uint64_t size,
                 mrs_piece_fn fn, mrs_piece_lost_fn lost, void *user, mars_error *err)
{
    struct walk w = { d, fn, lost, user, 0 };
    struct mrs_piece piece = { .chunk_offset = c->offset };

    switch (c->kind) {
    case MRS_CONTENT_NONE:
        return size == 0 ? MARS_OK
                         : mrs_fail(err, MARS_ERR_CORRUPT, "content: none, but it has a size");
    case MRS_CONTENT_INLINE:
        piece.inline_data = c->data;
        return size > 0 ? give(&piece, &w.offset, size, fn, user, err) : MARS_OK;
    case MRS_CONTENT_CHUNK:
        memcpy(piece.id, c->id, sizeof piece.id);
        return give(&piece, &w.offset, size, fn, user, err);
    case MRS_CONTENT_LIST:
        return walk_list(&w, c->id, c->level, size, err);
    default:
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "content: kind %u", c->kind);
    }
}

struct gather {
    const struct mrs_domain *d;
    uint8_t cls;
    struct mrs_buf *out;
};

static mars_status
add_piece(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct gather *g = user;
    struct mrs_buf chunk = MRS_BUF_INIT(MRS_CHUNK_MAX);
    mars_status st;

    if (p->len > g->out->max - g->out->len)
        return mrs_buf_reserve(g->out, SIZE_MAX, err);
    if (p->hole)
        return mrs_buf_resize(g->out, g->out->len + (size_t)p->len, err);
    if (p->inline_data != NULL)
        return mrs_buf_append(g->out, p->inline_data, (size_t)p->len, err);
    st = mrs_chunk_get(g->d, p->id, g->cls, &chunk, err);
    if (st == MARS_OK && (p->chunk_offset > chunk.len || p->len > chunk.len - p->chunk_offset))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "content: reaches past its chunk");
    if (st == MARS_OK)
        st = mrs_buf_append(g->out, chunk.data + p->chunk_offset, (size_t)p->len, err);
    mrs_buf_free(&chunk);
    return st;
}

mars_status
mrs_content_get(const struct mrs_domain *d, const struct mrs_content *c, uint64_t size, uint8_t cls,
                struct mrs_buf *out, mars_error *err)
{
    struct gather g = { d, cls, out };

    return mrs_content_each(d, c, size, add_piece, NULL, &g, err);
}
