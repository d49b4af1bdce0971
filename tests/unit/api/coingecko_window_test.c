#include "api/handlers/coingecko/window.h"

#include "common/clock.h"
#include "unit/check.h"

#define NOW "2026-11-21T14:39:54.123Z"

static int64_t
moment(const char *text)
{
    int64_t at_ms = -1;

    if (!clock_parse_ms(text, strlen(text), &at_ms))
        fail_msg("%s is no moment", text);
    return at_ms;
}

static const struct {
    const char *name;
    int64_t days;
    const char *interval, *from;
    int32_t interval_s;
} days[] = {
    {"a day has 5 minutes",        1,   NULL,     "2026-11-20T14:35:00.001Z", 300  },
    {"two days have hours",        2,   NULL,     "2026-11-19T14:00:00.001Z", 3600 },
    {"90 days have hours",         90,  NULL,     "2026-08-23T14:00:00.001Z", 3600 },
    {"91 days have days at 00:00", 91,  NULL,     "2026-08-22T00:00:00.001Z", 86400},
    {"all there is, too",          0,   NULL,     "1970-01-01T00:00:00.001Z", 86400},
    {"days where they are asked",  1,   "daily",  "2026-11-20T00:00:00.001Z", 86400},
    {"hours where they are asked", 365, "hourly", "2025-11-21T14:00:00.001Z", 3600 },
    {"5 minutes, too",             2,   "5m",     "2026-11-19T14:35:00.001Z", 300  },
};

static void
a_chart_of_days_ends_now(void **state)
{
    int64_t now_ms = moment(NOW);

    for (size_t i = 0; i < COUNT_OF(days); i++) {
        struct chart_window window = window_of_days(days[i].days, days[i].interval, now_ms);

        check_int(days[i].name, window.from_ms, moment(days[i].from));
        check_int(days[i].name, window.to_ms, now_ms);
        check_int(days[i].name, window.interval_s, days[i].interval_s);
        check_int(days[i].name, window.stored_s, days[i].interval_s);
    }
}

static const struct {
    const char *name, *from, *to, *interval;
    int32_t interval_s;
} ranges[] = {
    {"the last day has 5 minutes",    "2026-11-20T14:39:54.123Z", NOW,                        NULL, 300  },
    {"a little before now is now",    "2026-11-20T15:00:00.000Z", "2026-11-21T14:36:00.000Z", NULL,
     300                                                                                                 },
    {"the future is now",             "2026-11-21T12:00:00.000Z", "2026-11-22T00:00:00.000Z", NULL, 300  },
    {"a day in the past has hours",   "2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00.000Z", NULL,
     3600                                                                                                },
    {"a bit more than a day, too",    "2026-11-20T14:39:54.122Z", NOW,                        NULL, 3600 },
    {"90 days have hours",            "2026-01-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z", NULL, 3600 },
    {"more than 90 days have days",   "2026-01-01T00:00:00.000Z", "2026-04-01T00:00:00.001Z", NULL,
     86400                                                                                               },
    {"an interval that is asked for", "2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00.000Z",
     "daily",                                                                                       86400},
};

static void
a_range_goes_by_its_length_and_its_end(void **state)
{
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        struct chart_window window = window_of_range(moment(ranges[i].from), moment(ranges[i].to),
                                                     ranges[i].interval, moment(NOW));

        check_int(ranges[i].name, window.interval_s, ranges[i].interval_s);
        check_int(ranges[i].name, window.from_ms, moment(ranges[i].from));
        check_int(ranges[i].name, window.to_ms, moment(ranges[i].to));
    }
}

static const struct {
    const char *name;
    int64_t days;
    const char *interval, *to;
    int32_t interval_s, stored_s;
} candles[] = {
    {"a day has 30 minutes",          1,  NULL,    "2026-11-21T14:30:00Z", 1800,   300  },
    {"two days, too",                 2,  NULL,    "2026-11-21T14:30:00Z", 1800,   300  },
    {"three days have 4 hours",       3,  NULL,    "2026-11-21T12:00:00Z", 14400,  3600 },
    {"30 days, too",                  30, NULL,    "2026-11-21T12:00:00Z", 14400,  3600 },
    {"31 days have 4 days",           31, NULL,    "2026-11-19T00:00:00Z", 345600, 86400},
    {"all there is, too",             0,  NULL,    "2026-11-19T00:00:00Z", 345600, 86400},
    {"days where they are asked for", 7,  "daily", "2026-11-21T00:00:00Z", 86400,  86400},
};

static void
candles_end_with_the_last_that_is_over(void **state)
{
    for (size_t i = 0; i < COUNT_OF(candles); i++) {
        struct chart_window window =
            window_of_candles(candles[i].days, candles[i].interval, moment(NOW));

        check_int(candles[i].name, window.interval_s, candles[i].interval_s);
        check_int(candles[i].name, window.stored_s, candles[i].stored_s);
        check_int(candles[i].name, window.to_ms, moment(candles[i].to));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chart_of_days_ends_now),
        cmocka_unit_test(a_range_goes_by_its_length_and_its_end),
        cmocka_unit_test(candles_end_with_the_last_that_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
