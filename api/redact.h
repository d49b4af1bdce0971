#ifndef TIDEMARK_API_REDACT_H
#define TIDEMARK_API_REDACT_H

#include "common/arena.h"

#include <stddef.h>

/*
 * A request target as it may go into logs and answers: the values of key parameters in the query
 * (x_cg_demo_api_key, x_cg_pro_api_key, api_key, in any letters and escapes), and what stands
 * behind /udf/k/ in the path, become "***". Pure. Writes at most `size` bytes with a NUL, cut if
 * longer. Returns `text`.
 */
char *redact_target(struct bytes target, char *text, size_t size);

#endif
