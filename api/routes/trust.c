#include "api/answer/formats.h"
#include "api/handlers/completeness.h"
#include "api/handlers/consensus.h"
#include "api/handlers/lineage.h"
#include "api/handlers/reports.h"
#include "api/params/as_of.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param consensus_params[] = {
    {"symbol",   PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL,  true,  "The asset, bitcoin, or its ticker, BTC, if no other asset has it."},
    {"currency", PARAM_CURRENCY,        0, 0, NULL, "usd", false, "The currency: usd. usd, usdt and usdc are three."},
    AS_OF_PARAM,
    NUMBERS_PARAM,
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
    FORMAT_PARAM("json|csv|ndjson"),
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

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/api/v1/consensus/{symbol}", NULL, &consensus_reading, ACCESS_ANYONE, 1, {30, 3600, 60}, consensus_params, "The price that all sources agree on, and of each what it says, and why it was used or not."},
    {ROUTE_READ, "/api/v1/completeness", NULL, &completeness_reading, ACCESS_ANYONE, 2, {30, 3600, 10}, completeness_params, "Candles expected, stored and missing, and each gap with its cause."},
    {ROUTE_READ, "/api/v1/lineage", NULL,           &lineage_reading, ACCESS_ANYONE, 2, {30, 600, 5},       lineage_params, "The way back from a number to its row, its inputs, its run and the provider's bytes."},
    {ROUTE_READ, "/api/v1/reports", NULL, &reports_list_reading, ACCESS_ANYONE, 1, {60, 86400, 60}, reports_params, "Which daily reports there are, newest first."},
    {ROUTE_READ, "/api/v1/reports/latest", NULL, &report_reading, ACCESS_ANYONE, 1, {60, 86400, 300}, newest_report_params, "The newest daily report of the market, or of another kind."},
    {ROUTE_READ, "/api/v1/reports/{kind}/latest", NULL, &report_reading, ACCESS_ANYONE, 1, {60, 86400, 300}, latest_report_params, "The newest daily report of a kind."},
    {ROUTE_READ, "/api/v1/reports/{kind}/{day}", NULL, &report_reading, ACCESS_ANYONE, 1, {60, 86400, 3600}, report_params, "The report of a day: movers, volumes, dominance, volatility and drawdown, or how pairs of sources differ."},
};
/* clang-format on */

const struct route_group trust_routes = {rows, COUNT_OF(rows)};
