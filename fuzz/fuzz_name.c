/* Names of objects: a name that parses is what the builder of its kind writes. */
#include <stdlib.h>
#include <string.h>

#include "format/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
build(const struct mrs_name *n, char out[MRS_OBJECT_NAME_MAX])
{
    switch (n->kind) {
    case MRS_KIND_VAULT: mrs_name_vault(out, n->number); break;
    case MRS_KIND_MACHINE: mrs_name_machine(out, n->machine, n->number); break;
    case MRS_KIND_DOMAIN: mrs_name_domain_record(out, n->number); break;
    case MRS_KIND_SLOTS: mrs_name_slots(out, n->number); break;
    case MRS_KIND_RING: mrs_name_ring(out, n->digest, n->copy); break;
    case MRS_KIND_PACK_DATA:
    case MRS_KIND_PACK_META: mrs_name_pack(out, n->kind, n->digest); break;
    case MRS_KIND_INDEX: mrs_name_index(out, n->digest); break;
    case MRS_KIND_POINT: mrs_name_point(out, n->item, n->session); break;
    case MRS_KIND_LEDGER: mrs_name_ledger(out, n->number); break;
    case MRS_KIND_LEASE: mrs_name_lease(out, n->session, n->number); break;
    case MRS_KIND_FENCE: mrs_name_fence(out, n->session, n->closed); break;
    default: abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[512], again[MRS_OBJECT_NAME_MAX];
    struct mrs_name n;

    if (size >= sizeof name || memchr(data, 0, size) != NULL)
        return 0;
    memcpy(name, data, size);
    name[size] = '\0';
    if (mrs_name_parse(&n, name)) {
        build(&n, again);
        if (strcmp(name, again) != 0)
            abort();
    }
    return 0;
}
