#ifndef TIDEMARK_API_REQUEST_CHECK_H
#define TIDEMARK_API_REQUEST_CHECK_H

#include "api/request.h"

/*
 * For request.c, the state REQUEST_CHECK: finds the route of a request and what its parameters
 * mean, from the target alone if the same bytes were checked before, and goes on to REQUEST_LIMIT,
 * or to REQUEST_REPLY with what is wrong. Asks nothing but memory. What is found may be borrowed
 * from the shortcuts: request_wait() makes it the request's own.
 */
void request_check(struct request *request);

#endif
