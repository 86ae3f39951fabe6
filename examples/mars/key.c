#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "report.h"
#include "secret.h"
#include "text.h"

static const char *
kind_name(uint32_t kind)
{
    static const char *const names[] = { "other", "passphrase", "raw_key", "wrapper" };

    return names[kind < sizeof names / sizeof names[0] ? kind : 0];
}

static void MARS_CALL
show_key(const mars_key_info *k, void *user)
{
    const struct cli *cli = user;
    char time[TEXT_MAX];

    if (cli->json) {
        json_begin("key");
        json_text("id", k->id);
        json_text("kind", kind_name(k->kind));
        json_text("label", k->label);
        json_number("created", k->created);
        json_count("passes", k->passes);
        json_count("memory_kib", k->memory_kib);
        json_count("lanes", k->lanes);
        json_end();
        return;
    }
    printf("%-16s  %-10s  %-19s  %3" PRIu32 " x %4" PRIu32 " MiB  ", k->id, kind_name(k->kind),
           text_time(time, k->created), k->passes, k->memory_kib / 1024);
    if (k->label != NULL)
        text_print(stdout, k->label, strlen(k->label));
    putchar('\n');
}

static void
tell(struct cli *cli, const char *done, const char *id)
{
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_text("id", id);
        json_end();
    } else if (report_text(cli)) {
        printf("%s%s%s\n", done, id != NULL ? " " : "", id != NULL ? id : "");
    }
}

int
verb_key_list(struct cli *cli, mars_agent *agent)
{
    mars_error err = { 0 };

    if (!cli->json && !cli->quiet)
        printf("%-16s  %-10s  %-19s  %-14s  %s\n", "SLOT", "KIND", "CREATED", "ARGON2ID", "LABEL");
    return mars_key_list(agent, show_key, cli, &err) == MARS_OK ? CODE_DONE
                                                                : report_failure(cli, &err);
}

static mars_key
key_of(const struct secret *s)
{
    return (mars_key){ .struct_size = sizeof(mars_key), .passphrase = s->text,
                       .passphrase_len = s->len };
}

/* The present passphrase and the new one. */
static int
both(struct cli *cli, struct secret **now, struct secret **fresh)
{
    const char *a = cli->value[OPT_PASSPHRASE_FILE], *b = cli->value[OPT_NEW_PASSPHRASE_FILE];
    int code;

    *fresh = NULL;
    *now = NULL;
    if (a != NULL && b != NULL && strcmp(a, "-") == 0 && strcmp(b, "-") == 0)
        return report_usage(cli, "standard input holds one passphrase only");
    code = secret_get(cli, OPT_PASSPHRASE_FILE, "Present passphrase: ", false, now);
    if (code == CODE_DONE)
        code = secret_get(cli, OPT_NEW_PASSPHRASE_FILE, "New passphrase: ", true, fresh);
    return code;
}

int
verb_key_add(struct cli *cli, mars_agent *agent)
{
    struct secret *now, *fresh;
    mars_error err = { 0 };
    char id[17] = "";
    int code = both(cli, &now, &fresh);

    if (code == CODE_DONE) {
        mars_key present = key_of(now), added = key_of(fresh);

        if (mars_key_add(agent, &present, &added, cli->value[OPT_LABEL], id, &err) != MARS_OK)
            code = report_failure(cli, &err);
    }
    secret_free(now);
    secret_free(fresh);
    if (code == CODE_DONE)
        tell(cli, "added slot", id);
    return code;
}

int
verb_key_change(struct cli *cli, mars_agent *agent)
{
    struct secret *now, *fresh;
    mars_error err = { 0 };
    int code = both(cli, &now, &fresh);

    if (code == CODE_DONE) {
        mars_key present = key_of(now), changed = key_of(fresh);

        if (mars_key_change(agent, &present, &changed, &err) != MARS_OK)
            code = report_failure(cli, &err);
    }
    secret_free(now);
    secret_free(fresh);
    if (code == CODE_DONE)
        tell(cli, "changed the passphrase", NULL);
    return code;
}

int
verb_key_remove(struct cli *cli, mars_agent *agent)
{
    struct secret *now;
    mars_error err = { 0 };
    int code = secret_get(cli, OPT_PASSPHRASE_FILE, "Passphrase: ", false, &now);

    if (code == CODE_DONE) {
        mars_key present = key_of(now);

        if (mars_key_remove(agent, &present, cli->args.at[0], &err) != MARS_OK)
            code = report_failure(cli, &err);
    }
    secret_free(now);
    if (code == CODE_DONE)
        tell(cli, "removed slot", cli->args.at[0]);
    return code;
}
