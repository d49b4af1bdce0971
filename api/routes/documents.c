#include "api/handlers/documents.h"
#include "api/routes/groups.h"
#include "common/attributes.h"

/* clang-format off */
static const struct param no_params[] = {{0}};

static const struct param asset_params[] = {
    {"name", PARAM_NAME, 1, 64, NULL, NULL, true, "What the pages name, with its hash, or licenses.txt."},
    {0},
};

static const struct route rows[] = {
    /* methods    path             answer            reading         who          cost fresh, stale, client  parameters    */
    {ROUTE_READ, "/openapi.json", document_answer,  NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What there is, for programs: this document."},
    {ROUTE_READ, "/postman.json", document_answer,  NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "The same as a collection for Postman and its kind."},
    {ROUTE_READ, "/docs",         document_answer,  NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "What there is, for people, to be tried out: Swagger UI."},
    {ROUTE_READ, "/redoc",        document_answer,  NULL,            ACCESS_ANYONE, 0, {0, 0, 0},            no_params,    "The same for reading: Redoc."},
    {ROUTE_READ, "/docs/assets/{name}", document_asset_answer, NULL, ACCESS_ANYONE, 0, {0, 0, 0},            asset_params, "What these pages load."},
};
/* clang-format on */

const struct route_group document_routes = {rows, COUNT_OF(rows)};
