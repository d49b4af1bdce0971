#ifndef TIDEMARK_API_LIMIT_RATE_LIMIT_H
#define TIDEMARK_API_LIMIT_RATE_LIMIT_H

#include "api/limit/client_address.h"
#include "api/limit/rate_bucket.h"
#include "common/redis.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct rate_bank;

/*
 * How many requests a client may make. The bucket of a client lies in Redis, shared by all
 * replicas; a loop takes tokens from it in small leases and spends them without a round trip. What
 * it has not spent a second after its client's last request it gives back.
 *
 * Tokens leave the bucket before they are spent, so no more are spent than the bucket gives; but it
 * refills while leases lie elsewhere: in any time t at most
 *     burst + rate * t + loops * burst / 10
 * requests pass. When Redis is away the loop leases from the bank of its process instead, which
 * holds its share (1 / REPLICAS_EXPECTED) of each limit.
 */
struct limiter;

struct limiter_settings {
    struct rate_policy policy;
    const char *name_space; /* in front of the Redis keys; must outlive the limiter */
    size_t script;          /* where limiter_script stands in redis_settings.scripts */
};

extern const struct redis_script limiter_script;

/* What a client is told about its limit. */
struct limit_state {
    int32_t remaining;
    int64_t reset_s;       /* until the bucket is full again */
    int32_t retry_after_s; /* when refused */
};

enum limit_verdict { LIMIT_GRANTED, LIMIT_REFUSED, LIMIT_WAITING };

/* Who waits for a lease; it lives in the request. */
struct limit_waiter {
    struct limit_waiter *next;
    int32_t cost;
    /* Told once, unless it was forgotten before. */
    void (*done)(struct limit_waiter *waiter, enum limit_verdict verdict,
                 const struct limit_state *state);
    struct limit_client *client; /* whom it waits for; NULL = for nobody */
};

struct limiter *limiter_create(struct event_base *base, const struct limiter_settings *settings,
                               struct redis *redis, struct rate_bank *bank);
void limiter_destroy(struct limiter *limiter); /* NULL is fine */

/*
 * Takes `waiter->cost` tokens of the client. LIMIT_WAITING: `done` is called later, within
 * REDIS_BUDGET_MS. Otherwise `*ret_state` is filled and `done` is not called.
 */
enum limit_verdict limiter_take(struct limiter *limiter, const struct address *bucket,
                                int64_t now_ms, struct limit_waiter *waiter,
                                struct limit_state *ret_state);
/* The request is gone: do not tell it. */
void limiter_forget(struct limit_waiter *waiter);

struct limiter_counts {
    uint64_t granted, refused;
    uint64_t leases_shared, leases_local; /* from Redis, from the bank */
    uint64_t clients;                     /* known now */
};
const struct limiter_counts *limiter_counts(const struct limiter *limiter);

/*
 * The buckets of a process while Redis is away; shared by its loops under a lock, which is taken
 * once a lease. `policy` is the share of this process.
 */
struct rate_bank *rate_bank_create(const struct rate_policy *policy);
void rate_bank_destroy(struct rate_bank *bank); /* NULL is fine */
struct rate_grant rate_bank_take(struct rate_bank *bank, const struct address *client,
                                 int32_t asked, int64_t now_ms);

#endif
