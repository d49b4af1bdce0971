#ifndef TIDEMARK_API_HANDLERS_COINGECKO_MARKET_WIDE_H
#define TIDEMARK_API_HANDLERS_COINGECKO_MARKET_WIDE_H

#include "api/cache/flight.h"

/*
 * GET /api/v3/global: the whole market. The change of all market caps is that of the prices: of
 * coins whose change is known, weighted by market cap.
 */
extern const struct reading coingecko_global_reading;

/* GET /api/v3/exchange_rates: what one Bitcoin costs in each currency. */
extern const struct reading coingecko_rates_reading;

#endif
