#include "ingest/worker/retry.h"

static const int64_t backoff_ms[] = {10000, 30000, 120000, 600000, 1800000};

int64_t
retry_backoff_ms(int32_t attempt)
{
    size_t last = COUNT_OF(backoff_ms) - 1;

    if (attempt < 1)
        return backoff_ms[0];
    return (size_t)attempt - 1 < last ? backoff_ms[attempt - 1] : backoff_ms[last];
}

size_t
retry_tier(int32_t attempt, const int64_t *tiers_ms, size_t tier_count, uint32_t random)
{
    int64_t longest_ms = retry_backoff_ms(attempt);
    size_t first = 0, end;

    for (end = 0; end < tier_count && tiers_ms[end] <= longest_ms; end++)
        if (tiers_ms[end] < longest_ms / 2)
            first = end + 1;
    if (first < end)
        return first + random % (end - first);
    return end > 0 ? end - 1 : 0;
}

size_t
retry_tier_at_least(int64_t wait_ms, const int64_t *tiers_ms, size_t tier_count)
{
    size_t tier = 0;

    while (tier + 1 < tier_count && tiers_ms[tier] < wait_ms)
        tier++;
    return tier;
}

int32_t
retry_attempts_max(enum job_kind kind)
{
    return kind == JOB_HISTORY ? 12 : 6;
}
