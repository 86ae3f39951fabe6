#include "agent/protector.h"

#include <string.h>

#include "agent/paths.h"
#include "base/alloc.h"
#include "base/err.h"
#include "platform/file.h"

static mars_status
save(const char *config_dir, const char *name, const uint8_t *data, size_t n, mars_error *err)
{
    char *dir = mrs_config_path(config_dir, "keys");
    char *path = dir != NULL ? mrs_config_path(dir, name) : NULL;
    mars_status st = path != NULL ? mrs_dir_make(dir, err) : mrs_nomem(err);

    if (st == MARS_OK)
        st = mrs_file_replace(path, data, n, err);
    mrs_free(path);
    mrs_free(dir);
    return st;
}

static mars_status
load(const char *config_dir, const char *name, struct mrs_buf *out, mars_error *err)
{
    char *dir = mrs_config_path(config_dir, "keys");
    char *path = dir != NULL ? mrs_config_path(dir, name) : NULL;
    mars_status st = path != NULL ? mrs_file_slurp(path, out, err) : mrs_nomem(err);

    mrs_free(path);
    mrs_free(dir);
    return st;
}

const struct mrs_protector mrs_protector_file = { "file", save, load };

mars_status
mrs_protector_find(const struct mrs_protector **out, const char *name, mars_error *err)
{
    *out = NULL;
    if (strcmp(name, mrs_protector_file.name) != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "key protector \"%.40s\" is not known", name);
    *out = &mrs_protector_file;
    return MARS_OK;
}
