/* Put, read, list and look at objects, the first, second, third ... allocation failing, until it
 * gets through: each time it ends with out of memory, and nothing is leaked.
 * usage: oom URL ENDPOINT; the right to use the store is in the environment */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "store/store.h"

enum { ROUNDS_MAX = 2000 };

static mars_status
note(void *user, const struct mrs_object_info *info, mars_error *err)
{
    (void)info;
    (void)err;
    ++*(int *)user;
    return MARS_OK;
}

/* What is put by a round that fails later is there in the next. */
static mars_status
use(struct mrs_store *s, size_t round, mars_error *err)
{
    static const uint8_t owner[16] = { 1 };
    struct mrs_buf whole = MRS_BUF_INIT(100);
    struct mrs_object_info info;
    char name[64], part[4];
    int n = 0;
    mars_status st;

    (void)snprintf(name, sizeof name, "oom/%zu", round);
    st = mrs_store_put(s, owner, name, "some bytes", 10, err);
    if (st == MARS_OK)
        st = mrs_store_read(s, name, 5, part, 4, err);
    if (st == MARS_OK && memcmp(part, "byte", 4) != 0)
        st = MARS_ERR_CORRUPT;
    if (st == MARS_OK)
        st = mrs_store_get(s, name, &whole, err);
    if (st == MARS_OK && (whole.len != 10 || memcmp(whole.data, "some bytes", 10) != 0))
        st = MARS_ERR_CORRUPT;
    if (st == MARS_OK)
        st = mrs_store_stat(s, name, &info, err);
    if (st == MARS_OK && info.size != 10)
        st = MARS_ERR_CORRUPT;
    if (st == MARS_OK)
        st = mrs_store_list(s, "oom/", MRS_LIST_INFO, note, &n, err);
    if (st == MARS_OK && n < 1)
        st = MARS_ERR_CORRUPT;
    mrs_buf_free(&whole);
    return st;
}

static mars_status
run(const char *url, const char *endpoint, size_t round, mars_error *err)
{
    struct mrs_access access = { .stall_ms = 0 };
    struct mrs_store *s = NULL;
    mars_status st = mrs_access_set(&access, MRS_ACCESS_ENDPOINT, endpoint, err);

    if (st == MARS_OK)
        st = mrs_access_set(&access, MRS_ACCESS_ACCOUNT_KEY, getenv("AZURE_STORAGE_KEY"), err);
    if (st == MARS_OK)
        st = mrs_access_set(&access, MRS_ACCESS_KEY_ID, getenv("AWS_ACCESS_KEY_ID"), err);
    if (st == MARS_OK)
        st = mrs_access_set(&access, MRS_ACCESS_SECRET_KEY, getenv("AWS_SECRET_ACCESS_KEY"), err);
    if (st == MARS_OK)
        st = mrs_store_open(&s, url, 0, &access, err);
    if (st == MARS_OK)
        st = use(s, round, err);
    mrs_store_close(s);
    mrs_access_free(&access);
    return st;
}

int
main(int argc, char **argv)
{
    mars_status st = MARS_ERR_NOMEM;
    mars_error err = { 0 };
    size_t n;

    if (argc != 3)
        return 2;
    for (n = 0; st == MARS_ERR_NOMEM && n < ROUNDS_MAX; n++) {
        failing_alloc_arm(n);
        st = run(argv[1], argv[2], n, &err);
        failing_alloc_arm(SIZE_MAX);
        if (failing_alloc_live() != 0) {
            fprintf(stderr, "allocation %zu: %zu blocks leaked\n", n, failing_alloc_live());
            return 1;
        }
    }
    if (st != MARS_OK)
        fprintf(stderr, "allocation %zu: %d %s\n", n - 1, (int)st, err.message);
    printf("%zu\n", n);
    return st == MARS_OK ? 0 : 1;
}
