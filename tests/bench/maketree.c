/* Make a tree of files from a seed, or change 1 % of it.
 * usage: maketree KIND SEED SCALE DIR [VERSION]
 *
 * The same arguments give the same names, bytes and times of files. SCALE 1 is the size that
 * README.md tells. With VERSION the tree is there already: each 100th small file is written anew,
 * and each 100th block of a large one; version 0 is what they were at first. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content.h"

enum { KIB = 1024, MIB = 1024 * 1024, LARGE = MIB, CHANGED = 100, PATH_ROOM = 128 };
enum { MONDAY = 1767571200, DAY = 86400, YEAR = 365 * DAY };

static uint64_t seed;
static double scale;
static bool change;
static uint64_t version;
static uint64_t made;  /* files so far */

static void
fail(const char *what)
{
    fprintf(stderr, "maketree: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t
scaled(uint64_t n)
{
    uint64_t m = (uint64_t)((double)n * scale);

    return m > 0 ? m : 1;
}

/* A time within a year, to the nanosecond; a new version is some days younger. */
static void
set_time(int fd, const char *path, uint64_t random, uint64_t days)
{
    struct timespec t = { .tv_sec = MONDAY + (time_t)(random % YEAR) + (time_t)(days * DAY),
                          .tv_nsec = (long)((random >> 32) % 1000000000) };
    const struct timespec both[2] = { t, t };

    if (futimens(fd, both) != 0)
        fail(path);
}

static void
write_block(int fd, const char *path, const uint8_t *data, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, data, n, (off_t)at);

        if (done < 0)
            fail(path);
        data += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
}

/* One file of `size` bytes. `what` names its content: files with the same one are equal. */
static void
put_file(const char *path, enum content kind, uint64_t size, uint64_t what)
{
    static uint8_t block[BLOCK];
    uint64_t number = made++, bytes = mix(seed, what);
    bool large = size >= LARGE, all = !change || (!large && number % CHANGED == 0);
    int fd;

    if (!all && !large)
        return;
    fd = open(path, O_WRONLY | O_CLOEXEC | (change ? 0 : O_CREAT | O_EXCL), 0644);
    if (fd < 0)
        fail(path);
    for (uint64_t b = 0; b * BLOCK < size; b++) {
        size_t n = size - b * BLOCK < BLOCK ? (size_t)(size - b * BLOCK) : BLOCK;
        uint64_t v = !large || b % CHANGED == 0 ? version : 0;

        if (!all && b % CHANGED != 0)
            continue;
        content_fill(kind, mix(bytes + v, b), block, n);
        write_block(fd, path, block, n, b * BLOCK);
    }
    set_time(fd, path, mix(seed + 1, number), version);
    if (close(fd) != 0)
        fail(path);
}

static void
make_dir(const char *path)
{
    if (!change && mkdir(path, 0755) != 0 && errno != EEXIST)
        fail(path);
}

/* Small files, 25 a directory, of unit / 8 to unit * 128 bytes, their mean 19 * unit. */
static void
small_files(const char *top, uint64_t count, uint64_t unit)
{
    char path[2 * PATH_ROOM];

    make_dir(top);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t r = mix(seed + 2, i), size = (unit / 8 + r % (unit * 15 / 8)) << (r >> 32) % 7;
        static const char *const endings[] = { "c", "h", "py", "md", "log", "json", "txt", "xml" };

        if (i % 500 == 0) {
            snprintf(path, sizeof path, "%s/group-%03d", top, (int)(i / 500));
            make_dir(path);
        }
        if (i % 25 == 0) {
            snprintf(path, sizeof path, "%s/group-%03d/part-%02d", top, (int)(i / 500),
                     (int)(i / 25 % 20));
            make_dir(path);
        }
        snprintf(path, sizeof path, "%s/group-%03d/part-%02d/%04x-%d.%s", top, (int)(i / 500),
                 (int)(i / 25 % 20), (unsigned)(r >> 48), (int)i, endings[r >> 40 & 7]);
        put_file(path, TEXT, size, i);
    }
}

/* Larger ones in one directory; their content's numbers begin with `what`. kind -1: text and
 * binary in turn. */
static void
files(const char *dir, uint64_t count, uint64_t size, int kind, uint64_t what)
{
    char path[2 * PATH_ROOM];

    make_dir(dir);
    for (uint64_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%05d.dat", dir, (int)i);
        put_file(path, kind >= 0 ? (enum content)kind : i % 2 == 0 ? TEXT : BINARY,
                 size - size / 4 + mix(what, i) % (size / 2), what + i);
    }
}

enum { MEDIUM = 1000000, BIG = 2000000, RANDOM = 3000000 };

/* 3 GiB: a third of it in small and medium files, a third in large ones, the rest noise and
 * copies of what was there. */
static void
mixed(void)
{
    small_files("small", scaled(45000), 512);
    files("medium", scaled(800), 640 * KIB, -1, MEDIUM);
    files("large", 6, scaled(160 * MIB), -1, BIG);
    files("random", scaled(144), MIB, NOISE, RANDOM);
    files("random-large", 2, scaled(128 * MIB), NOISE, RANDOM + 100000);
    small_files("copy-small", scaled(15000), 512);
    files("copy-medium", scaled(300), 640 * KIB, -1, MEDIUM);
    files("copy-large", 2, scaled(160 * MIB), -1, BIG);
    files("copy-random", scaled(64), MIB, NOISE, RANDOM);
}

static void
small(void)
{
    small_files("files", scaled(60000), 160);
}

static void
large(void)
{
    files("files", 8, scaled(96 * MIB), -1, BIG);
}

static void
huge(void)
{
    put_file("file.dat", TEXT, scaled(UINT64_C(768) * MIB), BIG);
}

static void
incompressible(void)
{
    files("files", 64, scaled(8 * MIB), NOISE, RANDOM);
}

static void
duplicate(void)
{
    char dir[PATH_ROOM];

    for (int i = 0; i < 10; i++) {
        snprintf(dir, sizeof dir, "copy-%d", i);
        make_dir(dir);
        snprintf(dir, sizeof dir, "copy-%d/small", i);
        small_files(dir, scaled(2000), 512);
        snprintf(dir, sizeof dir, "copy-%d/large", i);
        files(dir, 4, scaled(20 * MIB), -1, BIG);
    }
}

/* An empty file of which the name says nothing. */
static void
put_name(int dir, uint64_t number)
{
    uint64_t r = mix(seed, number);
    char name[16];
    int fd;

    snprintf(name, sizeof name, "%012llx", (unsigned long long)(r >> 16));
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        fail(name);
    set_time(fd, name, mix(seed + 1, number), 0);
    close(fd);
}

static void
names(const char *path, uint64_t first, uint64_t count)
{
    int dir;

    make_dir(path);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        fail(path);
    for (uint64_t i = 0; i < count; i++)
        put_name(dir, first + i);
    close(dir);
}

/* 1,000,000 empty files in 10,000 directories. */
static void
metadata(void)
{
    uint64_t count = scaled(10000);
    char path[PATH_ROOM];

    for (uint64_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%05d", (int)i);
        names(path, i * 100, 100);
    }
}

/* One directory of 5,000,000. */
static void
flat(void)
{
    names("files", 0, scaled(5000000));
}

static const struct {
    const char *name;
    void (*make)(void);
} kinds[] = {
    { "mixed", mixed },
    { "small", small },
    { "large", large },
    { "huge", huge },
    { "incompressible", incompressible },
    { "duplicate", duplicate },
    { "metadata", metadata },
    { "flat", flat },
};

int
main(int argc, char **argv)
{
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: maketree KIND SEED SCALE DIR [VERSION]\n");
        return 2;
    }
    seed = strtoull(argv[2], NULL, 10);
    scale = strtod(argv[3], NULL);
    change = argc == 6;
    version = change ? strtoull(argv[5], NULL, 10) : 0;
    if ((!change && mkdir(argv[4], 0755) != 0) || chdir(argv[4]) != 0)
        fail(argv[4]);
    content_init(seed);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, argv[1]) == 0) {
            kinds[i].make();
            return 0;
        }
    fprintf(stderr, "maketree: no kind of tree: %s\n", argv[1]);
    return 2;
}
