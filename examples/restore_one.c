/* Restore one path of the latest recovery point below a directory, and say what did not go well.
 * usage: restore_one CONFIG_DIR PATH TARGET */
#include <inttypes.h>
#include <stdio.h>

#include <mars/mars.h>

/* What is in the way, damaged, or cannot be set is told file by file; the rest goes on. */
static void MARS_CALL
tell(const mars_event *event, void *user)
{
    (void)user;
    if (event->path != NULL)
        fprintf(stderr, "%.*s: %s\n", (int)event->path_len, event->path, event->message);
    else
        fprintf(stderr, "%s\n", event->message);
}

static int
failed(const char *what, const mars_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return 1;
}

int
main(int argc, char **argv)
{
    mars_restore_options opts = { .struct_size = sizeof opts, .point = "latest", .n_paths = 1,
                                  .conflict = MARS_CONFLICT_COPY, .event = tell };
    mars_restore_result done = { .struct_size = sizeof done };
    mars_agent *agent;
    mars_error err;
    mars_status st;

    if (argc != 4) {
        fprintf(stderr, "usage: restore_one CONFIG_DIR PATH TARGET\n");
        return 2;
    }
    if (mars_agent_open(argv[1], 0, NULL, &agent, &err) != MARS_OK)
        return failed("open", &err);
    opts.paths = (const char *const[]){ argv[2] };
    opts.target = argv[3];
    st = mars_restore(agent, &opts, &done, &err);
    mars_agent_close(agent);
    /* The result is filled in also where something could not be restored. */
    printf("%" PRIu64 " files restored, %" PRIu64 " there already, %" PRIu64 " not restored\n",
           done.files_restored, done.files_present, done.files_failed);
    return st == MARS_OK ? 0 : failed("restore", &err);
}
