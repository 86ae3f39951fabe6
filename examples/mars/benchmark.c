#include "json.h"
#include "report.h"
#include "text.h"

enum { NAME_WIDTH = 14, SPEED_WIDTH = 15 };

static const char *
work_name(uint32_t work)
{
    static const char *const names[] = {
        [0] = "other",
        [MARS_BENCHMARK_CHUNK] = "chunk",
        [MARS_BENCHMARK_HASH] = "hash",
        [MARS_BENCHMARK_PACK] = "pack",
        [MARS_BENCHMARK_UNPACK] = "unpack",
        [MARS_BENCHMARK_SEAL] = "seal",
        [MARS_BENCHMARK_OPEN] = "open",
    };

    return names[work < sizeof names / sizeof names[0] ? work : 0];
}

static void
tell_json(const mars_benchmark_figure *f)
{
    json_begin("figure");
    json_text("work", work_name(f->work));
    json_text("codec", f->codec);
    json_count("one_core_bytes_per_second", f->one_core);
    json_count("all_cores_bytes_per_second", f->all_cores);
    json_end();
}

static void
tell_text(const mars_benchmark_figure *f)
{
    char name[64], one[TEXT_MAX], all[TEXT_MAX];

    snprintf(name, sizeof name, "%s%s%s", work_name(f->work), f->codec != NULL ? " " : "",
             f->codec != NULL ? f->codec : "");
    printf("%-*s%*s/s%*s/s\n", NAME_WIDTH, name, SPEED_WIDTH - 2, text_size(one, f->one_core),
           SPEED_WIDTH - 2, text_size(all, f->all_cores));
}

/* A mars_benchmark_fn; user is the struct cli. */
static void MARS_CALL
tell(const mars_benchmark_figure *f, void *user)
{
    const struct cli *cli = user;

    if (cli->json)
        tell_json(f);
    else
        tell_text(f);
    fflush(stdout); /* each as soon as it is known */
}

int
verb_benchmark(struct cli *cli, mars_agent *agent)
{
    mars_benchmark_options o = { .struct_size = sizeof o,
                                 .figure = tell,
                                 .figure_user = cli,
                                 .cancel = cli->cancel };
    mars_benchmark_result r = { .struct_size = sizeof r };
    mars_error err = { 0 };
    char cores[TEXT_MAX], span[TEXT_MAX];

    (void)agent;
    if (!cli->json)
        printf("%-*s%*s%*s\n", NAME_WIDTH, "", SPEED_WIDTH, "one core", SPEED_WIDTH,
               "all cores");
    if (mars_benchmark(&o, &r, &err) != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("cores", r.workers);
        json_text("crypto", mars_crypto_provider());
        json_seconds("elapsed_seconds", r.elapsed_ns);
        json_end();
    } else if (report_text(cli)) {
        printf("%s, %s, in %s\n", text_count(cores, r.workers, "core", "cores"),
               mars_crypto_provider(), text_span(span, r.elapsed_ns));
    }
    return CODE_DONE;
}
