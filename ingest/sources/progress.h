#ifndef TIDEMARK_INGEST_SOURCES_PROGRESS_H
#define TIDEMARK_INGEST_SOURCES_PROGRESS_H

#include "ingest/sources/args.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How a job goes on: what part of a history is wanted next, and the position after it.
 *
 * The last PROGRESS_OVERLAP candles before the position are taken once more by the request that
 * reaches the present. Providers correct the newest candle or publish it late, and the unfinished
 * one of a provider whose clock is behind ours looks finished: so each is seen again when it has
 * settled. Rows that did not change are left untouched by the store.
 */
enum { PROGRESS_OVERLAP = 2 };

/* All on open time and on the interval's grid. */
struct progress {
    int64_t from_ms; /* the first candle to ask for */
    int64_t to_ms;   /* the end of the window of at most `capacity` candles, exclusive */
    int64_t end_ms;  /* the end of what can exist, and of what is wanted: exclusive */
};

/*
 * A job with `until_s` is of a window: nothing outside of it is asked for, by whatever position.
 * `earliest_ms`: no history before it. `capacity`: candles the provider gives in one answer,
 * > PROGRESS_OVERLAP. Sets `*ret_done` to whether nothing is left. Errors: reject "job.position".
 */
MUST_CHECK bool progress_plan(const struct question *question, const struct history_args *args,
                              int64_t earliest_ms, int64_t capacity, struct progress *ret_progress,
                              bool *ret_done, struct error *err);

/* The position "at `next_ms`", or NULL if that is not after the one the request went on from. */
const char *progress_position(const struct request *request, int64_t next_ms, struct arena *arena);

#endif
