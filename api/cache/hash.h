#ifndef TIDEMARK_API_CACHE_HASH_H
#define TIDEMARK_API_CACHE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A fast hash of bytes, for tables and for names of content. With a random seed, whoever chooses
 * the bytes cannot choose the slot. Not for secrets.
 */
static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
hash_bytes(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *at = data;
    uint64_t hash = seed ^ hash_mix(size, seed), word;

    for (; size >= 8; size -= 8, at += 8) {
        memcpy(&word, at, 8);
        hash = hash_mix(hash, word);
    }
    word = 0;
    if (size > 0)
        memcpy(&word, at, size);
    return hash_mix(hash_mix(hash, word), seed);
}

/* 128 bits of it, for the cost of 64: the four sums do not wait for each other. */
static inline void
hash_bytes_wide(const void *data, size_t size, uint64_t seed, uint64_t ret_hash[2])
{
    const unsigned char *at = data;
    uint64_t a = seed ^ size, b = ~seed ^ size, c = a, d = b, word, next;

    for (; size >= 16; size -= 16, at += 16) {
        memcpy(&word, at, 8);
        memcpy(&next, at + 8, 8);
        a = hash_mix(a, word);
        b = hash_mix(b + word, ~word);
        c = hash_mix(c, next);
        d = hash_mix(d + next, ~next);
    }
    a = hash_mix(a, c);
    b = hash_mix(b + d, ~d);
    for (; size >= 8; size -= 8, at += 8) {
        memcpy(&word, at, 8);
        a = hash_mix(a, word);
        b = hash_mix(b + word, ~word);
    }
    word = 0;
    if (size > 0)
        memcpy(&word, at, size);
    ret_hash[0] = hash_mix(hash_mix(a, word), seed);
    ret_hash[1] = hash_mix(hash_mix(b + word, ~word), ~seed);
}

#endif
