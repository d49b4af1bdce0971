#ifndef TIDEMARK_INGEST_WORKER_GATE_H
#define TIDEMARK_INGEST_WORKER_GATE_H

#include "common/upstream.h"
#include "ingest/worker/gate_memory.h"

/*
 * Every call to a provider goes through here: may it be made now, and what became of it. One
 * budget, one cooldown and one circuit breaker for all workers of all hosts, in Redis
 * (common/upstream.h): one round trip before a call and one behind it.
 *
 * While Redis is away, or if there is none, each host decides by what it has learnt until then, in
 * memory that its children share, with its part of the budget: all hosts together keep to it if
 * WORKERS_EXPECTED says how many there are; at worst they use hosts x budget / WORKERS_EXPECTED. A
 * cooldown or an open breaker that one host learns of then is unknown to the others until Redis is
 * back. Nothing here waits longer than one call of common/redis_blocking.h.
 */
struct gate;

struct gate_settings {
    const char *redis_url; /* "" = this host is alone */
    const char *source;
    const char *key;           /* for the provider, or NULL: each key has its own budget */
    int64_t budget_per_minute; /* calls, or weight; <= 0: no limit */
    int64_t hosts;             /* how many share the budget while Redis is away */
    int64_t open_ms;           /* how long the breaker opens for the first time */
    const char *caller;        /* name of the child */
    int32_t index;             /* of the child among those of this source on this host */
    struct gate_memory *memory;
};

/* No I/O. Errors: fatal "redis.url". */
MUST_CHECK struct gate *gate_create(const struct gate_settings *settings, struct error *err);
void gate_destroy(struct gate *gate); /* NULL is fine */

/* Granted: the call is to be made at once, and then reported. Otherwise `*ret_wait_ms` is > 0. */
enum upstream_word gate_ask(struct gate *gate, const struct upstream_ask *ask,
                            int64_t *ret_wait_ms);

/* The provider's own count of this minute's budget. */
struct gate_use {
    int64_t used; /* 0 = it does not say */
    int64_t left;
    bool left_known;
};

/* What became of a call that was granted. `cooldown_ms` is for LIMITED. */
void gate_report(struct gate *gate, enum upstream_result result, int64_t cooldown_ms,
                 const struct gate_use *use);

/* Whether a job that the provider failed may be tried again soon; otherwise it is put off. */
bool gate_retry_soon(struct gate *gate);

#endif
