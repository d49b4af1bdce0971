#ifndef TIDEMARK_API_OPENAPI_POSTMAN_H
#define TIDEMARK_API_OPENAPI_POSTMAN_H

#include "common/arena.h"

/*
 * A Postman collection, format 2.1 (schema.getpostman.com/json/collection/v2.1.0), of our OpenAPI
 * document: a folder for each tag and in it a request for each operation, made of the examples of
 * its parameters; those without one are there and turned off. Each tests that it gets the status of
 * a success, or that what it names does not exist where it may not yet. Variables: baseUrl, and
 * apiKey for what wants one. Pure; lives in `arena`.
 */
struct bytes postman_collection(struct bytes openapi, struct arena *arena);

#endif
