/* Flip every byte and try every length of every object of a small vault, one at a time, in one
 * process with the domain opened once: verify with data must report each and name the object.
 *
 * usage: tamper CONFIG_DIR VAULT_DIR [STEP]     STEP: look at every STEPth byte only
 * Prints one line an object class: flips and truncations made, of how many bytes. Exempt are only
 * leases of ended sessions, as FORMAT.md section 15 says. Exit 1 if anything went unreported. */
#define _GNU_SOURCE
#include <mars/mars.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OBJECTS_MAX = 1000, PATH_SIZE = 1024 };

struct object {
    char name[PATH_SIZE]; /* below the vault */
    unsigned char *bytes;
    size_t size;
};
static struct object objects[OBJECTS_MAX];
static size_t n_objects;

static void
die(const char *what, const char *on)
{
    fprintf(stderr, "tamper: %s: %s\n", what, on);
    exit(2);
}

static void
join(char out[2 * PATH_SIZE], const char *vault, const char *name)
{
    if (snprintf(out, 2 * PATH_SIZE, "%s/%s", vault, name) >= 2 * PATH_SIZE)
        die("too long a path", name);
}

static void
write_file(const char *vault, const char *name, const unsigned char *bytes, size_t n)
{
    char path[2 * PATH_SIZE];
    int fd;

    join(path, vault, name);
    fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd) != 0)
        die("cannot write", path);
}

static void
load(const char *vault, const char *name)
{
    char path[2 * PATH_SIZE];
    struct object *o = &objects[n_objects];
    struct stat st;
    FILE *f;

    if (n_objects == OBJECTS_MAX)
        die("too many objects", vault);
    join(path, vault, name);
    f = fopen(path, "rb");
    if (f == NULL || stat(path, &st) != 0)
        die("cannot read", path);
    memcpy(o->name, name, strlen(name) + 1);
    o->size = (size_t)st.st_size;
    o->bytes = malloc(o->size + 1);
    if (o->bytes == NULL || fread(o->bytes, 1, o->size, f) != o->size)
        die("cannot read", path);
    fclose(f);
    n_objects++;
}

static void
collect(const char *vault, const char *below)
{
    char path[2 * PATH_SIZE];
    struct dirent *e;
    DIR *d;

    join(path, vault, below);
    d = opendir(path);
    if (d == NULL)
        die("cannot list", path);
    while ((e = readdir(d)) != NULL) {
        char name[PATH_SIZE];

        if (e->d_name[0] == '.' || (*below == '\0' && strcmp(e->d_name, "tmp") == 0))
            continue;
        if (snprintf(name, sizeof name, "%s%s%s", below, *below != '\0' ? "/" : "", e->d_name) >=
            PATH_SIZE)
            die("too long a name", e->d_name);
        if (e->d_type == DT_DIR)
            collect(vault, name);
        else
            load(vault, name);
    }
    closedir(d);
}

/* What verify said about one object. */
struct report {
    const char *name; /* of the object that was changed */
    int named;
    int damaged;
};

static void
on_event(const mars_event *e, void *user)
{
    struct report *r = user;
    size_t n;

    if (e->kind != MARS_EVENT_DAMAGED || e->object == NULL)
        return;
    r->damaged++;
    /* Names of a domain are given without "domains/ID/". */
    n = strlen(e->object);
    if (strlen(r->name) >= n && strcmp(r->name + strlen(r->name) - n, e->object) == 0)
        r->named++;
}

static int
is_reported(mars_agent *agent, const char *name, int *status)
{
    struct report r = { name, 0, 0 };
    mars_verify_options o = { .struct_size = sizeof o,
                              .flags = MARS_VERIFY_READ_DATA,
                              .event = on_event,
                              .event_user = &r };
    mars_error err;

    *status = mars_verify(agent, &o, NULL, &err);
    /* A bit that says "this must be understood" makes the whole call say no, by the same name. */
    if (*status == MARS_ERR_UNSUPPORTED)
        return strstr(err.message, name) != NULL;
    return *status == MARS_ERR_CORRUPT && r.named > 0;
}

static const char *
class_of(const char *name)
{
    const char *slash = strncmp(name, "domains/", 8) == 0 ? strchr(name + 8, '/') : NULL;

    return slash != NULL ? slash + 1 : name;
}

static size_t
class_len(const char *name)
{
    const char *c = class_of(name);
    size_t n = strcspn(c, "/");

    if (strncmp(c, "keys/", 5) == 0 || strncmp(c, "packs/", 6) == 0)
        n += 1 + strcspn(c + n + 1, "/");
    return n;
}

/* A lease of a session whose point is there. */
static int
is_exempt(const struct object *o)
{
    const char *session = class_of(o->name);

    if (strncmp(session, "lease/", 6) != 0)
        return 0;
    session += 6;
    for (size_t i = 0; i < n_objects; i++) {
        const char *last = strrchr(objects[i].name, '/');

        if (strncmp(class_of(objects[i].name), "points/", 7) == 0 && last != NULL &&
            strncmp(last + 1, session, 32) == 0)
            return 1;
    }
    return 0;
}

static unsigned long failures;

static void
complain(const struct object *o, const char *what, size_t at, int status)
{
    if (failures++ < 20)
        printf("NOT REPORTED %s: %s %zu (verify said %s)\n", o->name, what, at,
               mars_status_name(status));
}

/* All flips and truncations of one object. */
static unsigned long
torture(mars_agent *agent, const char *vault, struct object *o, size_t step, size_t *at_end)
{
    unsigned long made = 0;
    int status;

    for (size_t i = 0; i < o->size; i += step) {
        unsigned char flip = (unsigned char)(1U << i % 8);

        o->bytes[i] ^= flip;
        write_file(vault, o->name, o->bytes, o->size);
        if (!is_reported(agent, o->name, &status))
            complain(o, "byte", i, status);
        o->bytes[i] ^= flip;
        write_file(vault, o->name, o->bytes, i);
        if (!is_reported(agent, o->name, &status))
            complain(o, "length", i, status);
        made += 2;
    }
    write_file(vault, o->name, o->bytes, o->size);
    *at_end += o->size;
    return made;
}

int
main(int argc, char **argv)
{
    size_t step = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    mars_agent *agent;
    mars_error err;
    int status;

    if (argc < 3 || step == 0)
        die("usage", "tamper CONFIG_DIR VAULT_DIR [STEP]");
    if (mars_agent_open(argv[1], 0, NULL, &agent, &err) != MARS_OK)
        die("opening the agent", err.message);
    collect(argv[2], "");
    (void)is_reported(agent, "", &status);
    if (status != MARS_OK)
        die("the vault is not sound to begin with", mars_status_name(status));
    for (size_t i = 0; i < n_objects; i++) {
        const char *cls = class_of(objects[i].name);
        size_t len = class_len(objects[i].name), bytes = 0, count = 0;
        unsigned long made = 0;

        if (objects[i].bytes == NULL || is_exempt(&objects[i]))
            continue;
        for (size_t k = i; k < n_objects; k++) {
            if (objects[k].bytes == NULL || is_exempt(&objects[k]) ||
                class_len(objects[k].name) != len ||
                strncmp(class_of(objects[k].name), cls, len) != 0)
                continue;
            made += torture(agent, argv[2], &objects[k], step, &bytes);
            free(objects[k].bytes);
            objects[k].bytes = NULL;
            count++;
        }
        printf("%-12.*s %3zu objects %7zu bytes: %lu flips and truncations\n", (int)len, cls,
               count, bytes, made);
        fflush(stdout);
    }
    (void)is_reported(agent, "", &status);
    if (status != MARS_OK)
        die("the vault is not sound at the end", mars_status_name(status));
    mars_agent_close(agent);
    printf("%lu not reported\n", failures);
    return failures > 0;
}
