#include "api/handlers/documents.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param no_params[] = {{0}};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/openapi.json", document_answer,  NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What there is, for programs: this document."},
};
/* clang-format on */

const struct route_group document_routes = {rows, COUNT_OF(rows)};
