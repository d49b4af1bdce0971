#ifndef TIDEMARK_API_HANDLERS_LISTINGS_ROW_H
#define TIDEMARK_API_HANDLERS_LISTINGS_ROW_H

#include "api/cache/flight.h"
#include "api/handlers/price_inputs.h"
#include "common/database.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Rows of a listing of the market, as all routes tell them: of each asset what its leader says
 * (schema/queries/listing_order.sql), and the price that all sources agree on.
 */

/* Columns of query_listing_page_descending and all that have the same. */
enum listing_column {
    LISTING_VERSION,
    LISTING_TOTAL,
    LISTING_VALUE,
    LISTING_ASSET_ID,
    LISTING_SLUG, /* NULL = there is no row */
    LISTING_SYMBOL,
    LISTING_NAME,
    LISTING_CODE,
    LISTING_SOURCE,
    LISTING_RANK,
    LISTING_PRICE,
    LISTING_MARKET_CAP,
    LISTING_VOLUME_24H,
    LISTING_CHANGE_24H,
    LISTING_CHANGE_24H_PERCENT,
    LISTING_HIGH_24H,
    LISTING_LOW_24H,
    LISTING_FULLY_DILUTED_VALUATION,
    LISTING_CIRCULATING_SUPPLY,
    LISTING_TOTAL_SUPPLY,
    LISTING_MAX_SUPPLY,
    LISTING_OBSERVED_AT,
    LISTING_DOUBT_NAMES,
    LISTING_RUN_ID,
    LISTING_PAYLOAD_ID,
    LISTING_COLUMNS,
};

/* The first `count` of them are told. */
struct listing {
    struct rows rows;
    size_t count;
};

/*
 * Keeps the rows as the flight's context and asks for the prices of the first `count` assets in
 * the route's parameter `currency`, of its parameter `source` if it has one; `then` gets the rows
 * of query_price_inputs, none if there are no assets.
 */
void listing_ask_prices(struct flight *flight, const struct rows *rows, size_t count,
                        void (*then)(struct flight *flight, const struct rows *prices));

/* How many assets the rows have: pages that are empty have one row all the same. */
size_t listing_count(const struct rows *rows);

/*
 * Adds them in the form that was asked for: a JSON array, lines of JSON, or CSV. `text` is the
 * beginning of the body.
 */
void listing_add(struct text *text, struct flight *flight, const struct rows *prices);

/*
 * Adds one of them, whose columns from LISTING_SLUG on begin at `first_column`, with the price that
 * was read: {"name":value,...} or a line of CSV.
 */
void listing_add_row(struct text *text, struct flight *flight, const struct rows *rows, size_t row,
                     size_t first_column, const struct price_inputs *read);

/* The parameter `source`; NULL for a route without it as well. */
const char *listing_source(const struct params *params);

#endif
