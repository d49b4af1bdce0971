#ifndef TIDEMARK_API_CACHE_INVALIDATION_H
#define TIDEMARK_API_CACHE_INVALIDATION_H

#include "api/mailbox.h"
#include "common/redis.h"

#include <stddef.h>

extern const struct redis_script invalidation_raise_script;

/* Raises the versions that replicas compare before they use or fill an entry of Redis. */
void invalidation_tell_redis(struct redis *redis, size_t script, const char *name_space,
                             const struct letter *letter);

#endif
