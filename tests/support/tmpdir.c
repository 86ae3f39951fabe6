#include "tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "platform/file.h"
#include "platform/random.h"

static void
must(mars_status st, const char *what)
{
    if (st == MARS_OK)
        return;
    (void)fprintf(stderr, "tmpdir: %s failed with status %d\n", what, (int)st);
    abort();
}

void
tmpdir_make(char path[TMPDIR_PATH_MAX])
{
    const char *base = getenv("TMPDIR");
    uint8_t random[8];
    char hex[2 * sizeof random + 1];

    if (base == NULL || base[0] != '/' || strlen(base) > TMPDIR_PATH_MAX / 2)
        base = "/tmp";
    must(mrs_random_fill(random, sizeof random, NULL), "drawing a name");
    mrs_hex_encode(hex, random, sizeof random);
    (void)snprintf(path, TMPDIR_PATH_MAX, "%s/mars-test-%s", base, hex);
    must(mrs_dir_make(path, NULL), path);
}

static mars_status
remove_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    const char *dir = user;
    char path[4096];

    (void)err;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    if (is_dir)
        tmpdir_remove(path);
    else
        must(mrs_file_delete(path, NULL), path);
    return MARS_OK;
}

void
tmpdir_remove(const char *path)
{
    char copy[4096];

    (void)snprintf(copy, sizeof copy, "%s", path);
    must(mrs_dir_each(path, remove_one, copy, NULL), path);
    must(mrs_dir_delete(path, NULL), path);
}
