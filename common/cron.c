#include "common/cron.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    DAY_S = 86400,
    MINUTE_S = 60,
    CYCLE_DAYS = 146097, /* of the Gregorian calendar: 400 years, also whole weeks */
    FIELDS = 5,
};

struct field {
    const char *title;
    int min, max;
    const char *names; /* three letters each, from `min` up; NULL = none */
};

enum { MINUTE, HOUR, MONTH_DAY, MONTH, WEEK_DAY };

static const struct field fields[FIELDS] = {
    [MINUTE] = {"minute",       0, 59, NULL                                  },
    [HOUR] = {"hour",         0, 23, NULL                                  },
    [MONTH_DAY] = {"day of month", 1, 31, NULL                                  },
    [MONTH] = {"month",        1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    [WEEK_DAY] = {"day of week",  0, 7,  "sunmontuewedthufrisat"               },
};

/* --------------------------------------------------------------------------------- parsing */

/* What is left of one field. */
struct reading {
    const struct field *field;
    const char *at, *end;
    struct error *err;
};

static bool
refuse(const struct reading *reading, const char *why)
{
    const struct field *field = reading->field;

    return error_set(reading->err, ERROR_REJECT, "cron.syntax", "%s: %s (%d-%d%s%s)", field->title,
                     why, field->min, field->max, field->names ? " or " : "",
                     !field->names             ? ""
                     : field == &fields[MONTH] ? "jan-dec"
                                               : "sun-sat");
}

static bool
take_char(struct reading *reading, char c)
{
    if (reading->at == reading->end || *reading->at != c)
        return false;
    reading->at++;
    return true;
}

/* At most four digits, so that it cannot overflow; no value of a field has more than two. */
static bool
take_digits(struct reading *reading, int *ret_number)
{
    const char *from = reading->at;
    int number = 0;

    while (reading->at < reading->end && isdigit((unsigned char)*reading->at) &&
           reading->at - from < 4)
        number = number * 10 + (*reading->at++ - '0');
    *ret_number = number;
    return reading->at > from;
}

static bool
take_name(struct reading *reading, int *ret_value)
{
    const char *names = reading->field->names;

    for (int i = 0; names && reading->end - reading->at >= 3 && names[3 * i]; i++)
        if (strncasecmp(reading->at, names + 3 * i, 3) == 0) {
            reading->at += 3;
            *ret_value = reading->field->min + i;
            return true;
        }
    return false;
}

static bool
take_value(struct reading *reading, int *ret_value)
{
    if (!take_name(reading, ret_value) && !take_digits(reading, ret_value))
        return refuse(reading, reading->at == reading->end ? "a value is missing"
                                                           : "not a value of this field");
    if (*ret_value < reading->field->min || *ret_value > reading->field->max)
        return refuse(reading, "out of range");
    return true;
}

/* "*", "5" or "5-10". */
static bool
take_range(struct reading *reading, int *ret_from, int *ret_to, bool *ret_is_range)
{
    const struct field *field = reading->field;

    *ret_from = field->min;
    *ret_to = field == &fields[WEEK_DAY] ? 6 : field->max;
    *ret_is_range = true;
    if (take_char(reading, '*'))
        return true;
    if (!take_value(reading, ret_from))
        return false;
    *ret_to = *ret_from;
    *ret_is_range = take_char(reading, '-');
    if (!*ret_is_range)
        return true;
    if (!take_value(reading, ret_to))
        return false;
    if (field == &fields[WEEK_DAY] && *ret_to == 0 && *ret_from > 0)
        *ret_to = 7; /* "fri-sun"; "sun-sun" is one day */
    return *ret_from <= *ret_to || refuse(reading, "the range runs backwards");
}

/* One part of a list. */
static bool
take_part(struct reading *reading, uint64_t *values)
{
    int from, to, step = 1;
    bool is_range;

    if (!take_range(reading, &from, &to, &is_range))
        return false;
    if (take_char(reading, '/')) {
        if (!is_range)
            return refuse(reading, "a step needs a * or a range before it");
        if (!take_digits(reading, &step) || step < 1)
            return refuse(reading, "a step is a number from 1");
        if (step > 1 && step > to - from)
            return refuse(reading, "the step is longer than what it steps through");
    }
    for (int value = from; value <= to; value += step)
        *values |= UINT64_C(1) << value;
    return true;
}

static bool
read_field(const struct field *field, const char *from, size_t size, uint64_t *ret_values,
           struct error *err)
{
    struct reading reading = {field, from, from + size, err};

    *ret_values = 0;
    do {
        if (!take_part(&reading, ret_values))
            return false;
    } while (take_char(&reading, ','));
    return reading.at == reading.end || refuse(&reading, "not a value of this field");
}

static const char *
spell_out(const char *text)
{
    static const char *const shortcuts[][2] = {
        {"@hourly",  "0 * * * *"},
        {"@daily",   "0 0 * * *"},
        {"@weekly",  "0 0 * * 0"},
        {"@monthly", "0 0 1 * *"},
        {"@yearly",  "0 0 1 1 *"},
    };

    for (size_t i = 0; i < sizeof shortcuts / sizeof *shortcuts; i++)
        if (strcasecmp(text, shortcuts[i][0]) == 0)
            return shortcuts[i][1];
    return text;
}

/* Where each field begins, and its length; more than five are only counted. */
static size_t
split_fields(const char *text, const char *starts[FIELDS], size_t sizes[FIELDS])
{
    static const char blanks[] = " \t";
    size_t count = 0;

    for (const char *at = text + strspn(text, blanks); *at; at += strspn(at, blanks)) {
        size_t size = strcspn(at, blanks);

        if (count < FIELDS) {
            starts[count] = at;
            sizes[count] = size;
        }
        count++;
        at += size;
    }
    return count;
}

static bool
read_fields(const char *text, uint64_t values[FIELDS], char first[FIELDS], struct error *err)
{
    const char *starts[FIELDS];
    size_t sizes[FIELDS];
    size_t count = split_fields(text, starts, sizes);

    if (count != FIELDS)
        return error_set(err, ERROR_REJECT, "cron.syntax",
                         "has %zu fields, not five: minute, hour, day of month, month, day of week",
                         count);
    for (size_t i = 0; i < FIELDS; i++) {
        if (!read_field(&fields[i], starts[i], sizes[i], &values[i], err))
            return false;
        first[i] = *starts[i];
    }
    return true;
}

/* With the 29th of February, which comes often enough. */
static bool
ever_comes(const struct cron *cron)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int first_day = __builtin_ctz(cron->month_days);

    if (cron->either_day)
        return true;
    for (int month = 1; month <= 12; month++)
        if ((cron->months >> month & 1) && first_day <= lengths[month - 1])
            return true;
    return false;
}

bool
cron_parse(const char *text, struct cron *ret_cron, struct error *err)
{
    uint64_t values[FIELDS];
    char first[FIELDS];
    struct cron cron;

    if (text[0] == '@' && spell_out(text) == text)
        return error_set(err, ERROR_REJECT, "cron.syntax",
                         "must be five fields, or @hourly, @daily, @weekly, @monthly, @yearly");
    if (!read_fields(spell_out(text), values, first, err))
        return false;
    cron = (struct cron){
        .minutes = values[MINUTE],
        .hours = (uint32_t)values[HOUR],
        .month_days = (uint32_t)values[MONTH_DAY],
        .months = (uint16_t)values[MONTH],
        .week_days = (uint8_t)((values[WEEK_DAY] | values[WEEK_DAY] >> 7) & 0x7f),
        .either_day = first[MONTH_DAY] != '*' && first[WEEK_DAY] != '*',
    };
    if (!ever_comes(&cron))
        return error_set(err, ERROR_REJECT, "cron.never",
                         "day of month: none of the months has a day %d",
                         __builtin_ctz(cron.month_days));
    *ret_cron = cron;
    return true;
}

/* -------------------------------------------------------------------------------- the calendar */

static bool
day_matches(const struct cron *cron, int64_t day)
{
    time_t at = (time_t)(day * DAY_S);
    bool of_month, of_week;
    struct tm date;

    gmtime_r(&at, &date);
    if (!(cron->months >> (date.tm_mon + 1) & 1))
        return false;
    of_month = cron->month_days >> date.tm_mday & 1;
    of_week = cron->week_days >> date.tm_wday & 1;
    return cron->either_day ? of_month || of_week : of_month && of_week;
}

static bool
minute_matches(const struct cron *cron, int64_t minute)
{
    return (cron->hours >> (minute / 60) & 1) && (cron->minutes >> (minute % 60) & 1);
}

/* The first matching minute of a day from `minute` on, in steps of +1 or -1; -1 = there is none. */
static int64_t
find_minute(const struct cron *cron, int64_t minute, int step)
{
    for (; minute >= 0 && minute < DAY_S / MINUTE_S; minute += step)
        if (minute_matches(cron, minute))
            return minute;
    return -1;
}

/* From `minute` of `day` on (which may lie beside the day), forwards or backwards. */
static int64_t
find(const struct cron *cron, int64_t day, int64_t minute, int step)
{
    const int64_t far_end = step > 0 ? 0 : DAY_S / MINUTE_S - 1;

    for (int64_t days = 0; days <= CYCLE_DAYS; days++) {
        if (day_matches(cron, day)) {
            int64_t found = find_minute(cron, minute, step);

            if (found >= 0)
                return day * DAY_S + found * MINUTE_S;
        }
        day += step;
        minute = far_end;
    }
    assert(!"a rule that never comes is not parsed");
    return 0;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t
cron_next_s(const struct cron *cron, int64_t at_s)
{
    int64_t day = floor_div(at_s, DAY_S);

    return find(cron, day, (at_s - day * DAY_S) / MINUTE_S + 1, 1);
}

int64_t
cron_last_s(const struct cron *cron, int64_t at_s)
{
    int64_t day = floor_div(at_s, DAY_S);

    return find(cron, day, (at_s - day * DAY_S) / MINUTE_S, -1);
}

/* The fewest days from one that matches to the next one, at least 1. */
static int64_t
least_day_gap(const struct cron *cron)
{
    int64_t least = CYCLE_DAYS, last = -1;

    for (int64_t day = 0; day < 2 * CYCLE_DAYS && least > 1; day++) {
        if (!day_matches(cron, day))
            continue;
        if (last >= 0 && day - last < least)
            least = day - last;
        last = day;
    }
    return least;
}

int64_t
cron_least_gap_s(const struct cron *cron)
{
    const int64_t day = DAY_S / MINUTE_S;
    int64_t first = find_minute(cron, 0, 1), last = find_minute(cron, day - 1, -1);
    int64_t least = least_day_gap(cron) * day - last + first, before = first;

    for (int64_t at = first; at >= 0; at = find_minute(cron, at + 1, 1)) {
        if (at > first && at - before < least)
            least = at - before;
        before = at;
    }
    return least * MINUTE_S;
}
