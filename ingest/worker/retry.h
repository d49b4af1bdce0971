#ifndef TIDEMARK_INGEST_WORKER_RETRY_H
#define TIDEMARK_INGEST_WORKER_RETRY_H

#include "common/job.h"

#include <stddef.h>
#include <stdint.h>

/*
 * When a job comes back, as the index of one of the broker's delay queues ("tiers"). Pure: the
 * tiers (ascending milliseconds, at least one) and the random number are arguments.
 * The numbers are those of the retry table in the design: 10 s, 30 s, 2 min, 10 min, then 30 min.
 */

/* How long a job waits after its `attempt`-th failure (from 1), before jitter, in milliseconds. */
int64_t retry_backoff_ms(int32_t attempt);

/*
 * A tier drawn evenly from those within [d/2, d] of that wait. If none is in there (tests shorten
 * the tiers), the longest tier below it, else the shortest of all.
 */
size_t retry_tier(int32_t attempt, const int64_t *tiers_ms, size_t tier_count, uint32_t random);

/* The shortest tier that is not over before `wait_ms`; the longest tier if none is that long. */
size_t retry_tier_at_least(int64_t wait_ms, const int64_t *tiers_ms, size_t tier_count);

/* How often a job of this kind may fail before it is dead: 6, and 12 for history. */
int32_t retry_attempts_max(enum job_kind kind);

#endif
