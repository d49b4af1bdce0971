#include "api/handlers/udf/config.h"
#include "api/handlers/udf/history.h"
#include "api/handlers/udf/resolutions.h"
#include "api/handlers/udf/symbols.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
#define SYMBOL_PARAM   {"symbol",       PARAM_MARKET,   0, 0, NULL, NULL, true,  "The market: BTCUSD, AGG:BTCUSD (all sources as one) or BINANCE:BTCUSDT (one of them)."}
#define CURRENCY_PARAM {"currencyCode", PARAM_CURRENCY, 0, 0, NULL, NULL, false, "The same asset in another currency."}
#define SECONDS_MAX 253402300799 /* 9999-12-31 */

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
    {"from",       PARAM_INTEGER, 0, SECONDS_MAX, NULL, NULL, false, "Bars that begin then or later, in seconds since 1970."},
    {"to",         PARAM_INTEGER, 0, SECONDS_MAX, NULL, NULL, false, "Bars that begin before; without it up to now."},
    {"countback",  PARAM_INTEGER, 1, HISTORY_BARS_MAX, NULL, NULL, false, "So many bars, however far back: then from does not count."},
    {0},
};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/udf/config",    udf_config_answer, NULL,          ACCESS_ANYONE, 0, {0, 0, 0},            no_params,      "What this datafeed for TradingView's charts can do."},
    {ROUTE_READ, "/udf/time",      udf_time_answer,  NULL,           ACCESS_ANYONE, 0, {0, 0, 0},            no_params,      "Seconds since 1970, as text."},
    {ROUTE_READ, "/udf/symbols",   NULL, &udf_symbols_reading,       ACCESS_ANYONE, 1, {60, 86400, 60},      symbols_params, "What a market is called and how it is drawn."},
    {ROUTE_READ, "/udf/history",   NULL, &udf_history_reading,       ACCESS_ANYONE, 1, {60, 86400, 60},      history_params, "Bars of a market, the one that is not over included."},
};
/* clang-format on */

const struct route_group udf_routes = {rows, COUNT_OF(rows)};
