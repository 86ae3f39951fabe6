#ifndef MARS_ENTRY_H
#define MARS_ENTRY_H

#include <mars/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of thing a name is. */
typedef enum mars_entry_type {
    MARS_ENTRY_FILE = 1,
    MARS_ENTRY_DIRECTORY = 2,
    MARS_ENTRY_SYMLINK = 3,
    MARS_ENTRY_FIFO = 4,
    MARS_ENTRY_CHARDEV = 5,
    MARS_ENTRY_BLOCKDEV = 6,
    MARS_ENTRY_TYPE_INT32 = INT32_MAX
} mars_entry_type;

/** Flags of mars_entry. */
enum {
    MARS_ENTRY_INCOMPLETE = 1, /* a part of it could not be read */
    MARS_ENTRY_CHANGED = 2     /* it changed while it was read */
};

/** An extended attribute; ACLs are among them ("system.posix_acl_access"). Raw
 *  bytes; frozen. */
typedef struct mars_attr {
    const char *name;
    uint64_t name_len;
    const void *value;
    uint64_t value_len;
} mars_attr;

/** One name, in a recovery point or on its way there or back. Whoever gives it to a call or
 *  callback lends it until that returns. */
typedef struct mars_entry {
    uint32_t struct_size;
    uint32_t type;             /* mars_entry_type */
    const char *path;          /* absolute, as backed up; raw bytes; a NUL follows */
    uint64_t path_len;
    uint64_t size;             /* of a file: bytes, holes included */
    uint32_t mode;             /* 07777 */
    uint32_t mtime_ns;
    int64_t mtime;             /* seconds since 1970 UTC */
    uint64_t uid;
    uint64_t gid;
    const char *user;          /* names; may be empty */
    const char *group;
    const char *target;        /* of a symbolic link; NULL otherwise; a NUL follows */
    uint64_t target_len;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t flags;            /* MARS_ENTRY_INCOMPLETE, MARS_ENTRY_CHANGED */
    uint32_t btime_ns;
    int64_t btime;             /* when it was made; 0: not known */
    const uint8_t *link_group; /* 16 bytes, the same for all names of one file in a point; NULL: it
                                  has one name, or this is a source's */
    const mars_attr *attrs;    /* NULL where browsing gives it, which does not read them */
    uint64_t n_attrs;
} mars_entry;

#ifdef __cplusplus
}
#endif
#endif
