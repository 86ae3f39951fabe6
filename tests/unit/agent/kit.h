/* A vault of files with a credentials file for it, and a place for config directories. */
#ifndef TEST_AGENT_KIT_H
#define TEST_AGENT_KIT_H

#include "agent/register.h"
#include "tmpdir.h"

#define KIT_PASSPHRASE "correct horse battery staple"
#define KIT_OTHER "another passphrase, as long"

enum { KIT_PATH_MAX = TMPDIR_PATH_MAX + 64 };
struct kit {
    char dir[TMPDIR_PATH_MAX];
    char vault[KIT_PATH_MAX];       /* its directory */
    char url[KIT_PATH_MAX + 8];
    char credentials[KIT_PATH_MAX]; /* the file */
    char config[KIT_PATH_MAX];      /* not made yet */
    char cache[KIT_PATH_MAX];       /* config's own */
};

/* Ends the test where it cannot be made. */
void kit_make(struct kit *k);
void kit_remove(struct kit *k);

/* Registers as "box" in k->config. */
struct mrs_register_spec kit_spec(const struct kit *k);

/* A sum over the names, kinds and bytes of all that lies below a directory. */
void kit_fingerprint(const char *dir, uint8_t out[32]);

#endif
