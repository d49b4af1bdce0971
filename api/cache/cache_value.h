#ifndef TIDEMARK_API_CACHE_CACHE_VALUE_H
#define TIDEMARK_API_CACHE_CACHE_VALUE_H

#include "api/cache/freshness.h"
#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * An answer as it lies in Redis: one line of text, header lines of its own, the turns of its body
 * (freshness.h) and the body. Pure.
 *     TM3 <version> <stored_at_ms> <fresh_until_ms> <stale_until_ms> <true_until_ms> <client_s>
 *         <name, 32 hex digits> <bytes of head> <of turns> <of body>\n<head><turns><body>
 */
struct cache_value {
    uint64_t version;
    int64_t stored_at_ms, fresh_until_ms, stale_until_ms, true_until_ms;
    int32_t client_s;
    uint64_t name[2];
    const struct freshness_turn *turns;
    size_t turn_count;
    struct bytes head; /* each line with its CRLF */
    struct bytes body;
};

struct bytes cache_value_encode(const struct cache_value *value, struct arena *arena);
/* False for anything but what encode makes. Head and body point into `text`. */
MUST_CHECK bool cache_value_decode(struct bytes text, struct arena *arena,
                                   struct cache_value *ret_value);

#endif
