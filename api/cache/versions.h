#ifndef TIDEMARK_API_CACHE_VERSIONS_H
#define TIDEMARK_API_CACHE_VERSIONS_H

#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The last transaction that changed each tag, in a table of fixed size. When it is full it forgets
 * the tags and keeps only the highest version as a floor for all: too careful, never wrong.
 */
enum { VERSIONS_SLOTS = 8192, VERSIONS_USED_MAX = VERSIONS_SLOTS / 4 * 3 };

struct versions {
    struct {
        uint64_t tag; /* 0 = free */
        uint64_t version;
    } slots[VERSIONS_SLOTS];
    size_t used;
    uint64_t highest;
    uint64_t floor;
};

/* False if it was known already. An older version than the known one changes nothing. */
bool versions_raise(struct versions *versions, uint64_t tag, uint64_t version);

/* The last change of this tag that is known; 0 = none. */
uint64_t versions_last(const struct versions *versions, uint64_t tag);

#endif
