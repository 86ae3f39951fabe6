#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "listing.h"

enum { DEEP = 2500 };

static char text[1 << 20];

static void
entries_tell_what_stat_tells(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "f", NULL });
    struct timespec times[2] = { { 5, 0 }, { -12345, 678 } };
    struct mrs_source_item item;
    struct walking s;
    struct stat st;

    (void)state;
    scratch_write("f", "hello", 5);
    assert_int_equal(chmod(scratch_path("f"), 04751), 0);
    assert_int_equal(utimensat(AT_FDCWD, scratch_path("f"), times, 0), 0);
    assert_int_equal(stat(scratch_path("f"), &st), 0);
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_ENTRY);
    assert_true(item.is_root);
    assert_int_equal(item.entry.type, MRS_ENTRY_FILE);
    assert_int_equal(item.entry.mode, 04751);
    assert_int_equal(item.entry.uid, st.st_uid);
    assert_int_equal(item.entry.size, 5);
    assert_true(item.entry.mtime_s == -12345 && item.entry.mtime_ns == 678);
    assert_int_equal(item.stat.inode, st.st_ino);
    assert_true(item.stat.ctime_s == st.st_ctim.tv_sec);
    assert_false(item.linked);
    assert_int_equal(item.path.n, strlen(scratch_path("f")));
    assert_memory_equal(item.path.p, scratch_path("f"), item.path.n);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_END);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_END);
    walking_close(&s);
}

static void
sockets_are_skipped_and_fifos_are_not(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    make("t/");
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", scratch_path("t/s"));
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(mkfifo(scratch_path("t/p"), 0600), 0);
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t*\n= p\n! s 3\n<\n");
    close(fd);
}

static void
what_the_rules_exclude_is_not_entered(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });
    struct mrs_rules *rules;

    (void)state;
    make("t/");
    make("t/cache/");
    make("t/cache/x");
    make("t/keep/");
    make("t/keep/cache");
    make("t/keep/t");
    assert_int_equal(mrs_rules_new(&rules, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add(rules, "cache/", 6, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add(rules, "/keep/t", 7, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add(rules, "t", 1, NULL), MARS_OK); /* the root stays */
    opts.rules = rules;
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t*\n> keep\n= cache\n<\n<\n");
    mrs_rules_free(rules);
}

static void
the_root_of_the_file_system_is_named_by_a_slash(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "/", NULL });
    struct mrs_source_item item;
    struct walking s;
    struct mrs_rules *rules;

    (void)state;
    assert_int_equal(mrs_rules_new(&rules, NULL), MARS_OK);
    assert_int_equal(mrs_rules_add(rules, "/*", 2, NULL), MARS_OK);
    opts.rules = rules;
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> /*\n<\n");
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.root->n_parent, 0);
    assert_int_equal(item.path.n, 1);
    walking_close(&s);
    mrs_rules_free(rules);
}

static void
a_cache_keeps_only_its_tag(void **state)
{
    static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n# more";
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });

    (void)state;
    make("t/");
    make("t/a/");
    make("t/a/1");
    make("t/a/z/");
    scratch_write("t/a/CACHEDIR.TAG", tag, sizeof tag - 1);
    make("t/b/");
    make("t/b/1");
    scratch_write("t/b/CACHEDIR.TAG", tag, 42);
    make("t/c/");
    make("t/c/1");
    assert_int_equal(symlink("../a/CACHEDIR.TAG", scratch_path("t/c/CACHEDIR.TAG")), 0);
    opts.exclude_caches = true;
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t*\n> a\n= CACHEDIR.TAG\n<\n> b\n= 1\n= CACHEDIR.TAG\n<\n"
                              "> c\n= 1\n= CACHEDIR.TAG\n<\n<\n");
    opts.exclude_caches = false;
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_non_null(strstr(text, "> z"));
}

static void
what_cannot_be_read_is_kept_and_flagged(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });
    struct mrs_source_item item;
    struct mrs_slice attrs;
    struct walking s;

    (void)state;
    make("t/");
    make("t/a/");
    make("t/a/x");
    make("t/b/");
    make("t/b/x");
    make("t/c");
    assert_int_equal(chmod(scratch_path("t/a"), 0700), 0);
    assert_int_equal(chmod(scratch_path("t/b"), 0744), 0);
    assert_int_equal(chmod(scratch_path("t/c"), 0600), 0);
    if (!scratch_be_nobody())
        skip();
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t*\n> a incomplete\n! a 1\n<\n> b\n! x 1\n<\n= c\n<\n");
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    text[0] = '\0';
    assert_int_equal(list_until(&s, "a", &item, text, sizeof text, NULL), MARS_OK);
    assert_int_equal(item.entry.mode, 0700);
    assert_int_equal(mrs_reader_describe(s.reader, &item, &attrs, NULL), MARS_OK);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_SKIPPED);
    assert_int_equal(item.os_code, 13);
    assert_non_null(strstr(item.message, "ermission denied"));
    walking_close(&s);
}

static void
a_root_that_cannot_be_read_is_kept(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", "u/p", NULL });

    (void)state;
    make("t/");
    make("u/");
    make("u/p/");
    make("u/p/x");
    assert_int_equal(chmod(scratch_path("t"), 0700), 0);
    assert_int_equal(chmod(scratch_path("u"), 0711), 0); /* may be passed, not listed */
    if (!scratch_be_nobody())
        skip();
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t* incomplete\n! t 1\n<\n> p*\n= x\n<\n");
}

static void
what_vanishes_is_skipped(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", "u", NULL });
    struct mrs_source_item item;
    struct walking s;

    (void)state;
    make("t/");
    make("t/a");
    make("t/b");
    make("t/c/");
    make("t/d");
    make("u");
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    text[0] = '\0';
    assert_int_equal(list_until(&s, "a", &item, text, sizeof text, NULL), MARS_OK);
    assert_int_equal(unlink(scratch_path("t/b")), 0);
    assert_int_equal(rmdir(scratch_path("t/c")), 0);
    assert_int_equal(unlink(scratch_path("u")), 0);
    assert_int_equal(list_until(&s, NULL, &item, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t*\n= a\n! b 2\n! c 2\n= d\n! u 2\n<\n");
    walking_close(&s);
}

static int
on_another_file_system(void)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });
    struct mrs_tree_options both = { 0 };
    struct mrs_slice paths[2];
    char a[512];
    char b[512];

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", scratch_path("t/m"), "tmpfs", 0, NULL) != 0)
        return 77;
    make("t/m/x");
    opts.one_file_system = true;
    if (list_all(&opts, text, sizeof text, NULL) != MARS_OK ||
        strcmp(text, "> t*\n> m\n<\n= z\n<\n") != 0)
        return 1;
    opts.one_file_system = false;
    if (list_all(&opts, text, sizeof text, NULL) != MARS_OK ||
        strcmp(text, "> t*\n> m\n= x\n<\n= z\n<\n") != 0)
        return 2;
    /* Named itself, it is a root of its own: otherwise nothing of it would be backed up. */
    (void)snprintf(a, sizeof a, "%s", scratch_path("t"));
    (void)snprintf(b, sizeof b, "%s", scratch_path("t/m"));
    paths[0] = (struct mrs_slice){ (const uint8_t *)a, strlen(a) };
    paths[1] = (struct mrs_slice){ (const uint8_t *)b, strlen(b) };
    both.paths = paths;
    both.n_paths = 2;
    both.one_file_system = true;
    if (list_all(&both, text, sizeof text, NULL) != MARS_OK ||
        strcmp(text, "> t*\n> m\n<\n= z\n<\n> m*\n= x\n<\n") != 0)
        return 3;
    both.one_file_system = false;
    if (list_all(&both, text, sizeof text, NULL) != MARS_OK || strstr(text, "m*") != NULL)
        return 4;
    return 0;
}

static void
a_mount_point_is_left_empty(void **state)
{
    int rc;

    (void)state;
    make("t/");
    make("t/m/");
    make("t/z");
    rc = scratch_in_child(on_another_file_system);
    if (rc == 77) {
        printf("skipped: may not mount\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

/* A chain of directories below `name`, each with a file that sorts behind the next directory. */
static void
make_chain(const char *name, int depth)
{
    int at = open(scratch_dir(), O_RDONLY | O_DIRECTORY);

    assert_int_equal(mkdirat(at, name, 0755), 0);
    for (int i = 0; i < depth; i++) {
        int down = openat(at, i == 0 ? name : "d", O_RDONLY | O_DIRECTORY);

        assert_true(down >= 0);
        close(at);
        at = down;
        close(openat(at, "z", O_WRONLY | O_CREAT, 0644));
        if (i < depth - 1)
            assert_int_equal(mkdirat(at, "d", 0755), 0);
    }
    close(at);
}

static void
a_deep_chain_needs_few_handles(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "c", NULL });
    struct rlimit was;
    struct rlimit few;
    size_t enters = 0;
    size_t files = 0;
    size_t leaves = 0;
    mars_status st;

    (void)state;
    make_chain("c", DEEP);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    few = was;
    few.rlim_cur = 90;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    st = list_all(&opts, text, sizeof text, NULL);
    few.rlim_cur = was.rlim_max; /* what removes the chain needs one a level */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(st, MARS_OK);
    for (const char *p = text; *p != '\0'; p = strchr(p, '\n') + 1) {
        enters += *p == '>';
        files += *p == '=';
        leaves += *p == '<';
        assert_true(*p != '!');
    }
    assert_int_equal(enters, DEEP);
    assert_int_equal(files, DEEP);
    assert_int_equal(leaves, DEEP);
}

static void
a_directory_replaced_behind_the_walk_is_left(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "c", NULL });
    struct mrs_source_item item;
    struct walking s;
    mars_status st;
    int skipped = 0;
    int files = 0;

    (void)state;
    make_chain("c", 200);
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    text[0] = '\0';
    assert_int_equal(list_until(&s, "z", &item, text, sizeof text, NULL), MARS_OK);
    /* What was c/d/d is moved away, and a link to it put in its place. */
    assert_int_equal(rename(scratch_path("c/d/d"), scratch_path("gone")), 0);
    assert_int_equal(symlink(scratch_path("gone"), scratch_path("c/d/d")), 0);
    while ((st = mrs_reader_next(s.reader, &item, NULL)) == MARS_OK &&
           item.kind != MRS_SOURCE_END) {
        skipped += item.kind == MRS_SOURCE_SKIPPED && item.reason == MRS_SKIP_VANISHED;
        files += item.kind == MRS_SOURCE_ENTRY;
    }
    assert_int_equal(st, MARS_OK);
    assert_int_equal(files + skipped, 199); /* one was seen before */
    assert_int_equal(skipped, 200 - 64 - 2); /* those still open, and the two above */
    walking_close(&s);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(entries_tell_what_stat_tells),
        SCRATCH(sockets_are_skipped_and_fifos_are_not),
        SCRATCH(what_the_rules_exclude_is_not_entered),
        SCRATCH(the_root_of_the_file_system_is_named_by_a_slash),
        SCRATCH(a_cache_keeps_only_its_tag),
        SCRATCH(what_cannot_be_read_is_kept_and_flagged),
        SCRATCH(a_root_that_cannot_be_read_is_kept),
        SCRATCH(what_vanishes_is_skipped),
        SCRATCH(a_mount_point_is_left_empty),
        SCRATCH(a_deep_chain_needs_few_handles),
        SCRATCH(a_directory_replaced_behind_the_walk_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
