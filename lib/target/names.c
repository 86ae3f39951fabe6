#include "target/dir.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "platform/random.h"

enum {
    CHANCE = 4,          /* random bytes of a temporary name, beside the run's */
    EXTENSION_MAX = 32,  /* a longer one is part of the name */
    SUFFIX_SIZE = 64,
    COPIES_MAX = 10000
};

mars_status
mrs_target_name(char out[MRS_TARGET_NAME_MAX + 1], struct mrs_slice name, mars_error *err)
{
    const char *why = NULL;

    if (name.n == 0)
        why = "it is empty";
    else if (name.n > MRS_TARGET_NAME_MAX)
        why = "it is longer than 255 bytes";
    else if (memchr(name.p, '/', name.n) != NULL || memchr(name.p, '\0', name.n) != NULL)
        why = "it holds a separator or NUL";
    else if (name.p[0] == '.' && (name.n == 1 || (name.n == 2 && name.p[1] == '.')))
        why = "it is a directory's own or its parent's";
    if (why != NULL)
        return mrs_fail(err, MARS_ERR_CORRUPT, "name refused: %s", why);
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return MARS_OK;
}

mars_status
mrs_target_temp_name(struct mrs_target *t, char out[MRS_TARGET_TEMP_LEN + 1], mars_error *err)
{
    char hex[2 * CHANCE + 1];
    mars_status st = MARS_OK;

    mrs_mutex_lock(t->lock);
    if (t->n_chance < CHANCE)
        st = mrs_random_fill(t->chance, sizeof t->chance, err);
    if (st == MARS_OK) {
        if (t->n_chance < CHANCE)
            t->n_chance = sizeof t->chance;
        t->n_chance -= CHANCE;
        mrs_hex_encode(hex, t->chance + t->n_chance, CHANCE);
        (void)snprintf(out, MRS_TARGET_TEMP_LEN + 1, "%s%s%s", t->prefix, t->run, hex);
    }
    mrs_mutex_unlock(t->lock);
    return st;
}

struct clearing {
    const struct mrs_target *t;
    struct mrs_tree_dir *dir;
};

static mars_status
clear_one(void *user, const char *name, size_t len, mars_error *err)
{
    const struct clearing *c = user;
    size_t prefix = strlen(c->t->prefix);
    uint8_t random[8];

    (void)err;
    if (len != MRS_TARGET_TEMP_LEN || memcmp(name, c->t->prefix, prefix) != 0 ||
        !mrs_hex_decode(random, sizeof random, name + prefix, len - prefix))
        return MARS_OK;
    /* The directory may be entered twice, while files of this run are being written in it. */
    if (memcmp(name + prefix, c->t->run, MRS_TARGET_RUN_LEN) == 0)
        return MARS_OK;
    /* One that cannot be removed, or is a directory, is in nobody's way. */
    (void)!mrs_treewrite_unlink(c->dir, name, NULL);
    return MARS_OK;
}

mars_status
mrs_target_clear(const struct mrs_target *t, struct mrs_tree_dir *dir, mars_error *err)
{
    struct clearing c = { t, dir };

    return mrs_tree_each(dir, clear_one, &c, err);
}

/* Calendar from a count of days, by Howard Hinnant's civil_from_days: 400-year cycles that begin
 * in March, so that the leap day is a cycle's last. */
void
mrs_target_stamp(char stamp[MRS_TARGET_STAMP_SIZE])
{
    int64_t now = mrs_clock_wall().s;
    uint64_t s = now > 0 ? (uint64_t)now : 0;
    uint64_t days = s / 86400 + 719468;
    uint64_t cycle = days / 146097;
    uint64_t in_cycle = days % 146097;
    uint64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    uint64_t day = in_cycle - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * day + 2) / 153;

    day = day - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year = year + cycle * 400 + (month <= 2);
    (void)snprintf(stamp, MRS_TARGET_STAMP_SIZE, "%04u-%02u-%02u %02u.%02u.%02u",
                   (unsigned)(year % 10000), (unsigned)(month % 100), (unsigned)(day % 100),
                   (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

/* Where the extension begins: at the last dot that is not the first byte; len where there is none.
 */
static size_t
extension(const char *name, size_t len)
{
    size_t at = len;

    while (at > 1 && name[at - 1] != '.')
        at--;
    at = at > 0 ? at - 1 : 0;
    return at > 0 && at + 1 < len && len - at <= EXTENSION_MAX ? at : len;
}

/* name with suffix before its extension, at most 255 bytes, no character cut in two. */
static size_t
join_copy(char out[MRS_TARGET_NAME_MAX + 1], const char *name, const char *suffix)
{
    size_t len = strlen(name);
    size_t ext = extension(name, len);
    size_t room = MRS_TARGET_NAME_MAX - strlen(suffix) - (len - ext);
    size_t stem = ext < room ? ext : room;

    for (int i = 0; i < 3 && stem < ext && ((unsigned char)name[stem] & 0xc0) == 0x80; i++)
        stem--;
    return (size_t)snprintf(out, MRS_TARGET_NAME_MAX + 1, "%.*s%s%s", (int)stem, name, suffix,
                            name + ext);
}

mars_status
mrs_target_copy_name(struct mrs_target_dir *dir, struct mrs_slice name, struct mrs_buf *out,
                     mars_error *err)
{
    char plain[MRS_TARGET_NAME_MAX + 1];
    char copy[MRS_TARGET_NAME_MAX + 1];
    char suffix[SUFFIX_SIZE];
    char number[16] = "";
    mars_status st = mrs_target_name(plain, name, err);

    for (unsigned i = 1; st == MARS_OK && i <= COPIES_MAX; i++) {
        struct mrs_target_found found;
        struct mrs_slice slice = { (const uint8_t *)copy, 0 };

        if (i > 1)
            (void)snprintf(number, sizeof number, " %u", i);
        (void)snprintf(suffix, sizeof suffix, " (restored %s%s)", dir->target->stamp, number);
        slice.n = join_copy(copy, plain, suffix);
        st = mrs_target_probe(dir, slice, &found, err);
        if (st == MARS_OK && !found.exists)
            return mrs_buf_append(out, copy, slice.n, err);
    }
    return st != MARS_OK ? st : mrs_fail(err, MARS_ERR_EXISTS, "%.150s: too many copies", plain);
}
