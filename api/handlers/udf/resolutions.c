#include "api/handlers/udf/resolutions.h"

#include "common/attributes.h"

#include <string.h>
#include <time.h>

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    WEEK_S = 7 * DAY_S,
    MONDAY_S = 4 * DAY_S, /* 1970-01-05: where weeks begin, and all that is shorter too */
};

const struct resolution resolutions[] = {
    {"5",   "5",   NULL, 300,        300,    1 },
    {"15",  "15",  NULL, 900,        300,    3 },
    {"30",  "30",  NULL, 1800,       300,    6 },
    {"60",  "60",  NULL, HOUR_S,     HOUR_S, 1 },
    {"240", "240", NULL, 4 * HOUR_S, HOUR_S, 4 },
    {"1D",  "1d",  "d",  DAY_S,      DAY_S,  1 },
    {"1W",  "1w",  "w",  WEEK_S,     DAY_S,  7 },
    {"1M",  "1m",  "m",  0,          DAY_S,  31},
};
const size_t resolution_count = COUNT_OF(resolutions);

const struct resolution *
resolution_find(const char *asked)
{
    size_t i = 0;

    while (i + 1 < COUNT_OF(resolutions) && strcmp(resolutions[i].asked, asked) != 0 &&
           !(resolutions[i].other && strcmp(resolutions[i].other, asked) == 0))
        i++;
    return &resolutions[i]; /* the parameter's choices are these */
}

/* The first of the month that holds a moment, or of one so many months later. */
static int64_t
month_ms(int64_t at_ms, int months)
{
    time_t at_s = (time_t)(at_ms / 1000 - (at_ms % 1000 < 0));
    struct tm parts;

    gmtime_r(&at_s, &parts);
    parts = (struct tm){.tm_year = parts.tm_year, .tm_mon = parts.tm_mon + months, .tm_mday = 1};
    return (int64_t)timegm(&parts) * 1000;
}

int64_t
resolution_begin_ms(const struct resolution *resolution, int64_t at_ms)
{
    int64_t step_ms = resolution->interval_s * INT64_C(1000);
    int64_t since_ms = at_ms - MONDAY_S * INT64_C(1000), rest_ms;

    if (step_ms == 0)
        return month_ms(at_ms, 0);
    rest_ms = since_ms % step_ms;
    return at_ms - rest_ms - (rest_ms < 0 ? step_ms : 0);
}

int64_t
resolution_end_ms(const struct resolution *resolution, int64_t at_ms)
{
    if (resolution->interval_s == 0)
        return month_ms(at_ms, 1);
    return resolution_begin_ms(resolution, at_ms) + resolution->interval_s * INT64_C(1000);
}

int64_t
resolution_next_ms(const struct resolution *resolution, int64_t at_ms)
{
    return resolution_begin_ms(resolution, at_ms) == at_ms ? at_ms
                                                           : resolution_end_ms(resolution, at_ms);
}
