#include <inttypes.h>

#include "json.h"
#include "report.h"
#include "text.h"

static void
tell_json(const struct cli *cli, const mars_stats *s)
{
    json_begin("summary");
    json_text("verb", cli->verb->name);
    json_count("points", s->points);
    json_count("items", s->items);
    json_count("entries", s->entries);
    json_count("bytes", s->bytes);
    json_count("chunks", s->chunks);
    json_count("chunk_bytes", s->chunk_bytes);
    json_count("packs", s->packs);
    json_count("pack_bytes", s->pack_bytes);
    json_count("objects", s->objects);
    json_count("object_bytes", s->object_bytes);
    json_count("index_objects", s->index_objects);
    json_count("index_bytes", s->index_bytes);
    json_ratio("deduplication", s->bytes, s->chunk_bytes);
    json_ratio("compression", s->chunk_bytes, s->pack_bytes);
    json_end();
}

static void
print_ratio(const char *what, uint64_t part, uint64_t whole)
{
    if (whole > 0)
        printf("; %s %.1f to 1", what, (double)part / (double)whole);
    putchar('\n');
}

static void
tell_text(const mars_stats *s)
{
    char n[TEXT_MAX], items[TEXT_MAX], names[TEXT_MAX], size[TEXT_MAX];

    printf("%s of %s: %s, %s\n", text_count(n, s->points, "point", "points"),
           text_count(items, s->items, "item", "items"),
           text_count(names, s->entries, "name", "names"), text_size(size, s->bytes));
    printf("%s, %s", text_count(n, s->chunks, "chunk", "chunks"), text_size(size, s->chunk_bytes));
    print_ratio("deduplication", s->bytes, s->chunk_bytes);
    printf("%s, %s", text_count(n, s->packs, "pack", "packs"), text_size(size, s->pack_bytes));
    print_ratio("compression", s->chunk_bytes, s->pack_bytes);
    printf("%s in the vault, %s", text_count(n, s->objects, "object", "objects"),
           text_size(size, s->object_bytes));
    printf("; of them %" PRIu64 " of the index, %s\n", s->index_objects,
           text_size(size, s->index_bytes));
}

int
verb_stats(struct cli *cli, mars_agent *agent)
{
    mars_stats s = { .struct_size = sizeof s };
    mars_error err = { 0 };

    if (mars_stats_get(agent, cli->cancel, &s, report_event, cli, &err) != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json)
        tell_json(cli, &s);
    else if (report_text(cli))
        tell_text(&s);
    return report_code(cli);
}
