#include "ingest/worker/pace.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MINUTE_US = 60 * 1000 * 1000 };

int64_t
pace_budget(int64_t allowed_per_minute, int64_t percent)
{
    int64_t share = allowed_per_minute * percent / 100;

    return allowed_per_minute > 0 && share == 0 ? 1 : share;
}

/*
 * For how long a call empties the bucket. The most that fits into any minute is one bucket (a
 * tenth of the budget, or one call if that is more) and what flows in meanwhile: both together are
 * the budget.
 */
static int64_t
cost_us(int64_t budget_per_minute, int64_t weight)
{
    int64_t flow = budget_per_minute - weight; /* a minute */

    if (weight * 10 <= budget_per_minute)
        return weight * MINUTE_US * 10 / (budget_per_minute * 9);
    return flow > 0 ? weight * MINUTE_US / flow : (weight / budget_per_minute + 1) * MINUTE_US;
}

int64_t
pace_take(struct pace *pace, int64_t budget_per_minute, int32_t weight, int64_t now_us)
{
    int64_t call_us, burst_us, full_at_us, start_us, ready_us;

    if (budget_per_minute <= 0 || weight <= 0)
        return 0;
    call_us = cost_us(budget_per_minute, weight);
    burst_us = MINUTE_US / 9; /* a tenth of the budget, in the time it takes to flow in */
    full_at_us = atomic_load(&pace->full_at_us);
    do {
        start_us = full_at_us > now_us ? full_at_us : now_us;
        ready_us = call_us < burst_us ? start_us + call_us - burst_us : start_us;
        if (ready_us > now_us)
            return (ready_us - now_us + 999) / 1000;
    } while (!atomic_compare_exchange_weak(&pace->full_at_us, &full_at_us, start_us + call_us));
    return 0;
}

void
pace_cool_down(struct pace *pace, int64_t until_ms)
{
    int64_t known_ms = atomic_load(&pace->cooldown_until_ms);

    while (known_ms < until_ms &&
           !atomic_compare_exchange_weak(&pace->cooldown_until_ms, &known_ms, until_ms))
        continue;
}

int64_t
pace_cooldown_ms(struct pace *pace, int64_t now_ms)
{
    int64_t until_ms = atomic_load(&pace->cooldown_until_ms);

    return until_ms > now_ms ? until_ms - now_ms : 0;
}

int
pace_create_shared(size_t count)
{
    int fd = memfd_create("tidemark-paces", 0);

    if (fd < 0 || ftruncate(fd, (off_t)(count * sizeof(struct pace))) != 0)
        abort();
    return fd;
}

struct pace *
pace_map(int fd, size_t index)
{
    struct pace *paces =
        mmap(NULL, (index + 1) * sizeof(*paces), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (paces == MAP_FAILED)
        abort();
    close(fd);
    return &paces[index];
}
