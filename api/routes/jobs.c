#include "api/handlers/jobs.h"
#include "api/handlers/orders.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param sync_params[] = {
    {"source", PARAM_SOURCE,  0, 0,                NULL, NULL, false, "The aggregator whose pages are fetched; without it: all that are in use."},
    {"pages",  PARAM_INTEGER, 1, ORDERS_PAGES_MAX, NULL, "1",  false, "How many pages of 250 coins, the largest first."},
    {0},
};

static const struct param prefetch_params[] = {
    {"symbol",   PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL,  true,  "The asset, bitcoin, or its ticker, BTC, if no other asset has it."},
    {"currency", PARAM_CURRENCY,        0, 0, NULL, "usd", false, "The currency: usd."},
    {"source",   PARAM_SOURCE,          0, 0, NULL, NULL,  false, "The source that is asked; without it: the preferred one that can be."},
    {0},
};

static const struct param job_params[] = {
    {"job_id", PARAM_JOB, 0, 0, NULL, NULL, true, "What an order was answered with."},
    {0},
};

static const struct route rows[] = {
    /* methods    path                                      answer                   reading who            cost fresh, stale, client parameters */
    {ROUTE_POST, "/api/v1/cryptocurrencies/sync",           orders_sync_answer,      NULL, ACCESS_ORDER,    10, {0, 0, 0}, sync_params,     "Orders market pages to be fetched now."},
    {ROUTE_POST, "/api/v1/prices/prefetch/{symbol}",        orders_prefetch_answer,  NULL, ACCESS_ORDER,     5, {0, 0, 0}, prefetch_params, "Orders the price of an asset to be fetched now."},
    {ROUTE_READ, "/api/v1/jobs/{job_id}",                   jobs_show_answer,        NULL, ACCESS_ANYONE,    1, {0, 0, 0}, job_params,      "How a job stands that was ordered, or made by a schedule."},
};
/* clang-format on */

const struct route_group order_routes = {rows, COUNT_OF(rows)};
