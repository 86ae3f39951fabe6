/* Back up a directory with a line that shows how far it is; Ctrl-C stops it, and leaves no trace in
 * the vault but data that the next backup uses.
 * usage: progress_cancel CONFIG_DIR DIRECTORY
 * Ends with 0 done, 1 failed, 2 wrong usage, 3 done but files were skipped, 130 interrupted. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include <mars/mars.h>

/* A signal handler is given no argument of ours. */
static mars_cancel *cancel;

static void
on_interrupt(int sig)
{
    /* A second one ends the program. */
    (void)signal(sig, SIG_DFL);
    mars_cancel_set(cancel);
}

static int MARS_CALL
show(const mars_progress *p, void *user)
{
    (void)user;
    fprintf(stderr, "\r%" PRIu64 " files, %" PRIu64 " MiB read, %" PRIu64 " MiB stored ",
            p->files_done, p->bytes_done >> 20, p->bytes_stored >> 20);
    return 0; /* anything else would stop it too */
}

static int
failed(const mars_error *err)
{
    fprintf(stderr, "%s\n", err->message);
    return err->status == MARS_ERR_CANCELLED ? 130 : 1;
}

static int
back_up(mars_agent *agent, const char *directory)
{
    mars_backup_options opts = { .struct_size = sizeof opts, .paths = &directory, .n_paths = 1,
                                 .progress = show, .cancel = cancel };
    mars_backup_result done = { .struct_size = sizeof done };
    mars_error err;
    mars_status st = mars_backup(agent, &opts, &done, &err);

    fputc('\n', stderr);
    if (st != MARS_OK)
        return failed(&err);
    printf("point %s: %" PRIu64 " files\n", done.point, done.files);
    return done.files_skipped > 0 ? 3 : 0;
}

int
main(int argc, char **argv)
{
    mars_agent *agent;
    mars_error err;
    int code;

    if (argc != 3) {
        fprintf(stderr, "usage: progress_cancel CONFIG_DIR DIRECTORY\n");
        return 2;
    }
    if (mars_cancel_new(&cancel, &err) != MARS_OK)
        return failed(&err);
    (void)signal(SIGINT, on_interrupt);
    if (mars_agent_open(argv[1], 0, NULL, &agent, &err) == MARS_OK) {
        code = back_up(agent, argv[2]);
        mars_agent_close(agent);
    } else {
        code = failed(&err);
    }
    (void)signal(SIGINT, SIG_DFL);
    mars_cancel_free(cancel);
    return code;
}
