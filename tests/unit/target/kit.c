#define _GNU_SOURCE
#include "kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "base/wr.h"

struct mrs_target *target;
struct mrs_target_dir *root;
char warnings[4096];
static struct mrs_buf sets[8];
static size_t n_sets;

static void
warn(void *user, const char *path, size_t path_len, const mars_error *why)
{
    size_t used = strlen(warnings);

    (void)user;
    (void)snprintf(warnings + used, sizeof warnings - used, "%.*s: %s\n", (int)path_len, path,
                   why->message);
}

static void
must(mars_status st, const char *what)
{
    if (st != MARS_OK) {
        (void)fprintf(stderr, "%s: %d\n", what, (int)st);
        abort();
    }
}

void
close_target(void)
{
    mrs_target_dir_unref(root);
    mrs_target_close(target);
    root = NULL;
    target = NULL;
}

void
reopen_target(bool no_owner, bool no_acl)
{
    struct mrs_target_options opts;

    close_target();
    memset(&opts, 0, sizeof opts);
    memcpy(opts.tag, "\x01\x02\x03\x04 and so on...", 16);
    opts.no_owner = no_owner;
    opts.no_acl = no_acl;
    opts.warn = warn;
    must(mrs_target_open(&target, scratch_path("to"), &opts, NULL), "opening the target");
    root = mrs_target_root(target);
}

int
kit_setup(void **state)
{
    warnings[0] = '\0';
    (void)scratch_setup(state);
    reopen_target(false, false);
    return 0;
}

int
kit_teardown(void **state)
{
    close_target();
    while (n_sets > 0)
        mrs_buf_free(&sets[--n_sets]);
    return scratch_teardown(state);
}

struct mrs_slice
text_of(const char *s)
{
    struct mrs_slice slice = { (const uint8_t *)s, strlen(s) };

    return slice;
}

const char *
in_target(const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *p = paths[next++ % 4];

    (void)snprintf(p, sizeof paths[0], "%s/to/%s", scratch_dir(), name);
    return p;
}

struct mrs_entry
entry_of(uint8_t type, uint32_t mode)
{
    struct mrs_entry e;

    memset(&e, 0, sizeof e);
    e.type = type;
    e.mode = mode;
    e.uid = geteuid();
    e.gid = getegid();
    e.mtime_s = 1000000000;
    e.mtime_ns = 123456789;
    return e;
}

mars_status
restore_file(struct mrs_target_dir *dir, const char *name, const char *content,
             const struct mrs_entry *e, struct mrs_slice attrs, bool replace)
{
    size_t n = strlen(content);
    struct mrs_target_file *f;
    mars_status st = mrs_target_file_begin(dir, n, &f, NULL);

    if (st != MARS_OK)
        return st;
    st = mrs_target_file_write(f, 0, content, n, NULL);
    if (st != MARS_OK) {
        mrs_target_file_abandon(f);
        return st;
    }
    st = mrs_target_file_finish(f, e, attrs, text_of(name), replace, NULL);
    if (st == MARS_ERR_EXISTS)
        mrs_target_file_abandon(f);
    return st;
}

static struct mrs_slice
encode(const struct mrs_attr *attrs, size_t n)
{
    struct mrs_buf *b = &sets[n_sets++];
    struct mrs_slice slice;

    memset(b, 0, sizeof *b);
    b->max = 1 << 20;
    must(mrs_attrs_encode(attrs, n, b, NULL), "encoding attributes");
    slice.p = b->data;
    slice.n = b->len;
    return slice;
}

struct mrs_slice
attrs_of(const char *const *pairs)
{
    struct mrs_attr attrs[16];
    size_t n = 0;

    for (; pairs[2 * n] != NULL; n++) {
        attrs[n].name = (const uint8_t *)pairs[2 * n];
        attrs[n].name_len = strlen(pairs[2 * n]);
        attrs[n].value = (const uint8_t *)pairs[2 * n + 1];
        attrs[n].value_len = strlen(pairs[2 * n + 1]);
    }
    return encode(attrs, n);
}

struct mrs_slice
attr_of(const char *name, const void *value, size_t len)
{
    struct mrs_attr a = { (const uint8_t *)name, strlen(name), value, len };

    return encode(&a, 1);
}

size_t
acl_of(uint8_t out[64], unsigned named, unsigned group, unsigned mask, unsigned other)
{
    const unsigned rows[5][3] = { { 0x01, 6, UINT32_MAX },     { 0x02, named, 65534 },
                                  { 0x04, group, UINT32_MAX }, { 0x10, mask, UINT32_MAX },
                                  { 0x20, other, UINT32_MAX } };
    struct mrs_buf b = MRS_BUF_INIT(64);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    size_t n;

    mrs_wr_le32(&w, 2);
    for (int i = 0; i < 5; i++) {
        mrs_wr_le16(&w, (uint16_t)rows[i][0]);
        mrs_wr_le16(&w, (uint16_t)rows[i][1]);
        mrs_wr_le32(&w, rows[i][2]);
    }
    must(w.st, "an ACL");
    n = b.len;
    memcpy(out, b.data, n);
    mrs_buf_free(&b);
    return n;
}

int
count_temporary(const char *name)
{
    DIR *d = opendir(in_target(name));
    struct dirent *e;
    int n = 0;

    if (d == NULL)
        abort();
    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, ".mars-", 6) == 0;
    (void)closedir(d);
    return n;
}
