#ifndef TIDEMARK_API_METRICS_H
#define TIDEMARK_API_METRICS_H

#include "api/http/parser.h"
#include "common/text.h"

#include <stdatomic.h>
#include <stdint.h>

struct report;
struct route;

/*
 * What /metrics shows. Each loop counts into cells of its own, without locks; a scrape adds up the
 * cells of all loops. Every number below is one row of the table in metrics.c.
 */
enum metric {
    METRIC_L1_FRESH,
    METRIC_L1_STALE,
    METRIC_L1_OUTDATED,
    METRIC_L1_MISS,
    METRIC_REDIS_HIT,
    METRIC_REDIS_OUTDATED,
    METRIC_REDIS_MISS,
    METRIC_L1_BYTES,
    METRIC_L1_ENTRIES,
    METRIC_FLIGHTS,
    METRIC_FLIGHT_JOINED,
    METRIC_FLIGHT_CROWDED,
    METRIC_FLIGHT_POLLED,
    METRIC_DATABASE_READS,
    METRIC_DATABASE_READ_ERRORS,
    METRIC_STALE_SAVED,
    METRIC_LIMIT_GRANTED,
    METRIC_LIMIT_REFUSED,
    METRIC_LEASES_SHARED,
    METRIC_LEASES_LOCAL,
    METRIC_LIMIT_CLIENTS,
    METRIC_POOL_QUERIES,
    METRIC_POOL_ERRORS,
    METRIC_POOL_TIMEOUTS,
    METRIC_POOL_REFUSED,
    METRIC_POOL_CONNECTS,
    METRIC_POOL_WAITING,
    METRIC_POOL_READY,
    METRIC_POOL_BUSY,
    METRIC_REDIS_COMMANDS,
    METRIC_REDIS_TIMEOUTS,
    METRIC_REDIS_REFUSED,
    METRIC_REDIS_CONNECTS,
    METRIC_REDIS_UP,
    METRIC_CONNECTIONS,
    METRIC_CONNECTIONS_ACCEPTED,
    METRIC_CONNECTIONS_REFUSED,
    METRIC_BAD_REQUESTS,
    METRIC_CLIENTS_GONE,
    METRIC_BYTES_OUT,
    METRIC_EVENTS,
    METRIC_EVENT_LAG_SUM_MS,
    METRIC_LOOP_LAG_MAX_US,
    METRIC_DEMAND_NEW, /* in the order of enum order_verdict */
    METRIC_DEMAND_JOINED,
    METRIC_DEMAND_HELD,
    METRIC_DEMAND_BARREN,
    METRIC_DEMAND_LIMITED,
    METRIC_DEMAND_AWAY,
    METRIC_DEMAND_ANSWERED,
    METRIC_DEMAND_FAILED,
    METRIC_DEMAND_TIMED_OUT,
    METRIC_DEMAND_REFUSED,
    METRIC_ORDERS_PUBLISHED,
    METRIC_ORDERS_UP,
    METRIC_EXPORTS,
    METRIC_EXPORTS_STARTED,
    METRIC_EXPORTS_REFUSED,
    METRIC_EXPORTS_CUT,
    METRIC_COUNT,
};

enum {
    METRICS_ROUTES = 96,
    METRICS_METHODS = HTTP_OPTIONS + 1,
    METRICS_STATUSES = 21,
    METRICS_BUCKETS = 15,
};

struct metrics {
    atomic_ullong cells[METRIC_COUNT];
    /* The last row is for paths that are no route. */
    atomic_ullong requests[METRICS_ROUTES + 1][METRICS_METHODS][METRICS_STATUSES];
    atomic_ullong latency[METRICS_ROUTES + 1][METRICS_BUCKETS + 1]; /* the last one is +Inf */
    atomic_ullong latency_sum_us[METRICS_ROUTES + 1];
};

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);

/* Only the cells' own thread writes, so no bus lock is needed. */
static inline void
metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount)
{
    atomic_ullong *cell = &metrics->cells[metric];

    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

static inline void
metrics_set(struct metrics *metrics, enum metric metric, uint64_t value)
{
    atomic_store_explicit(&metrics->cells[metric], value, memory_order_relaxed);
}

/* `route` NULL = no such path. */
void metrics_count_request(struct metrics *metrics, const struct route *route,
                           enum http_method method, int status, int64_t duration_us);

/*
 * The Prometheus text. `all` ends with NULL; `report` (what the database knows of runs) and
 * `broker_up` come from the board; `report` may be NULL.
 */
void metrics_render(struct metrics *const *all, const struct report *report, bool broker_up,
                    struct text *ret_text);

#endif
