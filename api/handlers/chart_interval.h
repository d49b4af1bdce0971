#ifndef TIDEMARK_API_HANDLERS_CHART_INTERVAL_H
#define TIDEMARK_API_HANDLERS_CHART_INTERVAL_H

#include <stdint.h>

/* The distances that points of charts and histories may have. Pure. */

/* What the parameter `interval` of such a route takes. */
#define CHART_INTERVALS "5m|15m|hourly|4h|daily|weekly"

/* One that is not stored is rolled while it is read. */
struct chart_interval {
    const char *name;
    int32_t interval_s, stored_s;
};

/* `name` is one of CHART_INTERVALS. */
const struct chart_interval *chart_interval_find(const char *name);

/*
 * The last boundary of the interval that is not later. Weeks begin on Monday, and so do all others,
 * UTC; 0 = before 1970-01-05.
 */
int64_t chart_interval_begin_ms(int64_t at_ms, int32_t interval_s);

#endif
