#ifndef TIDEMARK_API_HANDLERS_LISTINGS_HISTORY_H
#define TIDEMARK_API_HANDLERS_LISTINGS_HISTORY_H

#include "api/cache/flight.h"

/*
 * GET /api/v1/cryptocurrencies/{symbol}/history: price, market cap and volumes of an asset at the
 * ends of intervals, ascending, of one source all the way: the one that was asked for, or whose
 * series covers most of what was asked for when the first page was.
 */
extern const struct reading listings_history_reading;

#endif
