#ifndef TIDEMARK_API_HANDLERS_PRICES_LATEST_H
#define TIDEMARK_API_HANDLERS_PRICES_LATEST_H

#include "api/cache/flight.h"

/* GET /api/v1/prices/latest/{symbol}: the newest price of one asset, or its newest candle. */
extern const struct reading price_latest_reading;

#define PRICE_CANDLE_GRANULARITIES "5m|15m|1h|4h|1d|1w"

#endif
