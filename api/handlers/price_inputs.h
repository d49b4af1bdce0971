#ifndef TIDEMARK_API_HANDLERS_PRICE_INPUTS_H
#define TIDEMARK_API_HANDLERS_PRICE_INPUTS_H

#include "api/cache/flight.h"
#include "api/consensus.h"
#include "common/database.h"
#include "common/text.h"

#include <stdint.h>

/* Columns of query_price_inputs and query_price_inputs_as_of. */
enum price_column {
    PRICE_SLUG,
    PRICE_CODE,
    PRICE_SOURCE,
    PRICE_KIND,
    PRICE_PRICE,
    PRICE_VOLUME_24H,
    PRICE_MARKET_CAP,
    PRICE_CHANGE_24H_PERCENT,
    PRICE_OBSERVED_AT,
    PRICE_FRESH_MS,
    PRICE_DOUBT,
    PRICE_DOUBT_NAMES, /* ["jump","market_cap"] */
    PRICE_NOW,
    PRICE_VERSION,
    PRICE_RUN_ID,
    PRICE_PAYLOAD_ID,
    PRICE_INTERVAL_S, /* of query_price_inputs_as_of only */
};

/* $4 of both queries: no source's price is stale before. Seconds. */
#define PRICE_FRESH_S 900

/* The rows of one asset in one currency, and what they come to. */
struct price_inputs {
    const struct rows *rows;
    size_t first, count;            /* inputs[i] is row first + i; 0 = nobody has a price */
    struct consensus_input *inputs; /* preferred source first */
    struct consensus consensus;
    int64_t stale_at_ms; /* when the first of those who are fresh no longer is; 0 = nobody is */
    size_t next;         /* the row behind them */
};

/*
 * Asks for them, as they are or as of the moment that the route's parameter `as_of` says. `slugs`
 * and `codes` are arrays for the database; `source` NULL = of all sources.
 */
void price_inputs_ask(struct flight *flight, const char *slugs, const char *codes,
                      const char *source,
                      void (*then)(struct flight *flight, const struct rows *rows));

/* The same of now, whatever the route's parameters say. */
void price_inputs_ask_now(struct flight *flight, const char *slugs, const char *codes,
                          const char *source,
                          void (*then)(struct flight *flight, const struct rows *rows));

/*
 * Reads the pair that begins at row `first`. `as_they_are`: of a source that a client has chosen
 * the price is given whatever speaks against it.
 */
void price_inputs_read(const struct rows *rows, size_t first, bool as_they_are, struct arena *arena,
                       struct price_inputs *ret_inputs);

/*
 * Tells the freshness of the answer (freshness.h) which loads these come from. To be called for
 * each pair that is read.
 */
void price_inputs_expect(struct freshness *freshness, const struct price_inputs *inputs);

/*
 * Notes the pair for a reading that is on demand; not what `as_of` asks for, which is of the past.
 * `source` NULL = of all sources.
 */
void price_inputs_note(struct flight *flight, const struct price_inputs *inputs,
                       const char *source);

#endif
