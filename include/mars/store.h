#ifndef MARS_STORE_H
#define MARS_STORE_H

#include <mars/log.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    uint32_t timeout_s;          /* with less than 4 KiB either way: it is tried again; 0: 60 */
    uint32_t requests_limit;     /* a second; 0: none */
    uint32_t work_kbps;          /* kilobits a second in hours of work, at least 64; 0: no limit */
    uint32_t other_kbps;         /* and in the others */
    uint32_t work_days;          /* bit 0 is Monday; 0: no hours of work */
    uint32_t work_from;          /* minutes since midnight, by this machine's time zone */
    uint32_t work_to;            /* where it is not after work_from: of the next day */
    uint32_t reserved;
    mars_log_fn log;             /* told while the call runs, by those of vault.h and by
                                    mars_register_renew(); others have one of their own. Or NULL */
    void *log_user;
    uint32_t log_level;          /* mars_level, the least grave that is wanted; 0: INFO */
    uint32_t log_reserved;
} mars_store_options;

#ifdef __cplusplus
}
#endif
#endif
