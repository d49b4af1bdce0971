#ifndef TIDEMARK_API_HANDLERS_PRICES_WINDOW_H
#define TIDEMARK_API_HANDLERS_PRICES_WINDOW_H

#include "api/answer/problem.h"
#include "api/params/params.h"

#include <stdbool.h>
#include <stdint.h>

/* Which stretch of time a request for prices is about, and in which steps. Pure. */

/* What `granularity` may be. One that is not stored is rolled while it is read. */
#define PRICE_GRANULARITIES "tick|5m|15m|1h|4h|1d|1w"

struct granularity {
    const char *name;
    int32_t interval_s; /* 0 = ticks */
    int32_t stored_s;
};

struct price_window {
    const struct granularity *granularity;
    int64_t from_ms, until_ms; /* half open; of rolled candles whole ones */
    bool is_export;            /* all of it, rather than a page */
    bool has_as_of;
    int64_t as_of_ms;
};

enum {
    PRICE_PAGE_ROWS = 500, /* unless `limit` says */
    PRICE_PAGE_ROWS_MAX = 5000,
    PRICE_TICK_WINDOW_S = 86400,   /* of a page of ticks that does not say from when on */
    PRICE_AS_OF_INTERVALS = 50000, /* with as_of a window has no more intervals, or days of ticks */
};

/*
 * Without start_time a page begins `limit` intervals before its end, and an export with the first
 * row; without end_time the end is now.
 */
void price_window_of(const struct params *params, int64_t now_ms, struct price_window *ret_window);

/*
 * For struct reading: what no single parameter shows. 400 "parameter.range" for a window that ends
 * before it begins or that is too long for as_of, 400 "parameter.conflict" for what does not go
 * together.
 */
bool price_window_check(const struct params *params, int64_t now_ms, struct problem *ret_problem);

/* When the candle of such a window opens that a shorter one is part of. */
int64_t price_window_bucket(const struct price_window *window, int64_t open_ms);

/* The parameter's value if the route has it and it was given, else NULL. */
const struct param_value *price_param(const struct params *params, const char *name);

/* Whether a request is for all rows, past every cache, rather than for a page. */
bool price_is_export(const struct params *params);

#endif
