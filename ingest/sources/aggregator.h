#ifndef TIDEMARK_INGEST_SOURCES_AGGREGATOR_H
#define TIDEMARK_INGEST_SOURCES_AGGREGATOR_H

#include "ingest/sources/args.h"
#include "ingest/sources/row.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What providers that list coins, not markets, have in common. Their symbols here are the
 * provider's id of a coin and the currency it is priced in: "bitcoin/usd", "1/usd",
 * "btc-bitcoin/usd". Text lives in the arena.
 */

/* The longest seen: ids of 53, tickers of 50 and names of 60 characters of up to 4 bytes. */
enum {
    AGGREGATOR_ID_BYTES = RECORDS_SYMBOL_BYTES,
    AGGREGATOR_TICKER_BYTES = RECORDS_TICKER_BYTES,
    AGGREGATOR_NAME_BYTES = RECORDS_NAME_BYTES,
};

/* Errors: reject "job.args". The id is never "." nor "..": it becomes part of a path. */
MUST_CHECK bool aggregator_split_symbol(const char *symbol, struct arena *arena,
                                        const char **ret_id, const char **ret_currency,
                                        struct error *err);

/* The currency of all symbols, because one call has one. Errors: reject "job.args". */
MUST_CHECK bool aggregator_quote_currency(const struct quote_args *args, struct arena *arena,
                                          const char **ret_currency, struct error *err);

/* "USD" of "usd". */
const char *aggregator_upper(const char *currency, struct arena *arena);

/* The member of `object` with this name in any case: providers write "USD" for our "usd". */
const struct json *aggregator_get_currency(const struct json *object, const char *currency);

/* A coin's place in the list; 0 = it has none. A negative one is a reject. */
int64_t aggregator_rank(struct row *row, const struct json *object, const char *member);

/* A cap of 0 for a coin without a rank is a provider's way to say that it does not know. */
const char *aggregator_known_cap(const char *market_cap, int64_t rank);

/* Canonical decimal text of a member that may be missing, null or "", which all mean unknown. */
const char *aggregator_decimal(struct row *row, const struct json *object, const char *member);

/* Where a row of a history has its time in ISO 8601, and price, volume_24h and market_cap. */
struct point_place {
    const struct json *stamp, *values; /* NULL = it has none */
};
typedef struct point_place aggregator_locate_point(const struct json *row, const char *currency);

/*
 * Adds the candles that the price points in `rows` make.
 *
 * A provider takes its sample of a boundary a few seconds late. One that came within half the
 * interval, at most ten minutes, after a multiple of the interval is the sample of that multiple,
 * and so the close of the interval before it (points.h).
 */
void aggregator_add_points(const struct json *rows, const char *currency,
                           aggregator_locate_point *locate, struct records *records);

/*
 * Adds a market row, which is both: the price at a moment, and the coin's place in the list.
 * `listing` has all but `symbol`, which becomes `id`/`currency`. `asked` is NULL unless only
 * some coins were asked for: others become the reject "symbol.unasked".
 */
void aggregator_add_market(struct row *row, struct listing *listing, const char *id,
                           const char *currency, struct quote_args *asked);

/*
 * Where a history of at most `capacity` candles a request goes on: after a full window, because the
 * present may be further on; else after the newest candle there is, because what closes the last
 * one may come minutes late. Sets the batch's position and `more`.
 */
void aggregator_set_position(const struct request *request, int64_t capacity, struct arena *arena,
                             struct batch *batch);

#endif
