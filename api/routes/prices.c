#include "api/answer/formats.h"
#include "api/handlers/prices/latest.h"
#include "api/handlers/prices/page.h"
#include "api/handlers/prices/window.h"
#include "api/params/as_of.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param series_params[] = {
    {"symbol",      PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL,  true,  "The asset, bitcoin, or its ticker, BTC, if no other asset has it."},
    {"currency",    PARAM_CURRENCY, 0, 0,        NULL, "usd", false, "The currency: usd. usd, usdt and usdc are three."},
    {"granularity", PARAM_CHOICE,   0, 0,        PRICE_GRANULARITIES, "1h", false, "Candles of this length, or ticks as they were observed. Weeks begin on Monday, UTC."},
    {"start_time",  PARAM_MOMENT,   MOMENT_MIN, MOMENT_MAX, NULL, NULL, false, "Candles that open at this moment or later, in milliseconds since 1970 or such as 2026-11-21T08:00:00Z. Without it: limit intervals before the end; in a whole CSV or NDJSON the first there is."},
    {"end_time",    PARAM_MOMENT,   MOMENT_MIN, MOMENT_MAX, NULL, NULL, false, "Candles that open before this moment; without it: now."},
    {"source",      PARAM_SOURCE,   0, 0,        NULL, NULL,  false, "Only rows of this source. Without it: of the source whose series covers most of the window; of equals the preferred one."},
    {"limit",       PARAM_INTEGER,  1, PRICE_PAGE_ROWS_MAX, NULL, NULL, false, "Rows of a page; 500 unless said. Without it CSV and NDJSON are of all rows."},
    {"cursor",      PARAM_CURSOR,   0, 0,        NULL, NULL,  false, "The next page: next_cursor of the last one."},
    AS_OF_PARAM,
    {"fill",        PARAM_CHOICE,   0, 0,        "none|previous", "none", false, "previous: candles that are missing between others are made of the close before them, and marked as filled."},
    FORMAT_PARAM("json|csv|ndjson|parquet|lwc"),
    NUMBERS_PARAM,
    {0},
};

static const struct param list_params[] = {
    {"asset",       PARAM_ASSETS_OR_TICKERS, 1, 50, NULL, NULL, false, "Only these assets, with commas: bitcoin,ETH."},
    {"quote",       PARAM_CURRENCIES, 1, 20,     NULL, NULL,  false, "Only in these currencies, with commas: usd,eur."},
    {"currency",    PARAM_CURRENCIES, 1, 20,     NULL, NULL,  false, "Another name of quote."},
    {"source",      PARAM_SOURCES,  1, 20,       NULL, NULL,  false, "Only of these sources, with commas: binance,kraken."},
    {"granularity", PARAM_CHOICE,   0, 0,        PRICE_GRANULARITIES, "1h", false, "Candles of this length, or ticks as they were observed. Weeks begin on Monday, UTC."},
    {"start_time",  PARAM_MOMENT,   MOMENT_MIN, MOMENT_MAX, NULL, NULL, false, "Candles that open at this moment or later, in milliseconds since 1970 or such as 2026-11-21T08:00:00Z. Without it: limit intervals before the end; in a whole CSV or NDJSON the first there is."},
    {"end_time",    PARAM_MOMENT,   MOMENT_MIN, MOMENT_MAX, NULL, NULL, false, "Candles that open before this moment; without it: now."},
    {"limit",       PARAM_INTEGER,  1, PRICE_PAGE_ROWS_MAX, NULL, NULL, false, "Rows of a page; 500 unless said. Without it CSV and NDJSON are of all rows."},
    {"cursor",      PARAM_CURSOR,   0, 0,        NULL, NULL,  false, "The next page: next_cursor of the last one."},
    AS_OF_PARAM,
    FORMAT_PARAM("json|csv|ndjson|parquet"),
    NUMBERS_PARAM,
    {0},
};

static const struct param latest_params[] = {
    {"symbol",      PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL,  true,  "The asset, bitcoin, or its ticker, BTC, if no other asset has it."},
    {"currency",    PARAM_CURRENCY, 0, 0,        NULL, "usd", false, "The currency: usd. usd, usdt and usdc are three."},
    {"source",      PARAM_SOURCE,   0, 0,        NULL, NULL,  false, "What this source says, instead of what all of them agree on; of candles, instead of the source whose series reaches farthest."},
    {"granularity", PARAM_CHOICE,   0, 0,        PRICE_CANDLE_GRANULARITIES, NULL, false, "The newest candle of this length, also one that is not over, instead of the price."},
    AS_OF_PARAM,
    FORMAT_PARAM("json|csv|ndjson"),
    NUMBERS_PARAM,
    {0},
};

static const struct route rows[] = {
    /* methods    path                       answer reading                who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/api/v1/prices",           NULL, &price_list_reading,   ACCESS_ANYONE, 2, {60, 3600, 10}, list_params,   "Candles or ticks of any assets, currencies and sources, as flat rows: by series, then by time."},
    {ROUTE_READ, "/api/v1/prices/latest/{symbol}", NULL, &price_latest_reading, ACCESS_ANYONE, 1, {30, 3600, 60}, latest_params, "The newest price of one asset in one currency, or its newest candle."},
    {ROUTE_READ, "/api/v1/prices/{symbol}",  NULL, &price_series_reading, ACCESS_ANYONE, 1, {60, 3600, 300}, series_params, "Candles or ticks of one asset in one currency, oldest first."},
};
/* clang-format on */

const struct route_group prices_routes = {rows, COUNT_OF(rows)};
