#ifndef TIDEMARK_API_HANDLERS_COINGECKO_COIN_H
#define TIDEMARK_API_HANDLERS_COINGECKO_COIN_H

#include "api/cache/flight.h"

/*
 * GET /api/v3/coins/{id}: all that is known of one coin. Numbers of the market are objects by
 * currency, with those currencies in which they are known.
 */
extern const struct reading coingecko_coin_reading;

/*
 * GET /api/v3/coins/{id}/history: the same at 00:00:00 UTC of a day, as far as it is known; what
 * was observed long before that moment does not count.
 */
extern const struct reading coingecko_history_reading;

#endif
