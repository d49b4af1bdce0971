#include "common/clock.h"

#include <time.h>

static int64_t
read_us(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_now_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_now_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t
clock_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

enum { DAY_S = 86400 };

/* Days since 1970-01-01: "days_from_civil" of Howard Hinnant's "chrono-Compatible Low-Level Date
 * Algorithms". March is the first month of its year, so that the leap day is the last. */
static int64_t
days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static char *
put_digits(char *out, int64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return out + count;
}

const char *
clock_format_ms(int64_t at_ms, char text[CLOCK_TEXT_SIZE])
{
    int64_t ms = (at_ms % 1000 + 1000) % 1000, s = (at_ms - ms) / 1000;
    int64_t of_day = (s % DAY_S + DAY_S) % DAY_S;
    /* The inverse of days_of_date ("civil_from_days"). */
    int64_t z = (s - of_day) / DAY_S + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    char *out = text;

    out = put_digits(out, year + era * 400 + (month <= 2), 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    out = put_digits(out, of_year - (153 * shifted + 2) / 5 + 1, 2);
    *out++ = 'T';
    out = put_digits(out, of_day / 3600, 2);
    *out++ = ':';
    out = put_digits(out, of_day / 60 % 60, 2);
    *out++ = ':';
    out = put_digits(out, of_day % 60, 2);
    *out++ = '.';
    out = put_digits(out, ms, 3);
    *out++ = 'Z';
    *out = '\0';
    return text;
}

/* What is left to read. */
struct cursor {
    const char *at, *end;
};

static bool
take_char(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Exactly `count` digits, with a value from `min` to `max`. */
static bool
take_number(struct cursor *cursor, int count, int64_t min, int64_t max, int64_t *ret_number)
{
    int64_t number = 0;

    if (cursor->end - cursor->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        char c = cursor->at[i];

        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    if (number < min || number > max)
        return false;
    cursor->at += count;
    *ret_number = number;
    return true;
}

static bool
take_date(struct cursor *cursor, int64_t *ret_days)
{
    static const int8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day, last;

    if (!take_number(cursor, 4, 1969, 9999, &year) || !take_char(cursor, '-') ||
        !take_number(cursor, 2, 1, 12, &month) || !take_char(cursor, '-') ||
        !take_number(cursor, 2, 1, 31, &day))
        return false;
    last = lengths[month - 1];
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        last = 29;
    if (day > last)
        return false;
    *ret_days = days_of_date(year, month, day);
    return true;
}

/* "08:41:05", then perhaps ".123456". */
static bool
take_time(struct cursor *cursor, int64_t *ret_ms)
{
    int64_t hour, minute, second, ms = 0, weight = 100;

    if (!take_number(cursor, 2, 0, 23, &hour) || !take_char(cursor, ':') ||
        !take_number(cursor, 2, 0, 59, &minute) || !take_char(cursor, ':') ||
        !take_number(cursor, 2, 0, 59, &second))
        return false;
    if (take_char(cursor, '.')) {
        int64_t digit;

        if (!take_number(cursor, 1, 0, 9, &digit))
            return false;
        do {
            ms += digit * weight;
            weight /= 10;
        } while (take_number(cursor, 1, 0, 9, &digit));
    }
    *ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

/* "Z", "+05:30", "+0530", "+05" (as PostgreSQL writes it). */
static bool
take_zone(struct cursor *cursor, int64_t *ret_offset_ms)
{
    int64_t sign = 1, hours, minutes = 0;

    *ret_offset_ms = 0;
    if (take_char(cursor, 'Z'))
        return true;
    if (take_char(cursor, '-'))
        sign = -1;
    else if (!take_char(cursor, '+'))
        return false;
    if (!take_number(cursor, 2, 0, 23, &hours))
        return false;
    if (cursor->at < cursor->end) {
        take_char(cursor, ':');
        if (!take_number(cursor, 2, 0, 59, &minutes))
            return false;
    }
    *ret_offset_ms = sign * (hours * 60 + minutes) * 60000;
    return true;
}

bool
clock_parse_ms(const char *text, size_t size, int64_t *ret_at_ms)
{
    /* 9999-12-31T23:59:59.999Z */
    const int64_t latest_ms = INT64_C(253402300799999);
    struct cursor cursor = {text, text + size};
    int64_t days, of_day_ms = 0, offset_ms = 0, at_ms;

    if (!take_date(&cursor, &days))
        return false;
    if (cursor.at < cursor.end) {
        if (!take_char(&cursor, 'T') && !take_char(&cursor, ' '))
            return false;
        if (!take_time(&cursor, &of_day_ms) || !take_zone(&cursor, &offset_ms))
            return false;
    }
    at_ms = days * DAY_S * 1000 + of_day_ms - offset_ms;
    if (cursor.at != cursor.end || at_ms < 0 || at_ms > latest_ms)
        return false;
    *ret_at_ms = at_ms;
    return true;
}
