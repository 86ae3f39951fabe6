/* Runs opened, their tables read. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/rd.h"
#include "cache/cache_int.h"
#include "cache/run_int.h"

enum { DAY_S = 24 * 60 * 60 };

mars_status
mrs_runs_new(struct mrs_runs **out, struct mrs_cache *cache, const uint8_t key[32],
             mars_error *err)
{
    struct mrs_runs *rs = mrs_alloc(sizeof *rs);
    mars_status st;

    *out = NULL;
    if (rs == NULL)
        return mrs_nomem(err);
    rs->cache = cache;
    st = mrs_hmac_new(&rs->mac, key, 32, err);
    if (st == MARS_OK)
        st = mrs_pages_new(&rs->pages, err);
    if (st == MARS_OK)
        *out = rs;
    else
        mrs_runs_free(rs);
    return st;
}

void
mrs_runs_free(struct mrs_runs *rs)
{
    if (rs == NULL)
        return;
    mrs_pages_free(rs->pages);
    mrs_hmac_free(rs->mac);
    mrs_free(rs);
}

char *
mrs_run_path(struct mrs_runs *rs, const uint8_t id[16])
{
    char name[2 * 16 + 1];

    mrs_hex_encode(name, id, 16);
    return mrs_cache_path(rs->cache, MRS_CACHE_RUNS, name);
}

struct each {
    mrs_run_id_fn fn;
    void *user;
};

static mars_status
each_name(void *user, const char *name, bool is_dir, mars_error *err)
{
    const struct each *e = user;
    uint8_t id[16];

    if (is_dir || !mrs_hex_decode(id, sizeof id, name, strlen(name)))
        return MARS_OK;
    return e->fn(e->user, id, err);
}

mars_status
mrs_runs_each(struct mrs_runs *rs, mrs_run_id_fn fn, void *user, mars_error *err)
{
    struct each e = { fn, user };
    mars_status st;
    char *path;

    if (rs->cache == NULL)
        return MARS_OK;
    path = mrs_cache_path(rs->cache, MRS_CACHE_RUNS, NULL);
    st = path != NULL ? mrs_dir_each(path, each_name, &e, err) : mrs_nomem(err);
    mrs_free(path);
    if (st == MARS_ERR_NOT_FOUND) { /* no run was ever written */
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

struct mrs_run *
mrs_run_alloc(void)
{
    struct mrs_run *r = mrs_alloc(sizeof *r);

    if (r == NULL)
        return NULL;
    atomic_init(&r->refs, 1);
    r->memory = (struct mrs_buf)MRS_BUF_INIT(SIZE_MAX / 2);
    return r;
}

struct mrs_run *
mrs_run_hold(struct mrs_run *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void
mrs_run_release(struct mrs_run *r)
{
    if (r == NULL || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    mrs_file_close(r->file);
    mrs_free(r->path);
    mrs_buf_free(&r->memory);
    mrs_free(r->objects);
    mrs_free(r->superseded);
    mrs_free(r->firsts);
    mrs_free(r->filter);
    mrs_free(r);
}

void
mrs_run_delete(struct mrs_run *r)
{
    if (r->path != NULL)
        (void)!mrs_file_delete(r->path, NULL);
}

void
mrs_run_delete_id(struct mrs_runs *rs, const uint8_t id[16])
{
    char *path = mrs_run_path(rs, id);

    if (path != NULL)
        (void)!mrs_file_delete(path, NULL);
    mrs_free(path);
}

void
mrs_run_note_use(const struct mrs_run *r)
{
    if (r->path != NULL)
        mrs_cache_note_use(r->path);
}

bool
mrs_run_has_file(const struct mrs_run *r)
{
    struct mrs_file_info info;

    return r->path != NULL && mrs_file_stat(r->path, &info, NULL) == MARS_OK;
}

bool
mrs_run_is_old(const struct mrs_run *r)
{
    int64_t now = mrs_clock_wall().s;
    struct mrs_file_info info;

    return r->path != NULL && mrs_file_stat(r->path, &info, NULL) == MARS_OK &&
           info.mtime.s < now - DAY_S;
}

const uint8_t *
mrs_run_id(const struct mrs_run *r)
{
    return r->id;
}

uint64_t
mrs_run_chunks(const struct mrs_run *r)
{
    return r->n_entries;
}

const uint8_t (*mrs_run_objects(const struct mrs_run *r, uint32_t *n))[32]
{
    *n = r->n_objects;
    return (const uint8_t(*)[32])r->objects;
}

const struct mrs_run_superseded *
mrs_run_superseded(const struct mrs_run *r, uint32_t *n)
{
    *n = r->n_superseded;
    return r->superseded;
}

uint64_t
mrs_run_pack_pages(const struct mrs_run *r)
{
    return ((uint64_t)r->n_packs + RUN_PACKS_A_PAGE - 1) / RUN_PACKS_A_PAGE;
}

uint64_t
mrs_run_entry_pages(const struct mrs_run *r)
{
    return (r->n_entries + RUN_ENTRIES_A_PAGE - 1) / RUN_ENTRIES_A_PAGE;
}

uint64_t
mrs_run_table_bytes(const struct mrs_run *r)
{
    return (uint64_t)r->n_objects * 32 + (uint64_t)r->n_superseded * 36 +
           (mrs_run_pack_pages(r) + mrs_run_entry_pages(r)) * 8 + r->n_blocks * RUN_BLOCK;
}

mars_status
mrs_run_check(struct mrs_runs *rs, const uint8_t id[16], uint64_t number,
              const uint8_t page[MRS_PAGE_SIZE], uint8_t check[RUN_CHECK], mars_error *err)
{
    uint8_t prefix[16 + 8], mac[MRS_DIGEST_SIZE];
    mars_status st;

    memcpy(prefix, id, 16);
    for (size_t i = 0; i < 8; i++)
        prefix[16 + i] = (uint8_t)(number >> 8 * i);
    st = mrs_hmac_run(rs->mac, prefix, sizeof prefix, page, RUN_BODY, mac, err);
    memcpy(check, mac, RUN_CHECK);
    return st;
}

static mars_status
damaged(const struct mrs_run *r, mars_error *err)
{
    return mrs_fail(err, MARS_ERR_CORRUPT, "%.150s: the index run is damaged",
                    r->path != NULL ? r->path : "memory");
}

mars_status
mrs_run_read(struct mrs_run *r, uint64_t number, size_t n, uint8_t *out, mars_error *err)
{
    uint8_t check[RUN_CHECK];
    size_t got = 0;

    if (r->home == NULL) {
        memcpy(out, r->memory.data + number * MRS_PAGE_SIZE, n * MRS_PAGE_SIZE);
        return MARS_OK;
    }
    if (mrs_file_read_at(r->file, number * MRS_PAGE_SIZE, out, n * MRS_PAGE_SIZE, &got, NULL) !=
            MARS_OK ||
        got != n * MRS_PAGE_SIZE)
        return damaged(r, err);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *page = out + i * MRS_PAGE_SIZE;
        uint64_t last = number + i == r->pages - 1 ? RUN_LAST_PAGE : 0;
        mars_status st = mrs_run_check(r->home, r->id, (number + i) | last, page, check, err);

        if (st != MARS_OK)
            return st;
        if (!mrs_equal_ct(check, page + RUN_BODY, RUN_CHECK))
            return damaged(r, err);
    }
    return MARS_OK;
}

/* The counts in the footer must add up to the file, so that whatever is allocated by them is
 * bounded by bytes that are there. */
static mars_status
read_footer(struct mrs_run *r, mars_error *err)
{
    uint8_t page[MRS_PAGE_SIZE], id[16];
    struct mrs_rd f = mrs_rd_init(page, RUN_FOOTER_SIZE);
    uint64_t tables;
    mars_status st = mrs_run_read(r, r->pages - 1, 1, page, err);

    if (st != MARS_OK)
        return st;
    if (memcmp(mrs_rd_take(&f, 8), RUN_MAGIC, 8) != 0)
        return damaged(r, err);
    mrs_rd_copy(&f, id, sizeof id);
    r->n_packs = mrs_rd_le32(&f);
    r->n_objects = mrs_rd_le32(&f);
    r->n_superseded = mrs_rd_le32(&f);
    r->n_entries = mrs_rd_le64(&f);
    r->n_blocks = mrs_rd_le64(&f);
    if (r->home != NULL && memcmp(id, r->id, sizeof id) != 0)
        return damaged(r, err);
    if (r->n_entries > RUN_ENTRIES_MAX || r->n_blocks == 0 || r->n_blocks > RUN_ENTRIES_MAX)
        return damaged(r, err);
    tables = mrs_run_table_bytes(r);
    if (mrs_run_pack_pages(r) + mrs_run_entry_pages(r) + (tables + RUN_BODY - 1) / RUN_BODY + 1 !=
        r->pages)
        return damaged(r, err);
    memcpy(r->id, id, sizeof id);
    return MARS_OK;
}

/* The stream of the tables. */
struct tables {
    struct mrs_run *run;
    uint64_t page;   /* that comes next */
    size_t at;       /* in buf */
    size_t end;
    uint8_t buf[MRS_PAGE_SIZE];
};

static mars_status
take(struct tables *t, void *out, size_t n, mars_error *err)
{
    uint8_t *to = out;

    while (n > 0) {
        size_t some;

        if (t->at == t->end) {
            mars_status st = mrs_run_read(t->run, t->page++, 1, t->buf, err);

            if (st != MARS_OK)
                return st;
            t->at = 0;
            t->end = RUN_BODY;
        }
        some = n < t->end - t->at ? n : t->end - t->at;
        memcpy(to, t->buf + t->at, some);
        t->at += some;
        to += some;
        n -= some;
    }
    return MARS_OK;
}

static mars_status
read_superseded(struct mrs_run *r, struct tables *t, mars_error *err)
{
    mars_status st = MARS_OK;

    for (uint32_t i = 0; st == MARS_OK && i < r->n_superseded; i++) {
        uint8_t by[4];
        struct mrs_rd rd = mrs_rd_init(by, sizeof by);

        st = take(t, by, sizeof by, err);
        if (st == MARS_OK)
            st = take(t, r->superseded[i].name, 32, err);
        r->superseded[i].by = mrs_rd_le32(&rd);
        if (st == MARS_OK && r->superseded[i].by >= r->n_objects)
            st = damaged(r, err);
    }
    return st;
}

static mars_status
read_tables(struct mrs_run *r, mars_error *err)
{
    size_t n_firsts = (size_t)(mrs_run_pack_pages(r) + mrs_run_entry_pages(r));
    struct tables t = { .run = r, .page = n_firsts };
    mars_status st;

    r->objects = mrs_alloc_array(r->n_objects, 32);
    r->superseded = mrs_alloc_array(r->n_superseded, sizeof *r->superseded);
    r->firsts = mrs_alloc_array(n_firsts, sizeof *r->firsts);
    r->filter = mrs_alloc_array((size_t)r->n_blocks, RUN_BLOCK);
    if (r->objects == NULL || r->superseded == NULL || r->firsts == NULL || r->filter == NULL)
        return mrs_nomem(err);
    st = take(&t, r->objects, (size_t)r->n_objects * 32, err);
    if (st == MARS_OK)
        st = read_superseded(r, &t, err);
    for (size_t i = 0; st == MARS_OK && i < n_firsts; i++) {
        uint8_t first[8];
        struct mrs_rd rd = mrs_rd_init(first, sizeof first);

        st = take(&t, first, sizeof first, err);
        r->firsts[i] = mrs_rd_le64(&rd);
    }
    if (st == MARS_OK)
        st = take(&t, r->filter, (size_t)r->n_blocks * RUN_BLOCK, err);
    return st;
}

static mars_status
open_rest(struct mrs_run *r, uint64_t size, mars_error *err)
{
    mars_status st;

    /* One that does not fit into the address space has tables that do not, or nearly. */
    if (size == 0 || size % MRS_PAGE_SIZE != 0 || (size_t)size != size)
        return damaged(r, err);
    r->pages = size / MRS_PAGE_SIZE;
    st = read_footer(r, err);
    return st == MARS_OK ? read_tables(r, err) : st;
}

mars_status
mrs_run_open_path(struct mrs_run **out, struct mrs_runs *rs, const uint8_t id[16],
                  const char *path, mars_error *err)
{
    struct mrs_run *r = mrs_run_alloc();
    uint64_t size = 0;
    mars_status st = r != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK) {
        r->home = rs;
        r->owner = atomic_fetch_add(&rs->owners, 1) + 1;
        memcpy(r->id, id, sizeof r->id);
        r->path = mrs_run_path(rs, id);
        st = r->path != NULL ? mrs_file_open(&r->file, path, err) : mrs_nomem(err);
    }
    if (st == MARS_OK)
        st = mrs_file_size(r->file, &size, err);
    if (st == MARS_OK)
        st = open_rest(r, size, err);
    if (st == MARS_OK)
        *out = r;
    else
        mrs_run_release(r);
    return st;
}

mars_status
mrs_run_open(struct mrs_run **out, struct mrs_runs *rs, const uint8_t id[16], mars_error *err)
{
    char *path = mrs_run_path(rs, id);
    mars_status st = path != NULL ? mrs_run_open_path(out, rs, id, path, err) : mrs_nomem(err);

    mrs_free(path);
    return st;
}

mars_status
mrs_run_open_memory(struct mrs_run **out, struct mrs_buf *bytes, mars_error *err)
{
    struct mrs_run *r = mrs_run_alloc();
    mars_status st;

    *out = NULL;
    if (r == NULL) {
        mrs_buf_free(bytes);
        return mrs_nomem(err);
    }
    r->memory = *bytes;
    *bytes = (struct mrs_buf)MRS_BUF_INIT(bytes->max);
    st = open_rest(r, r->memory.len, err);
    if (st == MARS_OK)
        *out = r;
    else
        mrs_run_release(r);
    return st;
}
