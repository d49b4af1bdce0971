#ifndef TIDEMARK_API_HANDLERS_UDF_MARKET_H
#define TIDEMARK_API_HANDLERS_UDF_MARKET_H

#include "api/cache/flight.h"
#include "api/names/market_name.h"
#include "common/database.h"

#include <stdbool.h>

/* A market that a request has named, and what a reading needs of it. Lives in its flight's arena.
 */
struct market {
    struct market_name name;                             /* as it was asked for */
    struct database_value source_id, asset_id, quote_id; /* source_id NULL = all sources */
    const char *slug, *ticker, *asset_name;
    const char *code, *currency; /* "usd", "US Dollar" */
    size_t namesakes;            /* other assets that are meant only if this one is not */
    bool in_other_currency;      /* than its name says */
    void (*found)(struct flight *flight, struct market *market);
};

/*
 * Finds the market of the parameters `symbol` and, if the route has it, `currencyCode`, and calls
 * `found`; the flight fails with 404 "symbol.unknown" if it is not traded. `market` is the first
 * member of the flight's context, cleared.
 */
void market_find(struct flight *flight, struct market *market,
                 void (*found)(struct flight *flight, struct market *market));

/* For struct reading, of a route with those parameters. */
void market_tag(const struct params *params, struct tag_list *tags);

/* "AGG" or "BINANCE". */
const char *market_exchange(const struct market *market, struct arena *arena);
/* "BTCUSD" */
const char *market_pair(const struct market *market, struct arena *arena);
/* What finds just this one again: "AGG:BTCUSD", or with the asset's id behind it. */
const char *market_ticker(const struct market *market, struct arena *arena);
/* "Bitcoin / US Dollar", and which one it is if its ticker is not its alone. */
const char *market_description(const struct market *market, struct arena *arena);

#endif
