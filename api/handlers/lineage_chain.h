#ifndef TIDEMARK_API_HANDLERS_LINEAGE_CHAIN_H
#define TIDEMARK_API_HANDLERS_LINEAGE_CHAIN_H

#include "api/params/params.h"
#include "common/database.h"
#include "common/text.h"

#include <stdbool.h>
#include <stdint.h>

/* What lineage.c has found, and lineage_chain.c puts into words. Rows live in the flight's arena.
 */

/* Columns of every query of schema/queries/lineage.sql that gives ticks, from its first on. */
enum tick_column {
    TICK_OBSERVED_AT,
    TICK_PRICE,
    TICK_VOLUME_24H,
    TICK_MARKET_CAP,
    TICK_CHANGE_24H_PERCENT,
    TICK_KNOWN_AT,
    TICK_RUN_ID,
    TICK_PAYLOAD_ID,
    TICK_DOUBT,
    TICK_COLUMNS,
};

/* The same of candles. */
enum candle_column {
    CANDLE_OPEN_TIME,
    CANDLE_CLOSE_TIME,
    CANDLE_OPEN,
    CANDLE_HIGH,
    CANDLE_LOW,
    CANDLE_CLOSE,
    CANDLE_VOLUME,
    CANDLE_QUOTE_VOLUME,
    CANDLE_VOLUME_24H,
    CANDLE_MARKET_CAP,
    CANDLE_TRADES,
    CANDLE_INPUTS,
    CANDLE_ORIGIN,
    CANDLE_FINAL,
    CANDLE_REVISION,
    CANDLE_KNOWN_AT,
    CANDLE_KNOWN_UNTIL,
    CANDLE_RUN_ID,
    CANDLE_PAYLOAD_ID,
    CANDLE_COLUMNS,
};

/* Of listings. */
enum listing_column {
    LISTING_OBSERVED_AT,
    LISTING_RANK,
    LISTING_HIGH_24H,
    LISTING_LOW_24H,
    LISTING_CHANGE_24H,
    LISTING_CHANGE_24H_PERCENT,
    LISTING_CIRCULATING_SUPPLY,
    LISTING_TOTAL_SUPPLY,
    LISTING_MAX_SUPPLY,
    LISTING_RUN_ID,
    LISTING_PAYLOAD_ID,
    LISTING_COLUMNS,
};

/* Which table a number is in. */
enum link_table {
    LINK_TICKS,
    LINK_CANDLES,
    LINK_COMPUTED, /* a candle that is not stored, but rolled from some that are while it is read */
    LINK_LATEST_PRICES, /* a tick or a candle that is not kept any more, but still the latest */
    LINK_LISTINGS,
};

/* A row, or several of one kind. */
struct link {
    enum link_table table;
    struct rows rows;
    size_t first_column;
    int32_t interval_s; /* of candles */
};

struct field {
    const char *name;
    int tick, candle, listing; /* its column there; -1 = there is none */
};

/* By the name of a column, or one by which a route serves it; NULL = unknown. */
const struct field *field_find(const char *name);

struct chain {
    const struct field *field;
    int64_t source_id, asset_id, quote_id;
    const char *source;
    struct link row;
    bool rolled;
    struct link inputs; /* of a rolled candle: what it was made of, as many as were asked for */
    int64_t run_id, payload_id;
    struct rows origin; /* query_lineage_origin */
};

/* "5m", "1h", "1d" ... */
const char *chain_interval_name(int32_t interval_s);
/* Whether a row of this table has the columns of candles. */
bool chain_is_candle(enum link_table table);

/* A cell of the row, whichever table that is of; NULL = SQL NULL or no such column. */
const char *chain_value(const struct chain *chain);

/* The whole answer for a number, and the one for a run and its payloads (`payloads` NULL: for one
 * payload). */
struct bytes chain_render(const struct chain *chain, const struct params *params,
                          struct arena *arena);
struct bytes chain_render_run(const struct rows *origin, const struct rows *payloads,
                              const struct params *params, struct arena *arena);

/* Columns of query_lineage_origin. */
enum {
    ORIGIN_RUN = 0,
    ORIGIN_PAYLOAD = 12,
    ORIGIN_ARCHIVE = 22,
    ORIGIN_VERSION,
};

#endif
