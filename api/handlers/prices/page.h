#ifndef TIDEMARK_API_HANDLERS_PRICES_PAGE_H
#define TIDEMARK_API_HANDLERS_PRICES_PAGE_H

#include "api/cache/flight.h"

/* GET /api/v1/prices/{symbol}: the candles or ticks of one asset in one currency. */
extern const struct reading price_series_reading;
/* GET /api/v1/prices: those of any assets, currencies and sources, as flat rows. */
extern const struct reading price_list_reading;

#endif
