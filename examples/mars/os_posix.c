#define _POSIX_C_SOURCE 200809L

#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;
static mars_cancel *to_cancel;

static void
on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
    if (to_cancel != NULL)
        mars_cancel_set(to_cancel);
}

void
os_on_interrupt(mars_cancel *cancel)
{
    static const int signals[] = { SIGINT, SIGTERM };
    struct sigaction sa, old;

    memset(&sa, 0, sizeof sa);
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = cancel != NULL ? on_signal : SIG_DFL;
    /* No SA_RESTART: whoever waits for input shall notice. */
    sa.sa_flags = (int)SA_RESETHAND;
    if (cancel != NULL)
        to_cancel = cancel;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &sa, NULL);
    to_cancel = cancel;
}

bool
os_interrupted(void)
{
    return interrupted != 0;
}

bool
os_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

/* One read() that only a signal of ours interrupts. */
static enum os_result
read_some(int fd, void *buf, size_t cap, size_t *got)
{
    ssize_t n;

    *got = 0;
    do {
        if (interrupted)
            return OS_INTERRUPTED;
        n = read(fd, buf, cap);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return OS_FAILED;
    *got = (size_t)n;
    return OS_OK;
}

enum os_result
os_read_stdin(void *buf, size_t cap, size_t *got)
{
    return read_some(STDIN_FILENO, buf, cap, got);
}

static enum os_result
read_line(int fd, char *buf, size_t cap, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        size_t got;
        enum os_result r = read_some(fd, buf + *len, 1, &got);

        if (r != OS_OK)
            return r;
        if (got == 0 || buf[*len] == '\n')
            return OS_OK;
        ++*len;
    }
    return OS_FAILED;
}

static void
put(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        return; /* a prompt that cannot be shown: the answer is read all the same */
}

enum os_result
os_ask(const char *prompt, char *buf, size_t cap, size_t *len)
{
    struct termios was, silent;
    enum os_result r;
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    *len = 0;
    if (fd < 0)
        return OS_NO_TERMINAL;
    if (tcgetattr(fd, &was) != 0) {
        (void)close(fd);
        return OS_NO_TERMINAL;
    }
    silent = was;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0) {
        (void)close(fd);
        return OS_NO_TERMINAL; /* nothing that could be typed unseen */
    }
    put(fd, prompt);
    r = read_line(fd, buf, cap, len);
    (void)tcsetattr(fd, TCSAFLUSH, &was);
    put(fd, "\n");
    (void)close(fd);
    return r;
}

bool
os_config_dir(char *buf, size_t cap)
{
    const char *dir = getenv("MARS_CONFIG_DIR"), *tail = "";
    int n;

    if (dir == NULL || *dir == '\0') {
        if (geteuid() == 0) {
            dir = "/var/lib/mars";
        } else if ((dir = getenv("XDG_CONFIG_HOME")) != NULL && *dir == '/') {
            tail = "/mars";
        } else {
            dir = getenv("HOME");
            tail = "/.config/mars";
        }
    }
    if (dir == NULL || *dir == '\0')
        return false;
    n = snprintf(buf, cap, "%s%s", dir, tail);
    return n > 0 && (size_t)n < cap;
}
