#ifndef TIDEMARK_API_OPENAPI_REFUSALS_H
#define TIDEMARK_API_OPENAPI_REFUSALS_H

#include "api/openapi/parts.h"
#include "api/routes.h"
#include "common/text.h"

/*
 * Adds `,"400":{"$ref":...}` and so on to the responses of an operation: each refusal that its row
 * of the table, or `operation->problems`, says it may give, in the dialect of its path.
 */
void refusals_add(struct text *text, const struct route *route,
                  const struct openapi_operation *operation);

/* Whether its file says of 404 by itself: what the documented call names may not be there yet. */
bool refusals_may_not_exist(const struct openapi_operation *operation);

#endif
