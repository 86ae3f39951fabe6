#include "source/owners.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/tree.h"

enum {
    SLOTS = 1024,  /* each of users and groups; a newer id drives out an older one */
    NAME_SIZE = 512
};

struct slot {
    uint64_t id;
    char *name; /* NULL: not used */
};

struct mrs_owners {
    struct slot slots[2][SLOTS];
};

struct mrs_owners *
mrs_owners_new(void)
{
    return mrs_alloc(sizeof(struct mrs_owners));
}

mars_status
mrs_owners_find(struct mrs_owners *o, uint64_t id, bool group, const char **name,
                mars_error *err)
{
    struct slot *s = &o->slots[group][id % SLOTS];

    if (s->name == NULL || s->id != id) {
        char text[NAME_SIZE];
        char *copy;

        mrs_tree_owner_name(id, group, text, sizeof text);
        copy = mrs_strndup(text, strlen(text));
        if (copy == NULL)
            return mrs_nomem(err);
        mrs_free(s->name);
        s->name = copy;
        s->id = id;
    }
    *name = s->name;
    return MARS_OK;
}

void
mrs_owners_free(struct mrs_owners *o)
{
    if (o == NULL)
        return;
    for (size_t group = 0; group < 2; group++)
        for (size_t i = 0; i < SLOTS; i++)
            mrs_free(o->slots[group][i].name);
    mrs_free(o);
}
