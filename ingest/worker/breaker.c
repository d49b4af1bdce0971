#include "ingest/worker/breaker.h"

static const struct tally_shape minute = {10 * 1000 * 1000, 6};

int64_t
breaker_wait_us(const struct breaker *breaker, int32_t caller, int64_t now_us)
{
    int64_t probe_us = breaker->probe_until_us - now_us;

    if (breaker->state == UPSTREAM_CLOSED)
        return 0;
    if (breaker->open_until_us > now_us)
        return breaker->open_until_us - now_us;
    if (probe_us <= 0 || breaker->prober == caller)
        return 0;
    return probe_us < BREAKER_POLL_US ? probe_us : BREAKER_POLL_US;
}

void
breaker_pass(struct breaker *breaker, int32_t caller, int64_t now_us)
{
    if (breaker->state == UPSTREAM_CLOSED)
        return;
    breaker->state = UPSTREAM_HALF_OPEN;
    breaker->probe_until_us = now_us + BREAKER_LEASE_US;
    breaker->prober = caller;
}

static void
open_breaker(struct breaker *breaker, int64_t first_us, double random, int64_t now_us)
{
    double length_us = (double)first_us;

    for (int32_t i = 0; i < breaker->openings && length_us < BREAKER_LONGEST_US; i++)
        length_us *= 2;
    if (length_us > BREAKER_LONGEST_US)
        length_us = BREAKER_LONGEST_US;
    *breaker = (struct breaker){
        .state = UPSTREAM_OPEN,
        .openings = breaker->openings + 1,
        .open_until_us = now_us + (int64_t)(length_us * (0.75 + random / 2)),
    };
}

static void
note_failure(struct breaker *breaker, bool is_prober, int64_t first_us, double random,
             int64_t now_us)
{
    struct tally_sums sums = tally_add(&breaker->recent, &minute, 0, 1, now_us);
    int64_t answers = sums.a + sums.b;

    if (is_prober) {
        open_breaker(breaker, first_us, random, now_us);
        return;
    }
    if (breaker->state != UPSTREAM_CLOSED)
        return;
    breaker->failures++;
    if (breaker->failures >= BREAKER_FAILURES ||
        (answers >= BREAKER_ANSWERS && sums.b * 2 >= answers))
        open_breaker(breaker, first_us, random, now_us);
}

void
breaker_note(struct breaker *breaker, int32_t caller, enum upstream_result result, int64_t first_us,
             double random, int64_t now_us)
{
    bool is_prober = breaker->state == UPSTREAM_HALF_OPEN && breaker->probe_until_us > now_us &&
                     breaker->prober == caller;

    if (result == UPSTREAM_FAILED) {
        note_failure(breaker, is_prober, first_us, random, now_us);
        return;
    }
    if (result != UPSTREAM_GOOD) {
        if (is_prober)
            breaker->probe_until_us = 0;
        return;
    }
    if (is_prober)
        *breaker = (struct breaker){.state = UPSTREAM_CLOSED};
    if (breaker->state != UPSTREAM_CLOSED)
        return;
    breaker->failures = 0;
    tally_add(&breaker->recent, &minute, 1, 0, now_us);
}
