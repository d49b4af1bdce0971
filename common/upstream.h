#ifndef TIDEMARK_COMMON_UPSTREAM_H
#define TIDEMARK_COMMON_UPSTREAM_H

#include "common/redis_blocking.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What all workers of all hosts know together of each provider: how much of its budget is left,
 * until when it is to be left alone, and whether its circuit breaker is open. It is kept in Redis
 * and changed only by upstream.lua, which says how each decision is made, by the clock of Redis.
 * ingest/worker/gate.h is what a worker asks; it does without Redis when that is away.
 *
 * Keys, all of one hash tag, each expiring a day after its last use (a cooldown that is longer
 * keeps its key); losing them costs nothing but the counters, because workers hand back what they
 * know:
 *
 *   up:{binance}         hash: cooldown, breaker, counters. One for each source
 *   up:{binance}:free    hash: token bucket and calls on their way, of use without a key
 *   up:{binance}:<12 hex digits>   the same of one key: the beginning of its SHA-256
 *
 * A user of Redis with an ACL needs ~up:* and +select +script|load +eval +evalsha +time +hgetall
 * +hset +hdel +pexpire.
 */
struct upstreams;

/* No I/O. `redis_url` is copied. Errors: fatal "redis.url". */
MUST_CHECK struct upstreams *upstreams_open(const char *redis_url, struct error *err);
void upstreams_close(struct upstreams *upstreams); /* NULL is fine */

/* Every call below waits as long as one of redis_blocking.h, and has its errors. */

enum upstream_word {
    UPSTREAM_GRANTED,
    UPSTREAM_COOLDOWN, /* the provider asked to be left alone */
    UPSTREAM_BREAKER,  /* it failed too often a moment ago */
    UPSTREAM_BUDGET,   /* the minute is used up */
    UPSTREAM_WORDS,
};

const char *upstream_word_name(enum upstream_word word); /* "granted", "cooldown" ... */

enum upstream_breaker { UPSTREAM_CLOSED, UPSTREAM_OPEN, UPSTREAM_HALF_OPEN, UPSTREAM_BREAKERS };

const char *
upstream_breaker_name(enum upstream_breaker breaker); /* "closed", "open", "half_open" */

/* For people and dashboards. */
struct upstream_state {
    bool known; /* false: nobody has asked in the last day; the rest is zero then */
    enum upstream_breaker breaker; /* half open from the moment on that a probe may go out */
    int64_t open_until_ms;         /* moments are Unix time by the clock of Redis; 0 = not open */
    int64_t cooldown_until_ms;     /* 0 = no cooldown */
    int64_t budget_per_minute;     /* calls, or weight; 0 = no limit */
    int64_t tokens;                /* of it, could be taken at once; never negative */
    int64_t in_flight;             /* weight of calls on their way */
    int64_t words[UPSTREAM_WORDS]; /* how often it was asked for a call, by the answer */
    int64_t limited;               /* 429 and the like */
    int64_t failed;                /* answers that count against the breaker */
    int64_t opened;                /* how often the breaker has opened */
    int64_t retried, postponed;    /* failed jobs: tried again soon, or put off by the budget */
};

MUST_CHECK bool upstream_read(struct upstreams *upstreams, const char *source,
                              struct upstream_state *ret_state, struct error *err);

/*
 * The operator's word: breaker closed, cooldown over, for every worker with its next call. Tokens
 * that were used stay used.
 */
MUST_CHECK bool upstream_reset(struct upstreams *upstreams, const char *source, struct error *err);

/* ---- for ingest/worker/gate.c only ---- */

/* Who asks, for which budget. */
struct upstream_caller {
    const char *source;
    const char *bucket;        /* "free", or the beginning of the key's hash */
    const char *name;          /* of the child, "host/1234/0": one call at a time */
    int64_t budget_per_minute; /* <= 0: no limit */
};

/* What a host knows by itself, for a Redis that was away or has lost it. */
struct upstream_memory {
    int64_t generation;       /* of the last reset it has heard of */
    int64_t cooldown_left_ms; /* 0 = none */
    int64_t open_left_ms;     /* 0 = the breaker is not open, or only this host thinks so */
    int32_t openings;         /* in a row */
    bool level_known;         /* whether `level` says anything */
    double level;             /* of its own bucket */
};

struct upstream_ask {
    int32_t weight;
    bool backfill; /* may not take the reserve for live work */
    bool again;    /* a retry: no first attempt */
};

struct upstream_answer {
    enum upstream_word word;
    int64_t wait_ms; /* unless granted: when to ask again */
    int64_t generation;
};

MUST_CHECK bool upstream_ask(struct upstreams *upstreams, const struct upstream_caller *caller,
                             const struct upstream_ask *ask, const struct upstream_memory *memory,
                             struct upstream_answer *ret_answer, struct error *err);

/* What became of a call that was granted. */
enum upstream_result {
    UPSTREAM_GOOD,    /* the provider is well, whatever it thought of the request */
    UPSTREAM_LIMITED, /* it asked to be left alone: cooldown_ms */
    UPSTREAM_FAILED,  /* network, timeout, 5xx: counts against the breaker */
    UPSTREAM_NOTHING, /* nothing was learnt: our own trouble */
};

struct upstream_report {
    enum upstream_result result;
    int64_t cooldown_ms; /* LIMITED */
    int64_t left;        /* of this minute's budget, by the provider's headers; < 0 = unknown */
    int64_t open_ms;     /* for how long a breaker opens for the first time */
    double random;       /* within [0, 1) */
};

MUST_CHECK bool upstream_report(struct upstreams *upstreams, const struct upstream_caller *caller,
                                const struct upstream_report *report, struct error *err);

/* Whether a failed job may be tried again soon; otherwise it is put off. */
MUST_CHECK bool upstream_retry(struct upstreams *upstreams, const char *source, bool *ret_soon,
                               struct error *err);

#endif
