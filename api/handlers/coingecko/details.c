#include "api/handlers/coingecko/details.h"

#include "api/handlers/coingecko/valuation.h"
#include "common/attributes.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400, PERCENT_DIGITS = 14 };

/* Columns of query_coins_closes. */
enum { CLOSE_SLUG, CLOSE_CODE, CLOSE_SECONDS, CLOSE_PRICE, CLOSE_MARKET_CAP };

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

void
details_read_rows(struct row_index *details, const struct rows *rows, struct arena *arena)
{
    static const size_t columns[] = {DETAIL_SLUG, DETAIL_CODE};

    row_index_make(details, rows, columns, COUNT_OF(columns), arena);
}

/* The row of a coin; of one currency, or the first. -1 = there is none. */
static int64_t
find_detail(const struct row_index *details, const char *slug, const char *code)
{
    const char *const keys[] = {slug, code};

    return row_index_find(details, keys, code ? 2 : 1);
}

const char *
detail_text(const struct row_index *details, const char *slug, const char *code, enum detail detail)
{
    int64_t row = find_detail(details, slug, code);

    return row < 0 ? NULL : rows_text(details->rows, (size_t)row, detail);
}

int64_t
detail_moment_ms(const struct row_index *details, const char *slug, const char *code,
                 enum detail detail)
{
    int64_t row = find_detail(details, slug, code);

    return row < 0 ? 0 : rows_int(details->rows, (size_t)row, detail, 0);
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

const char *
price_change(const char *price, const char *percent, const char *before, struct arena *arena)
{
    const char *left, *change;
    bool is_negative;

    if (price && !percent && before)
        return decimal_subtract(price, before, arena);
    if (!price || !percent)
        return NULL;
    left = decimal_add("100", percent, arena); /* of a hundred */
    if (decimal_is_negative(left) || decimal_is_zero(left))
        return NULL;
    is_negative = decimal_is_negative(percent);
    change = decimal_ratio(decimal_product(price, percent + is_negative, arena), left,
                           PERCENT_DIGITS, arena);
    return is_negative && !decimal_is_zero(change) ? arena_printf(arena, "-%s", change) : change;
}

int32_t
period_seconds(const char *period)
{
    char *unit;
    int32_t count = (int32_t)strtol(period, &unit, 10);

    return count * (*unit == 'h' ? HOUR_S : *unit == 'd' ? DAY_S : 365 * DAY_S);
}

/* The coins, Bitcoin, and those that currencies are: what it takes to convert. */
static const char *
slugs_with_units(const char *const *slugs, size_t slug_count, const char *const *codes,
                 size_t code_count, struct arena *arena)
{
    struct text array;

    array_start(&array, arena, 16 * (slug_count + 1) + 2);
    for (size_t i = 0; i < slug_count; i++)
        array_add(&array, slugs[i]);
    array_add(&array, "bitcoin");
    for (size_t i = 0; i < code_count; i++) {
        if (valuation_coin(codes[i]))
            array_add(&array, valuation_coin(codes[i]));
    }
    return array_finish(&array);
}

void
closes_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
           const char *const *codes, size_t code_count, const char *const *periods,
           size_t period_count, void (*then)(struct flight *flight, const struct rows *rows))
{
    struct arena *arena = flight_arena(flight);
    struct text seconds, currencies;

    array_start(&seconds, arena, 64);
    for (size_t i = 0; i < period_count; i++)
        array_add_int(&seconds, period_seconds(periods[i]));
    array_start(&currencies, arena, 64);
    for (size_t i = 0; i < code_count; i++)
        array_add(&currencies, codes[i]);
    array_add(&currencies, "usd");
    flight_ask(flight, &query_coins_closes,
               SQL_VALUES(SQL_TEXT(slugs_with_units(slugs, slug_count, codes, code_count, arena)),
                          SQL_TEXT(array_finish(&currencies)), SQL_TEXT(array_finish(&seconds))),
               then);
}

void
closes_read_rows(struct row_index *closes, const struct rows *rows, struct arena *arena)
{
    static const size_t columns[] = {CLOSE_SLUG, CLOSE_CODE, CLOSE_SECONDS};

    row_index_make(closes, rows, columns, COUNT_OF(columns), arena);
}

/* A column of the row of a coin, a currency and a period; NULL = there is none. */
static const char *
find_close(const struct row_index *closes, const char *slug, const char *code, const char *period,
           size_t column, struct arena *arena)
{
    const char *const keys[] = {slug, code,
                                arena_printf(arena, "%" PRId32, period_seconds(period))};
    int64_t row = row_index_find(closes, keys, COUNT_OF(keys));

    return row < 0 ? NULL : rows_text(closes->rows, (size_t)row, column);
}

/* Dollars of that time; NULL if they are, or nobody knows what it takes to convert them. */
static const char *
convert_before(const struct row_index *closes, const char *dollars, const char *code,
               const char *period, struct arena *arena)
{
    const char *coin = valuation_coin(code), *rate = NULL, *unit = NULL;

    if (!dollars || strcmp(code, "usd") == 0)
        return dollars;
    if (!coin || strcmp(coin, "bitcoin") != 0)
        rate = find_close(closes, "bitcoin", code, period, CLOSE_PRICE, arena);
    if (!rate && !coin)
        return NULL;
    unit = find_close(closes, rate ? "bitcoin" : coin, "usd", period, CLOSE_PRICE, arena);
    if (!unit || decimal_is_zero(unit))
        return NULL;
    return decimal_ratio(rate ? decimal_product(dollars, rate, arena) : dollars, unit,
                         VALUATION_DIGITS, arena);
}

static const char *
find_or_convert(const struct row_index *closes, const char *slug, const char *code,
                const char *period, size_t column, struct arena *arena)
{
    const char *coin = valuation_coin(code), *own = NULL;

    if (!coin || strcmp(coin, slug) != 0) /* one Bitcoin is one Bitcoin */
        own = find_close(closes, slug, code, period, column, arena);
    if (own)
        return own;
    return convert_before(closes, find_close(closes, slug, "usd", period, column, arena), code,
                          period, arena);
}

const char *
close_before(const struct row_index *closes, const char *slug, const char *code, const char *period,
             struct arena *arena)
{
    return find_or_convert(closes, slug, code, period, CLOSE_PRICE, arena);
}

const char *
market_cap_before(const struct row_index *closes, const char *slug, const char *code,
                  struct arena *arena)
{
    return find_or_convert(closes, slug, code, "24h", CLOSE_MARKET_CAP, arena);
}
