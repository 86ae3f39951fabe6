#include "entries.h"

#include <stddef.h>

#include "json.h"

static const struct {
    char letter;
    const char *name;
} types[] = {
    [0] = { '?', "other" },
    [MARS_ENTRY_FILE] = { '-', "file" },
    [MARS_ENTRY_DIRECTORY] = { 'd', "directory" },
    [MARS_ENTRY_SYMLINK] = { 'l', "symlink" },
    [MARS_ENTRY_FIFO] = { 'p', "fifo" },
    [MARS_ENTRY_CHARDEV] = { 'c', "char_device" },
    [MARS_ENTRY_BLOCKDEV] = { 'b', "block_device" },
};

static size_t
type_of(const mars_entry *e)
{
    return e->type < sizeof types / sizeof types[0] ? e->type : 0;
}

const char *
entry_kind(const mars_entry *e)
{
    return types[type_of(e)].name;
}

char
entry_letter(const mars_entry *e)
{
    return types[type_of(e)].letter;
}

bool
entry_is_device(const mars_entry *e)
{
    return e->type == MARS_ENTRY_CHARDEV || e->type == MARS_ENTRY_BLOCKDEV;
}

void
entry_json(const mars_entry *e)
{
    json_text("kind", entry_kind(e));
    json_path("path", e->path, e->path_len);
    json_count("size", e->size);
    json_count("mode", e->mode);
    json_number("mtime", e->mtime);
    json_count("mtime_ns", e->mtime_ns);
    json_count("uid", e->uid);
    json_count("gid", e->gid);
    json_text("user", e->user);
    json_text("group", e->group);
    if (e->target != NULL)
        json_path("target", e->target, e->target_len);
    if (entry_is_device(e)) {
        json_count("device_major", e->device_major);
        json_count("device_minor", e->device_minor);
    }
    json_bool("incomplete", (e->flags & MARS_ENTRY_INCOMPLETE) != 0);
    json_bool("changed", (e->flags & MARS_ENTRY_CHANGED) != 0);
}
