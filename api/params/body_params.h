#ifndef TIDEMARK_API_PARAMS_BODY_PARAMS_H
#define TIDEMARK_API_PARAMS_BODY_PARAMS_H

#include "api/answer/problem.h"
#include "api/http/request.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A body as parameters, to be checked as those of the query are (params.h): a flat JSON object
 * whose members are texts, numbers, true or false; null is not given. No body is no parameters.
 * Pure. `ret_params` has room for HTTP_PARAMS_MAX, and points into the request's arena.
 *
 * 415 "body.media_type" unless it says that it is application/json (in UTF-8), or a type that ends
 * with +json; 400 "body.malformed" for anything else than such an object.
 */
MUST_CHECK bool body_params_read(const struct http_request *http, struct http_param *ret_params,
                                 size_t *ret_count, struct problem *ret_problem);

/* The two steps of it. `media_type` is the value of Content-Type, empty if there is none. */
bool body_params_takes(struct bytes media_type);
MUST_CHECK bool body_params_parse(struct bytes body, struct arena *arena,
                                  struct http_param *ret_params, size_t *ret_count,
                                  struct problem *ret_problem);

#endif
