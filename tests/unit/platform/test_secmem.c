#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "platform/secmem.h"
#include "scratch.h"

static void
secret_memory_is_zeroed_writable_and_of_any_size(void **state)
{
    static const size_t sizes[] = { 0, 1, 32, 4096, 4097, 100000 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *p = mrs_secmem_alloc(sizes[i]);

        assert_non_null(p);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0x5a, sizes[i]);
        mrs_secmem_free(p, sizes[i]);
    }
    mrs_secmem_free(NULL, 10);
    assert_null(mrs_secmem_alloc(SIZE_MAX));
    assert_null(mrs_secmem_alloc(SIZE_MAX / 2));
}

static void
flags_of(const void *p, char flags[512])
{
    FILE *f = fopen("/proc/self/smaps", "r");
    unsigned long from;
    unsigned long to;
    char line[512];
    int inside = 0;

    flags[0] = '\0';
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)p >= from && (uintptr_t)p < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            (void)snprintf(flags, 512, "%s", line + 8);
    }
    (void)fclose(f);
}

static void
secret_memory_is_locked_and_left_out_of_core_dumps(void **state)
{
    uint8_t *p = mrs_secmem_alloc(32);
    void *probe = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char flags[512];

    (void)state;
    assert_non_null(p);
    flags_of(p, flags);
    assert_non_null(strstr(flags, " dd"));
    /* Limits, and sanitizers, may keep anything from being locked here. */
    assert_true(probe != MAP_FAILED);
    (void)mlock(probe, 4096);
    flags_of(probe, flags);
    if (strstr(flags, " lo") != NULL) {
        flags_of(p, flags);
        assert_non_null(strstr(flags, " lo"));
    }
    (void)munmap(probe, 4096);
    mrs_secmem_free(p, 32);
}

static int
alloc_without_mlock(void)
{
    uint8_t *p;

    if (!scratch_deny(SYS_mlock, EPERM))
        return 2;
    p = mrs_secmem_alloc(32);
    if (p == NULL)
        return 3;
    p[31] = 1;
    mrs_secmem_free(p, 32);
    return 0;
}

static void
secret_memory_is_there_even_where_locking_is_refused(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(alloc_without_mlock), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_memory_is_zeroed_writable_and_of_any_size),
        cmocka_unit_test(secret_memory_is_locked_and_left_out_of_core_dumps),
        cmocka_unit_test(secret_memory_is_there_even_where_locking_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
