#ifndef TIDEMARK_INGEST_STORE_WRITING_H
#define TIDEMARK_INGEST_STORE_WRITING_H

#include "ingest/store_rows.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Part of ingest/store.c: a batch on its way into the tables, in a transaction of the caller's.
 *
 *     writing_begin(&writing, batch, markets, source_id)
 *     BEGIN, writing_queue_turn(), the payload, writing_queue_look(), flush
 *     writing.lineage and .occupied are filled by the caller
 *     writing_copy(), writing_queue_rows(), COMMIT
 *
 * What stands in a row in the end is a function of the payloads: of all that speak of it, in the
 * order of their ids, each that says something else than the row takes it over, and each that says
 * the same leaves it alone (prices and listings: unless it is the older observation). That holds
 * because a payload gets its id in its turn: the transactions that may write the same rows do so
 * one after another, from before the id until after the commit. So no column of a row has to
 * remember when it was confirmed last, and the same payloads written again in the order of their
 * ids give the same rows, whichever workers fetched them in which order.
 *
 * A turn is all references for a list of them, a market of a source for candles (and the price that
 * the last one gives), and the whole source for ticks and listings, whose pages are short. A tick
 * and a candle of one market do not wait for each other: where they meet, in latest_prices, the
 * newer observation wins, and at the same moment the tick.
 *
 * Turns are a source's own. What sources share is the order of the market (listing_order), where
 * each price may change who leads: ticks and listings take its rows in their turn, too, all that
 * they may change and in one order everywhere.
 */
struct writing {
    const struct batch *batch;
    struct markets markets;
    const struct market *series; /* of the candles; NULL = none, or not known */
    struct lineage lineage;
    bool occupied;               /* there are, or were, candles where these go */
    int64_t unmapped_references; /* for the caller, who writes references (store_references.h) */
};

/* Lineage but for the source is left to the caller. */
void writing_begin(struct writing *writing, const struct batch *batch,
                   const struct markets *markets, int64_t source_id);

/* Waits for the turn of the rows; queues 0 to 4 queries and returns how many. */
size_t writing_queue_turn(struct database *db, const struct writing *writing, struct arena *arena);

/* Asks whether there are candles already: its answer is `occupied`. False if there is no need. */
bool writing_queue_look(struct database *db, const struct writing *writing);

/* The candles; not while something is queued. */
MUST_CHECK bool writing_copy(struct database *db, const struct writing *writing,
                             struct arena *arena, struct error *err);

/* All the rest, with the marks for the rollup. Returns how many records there were, candles
 * included. */
size_t writing_queue_rows(struct database *db, const struct writing *writing, struct arena *arena);

#endif
