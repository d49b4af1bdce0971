#include "api/handlers/coingecko/charts.h"

#include "api/handlers/coingecko/candle_maker.h"
#include "api/handlers/coingecko/retention.h"
#include "api/handlers/coingecko/valuation.h"
#include "api/handlers/coingecko/window.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <string.h>

enum { POINTS_MAX = 1000000 }; /* a century of hours: it bounds a mistake, not a chart */

/* Columns of query_coin_series, query_coin_points and query_coin_candles. */
enum { ROLE, ASSET_ID, QUOTE_ID, SOURCE_ID, VERSION };
enum { AT, CLOSE, MARKET_CAP, VOLUME_24H, RATE, RATE_USD };
enum { CANDLE_AT, CANDLE_OPEN, CANDLE_VALUES = 4 };

/* Three arrays that grow side by side. */
struct lines {
    struct text prices, market_caps, volumes;
    const char *precision;
    size_t count;
};

/* What a flight carries from one query to the next. */
struct chart {
    struct chart_window window;
    bool is_range; /* it may end long ago */
    bool converts; /* what is in usd, by what Bitcoin costs or by the coin that the currency is */
    bool is_coin;  /* by the latter */
    struct rows series, points;
    struct lines lines;
};

static void
charts_tag(const struct params *params, struct tag_list *tags)
{
    const char *slug = params_get(params, "id")->text;
    const char *code = params_get(params, "vs_currency")->text;
    const char *coin = valuation_coin(code);

    tag_list_add(tags, arena_printf(tags->arena, "chart:%s/%s", slug, code));
    if (strcmp(code, "usd") == 0)
        return;
    tag_list_add(tags, arena_printf(tags->arena, "chart:%s/usd", slug));
    if (coin)
        tag_list_add(tags, arena_printf(tags->arena, "chart:%s/usd", coin));
    tag_list_add(tags, arena_printf(tags->arena, "chart:bitcoin/%s", code));
    tag_list_add(tags, "chart:bitcoin/usd");
}

/* The row of a role; -1 = there is no such series. */
static int64_t
find_series(const struct rows *series, const char *role)
{
    for (size_t row = 0; row < series->count; row++) {
        if (strcmp(rows_text(series, row, ROLE), role) == 0)
            return (int64_t)row;
    }
    return -1;
}

static struct database_value
series_id(const struct rows *series, const char *role, size_t column)
{
    int64_t row = find_series(series, role);

    return row < 0 ? SQL_NULL : SQL_INT(rows_int(series, (size_t)row, column, 0));
}

/* --------------------------------------------------------------------------------- rendering */

static void
add_value(struct text *text, int64_t at_ms, const char *number)
{
    text_add_char(text, '[');
    text_add_int(text, at_ms);
    text_add_char(text, ',');
    text_add_json_raw(text, number);
    text_add_string(text, "],");
}

static void
add_point(struct lines *lines, int64_t at_ms, const char *price, const char *market_cap,
          const char *volume)
{
    struct arena *arena = lines->prices.arena;

    add_value(&lines->prices, at_ms, valuation_round(price, lines->precision, arena));
    add_value(&lines->market_caps, at_ms, valuation_round(market_cap, lines->precision, arena));
    add_value(&lines->volumes, at_ms, valuation_round(volume, lines->precision, arena));
    lines->count++;
}

/* What a dollar's worth is multiplied with; NULL = unknown. Of a coin's price it is only divided
 * by. */
static const char *
rate_of(const struct chart *chart, size_t row)
{
    return chart->is_coin ? "1" : rows_text(&chart->points, row, RATE);
}

/* A number of the row in the currency that was asked for; NULL stays NULL. */
static const char *
in_currency(const struct chart *chart, size_t row, size_t column, struct arena *arena)
{
    const char *number = rows_text(&chart->points, row, column);

    if (!number || !chart->converts)
        return number;
    return decimal_ratio(decimal_product(number, rate_of(chart, row), arena),
                         rows_text(&chart->points, row, RATE_USD), VALUATION_DIGITS, arena);
}

/* Where it is not known what it takes to convert, there is no point. */
static bool
is_convertible(const struct chart *chart, size_t row)
{
    return !chart->converts ||
           (rate_of(chart, row) && !rows_is_null(&chart->points, row, RATE_USD));
}

static int64_t
add_points(struct lines *lines, const struct chart *chart)
{
    const struct rows *points = &chart->points;
    struct arena *arena = lines->prices.arena;
    int64_t at_ms = 0;

    for (size_t row = 0; row < points->count; row++) {
        if (!is_convertible(chart, row))
            continue;
        at_ms = rows_int(points, row, AT, 0);
        add_point(lines, at_ms, in_currency(chart, row, CLOSE, arena),
                  in_currency(chart, row, MARKET_CAP, arena),
                  in_currency(chart, row, VOLUME_24H, arena));
    }
    return at_ms;
}

static void
add_array(struct text *body, const char *name, struct text *values)
{
    struct bytes bytes = text_finish(values);

    text_add_string(body, name);
    text_add(body, bytes.data, bytes.size ? bytes.size - 1 : 0); /* without the last comma */
    text_add_char(body, ']');
}

static void
chart_land(struct flight *flight, struct lines *lines)
{
    struct text body;

    text_init(&body, flight_arena(flight), 128 + 96 * lines->count);
    add_array(&body, "{\"prices\":[", &lines->prices);
    add_array(&body, ",\"market_caps\":[", &lines->market_caps);
    add_array(&body, ",\"total_volumes\":[", &lines->volumes);
    text_add_string(&body, "}\n");
    flight_land(flight, text_finish(&body));
}

static void
nothing_found(struct flight *flight, const struct rows *rows)
{
    struct chart *chart = flight_context(flight);

    if (!retention_refuses(flight, rows, chart->window.to_ms, "to"))
        chart_land(flight, &chart->lines);
}

static void
chart_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct chart *chart = flight_context(flight);
    const struct worth *worth =
        valuation_of(valuation_read(flight, rows), params_get(params, "id")->text,
                     params_get(params, "vs_currency")->text);
    struct arena *arena = flight_arena(flight);
    struct lines *lines = &chart->lines;
    int64_t last_ms;

    lines->precision = params_get(params, "precision")->text;
    text_init(&lines->prices, arena, 64 + 40 * chart->points.count);
    text_init(&lines->market_caps, arena, 64 + 40 * chart->points.count);
    text_init(&lines->volumes, arena, 64 + 40 * chart->points.count);
    last_ms = add_points(lines, chart);
    if (worth->price && worth->observed_at_ms > last_ms &&
        worth->observed_at_ms >= chart->window.from_ms &&
        worth->observed_at_ms <= chart->window.to_ms)
        add_point(lines, worth->observed_at_ms, worth->price, worth->market_cap, worth->volume_24h);
    if (lines->count == 0 && chart->is_range)
        retention_ask(flight, nothing_found);
    else
        chart_land(flight, lines);
}

/* ----------------------------------------------------------------------------------- reading */

static void
points_read(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct chart *chart = flight_context(flight);
    const char *const *code = &params_get(params, "vs_currency")->text;

    if (rows)
        chart->points = *rows;
    valuation_ask(flight, &params_get(params, "id")->text, 1, code, 1, chart_render);
}

/*
 * How to get at the currency: as it is quoted; else by what Bitcoin costs in it; else, if it is a
 * coin, by what that costs. One Bitcoin is one Bitcoin, whatever a market says that sells it for
 * itself wrapped.
 */
static void
choose_way(struct chart *chart, const struct params *params)
{
    const char *coin = valuation_coin(params_get(params, "vs_currency")->text);
    bool is_itself = coin && strcmp(coin, params_get(params, "id")->text) == 0;

    chart->converts = is_itself || find_series(&chart->series, "price") < 0;
    chart->is_coin = coin && (is_itself || strcmp(coin, "bitcoin") == 0 ||
                              find_series(&chart->series, "rate") < 0);
}

/* `then` gets NULL where there are none. */
static void
ask_points(struct flight *flight, const struct chart *chart,
           void (*then)(struct flight *flight, const struct rows *rows))
{
    static const struct rows nothing = {0};
    const struct rows *series = &chart->series;
    const struct rows *units = chart->converts ? series : &nothing;
    const struct rows *rates = chart->is_coin ? &nothing : units;
    const char *price = chart->converts ? "usd" : "price";
    const char *caps = chart->converts ? "usd_caps" : "caps";
    const char *unit = chart->is_coin ? "coin_usd" : "rate_usd";
    const struct database_value values[] = {
        series_id(series, price, ASSET_ID),
        series_id(series, price, QUOTE_ID),
        series_id(series, price, SOURCE_ID),
        series_id(series, caps, SOURCE_ID),
        series_id(units, unit, ASSET_ID),
        series_id(rates, "rate", QUOTE_ID),
        series_id(rates, "rate", SOURCE_ID),
        series_id(units, unit, QUOTE_ID),
        series_id(units, unit, SOURCE_ID),
        SQL_INT(chart->window.stored_s),
        SQL_TIME_MS(chart->window.from_ms),
        SQL_TIME_MS(chart->window.to_ms),
        SQL_INT(POINTS_MAX),
    };

    if (find_series(series, price) < 0)
        then(flight, NULL);
    else
        flight_ask(flight, &query_coin_points, values, COUNT_OF(values), then);
}

static void
take_series(struct flight *flight, struct chart *chart, const struct rows *rows)
{
    chart->series = *rows;
    choose_way(chart, flight_params(flight));
    if (rows->count > 0)
        flight_note_version(flight, rows_text(rows, 0, VERSION));
}

static void
series_read(struct flight *flight, const struct rows *rows)
{
    struct chart *chart = flight_context(flight);

    take_series(flight, chart, rows);
    ask_points(flight, chart, points_read);
}

static void
ask_series(struct flight *flight, struct chart *chart,
           void (*then)(struct flight *flight, const struct rows *rows))
{
    const struct params *params = flight_params(flight);
    int64_t stored_ms = chart->window.stored_s * INT64_C(1000);
    int64_t first_ms = chart->window.from_ms - stored_ms, last_ms = chart->window.to_ms - stored_ms;
    const char *code = params_get(params, "vs_currency")->text, *coin = valuation_coin(code);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "id")->text), SQL_TEXT(code),
        SQL_INT(chart->window.stored_s),          SQL_TIME_MS(first_ms > 0 ? first_ms : 0),
        SQL_TIME_MS(last_ms > 0 ? last_ms : 0),   coin ? SQL_TEXT(coin) : SQL_NULL,
    };

    flight_set_context(flight, chart);
    flight_ask(flight, &query_coin_series, values, COUNT_OF(values), then);
}

static void
chart_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct chart *chart = arena_alloc_array(flight_arena(flight), 1, sizeof *chart);

    chart->window = window_of_days(params_get(params, "days")->integer,
                                   params_get(params, "interval")->text, clock_now_ms());
    ask_series(flight, chart, series_read);
}

static void
range_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct chart *chart = arena_alloc_array(flight_arena(flight), 1, sizeof *chart);

    chart->is_range = true;
    chart->window =
        window_of_range(params_get(params, "from")->integer, params_get(params, "to")->integer,
                        params_get(params, "interval")->text, clock_now_ms());
    ask_series(flight, chart, series_read);
}

static bool
range_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    if (params_get(params, "from")->integer <= params_get(params, "to")->integer)
        return true;
    problem_set(ret_problem, 400, "parameter.range",
                "The request has a parameter that cannot be used", "from: is later than to");
    ret_problem->parameter = "from";
    return false;
}

const struct reading coingecko_chart_reading = {.tag = charts_tag, .start = chart_start};
const struct reading coingecko_chart_range_reading = {
    .check = range_check, .tag = charts_tag, .start = range_start};

/* ----------------------------------------------------------------------------------- candles */

static void
candles_render(struct flight *flight, const struct rows *candles)
{
    const char *precision = params_get(flight_params(flight), "precision")->text;
    struct text text;

    text_init(&text, flight_arena(flight), 64 + 80 * candles->count);
    text_add_char(&text, '[');
    for (size_t row = 0; row < candles->count; row++) {
        text_add_string(&text, row > 0 ? ",[" : "[");
        text_add_int(&text, rows_int(candles, row, CANDLE_AT, 0));
        for (size_t i = 0; i < CANDLE_VALUES; i++) {
            text_add_char(&text, ',');
            text_add_json_raw(&text, valuation_round(rows_text(candles, row, CANDLE_OPEN + i),
                                                     precision, text.arena));
        }
        text_add_char(&text, ']');
    }
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

static void
ask_candles(struct flight *flight, const struct chart *chart)
{
    const struct rows *series = &chart->series;
    const struct database_value values[] = {
        series_id(series, "price", SOURCE_ID), series_id(series, "price", ASSET_ID),
        series_id(series, "price", QUOTE_ID),  SQL_INT(chart->window.stored_s),
        SQL_INT(chart->window.interval_s),     SQL_TIME_MS(chart->window.from_ms),
        SQL_TIME_MS(chart->window.to_ms),
    };

    flight_ask(flight, &query_coin_candles, values, COUNT_OF(values), candles_render);
}

/* In a currency in which nobody has candles, of the prices that the chart has. */
static void
candles_make(struct flight *flight, const struct rows *points)
{
    struct chart *chart = flight_context(flight);
    struct arena *arena = flight_arena(flight);
    struct candle_maker maker;
    struct text text;

    if (points)
        chart->points = *points;
    text_init(&text, arena, 4096);
    text_add_char(&text, '[');
    candle_maker_start(&maker, &text, chart->window.from_ms, chart->window.interval_s,
                       params_get(flight_params(flight), "precision")->text);
    for (size_t row = 0; row < chart->points.count; row++) {
        if (is_convertible(chart, row))
            candle_maker_add(&maker, rows_int(&chart->points, row, AT, 0),
                             in_currency(chart, row, CLOSE, arena));
    }
    candle_maker_finish(&maker);
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

static void
candles_chosen(struct flight *flight, const struct rows *rows)
{
    struct chart *chart = flight_context(flight);

    take_series(flight, chart, rows);
    if (chart->converts)
        ask_points(flight, chart, candles_make);
    else
        ask_candles(flight, chart);
}

static void
candles_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct chart *chart = arena_alloc_array(flight_arena(flight), 1, sizeof *chart);

    chart->window = window_of_candles(params_get(params, "days")->integer,
                                      params_get(params, "interval")->text, clock_now_ms());
    ask_series(flight, chart, candles_chosen);
}

const struct reading coingecko_ohlc_reading = {.tag = charts_tag, .start = candles_start};
