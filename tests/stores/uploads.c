/* Put N objects of SIZE MiB each at once, and say how much memory that took.
 * usage: uploads URL ENDPOINT DIR N SIZE; the right to use the store is in the environment */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/file.h"
#include "platform/thread.h"
#include "store/store.h"

enum { PIECE = 1 << 20, MOST = 256 };

struct job {
    struct mrs_store *store;
    int number;
    int pieces;
    mars_status st;
    mars_error err;
};

static mars_status
open_staged(void *dir, struct mrs_file **out, mars_error *err)
{
    return mrs_file_create_unnamed(out, dir, err);
}

static void
put(void *arg)
{
    static const uint8_t owner[16] = { 1 };
    struct job *j = arg;
    struct mrs_upload *u = NULL;
    char name[64];
    char *piece = malloc(PIECE);

    if (piece == NULL)
        abort();
    memset(piece, j->number, PIECE);
    j->st = mrs_store_begin(j->store, owner, &u, &j->err);
    for (int i = 0; j->st == MARS_OK && i < j->pieces; i++)
        j->st = mrs_upload_append(u, piece, PIECE, &j->err);
    free(piece);
    (void)snprintf(name, sizeof name, "uploads/%d", j->number);
    if (j->st == MARS_OK)
        j->st = mrs_upload_commit(u, name, &j->err);
    else
        mrs_upload_abandon(u);
}

static void
check(mars_status st, const mars_error *err)
{
    if (st == MARS_OK)
        return;
    fprintf(stderr, "uploads: %s\n", err->message);
    exit(1);
}

/* In KiB, of this program alone: getrusage tells that of its parent, if that had more. */
static long
peak(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return kib;
}

int
main(int argc, char **argv)
{
    struct mrs_access access = { .stall_ms = 0 };
    struct mrs_thread *threads[MOST];
    struct job jobs[MOST];
    struct mrs_store *store;
    struct mrs_stage stage;
    mars_error err;
    int n = argc == 6 ? atoi(argv[4]) : 0;

    if (n < 1 || n > MOST)
        return 2;
    check(mrs_access_set(&access, MRS_ACCESS_ENDPOINT, argv[2], &err), &err);
    check(mrs_access_set(&access, MRS_ACCESS_ACCOUNT_KEY, getenv("AZURE_STORAGE_KEY"), &err), &err);
    check(mrs_access_set(&access, MRS_ACCESS_KEY_ID, getenv("AWS_ACCESS_KEY_ID"), &err), &err);
    check(mrs_access_set(&access, MRS_ACCESS_SECRET_KEY, getenv("AWS_SECRET_ACCESS_KEY"), &err),
          &err);
    check(mrs_store_open(&store, argv[1], 0, &access, &err), &err);
    stage = (struct mrs_stage){ open_staged, argv[3] };
    mrs_store_set_stage(store, &stage);
    for (int i = 0; i < n; i++) {
        jobs[i] = (struct job){ .store = store, .number = i, .pieces = atoi(argv[5]) };
        check(mrs_thread_start(&threads[i], put, &jobs[i], &err), &err);
    }
    for (int i = 0; i < n; i++)
        mrs_thread_join(threads[i]);
    for (int i = 0; i < n; i++)
        check(jobs[i].st, &jobs[i].err);
    mrs_store_close(store);
    mrs_access_free(&access);
    printf("%ld\n", peak());
    return 0;
}
