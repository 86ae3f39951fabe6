#define _GNU_SOURCE
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[256];
static char paths[4][512];
static unsigned next_path;

static void
must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

int
scratch_setup(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    (void)umask(022);
    (void)snprintf(dir, sizeof dir, "%s/mars-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    must(mkdtemp(dir) != NULL, "mkdtemp");
    must(chmod(dir, 0755) == 0, "chmod");
    return 0;
}

static void
empty(int fd)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;

    must(d != NULL, "fdopendir");
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, e->d_name, 0) == 0)
            continue;
        int sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

        if (sub >= 0)
            empty(sub);
        (void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    (void)closedir(d);
}

void
scratch_remove(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

    if (fd >= 0)
        empty(fd);
    (void)rmdir(path);
}

int
scratch_teardown(void **state)
{
    (void)state;
    scratch_be_root();
    scratch_remove(dir);
    return 0;
}

const char *
scratch_dir(void)
{
    return dir;
}

const char *
scratch_path(const char *name)
{
    char *p = paths[next_path++ % 4];

    (void)snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

void
scratch_write(const char *name, const void *data, size_t n)
{
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

    must(fd >= 0, name);
    must(write(fd, data, n) == (ssize_t)n, name);
    must(close(fd) == 0, name);
}

bool
scratch_be_nobody(void)
{
    if (geteuid() != 0) {
        printf("skipped in part: needs root to become nobody\n");
        return false;
    }
    must(setegid(65534) == 0 && seteuid(65534) == 0, "becoming nobody");
    return true;
}

void
scratch_be_root(void)
{
    if (getuid() == 0)
        must(seteuid(0) == 0 && setegid(0) == 0, "becoming root");
}

int
scratch_in_child(int (*fn)(void))
{
    int status = 0;
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0)
        _exit(fn());
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool
scratch_deny(long call, int with_errno)
{
    /* Writes only to descriptors that tests have: valgrind says what it has to say far above. */
    unsigned below = call == SYS_write ? 1000 : 0;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, below, below != 0, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)with_errno),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = { sizeof code / sizeof code[0], code };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

bool
scratch_without_proc(void)
{
    return chroot(dir) == 0 && chdir("/") == 0 && access("/proc", F_OK) != 0;
}
