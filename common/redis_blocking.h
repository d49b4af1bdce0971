#ifndef TIDEMARK_COMMON_REDIS_BLOCKING_H
#define TIDEMARK_COMMON_REDIS_BLOCKING_H

#include "common/redis.h"

/*
 * Redis for programs that do one thing at a time: a call waits for its answer, but never long, so
 * that those who can do without Redis lose nothing when it is away. A connection belongs to one
 * thread and never crosses a fork; it is made by the first call that needs it, and made anew after
 * any doubt, and when the other side has closed it meanwhile. Only a host name in the url may take
 * longer, at each connect: give an address.
 *
 * Errors of every call: retry "redis.away" (no connection, no answer in time, or not asked because
 * that was so a moment ago), retry "redis.error" (it answered with an error: password, privilege,
 * memory, a replica).
 */
struct redis_blocking;

enum {
    REDIS_BLOCKING_CONNECT_MS = 200, /* connecting, logging in and loading the scripts */
    REDIS_BLOCKING_BUDGET_MS = 50,   /* one command */
    REDIS_BLOCKING_STRIKES = 3,      /* failures in a row ... */
    REDIS_BLOCKING_SKIP_MS = 1000,   /* ... then a call in so many asks, the others do not wait */
};

/* No I/O. What the settings point to must outlive it. Errors: fatal "redis.url". */
MUST_CHECK struct redis_blocking *redis_blocking_create(const struct redis_settings *settings,
                                                        struct error *err);
void redis_blocking_destroy(struct redis_blocking *redis); /* NULL is fine */

/* Sends one command. `*ret_reply` is valid until the next call. */
MUST_CHECK bool redis_blocking_send(struct redis_blocking *redis, const struct bytes *arguments,
                                    size_t count, const struct redis_reply **ret_reply,
                                    struct error *err);

/* Runs a script of the settings: `arguments` are its keys (the first `key_count`) and values. */
MUST_CHECK bool redis_blocking_run(struct redis_blocking *redis, size_t script, size_t key_count,
                                   const struct bytes *arguments, size_t count,
                                   const struct redis_reply **ret_reply, struct error *err);

#endif
