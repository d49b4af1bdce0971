#ifndef TIDEMARK_INGEST_SOURCES_POINTS_H
#define TIDEMARK_INGEST_SOURCES_POINTS_H

#include "ingest/sources/records.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Candles out of an aggregator's price points, which stand on no grid and in no sure order.
 *
 * A point belongs to the candle that covers the moment just before it: a point at exactly 00:00
 * closes the day that ended then. (Daily points are such; were they put into the day that
 * begins, each close would be served a whole day late.) open = first, close = last, high and low
 * over the points, rolling volume and market cap as of the last point that has them, `inputs` = how
 * many points; several points with one stamp count once, the last of them.
 */
struct point {
    int64_t at_ms;
    const char *price;      /* > 0 */
    const char *volume_24h; /* NULL = unknown */
    const char *market_cap; /* NULL = unknown */
    size_t row;             /* where it stood */
};

/* Sorts `points` in place and adds the candles to `records`, whose series says the interval. */
void points_add_candles(struct point *points, size_t count, struct records *records);

#endif
