#ifndef TIDEMARK_API_CACHE_VALUE_H
#define TIDEMARK_API_CACHE_VALUE_H

#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * An answer as it lies in Redis: one line of text, header lines of its own and the body. Pure.
 *     TM2 <version> <stored_at_ms> <fresh_until_ms> <stale_until_ms> <bytes> <bytes>\n<head><body>
 */
struct cache_value {
    uint64_t version;
    int64_t stored_at_ms, fresh_until_ms, stale_until_ms;
    struct bytes head; /* each line with its CRLF */
    struct bytes body;
};

struct bytes cache_value_encode(const struct cache_value *value, struct arena *arena);
/* False for anything but what encode makes. Head and body point into `text`. */
MUST_CHECK bool cache_value_decode(struct bytes text, struct cache_value *ret_value);

#endif
