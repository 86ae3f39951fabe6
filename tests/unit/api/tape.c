#include "tape.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "platform/file.h"

static struct tape tape;

static mars_status
ask(const char *name, mars_error *err)
{
    bool torn = tape.fails != NULL && strstr(name, tape.fails) != NULL;

    if (!torn && atomic_load(&tape.left) < 0)
        return MARS_OK;
    if (!torn && atomic_fetch_sub(&tape.left, 1) > 0)
        return MARS_OK;
    if (!torn)
        atomic_store(&tape.left, tape.once ? -1 : 0);
    atomic_fetch_add(&tape.refused, 1);
    return mrs_fail(err, tape.status, "the tape is torn");
}

/* The calls that look at what is there; those that make objects always succeed. */
static mars_status
read_range(void *user, const char *name, uint64_t offset, void *out, uint64_t len,
           mars_error *err)
{
    mars_status st = ask(name, err);

    return st == MARS_OK ? tape.inner.read(user, name, offset, out, len, err) : st;
}

static mars_status
stat_object(void *user, const char *name, mars_object *object, mars_error *err)
{
    mars_status st = ask(name, err);

    return st == MARS_OK ? tape.inner.stat(user, name, object, err) : st;
}

static mars_status
list(void *user, const char *prefix, mars_object_fn fn, void *fn_user, mars_error *err)
{
    mars_status st = ask(prefix, err);

    return st == MARS_OK ? tape.inner.list(user, prefix, fn, fn_user, err) : st;
}

void
tape_mend(struct tape *t)
{
    t->fails = NULL;
    t->once = false;
    atomic_store(&t->left, -1);
    atomic_store(&t->refused, 0);
}

int
tape_make(void **state)
{
    mars_vault_options vault = { .struct_size = sizeof vault, .store = &tape.how };
    mars_credentials_options right = { .struct_size = sizeof right, .store = &tape.how };
    struct mrs_file *f;

    memset(&tape, 0, sizeof tape);
    tape.status = MARS_ERR_NETWORK;
    tape_mend(&tape);
    tmpdir_make(tape.dir);
    (void)snprintf(tape.config, sizeof tape.config, "%s/config", tape.dir);
    (void)snprintf(tape.credentials, sizeof tape.credentials, "%s/credentials", tape.dir);
    (void)snprintf(tape.tree, sizeof tape.tree, "%s/file", tape.dir);
    assert_int_equal(mrs_file_create(&f, tape.tree, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, TAPE_PASSPHRASE, sizeof TAPE_PASSPHRASE, NULL), MARS_OK);
    mrs_file_close(f);
    assert_int_equal(mrs_store_open(&tape.memory, "memory:", 1, NULL, NULL), MARS_OK);
    tape.inner = table_over(tape.memory);
    tape.table = tape.inner;
    tape.table.read = read_range;
    tape.table.stat = stat_object;
    tape.table.list = list;
    tape.table.remove = NULL;
    tape.table.flush = NULL;
    tape.how = (mars_store_options){ .struct_size = sizeof tape.how, .custom = &tape.table };
    assert_int_equal(mars_vault_create(TAPE_URL, &vault, NULL), MARS_OK);
    assert_int_equal(mars_vault_issue_credentials(TAPE_URL, tape.credentials, &right, NULL),
                     MARS_OK);
    *state = &tape;
    return 0;
}

int
tape_remove(void **state)
{
    struct tape *t = *state;

    mrs_store_close(t->memory);
    tmpdir_remove(t->dir);
    return 0;
}

mars_agent *
tape_enrol(struct tape *t)
{
    mars_store lent = t->table;
    mars_store_options how = { .struct_size = sizeof how, .custom = &lent };
    mars_register_options r = { .struct_size = sizeof r,
                                .config_dir = t->config,
                                .credentials = t->credentials,
                                .passphrase = TAPE_PASSPHRASE,
                                .store = &how };
    mars_agent *agent = NULL;
    mars_error err;

    if (mars_register(&r, &agent, &err) != MARS_OK)
        fail_msg("%s", err.message);
    memset(&lent, 0xee, sizeof lent); /* it was copied */
    return agent;
}

mars_status
tape_back_up(struct tape *t, mars_agent *agent, mars_error *err)
{
    const char *path = t->tree;
    mars_backup_options o = { .struct_size = sizeof o, .paths = &path, .n_paths = 1 };

    return mars_backup(agent, &o, NULL, err);
}

mars_status
tape_try_recover(struct tape *t, mars_agent **agent, mars_error *err)
{
    mars_recover_options o = { .struct_size = sizeof o,
                               .credentials = t->credentials,
                               .passphrase = TAPE_PASSPHRASE,
                               .store = &t->how };

    return mars_recover_open(&o, agent, err);
}

mars_agent *
tape_recover(struct tape *t)
{
    mars_agent *agent = NULL;

    assert_int_equal(tape_try_recover(t, &agent, NULL), MARS_OK);
    return agent;
}

mars_status
tape_join(struct tape *t, int n, const char *name, char domain[33], mars_error *err)
{
    char config[TMPDIR_PATH_MAX + 32], machine[16];
    mars_register_options r = { .struct_size = sizeof r,
                                .config_dir = config,
                                .credentials = t->credentials,
                                .passphrase = TAPE_PASSPHRASE,
                                .name = machine,
                                .domain = name,
                                .store = &t->how };
    mars_agent_info info = { .struct_size = sizeof info };
    mars_agent *agent = NULL;
    mars_status st;

    domain[0] = '\0';
    (void)snprintf(config, sizeof config, "%s/config-%d", t->dir, n);
    (void)snprintf(machine, sizeof machine, "machine-%d", n);
    st = mars_register(&r, &agent, err);
    if (st == MARS_OK && mars_agent_get_info(agent, &info, NULL) == MARS_OK)
        (void)snprintf(domain, 33, "%s", info.domain_id);
    mars_agent_close(agent);
    return st;
}
