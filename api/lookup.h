#ifndef TIDEMARK_API_LOOKUP_H
#define TIDEMARK_API_LOOKUP_H

#include "api/request.h"
#include "common/database.h"

#include <stddef.h>

/*
 * A query that one request asks for itself, past every cache: for answers that are large, or not
 * for everybody. One at a time for a request.
 */
struct lookup;

/*
 * `then` gets the rows, which it has to copy what it keeps of, and answers; a failure is answered
 * without it. Neither if the request has ended by then. The values are copied, texts included.
 */
void lookup_start(struct request *request, const struct query *query,
                  const struct database_value *values, size_t value_count,
                  void (*then)(struct request *request, const struct rows *rows));

/* The request ends: nobody is told any more. NULL is fine. */
void lookup_leave(struct lookup *lookup);

#endif
