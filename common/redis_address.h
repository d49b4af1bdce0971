#ifndef TIDEMARK_COMMON_REDIS_ADDRESS_H
#define TIDEMARK_COMMON_REDIS_ADDRESS_H

#include "common/arena.h"
#include "common/attributes.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What REDIS_URL says. Strings live in the arena that it was read into. */
struct redis_address {
    const char *host;
    int32_t port;
    const char *password; /* NULL = none */
    const char *database; /* digits */
};

/*
 * Reads redis://[[user]:password@]host[:port][/database], port 6379 and database 0 unless said; %xx
 * is decoded in the password. Errors: fatal "redis.url", which never repeats the url. Pure.
 */
MUST_CHECK bool redis_address_parse(const char *url, struct arena *arena,
                                    struct redis_address *ret_address, struct error *err);

#endif
