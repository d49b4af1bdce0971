#include "api/handlers/health.h"
#include "api/handlers/root.h"
#include "api/handlers/stats.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param no_params[] = {{0}};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/health",       health_answer,    NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "How the parts and the sources are doing."},
    {ROUTE_READ, "/stats",        stats_answer,     NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What all runs add up to, in all and by source."},
    {ROUTE_READ, "/livez",        livez_answer,     NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "200 while the process works."},
    {ROUTE_READ, "/readyz",       readyz_answer,    NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "200 while this replica wants requests."},
    {ROUTE_READ, "/metrics",      metrics_answer,   NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "Counters for Prometheus."},
    {ROUTE_READ, "/",             root_answer,      NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What this is and what there is."},
};
/* clang-format on */

const struct route_group operation_routes = {rows, COUNT_OF(rows)};
