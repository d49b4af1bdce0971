#include "common/clock.h"

#include "unit/check.h"

#define REFUSED (-1)

static const struct {
    const char *name, *text;
    int64_t want_ms;
} rows[] = {
    {"the epoch",                               "1970-01-01T00:00:00Z",        0              },
    {"seconds without fraction",                "2026-11-21T08:41:05Z",        1795250465000  },
    {"milliseconds",                            "2026-11-21T08:41:05.123Z",    1795250465123  },
    {"one digit of a fraction is tenths",       "2026-11-21T08:41:05.1Z",      1795250465100  },
    {"microseconds are cut, not rounded",       "2026-11-21T08:41:05.123999Z", 1795250465123  },
    {"a space for the T",                       "2026-11-21 08:41:05Z",        1795250465000  },
    {"PostgreSQL's short offset",               "2026-11-21 08:41:05.123+00",  1795250465123  },
    {"an offset east is earlier in UTC",        "2026-11-21T14:11:05+05:30",   1795250465000  },
    {"an offset without colon",                 "2026-11-21T14:11:05+0530",    1795250465000  },
    {"an offset west is later in UTC",          "2026-11-21T03:41:05-05:00",   1795250465000  },
    {"a bare date is its midnight",             "2026-11-21",                  1795219200000  },
    {"the leap day of a leap year",             "2024-02-29",                  1709164800000  },
    {"the leap day of 2000",                    "2000-02-29",                  951782400000   },
    {"the last moment",                         "9999-12-31T23:59:59.999Z",    253402300799999},
    {"a local date in 1969 may be 1970 in UTC", "1969-12-31T23:00:00-02:00",   3600000        },
    {"29 February of a common year",            "2023-02-29",                  REFUSED        },
    {"1900 was no leap year, nor is 2100",      "2100-02-29",                  REFUSED        },
    {"month 13",                                "2026-13-01",                  REFUSED        },
    {"day 0",                                   "2026-01-00",                  REFUSED        },
    {"31 April",                                "2026-04-31",                  REFUSED        },
    {"hour 24",                                 "2026-11-21T24:00:00Z",        REFUSED        },
    {"a leap second",                           "2016-12-31T23:59:60Z",        REFUSED        },
    {"a time without zone",                     "2026-11-21T08:41:05",         REFUSED        },
    {"a time without seconds",                  "2026-11-21T08:41Z",           REFUSED        },
    {"a point without digits",                  "2026-11-21T08:41:05.Z",       REFUSED        },
    {"something behind",                        "2026-11-21T08:41:05Zx",       REFUSED        },
    {"a date with something behind",            "2026-11-21x",                 REFUSED        },
    {"before 1970",                             "1969-12-31T23:59:59Z",        REFUSED        },
    {"before 1970 by its offset",               "1970-01-01T00:00:00+01:00",   REFUSED        },
    {"after 9999 by its offset",                "9999-12-31T23:59:59-01:00",   REFUSED        },
    {"one-digit months",                        "2026-1-1",                    REFUSED        },
    {"an offset of half an hour and one digit", "2026-11-21T08:41:05+05:3",    REFUSED        },
    {"unix seconds",                            "1795250465",                  REFUSED        },
    {"nothing",                                 "",                            REFUSED        },
};

static void
times_are_read(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t got_ms = REFUSED;

        if (!clock_parse_ms(rows[i].text, strlen(rows[i].text), &got_ms))
            got_ms = REFUSED;
        check_int(rows[i].name, got_ms, rows[i].want_ms);
    }
}

static void
times_are_written(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    check_string("the epoch", clock_format_ms(0, text), "1970-01-01T00:00:00.000Z");
    check_string("milliseconds are always there", clock_format_ms(1795250465000, text),
                 "2026-11-21T08:41:05.000Z");
    check_string("before 1970", clock_format_ms(-1, text), "1969-12-31T23:59:59.999Z");
}

static void
every_day_comes_back(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    /* A step of a day and a prime of milliseconds meets every month, leap year and century. */
    for (int64_t at_ms = 0; at_ms < INT64_C(253402300800000); at_ms += 86400000 + 7919) {
        int64_t got_ms = REFUSED;

        clock_format_ms(at_ms, text);
        check_true(text, clock_parse_ms(text, strlen(text), &got_ms));
        check_int(text, got_ms, at_ms);
    }
}

static void
clocks_agree(void **state)
{
    int64_t start_us = clock_monotonic_us(), now_ms = clock_now_ms();

    check_true("the year is past 2020", now_ms > INT64_C(1577836800000));
    check_true("microseconds are the same clock", clock_now_us() / 1000 - now_ms < 60000);
    check_true("monotonic time does not go back", clock_monotonic_us() >= start_us);
    check_true("its milliseconds are the same clock", clock_monotonic_ms() >= start_us / 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(clocks_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
