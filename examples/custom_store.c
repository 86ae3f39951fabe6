/* A vault in a store of one's own, in memory. usage: custom_store CONFIG_DIR DIRECTORY TARGET */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mars/mars.h>
#pragma GCC diagnostic ignored "-Wunused-parameter" /* a function need not use all it is given */

struct object {
    struct object *next;
    char name[513]; /* once it is committed; it stays as it is from then on */
    unsigned char *bytes;
    size_t len;
};
typedef _Atomic(struct object *) store; /* the newest first; the library has several threads */

static struct object *find(struct object *o, const char *name)
{
    while (o != NULL && strcmp(o->name, name) != 0)
        o = o->next;
    return o;
}

static mars_status begin(void *me, void **upload, mars_error *err)
{
    return (*upload = calloc(1, sizeof(struct object))) != NULL ? MARS_OK : MARS_ERR_NOMEM;
}

static mars_status append(void *me, void *upload, const void *data, uint64_t n, mars_error *e)
{
    struct object *o = upload;
    unsigned char *more = realloc(o->bytes, o->len + n);

    if (more == NULL)
        return MARS_ERR_NOMEM;
    o->bytes = more;
    memcpy(more + o->len, data, n);
    o->len += n;
    return MARS_OK;
}

static void drop(void *me, void *upload)
{
    free(((struct object *)upload)->bytes);
    free(upload);
}

static mars_status commit(void *me, void *upload, const char *name, mars_error *err)
{
    struct object *o = upload;

    snprintf(o->name, sizeof o->name, "%s", name);
    o->next = atomic_load((store *)me);
    while (find(o->next, name) == NULL) /* looked for again if another was added meanwhile */
        if (atomic_compare_exchange_weak((store *)me, &o->next, o))
            return MARS_OK;
    drop(me, o);
    return MARS_ERR_EXISTS;
}

static mars_status get(void *me, const char *name, uint64_t at, void *to, uint64_t n, mars_error *e)
{
    const struct object *o = find(atomic_load((store *)me), name);

    if (o == NULL || at > o->len || n > o->len - at)
        return o == NULL ? MARS_ERR_NOT_FOUND : MARS_ERR_CORRUPT;
    memcpy(to, o->bytes + at, n);
    return MARS_OK;
}

static mars_status look(void *me, const char *name, mars_object *object, mars_error *err)
{
    const struct object *o = find(atomic_load((store *)me), name);

    object->size = o != NULL ? o->len : 0;
    return o != NULL ? MARS_OK : MARS_ERR_NOT_FOUND;
}

static mars_status list(void *me, const char *under, mars_object_fn fn, void *to, mars_error *e)
{
    mars_status st = MARS_OK;

    for (struct object *o = atomic_load((store *)me); o != NULL && st == MARS_OK; o = o->next)
        if (strncmp(o->name, under, strlen(under)) == 0)
            st = fn(&(mars_object){ .struct_size = sizeof(mars_object), .name = o->name,
                                    .size = o->len }, to);
    return st;
}

int main(int argc, char **argv)
{
    static store objects; /* as long as the process lives */

    if (argc != 4)
        return 2;
    mars_store table = { sizeof table, 0, &objects, begin, append, commit, drop, get, look, list };
    mars_store_options how = { .struct_size = sizeof how, .custom = &table };
    mars_vault_options vault = { .struct_size = sizeof vault, .store = &how };
    mars_credentials_options right = { .struct_size = sizeof right, .store = &how };
    mars_register_options reg = { .struct_size = sizeof reg, .config_dir = argv[1], .store = &how,
                                  .credentials = "custom.cred",
                                  .passphrase = "ask your user for this one" };
    mars_backup_options from = { .struct_size = sizeof from, .n_paths = 1,
                                 .paths = (const char *const[]){ argv[2] } };
    mars_restore_options to = { .struct_size = sizeof to, .point = "latest", .target = argv[3] };
    mars_restore_result done = { .struct_size = sizeof done };
    mars_agent *agent = NULL;
    mars_error err;

    if (mars_vault_create("custom:memory", &vault, &err) == MARS_OK &&
        mars_vault_issue_credentials("custom:memory", "custom.cred", &right, &err) == MARS_OK &&
        mars_register(&reg, &agent, &err) == MARS_OK &&
        mars_backup(agent, &from, NULL, &err) == MARS_OK &&
        mars_restore(agent, &to, &done, &err) == MARS_OK)
        printf("%llu files restored\n", (unsigned long long)done.files_restored);
    mars_agent_close(agent);
    return err.status == MARS_OK ? 0 : (fprintf(stderr, "%s\n", err.message), 1);
}
