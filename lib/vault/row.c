#include "vault/row.h"

#include <string.h>

#include "base/hex.h"

struct search {
    size_t prefix_len;
    struct mrs_row *row;
};

void
mrs_row_note(struct mrs_row *row, const char *digits)
{
    uint8_t be[8];
    uint64_t n = 0;

    if (!mrs_hex_decode(be, sizeof be, digits, strlen(digits)))
        return;
    for (size_t i = 0; i < sizeof be; i++)
        n = n << 8 | be[i];
    row->count += n > 0;
    if (n > row->last)
        row->last = n;
}

static mars_status
look(void *user, const struct mrs_object_info *info, mars_error *err)
{
    const struct search *s = user;

    (void)err;
    mrs_row_note(s->row, info->name + s->prefix_len);
    return MARS_OK;
}

mars_status
mrs_row_read(struct mrs_store *store, const char *prefix, struct mrs_row *row, mars_error *err)
{
    struct search s = { strlen(prefix), row };

    *row = (struct mrs_row){ 0, 0 };
    return mrs_store_list(store, prefix, MRS_LIST_NAMES, look, &s, err);
}

mars_status
mrs_row_last(struct mrs_store *store, const char *prefix, uint64_t *number, mars_error *err)
{
    struct mrs_row row;
    mars_status st = mrs_row_read(store, prefix, &row, err);

    *number = row.last;
    return st;
}
