#ifndef TIDEMARK_API_LIMIT_RATE_BUCKET_H
#define TIDEMARK_API_LIMIT_RATE_BUCKET_H

#include <stdint.h>

/*
 * A token bucket and the size of a lease. Pure. The script in rate_limit.c does the same sums
 * inside Redis; this one counts while Redis is away.
 */
struct rate_policy {
    double per_ms;   /* tokens that come back each millisecond */
    double burst;    /* tokens of a full bucket */
    int32_t sharers; /* event loops that may lease from one bucket: replicas x threads */
};

struct rate_bucket {
    double tokens;
    int64_t at_ms; /* when `tokens` was right; 0 = never used: full */
};

struct rate_grant {
    int32_t granted;   /* tokens, 0..asked */
    int32_t remaining; /* whole tokens left in the bucket */
    int64_t wait_ms;   /* until there is one token again; 0 if there is */
};

/* Time that goes backwards counts as standing still. */
struct rate_grant rate_bucket_take(struct rate_bucket *bucket, const struct rate_policy *policy,
                                   int32_t asked, int64_t now_ms);

/*
 * How many tokens to ask for. A lease saves trips, but what one loop holds the others do not have:
 * so it begins with 1, doubles while its client keeps using it up (`last_lease`), never passes a
 * tenth of the burst, and shrinks to 1 when few are left, so that a client is refused close to its
 * limit and not a lease per loop before it.
 */
int32_t rate_lease_size(const struct rate_policy *policy, int32_t last_lease, int32_t remaining);

/* Whole seconds, rounded up, at least 1: for Retry-After. */
int32_t rate_retry_after_s(int64_t wait_ms);

/* Seconds until `remaining` tokens have become a full bucket again, rounded up. */
int64_t rate_reset_s(const struct rate_policy *policy, int32_t remaining);

#endif
