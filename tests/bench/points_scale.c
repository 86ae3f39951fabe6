/* Many recovery points in one vault, and listing them.
 * usage: points-scale CONFIG_DIR make MACHINES ITEMS POINTS
 *        points-scale CONFIG_DIR list | list-all
 *
 * The first puts points of so many machines, of so many items each, so many an item, beside a point
 * that the agent's machine has: of that they have their roots. The agent's machine is one of them.
 * The others open the agent and list the points of its machine, or of all; each prints one JSON
 * object. The peak is VmHWM. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mars/mars.h>

#include "api/call.h"
#include "platform/clock.h"
#include "platform/random.h"

enum { DAY_S = 24 * 60 * 60, FIRST_DAY = 20000 };

static void
check(mars_status st, const mars_error *err)
{
    if (st == MARS_OK)
        return;
    fprintf(stderr, "points-scale: %s: %s\n", mars_status_name(st), err->message);
    exit(1);
}

static void
fill_random(void *out, size_t n)
{
    mars_error err;

    check(mrs_random_fill(out, n, &err), &err);
}

static struct mrs_slice
slice_of(const char *text)
{
    return (struct mrs_slice){ (const uint8_t *)text, strlen(text) };
}

struct machine {
    uint8_t id[16];
    char name[48];
    struct mrs_item_head *newest; /* of each item */
    char (*items)[48];
    size_t n;
};

static void
make_machine(const mars_agent *agent, struct machine *m, size_t number, size_t items)
{
    mars_error err;

    fill_random(m->id, sizeof m->id);
    if (number == 0)
        memcpy(m->id, agent->reg.machine_id, sizeof m->id);
    snprintf(m->name, sizeof m->name, "server-%03zu.example.com", number);
    m->n = items;
    m->newest = calloc(items, sizeof *m->newest);
    m->items = calloc(items, sizeof *m->items);
    if (m->newest == NULL || m->items == NULL)
        exit(1);
    for (size_t i = 0; i < items; i++) {
        snprintf(m->items[i], sizeof m->items[i], "database %zu", i);
        check(mrs_item_id(agent->domain, m->id, m->items[i], m->newest[i].item, &err), &err);
    }
}

/* A point of an item as a session would put it that saw the newest points of all. */
static void
put_point(const mars_agent *agent, struct machine *m, size_t item, size_t day,
          const struct mrs_point *like)
{
    static const uint8_t nothing[16];
    struct mrs_point p = *like;
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    uint8_t head[1][16], index[1][32];
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_item_head others[64];
    mars_error err;

    memcpy(p.item, m->newest[item].item, 16);
    memcpy(p.machine, m->id, 16);
    p.item_name = slice_of(m->items[item]);
    p.machine_name = slice_of(m->name);
    p.started = (struct mrs_stamp){ (int64_t)(FIRST_DAY + day) * DAY_S + (int64_t)item, 0 };
    p.finished = (struct mrs_stamp){ p.started.s + 60, 0 };
    memcpy(head[0], m->newest[item].session, 16);
    p.heads = head;
    p.n_heads = memcmp(head[0], nothing, 16) != 0;
    p.others = others;
    p.n_others = 0;
    for (size_t i = 0; i < m->n && p.n_others < sizeof others / sizeof others[0]; i++)
        if (i != item && memcmp(m->newest[i].session, nothing, 16) != 0)
            others[p.n_others++] = m->newest[i];
    fill_random(index, sizeof index);
    p.indexes = index;
    p.n_indexes = 1;
    fill_random(p.session, sizeof p.session);
    memcpy(m->newest[item].session, p.session, 16);
    mrs_name_point(relative, p.item, p.session);
    check(mrs_point_encode(&p, &payload, &err), &err);
    check(mrs_domain_put(agent->domain, MRS_KIND_POINT, p.session, relative, &payload, NULL, &err),
          &err);
    mrs_buf_free(&payload);
}

static void
make(mars_agent *agent, size_t machines, size_t items, size_t points)
{
    struct machine *all = calloc(machines, sizeof *all);
    const struct mrs_point *like;
    struct mrs_view v = { 0 };
    mars_error err;

    check(mrs_view_open(&v, agent, MRS_VIEW_POINTS, NULL, NULL, &err), &err);
    if (all == NULL || v.points.list.len != 1)
        exit(1);
    check(mrs_points_whole(agent->domain, mrs_points_at(&v.points, 0), &err), &err);
    like = &mrs_points_at(&v.points, 0)->whole->point;
    for (size_t i = 0; i < machines; i++)
        make_machine(agent, &all[i], i, items);
    for (size_t day = 0; day < points; day++)
        for (size_t i = 0; i < machines; i++)
            for (size_t item = 0; item < items; item++)
                put_point(agent, &all[i], item, day, like);
    check(mrs_store_flush(agent->store, &err), &err);
    for (size_t i = 0; i < machines; i++) {
        free(all[i].newest);
        free(all[i].items);
    }
    free(all);
    mrs_view_free(&v);
}

static int MARS_CALL
count(const mars_point_info *point, void *user)
{
    (void)point;
    ++*(uint64_t *)user;
    return 0;
}

/* Peak memory of this process, in bytes. */
static uint64_t
peak(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    uint64_t kib = 0;

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return kib * 1024;
}

static double
seconds_since(uint64_t start)
{
    return (double)(mrs_clock_mono() - start) / 1e9;
}

int
main(int argc, char **argv)
{
    uint64_t start = mrs_clock_mono(), n = 0, before;
    mars_agent *agent;
    double opened;
    mars_error err;

    if ((argc != 3 && argc != 6) || (argc == 6) != (strcmp(argv[2], "make") == 0)) {
        fprintf(stderr, "usage: points-scale CONFIG_DIR list | list-all\n"
                        "       points-scale CONFIG_DIR make MACHINES ITEMS POINTS\n");
        return 2;
    }
    check(mars_agent_open(argv[1], 0, NULL, &agent, &err), &err);
    opened = seconds_since(start);
    before = peak();
    start = mrs_clock_mono();
    if (argc == 6)
        make(agent, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
             strtoull(argv[5], NULL, 10));
    else
        check(mars_point_list(agent, NULL, strcmp(argv[2], "list-all") == 0
                                               ? MARS_POINTS_ALL_MACHINES : 0,
                              count, &n, NULL, NULL, &err), &err);
    printf("{\"points\": %" PRIu64 ", \"open_seconds\": %.6f, \"seconds\": %.6f, "
           "\"peak_before\": %" PRIu64 ", \"peak\": %" PRIu64 "}\n",
           n, opened, seconds_since(start), before, peak());
    mars_agent_close(agent);
    return 0;
}
