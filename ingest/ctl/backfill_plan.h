#ifndef TIDEMARK_INGEST_CTL_BACKFILL_PLAN_H
#define TIDEMARK_INGEST_CTL_BACKFILL_PLAN_H

#include "ingest/ctl/command.h"
#include "ingest/ctl/orders.h"
#include "ingest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What a backfill asks for, checked before anything is ordered by asking the source itself: it says
 * how far back it can be asked. Pure: no clock, no database.
 */
struct backfill_plan {
    const struct source *source;
    const char *const *symbols;
    size_t symbol_count;
    const char *interval;
    int64_t step_ms;
    int64_t from_ms, until_ms; /* on open time and on the interval's grid, until exclusive */
    struct order *orders;      /* one a symbol; without source_id */
};

/*
 * `call` has the arguments SOURCE SYMBOL... INTERVAL and the options from, to and series. Errors:
 * fatal "usage"; reject "backfill.source", "backfill.window", "job.args".
 */
MUST_CHECK bool backfill_plan(const struct call *call, int64_t now_ms,
                              struct backfill_plan *ret_plan, struct error *err);

/* How much of the window lies before a position of its stream, within [0, 1]; NULL = nothing. */
double backfill_share(const struct backfill_plan *plan, const char *position);

#endif
