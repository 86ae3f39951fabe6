/* mars: the command line of libmars. */
#include <stdio.h>

#include "os.h"
#include "report.h"
#include "secret.h"
#include "reach.h"

static int
open_other(struct cli *cli, mars_agent **agent)
{
    mars_recover_options o = { .struct_size = sizeof o,
                               .credentials = cli->value[OPT_CREDENTIALS],
                               .machine = cli->value[OPT_MACHINE],
                               .log = report_log(cli),
                               .log_level = report_log_level(cli),
                               .cancel = cli->cancel };
    mars_error err = { 0 };
    struct secret *pass;
    struct reach reach;
    mars_status st;
    int code = reach_get(cli, NULL, &reach);

    if (code == CODE_DONE)
        code = secret_get(cli, OPT_PASSPHRASE_FILE, "Passphrase: ", false, &pass);
    if (code != CODE_DONE) {
        reach_free(&reach);
        return code;
    }
    o.store = &reach.options;
    o.passphrase = pass->text;
    o.passphrase_len = pass->len;
    st = mars_recover_open(&o, agent, &err);
    secret_free(pass);
    reach_free(&reach);
    return st == MARS_OK ? CODE_DONE : report_failure(cli, &err);
}

static int
open_this(struct cli *cli, mars_agent **agent)
{
    mars_agent_options o = { .struct_size = sizeof o,
                             .log = report_log(cli),
                             .log_level = report_log_level(cli),
                             .cancel = cli->cancel };
    mars_error err = { 0 };
    const char *dir = cli_config_dir(cli);
    mars_status st;

    if (dir == NULL)
        return CODE_USAGE;
    st = mars_agent_open(dir, 0, &o, agent, &err);
    if (st == MARS_OK)
        return CODE_DONE;
    if (st == MARS_ERR_STATE)
        return report_failure_hint(cli, &err,
                                   "register this machine: mars register --credentials FILE");
    if (st == MARS_ERR_NOT_FOUND)
        return report_failure_hint(cli, &err, "is the disk or share of the vault there?");
    return report_failure(cli, &err);
}

static int
run_verb(struct cli *cli)
{
    mars_agent *agent = NULL;
    mars_error err = { 0 };
    int code = CODE_DONE;

    if (mars_cancel_new(&cli->cancel, &err) != MARS_OK)
        return report_failure(cli, &err);
    os_on_interrupt(cli->cancel);
    if ((cli->verb->flags & VERB_AGENT) != 0)
        code = cli->prefix != NULL ? open_other(cli, &agent) : open_this(cli, &agent);
    if (code == CODE_DONE)
        code = cli->verb->run(cli, agent);
    progress_clear(cli);
    mars_agent_close(agent);
    os_on_interrupt(NULL);
    mars_cancel_free(cli->cancel);
    return code;
}

int
main(int argc, char **argv)
{
    struct cli cli = { 0 };
    int code = args_parse(&cli, argc, argv);

    cli.progress.draw = !cli.json && !cli.quiet && cli.verbose < 2 && os_stderr_is_terminal();
    if (code != CODE_DONE)
        ; /* told already */
    else if (cli_has(&cli, OPT_HELP))
        /* With --json standard output has JSON only. */
        help_print(cli.json ? stderr : stdout, &cli);
    else if (cli_has(&cli, OPT_VERSION))
        help_version(cli.json);
    else
        code = run_verb(&cli);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code != CODE_FAILED) {
        fputs("mars: cannot write to standard output\n", stderr);
        code = CODE_FAILED;
    }
    args_free(&cli);
    return code;
}
