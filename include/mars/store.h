#ifndef MARS_STORE_H
#define MARS_STORE_H

#include <mars/log.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One object of a store, borrowed for the call. */
typedef struct mars_object {
    uint32_t struct_size;
    uint32_t mtime_ns;
    const char *name;         /* whole; NUL-terminated */
    uint64_t size;            /* bytes */
    int64_t mtime;            /* by the store's own clock: seconds since 1970 UTC */
} mars_object;

/** Takes an object of a list. Anything but MARS_OK ends the list, and is what it answers. */
typedef mars_status(MARS_CALL *mars_object_fn)(const mars_object *object, void *user);

/** A store that a caller provides, for vaults with the URL "custom:NAME", whatever the name is: a
 *  database, another product's storage, a service that libmars does not know.
 *
 *  It holds named objects. Names are components of [a-z0-9._-] with "/" between them, at most 512
 *  bytes, and mean nothing to the store. An object is written once, as a whole, and stays as it is
 *  until it is removed. What a commit that returned made is seen by every read and list that begins
 *  afterwards, from any process.
 *
 *  All functions return MARS_OK or a status, with err filled in if there is more to say: it is
 *  never NULL, and cleared before. MARS_ERR_NETWORK is not tried again: the store knows better.
 *  They are called on any thread, several at once, each upload by one at a time. Cancelling a call
 *  waits for the one that runs. All but flush and remove are needed. @since 0.1 */
typedef struct mars_store {
    uint32_t struct_size;
    uint32_t flags;           /* none yet: 0 */
    void *user;               /* handed to all functions */

    /** Begin an object, which nobody sees before it is committed. What is left of one whose process
     *  died is the store's to remove. */
    mars_status(MARS_CALL *begin)(void *user, void **upload, mars_error *err);
    /** Add len bytes, at least one, to its end. */
    mars_status(MARS_CALL *append)(void *user, void *upload, const void *data, uint64_t len,
                                   mars_error *err);
    /** Give it its name, unless that is taken: MARS_ERR_EXISTS; of several commits at once exactly
     *  one succeeds. Ends the upload in every case. */
    mars_status(MARS_CALL *commit)(void *user, void *upload, const char *name, mars_error *err);
    /** Forget it. */
    void(MARS_CALL *abandon)(void *user, void *upload);
    /** Exactly len bytes from offset. MARS_ERR_NOT_FOUND: there is no such object;
     *  MARS_ERR_CORRUPT: it ends before. */
    mars_status(MARS_CALL *read)(void *user, const char *name, uint64_t offset, void *out,
                                 uint64_t len, mars_error *err);
    /** Fill in size and mtime. MARS_ERR_NOT_FOUND: there is no such object. */
    mars_status(MARS_CALL *stat)(void *user, const char *name, mars_object *object,
                                 mars_error *err);
    /** Hand fn every object whose name begins with prefix (empty, or ending in "/"), at any depth,
     *  in any order. fn may use the store. */
    mars_status(MARS_CALL *list)(void *user, const char *prefix, mars_object_fn fn, void *fn_user,
                                 mars_error *err);
    /** Remove an object. MARS_ERR_NOT_FOUND: there is none. Only what prunes calls it. NULL: this
     *  store keeps all. */
    mars_status(MARS_CALL *remove)(void *user, const char *name, mars_error *err);
    /** When this returns, all that was committed before, by whomever, survives a crash. NULL: a
     *  commit is enough. */
    mars_status(MARS_CALL *flush)(void *user, mars_error *err);
} mars_store;

/** Flags of mars_store_options. */
enum {
    MARS_STORE_ALLOW_HTTP = 1 /* without TLS, also to other hosts than this machine */
};

/** How a vault over the network is reached, and with what right. Strings are NUL-terminated UTF-8,
 *  NULL where nothing is to be said, and copied. The library reads no environment variables.
 *  Tokens of Entra and keys of roles are fetched when they are needed, and again before they end;
 *  where several groups are given, keys and signatures go before them. */
typedef struct mars_store_options {
    uint32_t struct_size;
    uint32_t flags;              /* MARS_STORE_* */
    /* of the vault, the same for all its machines */
    const char *endpoint;        /* "https://HOST[:PORT][/PATH]", in place of the public cloud's */
    const char *region;          /* S3; NULL: us-east-1 */
    const char *addressing;      /* S3: "path" or "host"; NULL: as AWS wants it, others by path */
    const char *tier;            /* access tier or storage class of packs; NULL: the default's */
    /* the right to use it: one of these groups */
    const char *account_key;     /* Azure: base64 */
    const char *sas;             /* Azure: a shared access signature, without "?" */
    const char *key_id;          /* S3 */
    const char *secret_key;
    const char *session_token;   /* S3; NULL: none */
    const char *tenant;          /* Azure: an application known to Entra */
    const char *client_id;       /* its; or, of several managed identities, the one that is meant */
    const char *client_secret;
    const char *authority;       /* "https://HOST" of another Entra; NULL: the public cloud's */
    const char *identity;        /* a service beside this machine knows it: "managed" (Azure),
                                    "container" or "instance" (the roles of AWS) */
    const char *identity_endpoint; /* URL of that service; NULL: the cloud's own. A container's
                                      role always has one */
    const char *identity_header; /* App Service's X-IDENTITY-HEADER, a container's Authorization */
    /* the way there from this machine */
    const char *ca_file;         /* PEM; NULL: the certificates that the system trusts */
    const char *pin;             /* "sha256//BASE64" of the server's public key; several with ";" */
    const char *proxy;           /* "http://HOST:PORT" or "https://HOST:PORT"; NULL: none */
    const char *proxy_user;
    const char *proxy_password;
    const char *no_proxy;        /* hosts and domains reached directly, separated by commas */
    uint32_t timeout_s;          /* with less than 4 KiB either way: it is tried again; at most
                                    3600; 0: 60 */
    uint32_t requests_limit;     /* a second; 0: none */
    uint32_t work_kbps;          /* kilobits a second in hours of work, at least 64; 0: no limit */
    uint32_t other_kbps;         /* and in the others */
    uint32_t work_days;          /* bit 0 is Monday; 0: no hours of work */
    uint32_t work_from;          /* minutes since midnight, by this machine's time zone */
    uint32_t work_to;            /* where it is not after work_from: of the next day */
    uint32_t reserved;
    mars_log_fn log;             /* told while the call runs, by those of vault.h; others
                                    have one of their own. NULL: silent */
    void *log_user;
    uint32_t log_level;          /* mars_level, the least grave that is wanted; 0: INFO */
    uint32_t log_reserved;
    const mars_store *custom;    /* the store of a vault "custom:NAME". Copied; what its `user`
                                    points to outlives all that is opened with it */
} mars_store_options;

#ifdef __cplusplus
}
#endif
#endif
