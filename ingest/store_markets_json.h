#ifndef TIDEMARK_INGEST_STORE_MARKETS_JSON_H
#define TIDEMARK_INGEST_STORE_MARKETS_JSON_H

#include "ingest/store_markets.h"

#include <stdbool.h>

/*
 * Part of ingest/store.c: what symbols meant when a payload was written, as raw_payloads.markets
 * keeps it: {"BTCUSDT":[1,50]}, each symbol's asset_id and quote_id. Instruments may be mapped
 * otherwise later; the rows of this payload stay what they are.
 */
const char *markets_encode(const struct markets *markets, struct arena *arena);

/* Names stay NULL. Errors: reject "json.*", "markets.shape". */
MUST_CHECK bool markets_decode(const char *text, struct arena *arena, struct markets *ret_markets,
                               struct error *err);

#endif
