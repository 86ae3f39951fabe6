/* Credentials files and the YAML documents under them. */
#include "config/doc.h"
#include "vault/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_credentials c;
    struct mrs_doc *doc = NULL;

    (void)!mrs_credentials_parse(&c, data, size, NULL);
    mrs_credentials_free(&c);
    if (mrs_doc_parse(&doc, data, size, NULL) == MARS_OK)
        mrs_doc_free(doc);
    return 0;
}
