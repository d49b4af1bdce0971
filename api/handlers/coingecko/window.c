#include "api/handlers/coingecko/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

#define DAY_MS (DAY_S * INT64_C(1000))
#define NOW_MS (5 * MINUTE_S * INT64_C(1000)) /* what ends so long ago ends now */
/* Where intervals that are no part of a day begin to be counted: 1970-01-05, a Monday. */
#define MONDAY_MS (4 * DAY_MS)

static int32_t
interval_of(const char *interval, int64_t span_ms, bool ends_now)
{
    if (interval)
        return strcmp(interval, "daily") == 0 ? DAY_S
               : strcmp(interval, "5m") == 0  ? 5 * MINUTE_S
                                              : HOUR_S;
    if (span_ms <= DAY_MS && ends_now)
        return 5 * MINUTE_S;
    return span_ms <= 90 * DAY_MS ? HOUR_S : DAY_S;
}

int64_t
window_floor_ms(int64_t at_ms, int32_t interval_s)
{
    int64_t step_ms = interval_s * INT64_C(1000);

    return at_ms < MONDAY_MS ? 0 : (at_ms - MONDAY_MS) / step_ms * step_ms + MONDAY_MS;
}

/* All there is, where nothing is older. */
static int64_t
begin_of(int64_t days, int64_t now_ms)
{
    return days == 0 || days * DAY_MS > now_ms ? 0 : now_ms - days * DAY_MS;
}

struct chart_window
window_of_days(int64_t days, const char *interval, int64_t now_ms)
{
    int64_t span_ms = days == 0 ? INT64_MAX : days * DAY_MS;
    int32_t interval_s = interval_of(interval, span_ms, true);

    /* The point at the very beginning would be the one of a whole span ago: it is not in it. */
    return (struct chart_window){window_floor_ms(begin_of(days, now_ms), interval_s) + 1, now_ms,
                                 interval_s, interval_s};
}

struct chart_window
window_of_range(int64_t from_ms, int64_t to_ms, const char *interval, int64_t now_ms)
{
    int32_t interval_s = interval_of(interval, to_ms - from_ms, to_ms >= now_ms - NOW_MS);

    return (struct chart_window){from_ms, to_ms, interval_s, interval_s};
}

struct chart_window
window_of_candles(int64_t days, const char *interval, int64_t now_ms)
{
    struct chart_window window = {.interval_s = 4 * DAY_S, .stored_s = DAY_S};

    if (interval) {
        window.interval_s = window.stored_s = interval_of(interval, 0, true);
    } else if (days >= 1 && days <= 2) {
        window.interval_s = 30 * MINUTE_S;
        window.stored_s = 5 * MINUTE_S;
    } else if (days >= 3 && days <= 30) {
        window.interval_s = 4 * HOUR_S;
        window.stored_s = HOUR_S;
    }
    window.from_ms = window_floor_ms(begin_of(days, now_ms), window.interval_s);
    window.to_ms = window_floor_ms(now_ms, window.interval_s);
    return window;
}
