/* JSON on standard output: one object a line, its "type" first. */
#ifndef MARS_CLI_JSON_H
#define MARS_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_begin(const char *type);
void json_end(void);

/* Fields. Bytes that are not UTF-8 are shown with U+FFFD; json_path tells them in KEY_b64 too. */
void json_text(const char *key, const char *text); /* NULL: null */
void json_path(const char *key, const char *bytes, uint64_t len);
void json_paths(const char *key, const char *const *paths, const uint64_t *lens, uint64_t n);
void json_data(const char *key, const void *bytes, uint64_t len); /* in base64 */
void json_count(const char *key, uint64_t n);
void json_number(const char *key, int64_t n);
void json_bool(const char *key, bool b);
void json_ratio(const char *key, uint64_t part, uint64_t whole); /* null where whole is 0 */
void json_seconds(const char *key, uint64_t ns);

#endif
