#include "api/handlers/prices/window.h"

#include "api/answer/formats.h"
#include "api/params/as_of.h"
#include "common/attributes.h"

#include <string.h>

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    MONDAY_S = 4 * DAY_S, /* 1970-01-05: where weeks begin, and all shorter intervals too */
};

static const char conflict_title[] = "The request has parameters that do not go together";
static const char malformed_title[] = "The request has a parameter that cannot be used";

static const struct granularity granularities[] = {
    {"tick", 0,          0     },
    {"5m",   300,        300   },
    {"15m",  900,        300   },
    {"1h",   HOUR_S,     HOUR_S},
    {"4h",   4 * HOUR_S, HOUR_S},
    {"1d",   DAY_S,      DAY_S },
    {"1w",   7 * DAY_S,  DAY_S },
};

static const struct granularity *
find_granularity(const char *name)
{
    size_t i = 0;

    while (i + 1 < COUNT_OF(granularities) && strcmp(granularities[i].name, name) != 0)
        i++;
    return &granularities[i]; /* the parameter's choices are these */
}

const struct param_value *
price_param(const struct params *params, const char *name)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (strcmp(params->declared[i].name, name) == 0)
            return params->values[i].given ? &params->values[i] : NULL;
    }
    return NULL;
}

bool
price_is_export(const struct params *params)
{
    switch (formats_of(params)) {
    case FORMAT_PARQUET:
        return true;
    case FORMAT_CSV:
    case FORMAT_NDJSON:
        return !price_param(params, "limit");
    case FORMAT_JSON:
    case FORMAT_LWC:
        break;
    }
    return false;
}

/* The first bucket that opens at a moment or after it. */
static int64_t
bucket_from(int64_t at_ms, int32_t interval_s)
{
    int64_t step_ms = interval_s * INT64_C(1000), monday_ms = MONDAY_S * INT64_C(1000);

    if (at_ms <= monday_ms)
        return monday_ms;
    return (at_ms - monday_ms + step_ms - 1) / step_ms * step_ms + monday_ms;
}

int64_t
price_window_bucket(const struct price_window *window, int64_t open_ms)
{
    const struct granularity *granularity = window->granularity;
    int64_t next_ms;

    if (granularity->interval_s == granularity->stored_s)
        return open_ms;
    next_ms = bucket_from(open_ms, granularity->interval_s);
    return next_ms == open_ms ? open_ms : next_ms - granularity->interval_s * INT64_C(1000);
}

static int64_t
start_of(const struct params *params, const struct price_window *window)
{
    const struct param_value *start = price_param(params, "start_time");
    const struct param_value *limit = price_param(params, "limit");
    int64_t from_ms, steps = limit ? limit->integer : PRICE_PAGE_ROWS;

    if (start)
        return start->integer;
    if (window->is_export)
        return 0;
    from_ms = window->granularity->interval_s
                  ? window->until_ms - steps * window->granularity->interval_s * 1000
                  : window->until_ms - PRICE_TICK_WINDOW_S * INT64_C(1000);
    return from_ms > 0 ? from_ms : 0;
}

void
price_window_of(const struct params *params, int64_t now_ms, struct price_window *ret_window)
{
    const struct param_value *as_of = price_param(params, "as_of");
    const struct param_value *end = price_param(params, "end_time");
    const struct granularity *granularity =
        find_granularity(params_get(params, "granularity")->text);
    struct price_window window = {.granularity = granularity,
                                  .until_ms = end ? end->integer : now_ms,
                                  .is_export = price_is_export(params),
                                  .has_as_of = as_of != NULL,
                                  .as_of_ms = as_of ? as_of->integer : now_ms};

    if (window.until_ms > window.as_of_ms && as_of)
        window.until_ms = window.as_of_ms;
    window.from_ms = start_of(params, &window);
    if (granularity->interval_s != granularity->stored_s) {
        window.from_ms = bucket_from(window.from_ms, granularity->interval_s);
        window.until_ms = bucket_from(window.until_ms, granularity->interval_s);
    }
    *ret_window = window;
}

/* ---------------------------------------------------------------------------------- checking */

static bool
refuse_range(struct problem *problem, const char *parameter, const char *why, const char *allowed)
{
    problem_set(problem, 400, "parameter.range", malformed_title, "%s: %s", parameter, why);
    problem->parameter = parameter;
    problem->allowed = allowed;
    return false;
}

static bool
refuse_conflict(struct problem *problem, const char *parameter, const char *why,
                const char *allowed)
{
    problem_set(problem, 400, "parameter.conflict", conflict_title, "%s: %s", parameter, why);
    problem->parameter = parameter;
    problem->allowed = allowed;
    return false;
}

static bool
check_range(const struct params *params, int64_t now_ms, struct problem *problem)
{
    const struct param_value *start = price_param(params, "start_time");
    const struct param_value *end = price_param(params, "end_time");
    int64_t until_ms = end ? end->integer : now_ms;

    if (start && start->integer >= until_ms)
        return end ? refuse_range(problem, "end_time", "not after start_time",
                                  "\"a moment after start_time, which is part of the window when "
                                  "end_time is not\"")
                   : refuse_range(problem, "start_time", "not in the past",
                                  "\"a moment before end_time, or before now\"");
    return true;
}

/* What was known then is put together for a whole window, so it must be one that can be. */
static bool
check_as_of(const struct params *params, int64_t now_ms, struct problem *problem)
{
    struct price_window window;
    int64_t step_s;

    if (!price_param(params, "as_of"))
        return true;
    price_window_of(params, now_ms, &window);
    step_s = window.granularity->stored_s ? window.granularity->stored_s : DAY_S;
    if (window.until_ms - window.from_ms <= step_s * 1000 * PRICE_AS_OF_INTERVALS)
        return true;
    return refuse_range(problem, "start_time", "too long ago for as_of",
                        "\"with as_of, at most 50000 candles as they are stored before end_time\"");
}

static bool
check_days(const struct params *params, int64_t now_ms, struct problem *problem)
{
    static const char *const names[] = {"start_time", "end_time"};
    static const char allowed[] =
        "\"for parquet, the midnights (UTC) at which the first day begins "
        "and the last one, which is over, ends\"";

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct param_value *moment = price_param(params, names[i]);

        if (!moment)
            return refuse_conflict(problem, names[i], "parquet is of closed days", allowed);
        if (moment->integer % (DAY_S * INT64_C(1000)) != 0)
            return refuse_conflict(problem, names[i], "not the midnight of a day", allowed);
    }
    if (price_param(params, "end_time")->integer > now_ms)
        return refuse_conflict(problem, "end_time", "the last day is not over", allowed);
    return true;
}

static bool
check_forms(const struct params *params, int64_t now_ms, struct problem *problem)
{
    const struct param_value *fill = price_param(params, "fill");
    bool is_tick = strcmp(params_get(params, "granularity")->text, "tick") == 0;
    enum format format = formats_of(params);

    if (format == FORMAT_LWC && is_tick)
        return refuse_conflict(problem, "granularity", "lwc is of candles",
                               "[\"5m\",\"15m\",\"1h\",\"4h\",\"1d\",\"1w\"]");
    if (format == FORMAT_LWC && formats_numbers_as_strings(params))
        return refuse_conflict(problem, "numbers", "charts take no strings", "[\"number\"]");
    if (format == FORMAT_PARQUET && (price_param(params, "limit") || price_param(params, "cursor")))
        return refuse_conflict(problem, price_param(params, "limit") ? "limit" : "cursor",
                               "parquet has no pages", "\"nothing, with parquet\"");
    if (fill && strcmp(fill->text, "previous") == 0 && is_tick)
        return refuse_conflict(problem, "fill", "between ticks there is nothing to fill",
                               "[\"none\"]");
    if (fill && strcmp(fill->text, "previous") == 0 &&
        (format == FORMAT_PARQUET || price_param(params, "as_of")))
        return refuse_conflict(problem, "fill", "not of what was known then, and not in parquet",
                               "[\"none\"]");
    return format != FORMAT_PARQUET || check_days(params, now_ms, problem);
}

bool
price_window_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    if (price_param(params, "quote") && price_param(params, "currency"))
        return refuse_conflict(ret_problem, "currency", "another name of quote",
                               "\"quote or currency\"");
    if (price_param(params, "as_of") && !as_of_check(params, now_ms, ret_problem))
        return false;
    return check_range(params, now_ms, ret_problem) && check_as_of(params, now_ms, ret_problem) &&
           check_forms(params, now_ms, ret_problem);
}
