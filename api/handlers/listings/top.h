#ifndef TIDEMARK_API_HANDLERS_LISTINGS_TOP_H
#define TIDEMARK_API_HANDLERS_LISTINGS_TOP_H

#include "api/cache/flight.h"

/*
 * GET /api/v1/cryptocurrencies/top/gainers and the like, by the last word of the path: the largest,
 * and those that rose or fell most. So that no token that hardly exists is among the latter, they
 * are looked for among the largest by market cap only (parameter `among`), and there among those
 * that are traded: a volume of at least a ten thousandth of the market cap. What is doubted is in
 * none.
 */
extern const struct reading listings_top_reading;

#define LISTING_CATEGORIES "market_cap|volume|gainers|losers"

#endif
