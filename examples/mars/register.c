#include <string.h>

#include "json.h"
#include "report.h"
#include "secret.h"
#include "reach.h"
#include "text.h"

static int
tell(struct cli *cli, const mars_agent *agent)
{
    mars_agent_info info = { .struct_size = sizeof info };
    mars_error err = { 0 };

    if (mars_agent_get_info(agent, &info, &err) != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_text("machine_id", info.machine_id);
        json_text("machine", info.machine_name);
        json_text("domain_id", info.domain_id);
        json_text("vault_url", info.vault_url);
        json_path("cache_dir", info.cache_dir, strlen(info.cache_dir));
        json_end();
    } else if (report_text(cli)) {
        fputs("registered ", stdout);
        text_print(stdout, info.machine_name, strlen(info.machine_name));
        printf(" (%s) with ", info.machine_id);
        text_print(stdout, info.vault_url, strlen(info.vault_url));
        puts(cli_has(cli, OPT_RENEW)
                 ? ""
                 : "\nkeep the passphrase: without it nothing can be restored elsewhere");
    }
    return CODE_DONE;
}

static int
renew(struct cli *cli, const char *dir, const struct reach *reach)
{
    mars_renew_options o = { .struct_size = sizeof o,
                             .config_dir = dir,
                             .credentials = cli->value[OPT_CREDENTIALS],
                             .store = reach->given ? &reach->options : NULL,
                             .log = report_log(cli),
                             .log_level = report_log_level(cli),
                             .cancel = cli->cancel };
    mars_agent_options open = { .struct_size = sizeof open,
                                .log = o.log,
                                .log_level = o.log_level,
                                .cancel = o.cancel };
    mars_agent *agent = NULL;
    mars_error err = { 0 };
    int code;

    if (mars_register_renew(&o, &err) != MARS_OK ||
        mars_agent_open(dir, 0, &open, &agent, &err) != MARS_OK)
        return report_failure(cli, &err);
    code = tell(cli, agent);
    mars_agent_close(agent);
    return code;
}

static int
register_new(struct cli *cli, const char *dir, const struct reach *reach)
{
    mars_register_options o = { .struct_size = sizeof o,
                                .config_dir = dir,
                                .credentials = cli->value[OPT_CREDENTIALS],
                                .cache_dir = cli->value[OPT_CACHE],
                                .name = cli->value[OPT_NAME],
                                .domain = cli->value[OPT_DOMAIN],
                                .store = reach->given ? &reach->options : NULL,
                                .log = report_log(cli),
                                .log_level = report_log_level(cli),
                                .cancel = cli->cancel };
    mars_agent *agent = NULL;
    mars_error err = { 0 };
    struct secret *pass;
    mars_status st;
    int code;

    /* Whether it opens a domain or makes one, only the vault knows: so it is taken as new. */
    code = cli_size(cli, OPT_QUOTA, &o.cache_quota);
    if (code == CODE_DONE)
        code = secret_get(cli, OPT_PASSPHRASE_FILE, "Passphrase: ", true, &pass);
    if (code != CODE_DONE)
        return code;
    o.passphrase = pass->text;
    o.passphrase_len = pass->len;
    st = mars_register(&o, &agent, &err);
    secret_free(pass);
    if (st == MARS_ERR_STATE)
        return report_failure_hint(cli, &err, "give this registration a --config DIR of its own");
    code = st == MARS_OK ? tell(cli, agent) : report_failure(cli, &err);
    mars_agent_close(agent);
    return code;
}

int
verb_register(struct cli *cli, mars_agent *unused)
{
    const char *dir = cli_config_dir(cli);
    struct reach reach;
    int code;

    (void)unused;
    if (dir == NULL)
        return CODE_USAGE;
    code = reach_get(cli, NULL, &reach);
    if (code == CODE_DONE)
        code = cli_has(cli, OPT_RENEW) ? renew(cli, dir, &reach) : register_new(cli, dir, &reach);
    reach_free(&reach);
    return code;
}
