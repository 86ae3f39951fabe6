/* Exclude rules with gitignore's grammar: "#" comments, "!" takes back, a trailing "/" means
 * directories only, a "/" elsewhere anchors the pattern at the root, "*" and "?" stop at "/",
 * "**" does not, "[a-z]" and "[!a-z]" classes, "\" escapes. The last rule that fits decides. */
#ifndef MRS_POLICY_RULES_H
#define MRS_POLICY_RULES_H

#include <stdbool.h>

#include <mars/common.h>

struct mrs_rules;

MARS_NODISCARD mars_status mrs_rules_new(struct mrs_rules **out, mars_error *err);
/* One line; blank lines and comments add nothing. Bytes, no encoding is assumed. */
MARS_NODISCARD mars_status mrs_rules_add(struct mrs_rules *r, const char *line, size_t len,
                                         mars_error *err);
/* Every line of a file's text. */
MARS_NODISCARD mars_status mrs_rules_add_text(struct mrs_rules *r, const char *text, size_t len,
                                              mars_error *err);
/* path: relative to the root, components separated by "/", no leading or trailing "/". The caller
 * asks for parents first and does not descend into what is excluded, so a file cannot be taken
 * back from an excluded directory, as in git. Pure; any number of threads at once. */
bool mrs_rules_excluded(const struct mrs_rules *r, const char *path, size_t len, bool is_dir);
void mrs_rules_free(struct mrs_rules *r);

#endif
