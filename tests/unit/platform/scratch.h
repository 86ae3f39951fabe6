/* A directory to play in, another user to be, and systems that lack something. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* cmocka setup and teardown: a new directory, removed with all that is in it, however deep. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* The directory's absolute path, and the path of a name in it (of four calls ago at most). */
const char *scratch_dir(void);
const char *scratch_path(const char *name);

/* A file with this content, mode 0644. */
void scratch_write(const char *name, const void *data, size_t n);

/* Remove path and all below it. */
void scratch_remove(const char *path);

/* Be nobody (65534) until scratch_be_root; both do nothing, and say false, if we are not root. */
bool scratch_be_nobody(void);
void scratch_be_root(void);

/* Run fn in a forked child; what it returned, or -1 if it died. fn must not use assertions. */
int scratch_in_child(int (*fn)(void));

/* For children only. This system call fails from now on. */
bool scratch_deny(long call, int with_errno);
/* The scratch directory becomes "/": there is no /proc. Needs root. */
bool scratch_without_proc(void);

#endif
