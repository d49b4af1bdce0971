#include "common/cron.h"

#include "common/clock.h"
#include "unit/check.h"

#include <stdio.h>

enum { DAY_S = 86400, MINUTE_S = 60 };

static int64_t
seconds(const char *text)
{
    int64_t ms;

    assert_true(clock_parse_ms(text, strlen(text), &ms));
    return ms / 1000;
}

/* "2026-11-21T08:41" */
static const char *
minutes_text(int64_t at_s, char text[CLOCK_TEXT_SIZE])
{
    clock_format_ms(at_s * 1000, text);
    text[strlen("2026-11-21T08:41")] = '\0';
    return text;
}

static struct cron
parsed(const char *text)
{
    struct error err = {0};
    struct cron cron;

    if (!cron_parse(text, &cron, &err))
        fail_msg("%s: %s", text, err.message);
    return cron;
}

static void
test_next_and_last(void **state)
{
    /* 2026-11-21 is a Saturday. */
    static const struct {
        const char *name, *rule, *at, *want_last, *want_next;
    } rows[] = {
        {"each quarter",                                   "*/15 * * * *",          "2026-11-21T08:41:05Z", "2026-11-21T08:30",
         "2026-11-21T08:45"                                                                                                                       },
        {"a moment itself is the last, not the next",      "30 8 * * *",            "2026-11-21T08:30:00Z",
         "2026-11-21T08:30",                                                                                                    "2026-11-22T08:30"},
        {"a second before it is not",                      "30 8 * * *",            "2026-11-21T08:29:59Z", "2026-11-20T08:30",
         "2026-11-21T08:30"                                                                                                                       },
        {"working days",                                   "15 */6 * * 1-5",        "2026-11-21T08:00:00Z", "2026-11-20T18:15",
         "2026-11-23T00:15"                                                                                                                       },
        {"names, in any case",                             "0 9 * JAN-mar Mon,wed", "2026-11-21T08:00:00Z", "2026-03-30T09:00",
         "2027-01-04T09:00"                                                                                                                       },
        {"a range over the weekend's end",                 "0 0 * * fri-sun",       "2026-11-21T08:00:00Z",
         "2026-11-21T00:00",                                                                                                    "2026-11-22T00:00"},
        {"a range of one day is that day",                 "0 0 * * sun-sun",       "2026-11-21T08:00:00Z",
         "2026-11-15T00:00",                                                                                                    "2026-11-22T00:00"},
        {"Sunday is 7 as well",                            "0 0 * * 7",             "2026-11-21T08:00:00Z", "2026-11-15T00:00",
         "2026-11-22T00:00"                                                                                                                       },
        {"ranges with steps in a list",                    "1,10-30/10,59 5 * * *", "2026-11-21T05:10:59Z",
         "2026-11-21T05:10",                                                                                                    "2026-11-21T05:20"},
        {"both days given: either is enough",              "0 0 13 * fri",          "2026-11-21T08:00:00Z",
         "2026-11-20T00:00",                                                                                                    "2026-11-27T00:00"},
        {"also the day of the month",                      "0 0 24 * fri",          "2026-11-21T08:00:00Z", "2026-11-20T00:00",
         "2026-11-24T00:00"                                                                                                                       },
        {"one begins with a star: both must match",        "0 0 */10 * sat",        "2026-11-21T08:00:00Z",
         "2026-11-21T00:00",                                                                                                    "2027-05-01T00:00"},
        {"the 31st leaves out short months",               "0 0 31 * *",            "2026-08-31T00:00:00Z",
         "2026-08-31T00:00",                                                                                                    "2026-10-31T00:00"},
        {"the end of a year",                              "59 23 31 12 *",         "2026-12-31T23:59:30Z", "2026-12-31T23:59",
         "2027-12-31T23:59"                                                                                                                       },
        {"the beginning of a year",                        "0 0 1 1 *",             "2026-12-31T23:59:59Z", "2026-01-01T00:00",
         "2027-01-01T00:00"                                                                                                                       },
        {"leap day",                                       "0 12 29 2 *",           "2026-11-21T08:00:00Z", "2024-02-29T12:00", "2028-02-29T12:00"},
        {"no leap day in 2100",                            "0 12 29 2 *",           "2096-03-01T00:00:00Z", "2096-02-29T12:00",
         "2104-02-29T12:00"                                                                                                                       },
        {"a leap day in 2000",                             "0 12 29 2 *",           "1999-03-01T00:00:00Z", "1996-02-29T12:00",
         "2000-02-29T12:00"                                                                                                                       },
        {"after 28 February comes March",                  "0 0 28,1 2,3 *",        "2027-02-28T00:00:00Z",
         "2027-02-28T00:00",                                                                                                    "2027-03-01T00:00"},
        {"each hour",                                      "@hourly",               "2026-11-21T08:41:05Z", "2026-11-21T08:00", "2026-11-21T09:00"},
        {"each day",                                       "@daily",                "2026-11-21T08:41:05Z", "2026-11-21T00:00", "2026-11-22T00:00"},
        {"each week",                                      "@weekly",               "2026-11-21T08:41:05Z", "2026-11-15T00:00", "2026-11-22T00:00"},
        {"each month",                                     "@Monthly",              "2026-11-21T08:41:05Z", "2026-11-01T00:00", "2026-12-01T00:00"},
        {"each year",                                      "@yearly",               "2026-11-21T08:41:05Z", "2026-01-01T00:00", "2027-01-01T00:00"},
        {"more blanks",                                    "\t 5  4\t* * *  ",      "2026-11-21T04:05:00Z", "2026-11-21T04:05",
         "2026-11-22T04:05"                                                                                                                       },
        {"the hour that summer time leaves out elsewhere", "30 2 29 3 *",           "2026-03-29T01:59:00Z",
         "2025-03-29T02:30",                                                                                                    "2026-03-29T02:30"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cron cron = parsed(rows[i].rule);
        char text[CLOCK_TEXT_SIZE];

        check_string(rows[i].name, minutes_text(cron_last_s(&cron, seconds(rows[i].at)), text),
                     rows[i].want_last);
        check_string(rows[i].name, minutes_text(cron_next_s(&cron, seconds(rows[i].at)), text),
                     rows[i].want_next);
    }
}

static void
test_before_1970(void **state)
{
    struct cron cron = parsed("0 12 29 2 *");

    check_int("there is a last one before the first", cron_last_s(&cron, 0),
              -(365 + 306) * DAY_S - DAY_S / 2);
    check_int("and a next one after it", cron_next_s(&cron, -1), (365 + 365 + 59) * DAY_S + 43200);
}

static void
test_what_is_refused(void **state)
{
    static const struct {
        const char *name, *rule, *want_code, *want_words;
    } rows[] = {
        {"nothing",                                      "",                             "cron.syntax", "has 0 fields, not five: minute, hour" },
        {"four fields",                                  "0 0 * *",                      "cron.syntax", "has 4 fields"                         },
        {"six fields, as others have",                   "0 0 0 * * *",                  "cron.syntax", "has 6 fields"                         },
        {"an unknown shortcut",                          "@reboot",                      "cron.syntax", "@hourly, @daily"                      },
        {"a minute too large",                           "60 * * * *",                   "cron.syntax", "minute: out of range (0-59)"          },
        {"an hour too large",                            "0 24 * * *",                   "cron.syntax", "hour: out of range (0-23)"            },
        {"a number that overflows",                      "0 99999999999 * * *",          "cron.syntax", "hour: out of range"                   },
        {"a day 0",                                      "0 0 0 * *",                    "cron.syntax", "day of month: out of range (1-31)"    },
        {"a month 13",                                   "0 0 1 13 *",                   "cron.syntax", "month: out of range (1-12 or jan-dec)"},
        {"a day of week 8",                              "0 0 * * 8",                    "cron.syntax",
         "day of week: out of range (0-7 or sun-sat)"                                                                                          },
        {"a negative number",                            "-5 * * * *",                   "cron.syntax", "minute: not a value of this field"    },
        {"a name where there are none",                  "0 mon * * *",                  "cron.syntax",
         "hour: not a value of this field"                                                                                                     },
        {"a name of another field",                      "0 0 * mon *",                  "cron.syntax",
         "month: not a value of this field"                                                                                                    },
        {"a whole name",                                 "0 0 * * monday",               "cron.syntax", "day of week: not a value"             },
        {"a fraction",                                   "0.5 * * * *",                  "cron.syntax", "minute: not a value"                  },
        {"a comma at the end",                           "0, * * * *",                   "cron.syntax", "minute: a value is missing"           },
        {"a comma at the beginning",                     ",0 * * * *",                   "cron.syntax", "minute: not a value"                  },
        {"a range without an end",                       "0- * * * *",                   "cron.syntax", "minute: a value is missing"           },
        {"a range that runs backwards",                  "50-10 * * * *",                "cron.syntax",
         "minute: the range runs backwards"                                                                                                    },
        {"a range of stars",                             "*-5 * * * *",                  "cron.syntax", "minute: not a value"                  },
        {"a step of nothing",                            "5/10 * * * *",                 "cron.syntax", "minute: a step needs a * or a range"  },
        {"a step of 0",                                  "*/0 * * * *",                  "cron.syntax", "minute: a step is a number from 1"    },
        {"a step without a number",                      "*/ * * * *",                   "cron.syntax", "minute: a step is a number"           },
        {"two steps",                                    "*/5/5 * * * *",                "cron.syntax", "minute: not a value"                  },
        {"a step beyond the field",                      "*/90 * * * *",                 "cron.syntax", "minute: the step is longer"           },
        {"what other dialects have",                     "0 0 L * ?",                    "cron.syntax", "day of month: not a value"            },
        {"a letter of Latin-1",                          "0 0 * * \xe4",                 "cron.syntax", "day of week: not a value"             },
        {"30 February",                                  "0 0 30 2 *",                   "cron.never",  "none of the months has a day 30"      },
        {"the 31st of short months",                     "0 0 31 feb,apr,jun,sep,nov *", "cron.never",  "a day 31"                             },
        {"also with a day of week that must match, too", "0 0 30 2 */2",                 "cron.never",  "a day 30"                             },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct cron cron;

        check_error(rows[i].name, cron_parse(rows[i].rule, &cron, &err), &err, rows[i].want_code);
        check_contains(rows[i].name, err.message, rows[i].want_words);
    }
    parsed("0 0 30 2 1"); /* each Monday of February: one of the days is enough */
}

static void
test_the_least_gap(void **state)
{
    static const struct {
        const char *rule;
        int64_t want_s;
    } rows[] = {
        {"* * * * *",         MINUTE_S               },
        {"*/2 * * * *",       2 * MINUTE_S           },
        {"*/7 * * * *",       4 * MINUTE_S           }, /* from 56 to 00 */
        {"0,1 3 * * *",       MINUTE_S               },
        {"@hourly",           3600                   },
        {"0 3 * * *",         DAY_S                  },
        {"0 3,23 * * *",      4 * 3600               },
        {"0 3,23 * * mon",    20 * 3600              },
        {"0,59 0,23 * * *",   MINUTE_S               }, /* over midnight */
        {"0,59 0,23 * * mon", 59 * MINUTE_S          }, /* but not of a single day */
        {"0 0 * * 1,3",       2 * DAY_S              },
        {"0 0 1 * *",         28 * DAY_S             },
        {"0 0 31,1 * *",      DAY_S                  },
        {"0 0 1 1 *",         365 * DAY_S            },
        {"0 0 29 2 *",        4 * 365 * DAY_S + DAY_S},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cron cron = parsed(rows[i].rule);

        check_int(rows[i].rule, cron_least_gap_s(&cron), rows[i].want_s);
    }
}

/* ------------------------------------------------------- against stepping through every minute */

/* A calendar that only knows how to go on by a minute. */
struct wall {
    int minute, hour, day, month, year, week_day;
};

static int
days_in(int month, int year)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0))
        return 29;
    return lengths[month - 1];
}

static void
wall_tick(struct wall *wall)
{
    if (++wall->minute < 60)
        return;
    wall->minute = 0;
    if (++wall->hour < 24)
        return;
    wall->hour = 0;
    wall->week_day = (wall->week_day + 1) % 7;
    if (++wall->day <= days_in(wall->month, wall->year))
        return;
    wall->day = 1;
    if (++wall->month <= 12)
        return;
    wall->month = 1;
    wall->year++;
}

/* A rule as lists of values, and the same as text. */
struct random_rule {
    bool minute[60], hour[24], day[32], month[13], week_day[7];
    bool any_day, any_week_day;
    char text[512];
};

static uint64_t
draw(uint64_t *random, uint64_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % below;
}

/* A star, a star with a step, or up to three parts: a value, a range, a range with a step. */
static bool
draw_field(uint64_t *random, bool *values, int min, int max, char *text, size_t size)
{
    size_t used = strlen(text);
    int parts = (int)draw(random, 4);

    snprintf(text + used, size - used, "%s", used ? " " : "");
    if (parts == 0) {
        int step = draw(random, 2) ? 1 + (int)draw(random, (uint64_t)(max - min)) : 1;

        for (int value = min; value <= max; value += step)
            values[value] = true;
        snprintf(text + strlen(text), size - strlen(text), step > 1 ? "*/%d" : "*", step);
        return true;
    }
    for (int i = 0; i < parts; i++) {
        int from = min + (int)draw(random, (uint64_t)(max - min + 1));
        int to = from + (int)draw(random, (uint64_t)(max - from + 1));
        int step = to > from ? 1 + (int)draw(random, (uint64_t)(to - from)) : 1;

        for (int value = from; value <= to; value += step)
            values[value] = true;
        snprintf(text + strlen(text), size - strlen(text), "%s%d", i ? "," : "", from);
        if (to > from)
            snprintf(text + strlen(text), size - strlen(text), "-%d", to);
        if (step > 1)
            snprintf(text + strlen(text), size - strlen(text), "/%d", step);
    }
    return false;
}

static void
draw_rule(uint64_t *random, struct random_rule *rule)
{
    memset(rule, 0, sizeof *rule);
    draw_field(random, rule->minute, 0, 59, rule->text, sizeof rule->text);
    draw_field(random, rule->hour, 0, 23, rule->text, sizeof rule->text);
    rule->any_day = draw_field(random, rule->day, 1, 31, rule->text, sizeof rule->text);
    draw_field(random, rule->month, 1, 12, rule->text, sizeof rule->text);
    rule->any_week_day = draw_field(random, rule->week_day, 0, 6, rule->text, sizeof rule->text);
}

static bool
rule_matches(const struct random_rule *rule, const struct wall *wall)
{
    bool day = rule->day[wall->day], week_day = rule->week_day[wall->week_day];

    return rule->minute[wall->minute] && rule->hour[wall->hour] && rule->month[wall->month] &&
           (rule->any_day || rule->any_week_day ? day && week_day : day || week_day);
}

/* Steps through the minutes and asks of each what was last and, at each match, what is next. */
static void
compare(const struct random_rule *rule, const struct cron *cron, struct wall wall, int64_t from_s,
        int64_t minutes)
{
    int64_t last_s = INT64_MIN, least_s = INT64_MAX;

    for (int64_t i = 0; i < minutes; i++, wall_tick(&wall)) {
        int64_t at_s = from_s + i * MINUTE_S;

        if (rule_matches(rule, &wall)) {
            if (last_s != INT64_MIN && cron_next_s(cron, last_s) != at_s)
                fail_msg("%s: after %lld comes %lld, not %lld", rule->text, (long long)last_s,
                         (long long)at_s, (long long)cron_next_s(cron, last_s));
            if (cron_last_s(cron, at_s + MINUTE_S - 1) != at_s)
                fail_msg("%s: %lld is its own last", rule->text, (long long)at_s);
            if (last_s != INT64_MIN && cron_last_s(cron, at_s - 1) != last_s)
                fail_msg("%s: before %lld was %lld", rule->text, (long long)at_s,
                         (long long)last_s);
            if (last_s != INT64_MIN && at_s - last_s < least_s)
                least_s = at_s - last_s;
            last_s = at_s;
        }
    }
    if (least_s != INT64_MAX && cron_least_gap_s(cron) > least_s)
        fail_msg("%s: the least gap is not %lld", rule->text, (long long)cron_least_gap_s(cron));
}

static void
test_like_stepping_through_every_minute(void **state)
{
    /* Years with and without a leap day, and the ones around 2100, which has none. */
    static const int years[] = {2023, 2024, 2027, 2028, 2099, 2100, 2000};
    uint64_t random = 20261121;

    for (int i = 0; i < 280; i++) {
        struct wall wall = {.day = 1, .month = 1, .year = years[i % (int)COUNT_OF(years)]};
        struct random_rule rule;
        struct error err = {0};
        struct cron cron;
        char text[CLOCK_TEXT_SIZE];
        int64_t from_s;

        draw_rule(&random, &rule);
        snprintf(text, sizeof text, "%d-01-01", wall.year);
        from_s = seconds(text);
        wall.week_day = (int)((from_s / DAY_S + 4) % 7); /* 1970 began on a Thursday */
        if (cron_parse(rule.text, &cron, &err))
            compare(&rule, &cron, wall, from_s, 400 * (DAY_S / MINUTE_S));
        else
            check_string(rule.text, err.code, "cron.never");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_and_last),
        cmocka_unit_test(test_before_1970),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_the_least_gap),
        cmocka_unit_test(test_like_stepping_through_every_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
