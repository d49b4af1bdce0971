#include "api/handlers/udf/config.h"
#include "api/handlers/udf/history.h"
#include "api/handlers/udf/marks.h"
#include "api/handlers/udf/quotes.h"
#include "api/handlers/udf/resolutions.h"
#include "api/handlers/udf/search.h"
#include "api/handlers/udf/symbols.h"
#include "api/handlers/udf/window.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
#define SYMBOL_PARAM   {"symbol",       PARAM_MARKET,   0, 0, NULL, NULL, true,  "The market: BTCUSD, AGG:BTCUSD (all sources as one) or BINANCE:BTCUSDT (one of them)."}
#define CURRENCY_PARAM {"currencyCode", PARAM_CURRENCY, 0, 0, NULL, NULL, false, "The same asset in another currency."}
#define SECONDS_MAX 253402300799000 /* 9999-12-31, in milliseconds */

static const struct param no_params[] = {{0}};

static const struct param symbols_params[] = {
    SYMBOL_PARAM,
    CURRENCY_PARAM,
    {0},
};

static const struct param history_params[] = {
    SYMBOL_PARAM,
    CURRENCY_PARAM,
    {"resolution", PARAM_CHOICE,  0, 0, RESOLUTION_CHOICES, NULL, true, "Length of a bar: minutes, or days, weeks from Monday, months."},
    {"from",       PARAM_SECONDS, 0, SECONDS_MAX, NULL, NULL, false, "Bars that begin then or later, in seconds since 1970."},
    {"to",         PARAM_SECONDS, 0, SECONDS_MAX, NULL, NULL, false, "Bars that begin before; without it up to now."},
    {"countback",  PARAM_INTEGER, 0, WINDOW_BARS_MAX, NULL, NULL, false, "So many bars, however far back: then from does not count. 0 = as from says; of those the newest 5000."},
    {0},
};

#define QUERY_MAX 100

static const struct param search_params[] = {
    {"query",    PARAM_ASSET_SEARCH, 0, QUERY_MAX, NULL, "",   false, "What was typed: BTC, BTCUSD, BTC/USD, BINANCE:BTC, Bitcoin. Without it: the largest."},
    {"exchange", PARAM_TEXT,         1, QUERY_MAX, NULL, NULL, false, "Only of this source, or AGG for all of them as one."},
    {"type",     PARAM_TEXT,         1, QUERY_MAX, NULL, NULL, false, "Only of this type; there is crypto."},
    {"limit",    PARAM_INTEGER,      1, 100,       NULL, "30", false, "At most this many."},
    {0},
};

static const struct param quotes_params[] = {
    {"symbols", PARAM_MARKETS, 1, 50, NULL, NULL, true, "Markets, with commas: AGG:BTCUSD,BINANCE:BTCUSDT."},
    {0},
};

static const struct param marks_params[] = {
    SYMBOL_PARAM,
    {"resolution", PARAM_CHOICE,  0, 0, RESOLUTION_CHOICES, NULL, true, "Length of the bars that are marked."},
    {"from",       PARAM_SECONDS, 0, SECONDS_MAX, NULL, "0",  false, "Of bars that begin then or later, in seconds since 1970."},
    {"to",         PARAM_SECONDS, 0, SECONDS_MAX, NULL, NULL, false, "Of bars that begin before; without it up to now."},
    {0},
};

static const struct param symbol_info_params[] = {
    {"group", PARAM_TEXT,         1, QUERY_MAX, NULL, NULL, true,  "A source, or AGG for all of them as one."},
    {"query", PARAM_ASSET_SEARCH, 0, QUERY_MAX, NULL, "",   false, "Only what this finds."},
    {0},
};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/udf/config",    udf_config_answer, NULL,          ACCESS_ANYONE, 0, {0, 0, 0},            no_params,      "What this datafeed for TradingView's charts can do."},
    {ROUTE_READ, "/udf/time",      udf_time_answer,  NULL,           ACCESS_ANYONE, 0, {0, 0, 0},            no_params,      "Seconds since 1970, as text."},
    {ROUTE_READ, "/udf/symbols",   NULL, &udf_symbols_reading,       ACCESS_ANYONE, 1, {60, 86400, 60},      symbols_params, "What a market is called and how it is drawn."},
    {ROUTE_READ, "/udf/history",   NULL, &udf_history_reading,       ACCESS_ANYONE, 1, {60, 86400, 60},      history_params, "Bars of a market, the one that is not over included."},
    {ROUTE_READ, "/udf/search",    NULL, &udf_search_reading,        ACCESS_ANYONE, 1, {60, 86400, 60},      search_params,  "Markets by what a person types, best first."},
    {ROUTE_READ, "/udf/quotes",    NULL, &udf_quotes_reading,        ACCESS_ANYONE, 1, {30, 3600, 30},       quotes_params,  "Prices of markets, and how they changed since midnight, UTC."},
    {ROUTE_READ, "/udf/marks",     NULL, &udf_marks_reading,         ACCESS_ANYONE, 2, {60, 86400, 60},      marks_params,   "What to know of bars: gaps, corrections, prices that were not believed."},
    {ROUTE_READ, "/udf/timescale_marks", NULL, &udf_timescale_marks_reading, ACCESS_ANYONE, 2, {60, 86400, 60}, marks_params, "Gaps and corrections, along the time scale."},
    {ROUTE_READ, "/udf/symbol_info", NULL, &udf_symbol_info_reading, ACCESS_ANYONE, 2, {60, 86400, 60},      symbol_info_params, "The largest markets of a source, as a table."},
};
/* clang-format on */

const struct route_group udf_routes = {rows, COUNT_OF(rows)};
