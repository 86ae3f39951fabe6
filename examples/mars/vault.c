#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "report.h"
#include "reach.h"
#include "text.h"

int
verb_vault_create(struct cli *cli, mars_agent *agent)
{
    mars_vault_options o = { .struct_size = sizeof o,
                             .soft_delete_days = cli_number(cli, OPT_SOFT_DELETE_DAYS),
                             .redundancy = cli->value[OPT_REDUNDANCY] };
    mars_vault_info info = { .struct_size = sizeof info };
    const char *url = cli->args.at[0];
    mars_error err = { 0 };
    struct reach reach;
    mars_status st = MARS_ERR_INVALID_ARG;
    int code = reach_get(cli, url, &reach);

    (void)agent;
    o.store = &reach.options;
    if (code == CODE_DONE)
        st = mars_vault_create(url, &o, &err);
    if (st == MARS_OK)
        st = mars_vault_show(url, &reach.options, &info, NULL, NULL, &err);
    reach_free(&reach);
    if (code != CODE_DONE)
        return code;
    if (st != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_text("url", url);
        json_text("id", info.id);
        json_end();
    } else if (report_text(cli)) {
        printf("made vault %s at ", info.id);
        text_print(stdout, url, strlen(url));
        putchar('\n');
    }
    return CODE_DONE;
}

static void MARS_CALL
show_machine(const mars_machine_info *m, void *user)
{
    const struct cli *cli = user;
    char time[TEXT_MAX];

    if (cli->json) {
        json_begin("machine");
        json_text("id", m->id);
        json_text("name", m->name);
        json_text("domain", m->domain);
        json_text("os", m->os);
        json_number("created", m->created);
        json_end();
        return;
    }
    printf("%s  %s  %s  ", m->id, m->domain, text_time(time, m->created));
    text_print(stdout, m->name, strlen(m->name));
    fputs("  ", stdout);
    text_print(stdout, m->os, strlen(m->os));
    putchar('\n');
}

static void
show_vault(const struct cli *cli, const char *url, const mars_vault_info *info)
{
    char time[TEXT_MAX];

    if (cli->json) {
        json_begin("vault");
        json_text("url", url);
        json_text("id", info->id);
        json_text("redundancy", info->redundancy);
        json_count("soft_delete_days", info->soft_delete_days);
        json_number("created", info->created);
        json_count("machines", info->machines);
        json_bool("put_if_absent", info->put_if_absent != 0);
        json_end();
        return;
    }
    printf("vault        %s\nredundancy   %s\nsoft delete  %" PRIu32 " days\ncreated      %s\n"
           "machines     %" PRIu32 "\n",
           info->id, info->redundancy, info->soft_delete_days, text_time(time, info->created),
           info->machines);
    if (info->put_if_absent == 0)
        puts("             the store does not refuse to overwrite");
    if (info->machines > 0)
        printf("\n%-32s  %-32s  %-19s  %s\n", "MACHINE", "DOMAIN", "REGISTERED", "NAME, SYSTEM");
}

int
verb_vault_show(struct cli *cli, mars_agent *agent)
{
    mars_vault_info info = { .struct_size = sizeof info };
    const char *url = cli->args.at[0];
    mars_error err = { 0 };
    struct reach reach;
    mars_status st = MARS_ERR_INVALID_ARG;
    int code = reach_get(cli, url, &reach);

    (void)agent;
    if (code == CODE_DONE)
        st = mars_vault_show(url, &reach.options, &info, NULL, NULL, &err);
    if (st == MARS_OK) {
        show_vault(cli, url, &info);
        st = mars_vault_show(url, &reach.options, &info, show_machine, cli, &err);
    }
    reach_free(&reach);
    return code == CODE_DONE && st != MARS_OK ? report_failure(cli, &err) : code;
}

int
verb_vault_credentials(struct cli *cli, mars_agent *agent)
{
    mars_credentials_options o = { .struct_size = sizeof o,
                                   .valid_days = cli_number(cli, OPT_VALID_DAYS),
                                   .access_days = cli_number(cli, OPT_ACCESS_DAYS) };
    const char *out = cli->value[OPT_OUT];
    mars_error err = { 0 };
    struct reach reach;
    bool keys;
    mars_status st = MARS_ERR_INVALID_ARG;
    int code = reach_get(cli, cli->args.at[0], &reach);

    (void)agent;
    o.store = &reach.options;
    keys = reach.options.key_id != NULL || reach.options.client_secret != NULL;
    if (code == CODE_DONE)
        st = mars_vault_issue_credentials(cli->args.at[0], out, &o, &err);
    reach_free(&reach);
    if (code != CODE_DONE)
        return code;
    if (st != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_path("path", out, strlen(out));
        json_bool("carries_keys", keys);
        json_end();
    } else if (report_text(cli)) {
        fputs("wrote ", stdout);
        text_print(stdout, out, strlen(out));
        puts(keys ? "\nit carries the keys of the store as they are: keep it as you keep these"
                  : "");
    }
    return CODE_DONE;
}
