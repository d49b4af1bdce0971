#include "api/handlers/coingecko/ping.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* CoinGecko's API, version 3, for programs that were written for it: see api/dialect.h. */

/* clang-format off */
static const struct param no_params[] = {{0}};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/api/v3/ping",  coingecko_ping_answer, NULL,       ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "CoinGecko: whether there is somebody."},
};
/* clang-format on */

const struct route_group coingecko_routes = {rows, COUNT_OF(rows)};
