#ifndef TIDEMARK_API_ROUTES_H
#define TIDEMARK_API_ROUTES_H

#include "api/access.h"
#include "api/flight.h"
#include "api/http/parser.h"
#include "api/http/target.h"
#include "api/params.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

/*
 * THE table: everything about a route that is policy stands in its row. Adding one is a handler
 * and a row. A handler sees a request that is allowed, limited and checked.
 */
#define ROUTE_READ (1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_OPTIONS)

struct route {
    unsigned methods; /* bits: 1 << HTTP_GET ... */
    /*
     * Without the slash at the end, which is accepted. A segment in braces takes any one segment
     * as the value of that parameter, which must be a required one: "/api/v1/consensus/{symbol}".
     */
    const char *path;

    /*
     * One of two: answered by itself, from memory or by a lookup (api/lookup.h), or read from the
     * database through the caches.
     */
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

enum { ROUTE_CAPTURES_MAX = 4 }; /* segments in braces of one path */

/* What the segments in braces hold; points into the path and the table. */
struct route_captures {
    struct http_param params[ROUTE_CAPTURES_MAX];
    size_t count;
};

/*
 * The first row that `path` (decoded, see target.h) is of, and what its braces hold; NULL if there
 * is none. Of two that fit the one without braces must stand first.
 */
const struct route *routes_find(struct bytes path, struct route_captures *ret_captures);

/* Whether a path, without a slash at its end, is of the row with the path `wanted`. */
bool route_path_fits(const char *wanted, struct bytes path, struct route_captures *ret_captures);

/* "GET, HEAD, OPTIONS". Returns `text`. */
#define ROUTE_METHODS_SIZE 64
const char *route_methods_text(const struct route *route, char text[ROUTE_METHODS_SIZE]);

#endif
