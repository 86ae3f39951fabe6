/* One backup on the public API, with what the command line does not offer.
 * usage: backup CONFIG_DIR ITEM WORKERS check|nocheck PATH
 *
 * WORKERS 0 is one a core. Prints what was done as one JSON object. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mars/mars.h>

static int
failed(const char *what, const mars_error *err)
{
    fprintf(stderr, "backup: %s: %s\n", what, err->message);
    return 1;
}

int
main(int argc, char **argv)
{
    mars_agent_options agent_opts = { .struct_size = sizeof agent_opts };
    mars_backup_options opts = { .struct_size = sizeof opts, .n_paths = 1 };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_agent *agent;
    mars_error err;
    mars_status st;

    if (argc != 6) {
        fprintf(stderr, "usage: backup CONFIG_DIR ITEM WORKERS check|nocheck PATH\n");
        return 2;
    }
    agent_opts.workers = (uint32_t)strtoul(argv[3], NULL, 10);
    if (mars_agent_open(argv[1], 0, &agent_opts, &agent, &err) != MARS_OK)
        return failed(argv[1], &err);
    opts.item = argv[2];
    opts.flags = strcmp(argv[4], "nocheck") == 0 ? MARS_BACKUP_SKIP_UPLOAD_CHECK : 0;
    opts.paths = (const char *const *)&argv[5];
    st = mars_backup(agent, &opts, &r, &err);
    mars_agent_close(agent);
    if (st != MARS_OK)
        return failed(argv[5], &err);
    printf("{\"point\": \"%s\", \"files\": %" PRIu64 ", \"bytes_read\": %" PRIu64
           ", \"bytes_new\": %" PRIu64 ", \"bytes_added\": %" PRIu64 "}\n",
           r.point, r.files, r.bytes_read, r.bytes_new, r.bytes_added);
    return 0;
}
