#ifndef TIDEMARK_API_CACHE_LOADS_H
#define TIDEMARK_API_CACHE_LOADS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Which schedules load what the API serves, and when the next of them falls due. Read by the keeper
 * with the catalogue; immutable and counted, as that is. Reads no clock.
 */
struct loads;

/* What a schedule loads: the prices (interval_s 0) or candles of a source. */
struct load_rule {
    const char *source;
    const char *asset, *currency; /* NULL = any */
    int32_t interval_s;           /* LOADS_ANY_INTERVAL = candles of any */
    const char *cron;             /* instead of period_s; NULL = none */
    int64_t period_s, offset_s;   /* offset_s < what lies between two slots */
};

enum {
    LOADS_ANY_INTERVAL = -1,
    LOADS_GRACE_S = 20, /* so long after its slot fell due a load is still on its way */
};

/* Copies all of it. Rules of which nobody can say when they are due are left out. */
struct loads *loads_create(const struct load_rule *rules, size_t count);
struct loads *loads_hold(struct loads *loads);
void loads_release(struct loads *loads); /* NULL is fine */

/*
 * When a price of a source is expected to be loaded next, in unix milliseconds: `now_ms` if a slot
 * has fallen due a moment ago (LOADS_GRACE_S, of short periods a quarter) and what there is was
 * observed before that slot, else when the next slot falls due. A source of which only candles are
 * scheduled gives the price with them. 0 = nothing is scheduled. `observed_at_ms` 0 = there is
 * nothing yet.
 */
int64_t loads_next_price_ms(const struct loads *loads, const char *source, const char *asset,
                            const char *currency, int64_t observed_at_ms, int64_t now_ms);
/* The same for candles, the newest of which closed at `closed_at_ms`. */
int64_t loads_next_candle_ms(const struct loads *loads, const char *source, const char *asset,
                             const char *currency, int32_t interval_s, int64_t closed_at_ms,
                             int64_t now_ms);

#endif
