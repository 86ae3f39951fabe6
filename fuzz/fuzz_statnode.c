/* Stat nodes: what decodes can be encoded, and decodes to the same again. The input begins with
 * the shape of the directory node beside it: its level, the number of its entries, and how many
 * entries apart the directories are. */
#include <stdlib.h>
#include <string.h>

#include "../tests/support/same_entries.h"
#include "format/entry.h"

enum { ENTRIES_MAX = 255 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mars_status
encode(const struct mrs_stat_node *node, const struct mrs_entry *entries, struct mrs_buf *out)
{
    return node->level == 0
               ? mrs_stat_leaf_encode(node->stats, entries, node->n, out, NULL)
               : mrs_stat_inner_encode(node->level, (const uint8_t(*)[32])node->children, node->n,
                                       out, NULL);
}

static void
expect_same(const struct mrs_stat_node *a, const struct mrs_stat_node *b)
{
    if (a->level != b->level || a->n != b->n)
        abort();
    for (size_t i = 0; i < a->n; i++)
        if (a->level == 0 ? !same_entry_stat(&a->stats[i], &b->stats[i])
                          : memcmp(a->children[i], b->children[i], 32) != 0)
            abort();
}

static void
try_one(const struct mrs_node *beside, const uint8_t *data, size_t size)
{
    struct mrs_buf out = MRS_BUF_INIT((size_t)2 * MRS_NODE_MAX);
    struct mrs_stat_node node, second;

    if (mrs_stat_node_decode(&node, beside, data, size, NULL) != MARS_OK)
        return;
    if (encode(&node, beside->entries, &out) != MARS_OK ||
        mrs_stat_node_decode(&second, beside, out.data, out.len, NULL) != MARS_OK)
        abort();
    expect_same(&node, &second);
    mrs_stat_node_free(&node);
    mrs_stat_node_free(&second);
    mrs_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_entry entries[ENTRIES_MAX];
    struct mrs_node beside = { .entries = entries };

    if (size < 3)
        return 0;
    beside.level = data[0] % (MRS_LEVEL_MAX + 1);
    beside.n = data[1];
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < beside.n; i++)
        entries[i].type = i % (data[2] + 1U) == 0 ? MRS_ENTRY_DIR : MRS_ENTRY_FILE;
    try_one(&beside, data + 3, size - 3);
    return 0;
}
