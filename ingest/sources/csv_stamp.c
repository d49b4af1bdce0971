#include "ingest/sources/csv_stamp.h"

#include "common/clock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How many of the first bytes are digits. */
static size_t
count_digits(const char *text, size_t size)
{
    size_t count = 0;

    while (count < size && isdigit((unsigned char)text[count]))
        count++;
    return count;
}

/* Digits, and perhaps a fraction of a second, as pandas writes integers that once had a hole. */
static bool
read_unix(struct bytes cell, int64_t *ret_at_ms)
{
    const int64_t seconds_below = INT64_C(100000000000), ms_below = INT64_C(100000000000000);
    size_t whole = count_digits(cell.data, cell.size), fraction = 0;
    int64_t value = 0, ms = 0;

    if (whole == 0 || whole > 17)
        return false;
    if (whole < cell.size) {
        fraction = count_digits(cell.data + whole + 1, cell.size - whole - 1);
        if (cell.data[whole] != '.' || fraction == 0 || whole + 1 + fraction != cell.size)
            return false;
    }
    for (size_t i = 0; i < whole; i++)
        value = value * 10 + (cell.data[i] - '0');
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < fraction ? cell.data[whole + 1 + i] - '0' : 0);
    if (value < seconds_below)
        *ret_at_ms = value * 1000 + ms;
    else
        *ret_at_ms = value < ms_below ? value : value / 1000;
    return true;
}

/* Digits with an exponent: "1.62328E+12". */
static bool
is_scientific(struct bytes cell)
{
    bool exponent = false;

    if (cell.size == 0 || !isdigit((unsigned char)cell.data[0]))
        return false;
    for (size_t i = 0; i < cell.size; i++) {
        char c = cell.data[i];

        if (c == 'e' || c == 'E')
            exponent = true;
        else if (!isdigit((unsigned char)c) && c != '.' && c != '+' && c != '-')
            return false;
    }
    return exponent;
}

/* "20230315T" */
static bool
read_compact_date(struct bytes cell, int64_t *ret_at_ms)
{
    char date[11];

    if (cell.size != 9 || count_digits(cell.data, 8) != 8 || cell.data[8] != 'T')
        return false;
    snprintf(date, sizeof date, "%.4s-%.2s-%.2s", cell.data, cell.data + 4, cell.data + 6);
    return clock_parse_ms(date, strlen(date), ret_at_ms);
}

/* "2018-06-22 03-PM": hours of a clock with two halves; 12-AM is midnight, 12-PM noon. */
static bool
read_half_day(struct bytes cell, int64_t *ret_at_ms)
{
    int64_t midnight_ms;
    int hour;

    if (cell.size != 16 || cell.data[10] != ' ' || count_digits(cell.data + 11, 2) != 2 ||
        cell.data[13] != '-' || cell.data[15] != 'M')
        return false;
    hour = (cell.data[11] - '0') * 10 + (cell.data[12] - '0');
    if (hour < 1 || hour > 12 || (cell.data[14] != 'A' && cell.data[14] != 'P'))
        return false;
    if (!clock_parse_ms(cell.data, 10, &midnight_ms))
        return false;
    hour = hour % 12 + (cell.data[14] == 'P' ? 12 : 0);
    *ret_at_ms = midnight_ms + (int64_t)hour * 3600 * 1000;
    return true;
}

/* With a zone as it is, without one as UTC. */
static bool
read_iso(struct bytes cell, int64_t *ret_at_ms)
{
    char zoned[48];

    if (cell.size + 1 > sizeof zoned)
        return false;
    if (clock_parse_ms(cell.data, cell.size, ret_at_ms))
        return true;
    memcpy(zoned, cell.data, cell.size);
    zoned[cell.size] = 'Z';
    return clock_parse_ms(zoned, cell.size + 1, ret_at_ms);
}

const char *
csv_read_stamp(struct bytes cell, int64_t *ret_at_ms)
{
    if (read_unix(cell, ret_at_ms) || read_compact_date(cell, ret_at_ms) ||
        read_half_day(cell, ret_at_ms))
        return NULL;
    if (is_scientific(cell))
        return "time.scientific";
    return read_iso(cell, ret_at_ms) ? NULL : "time.malformed";
}
