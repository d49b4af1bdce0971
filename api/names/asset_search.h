#ifndef TIDEMARK_API_NAMES_ASSET_SEARCH_H
#define TIDEMARK_API_NAMES_ASSET_SEARCH_H

#include "api/names/catalog.h"
#include "common/arena.h"

#include <stddef.h>

/*
 * Assets by what a person types: a ticker, a pair such as BTCUSD or BTC/USD, a name, an id, or the
 * beginning of one. Pure; looks at every name of the catalogue, a fraction of a millisecond for ten
 * thousand. Best first: the ticker itself, then those whose pair it begins, tickers that begin so,
 * names and ids that begin so, names that hold it; of equals those with a better rank. Nothing
 * typed is everything, by rank. Only assets that have a price.
 */
enum { ASSET_SEARCH_MAX = 60 };

/* Slugs; they live as long as the catalogue. */
size_t asset_search(const struct catalog *catalog, const char *typed, struct arena *arena,
                    const char *ret_slugs[ASSET_SEARCH_MAX]);

/* The same letters in upper case without what people put between an asset and a currency. */
char *asset_search_pair(const char *typed, struct arena *arena);

#endif
