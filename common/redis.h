#ifndef TIDEMARK_COMMON_REDIS_H
#define TIDEMARK_COMMON_REDIS_H

#include "common/arena.h"
#include "common/attributes.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/*
 * The only door to hiredis, with two ways in: this one never waits (the event loops of the API),
 * redis_blocking.h waits a little (workers, tools).
 *
 * One connection of one event loop. An answer that does not come within REDIS_BUDGET_MS is no
 * answer, and after REDIS_STRIKES of those in a row nobody is kept waiting at all until a probe,
 * once a second, was answered. A connection without commands is asked now and then, so that its
 * end is known before it is needed. It comes back by itself. Only a host name in the url
 * blocks, at each connect: give an address.
 */
struct redis;

enum {
    REDIS_BUDGET_MS = 30,         /* one command */
    REDIS_CONNECT_MS = 200,       /* connecting, and no progress at all: connect anew */
    REDIS_STRIKES = 5,            /* commands without answer in a row */
    REDIS_SKIP_MS = 1000,         /* then ask nothing for so long */
    REDIS_IDLE_MS = 2000,         /* without a command: ask whether it is still there */
    REDIS_OUTSTANDING_MAX = 1024, /* commands on their way; above it none is taken */
    REDIS_ARGUMENTS_MAX = 600,
    REDIS_SCRIPTS_MAX = 8,
};

/* Loaded at each connect and run by its hash. */
struct redis_script {
    const char *name;
    const char *text;
};

struct redis_settings {
    const char *url; /* redis://[[user]:password@]host[:port][/database]; copied */
    const struct redis_script *const *scripts; /* must outlive the connection */
    size_t script_count;
};

struct redis_counts {
    uint64_t commands; /* sent */
    uint64_t timeouts; /* no answer within the budget */
    uint64_t refused;  /* not sent: away, skipped or too many on their way */
    uint64_t connects;
};

/* Errors: fatal "redis.url". Connecting starts when the loop runs. */
MUST_CHECK struct redis *redis_create(struct event_base *base,
                                      const struct redis_settings *settings, struct error *err);
/* Calls the callbacks of what is on its way, with NULL. NULL is fine. */
void redis_destroy(struct redis *redis);

/* Commands can be sent now. */
bool redis_usable(const struct redis *redis);
const struct redis_counts *redis_counts(const struct redis *redis);

/* An answer; valid inside the callback only. */
struct redis_reply;
bool redis_reply_is_error(const struct redis_reply *reply);
bool redis_reply_is_nil(const struct redis_reply *reply);
/* False if it is not a string (or status) or not an integer. */
MUST_CHECK bool redis_reply_string(const struct redis_reply *reply, struct bytes *ret_string);
MUST_CHECK bool redis_reply_integer(const struct redis_reply *reply, int64_t *ret_integer);
/* NULL if it is no array or has no such element. */
const struct redis_reply *redis_reply_element(const struct redis_reply *reply, size_t index);

/* `reply` is NULL when no answer came: too late, lost, or an answer that cannot be used now. */
typedef void redis_done(void *context, const struct redis_reply *reply);

/*
 * Sends one command. False: not sent, and `done` is never called. Otherwise `done` is called
 * exactly once, later, from the loop. Arguments are copied. `done` may be NULL.
 */
MUST_CHECK bool redis_send(struct redis *redis, const struct bytes *arguments, size_t count,
                           redis_done *done, void *context);

/* Runs a script of the settings: `arguments` are its keys (the first `key_count`) and values. */
MUST_CHECK bool redis_run(struct redis *redis, size_t script, size_t key_count,
                          const struct bytes *arguments, size_t count, redis_done *done,
                          void *context);

#endif
