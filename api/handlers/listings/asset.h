#ifndef TIDEMARK_API_HANDLERS_LISTINGS_ASSET_H
#define TIDEMARK_API_HANDLERS_LISTINGS_ASSET_H

#include "api/cache/flight.h"

/*
 * GET /api/v1/cryptocurrencies/{symbol}: the row that a listing has of an asset, with its highs and
 * lows of all time, and what each source says, and whether that was used for the price.
 */
extern const struct reading listings_asset_reading;

#endif
