#ifndef TIDEMARK_API_CACHE_SHORTCUTS_H
#define TIDEMARK_API_CACHE_SHORTCUTS_H

#include "api/cache/cache.h"
#include "api/params/params.h"

#include <stdbool.h>
#include <stdint.h>

struct route;

/*
 * Request targets, byte for byte, that were checked before, and what they mean: the next request
 * with the same bytes needs no parsing. Only good ones enter, so a hit is as good as a check, as
 * long as the names it was checked against still exist: names are never taken away. Of fixed size:
 * a new target takes the place of whatever was in its slot. One thread.
 */
struct shortcuts;

struct shortcut {
    const struct route *route;
    struct params params;
    struct cache_key key; /* no text if the route is not cached */
    bool by_accept;       /* it means this only to who would get JSON: see api/answer/formats.h */
};

enum { SHORTCUTS_SLOTS = 1024, SHORTCUTS_TARGET_MAX = 512 };

struct shortcuts *shortcuts_create(uint64_t seed);
void shortcuts_destroy(struct shortcuts *shortcuts); /* NULL is fine */

/* NULL if not known. Valid until the next shortcuts_add(). */
const struct shortcut *shortcuts_find(const struct shortcuts *shortcuts, struct bytes target);
/* Copies all of it. */
void shortcuts_add(struct shortcuts *shortcuts, struct bytes target,
                   const struct shortcut *meaning);

#endif
