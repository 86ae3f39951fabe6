/* Answers of those who give tokens and keys for a while: what is taken can go into a header. */
#include "store/token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *text)
{
    for (const char *p = text; p != NULL && *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_token t;
    char codes[MRS_TOKEN_ERROR_SIZE];

    memset(&t, 0, sizeof t);
    if (mrs_token_of_azure(&t, data, size, 1767225600, NULL) == MARS_OK && t.bearer == NULL)
        abort();
    check(t.bearer);
    mrs_token_clear(&t);
    if (mrs_token_of_aws(&t, data, size, 1767225600, NULL) == MARS_OK &&
        (t.key_id == NULL || t.secret == NULL || t.session == NULL || t.life < 0))
        abort();
    check(t.key_id);
    check(t.secret);
    check(t.session);
    mrs_token_clear(&t);
    mrs_token_refusal(data, size, codes);
    if (strlen(codes) >= sizeof codes)
        abort();
    return 0;
}
