#ifndef TIDEMARK_INGEST_TASKS_GAPS_PLAN_H
#define TIDEMARK_INGEST_TASKS_GAPS_PLAN_H

#include "common/arena.h"
#include "common/error.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The jobs that ask for missing candles. Each is a history of a window, of a stream of its own, so
 * that the regular history stays where it is; what can be asked for only the source itself knows.
 * Pure: no clock, no database.
 */

/* The intervals that gaps are looked for in: "5m", "1h", "1d". */
enum { GAPS_INTERVALS = 3 };
extern const int32_t gaps_intervals_s[GAPS_INTERVALS];

/*
 * How far back the source gives candles of that interval, on the interval's grid. False if it gives
 * none; `symbol` is any of its markets.
 */
bool gaps_reach(const struct source *source, const char *symbol, int32_t interval_s, int64_t now_ms,
                struct arena *arena, int64_t *ret_reaches_to_ms);

struct gaps_window {
    const char *symbol;
    int32_t interval_s;
    int64_t from_ms, until_ms; /* on open time and on the interval's grid, until exclusive */
};

/*
 * Fills in the whole job, due now. False if the source has nothing of that window, or the market's
 * name is none that it takes: then nobody needs to ask.
 */
bool gaps_make_job(const struct source *source, const struct gaps_window *window, int64_t now_ms,
                   struct arena *arena, struct job *ret_job);

#endif
