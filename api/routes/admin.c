#include "api/handlers/payloads.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param payload_params[] = {
    {"id", PARAM_INTEGER, 1, 999999999999999, NULL, NULL, true, "The payload_id of a row."},
    {0},
};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/api/v1/admin/payloads/{id}", payloads_answer, NULL, ACCESS_ADMIN,  5, {0, 0, 0},            payload_params, "What a provider sent, byte for byte, to be saved."},
};
/* clang-format on */

const struct route_group admin_routes = {rows, COUNT_OF(rows)};
