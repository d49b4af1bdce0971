#ifndef TIDEMARK_API_HANDLERS_UDF_WINDOW_H
#define TIDEMARK_API_HANDLERS_UDF_WINDOW_H

#include "api/handlers/udf/resolutions.h"
#include "api/params/params.h"
#include "common/arena.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Which bars a request is about, in whole bars: those that begin at `from_ms` or later and before
 * `until_ms`, the newest `bars` of them. Pure, of the parameters `resolution`, `from`, `to` and,
 * where a route has it, `countback`.
 */
struct window {
    const struct resolution *resolution;
    int64_t from_ms, until_ms, bars;
    bool is_open;  /* up to the bar that is not over yet */
    bool is_count; /* so many bars, however far back */
};

/* More are never answered at once. */
enum { WINDOW_BARS_MAX = 5000 };

/*
 * For struct reading: a chart asks for bars up to a moment that nobody asks for twice. What that
 * comes to is the end of a bar, or now; `from` does not count beside a number of bars.
 */
void window_settle(struct params *params, int64_t now_ms, struct arena *arena);

/* Of parameters that were settled. */
struct window window_of(const struct params *params, int64_t now_ms);

#endif
