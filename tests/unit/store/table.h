/* A caller's store: a table over a store of ours. */
#ifndef TEST_STORE_TABLE_H
#define TEST_STORE_TABLE_H

#include "store/store.h"

/* user is the inner store. */
mars_store table_over(struct mrs_store *inner);

#endif
