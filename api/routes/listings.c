#include "api/answer/formats.h"
#include "api/handlers/chart_interval.h"
#include "api/handlers/listings/asset.h"
#include "api/handlers/listings/history.h"
#include "api/handlers/listings/page.h"
#include "api/handlers/listings/top.h"
#include "api/handlers/sources.h"
#include "api/params/as_of.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
#define CURSOR_PARAM {"cursor", PARAM_CURSOR, 0, 0, NULL, NULL, false, "The next page: next_cursor of the one before."}
#define CURRENCY_PARAM {"currency", PARAM_CURRENCY, 0, 0, NULL, "usd", false, "The currency: usd. usd, usdt and usdc are three."}
#define SYMBOL_PARAM {"symbol", PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL, true, "The asset, bitcoin, or its ticker, BTC, if no other asset has it."}
#define BOUND(name, about) {name, PARAM_DECIMAL, 0, LISTING_BOUND_MAX, NULL, NULL, false, about}

static const struct param page_params[] = {
    CURRENCY_PARAM,
    {"symbol",   PARAM_SYMBOLS, 1, 100, NULL,          NULL,         false, "Only these tickers or ids, with commas: BTC,ethereum. A ticker stands for all assets that have it."},
    BOUND("min_market_cap", "Only assets with at least this market cap, in the currency."),
    BOUND("max_market_cap", "Only assets with at most this market cap."),
    BOUND("min_volume",     "Only assets with at least this volume in 24 hours, in the currency."),
    BOUND("max_volume",     "Only assets with at most this volume in 24 hours."),
    {"source",   PARAM_SOURCE,  0, 0,   NULL,          NULL,         false, "What this source says, instead of one row for each asset of what all of them come to."},
    {"sort",     PARAM_CHOICE,  0, 0,   LISTING_SORTS, "market_cap", false, "What rows are ordered by; those without it come last."},
    {"order",    PARAM_CHOICE,  0, 0,   "asc|desc",    NULL,         false, "Upwards or downwards; without it desc, but asc by name, symbol and rank."},
    {"limit",    PARAM_INTEGER, 1, 250, NULL,          "100",        false, "Rows of a page."},
    CURSOR_PARAM,
    FORMAT_PARAM("json|csv|ndjson"),
    NUMBERS_PARAM,
    {0},
};

#define TOP_PARAMS                                                                                                     \
    CURRENCY_PARAM,                                                                                                    \
    {"limit", PARAM_INTEGER, 1, 100, NULL, "10", false, "At most this many."},                                         \
    FORMAT_PARAM("json|csv|ndjson"),                                                                                   \
    NUMBERS_PARAM

static const struct param largest_params[] = {
    TOP_PARAMS,
    {0},
};

static const struct param movers_params[] = {
    TOP_PARAMS,
    {"among", PARAM_INTEGER, 100, 5000, NULL, "1000", false, "Looked for among so many of the largest by market cap."},
    {0},
};

/* Each category is a row; what is none of them is refused by this one. */
static const struct param other_top_params[] = {
    {"category", PARAM_CHOICE, 0, 0, LISTING_CATEGORIES, NULL, true, "Which top."},
    {0},
};

static const struct param asset_params[] = {
    SYMBOL_PARAM,
    CURRENCY_PARAM,
    NUMBERS_PARAM,
    {0},
};

static const struct param history_params[] = {
    SYMBOL_PARAM,
    CURRENCY_PARAM,
    {"interval", PARAM_CHOICE,  0, 0,    CHART_INTERVALS, "daily", false, "Distance of the points."},
    {"from",     PARAM_MOMENT,  MOMENT_MIN, MOMENT_MAX, NULL, NULL,  false, "Only points at this moment or later. Without it: as many as fit on a page, up to the end."},
    {"to",       PARAM_MOMENT,  MOMENT_MIN, MOMENT_MAX, NULL, NULL,  false, "Only points before this moment. Without it: up to now."},
    {"source",   PARAM_SOURCE,  0, 0,    NULL,              NULL,    false, "Only points of this source. Without it: of the one whose series covers most of what is asked for."},
    AS_OF_PARAM,
    {"limit",    PARAM_INTEGER, 1, 5000, NULL,              "500",   false, "Points of a page."},
    CURSOR_PARAM,
    FORMAT_PARAM("json|csv|ndjson"),
    NUMBERS_PARAM,
    {0},
};

static const struct param no_params[] = {{0}};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/api/v1/cryptocurrencies",                  NULL,           &listings_page_reading,    ACCESS_ANYONE, 2, {30, 3600, 60},    page_params,    "The market: a row for each asset, ordered and filtered as asked."},
    {ROUTE_READ, "/api/v1/cryptocurrencies/top/market_cap",     NULL,           &listings_top_reading,     ACCESS_ANYONE, 1, {30, 3600, 60},    largest_params, "The largest assets by market cap."},
    {ROUTE_READ, "/api/v1/cryptocurrencies/top/volume",         NULL,           &listings_top_reading,     ACCESS_ANYONE, 1, {30, 3600, 60},    largest_params, "The assets that are traded most."},
    {ROUTE_READ, "/api/v1/cryptocurrencies/top/gainers",        NULL,           &listings_top_reading,     ACCESS_ANYONE, 1, {30, 3600, 60},    movers_params,  "The assets that rose most in 24 hours."},
    {ROUTE_READ, "/api/v1/cryptocurrencies/top/losers",         NULL,           &listings_top_reading,     ACCESS_ANYONE, 1, {30, 3600, 60},    movers_params,  "The assets that fell most in 24 hours."},
    {ROUTE_READ, "/api/v1/cryptocurrencies/top/{category}",     NULL,           &listings_top_reading,     ACCESS_ANYONE, 1, {30, 3600, 60},    other_top_params, NULL},
    {ROUTE_READ, "/api/v1/cryptocurrencies/{symbol}",         NULL,           &listings_asset_reading,   ACCESS_ANYONE, 1, {30, 3600, 60},    asset_params,   "All that is known of an asset, and what each source says of it."},
    {ROUTE_READ, "/api/v1/cryptocurrencies/{symbol}/history", NULL,           &listings_history_reading, ACCESS_ANYONE, 2, {300, 86400, 300}, history_params, "Prices, market caps and volumes of an asset over time, ascending."},
    {ROUTE_READ, "/api/v1/sources",                           sources_answer, NULL,                      ACCESS_ANYONE, 0, {0, 0, 0},         no_params,      "Where data comes from: what each source offers, and how it is doing."},
};
/* clang-format on */

const struct route_group listings_routes = {rows, COUNT_OF(rows)};
