#ifndef TIDEMARK_API_HANDLERS_COINGECKO_CHARTS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_CHARTS_H

#include "api/cache/flight.h"

/*
 * GET /api/v3/coins/{id}/market_chart and .../range: prices, market caps and volumes, three arrays
 * of the same times. The closes of final candles, and at the end of what ends now the latest price
 * at its own time. A currency that nobody has candles in is converted by Bitcoin's candles of the
 * same times, as valuation.h does it.
 */
extern const struct reading coingecko_chart_reading, coingecko_chart_range_reading;

/*
 * GET /api/v3/coins/{id}/ohlc: [close time, open, high, low, close] of candles that are over. Of
 * currencies that somebody has candles in only: the highest of a product is not the product of the
 * highest.
 */
extern const struct reading coingecko_ohlc_reading;

#endif
