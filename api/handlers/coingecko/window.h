#ifndef TIDEMARK_API_HANDLERS_COINGECKO_WINDOW_H
#define TIDEMARK_API_HANDLERS_COINGECKO_WINDOW_H

#include <stdint.h>

/*
 * Which points a chart has: CoinGecko's rules, from its documentation. Pure. Times in UTC
 * milliseconds, lengths in seconds.
 *
 * By the length of what is asked for, unless an interval is: up to a day that ends now 5 minutes,
 * up to 90 days an hour, above that a day at 00:00. A day in the past is hourly, too.
 * Candles have up to 2 days 30 minutes, up to 30 days 4 hours, above that 4 days.
 */
struct chart_window {
    int64_t from_ms, to_ms; /* of the points, ends included */
    int32_t interval_s;     /* between them */
    int32_t stored_s;       /* of the candles that they are made of */
};

/*
 * `interval` is "5m", "hourly", "daily" or NULL; `days` 0 = all there is. A chart ends now; it
 * begins where the interval does in which its first moment is.
 */
struct chart_window window_of_days(int64_t days, const char *interval, int64_t now_ms);
struct chart_window window_of_range(int64_t from_ms, int64_t to_ms, const char *interval,
                                    int64_t now_ms);
/* The same for candles: from the beginning of the first one to the end of the last that is over. */
struct chart_window window_of_candles(int64_t days, const char *interval, int64_t now_ms);

/* When the interval began in which a moment is; those that are no part of a day begin on Mondays.
 */
int64_t window_floor_ms(int64_t at_ms, int32_t interval_s);

#endif
