#include "api/handlers/chart_interval.h"

#include "common/attributes.h"

#include <stddef.h>
#include <string.h>

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    WEEK_S = 7 * DAY_S,
    MONDAY_S = 4 * DAY_S, /* 1970-01-05 */
};

static const struct chart_interval intervals[] = {
    {"5m",     300,        300   },
    {"15m",    900,        300   },
    {"hourly", HOUR_S,     HOUR_S},
    {"4h",     4 * HOUR_S, HOUR_S},
    {"daily",  DAY_S,      DAY_S },
    {"weekly", WEEK_S,     DAY_S },
};

const struct chart_interval *
chart_interval_find(const char *name)
{
    size_t i = 0;

    while (i + 1 < COUNT_OF(intervals) && strcmp(intervals[i].name, name) != 0)
        i++;
    return &intervals[i];
}

int64_t
chart_interval_begin_ms(int64_t at_ms, int32_t interval_s)
{
    int64_t step_ms = interval_s * INT64_C(1000), monday_ms = MONDAY_S * INT64_C(1000);

    return at_ms < monday_ms ? 0 : (at_ms - monday_ms) / step_ms * step_ms + monday_ms;
}
