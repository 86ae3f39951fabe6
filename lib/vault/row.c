#include "vault/row.h"

#include <string.h>

#include "base/hex.h"

struct search {
    size_t prefix_len;
    uint64_t last;
};

static mars_status
look(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct search *s = user;
    const char *digits = info->name + s->prefix_len;
    uint8_t be[8];
    uint64_t n = 0;

    (void)err;
    if (!mrs_hex_decode(be, sizeof be, digits, strlen(digits)))
        return MARS_OK;
    for (size_t i = 0; i < sizeof be; i++)
        n = n << 8 | be[i];
    if (n > s->last)
        s->last = n;
    return MARS_OK;
}

mars_status
mrs_row_last(struct mrs_store *store, const char *prefix, uint64_t *number, mars_error *err)
{
    struct search s = { strlen(prefix), 0 };
    mars_status st = mrs_store_list(store, prefix, look, &s, err);

    *number = s.last;
    return st;
}
