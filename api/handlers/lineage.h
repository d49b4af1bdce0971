#ifndef TIDEMARK_API_HANDLERS_LINEAGE_H
#define TIDEMARK_API_HANDLERS_LINEAGE_H

#include "api/cache/flight.h"

/*
 * GET /api/v1/lineage: the way back from a number that was served to its row, what that was rolled
 * from, the run that brought it, and the bytes of the provider that say it.
 */
extern const struct reading lineage_reading;

/* What `field` takes: columns by their own names, and by those under which a route serves them. */
#define LINEAGE_FIELDS                                                                             \
    "price|current_price|prices|open|high|low|close|volume|volumes|quote_volume|trades|"           \
    "volume_24h|total_volume|total_volumes|market_cap|market_caps|change_24h_percent|"             \
    "price_change_percentage_24h|rank|market_cap_rank|high_24h|low_24h|change_24h|"                \
    "price_change_24h|circulating_supply|total_supply|max_supply"
/* As rows are named, and as /market_chart names them. */
#define LINEAGE_INTERVALS "5m|15m|1h|hourly|4h|1d|daily|1w|weekly"

#endif
