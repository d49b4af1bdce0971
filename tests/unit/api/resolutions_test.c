#include "api/handlers/udf/resolutions.h"

#include "common/clock.h"
#include "unit/check.h"

#include <string.h>

static int64_t
at(const char *text)
{
    int64_t at_ms = 0;

    check_true(text, clock_parse_ms(text, strlen(text), &at_ms));
    return at_ms;
}

static const struct {
    const char *name, *resolution, *moment, *begin, *end;
} rows[] = {
    {"five minutes",                 "5",   "2026-11-21T08:04:59.999Z", "2026-11-21T08:00:00Z",
     "2026-11-21T08:05:00Z"                                                                                           },
    {"its first moment",             "5",   "2026-11-21T08:05:00Z",     "2026-11-21T08:05:00Z",
     "2026-11-21T08:10:00Z"                                                                                           },
    {"four hours begin at midnight", "240", "2026-11-21T07:59:00Z",     "2026-11-21T04:00:00Z",
     "2026-11-21T08:00:00Z"                                                                                           },
    {"a day",                        "1d",  "2026-11-21T23:59:59Z",     "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"},
    {"a day by its letter",          "d",   "2026-11-21T23:59:59Z",     "2026-11-21T00:00:00Z",
     "2026-11-22T00:00:00Z"                                                                                           },
    {"a week begins on Monday",      "1w",  "2026-11-22T23:59:59Z",     "2026-11-16T00:00:00Z",
     "2026-11-23T00:00:00Z"                                                                                           },
    {"and not before it",            "1w",  "2026-11-23T00:00:00Z",     "2026-11-23T00:00:00Z",
     "2026-11-30T00:00:00Z"                                                                                           },
    {"a month",                      "1m",  "2026-11-21T08:00:00Z",     "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
    {"the last month of a year",     "m",   "2026-12-31T23:59:59Z",     "2026-12-01T00:00:00Z",
     "2027-01-01T00:00:00Z"                                                                                           },
    {"February of a leap year",      "m",   "2028-02-29T12:00:00Z",     "2028-02-01T00:00:00Z",
     "2028-03-01T00:00:00Z"                                                                                           },
};

static void
a_bar_begins_where_charts_expect_it(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct resolution *resolution = resolution_find(rows[i].resolution);
        int64_t moment = at(rows[i].moment), begin = at(rows[i].begin), end = at(rows[i].end);

        check_int(rows[i].name, resolution_begin_ms(resolution, moment), begin);
        check_int(rows[i].name, resolution_end_ms(resolution, moment), end);
        check_int(rows[i].name, resolution_next_ms(resolution, moment),
                  moment == begin ? begin : end);
    }
}

static void
moments_before_the_first_monday_are_of_a_bar_as_well(void **state)
{
    check_int("the week of 1970-01-01", resolution_begin_ms(resolution_find("1w"), 0),
              -3 * INT64_C(86400000));
    check_int("its first hour", resolution_begin_ms(resolution_find("60"), 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_begins_where_charts_expect_it),
        cmocka_unit_test(moments_before_the_first_monday_are_of_a_bar_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
