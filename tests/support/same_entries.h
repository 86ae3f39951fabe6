/* Do two entries say the same? Content and attributes by what they hold, slices by their bytes. */
#ifndef SAME_ENTRIES_H
#define SAME_ENTRIES_H

#include <string.h>

#include "format/entry.h"

static inline int
same_slice(struct mrs_slice a, struct mrs_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline int
same_content(const struct mrs_content *a, const struct mrs_content *b, uint64_t size)
{
    if (a->kind != b->kind)
        return 0;
    if (a->kind == MRS_CONTENT_INLINE)
        return size == 0 || memcmp(a->data, b->data, (size_t)size) == 0;
    return memcmp(a->id, b->id, sizeof a->id) == 0 && a->offset == b->offset &&
           a->level == b->level;
}

static inline int
same_sub(const struct mrs_sub *a, const struct mrs_sub *b)
{
    return a->kind == b->kind && a->level == b->level && memcmp(a->id, b->id, sizeof a->id) == 0 &&
           same_slice(a->node, b->node) && a->totals.entries == b->totals.entries &&
           a->totals.bytes == b->totals.bytes && a->totals.errors == b->totals.errors;
}

static inline int
same_entry(const struct mrs_entry *a, const struct mrs_entry *b)
{
    return same_slice(a->name, b->name) && a->type == b->type && a->mode == b->mode &&
           a->uid == b->uid && a->gid == b->gid && same_slice(a->user, b->user) &&
           same_slice(a->group, b->group) && a->mtime_s == b->mtime_s &&
           a->mtime_ns == b->mtime_ns && a->btime_s == b->btime_s && a->btime_ns == b->btime_ns &&
           a->rdev_major == b->rdev_major && a->rdev_minor == b->rdev_minor &&
           same_slice(a->target, b->target) && same_slice(a->link_group, b->link_group) &&
           a->attrs_size == b->attrs_size && same_content(&a->attrs, &b->attrs, a->attrs_size) &&
           a->flags == b->flags && a->size == b->size &&
           same_content(&a->content, &b->content, a->size) && a->chunker == b->chunker &&
           same_sub(&a->sub, &b->sub);
}

static inline int
same_entry_stat(const struct mrs_entry_stat *a, const struct mrs_entry_stat *b)
{
    return a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns && a->inode == b->inode &&
           a->generation == b->generation && a->sub_kind == b->sub_kind &&
           memcmp(a->sub_id, b->sub_id, sizeof a->sub_id) == 0 &&
           same_slice(a->sub_node, b->sub_node);
}

#endif
