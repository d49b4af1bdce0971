#include "api/handlers/coingecko/charts.h"
#include "api/handlers/coingecko/coin.h"
#include "api/handlers/coingecko/lists.h"
#include "api/handlers/coingecko/market_wide.h"
#include "api/handlers/coingecko/markets.h"
#include "api/handlers/coingecko/ping.h"
#include "api/handlers/coingecko/simple.h"
#include "api/handlers/coingecko/tickers.h"
#include "api/handlers/coingecko/valuation.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* CoinGecko's API, version 3, for programs that were written for it: see api/dialects/dialect.h. */

/* clang-format off */
static const struct param no_params[] = {{0}};

#define COIN_LISTS \
    {"ids",            PARAM_IDS,     0, 500, NULL, NULL, false, "Coins by their id, with commas: bitcoin,ethereum. Those that do not exist are left out."}, \
    {"names",          PARAM_NAMES,   0, 500, NULL, NULL, false, "Coins by their name, if there are no ids: Bitcoin."},                              \
    {"symbols",        PARAM_TICKERS, 0, 500, NULL, NULL, false, "Coins by their symbol, if there are neither ids nor names: btc."},                 \
    {"include_tokens", PARAM_CHOICE,  0, 0, "top|all", NULL, false, "Of several coins with one symbol: that of the largest market cap, or all, by their ids."}
#define FLAG(name, about) {name, PARAM_CHOICE, 0, 0, "true|false", NULL, false, about}
#define PRECISION {"precision", PARAM_CHOICE, 0, 0, PRECISIONS, NULL, false, "Places after the point, rounded half up; full, as without it: all that are known."}

static const struct param simple_price_params[] = {
    {"vs_currencies", PARAM_KNOWN_CURRENCIES, 0, 100, NULL, NULL, true, "Currencies, with commas: usd,eur."},
    COIN_LISTS,
    FLAG("include_market_cap",      "Whether to tell market caps."),
    FLAG("include_24hr_vol",        "Whether to tell what was traded in 24 hours."),
    FLAG("include_24hr_change",     "Whether to tell the change in 24 hours, in percent."),
    FLAG("include_last_updated_at", "Whether to tell when the price was observed, in seconds since 1970."),
    PRECISION,
    {0},
};

#define COIN          {"id",          PARAM_ASSET,    0, 0, NULL, NULL, true, "The coin: bitcoin."}
#define VS_CURRENCY   {"vs_currency", PARAM_CURRENCY, 0, 0, NULL, NULL, true, "The currency: usd."}
#define DAYS          {"days",        PARAM_DAYS,     1, 7300, NULL, NULL, true, "How far back, in days, or max."}
#define SECONDS_MAX 253402300799000 /* the end of the year 9999 */

static const struct param chart_params[] = {
    COIN, VS_CURRENCY, DAYS,
    {"interval", PARAM_CHOICE, 0, 0, "5m|hourly|daily", NULL, false, "Distance of the points; without it 5 minutes of one day, hours of up to 90 days, else days."},
    PRECISION,
    {0},
};

static const struct param chart_range_params[] = {
    COIN, VS_CURRENCY,
    {"from",     PARAM_SECONDS, 0, SECONDS_MAX, NULL, NULL, true,  "The first moment: seconds since 1970, or 2026-11-21, or 2026-11-21T08:00."},
    {"to",       PARAM_SECONDS, 0, SECONDS_MAX, NULL, NULL, true,  "The last moment."},
    {"interval", PARAM_CHOICE, 0, 0, "5m|hourly|daily", NULL, false, "Distance of the points; without it by the length, as without a range; 5 minutes of a day that ends now only."},
    PRECISION,
    {0},
};

static const struct param ohlc_params[] = {
    COIN, VS_CURRENCY, DAYS,
    {"interval", PARAM_CHOICE, 0, 0, "hourly|daily", NULL, false, "Length of the candles; without it 30 minutes of up to 2 days, 4 hours of up to 30, else 4 days."},
    PRECISION,
    {0},
};

static const struct param markets_params[] = {
    VS_CURRENCY,
    COIN_LISTS,
    {"category", PARAM_TEXT,          1, 100,  NULL, NULL, false, "A category. There are none here, so no coin is in it."},
    {"order",    PARAM_KNOWN_CHOICES, 0, 10, MARKET_ORDERS, NULL, false, "By market cap, the highest first, by volume, or by id. Coins of which the number is not known come last."},
    {"per_page", PARAM_INTEGER,       1, 250,  NULL, "100", false, "Coins of a page."},
    {"page",     PARAM_INTEGER,       1, 100000, NULL, "1", false, "Which page, from 1."},
    FLAG("sparkline", "Whether to tell the prices of the last 7 days, hour by hour."),
    {"price_change_percentage", PARAM_KNOWN_CHOICES, 0, 10, MARKET_PERIODS, NULL, false, "Over which periods to tell the change, with commas."},
    PRECISION,
    {0},
};

#define TOLD(name, told, about) {name, PARAM_CHOICE, 0, 0, "true|false", told, false, about}

static const struct param list_params[] = {
    FLAG("include_platform", "Whether to tell platforms, of which none are known here."),
    {"status", PARAM_CHOICE, 0, 0, "active|inactive", "active", false, "Coins that a source lists or has a price of, or the others."},
    {0},
};

static const struct param coin_params[] = {
    COIN,
    TOLD("localization",   "true",  "Whether to tell names by language."),
    TOLD("tickers",        "true",  "Whether to tell what each source says."),
    TOLD("market_data",    "true",  "Whether to tell prices and what goes with them."),
    TOLD("community_data", "true",  "Whether to tell of the community, of which nothing is known here."),
    TOLD("developer_data", "true",  "Whether to tell of developers, of which nothing is known here."),
    TOLD("sparkline",      "false", "Whether to tell the prices of the last 7 days in usd, hour by hour."),
    {0},
};

static const struct param history_params[] = {
    COIN,
    {"date", PARAM_TEXT, 8, 10, NULL, NULL, true, "The day, at the beginning of which in UTC: 21-11-2026."},
    TOLD("localization", "true", "Whether to tell names by language."),
    {0},
};

static const struct param tickers_params[] = {
    COIN,
    {"exchange_ids", PARAM_KNOWN_SOURCES, 0, 50, NULL, NULL, false, "Only of these sources, with commas."},
    {"page",         PARAM_INTEGER, 1, 100000, NULL, "1", false, "Which page of 100, from 1."},
    {"order",        PARAM_KNOWN_CHOICES, 0, 4, "trust_score_desc|trust_score_asc|volume_desc|volume_asc", NULL, false, "By what was traded in 24 hours, in usd, where it is known; nobody trusts by numbers here, so without it, and else, by currency and then preferred sources first."},
    {0},
};

static const struct param exchanges_params[] = {
    {"per_page", PARAM_INTEGER, 1, 250,    NULL, "100", false, "Sources of a page."},
    {"page",     PARAM_INTEGER, 1, 100000, NULL, "1",   false, "Which page, from 1."},
    {0},
};

static const struct param search_params[] = {
    {"query", PARAM_TEXT, 1, 100, NULL, NULL, true, "How the id, the symbol or the name begins."},
    {0},
};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/api/v3/ping",  coingecko_ping_answer, NULL,       ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "CoinGecko: whether there is somebody."},
    {ROUTE_READ, "/api/v3/simple/price", NULL, &coingecko_simple_price_reading, ACCESS_ANYONE, 1, {30, 3600, 60}, simple_price_params, "CoinGecko: latest prices of coins in currencies."},
    {ROUTE_READ, "/api/v3/simple/supported_vs_currencies", NULL, &coingecko_currencies_reading, ACCESS_ANYONE, 1, {300, 3600, 60}, no_params, "CoinGecko: the currencies in which there are prices."},
    {ROUTE_READ, "/api/v3/global", NULL, &coingecko_global_reading, ACCESS_ANYONE, 2, {60, 3600, 60}, no_params, "CoinGecko: the whole market."},
    {ROUTE_READ, "/api/v3/exchange_rates", NULL, &coingecko_rates_reading, ACCESS_ANYONE, 1, {60, 3600, 60}, no_params, "CoinGecko: what one Bitcoin costs in each currency."},
    {ROUTE_READ, "/api/v3/search", NULL, &coingecko_search_reading, ACCESS_ANYONE, 2, {300, 3600, 300}, search_params, "CoinGecko: coins by how they begin."},
    {ROUTE_READ, "/api/v3/search/trending", coingecko_trending_answer, NULL, ACCESS_ANYONE, 0, {0, 0, 0}, no_params, "CoinGecko: what is searched for, which nobody counts here."},
    {ROUTE_READ, "/api/v3/exchanges/list", NULL, &coingecko_exchanges_reading, ACCESS_ANYONE, 1, {300, 86400, 300}, no_params, "CoinGecko: where prices come from."},
    {ROUTE_READ, "/api/v3/exchanges", NULL, &coingecko_exchange_page_reading, ACCESS_ANYONE, 1, {300, 86400, 300}, exchanges_params, "CoinGecko: where prices come from, page by page."},
    {ROUTE_READ, "/api/v3/asset_platforms", coingecko_nothing_answer, NULL, ACCESS_ANYONE, 0, {0, 0, 0}, no_params, "CoinGecko: platforms, of which none are known here."},
    {ROUTE_READ, "/api/v3/key", coingecko_key_answer, NULL, ACCESS_ANYONE, 0, {0, 0, 0}, no_params, "CoinGecko: what the caller may do."},
    {ROUTE_READ, "/api/v3/coins/markets", NULL, &coingecko_markets_reading, ACCESS_ANYONE, 2, {30, 3600, 30}, markets_params, "CoinGecko: coins with what is known of their markets, by market cap."},
    {ROUTE_READ, "/api/v3/coins/list", NULL, &coingecko_list_reading, ACCESS_ANYONE, 5, {300, 86400, 300}, list_params, "CoinGecko: id, symbol and name of every coin."},
    {ROUTE_READ, "/api/v3/coins/categories/list", coingecko_nothing_answer, NULL, ACCESS_ANYONE, 0, {0, 0, 0}, no_params, "CoinGecko: categories, of which there are none here."},
    {ROUTE_READ, "/api/v3/coins/categories", coingecko_nothing_answer, NULL, ACCESS_ANYONE, 0, {0, 0, 0}, no_params, "CoinGecko: categories with their markets, of which there are none here."},
    {ROUTE_READ, "/api/v3/coins/{id}", NULL, &coingecko_coin_reading, ACCESS_ANYONE, 2, {60, 3600, 60}, coin_params, "CoinGecko: all that is known of a coin."},
    {ROUTE_READ, "/api/v3/coins/{id}/history", NULL, &coingecko_history_reading, ACCESS_ANYONE, 2, {300, 86400, 300}, history_params, "CoinGecko: the prices of a coin at the beginning of a day."},
    {ROUTE_READ, "/api/v3/coins/{id}/tickers", NULL, &coingecko_tickers_reading, ACCESS_ANYONE, 2, {30, 3600, 30}, tickers_params, "CoinGecko: what each source says of a coin."},
    {ROUTE_READ, "/api/v3/coins/{id}/market_chart", NULL, &coingecko_chart_reading, ACCESS_ANYONE, 1, {300, 86400, 30}, chart_params, "CoinGecko: prices, market caps and volumes of a coin over time."},
    {ROUTE_READ, "/api/v3/coins/{id}/market_chart/range", NULL, &coingecko_chart_range_reading, ACCESS_ANYONE, 1, {300, 86400, 30}, chart_range_params, "CoinGecko: the same between two moments."},
    {ROUTE_READ, "/api/v3/coins/{id}/ohlc", NULL, &coingecko_ohlc_reading, ACCESS_ANYONE, 1, {300, 86400, 30}, ohlc_params, "CoinGecko: candles of a coin, by the time at which they closed."},
};
/* clang-format on */

const struct route_group coingecko_routes = {rows, COUNT_OF(rows)};
