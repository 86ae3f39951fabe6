/* A directory of its own for a test, on $TMPDIR or /tmp. */
#ifndef TMPDIR_H
#define TMPDIR_H

enum { TMPDIR_PATH_MAX = 512 };

/* A new empty directory; ends the test where there can be none. */
void tmpdir_make(char path[TMPDIR_PATH_MAX]);

/* Remove it with all that is in it. Links are removed, not followed. */
void tmpdir_remove(const char *path);

#endif
