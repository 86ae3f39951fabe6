/* The files that AWS's tools share: profiles, as INI sections. */
#ifndef MARS_CLI_PROFILE_H
#define MARS_CLI_PROFILE_H

#include <stdbool.h>

enum { PROFILE_VALUE_SIZE = 4096 };

/* A profile's value, of the file with the keys (AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials) or
 * of the one with all else (AWS_CONFIG_FILE, ~/.aws/config). False: there is none. */
bool profile_get(const char *profile, bool keys, const char *key, char out[PROFILE_VALUE_SIZE]);

#endif
