#define _GNU_SOURCE
#include "place.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char PASSPHRASE[] = "correct horse battery staple";

void
assert_ok(mars_status st, const mars_error *err)
{
    if (st != MARS_OK)
        fail_msg("%s: %s", mars_status_name(st), err->message);
}

int
place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char url[PLACE_PATH + 32], credentials[PLACE_PATH + 32];
    const char *tmp = getenv("TMPDIR");
    mars_register_options r = { .struct_size = sizeof r, .passphrase = PASSPHRASE };
    mars_error err;

    assert_non_null(p);
    snprintf(p->dir, sizeof p->dir, "%s/mars-api.XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->config, sizeof p->config, "%s/config", p->dir);
    snprintf(url, sizeof url, "file://%s/vault", p->dir);
    snprintf(credentials, sizeof credentials, "%s/credentials", p->dir);
    assert_ok(mars_vault_create(url, NULL, &err), &err);
    assert_ok(mars_vault_issue_credentials(url, credentials, NULL, &err), &err);
    r.config_dir = p->config;
    r.credentials = credentials;
    r.name = "test";
    assert_ok(mars_register(&r, &p->agent, &err), &err);
    *state = p;
    return 0;
}

/* Open files, either those that are index runs or all others. */
static int
count_open(bool runs)
{
    DIR *d = opendir("/proc/self/fd");
    const struct dirent *e;
    int n = 0;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        char path[2 * PLACE_PATH];
        ssize_t len = readlinkat(dirfd(d), e->d_name, path, sizeof path - 1);

        path[len > 0 ? len : 0] = '\0';
        n += (strstr(path, "/runs/") != NULL) == runs;
    }
    closedir(d);
    return n;
}

int
place_remove(void **state)
{
    struct place *p = *state;
    char command[PLACE_PATH + 16];

    mars_agent_close(p->agent);
    assert_int_equal(count_open(true), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    free(p);
    return system(command);
}

static void
write_file(const char *path, size_t size, unsigned *seed)
{
    FILE *f = fopen(path, "wb");
    unsigned x = *seed;

    assert_non_null(f);
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        putc((int)(x >> 24), f);
    }
    *seed = x;
    assert_int_equal(fclose(f), 0);
}

const char *
place_tree(struct place *p, const char *name, int n, size_t size, unsigned seed)
{
    static _Thread_local char path[2 * PLACE_PATH];
    char file[3 * PLACE_PATH];

    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    (void)mkdir(path, 0700);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/file-%d", path, i);
        write_file(file, size, &seed);
    }
    return path;
}

int
open_files(void)
{
    return count_open(false);
}

int
running_threads(void)
{
    DIR *d = opendir("/proc/self/task");
    const struct dirent *e;
    int n = 0;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}
