#ifndef TIDEMARK_API_CACHE_FLIGHT_ORDER_H
#define TIDEMARK_API_CACHE_FLIGHT_ORDER_H

#include "api/cache/flight.h"

#include <stdbool.h>

/*
 * What a flight does about prices that are stale or missing: it holds its answer back, orders them,
 * reads again when they have come, and lands what it has when that takes too long. For flight.c
 * only; readings see flight_note_pair().
 *
 *     reading -> asks the database by which sources -> orders -> waits -> reading -> ... -> lands
 */
struct flight;
struct flight_order;

enum {
    FLIGHT_ORDER_ROUNDS_MAX = 2, /* a source that fails at once leaves time for another one */
    FLIGHT_ORDER_READINGS_MAX = 8,
};

/* A reading begins: what was noted before is of the one before. */
void flight_order_begin(struct flight *flight);
/* An answer was read. True if it is held back; then the flight goes on by itself. */
bool flight_order_holds(struct flight *flight, struct http_body *body);
/* It waits for nothing any more. May be called twice. */
void flight_order_finish(struct flight *flight);

#endif
