#include "api/handlers/coingecko/details.h"

#include "common/decimal.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400, PERCENT_DIGITS = 14 };

/* Columns of query_coins_closes. */
enum { CLOSE_SLUG, CLOSE_CODE, CLOSE_SECONDS, CLOSE_PRICE };

const char *
text_array(const char *const *texts, size_t count, struct arena *arena)
{
    struct text array;

    array_start(&array, arena, 16 * count + 2);
    for (size_t i = 0; i < count; i++)
        array_add(&array, texts[i]);
    return array_finish(&array);
}

void
details_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
            const char *const *codes, size_t code_count,
            void (*then)(struct flight *flight, const struct rows *rows))
{
    struct arena *arena = flight_arena(flight);
    const struct database_value values[] = {
        SQL_TEXT(text_array(slugs, slug_count, arena)),
        SQL_TEXT(text_array(codes, code_count, arena)),
    };

    flight_ask(flight, &query_coins_details, values, COUNT_OF(values), then);
}

static bool
is_text(const struct rows *rows, size_t row, size_t column, const char *wanted)
{
    const char *text = rows_text(rows, row, column);

    return text && strcmp(text, wanted) == 0;
}

/* The row of a coin; of one currency, or the first. -1 = there is none. */
static int64_t
find_detail(const struct rows *details, const char *slug, const char *code)
{
    for (size_t row = 0; row < details->count; row++) {
        if (is_text(details, row, DETAIL_SLUG, slug) &&
            (!code || is_text(details, row, DETAIL_CODE, code)))
            return (int64_t)row;
    }
    return -1;
}

const char *
detail_text(const struct rows *details, const char *slug, const char *code, enum detail detail)
{
    int64_t row = find_detail(details, slug, code);

    return row < 0 ? NULL : rows_text(details, (size_t)row, detail);
}

int64_t
detail_moment_ms(const struct rows *details, const char *slug, const char *code, enum detail detail)
{
    int64_t row = find_detail(details, slug, code);

    return row < 0 ? 0 : rows_int(details, (size_t)row, detail, 0);
}

const char *
percent_change(const char *now, const char *then, struct arena *arena)
{
    const char *difference, *percent;
    bool is_negative;

    if (!now || !then || decimal_is_zero(then) || decimal_is_negative(then))
        return NULL;
    difference = decimal_subtract(now, then, arena);
    is_negative = decimal_is_negative(difference);
    percent = decimal_ratio(decimal_multiply(difference + is_negative, 100, arena), then,
                            PERCENT_DIGITS, arena);
    return is_negative && !decimal_is_zero(percent) ? arena_printf(arena, "-%s", percent) : percent;
}

int32_t
period_seconds(const char *period)
{
    char *unit;
    int32_t count = (int32_t)strtol(period, &unit, 10);

    return count * (*unit == 'h' ? HOUR_S : *unit == 'd' ? DAY_S : 365 * DAY_S);
}

void
closes_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
           const char *const *codes, size_t code_count, const char *const *periods,
           size_t period_count, void (*then)(struct flight *flight, const struct rows *rows))
{
    struct arena *arena = flight_arena(flight);
    struct text seconds;

    array_start(&seconds, arena, 64);
    for (size_t i = 0; i < period_count; i++)
        array_add_int(&seconds, period_seconds(periods[i]));
    flight_ask(flight, &query_coins_closes,
               SQL_VALUES(SQL_TEXT(text_array(slugs, slug_count, arena)),
                          SQL_TEXT(text_array(codes, code_count, arena)),
                          SQL_TEXT(array_finish(&seconds))),
               then);
}

const char *
close_before(const struct rows *closes, const char *slug, const char *code, const char *period)
{
    for (size_t row = 0; row < closes->count; row++) {
        if (rows_int(closes, row, CLOSE_SECONDS, 0) == period_seconds(period) &&
            is_text(closes, row, CLOSE_CODE, code) && is_text(closes, row, CLOSE_SLUG, slug))
            return rows_text(closes, row, CLOSE_PRICE);
    }
    return NULL;
}
