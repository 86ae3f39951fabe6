#include "repo/listreader.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"

enum { NODES_MAX = 128, NODE_BYTES_MAX = 8 << 20 };

/* A node with where each of its parts begins. */
struct node {
    uint8_t id[32];
    uint8_t level;
    uint64_t size;
    uint64_t used;        /* the reader's clock when it was asked for last */
    struct mrs_vec parts; /* struct mrs_piece: a leaf's pieces, or children, whose id is a node's;
                             offsets are within the node */
};

struct mrs_list_reader {
    const struct mrs_domain *d;
    struct mrs_content content;
    uint64_t size;
    uint64_t clock;
    uint64_t bytes;       /* of all parts */
    struct mrs_vec nodes; /* struct node */
};

mars_status
mrs_list_reader_new(struct mrs_list_reader **out, const struct mrs_domain *d,
                    const struct mrs_content *c, uint64_t size, mars_error *err)
{
    struct mrs_list_reader *r = mrs_alloc(sizeof *r);

    *out = r;
    if (r == NULL)
        return mrs_nomem(err);
    r->d = d;
    r->content = *c;
    r->size = size;
    r->nodes = (struct mrs_vec)MRS_VEC_INIT(struct node);
    return MARS_OK;
}

void
mrs_list_reader_free(struct mrs_list_reader *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->nodes.len; i++)
        mrs_vec_free(&((struct node *)mrs_vec_at(&r->nodes, i))->parts);
    mrs_vec_free(&r->nodes);
    mrs_free(r);
}

static mars_status
add_part(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct mrs_piece *at = mrs_vec_add(user);

    if (at == NULL)
        return mrs_nomem(err);
    *at = *p;
    return MARS_OK;
}

static mars_status
add_children(struct mrs_vec *parts, const struct mrs_list_node *n, mars_error *err)
{
    struct mrs_piece part = { .offset = 0 };
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < n->n_children; i++) {
        part.len = n->children[i].size;
        memcpy(part.id, n->children[i].id, sizeof part.id);
        st = add_part(parts, &part, err);
        part.offset += part.len;
    }
    return st;
}

static uint64_t
bytes_of(const struct node *n)
{
    return n->parts.cap * n->parts.item_size;
}

/* What was not asked for for longest goes. */
static void
make_room(struct mrs_list_reader *r, uint64_t bytes)
{
    while (r->nodes.len > 0 && (r->nodes.len >= NODES_MAX || r->bytes + bytes > NODE_BYTES_MAX)) {
        struct node *last = mrs_vec_at(&r->nodes, r->nodes.len - 1), *oldest = r->nodes.items;

        for (struct node *n = oldest; n <= last; n++)
            if (n->used < oldest->used)
                oldest = n;
        r->bytes -= bytes_of(oldest);
        mrs_vec_free(&oldest->parts);
        *oldest = *last;
        r->nodes.len--;
    }
}

static mars_status
load(struct mrs_list_reader *r, const struct mrs_piece *where, uint8_t level, struct node **out,
     mars_error *err)
{
    struct node new = { .level = level, .size = where->len,
                        .parts = MRS_VEC_INIT(struct mrs_piece) };
    struct mrs_list_node n;
    mars_status st = mrs_list_get(r->d, where->id, level, where->len, &n, err);

    if (st == MARS_OK)
        st = level == 0 ? mrs_list_leaf_each(&n, 0, add_part, &new.parts, err)
                        : add_children(&new.parts, &n, err);
    mrs_list_free(&n);
    make_room(r, bytes_of(&new));
    *out = st == MARS_OK ? mrs_vec_add(&r->nodes) : NULL;
    if (*out == NULL) {
        mrs_vec_free(&new.parts);
        return st == MARS_OK ? mrs_nomem(err) : st;
    }
    memcpy(new.id, where->id, sizeof new.id);
    r->bytes += bytes_of(&new);
    **out = new;
    return MARS_OK;
}

/* The node of that level at `where`. */
static mars_status
get(struct mrs_list_reader *r, const struct mrs_piece *where, uint8_t level, struct node **out,
    mars_error *err)
{
    mars_status st = MARS_OK;

    *out = NULL;
    for (size_t i = 0; *out == NULL && i < r->nodes.len; i++) {
        struct node *n = mrs_vec_at(&r->nodes, i);

        if (memcmp(n->id, where->id, sizeof n->id) == 0)
            *out = n;
    }
    if (*out == NULL)
        st = load(r, where, level, out, err);
    else if ((*out)->level != level || (*out)->size != where->len)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "content list: level or size is not as referenced");
    if (st == MARS_OK)
        (*out)->used = ++r->clock;
    return st;
}

/* The part that has the byte at `offset` of the node. */
static const struct mrs_piece *
search(const struct node *n, uint64_t offset)
{
    const struct mrs_piece *parts = n->parts.items;
    size_t low = 0, high = n->parts.len;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (parts[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return &parts[low];
}

static mars_status
go_down(struct mrs_list_reader *r, uint64_t offset, struct mrs_piece *piece, mars_error *err)
{
    uint8_t level = r->content.level;

    *piece = (struct mrs_piece){ .len = r->size };
    memcpy(piece->id, r->content.id, sizeof piece->id);
    for (bool leaf = false; !leaf; level--) {
        uint64_t start = piece->offset;
        struct node *n;
        mars_status st = get(r, piece, level, &n, err);

        if (st != MARS_OK)
            return st;
        *piece = *search(n, offset - start);
        piece->offset += start;
        leaf = level == 0;
    }
    return MARS_OK;
}

mars_status
mrs_list_reader_find(struct mrs_list_reader *r, uint64_t offset, struct mrs_piece *piece,
                     mars_error *err)
{
    const struct mrs_content *c = &r->content;

    *piece = (struct mrs_piece){ .len = r->size, .chunk_offset = c->offset };
    switch (c->kind) {
    case MRS_CONTENT_INLINE:
        piece->inline_data = c->data;
        return MARS_OK;
    case MRS_CONTENT_CHUNK:
        memcpy(piece->id, c->id, sizeof piece->id);
        return MARS_OK;
    case MRS_CONTENT_LIST:
        return go_down(r, offset, piece, err);
    case MRS_CONTENT_NONE:
        return mrs_fail(err, MARS_ERR_CORRUPT, "content: none, but it has a size");
    default:
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "content: kind %u", c->kind);
    }
}
