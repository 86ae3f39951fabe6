/* What the files of the generated trees hold: blocks of bytes, each from a seed alone. */
#ifndef BENCH_CONTENT_H
#define BENCH_CONTENT_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 64 * 1024 };

enum content {
    TEXT,   /* lines like those of source code and logs */
    BINARY, /* records with counters, small numbers and noise */
    NOISE   /* nothing makes it smaller */
};

/* SplitMix64. */
uint64_t next_random(uint64_t *state);

/* A seed from two numbers. */
uint64_t mix(uint64_t a, uint64_t b);

/* The words that text is made of. Once, before the first block. */
void content_init(uint64_t seed);

/* One block, or its first n bytes. The same for the same seed. */
void content_fill(enum content kind, uint64_t seed, uint8_t *out, size_t n);

#endif
