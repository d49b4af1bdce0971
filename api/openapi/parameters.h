#ifndef TIDEMARK_API_OPENAPI_PARAMETERS_H
#define TIDEMARK_API_OPENAPI_PARAMETERS_H

#include "api/openapi/parts.h"
#include "api/routes.h"
#include "common/text.h"

/*
 * Adds the parameter objects of a route, with commas between them: what params.c holds requests to,
 * and the examples of `operation` (NULL = none). Returns whether there was any.
 */
bool openapi_add_parameters(struct text *text, const struct route *route,
                            const struct openapi_operation *operation);

#endif
