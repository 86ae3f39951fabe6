/* The cache of a registered machine. */
#ifndef MRS_AGENT_CACHE_H
#define MRS_AGENT_CACHE_H

#include "agent/state.h"
#include "cache/cache.h"

/* Open the cache of the keys' domain in dir. */
MARS_NODISCARD mars_status mrs_agent_cache(struct mrs_cache **out, const char *dir,
                                           const struct mrs_keyring *keys, mars_error *err);

/* Large uploads wait in the cache from now on. cache must outlive the store. */
void mrs_agent_cache_stages(struct mrs_cache *cache, struct mrs_store *store);

/* From now on no session begins in the cache when another process has moved it away from where it
 * is open here: MARS_ERR_STATE. config_dir must outlive it. */
void mrs_agent_cache_watch(struct mrs_cache *cache, char *config_dir);

/* Before a backup: the settings in force; the quota is set. MARS_ERR_STATE as above, before
 * anything is done. */
MARS_NODISCARD mars_status mrs_agent_cache_settings(const char *config_dir,
                                                    struct mrs_cache *cache,
                                                    struct mrs_cache_settings *settings,
                                                    mars_error *err);
/* Keep other settings. */
MARS_NODISCARD mars_status mrs_agent_cache_set(const char *config_dir,
                                               const struct mrs_cache_settings *settings,
                                               mars_error *err);

/* Move the cache (NULL: it cannot be opened, so nothing is copied) to dir, an absolute path: copy,
 * compare, and only then write the registration. What is in the old place stays until
 * mrs_agent_cache_tidy. A process that dies at any moment leaves the cache in one of the two. */
MARS_NODISCARD mars_status mrs_agent_cache_move(const char *config_dir,
                                                const struct mrs_keyring *keys,
                                                struct mrs_cache *cache, const char *dir,
                                                mars_error *err);
/* After a good backup: remove what moves left behind, as far as that can be done now. */
MARS_NODISCARD mars_status mrs_agent_cache_tidy(const char *config_dir, mars_error *err);

#endif
