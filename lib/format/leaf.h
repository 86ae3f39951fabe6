/* What both ways of a directory leaf share. FORMAT.md section 11. */
#ifndef MRS_FORMAT_LEAF_H
#define MRS_FORMAT_LEAF_H

#include "format/column.h"

/* Numbers of the columns that are not plain integers; the others are in the table alone. */
enum mrs_leaf_column {
    MRS_COLUMN_NAME = 1,
    MRS_COLUMN_TYPE = 2,
    MRS_COLUMN_USER = 6,
    MRS_COLUMN_GROUP = 7,
    MRS_COLUMN_TARGET = 14,
    MRS_COLUMN_LINK_GROUP = 15,
    MRS_COLUMN_ATTRS_INDEX = 16,
    MRS_COLUMN_ATTRS = 17,
    MRS_COLUMN_CONTENT = 21,
    MRS_COLUMN_SUB = 23,
    MRS_LEAF_COLUMNS = 24
};
enum { MRS_LINK_GROUP_SIZE = 16 };

/* By field number; width 0: not an integer in struct mrs_entry. The index into the attribute sets
 * is decoded into attrs_size, until the sets are known. */
extern const struct mrs_int_column mrs_leaf_columns[MRS_LEAF_COLUMNS];

/* May the name stand in a directory? is_root: "/" may. */
bool mrs_leaf_name_ok(struct mrs_slice name, bool is_root);

/* Is what stands for a directory's content in order? */
bool mrs_sub_ok(const struct mrs_sub *s);

#endif
