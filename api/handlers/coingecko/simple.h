#ifndef TIDEMARK_API_HANDLERS_COINGECKO_SIMPLE_H
#define TIDEMARK_API_HANDLERS_COINGECKO_SIMPLE_H

#include "api/cache/flight.h"

enum { SIMPLE_PRICES_MAX = 5000 }; /* coins times currencies of one request */

/* GET /api/v3/simple/price: an object by what was asked for, with a member for each currency. */
extern const struct reading coingecko_simple_price_reading;

/* GET /api/v3/simple/supported_vs_currencies: the codes in which coins have prices. */
extern const struct reading coingecko_currencies_reading;

#endif
