/* How many cores there are for us: the affinity mask, and the CPU quota of our control group,
 * which is how containers are held to less than the machine. */
#include "platform/thread.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "platform/posix/os.h"

enum { MASKS = 16 }; /* of 1,024 cores each */

/* The beginning of a small file, NUL-terminated; false if it cannot be read. */
static bool
read_text(const char *path, char *out, size_t cap)
{
    int fd = mrs_os_openat(AT_FDCWD, path, O_RDONLY);
    size_t got = 0;
    bool ok = fd >= 0 && mrs_os_pread(fd, 0, out, cap - 1, &got) == 0;

    mrs_os_close(fd);
    out[ok ? got : 0] = '\0';
    return ok;
}

/* Digits from *p on, which moves behind them; 0 if there are none or too many. */
static uint64_t
take_number(const char **p)
{
    uint64_t v = 0;

    for (; **p >= '0' && **p <= '9' && v < UINT64_MAX / 100; (*p)++)
        v = v * 10 + (uint64_t)(**p - '0');
    return v;
}

/* cpu.max is "QUOTA PERIOD" in microseconds, or "max PERIOD". */
static uint64_t
quota_in(const char *dir)
{
    static const char root[] = "/sys/fs/cgroup";
    static const char file[] = "/cpu.max";
    char path[1024];
    char text[64];
    const char *p = text;
    size_t n = strlen(dir);
    uint64_t quota;
    uint64_t period;

    if (n > sizeof path - sizeof root - sizeof file)
        return UINT64_MAX;
    memcpy(path, root, sizeof root - 1);
    memcpy(path + sizeof root - 1, dir, n);
    memcpy(path + sizeof root - 1 + n, file, sizeof file);
    if (!read_text(path, text, sizeof text))
        return UINT64_MAX;
    quota = take_number(&p);
    if (*p == ' ')
        p++;
    period = take_number(&p);
    return quota == 0 || period == 0 ? UINT64_MAX : (quota + period - 1) / period;
}

/* The smallest quota of our control group (version 2) and those above it. */
static uint64_t
quota_cores(void)
{
    char text[1024];
    char *dir;
    char *cut;
    uint64_t least = UINT64_MAX;

    if (!read_text("/proc/self/cgroup", text, sizeof text))
        return least;
    dir = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (dir == NULL)
        return least;
    dir = strchr(dir, '/');
    if (dir == NULL)
        return least;
    dir[strcspn(dir, "\n")] = '\0';
    do {
        uint64_t here;

        cut = strrchr(dir, '/');
        here = quota_in(strcmp(dir, "/") == 0 ? "" : dir);
        least = here < least ? here : least;
        if (cut != NULL)
            *cut = '\0';
    } while (cut != NULL);
    return least;
}

uint32_t
mrs_core_count(void)
{
    cpu_set_t masks[MASKS];
    uint64_t cores = 0;
    uint64_t quota = quota_cores();

    memset(masks, 0, sizeof masks);
    if (sched_getaffinity(0, sizeof masks, masks) == 0)
        cores = (uint64_t)CPU_COUNT_S(sizeof masks, masks);
    if (cores == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);

        cores = online > 0 ? (uint64_t)online : 1;
    }
    cores = quota < cores ? quota : cores;
    return cores < UINT16_MAX ? (uint32_t)cores : UINT16_MAX;
}
