/* Back up files or pipes as the streams of one recovery point, a thread each; all of them or none.
 * usage: stream_backup CONFIG_DIR ITEM NAME=FILE... */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include <mars/mars.h>

enum { MAX_INPUTS = 64 };
struct input {
    const char *arg; /* NAME=FILE */
    mars_session *session;
    thrd_t thread;
};
static atomic_int inputs_failed;

static int
failed(const char *what, const mars_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return 1;
}

/* Called on the threads of the streams, but never on two at once. */
static int MARS_CALL
show(const mars_progress *p, void *user)
{
    (void)user;
    fprintf(stderr, "%" PRIu64 " MiB read\r", p->bytes_done >> 20);
    return inputs_failed > 0; /* the streams that go well end too */
}

static mars_status
copy(FILE *from, mars_stream *to, mars_error *err)
{
    unsigned char block[1 << 16];
    mars_status st = MARS_OK;
    size_t n;

    while (st == MARS_OK && (n = fread(block, 1, sizeof block, from)) > 0)
        st = mars_stream_write(to, block, n, err);
    if (st != MARS_OK || !ferror(from))
        return st;
    /* This is not the end: what came before it must not pass for the whole. */
    *err = (mars_error){ .message = "its file cannot be read" };
    return MARS_ERR_IO;
}

static int
back_up(void *arg)
{
    const struct input *in = arg;
    const char *equals = strchr(in->arg, '=');
    FILE *from = equals != NULL && equals != in->arg ? fopen(equals + 1, "rb") : NULL;
    mars_error err = { .message = "not NAME=FILE, or a file that cannot be opened" };
    mars_stream *to = NULL;
    mars_status st = from == NULL ? MARS_ERR_IO
                   : mars_stream_open(in->session, in->arg, (size_t)(equals - in->arg), &to, &err);

    if (st == MARS_OK)
        st = copy(from, to, &err);
    if (st == MARS_OK)
        st = mars_stream_finish(to, &err); /* frees it, whatever comes of it */
    else
        mars_stream_abandon(to);
    if (from != NULL)
        (void)fclose(from);
    if (st != MARS_OK && st != MARS_ERR_CANCELLED) /* that is another's failure */
        (void)failed(in->arg, &err);
    inputs_failed += st != MARS_OK;
    return 0;
}

static int
back_up_all(mars_agent *agent, const char *item, char **args, int n)
{
    mars_backup_options opts = { .struct_size = sizeof opts, .item = item, .progress = show };
    mars_backup_result done = { .struct_size = sizeof done };
    struct input in[MAX_INPUTS];
    mars_session *session;
    mars_error err;
    int started = 0;

    if (mars_session_begin(agent, &opts, &session, &err) != MARS_OK)
        return failed(item, &err);
    for (; started < n; started++) {
        in[started] = (struct input){ .arg = args[started], .session = session };
        if (thrd_create(&in[started].thread, back_up, &in[started]) != thrd_success)
            break;
    }
    for (int i = 0; i < started; i++)
        (void)thrd_join(in[i].thread, NULL);
    if (started < n || inputs_failed > 0) {
        mars_session_abandon(session); /* a point that lacks a part would pass for a good one */
        return failed(item, &(mars_error){ .message = "no point: not all inputs were read" });
    }
    if (mars_session_commit(session, &done, &err) != MARS_OK)
        return failed(item, &err);
    printf("point %s: %d streams, %" PRIu64 " bytes\n", done.point, n, done.bytes);
    return 0;
}

int
main(int argc, char **argv)
{
    mars_agent *agent;
    mars_error err;
    int code;

    if (argc < 4 || argc > 3 + MAX_INPUTS)
        return 2;
    if (mars_agent_open(argv[1], 0, NULL, &agent, &err) != MARS_OK)
        return failed(argv[1], &err);
    code = back_up_all(agent, argv[2], argv + 3, argc - 3);
    mars_agent_close(agent);
    return code;
}
