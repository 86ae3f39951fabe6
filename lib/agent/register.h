/* Registering this machine with a vault, and opening another machine's points. */
#ifndef MRS_AGENT_REGISTER_H
#define MRS_AGENT_REGISTER_H

#include <stdatomic.h>

#include "agent/state.h"
#include "repo/log.h"
#include "repo/slots.h"

struct mrs_store;

struct mrs_register_spec {
    const char *credentials; /* path of the file */
    struct mrs_opener key;
    const char *config_dir;  /* absolute */
    const char *cache_dir;   /* absolute; NULL: that of before, or "cache" in config_dir */
    uint64_t cache_quota;    /* bytes; 0: that of before, or none */
    const char *name;        /* NULL: that of before, or the host's */
    const char *domain;      /* name; NULL: the machine's own */
    const struct mrs_access *store; /* this machine's way to the vault; NULL: that of before */
    const struct mrs_logger *logger;
    const atomic_bool *stop; /* set: it ends soon with MARS_ERR_CANCELLED; NULL: never */
};

/* The machine's record is put last into the vault, the state is written after it: a run that ends
 * in between is gone on with by the next. Where the key does not fit nothing is changed in
 * the vault, and here nothing but that the two directories are made. */
MARS_NODISCARD mars_status mrs_register(const struct mrs_register_spec *spec, mars_error *err);

struct mrs_renew_spec {
    const char *credentials;        /* path of the file */
    const char *config_dir;         /* absolute */
    const struct mrs_access *store; /* this machine's way to the vault; NULL: that of before */
    const struct mrs_logger *logger;
    const atomic_bool *stop;        /* as above */
};

/* Put the right to use the vault that newer credentials carry in place of the registered one, and,
 * where it is told, the way there. */
MARS_NODISCARD mars_status mrs_register_renew(const struct mrs_renew_spec *spec, mars_error *err);

struct mrs_recover_spec {
    const char *credentials;
    struct mrs_opener key;
    const char *machine; /* name or id; NULL: the vault's only one */
    const struct mrs_access *store; /* this machine's way to the vault */
    const atomic_bool *stop; /* as above; not of *store, once it is open */
};

/* The caller frees reg, keys and store, also after a failure. */
MARS_NODISCARD mars_status mrs_recover(const struct mrs_recover_spec *spec,
                                       struct mrs_registration *reg, struct mrs_keyring **keys,
                                       struct mrs_store **store, mars_error *err);

/* What an opened domain shows of itself and its vault, by two requests where its cache is warm. */
struct mrs_domain;
struct mrs_glance {
    uint64_t vault; /* number of its record */
    struct mrs_log log;
};
#define MRS_GLANCE_INIT { 0, MRS_LOG_INIT }
MARS_NODISCARD mars_status mrs_glance_take(struct mrs_glance *g, const struct mrs_domain *d,
                                           mars_error *err);
void mrs_glance_free(struct mrs_glance *g);

/* By these records, may this build do `need` with the vault and the domain? And is the vault the
 * one meant? */
MARS_NODISCARD mars_status mrs_glance_allows(const struct mrs_glance *g,
                                             const struct mrs_domain *d, const uint8_t vault[16],
                                             enum mrs_need need, mars_error *err);
/* The same by a glance of its own, where no domain is open. */
MARS_NODISCARD mars_status mrs_agent_allowed(struct mrs_store *store, const uint8_t vault[16],
                                             struct mrs_keyring *keys, enum mrs_need need,
                                             mars_error *err);

#endif
