/* Directory nodes: what decodes can be encoded, and decodes to the same again. The first byte says
 * whether the node is a root's. */
#include <stdlib.h>
#include <string.h>

#include "../tests/support/same_entries.h"
#include "format/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
same_child(const struct mrs_node_child *a, const struct mrs_node_child *b)
{
    return same_slice(a->last, b->last) && memcmp(a->id, b->id, sizeof a->id) == 0 &&
           a->totals.entries == b->totals.entries && a->totals.bytes == b->totals.bytes &&
           a->totals.errors == b->totals.errors;
}

static mars_status
encode(const struct mrs_node *node, struct mrs_buf *out)
{
    return node->level == 0 ? mrs_leaf_encode(node->entries, node->n, out, NULL)
                            : mrs_inner_encode(node->level, node->children, node->n, out, NULL);
}

static void
expect_same(const struct mrs_node *a, const struct mrs_node *b)
{
    if (a->level != b->level || a->n != b->n)
        abort();
    for (size_t i = 0; i < a->n; i++)
        if (a->level == 0 ? !same_entry(&a->entries[i], &b->entries[i])
                          : !same_child(&a->children[i], &b->children[i]))
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Sparse columns with a default value that no writer takes grow when they are written. */
    struct mrs_buf out = MRS_BUF_INIT((size_t)8 * MRS_NODE_MAX), again = out;
    struct mrs_node node, second;
    int is_root;

    if (size == 0)
        return 0;
    is_root = data[0] & 1;
    if (mrs_node_decode(&node, data + 1, size - 1, is_root, NULL) != MARS_OK)
        return 0;
    if (encode(&node, &out) != MARS_OK ||
        mrs_node_decode(&second, out.data, out.len, is_root, NULL) != MARS_OK)
        abort();
    expect_same(&node, &second);
    if (encode(&second, &again) != MARS_OK || again.len != out.len ||
        memcmp(again.data, out.data, out.len) != 0)
        abort();
    mrs_node_free(&node);
    mrs_node_free(&second);
    mrs_buf_free(&out);
    mrs_buf_free(&again);
    return 0;
}
