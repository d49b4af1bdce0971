#include "api/handlers/lineage_parts.h"

#include <string.h>

static const struct lineage_interval intervals[] = {
    {"5m",  "5m",     300,    300,   true },
    {"15m", "15m",    900,    300,   false},
    {"1h",  "hourly", 3600,   300,   true },
    {"4h",  "4h",     14400,  3600,  false},
    {"1d",  "daily",  86400,  3600,  true },
    {"1w",  "weekly", 604800, 86400, false},
};

const struct lineage_interval *
lineage_interval(int32_t interval_s)
{
    size_t i = 0;

    while (i + 1 < COUNT_OF(intervals) && intervals[i].interval_s != interval_s)
        i++;
    return &intervals[i];
}

const struct lineage_interval *
lineage_named_interval(const char *name)
{
    size_t i = 0;

    while (i + 1 < COUNT_OF(intervals) && strcmp(intervals[i].name, name) != 0 &&
           strcmp(intervals[i].chart_name, name) != 0)
        i++;
    return &intervals[i]; /* the parameter's choices are these */
}
