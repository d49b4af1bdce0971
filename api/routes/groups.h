#ifndef TIDEMARK_API_ROUTES_GROUPS_H
#define TIDEMARK_API_ROUTES_GROUPS_H

#include "api/routes.h"

/*
 * The rows of THE table, a file for each subject. A new group is a file and a line in api/routes.c;
 * only these files know handlers.
 */
struct route_group {
    const struct route *rows;
    size_t count;
};

extern const struct route_group simple_routes;
extern const struct route_group prices_routes;
extern const struct route_group order_routes;
extern const struct route_group listings_routes;
extern const struct route_group trust_routes;
extern const struct route_group coingecko_routes;
extern const struct route_group udf_routes;
extern const struct route_group admin_routes;
extern const struct route_group operation_routes;
extern const struct route_group document_routes;

#endif
