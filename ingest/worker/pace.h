#ifndef TIDEMARK_INGEST_WORKER_PACE_H
#define TIDEMARK_INGEST_WORKER_PACE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How fast one source may be asked. The supervisor makes memory for one of these per source, which
 * all its children map, so that they draw on one budget; there is no lock that a killed child could
 * leave held.
 *
 * A token bucket kept as one moment: when it would be full again. Nine tenths of the budget flow in
 * evenly and a tenth may be taken at once, so that no minute, wherever it starts, exceeds the
 * budget. Times are those of clock_monotonic_*, which all processes of a machine share.
 */
struct pace {
    _Atomic int64_t full_at_us;        /* the bucket is full from then on */
    _Atomic int64_t cooldown_until_ms; /* nothing is asked before */
};

/*
 * A share of what a provider allows a minute, in percent. 0 only for a provider without a limit:
 * the smallest share of a small budget is still a budget.
 */
int64_t pace_budget(int64_t allowed_per_minute, int64_t percent);

/*
 * Takes `weight` out of a budget of `budget_per_minute` (<= 0: no limit). Returns 0, or how many
 * milliseconds to wait before trying again; then nothing was taken. A call heavier than
 * the bucket gets through when the bucket is full.
 */
int64_t pace_take(struct pace *pace, int64_t budget_per_minute, int32_t weight, int64_t now_us);

/* The provider asked to be left alone until then; an earlier end than the one known is ignored. */
void pace_cool_down(struct pace *pace, int64_t until_ms);

/* Milliseconds until it may be asked again; 0 = now. */
int64_t pace_cooldown_ms(struct pace *pace, int64_t now_ms);

/* Memory for `count` of them, all at rest, as a descriptor that children inherit. */
int pace_create_shared(size_t count);
/* The one at `index`, as long as the process lives. Takes the descriptor. */
struct pace *pace_map(int fd, size_t index);

#endif
