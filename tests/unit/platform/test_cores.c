#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "platform/thread.h"
#include "scratch.h"

static void
there_is_a_core_and_no_more_than_the_affinity_mask_says(void **state)
{
    cpu_set_t before;
    cpu_set_t one;
    size_t cpu = 0;

    (void)state;
    assert_in_range(mrs_core_count(), 1, (uintmax_t)sysconf(_SC_NPROCESSORS_CONF));
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(mrs_core_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static bool
write_quota(const char *text)
{
    int fd = open("/sys/fs/cgroup/cpu.max", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    (void)close(fd);
    return ok;
}

/* A control group of our own making, seen by this child only. */
static int
count_under_quotas(void)
{
    uint32_t all = mrs_core_count();

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL) != 0)
        return 77;
    if (mrs_core_count() != all)
        return 1;
    if (!write_quota("max 100000\n") || mrs_core_count() != all)
        return 2;
    if (!write_quota("50000 100000\n") || mrs_core_count() != 1)
        return 3;
    if (!write_quota("150000 100000\n") || mrs_core_count() != (all < 2 ? all : 2))
        return 4;
    if (!write_quota("99999999999999999999999 1\n") || mrs_core_count() != all)
        return 5;
    if (!write_quota("100000 0\n") || mrs_core_count() != all)
        return 6;
    return write_quota("") && mrs_core_count() == all ? 0 : 7;
}

static void
a_container_counts_the_cores_of_its_quota(void **state)
{
    int code = scratch_in_child(count_under_quotas);

    (void)state;
    if (code == 77) {
        printf("skipped: needs the right to mount\n");
        skip();
    }
    assert_int_equal(code, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_core_and_no_more_than_the_affinity_mask_says),
        cmocka_unit_test(a_container_counts_the_cores_of_its_quota),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
