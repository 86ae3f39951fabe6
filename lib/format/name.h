/* Names of objects. FORMAT.md section 2. */
#ifndef MRS_FORMAT_NAME_H
#define MRS_FORMAT_NAME_H

#include "format/object.h"

enum { MRS_OBJECT_NAME_MAX = 160 }; /* every name that a builder makes, with its NUL */

/* Builders write a NUL-terminated name. Those for what lies in a domain give the relative name;
 * mrs_name_in_domain puts "domains/DOMAIN/" before it, and "log/" behind that where it belongs. */
void mrs_name_vault(char out[MRS_OBJECT_NAME_MAX], uint64_t number);
void mrs_name_machine(char out[MRS_OBJECT_NAME_MAX], const uint8_t machine[16], uint64_t number);
void mrs_name_in_domain(char out[MRS_OBJECT_NAME_MAX], const uint8_t domain[16],
                        const char *relative);
/* The prefix of the domain's log. */
void mrs_name_log(char out[MRS_OBJECT_NAME_MAX], const uint8_t domain[16]);
/* The relative name in what follows "domains/DOMAIN/"; NULL: no object of ours lies there. */
const char *mrs_name_relative(const char *below);
void mrs_name_domain_record(char out[MRS_OBJECT_NAME_MAX], uint64_t number);
void mrs_name_slots(char out[MRS_OBJECT_NAME_MAX], uint64_t number);
void mrs_name_ring(char out[MRS_OBJECT_NAME_MAX], const uint8_t digest[32], char copy);
void mrs_name_pack(char out[MRS_OBJECT_NAME_MAX], uint8_t kind, const uint8_t digest[32]);
void mrs_name_index(char out[MRS_OBJECT_NAME_MAX], const uint8_t digest[32]);
void mrs_name_point(char out[MRS_OBJECT_NAME_MAX], const uint8_t item[16],
                    const uint8_t session[16]);
void mrs_name_ledger(char out[MRS_OBJECT_NAME_MAX], uint64_t number);
void mrs_name_lease(char out[MRS_OBJECT_NAME_MAX], const uint8_t session[16], uint64_t number);
void mrs_name_fence(char out[MRS_OBJECT_NAME_MAX], const uint8_t session[16], int closed);

/* What a relative (or vault-level) name says. */
struct mrs_name {
    uint8_t kind;        /* enum mrs_kind */
    uint8_t digest[32];  /* ring, pack, index */
    uint8_t item[16];    /* point */
    uint8_t session[16]; /* point, lease, fence */
    uint8_t machine[16]; /* machine record */
    uint64_t number;     /* numbered rows */
    char copy;           /* ring: 'a' or 'b' */
    int closed;          /* fence */
};
/* 1 if it is the name of an object that this build knows, in its one spelling; else 0. */
int mrs_name_parse(struct mrs_name *n, const char *name);

#endif
