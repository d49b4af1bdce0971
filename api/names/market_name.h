#ifndef TIDEMARK_API_NAMES_MARKET_NAME_H
#define TIDEMARK_API_NAMES_MARKET_NAME_H

#include "api/names/catalog.h"
#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What charting programs call a market: EXCHANGE:NAME, "BINANCE:BTCUSDT". Pure.
 *
 * The exchange is a source in upper case, or AGG for all of them together, which is also meant
 * where none is said. The name is a ticker and a currency, with nothing, '/', '-' or '_' between.
 * Both are not always certain: many assets share a ticker, and XTUSD is XT in usd or X in tusd. So
 * a name stands for candidates in an order, best rank first, of which the first that is traded
 * there is meant. An asset that comes second to another one is named by its id behind an '@':
 * "AGG:METAUSD@metadium".
 */
enum {
    MARKET_CANDIDATES_MAX = 60, /* of one name */
    MARKET_NAME_MAX = 200,      /* bytes; no ticker and id of an asset are as long together */
};

struct market_candidate {
    const char *slug;
    const char *code; /* of the currency */
    int32_t rank;     /* of the asset; 0 = none */
};

struct market_name {
    const char *text;   /* canonical: "AGG:BTCUSD" */
    const char *name;   /* of it what stands behind the colon, without the '@': "BTCUSD" */
    const char *source; /* NULL = all of them together */
    struct market_candidate candidates[MARKET_CANDIDATES_MAX];
    size_t candidate_count; /* 0 = there is no such market */
};

/* Any letters' case. `ret_name` points into `arena` and the catalogue. */
void market_name_read(const char *text, const struct catalog *catalog, struct arena *arena,
                      struct market_name *ret_name);

/*
 * The same as one text and back, to travel without the catalogue: for struct param_value. The text
 * of a name that was unpacked points into `arena`.
 */
const char *market_name_pack(const struct market_name *name, struct arena *arena);
void market_name_unpack(const char *packed, struct arena *arena, struct market_name *ret_name);

#endif
