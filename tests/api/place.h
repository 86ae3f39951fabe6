/* A scratch place with a vault, a registered machine, and trees to back up. */
#ifndef TEST_API_PLACE_H
#define TEST_API_PLACE_H

#include <mars/mars.h>

enum { PLACE_PATH = 512 };

struct place {
    char dir[PLACE_PATH];
    char config[PLACE_PATH + 16];
    mars_agent *agent;
};

/* cmocka set-up and tear-down functions: *state is a struct place *. */
int place_make(void **state);
int place_remove(void **state);

/* dir/name with n files of size bytes each, different for each seed; gives the path. */
const char *place_tree(struct place *p, const char *name, int n, size_t size, unsigned seed);

/* Fails the test with the error's message unless st is MARS_OK. */
void assert_ok(mars_status st, const mars_error *err);

/* Entries of /proc/self/fd, but for the index runs that an agent keeps open until it is closed. */
int open_files(void);

/* Threads of this process. */
int running_threads(void);

#endif
