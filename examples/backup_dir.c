/* Back up a directory into a new vault beside it, and say what was done.
 * usage: backup_dir VAULT_URL CONFIG_DIR DIRECTORY */
#include <inttypes.h>
#include <stdio.h>

#include <mars/mars.h>

static int
failed(const char *what, const mars_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return 1;
}

int
main(int argc, char **argv)
{
    mars_register_options reg = { .struct_size = sizeof reg };
    mars_backup_options opts = { .struct_size = sizeof opts, .n_paths = 1 };
    mars_backup_result done = { .struct_size = sizeof done };
    mars_agent *agent;
    mars_error err;

    if (argc != 4)
        return 2;
    if (mars_vault_create(argv[1], NULL, &err) != MARS_OK ||
        mars_vault_issue_credentials(argv[1], "new.vaultCredentials", NULL, &err) != MARS_OK)
        return failed("vault", &err);
    reg.config_dir = argv[2];
    reg.credentials = "new.vaultCredentials";
    reg.passphrase = "ask your user for this one";
    if (mars_register(&reg, &agent, &err) != MARS_OK)
        return failed("register", &err);
    opts.paths = (const char *const[]){ argv[3] };
    if (mars_backup(agent, &opts, &done, &err) != MARS_OK)
        return failed("backup", &err);
    printf("point %s: %" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " skipped\n", done.point,
           done.files, done.bytes, done.files_skipped);
    mars_agent_close(agent);
    return 0;
}
