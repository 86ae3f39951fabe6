/* The chunk index at scale: what it costs to read an index of N chunks for the first time, to open
 * it again from the cache, and to look chunks up.
 *
 *     build/bench/tests/bench/index-scale DIR [CHUNKS] [ABSENT] [PRESENT]
 *
 * by default 100000000, 10000000 and 1000000.
 *
 * DIR is made, must lie on a disk, not in memory, and needs about 160 bytes a chunk (16 GB for 100
 * million: the vault's index objects, the cache's runs, and what merging them takes on the way). It
 * stays; a second run takes the vault that is there. Delete it when done.
 *
 * Chunks have ids from a generator; 32 of them make a pack, 2,048 packs an index object. Each part
 * is a process of its own, so that its peak memory is its own: "make" puts the index objects into a
 * vault, "build" reads them without a cache, as after the loss of one, "look" opens the warm cache
 * and looks up absent and present chunks, on one core. Nothing is dropped from memory before the
 * peak is read, which is VmHWM. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "listed.h"
#include "platform/clock.h"
#include "repo/index.h"

enum { PACK_CHUNKS = 32, OBJECT_PACKS = 2048, OBJECT_CHUNKS = PACK_CHUNKS * OBJECT_PACKS };
enum { SEALED = 900000, RAW = 1000000 };

static const uint8_t WRITER[16] = { 0x5e };

static void
check(mars_status st, const mars_error *err)
{
    if (st == MARS_OK)
        return;
    fprintf(stderr, "index-scale: %s: %s\n", mars_status_name(st), err->message);
    exit(1);
}

static uint64_t
scramble(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

/* The id of the nth of something; `what` sets kinds of things apart. */
static void
id_of(uint64_t what, uint64_t n, uint8_t id[32])
{
    uint64_t words[4];

    for (uint64_t i = 0; i < 4; i++)
        words[i] = scramble(scramble(what * 4 + i) ^ n);
    memcpy(id, words, 32);
}

enum { CHUNK = 1, PACK = 2, ABSENT = 3, CHOICE = 4 };

static double
seconds_since(uint64_t start)
{
    return (double)(mrs_clock_mono() - start) / 1e9;
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

struct place {
    char vault[512], cache[512];
    struct mrs_store *store;
    struct mrs_keyring *keys;
    struct mrs_cache *kept;
    struct mrs_domain *d;
};

static void
open_place(struct place *p, const char *dir)
{
    char url[600];
    uint8_t cache_key[MRS_CACHE_KEY_SIZE];
    mars_error err;

    snprintf(p->vault, sizeof p->vault, "%s/vault", dir);
    snprintf(p->cache, sizeof p->cache, "%s/cache", dir);
    snprintf(url, sizeof url, "file://%s", p->vault);
    check(mrs_keyring_new(&p->keys, &err), &err);
    p->keys->root_number = 1;
    memset(p->keys->domain, 0x0d, sizeof p->keys->domain);
    for (p->keys->n = 0; p->keys->n < 6; p->keys->n++) {
        struct mrs_ring_key *key = &p->keys->keys[p->keys->n];

        key->type = p->keys->n + 1;
        key->epoch = 1;
        memset(key->id, (int)key->type, sizeof key->id);
        memset(key->key, (int)key->type, sizeof key->key);
    }
    check(mrs_store_open(&p->store, url, access(p->vault, F_OK) != 0, NULL, &err), &err);
    check(mrs_keyring_cache_key(p->keys, cache_key, &err), &err);
    check(mrs_cache_open(&p->kept, p->cache, p->keys->domain, cache_key, &err), &err);
    check(mrs_domain_open(&p->d, p->store, p->keys, p->kept, &err), &err);
}

static void
close_place(struct place *p)
{
    mrs_domain_close(p->d);
    mrs_cache_close(p->kept);
    mrs_store_close(p->store);
    mrs_keyring_free(p->keys);
}

/* The index object of chunks from `first` on. */
static void
make_object(struct place *p, uint64_t first, uint64_t chunks)
{
    static struct mrs_blob blobs[OBJECT_CHUNKS];
    static struct mrs_index_pack packs[OBJECT_PACKS];
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    uint64_t n = chunks - first < OBJECT_CHUNKS ? chunks - first : OBJECT_CHUNKS, size;
    size_t n_packs = 0;
    uint8_t name[32];
    mars_error err;

    for (uint64_t i = 0; i < n; i++) {
        struct mrs_blob *b = &blobs[i];

        *b = (struct mrs_blob){ .slot = (uint32_t)(i % PACK_CHUNKS), .sealed_len = SEALED,
                                .raw_len = RAW, .cls = MRS_CLASS_DATA, .codec = 1 };
        id_of(CHUNK, first + i, b->id);
        if (i % PACK_CHUNKS == 0) {
            packs[n_packs] = (struct mrs_index_pack){ .kind = MRS_KIND_PACK_DATA,
                                                      .size = 32 << 20, .blobs = b };
            id_of(PACK, (first + i) / PACK_CHUNKS, packs[n_packs++].name);
        }
        packs[n_packs - 1].count++;
    }
    check(mrs_index_encode(NULL, 0, packs, n_packs, &payload, &err), &err);
    check(mrs_domain_put_index(p->d, WRITER, &payload, name, &size, &err), &err);
    mrs_buf_free(&payload);
}

static void
make(struct place *p, uint64_t chunks)
{
    uint64_t start = mrs_clock_mono();
    mars_error err;

    for (uint64_t first = 0; first < chunks; first += OBJECT_CHUNKS)
        make_object(p, first, chunks);
    check(mrs_store_flush(p->store, &err), &err);
    printf("make   %8.1f s\n", seconds_since(start));
}

static void
say(const char *what, double seconds, uint64_t chunks)
{
    printf("%-6s %8.1f s   peak %6.1f MB, %.2f bytes a chunk\n", what, seconds,
           (double)peak() / 1e6, (double)peak() / (double)chunks);
    fflush(stdout);
}

static void
build(struct place *p, uint64_t chunks)
{
    uint64_t start = mrs_clock_mono();
    mars_error err;

    check(listed_index_refresh(p->d, false, NULL, NULL, &err), &err);
    say("build", seconds_since(start), chunks);
}

/* Look up n chunks; give how many were there. */
static uint64_t
look_up(struct place *p, uint64_t n, uint64_t chunks, bool present)
{
    uint64_t found = 0, at = 0;
    uint8_t id[32], pack[32];
    struct mrs_place place;
    mars_error err;

    for (uint64_t i = 0; i < n; i++) {
        mars_status st;

        if (present)
            at = scramble(scramble(CHOICE) + i) % chunks;
        id_of(present ? CHUNK : ABSENT, present ? at : i, id);
        st = mrs_index_find(p->d->index, id, 0, &place, &err);
        if (st == MARS_ERR_NOT_FOUND)
            continue;
        check(st, &err);
        found++;
        id_of(PACK, at / PACK_CHUNKS, pack);
        if (!present || memcmp(place.pack, pack, 32) != 0 ||
            place.blob.slot != at % PACK_CHUNKS || place.blob.raw_len != RAW) {
            fprintf(stderr, "index-scale: chunk %" PRIu64 " has a wrong place\n", at);
            exit(1);
        }
    }
    return found;
}

static void
look(struct place *p, uint64_t chunks, uint64_t absent, uint64_t present)
{
    uint64_t start = mrs_clock_mono();
    double seconds;
    mars_error err;

    check(listed_index_refresh(p->d, false, NULL, NULL, &err), &err);
    say("open", seconds_since(start), chunks);
    start = mrs_clock_mono();
    if (look_up(p, absent, chunks, false) != 0)
        exit(1);
    seconds = seconds_since(start);
    printf("absent  %9.0f lookups/s\n", (double)absent / seconds);
    start = mrs_clock_mono();
    if (look_up(p, present, chunks, true) != present)
        exit(1);
    printf("present %9.0f lookups/s\n", (double)present / seconds_since(start));
    say("look", seconds_since(start) + seconds, chunks);
}

/* In a process of its own. */
static void
run(const char *part, const char *dir, uint64_t chunks, uint64_t absent, uint64_t present)
{
    struct place p;
    int status;
    pid_t child = fork();

    if (child < 0)
        exit(1);
    if (child > 0) {
        if (waitpid(child, &status, 0) != child || status != 0)
            exit(1);
        return;
    }
    open_place(&p, dir);
    if (strcmp(part, "make") == 0)
        make(&p, chunks);
    else if (strcmp(part, "build") == 0)
        build(&p, chunks);
    else
        look(&p, chunks, absent, present);
    close_place(&p);
    exit(0);
}

static uint64_t
number(int argc, char **argv, int i, uint64_t or_else)
{
    return argc > i ? strtoull(argv[i], NULL, 10) : or_else;
}

int
main(int argc, char **argv)
{
    uint64_t chunks = number(argc, argv, 2, 100000000);
    uint64_t absent = number(argc, argv, 3, 10000000), present = number(argc, argv, 4, 1000000);
    char vault[512];

    if (argc < 2 || strlen(argv[1]) > 400 || chunks == 0) {
        fprintf(stderr, "usage: index-scale DIR [CHUNKS] [ABSENT] [PRESENT]\n");
        return 2;
    }
    (void)mkdir(argv[1], 0700);
    snprintf(vault, sizeof vault, "%s/vault", argv[1]);
    printf("%" PRIu64 " chunks\n", chunks);
    fflush(stdout);
    if (access(vault, F_OK) != 0)
        run("make", argv[1], chunks, absent, present);
    run("build", argv[1], chunks, absent, present);
    run("look", argv[1], chunks, absent, present);
    return 0;
}
