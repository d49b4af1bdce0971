#ifndef TIDEMARK_API_PARAMS_PARAMS_LENIENT_H
#define TIDEMARK_API_PARAMS_PARAMS_LENIENT_H

#include "api/http/target.h"
#include "api/params/params.h"
#include "common/arena.h"

#include <stddef.h>

/*
 * What programs written for others get away with, made into what params_check() takes, so that
 * there is one check and one canonical form. Pure.
 * - Parameters that are not declared are left out, whatever is in them.
 * - What stands in the path counts; of parameters given several times in the query the last one.
 * - Without a value a parameter is not given. Spaces around a value are cut off.
 * - Choices may come in any case, numbers beyond their bounds become the bound, days beyond it
 * "max". `captures` come first, then `query`. Writes to `ret_given`, which has room for all of
 * them, and says how many. Values live in `arena` or where they were.
 */
size_t params_make_lenient(const struct param *declared, const struct http_param *captures,
                           size_t capture_count, const struct http_param *query, size_t query_count,
                           struct arena *arena, struct http_param *ret_given);

#endif
