#ifndef TIDEMARK_API_PARAMS_REQUEST_KEY_H
#define TIDEMARK_API_PARAMS_REQUEST_KEY_H

#include "api/params/params.h"
#include "common/arena.h"

struct route;

/*
 * What an answer is stored under, here and in Redis: equal exactly for requests that get the same
 * answer. Made of the route and its declared parameters, checked, negotiated and settled; of no
 * header, of no byte of the target as it was sent. Pure. For routes with a reading.
 */
const char *request_key_text(const struct route *route, const struct params *params,
                             const char *name_space, struct arena *arena);

#endif
