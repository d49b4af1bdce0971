#ifndef TIDEMARK_API_ROUTES_H
#define TIDEMARK_API_ROUTES_H

#include "api/access.h"
#include "api/cache/flight.h"
#include "api/http/parser.h"
#include "api/http/target.h"
#include "api/params/params.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

/*
 * THE table: everything about a route that is policy stands in its row. Adding one is a handler
 * and a row. A handler sees a request that is allowed, limited and checked.
 */
#define ROUTE_READ (1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_OPTIONS)
#define ROUTE_POST (1u << HTTP_POST | 1u << HTTP_OPTIONS)

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
    /* One sentence for the documentation; NULL = all that it answers is why it does not: told
     * nowhere. */
    const char *about;
};

/* All rows, in the order of the table; `index` < routes_count(). */
size_t routes_count(void);
const struct route *routes_at(size_t index);
size_t routes_index(const struct route *route);

enum { ROUTE_CAPTURES_MAX = 4 }; /* segments in braces of one path */

/* What the segments in braces hold; points into the path and the table. */
struct route_captures {
    struct http_param params[ROUTE_CAPTURES_MAX];
    size_t count;
};

struct route_found {
    const struct route *route;
    unsigned methods; /* of all rows with its path */
    struct route_captures captures;
};

/*
 * The row for a path (decoded, see target.h) and a method, and what its braces hold. False if
 * nothing is at this path; one that only takes other methods is found, with `methods` that lack
 * this one. Of two paths that fit the one without braces must stand first.
 */
bool routes_find(struct bytes path, enum http_method method, struct route_found *ret_found);

/* Bits of all methods that any row takes. */
unsigned routes_methods(void);

/* Whether a path, without a slash at its end, is of the row with the path `wanted`. */
bool route_path_fits(const char *wanted, struct bytes path, struct route_captures *ret_captures);

/* "GET, HEAD, OPTIONS". Returns `text`. */
#define ROUTE_METHODS_SIZE 64
const char *route_methods_text(unsigned methods, char text[ROUTE_METHODS_SIZE]);

#endif
