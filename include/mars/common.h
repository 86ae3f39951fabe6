#ifndef MARS_COMMON_H
#define MARS_COMMON_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#  define MARS_CALL __cdecl
#else
#  define MARS_CALL
#endif

#if defined(_WIN32) && !defined(MARS_STATIC)
#  ifdef MARS_BUILDING
#    define MARS_API __declspec(dllexport)
#  else
#    define MARS_API __declspec(dllimport)
#  endif
#elif defined(__GNUC__)
#  define MARS_API __attribute__((visibility("default")))
#else
#  define MARS_API
#endif

#if defined(__GNUC__)
#  define MARS_NODISCARD __attribute__((warn_unused_result))
#else
#  define MARS_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Values are frozen. Each one asks for a different reaction of the caller.
 *
 *  Any call may answer INTERNAL, NOMEM, INVALID_ARG (NULL where something is required, a number
 *  out of bounds, a text that is too long or not UTF-8), UNSUPPORTED (a flag or a field of a struct
 *  that this build does not know) and IO; one on an agent, or on what came of it, STATE in a forked
 *  child; one that asks the vault also NETWORK, AUTH, FORBIDDEN, CORRUPT, NOT_FOUND where the vault
 *  is not there, and UNSUPPORTED where a newer build wrote it. Functions name these only where
 *  there is more to say. After a failure a handle that a call gives out is NULL, and other results
 *  mean nothing, unless it says otherwise. */
typedef enum mars_status {
    MARS_OK = 0,
    MARS_ERR_INTERNAL = -1,    /* a bug in libmars: please report it */
    MARS_ERR_NOMEM = -2,       /* out of memory */
    MARS_ERR_INVALID_ARG = -3, /* the call itself is wrong: correct it */
    MARS_ERR_UNSUPPORTED = -4, /* format or option newer than this build: update libmars */
    MARS_ERR_CORRUPT = -5,     /* stored bytes fail authentication or parsing */
    MARS_ERR_IO = -6,          /* the operating system refused: see os_code */
    MARS_ERR_CANCELLED = -7,   /* by mars_cancel or a callback */
    MARS_ERR_NOT_FOUND = -8,   /* no such object, point, path or machine */
    MARS_ERR_EXISTS = -9,      /* the name is taken */
    MARS_ERR_STATE = -10,      /* the handle cannot do this now */
    MARS_ERR_LOCKED = -11,     /* another process holds it: try later */
    MARS_ERR_NETWORK = -12,    /* transport failed: try again */
    MARS_ERR_AUTH = -13,       /* credentials expired, edited or refused */
    MARS_ERR_FORBIDDEN = -14,  /* the vault's rules do not allow it */
    MARS_ERR_QUOTA = -15,      /* no space left: disk, cache or vault */
    MARS_ERR_KEY = -16,        /* the passphrase or key does not open this */
    MARS_ERR_STATUS_INT32 = INT32_MAX /* keeps the enum 32 bits wide everywhere */
} mars_status;

/** Filled by the failing call. 256 bytes, frozen; lives on the caller's stack. */
typedef struct mars_error {
    int32_t status;      /* a mars_status */
    int32_t os_code;     /* errno or GetLastError(); 0 if none */
    int32_t http_status; /* 0 if no response was read */
    uint32_t reserved;
    char message[240];   /* UTF-8 for people; holds no secrets; do not parse */
} mars_error;

/** The symbolic name of @p status ("MARS_ERR_IO"), never NULL. Any thread. @since 0.1 */
MARS_API const char *MARS_CALL mars_status_name(int32_t status);

/** This library's version, "0.1.0". Any thread. @since 0.1 */
MARS_API const char *MARS_CALL mars_version(void);

/** The crypto provider this build uses, "mbedtls" or "openssl". Any thread. @since 0.1 */
MARS_API const char *MARS_CALL mars_crypto_provider(void);

#ifdef __cplusplus
}
#endif
#endif
