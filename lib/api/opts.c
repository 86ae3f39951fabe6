#include "api/opts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/text.h"
#include "platform/tree.h"

enum { NAME_MAX_BYTES = 255, STRUCT_MAX = 65536, PATH_BYTES_MAX = 1 << 20, QUOTA_LEAST = 1 << 20 };

mars_status
mrs_opts_import(void *dst, size_t cap, const void *src, size_t v1_size, mars_error *err)
{
    const uint8_t *bytes = src;
    uint32_t size;

    memset(dst, 0, cap);
    if (src == NULL)
        return MARS_OK;
    memcpy(&size, src, sizeof size);
    if (size < v1_size || size > STRUCT_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "struct_size: is not set");
    for (size_t i = cap; i < size; i++)
        if (bytes[i] != 0)
            return mrs_fail(err, MARS_ERR_UNSUPPORTED, "options are newer than this library");
    memcpy(dst, src, size < cap ? size : cap);
    return MARS_OK;
}

mars_status
mrs_opts_export(void *dst, const void *src, size_t size, mars_error *err)
{
    uint32_t have;

    memcpy(&have, dst, sizeof have);
    if (have < sizeof have || have > STRUCT_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "struct_size of the result: is not set");
    memset(dst, 0, have);
    memcpy(dst, src, have < size ? have : size);
    memcpy(dst, &have, sizeof have);
    return MARS_OK;
}

mars_status
mrs_arg_string(const char *s, uint64_t len, bool required, const char *what, char **out,
               mars_error *err)
{
    size_t n;

    *out = NULL;
    if (s == NULL)
        return required ? mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is missing", what) : MARS_OK;
    if (len > PATH_BYTES_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: too long", what);
    n = len != 0 ? (size_t)len : strlen(s);
    if (n == 0 || memchr(s, '\0', n) != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: %s", what,
                        n == 0 ? "is empty" : "has a NUL in it");
    *out = mrs_strndup(s, n);
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

mars_status
mrs_arg_path(const char *s, uint64_t len, bool required, const char *what, char **out,
             mars_error *err)
{
    struct mrs_buf path = MRS_BUF_INIT(PATH_BYTES_MAX);
    char *given = NULL;
    mars_status st = mrs_arg_string(s, len, required, what, &given, err);

    *out = NULL;
    if (st != MARS_OK || given == NULL)
        return st;
    st = mrs_path_absolute(given, strlen(given), &path, err);
    if (st == MARS_OK) {
        *out = mrs_strndup((const char *)path.data, path.len);
        st = *out != NULL ? MARS_OK : mrs_nomem(err);
    }
    mrs_buf_free(&path);
    mrs_free(given);
    return st;
}

mars_status
mrs_arg_opener(const char *passphrase, uint64_t len, const mars_key_wrapper *wrapper,
               const char *what, struct mrs_opener *out, mars_key_wrapper *room, mars_error *err)
{
    mars_status st = mrs_opts_import(room, sizeof *room, wrapper, MRS_KEY_WRAPPER_V1, err);

    memset(out, 0, sizeof *out);
    if (st != MARS_OK)
        return st;
    if (passphrase == NULL && wrapper == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: neither a passphrase nor a wrapper", what);
    if (wrapper != NULL && room->unwrap == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: unwrap is NULL", what);
    out->passphrase = passphrase;
    out->len = passphrase == NULL || len != 0 ? (size_t)len : strlen(passphrase);
    out->wrapper = wrapper != NULL ? room : NULL;
    return MARS_OK;
}

mars_status
mrs_arg_key(const mars_key *key, const char *what, struct mrs_opener *out, mars_key_wrapper *room,
            mars_error *err)
{
    mars_key k;
    mars_status st = mrs_opts_import(&k, sizeof k, key, MRS_KEY_V1, err);

    return st == MARS_OK
               ? mrs_arg_opener(k.passphrase, k.passphrase_len, k.wrapper, what, out, room, err)
               : st;
}

mars_status
mrs_arg_log(struct mrs_logger *out, mars_log_fn fn, void *user, uint32_t level, mars_error *err)
{
    memset(out, 0, sizeof *out);
    if (level > MARS_LEVEL_DEBUG)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "log_level: %u is not known", level);
    *out = (struct mrs_logger){ fn, user, level != 0 ? (int)level : MARS_LEVEL_INFO };
    return MARS_OK;
}

mars_status
mrs_arg_cache_quota(uint64_t quota, mars_error *err)
{
    if ((quota > 0 && quota < QUOTA_LEAST) || quota > INT64_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "quota: %llu bytes, not 0 and not at least %d",
                        (unsigned long long)quota, QUOTA_LEAST);
    return MARS_OK;
}

mars_status
mrs_name_check(const char *text, size_t len, const char *what, mars_error *err)
{
    if (len == 0 || len > NAME_MAX_BYTES)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: 1 to %d bytes", what, NAME_MAX_BYTES);
    if (!mrs_is_text((const uint8_t *)text, len))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: not UTF-8", what);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || text[i] == '/')
            return mrs_fail(err, MARS_ERR_INVALID_ARG,
                            "%s: control characters and \"/\" are not allowed", what);
    return MARS_OK;
}
