#ifndef TIDEMARK_API_HANDLERS_COINGECKO_MARKETS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_MARKETS_H

#include "api/cache/flight.h"

/*
 * GET /api/v3/coins/markets: a page of coins with what is known of their markets, in one currency.
 * Sorted by market cap or volume in usd, whatever the currency, so that a coin has one place.
 */
extern const struct reading coingecko_markets_reading;

#define MARKET_PERIODS "1h|24h|7d|14d|30d|200d|1y"
#define MARKET_ORDERS                                                                              \
    "market_cap_desc|market_cap_asc|volume_desc|volume_asc|id_asc|id_desc|gecko_desc|gecko_asc"

#endif
