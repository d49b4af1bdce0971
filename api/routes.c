#include "api/routes.h"

#include "api/as_of.h"
#include "api/handlers/charts.h"
#include "api/handlers/completeness.h"
#include "api/handlers/consensus.h"
#include "api/handlers/data.h"
#include "api/handlers/health.h"
#include "api/handlers/lineage.h"
#include "api/handlers/payloads.h"
#include "api/handlers/prices.h"
#include "api/handlers/reports.h"
#include "api/handlers/root.h"
#include "api/handlers/stats.h"
#include "common/attributes.h"

#include <string.h>

/* clang-format off */
static const struct param no_params[] = {{0}};

static const struct param price_params[] = {
    {"assets",     PARAM_ASSETS,     1, 50, NULL, NULL, true,  "Assets, with commas: bitcoin,ethereum."},
    {"currencies", PARAM_CURRENCIES, 1, 20, NULL, NULL, true,  "Currencies, with commas: usd,eur."},
    {"source",     PARAM_SOURCE,     0, 0,  NULL, NULL, false, "The price of this source, instead of what all of them agree on."},
    AS_OF_PARAM,
    {0},
};

static const struct param consensus_params[] = {
    {"symbol",   PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL,  true,  "The asset, bitcoin, or its ticker, BTC, if no other asset has it."},
    {"currency", PARAM_CURRENCY,        0, 0, NULL, "usd", false, "The currency: usd. usd, usdt and usdc are three."},
    AS_OF_PARAM,
    {0},
};

static const struct param chart_params[] = {
    {"asset",    PARAM_ASSET,    0, 0,    NULL,           NULL, true,  "The asset: bitcoin."},
    {"currency", PARAM_CURRENCY, 0, 0,    NULL,           NULL, true,  "The currency: usd."},
    {"days",     PARAM_DAYS,     1, 7300, NULL,           NULL, true,  "How far back, in days, or max."},
    {"interval", PARAM_CHOICE,   0, 0,    "5m|15m|hourly|4h|daily|weekly", NULL, false, "Distance of the points; hourly up to 90 days unless said, else daily. Weeks begin on Monday, UTC."},
    {"source",   PARAM_SOURCE,   0, 0,    NULL,           NULL, false, "Only candles of this source. Without it: of the source whose series, from its first to its last candle, covers most of the window; of equals the preferred one."},
    AS_OF_PARAM,
    {0},
};

static const struct param data_params[] = {
    {"page",      PARAM_INTEGER, 1, 1000000, NULL, "1",  false, "Which page, from 1."},
    {"page_size", PARAM_INTEGER, 1, 100,     NULL, "50", false, "Rows of a page."},
    {"limit",     PARAM_INTEGER, 1, 100,     NULL, NULL, false, "At most this many rows of the page."},
    {"source",    PARAM_SOURCE,  0, 0,       NULL, NULL, false, "Only rows of this source."},
    {"symbol",    PARAM_SYMBOL,  1, 100,     NULL, NULL, false, "Only rows of this symbol or asset: BTC."},
    {0},
};

static const struct param lineage_params[] = {
    {"asset",      PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL, false, "Of which asset the number is: bitcoin."},
    {"currency",   PARAM_CURRENCY, 0, 0, NULL, NULL, false, "In which currency: usd."},
    {"source",     PARAM_SOURCE,   0, 0, NULL, NULL, false, "Of which source; without it: of the one that would be served."},
    {"at",         PARAM_MOMENT,   MOMENT_MIN, MOMENT_MAX, NULL, NULL, false, "Up to when: the time that was served with the number. Without it: the latest."},
    {"interval",   PARAM_CHOICE,   0, 0, LINEAGE_INTERVALS, NULL, false, "A candle's number, of the newest that was over by then; without it: a price."},
    {"field",      PARAM_CHOICE,   0, 0, LINEAGE_FIELDS, "price", false, "Which number of the row."},
    AS_OF_PARAM,
    {"run_id",     PARAM_INTEGER,  1, 999999999999999, NULL, NULL, false, "Instead of an asset: this run and its payloads."},
    {"payload_id", PARAM_INTEGER,  1, 999999999999999, NULL, NULL, false, "Instead of an asset: this payload and its run."},
    {"after",      PARAM_INTEGER,  0, 999999999999999, NULL, "0", false, "The next page of inputs or payloads: next_after of the last one."},
    {"limit",      PARAM_INTEGER,  1, 1000, NULL, "100", false, "Inputs or payloads on a page."},
    {0},
};

static const struct param completeness_params[] = {
    {"asset",     PARAM_ASSET_OR_TICKER, 0, 0,  NULL, NULL, false, "Only this asset: bitcoin, or its ticker."},
    {"currency",  PARAM_CURRENCY, 0, 0,         NULL, NULL, false, "Only in this currency: usd."},
    {"source",    PARAM_SOURCE,   0, 0,         NULL, NULL, false, "Only of this source."},
    {"interval",  PARAM_CHOICE,   0, 0,         COMPLETENESS_INTERVALS, NULL, false, "Only candles of this length."},
    {"cause",     PARAM_CHOICE,   0, 0,         COMPLETENESS_CAUSES, NULL, false, "Only what is missing for this reason."},
    {"state",     PARAM_CHOICE,   0, 0,         COMPLETENESS_STATES, NULL, false, "Only gaps in this state; without it: all but those filled."},
    {"rows",      PARAM_CHOICE,   0, 0,         "gaps|series", "gaps", false, "What the rows are: gaps, newest first, or series, those that lack most first."},
    {"page",      PARAM_INTEGER,  1, 10000,     NULL, "1",  false, "Which page, from 1."},
    {"page_size", PARAM_INTEGER,  1, 500,       NULL, "50", false, "Rows of a page."},
    {0},
};

static const struct param payload_params[] = {
    {"id", PARAM_INTEGER, 1, 999999999999999, NULL, NULL, true, "The payload_id of a row."},
    {0},
};

#define REPORT_KINDS "market|reconciliation"

static const struct param reports_params[] = {
    {"kind",   PARAM_CHOICE,  0, 0,   REPORT_KINDS, NULL,  false, "Only reports of this kind."},
    {"before", PARAM_DAY,     0, 0,   NULL,         NULL,  false, "Only reports of days before this one."},
    {"limit",  PARAM_INTEGER, 1, 500, NULL,         "100", false, "At most this many."},
    {0},
};

/* What both ways to a report take beside what says which. */
#define REPORT_PAGE_PARAMS                                                                                                                      \
    {"revision", PARAM_INTEGER,         0, 1000000, NULL, NULL,  false, "This revision instead of the newest."},                                \
    {"after",    PARAM_INTEGER,         0, 1000000, NULL, "0",   false, "Only rows behind this place, and not the summary again: next says it."}, \
    {"limit",    PARAM_INTEGER,         1, 500,     NULL, "100", false, "Rows of a page."},                                                      \
    {"asset",    PARAM_ASSET_OR_TICKER, 0, 0,       NULL, NULL,  false, "Only rows of this asset: bitcoin or BTC."},                             \
    {"currency", PARAM_CURRENCY,        0, 0,       NULL, NULL,  false, "Only rows in this currency."},                                          \
    {0}

static const struct param newest_report_params[] = {
    {"kind", PARAM_CHOICE, 0, 0, REPORT_KINDS, "market", false, "Of which kind."},
    REPORT_PAGE_PARAMS,
};

static const struct param latest_report_params[] = {
    {"kind", PARAM_CHOICE, 0, 0, REPORT_KINDS, NULL, true, "Of which kind."},
    REPORT_PAGE_PARAMS,
};

static const struct param report_params[] = {
    {"kind", PARAM_CHOICE, 0, 0, REPORT_KINDS, NULL, true, "Of which kind."},
    {"day",  PARAM_DAY,    0, 0, NULL,         NULL, true, "Of which day, in UTC: 2026-11-20."},
    REPORT_PAGE_PARAMS,
};

const struct route routes[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/simple_price", NULL,             &prices_reading, ACCESS_ANYONE, 1, {30, 3600, 5},        price_params, "Latest prices of assets in currencies."},
    {ROUTE_READ, "/market_chart", NULL,             &charts_reading, ACCESS_ANYONE, 1, {300, 86400, 30},     chart_params, "Prices, market caps and volumes over time."},
    {ROUTE_READ, "/data",         NULL,             &data_reading,   ACCESS_ANYONE, 1, {30, 3600, 5},        data_params,  "The latest row of each asset, currency and source, by rank."},
    {ROUTE_READ, "/api/v1/lineage", NULL,           &lineage_reading, ACCESS_ANYONE, 2, {30, 600, 5},       lineage_params, "The way back from a number to its row, its inputs, its run and the provider's bytes."},
    {ROUTE_READ, "/api/v1/completeness", NULL, &completeness_reading, ACCESS_ANYONE, 2, {30, 3600, 10}, completeness_params, "Candles expected, stored and missing, and each gap with its cause."},
    {ROUTE_READ, "/api/v1/admin/payloads/{id}", payloads_answer, NULL, ACCESS_ADMIN,  5, {0, 0, 0},            payload_params, "What a provider sent, byte for byte, to be saved."},
    {ROUTE_READ, "/api/v1/consensus/{symbol}", NULL, &consensus_reading, ACCESS_ANYONE, 1, {30, 3600, 5}, consensus_params, "The price that all sources agree on, and of each what it says, and why it was used or not."},
    {ROUTE_READ, "/api/v1/reports", NULL, &reports_list_reading, ACCESS_ANYONE, 1, {60, 86400, 60}, reports_params, "Which daily reports there are, newest first."},
    {ROUTE_READ, "/api/v1/reports/latest", NULL, &report_reading, ACCESS_ANYONE, 1, {60, 86400, 300}, newest_report_params, "The newest daily report of the market, or of another kind."},
    {ROUTE_READ, "/api/v1/reports/{kind}/latest", NULL, &report_reading, ACCESS_ANYONE, 1, {60, 86400, 300}, latest_report_params, "The newest daily report of a kind."},
    {ROUTE_READ, "/api/v1/reports/{kind}/{day}", NULL, &report_reading, ACCESS_ANYONE, 1, {60, 86400, 3600}, report_params, "The report of a day: movers, volumes, dominance, volatility and drawdown, or how pairs of sources differ."},
    {ROUTE_READ, "/health",       health_answer,    NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "How the parts and the sources are doing."},
    {ROUTE_READ, "/stats",        stats_answer,     NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What all runs add up to, in all and by source."},
    {ROUTE_READ, "/livez",        livez_answer,     NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "200 while the process works."},
    {ROUTE_READ, "/readyz",       readyz_answer,    NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "200 while this replica wants requests."},
    {ROUTE_READ, "/metrics",      metrics_answer,   NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "Counters for Prometheus."},
    {ROUTE_READ, "/",             root_answer,      NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What this is and what there is."},
};
/* clang-format on */

const size_t route_count = COUNT_OF(routes);

/* What `text` begins with, up to the next '/' or its end. */
static struct bytes
first_segment(const char *text, const char *end)
{
    const char *slash = memchr(text, '/', (size_t)(end - text));

    return (struct bytes){text, (size_t)((slash ? slash : end) - text)};
}

static bool
segment_fits(struct bytes wanted, struct bytes segment, struct route_captures *captures)
{
    if (wanted.size == 0 || wanted.data[0] != '{')
        return wanted.size == segment.size && memcmp(wanted.data, segment.data, wanted.size) == 0;
    if (segment.size == 0)
        return false;
    captures->params[captures->count++] = (struct http_param){
        {wanted.data + 1, wanted.size - 2},
        segment
    };
    return true;
}

/* Both begin with '/', and so does what is left of them after each segment. */
bool
route_path_fits(const char *wanted, struct bytes path, struct route_captures *ret_captures)
{
    const char *end = path.data + path.size, *wanted_end = wanted + strlen(wanted);

    ret_captures->count = 0;
    while (path.data < end && wanted < wanted_end) {
        struct bytes segment = first_segment(path.data + 1, end);
        struct bytes wanted_segment = first_segment(wanted + 1, wanted_end);

        if (!segment_fits(wanted_segment, segment, ret_captures))
            return false;
        path.data = segment.data + segment.size;
        wanted = wanted_segment.data + wanted_segment.size;
    }
    return path.data == end && wanted == wanted_end;
}

const struct route *
routes_find(struct bytes path, struct route_captures *ret_captures)
{
    if (path.size == 0 || path.data[0] != '/')
        return NULL;
    if (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    for (size_t i = 0; i < route_count; i++) {
        if (route_path_fits(routes[i].path, path, ret_captures))
            return &routes[i];
    }
    return NULL;
}

const char *
route_methods_text(const struct route *route, char text[ROUTE_METHODS_SIZE])
{
    char *at = text;

    for (enum http_method method = HTTP_GET; method <= HTTP_OPTIONS; method++) {
        if (!(route->methods & 1u << method))
            continue;
        if (at != text)
            at = stpcpy(at, ", ");
        at = stpcpy(at, http_method_name(method));
    }
    return text;
}
