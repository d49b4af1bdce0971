#include "api/handlers/udf/search.h"

#include "api/handlers/udf/price_scale.h"
#include "api/handlers/udf/resolutions.h"
#include "api/names/asset_search.h"
#include "schema/queries.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { GROUP_MAX = 500 };

/* Columns of query_markets_search. */
enum { TICKER, CODE, SLUG, NAME, CURRENCY, SOURCE, IS_MEANT, PRICE, DECIMALS, VERSION };

/* What is searched, of what was typed: "BINANCE:BTC/USD" is of an exchange. */
struct wanted {
    const char *text, *pair; /* behind the exchange */
    const char *source;      /* "" = all sources as one, NULL = of either */
    bool is_nothing;         /* of a type that there is not */
};

static char *
mapped(const char *text, size_t size, int (*map)(int), struct arena *arena)
{
    char *copy = arena_copy(arena, text, size);

    for (size_t i = 0; i < size; i++)
        copy[i] = (char)map((unsigned char)copy[i]);
    return copy;
}

/* An exchange that nobody knows has no markets, as a source of that name would have none. */
static const char *
source_of(const char *exchange, size_t size, struct arena *arena)
{
    const char *source = mapped(exchange, size, tolower, arena);

    return strcmp(source, "agg") == 0 ? "" : source;
}

static const char *
typed_of(const struct params *params)
{
    const char *typed = params_get(params, "query")->text;

    return typed ? typed : "";
}

static void
set_typed(struct wanted *wanted, const char *typed, struct arena *arena)
{
    const char *colon = strchr(typed, ':');

    if (colon && !wanted->source)
        wanted->source = source_of(typed, (size_t)(colon - typed), arena);
    wanted->text = colon ? colon + 1 : typed;
    wanted->pair = asset_search_pair(wanted->text, arena);
}

static struct wanted
wanted_of(const struct params *params, struct arena *arena)
{
    const char *exchange = params_get(params, "exchange")->text;
    const char *type = params_get(params, "type")->text;
    struct wanted wanted = {.is_nothing = type && strcasecmp(type, "crypto") != 0};

    if (exchange)
        wanted.source = source_of(exchange, strlen(exchange), arena);
    set_typed(&wanted, typed_of(params), arena);
    return wanted;
}

static void
ask(struct flight *flight, const struct wanted *wanted, int64_t limit,
    void (*then)(struct flight *flight, const struct rows *rows))
{
    const struct param_value *query = params_get(flight_params(flight), "query");
    struct text slugs;

    array_start(&slugs, flight_arena(flight), 512);
    for (size_t i = 0; i < query->item_count && !wanted->is_nothing; i++)
        array_add(&slugs, query->items[i]);
    flight_ask(flight, &query_markets_search,
               SQL_VALUES(SQL_TEXT(array_finish(&slugs)), SQL_TEXT(wanted->pair),
                          SQL_TEXT(wanted->text), SQL_TEXT(wanted->source), SQL_INT(limit)),
               then);
}

/* Names come and go with prices, not with each of them. */
static void
search_tag(const struct params *params, struct tag_list *tags)
{
}

/* ------------------------------------------------------------------------------- what is told */

static const char *
exchange_of(const struct rows *rows, size_t row, struct arena *arena)
{
    const char *source = rows_text(rows, row, SOURCE);

    return source ? mapped(source, strlen(source), toupper, arena) : "AGG";
}

static const char *
pair_of(const struct rows *rows, size_t row, struct arena *arena)
{
    const char *code = rows_text(rows, row, CODE);

    return arena_printf(arena, "%s%s", rows_text(rows, row, TICKER),
                        mapped(code, strlen(code), toupper, arena));
}

/* One that its letters alone would not find is named by its asset's id as well. */
static const char *
ticker_of(const struct rows *rows, size_t row, struct arena *arena)
{
    bool is_meant = rows_bool(rows, row, IS_MEANT);

    return arena_printf(arena, "%s:%s%s%s", exchange_of(rows, row, arena),
                        pair_of(rows, row, arena), is_meant ? "" : "@",
                        is_meant ? "" : rows_text(rows, row, SLUG));
}

static const char *
description_of(const struct rows *rows, size_t row, struct arena *arena)
{
    bool is_meant = rows_bool(rows, row, IS_MEANT);

    return arena_printf(arena, "%s / %s%s%s%s", rows_text(rows, row, NAME),
                        rows_text(rows, row, CURRENCY), is_meant ? "" : " (",
                        is_meant ? "" : rows_text(rows, row, SLUG), is_meant ? "" : ")");
}

static const char *
scale_of(const struct rows *rows, size_t row, struct arena *arena)
{
    return arena_printf(
        arena, "%" PRId64,
        price_scale(rows_text(rows, row, PRICE), (int32_t)rows_int(rows, row, DECIMALS, 0)));
}

static size_t
count_of(const struct rows *rows)
{
    return rows_is_null(rows, 0, TICKER) ? 0 : rows->count;
}

/* ----------------------------------------------------------------------------------- /search */

static void
add_member(struct text *text, const char *name, const char *value)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_string(text, value);
}

static void
add_market(struct text *text, const struct rows *rows, size_t row)
{
    const char *pair = pair_of(rows, row, text->arena);
    const char *exchange = exchange_of(rows, row, text->arena);

    text_add_string(text, row > 0 ? ",{\"symbol\":" : "{\"symbol\":");
    text_add_json_string(text, pair);
    add_member(text, "full_name", arena_printf(text->arena, "%s:%s", exchange, pair));
    add_member(text, "description", description_of(rows, row, text->arena));
    add_member(text, "exchange", exchange);
    add_member(text, "ticker", ticker_of(rows, row, text->arena));
    add_member(text, "type", "crypto");
    text_add_char(text, '}');
}

static void
search_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    text_init(&text, flight_arena(flight), 16 + 200 * rows->count);
    text_add_char(&text, '[');
    for (size_t row = 0; row < count_of(rows); row++)
        add_market(&text, rows, row);
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

static void
search_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct wanted wanted = wanted_of(params, flight_arena(flight));

    ask(flight, &wanted, params_get(params, "limit")->integer, search_render);
}

const struct reading udf_search_reading = {.tag = search_tag, .start = search_start};

/* ------------------------------------------------------------------------------ /symbol_info */

static void
add_column(struct text *text, const char *name, const struct rows *rows, bool is_number,
           const char *(*cell)(const struct rows *rows, size_t row, struct arena *arena))
{
    text_add_format(text, "\"%s\":[", name);
    for (size_t row = 0; row < rows->count; row++) {
        const char *value = cell(rows, row, text->arena);

        if (row > 0)
            text_add_char(text, ',');
        if (is_number)
            text_add_json_raw(text, value);
        else
            text_add_json_string(text, value);
    }
    text_add_string(text, "],");
}

/* What is the same of all need not be an array. */
static void
add_constants(struct text *text)
{
    text_add_string(text, "\"minmovement\":1,\"minmovement2\":0,\"has-intraday\":true,"
                          "\"type\":\"crypto\",\"timezone\":\"Etc/UTC\","
                          "\"session-regular\":\"24x7\",\"supported-resolutions\":[");
    for (size_t i = 0; i < resolution_count; i++)
        text_add_format(text, "%s\"%s\"", i > 0 ? "," : "", resolutions[i].name);
    text_add_string(text, "]}\n");
}

static void
symbol_info_render(struct flight *flight, const struct rows *rows)
{
    struct problem problem;
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    if (count_of(rows) == 0) {
        problem_set(&problem, 404, "group.unknown", "There is no such group of markets",
                    "group: a source that has prices, or AGG");
        flight_fail(flight, &problem);
        return;
    }
    text_init(&text, flight_arena(flight), 512 + 200 * rows->count);
    text_add_char(&text, '{');
    add_column(&text, "symbol", rows, false, pair_of);
    add_column(&text, "description", rows, false, description_of);
    add_column(&text, "exchange-listed", rows, false, exchange_of);
    add_column(&text, "exchange-traded", rows, false, exchange_of);
    add_column(&text, "pricescale", rows, true, scale_of);
    add_column(&text, "ticker", rows, false, ticker_of);
    add_constants(&text);
    flight_land(flight, text_finish(&text));
}

static void
symbol_info_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const char *group = params_get(params, "group")->text;
    struct arena *arena = flight_arena(flight);
    struct wanted wanted = {.source = source_of(group, strlen(group), arena)};

    set_typed(&wanted, typed_of(params), arena);
    ask(flight, &wanted, GROUP_MAX, symbol_info_render);
}

const struct reading udf_symbol_info_reading = {.tag = search_tag, .start = symbol_info_start};
