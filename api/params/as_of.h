#ifndef TIDEMARK_API_PARAMS_AS_OF_H
#define TIDEMARK_API_PARAMS_AS_OF_H

#include "api/cache/flight.h"
#include "api/params/params.h"
#include "common/database.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The parameter `as_of` of routes that answer with what was known at a moment: rows whose known_at,
 * the time when their payload was fetched, is not later. Everything here is for a request without
 * it, and a route without that parameter, as well, and then changes nothing.
 */

/* The row of a table of parameters. */
#define AS_OF_PARAM                                                                                \
    {                                                                                              \
        "as_of", PARAM_MOMENT, MOMENT_MIN, MOMENT_MAX, NULL, NULL, false,                          \
            "What was known at this moment, in milliseconds since 1970 or such as "                \
            "2026-11-21T08:00:00Z; not in the future."                                             \
    }
#define MOMENT_MIN 1230768000000 /* 2009-01-01, before which there was nothing to know */
#define MOMENT_MAX 4102444800000 /* 2100-01-01 */

/*
 * A row is committed after its payload was fetched, a rolled candle after its inputs: what was
 * known at a moment is not settled until this much later. By then the longest retry of a page and
 * the rollup behind it are over.
 */
enum { AS_OF_SETTLED_S = 86400 };

/* For struct reading. Refuses the future: 400 "parameter.range". */
bool as_of_check(const struct params *params, int64_t now_ms, struct problem *ret_problem);
/* A settled answer may be kept for a week, one that is not settled for half a minute. */
int32_t as_of_client_s(const struct params *params, int64_t now_ms, int32_t policy_s);

bool as_of_given(const struct params *params);
/* The moment that stands for now: as_of, or now. */
int64_t as_of_now_ms(const struct params *params);
/* Nothing that is yet to come changes a settled answer, so it needs no tags. */
bool as_of_is_settled(const struct params *params, int64_t now_ms);

/* Adds `"as_of":"2026-11-21T08:00:00.000Z"` and a comma, if it was given. */
void as_of_add(struct text *text, const struct params *params);

#endif
