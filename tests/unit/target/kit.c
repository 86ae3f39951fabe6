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
bool kit_same;

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

static mars_status
same(void *user, struct mrs_tree_file *there, bool *is, mars_error *err)
{
    (void)user;
    (void)there;
    (void)err;
    *is = kit_same;
    return MARS_OK;
}

static void
reopen(struct mrs_target_options opts)
{
    close_target();
    memcpy(opts.tag, "\x01\x02\x03\x04 and so on...", 16);
    opts.same = same;
    opts.warn = warn;
    must(mrs_target_open(&target, scratch_path("to"), &opts, NULL), "opening the target");
    root = mrs_target_root(target);
}

void
reopen_target(bool no_owner, bool no_acl)
{
    reopen((struct mrs_target_options){ .no_owner = no_owner, .no_acl = no_acl });
}

void
reopen_target_for(enum mrs_conflict conflict)
{
    reopen((struct mrs_target_options){ .conflict = conflict });
}

int
kit_setup(void **state)
{
    warnings[0] = '\0';
    kit_same = false;
    (void)scratch_setup(state);
    reopen_target(false, false);
    return 0;
}

int
kit_teardown(void **state)
{
    close_target();
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

mars_entry
entry_of(uint32_t type, uint32_t mode)
{
    mars_entry e;

    memset(&e, 0, sizeof e);
    e.type = type;
    e.mode = mode;
    e.uid = geteuid();
    e.gid = getegid();
    e.mtime = 1000000000;
    e.mtime_ns = 123456789;
    return e;
}

mars_status
restore_file(struct mrs_target_dir *dir, const char *name, const char *content,
             const mars_entry *e, bool replace)
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
    st = mrs_target_file_finish(f, e, text_of(name), replace, NULL);
    if (st == MARS_ERR_EXISTS)
        mrs_target_file_abandon(f);
    return st;
}

struct attrs
attrs_of(const char *const *pairs)
{
    static mars_attr all[64];
    static size_t used;
    struct attrs set = { NULL, 0 };

    if (used > 56)
        used = 0;
    set.list = all + used;
    for (; pairs[2 * set.n] != NULL; set.n++)
        all[used++] = (mars_attr){ pairs[2 * set.n], strlen(pairs[2 * set.n]),
                                   pairs[2 * set.n + 1], strlen(pairs[2 * set.n + 1]) };
    return set;
}

struct attrs
attr_of(const char *name, const void *value, size_t len)
{
    static mars_attr all[8];
    static size_t used;
    mars_attr *a = &all[used++ % 8];

    *a = (mars_attr){ name, strlen(name), value, len };
    return (struct attrs){ a, 1 };
}

const mars_entry *
with(const mars_entry *e, struct attrs attrs)
{
    static mars_entry all[8];
    static unsigned used;
    mars_entry *copy = &all[used++ % 8];

    *copy = *e;
    copy->attrs = attrs.list;
    copy->n_attrs = attrs.n;
    return copy;
}

void
set_link(mars_entry *e, const char *to)
{
    e->target = to;
    e->target_len = strlen(to);
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
