/* A vault in a store that an application provides, which fails when it is told to. */
#ifndef TEST_API_TAPE_H
#define TEST_API_TAPE_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mars/mars.h>

#include "../store/table.h"
#include "tmpdir.h"

#define TAPE_URL "custom:tape"
#define TAPE_PASSPHRASE "correct horse battery staple"

struct tape {
    mars_store table;     /* what is given to the library */
    mars_store inner;
    struct mrs_store *memory;
    const char *fails;    /* objects and lists that have this in their name cannot be read */
    atomic_int left;      /* reads and lists that succeed; below 0: all that follow */
    bool once;            /* only one fails then, and those behind it succeed */
    atomic_int refused;   /* calls that failed */
    mars_status status;   /* with which they fail */
    mars_store_options how;
    char dir[TMPDIR_PATH_MAX];
    char config[TMPDIR_PATH_MAX + 16];
    char credentials[TMPDIR_PATH_MAX + 16];
    char tree[TMPDIR_PATH_MAX + 16];
};

/* cmocka set-up and tear-down functions: *state is a struct tape *, a vault with credentials, and a
 * tree of one file. */
int tape_make(void **state);
int tape_remove(void **state);

/* It is sound again. */
void tape_mend(struct tape *t);

mars_agent *tape_enrol(struct tape *t);
mars_status tape_back_up(struct tape *t, mars_agent *agent, mars_error *err);
/* As another machine sees it, without a cache. */
mars_agent *tape_recover(struct tape *t);
mars_status tape_try_recover(struct tape *t, mars_agent **agent, mars_error *err);
/* Register machine n in the domain of this name; the domain's id, or "" where that failed. */
mars_status tape_join(struct tape *t, int n, const char *name, char domain[33], mars_error *err);

#endif
