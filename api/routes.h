#ifndef TIDEMARK_API_ROUTES_H
#define TIDEMARK_API_ROUTES_H

#include "api/flight.h"
#include "api/http/parser.h"
#include "api/params.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

/*
 * THE table: everything about a route that is policy stands in its row. Adding one is a handler
 * and a row. A handler sees a request that is allowed, limited and checked.
 */
enum route_access {
    ACCESS_ANYONE,
    ACCESS_KEY,  /* any API key */
    ACCESS_USER, /* a user who logged in */
    ACCESS_ADMIN,
};

#define ROUTE_READ (1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_OPTIONS)

struct route {
    unsigned methods; /* bits: 1 << HTTP_GET ... */
    const char *path; /* without the slash at the end, which is accepted */

    /* One of two: answered at once from memory, or read from the database through the caches. */
    void (*answer)(struct request *request);
    const struct reading *reading;

    enum route_access access;
    int32_t cost; /* tokens of the client's limit; 0 = not limited */
    struct cache_policy cache;
    const struct param *params;
    const char *about; /* one sentence for the documentation */
};

extern const struct route routes[];
extern const size_t route_count;

/* NULL if no route has this path. */
const struct route *routes_find(struct bytes path);

/* "GET, HEAD, OPTIONS". Returns `text`. */
#define ROUTE_METHODS_SIZE 64
const char *route_methods_text(const struct route *route, char text[ROUTE_METHODS_SIZE]);

#endif
