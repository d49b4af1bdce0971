#ifndef TIDEMARK_API_HANDLERS_LISTINGS_PAGE_H
#define TIDEMARK_API_HANDLERS_LISTINGS_PAGE_H

#include "api/cache/flight.h"

/* GET /api/v1/cryptocurrencies: the market, by what a client wants it ordered and filtered by. */
extern const struct reading listings_page_reading;

#define LISTING_SORTS "market_cap|volume|price|change_24h|rank|name|symbol"
#define LISTING_BOUND_MAX 1000000000000000000 /* of what market caps are asked to be within */

#endif
