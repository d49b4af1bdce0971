#include "api/metrics.h"

#include "api/board.h"
#include "api/metrics_archive.h"
#include "api/metrics_upstream.h"
#include "api/routes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum combine { SUM, LARGEST, SMALLEST };

/* Rows of one name stand together: the first carries type and help. */
static const struct row {
    const char *name;
    const char *labels; /* NULL = none */
    const char *type;
    const char *help;
    enum combine combine;
    double scale; /* what is shown = what is counted * scale */
} rows[METRIC_COUNT] = {
  /* clang-format off */
    [METRIC_L1_FRESH]             = {"api_cache_lookups_total", "layer=\"l1\",result=\"fresh\"", "counter", "Answers looked up, by layer and what was found.", SUM, 1},
    [METRIC_L1_STALE]             = {"api_cache_lookups_total", "layer=\"l1\",result=\"stale\"", NULL, NULL, SUM, 1},
    [METRIC_L1_OUTDATED]          = {"api_cache_lookups_total", "layer=\"l1\",result=\"outdated\"", NULL, NULL, SUM, 1},
    [METRIC_L1_MISS]              = {"api_cache_lookups_total", "layer=\"l1\",result=\"miss\"", NULL, NULL, SUM, 1},
    [METRIC_REDIS_HIT]            = {"api_cache_lookups_total", "layer=\"redis\",result=\"fresh\"", NULL, NULL, SUM, 1},
    [METRIC_REDIS_OUTDATED]       = {"api_cache_lookups_total", "layer=\"redis\",result=\"outdated\"", NULL, NULL, SUM, 1},
    [METRIC_REDIS_MISS]           = {"api_cache_lookups_total", "layer=\"redis\",result=\"miss\"", NULL, NULL, SUM, 1},
    [METRIC_L1_BYTES]             = {"api_cache_bytes", NULL, "gauge", "Bytes of ready answers in memory.", SUM, 1},
    [METRIC_L1_ENTRIES]           = {"api_cache_entries", NULL, "gauge", "Ready answers in memory.", SUM, 1},
    [METRIC_FLIGHTS]              = {"api_flights_total", NULL, "counter", "Fetches of an answer that was not in memory.", SUM, 1},
    [METRIC_FLIGHT_JOINED]        = {"api_flight_joins_total", NULL, "counter", "Requests that waited for a fetch begun by another.", SUM, 1},
    [METRIC_FLIGHT_CROWDED]       = {"api_flight_refusals_total", NULL, "counter", "Requests refused because too many waited for one fetch.", SUM, 1},
    [METRIC_FLIGHT_POLLED]        = {"api_flight_waits_total", NULL, "counter", "Fetches that waited for another loop or replica.", SUM, 1},
    [METRIC_DATABASE_READS]       = {"api_database_reads_total", NULL, "counter", "Answers read from the database.", SUM, 1},
    [METRIC_DATABASE_READ_ERRORS] = {"api_fetch_errors_total", NULL, "counter", "Fetches that failed.", SUM, 1},
    [METRIC_STALE_SAVED]          = {"api_stale_answers_total", NULL, "counter", "Requests answered with an older answer because a fetch failed.", SUM, 1},
    [METRIC_LIMIT_GRANTED]        = {"api_limit_decisions_total", "verdict=\"granted\"", "counter", "Requests by what the limit said.", SUM, 1},
    [METRIC_LIMIT_REFUSED]        = {"api_limit_decisions_total", "verdict=\"refused\"", NULL, NULL, SUM, 1},
    [METRIC_LEASES_SHARED]        = {"api_limit_leases_total", "from=\"redis\"", "counter", "Leases of tokens, by where they came from.", SUM, 1},
    [METRIC_LEASES_LOCAL]         = {"api_limit_leases_total", "from=\"local\"", NULL, NULL, SUM, 1},
    [METRIC_LIMIT_CLIENTS]        = {"api_limit_clients", NULL, "gauge", "Clients with a limit in memory.", SUM, 1},
    [METRIC_POOL_QUERIES]         = {"api_database_queries_total", NULL, "counter", "Queries sent to the database.", SUM, 1},
    [METRIC_POOL_ERRORS]          = {"api_database_errors_total", NULL, "counter", "Queries that failed or were not sent.", SUM, 1},
    [METRIC_POOL_TIMEOUTS]        = {"api_database_timeouts_total", NULL, "counter", "Connections thrown away because nothing came in time.", SUM, 1},
    [METRIC_POOL_REFUSED]         = {"api_database_refusals_total", NULL, "counter", "Queries not sent: no connection, or too long in line.", SUM, 1},
    [METRIC_POOL_CONNECTS]        = {"api_database_connects_total", NULL, "counter", "Connections made to the database.", SUM, 1},
    [METRIC_POOL_WAITING]         = {"api_database_waiting", NULL, "gauge", "Queries in line for a connection.", SUM, 1},
    [METRIC_POOL_READY]           = {"api_database_connections", NULL, "gauge", "Connections to the database that are up.", SUM, 1},
    [METRIC_POOL_BUSY]            = {"api_database_connections_busy", NULL, "gauge", "Connections with a query under way.", SUM, 1},
    [METRIC_REDIS_COMMANDS]       = {"api_redis_commands_total", NULL, "counter", "Commands sent to Redis.", SUM, 1},
    [METRIC_REDIS_TIMEOUTS]       = {"api_redis_timeouts_total", NULL, "counter", "Commands without an answer in time.", SUM, 1},
    [METRIC_REDIS_REFUSED]        = {"api_redis_refusals_total", NULL, "counter", "Commands not sent because Redis was away.", SUM, 1},
    [METRIC_REDIS_CONNECTS]       = {"api_redis_connects_total", NULL, "counter", "Connections made to Redis.", SUM, 1},
    [METRIC_REDIS_UP]             = {"api_redis_up", NULL, "gauge", "1 while every loop can use Redis.", SMALLEST, 1},
    [METRIC_CONNECTIONS]          = {"api_connections", NULL, "gauge", "Open connections of clients.", SUM, 1},
    [METRIC_CONNECTIONS_ACCEPTED] = {"api_connections_accepted_total", NULL, "counter", "Connections accepted.", SUM, 1},
    [METRIC_CONNECTIONS_REFUSED]  = {"api_connections_refused_total", NULL, "counter", "Connections over a cap.", SUM, 1},
    [METRIC_BAD_REQUESTS]         = {"api_bad_requests_total", NULL, "counter", "Bytes that were no HTTP request.", SUM, 1},
    [METRIC_CLIENTS_GONE]         = {"api_clients_gone_total", NULL, "counter", "Clients gone before their answer.", SUM, 1},
    [METRIC_BYTES_OUT]            = {"api_sent_bytes_total", NULL, "counter", "Bytes sent to clients.", SUM, 1},
    [METRIC_EVENTS]               = {"api_events_total", NULL, "counter", "Events from workers taken by a loop.", SUM, 1},
    [METRIC_EVENT_LAG_SUM_MS]     = {"api_event_lag_seconds_total", NULL, "counter", "Time from commit to the loop, of all events.", SUM, 0.001},
    [METRIC_LOOP_LAG_MAX_US]      = {"api_loop_lag_seconds", NULL, "gauge", "The longest delay of a timer in the last seconds, over all loops.", LARGEST, 0.000001},
    [METRIC_DEMAND_NEW]           = {"tidemark_on_demand_pairs_total", "order=\"new\"", "counter", "Prices that clients wanted and that were stale or missing, by what became of their order.", SUM, 1},
    [METRIC_DEMAND_JOINED]        = {"tidemark_on_demand_pairs_total", "order=\"joined\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_HELD]          = {"tidemark_on_demand_pairs_total", "order=\"held\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_BARREN]        = {"tidemark_on_demand_pairs_total", "order=\"barren\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_LIMITED]       = {"tidemark_on_demand_pairs_total", "order=\"limited\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_AWAY]          = {"tidemark_on_demand_pairs_total", "order=\"away\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_ANSWERED]      = {"tidemark_on_demand_answers_total", "waited=\"answered\"", "counter", "Answers that lacked a price, by how waiting for it ended.", SUM, 1},
    [METRIC_DEMAND_FAILED]        = {"tidemark_on_demand_answers_total", "waited=\"failed\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_TIMED_OUT]     = {"tidemark_on_demand_answers_total", "waited=\"timed_out\"", NULL, NULL, SUM, 1},
    [METRIC_DEMAND_REFUSED]       = {"tidemark_on_demand_answers_total", "waited=\"refused\"", NULL, NULL, SUM, 1},
    [METRIC_ORDERS_PUBLISHED]     = {"tidemark_orders_published_total", NULL, "counter", "Jobs that this replica has published, for clients who wait or who ordered them.", SUM, 1},
    [METRIC_ORDERS_UP]            = {"tidemark_orders_up", NULL, "gauge", "1 while the broker takes jobs from this replica.", SMALLEST, 1},
    [METRIC_EXPORTS]              = {"tidemark_exports", NULL, "gauge", "Whole histories being sent to clients.", SUM, 1},
    [METRIC_EXPORTS_STARTED]      = {"tidemark_exports_total", "end=\"any\"", "counter", "Whole histories that clients asked for: all begun, those refused because too many were under way, and those cut off because the database failed.", SUM, 1},
    [METRIC_EXPORTS_REFUSED]      = {"tidemark_exports_total", "end=\"refused\"", NULL, NULL, SUM, 1},
    [METRIC_EXPORTS_CUT]          = {"tidemark_exports_total", "end=\"cut\"", NULL, NULL, SUM, 1},
  /* clang-format on */
};

static const int64_t bucket_us[METRICS_BUCKETS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
};

/* Statuses that we send; the last cell is for any other. */
static const int statuses[METRICS_STATUSES - 1] = {200, 202, 204, 304, 400, 401, 403,
                                                   404, 405, 406, 408, 409, 413, 415,
                                                   422, 429, 500, 501, 503, 504};

struct metrics *
metrics_create(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);

    if (!metrics)
        abort();
    return metrics;
}

void
metrics_destroy(struct metrics *metrics)
{
    free(metrics);
}

static void
bump(atomic_ullong *cell, uint64_t amount)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

void
metrics_count_request(struct metrics *metrics, const struct route *route, enum http_method method,
                      int status, int64_t duration_us)
{
    size_t row = route ? routes_index(route) : METRICS_ROUTES;
    size_t column = 0, bucket = 0;

    while (column < METRICS_STATUSES - 1 && statuses[column] != status)
        column++;
    while (bucket < METRICS_BUCKETS && duration_us > bucket_us[bucket])
        bucket++;
    bump(&metrics->requests[row][method][column], 1);
    bump(&metrics->latency[row][bucket], 1);
    bump(&metrics->latency_sum_us[row], (uint64_t)duration_us);
}

/* --------------------------------------------------------------------------------- rendering */

static uint64_t
load(const atomic_ullong *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static uint64_t
combined(struct metrics *const *all, enum metric metric)
{
    uint64_t result = load(&all[0]->cells[metric]);

    for (size_t i = 1; all[i]; i++) {
        uint64_t value = load(&all[i]->cells[metric]);

        if (rows[metric].combine == SUM)
            result += value;
        else if ((rows[metric].combine == LARGEST) == (value > result))
            result = value;
    }
    return result;
}

static void
add_header(struct text *text, const char *name, const char *type, const char *help)
{
    text_add_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
render_cells(struct metrics *const *all, struct text *text)
{
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct row *row = &rows[metric];
        uint64_t value = combined(all, metric);

        if (row->type)
            add_header(text, row->name, row->type, row->help);
        text_add_string(text, row->name);
        if (row->labels)
            text_add_format(text, "{%s}", row->labels);
        if (row->scale == 1)
            text_add_format(text, " %" PRIu64 "\n", value);
        else
            text_add_format(text, " %.6f\n", (double)value * row->scale);
    }
}

static const char *
path_of(size_t row)
{
    return row < routes_count() ? routes_at(row)->path : "(none)";
}

static bool
is_row(size_t row)
{
    return row < routes_count() || row == METRICS_ROUTES;
}

static void
render_requests(struct metrics *const *all, struct text *text)
{
    add_header(text, "api_requests_total", "counter", "Requests by path, method and status.");
    for (size_t row = 0; row <= METRICS_ROUTES; row++) {
        for (size_t cell = 0; is_row(row) && cell < METRICS_METHODS * METRICS_STATUSES; cell++) {
            size_t method = cell / METRICS_STATUSES, column = cell % METRICS_STATUSES;
            uint64_t count = 0;

            for (size_t i = 0; all[i]; i++)
                count += load(&all[i]->requests[row][method][column]);
            if (count == 0)
                continue;
            text_add_format(text, "api_requests_total{path=\"%s\",method=\"%s\",status=\"",
                            path_of(row), http_method_name((enum http_method)method));
            if (column < METRICS_STATUSES - 1)
                text_add_int(text, statuses[column]);
            else
                text_add_string(text, "other");
            text_add_format(text, "\"} %" PRIu64 "\n", count);
        }
    }
}

static void
render_latency(struct metrics *const *all, struct text *text)
{
    add_header(text, "api_latency_seconds", "histogram",
               "From the end of a request's head to its answer.");
    for (size_t row = 0; row <= METRICS_ROUTES; row++) {
        uint64_t count = 0, sum_us = 0;

        if (!is_row(row))
            continue;
        for (size_t bucket = 0; bucket <= METRICS_BUCKETS; bucket++) {
            for (size_t i = 0; all[i]; i++)
                count += load(&all[i]->latency[row][bucket]);
            text_add_format(text, "api_latency_seconds_bucket{path=\"%s\",le=\"", path_of(row));
            if (bucket < METRICS_BUCKETS)
                text_add_format(text, "%g", (double)bucket_us[bucket] / 1e6);
            else
                text_add_string(text, "+Inf");
            text_add_format(text, "\"} %" PRIu64 "\n", count);
        }
        for (size_t i = 0; all[i]; i++)
            sum_us += load(&all[i]->latency_sum_us[row]);
        text_add_format(text,
                        "api_latency_seconds_sum{path=\"%s\"} %.6f\n"
                        "api_latency_seconds_count{path=\"%s\"} %" PRIu64 "\n",
                        path_of(row), (double)sum_us / 1e6, path_of(row), count);
    }
}

static void
render_runs(const struct report *report, struct text *text)
{
    add_header(text, "etl_runs_total", "counter", "Runs of jobs by source and how they stand.");
    for (size_t i = 0; i < report->total_count; i++)
        text_add_format(text, "etl_runs_total{source=\"%s\",status=\"%s\"} %" PRId64 "\n",
                        report->totals[i].source, report->totals[i].status, report->totals[i].runs);
    add_header(text, "etl_records_processed", "gauge", "Records stored by runs.");
    for (size_t i = 0; i < report->total_count; i++)
        text_add_format(text, "etl_records_processed{source=\"%s\",status=\"%s\"} %" PRId64 "\n",
                        report->totals[i].source, report->totals[i].status,
                        report->totals[i].records);
    add_header(text, "etl_duration_seconds", "summary", "Time from start to end of runs.");
    for (size_t i = 0; i < report->total_count; i++) {
        const struct run_total *total = &report->totals[i];

        text_add_format(text,
                        "etl_duration_seconds_sum{source=\"%s\",status=\"%s\"} %.6f\n"
                        "etl_duration_seconds_count{source=\"%s\",status=\"%s\"} %" PRId64 "\n",
                        total->source, total->status, (double)total->duration_us / 1e6,
                        total->source, total->status, total->ended);
    }
    add_header(text, "etl_last_success_timestamp_seconds", "gauge",
               "When a source's last good run ended.");
    for (size_t i = 0; i < report->source_count; i++)
        text_add_format(text, "etl_last_success_timestamp_seconds{source=\"%s\"} %.3f\n",
                        report->sources[i].name, (double)report->sources[i].last_success_ms / 1000);
    add_header(text, "tidemark_doubtful_prices", "gauge",
               "Latest prices of a source that something speaks against.");
    for (size_t i = 0; i < report->source_count; i++)
        text_add_format(text, "tidemark_doubtful_prices{source=\"%s\"} %" PRId64 "\n",
                        report->sources[i].name, report->sources[i].doubtful_prices);
}

static void
render_rollup(const struct report *report, struct text *text)
{
    add_header(text, "tidemark_rollup_marks", "gauge",
               "Transactions whose rows are due to be rolled into candles.");
    text_add_format(text, "tidemark_rollup_marks %" PRId64 "\n", report->rollup_marks);
    add_header(text, "tidemark_rollup_lag_seconds", "gauge",
               "For how long the oldest of them is due; 0 = there is none.");
    text_add_format(text, "tidemark_rollup_lag_seconds %.3f\n",
                    (double)report->rollup_lag_ms / 1000);
}

static void
render_gaps(const struct report *report, struct text *text)
{
    add_header(text, "tidemark_gap_buckets", "gauge",
               "Candles that are missing, by source and cause, those given up included.");
    for (size_t i = 0; i < report->gap_count; i++)
        text_add_format(text, "tidemark_gap_buckets{source=\"%s\",cause=\"%s\"} %" PRId64 "\n",
                        report->gaps[i].source, report->gaps[i].cause, report->gaps[i].buckets);
}

void
metrics_render(struct metrics *const *all, const struct report *report, bool broker_up,
               struct text *text)
{
    add_header(text, "api_info", "gauge", "1, with the version as a label.");
    text_add_string(text, "api_info{version=\"" TIDEMARK_VERSION "\"} 1\n");
    render_requests(all, text);
    render_latency(all, text);
    render_cells(all, text);
    add_header(text, "api_broker_up", "gauge", "1 while events arrive from the broker.");
    text_add_format(text, "api_broker_up %d\n", broker_up);
    if (report) {
        render_runs(report, text);
        render_rollup(report, text);
        render_gaps(report, text);
        metrics_upstream_render(report, text);
        metrics_archive_render(&report->retention, text);
    }
}
