#include "api/limit/rate_bucket.h"

#include <math.h>

struct rate_grant
rate_bucket_take(struct rate_bucket *bucket, const struct rate_policy *policy, int32_t asked,
                 int64_t now_ms)
{
    struct rate_grant grant = {0};

    if (bucket->at_ms == 0)
        bucket->tokens = policy->burst;
    else if (now_ms > bucket->at_ms)
        bucket->tokens =
            fmin(policy->burst, bucket->tokens + (double)(now_ms - bucket->at_ms) * policy->per_ms);
    if (now_ms > bucket->at_ms)
        bucket->at_ms = now_ms;
    grant.granted = (int32_t)fmin(floor(bucket->tokens), asked);
    bucket->tokens -= grant.granted;
    grant.remaining = (int32_t)bucket->tokens;
    if (bucket->tokens < 1)
        grant.wait_ms = (int64_t)ceil((1 - bucket->tokens) / policy->per_ms);
    return grant;
}

int32_t
rate_lease_size(const struct rate_policy *policy, int32_t last_lease, int32_t remaining)
{
    int64_t size = last_lease > 0 ? (int64_t)last_lease * 2 : 1;
    int64_t tenth = (int64_t)(policy->burst / 10);
    int64_t share = remaining / (4 * (int64_t)policy->sharers);

    if (size > tenth)
        size = tenth;
    if (size > share)
        size = share;
    return size < 1 ? 1 : (int32_t)size;
}

int32_t
rate_retry_after_s(int64_t wait_ms)
{
    return wait_ms <= 1000 ? 1 : (int32_t)((wait_ms + 999) / 1000);
}

int64_t
rate_reset_s(const struct rate_policy *policy, int32_t remaining)
{
    double missing = policy->burst - remaining;

    return missing <= 0 ? 0 : (int64_t)ceil(missing / policy->per_ms / 1000);
}
