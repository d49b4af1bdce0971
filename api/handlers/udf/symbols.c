#include "api/handlers/udf/symbols.h"

#include "api/handlers/udf/market.h"
#include "api/handlers/udf/price_scale.h"
#include "api/handlers/udf/resolutions.h"
#include "schema/queries.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Columns of query_market_shape. */
enum { DECIMALS, PRICE, HAS_VOLUME, INTERVALS };

static void
add_member(struct text *text, const char *name, const char *value)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_string(text, value);
}

/* Whether there are candles that bars of this resolution are made of. `intervals`: "300,3600". */
static bool
is_supported(const struct resolution *resolution, const char *intervals)
{
    if (!intervals)
        return true; /* there are none yet: whatever comes will be made into all of them */
    for (const char *at = intervals; *at; at += *at == ',') {
        char *end;

        if (strtol(at, &end, 10) == resolution->stored_s)
            return true;
        at = end;
    }
    return false;
}

static bool
is_intraday(const struct resolution *resolution)
{
    return resolution->stored_s < 86400;
}

static void
add_resolutions(struct text *text, const char *name, const char *intervals, bool intraday_only)
{
    const char *comma = "";

    text_add_format(text, ",\"%s\":[", name);
    for (size_t i = 0; i < resolution_count; i++) {
        if (!is_supported(&resolutions[i], intervals) ||
            (intraday_only && !is_intraday(&resolutions[i])))
            continue;
        text_add_format(text, "%s\"%s\"", comma, resolutions[i].name);
        comma = ",";
    }
    text_add_char(text, ']');
}

static void
add_what_there_is(struct text *text, const char *intervals)
{
    bool intraday = false, daily = false;

    for (size_t i = 0; i < resolution_count; i++) {
        if (!is_supported(&resolutions[i], intervals))
            continue;
        intraday = intraday || is_intraday(&resolutions[i]);
        daily = daily || !is_intraday(&resolutions[i]);
    }
    text_add_format(text, ",\"has_intraday\":%s,\"has_daily\":%s,\"has_weekly_and_monthly\":%s",
                    intraday ? "true" : "false", daily ? "true" : "false",
                    daily ? "true" : "false");
    add_resolutions(text, "intraday_multipliers", intervals, true);
    add_resolutions(text, "supported_resolutions", intervals, false);
}

static const char *
uppercase(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

/* No member may be called "s": the adapter takes that for an error. */
static void
symbols_render(struct flight *flight, const struct rows *rows)
{
    const struct market *market = flight_context(flight);
    struct arena *arena = flight_arena(flight);
    const char *exchange = market_exchange(market, arena);
    const char *currency = uppercase(market->code, arena);
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    text_init(&text, arena, 1024);
    text_add_string(&text, "{\"name\":");
    text_add_json_string(&text, market_pair(market, arena));
    add_member(&text, "ticker", market_ticker(market, arena));
    add_member(&text, "description", market_description(market, arena));
    add_member(&text, "type", "crypto");
    add_member(&text, "session", "24x7");
    add_member(&text, "timezone", "Etc/UTC");
    add_member(&text, "exchange", exchange);
    add_member(&text, "listed_exchange", exchange);
    text_add_format(
        &text, ",\"minmov\":1,\"pricescale\":%" PRId64,
        price_scale(rows_text(rows, 0, PRICE), (int32_t)rows_int(rows, 0, DECIMALS, 0)));
    add_what_there_is(&text, rows_text(rows, 0, INTERVALS));
    text_add_string(&text, ",\"volume_precision\":8");
    add_member(&text, "data_status", "streaming");
    add_member(&text, "format", "price");
    add_member(&text, "visible_plots_set", rows_bool(rows, 0, HAS_VOLUME) ? "ohlcv" : "ohlc");
    add_member(&text, "currency_code", currency);
    add_member(&text, "original_currency_code", currency);
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
on_market(struct flight *flight, struct market *market)
{
    flight_ask(flight, &query_market_shape,
               SQL_VALUES(market->source_id, market->asset_id, market->quote_id), symbols_render);
}

static void
symbols_start(struct flight *flight)
{
    struct market *market = arena_alloc_array(flight_arena(flight), 1, sizeof *market);

    market_find(flight, market, on_market);
}

/* What it says changes with the market's decimals, not with its price. */
static void
symbols_tag(const struct params *params, struct tag_list *tags)
{
}

const struct reading udf_symbols_reading = {.tag = symbols_tag, .start = symbols_start};
