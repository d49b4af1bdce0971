#ifndef TIDEMARK_API_OPENAPI_DOCUMENT_H
#define TIDEMARK_API_OPENAPI_DOCUMENT_H

#include "api/openapi/parts.h"
#include "api/routes.h"
#include "common/arena.h"

/*
 * The OpenAPI 3.1 document: what THE table says of each route (methods, parameters with their
 * bounds, who may call, what it costs, which refusals there are), joined with what people wrote of
 * it (README.md). Pure: the same bytes in every process of a version, so that all replicas give it
 * the same ETag. Lives in `arena`.
 */
struct bytes openapi_document(struct arena *arena);

/* What was written for a route; NULL = nothing yet. */
const struct openapi_operation *openapi_operation_of(const struct route *route);

#endif
