#ifndef TIDEMARK_API_HANDLERS_UDF_PRICE_SCALE_H
#define TIDEMARK_API_HANDLERS_UDF_PRICE_SCALE_H

#include <stdint.h>

/*
 * How many decimals a chart shows of prices like this one (canonical decimal, > 0), of which up to
 * `seen` were seen: those, but two at least, and as many as make four significant digits: the price
 * of a small coin may be round for now; no more than make seven: what aggregators give beyond that
 * is noise of their averages. Pure.
 */
int32_t price_scale_places(const char *price, int32_t seen);

/* "pricescale": 10 to the power of the places; the library counts with it as a double. */
enum { PRICE_SCALE_PLACES_MAX = 15 };
int64_t price_scale(const char *price, int32_t seen);

#endif
