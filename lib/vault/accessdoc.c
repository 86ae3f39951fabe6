#include "vault/accessdoc.h"

#include <assert.h>

enum { OTHERS_MAX = 64 };

static bool
is_meant(mrs_access_takes_fn takes, unsigned key)
{
    return takes == NULL || takes((enum mrs_access_key)key);
}

mars_status
mrs_access_to_doc(const struct mrs_access *a, mrs_access_takes_fn takes, struct mrs_doc *doc,
                  mars_error *err)
{
    mars_status st = MARS_OK;

    for (unsigned k = 0; st == MARS_OK && k < MRS_ACCESS_KEYS; k++)
        if (a->text[k] != NULL && is_meant(takes, k))
            st = mrs_doc_set(doc, mrs_access_name((enum mrs_access_key)k), a->text[k], err);
    return st;
}

mars_status
mrs_access_from_doc(struct mrs_access *a, mrs_access_takes_fn takes, const struct mrs_doc *doc,
                    mars_error *err)
{
    mars_status st = MARS_OK;

    for (unsigned k = 0; st == MARS_OK && k < MRS_ACCESS_KEYS; k++) {
        const char *text = mrs_doc_get(doc, mrs_access_name((enum mrs_access_key)k));

        if (text != NULL && is_meant(takes, k))
            st = mrs_access_set(a, (enum mrs_access_key)k, text, err);
    }
    return st;
}

const char *
mrs_access_unknown(const struct mrs_doc *doc, mrs_access_takes_fn takes,
                   const char *const others[], size_t n)
{
    const char *known[OTHERS_MAX + MRS_ACCESS_KEYS];
    size_t count = 0;

    assert(n <= OTHERS_MAX);
    for (size_t i = 0; i < n; i++)
        known[count++] = others[i];
    for (unsigned k = 0; k < MRS_ACCESS_KEYS; k++)
        if (is_meant(takes, k))
            known[count++] = mrs_access_name((enum mrs_access_key)k);
    return mrs_doc_unknown(doc, known, count);
}
