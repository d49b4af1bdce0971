#include "api/answer/formats.h"
#include "api/handlers/chart_interval.h"
#include "api/handlers/charts.h"
#include "api/handlers/data.h"
#include "api/handlers/prices.h"
#include "api/params/as_of.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param price_params[] = {
    {"assets",     PARAM_ASSETS_OR_TICKERS, 1, 50, NULL, NULL, true, "Assets, with commas: bitcoin,ETH. A ticker is taken if no other asset has it."},
    {"currencies", PARAM_CURRENCIES, 1, 20, NULL, NULL, true,  "Currencies, with commas: usd,eur."},
    {"source",     PARAM_SOURCE,     0, 0,  NULL, NULL, false, "The price of this source, instead of what all of them agree on."},
    AS_OF_PARAM,
    NUMBERS_PARAM,
    {0},
};

static const struct param chart_params[] = {
    {"asset",    PARAM_ASSET_OR_TICKER, 0, 0, NULL,       NULL, true,  "The asset, bitcoin, or its ticker, BTC, if no other asset has it."},
    {"currency", PARAM_CURRENCY, 0, 0,    NULL,           NULL, true,  "The currency: usd."},
    {"days",     PARAM_DAYS,     1, 7300, NULL,           NULL, true,  "How far back, in days, or max."},
    {"interval", PARAM_CHOICE,   0, 0,    CHART_INTERVALS, NULL, false, "Distance of the points; hourly up to 90 days unless said, else daily. Weeks begin on Monday, UTC."},
    {"source",   PARAM_SOURCE,   0, 0,    NULL,           NULL, false, "Only candles of this source. Without it: of the source whose series, from its first to its last candle, covers most of the window; of equals the preferred one."},
    AS_OF_PARAM,
    FORMAT_PARAM("json|csv|ndjson|lwc"),
    NUMBERS_PARAM,
    {0},
};

static const struct param data_params[] = {
    {"page",      PARAM_INTEGER, 1, 1000000, NULL, "1",  false, "Which page, from 1."},
    {"page_size", PARAM_INTEGER, 1, 100,     NULL, "50", false, "Rows of a page."},
    {"limit",     PARAM_INTEGER, 1, 100,     NULL, NULL, false, "Rows of a page, instead of page_size."},
    {"cursor",    PARAM_CURSOR,  0, 0,       NULL, NULL, false, "The next page, instead of its number: next_cursor of the one before."},
    {"source",    PARAM_SOURCE,  0, 0,       NULL, NULL, false, "Only rows of this source."},
    {"symbol",    PARAM_SYMBOL,  1, 100,     NULL, NULL, false, "Only rows of this symbol or asset: BTC."},
    FORMAT_PARAM("json|csv|ndjson"),
    NUMBERS_PARAM,
    {0},
};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/simple_price", NULL,             &prices_reading, ACCESS_ANYONE, 1, {30, 3600, 60},       price_params, "Latest prices of assets in currencies."},
    {ROUTE_READ, "/market_chart", NULL,             &charts_reading, ACCESS_ANYONE, 1, {300, 86400, 300},    chart_params, "Prices, market caps and volumes over time."},
    {ROUTE_READ, "/data",         NULL,             &data_reading,   ACCESS_ANYONE, 1, {30, 3600, 60},        data_params,  "The latest row of each asset, currency and source, by rank."},
};
/* clang-format on */

const struct route_group simple_routes = {rows, COUNT_OF(rows)};
