#ifndef TIDEMARK_INGEST_STORE_ROWS_H
#define TIDEMARK_INGEST_STORE_ROWS_H

#include "ingest/store_markets.h"

#include <stddef.h>
#include <stdint.h>

/* Part of ingest/store.c: a batch as parameters of queries. */

/* Where the rows of a page come from, and since when that is known; goes into every row. */
struct lineage {
    int64_t source_id, run_id, payload_id;
    int64_t known_at_ms; /* when the payload was fetched */
};

/* Queue the upserts of a batch; records of unknown markets are left out. They return how many rows
 * there are; with none nothing is queued. */
size_t rows_queue_ticks(struct database *db, const struct batch *batch,
                        const struct markets *markets, const struct lineage *lineage,
                        struct arena *arena);
size_t rows_queue_listings(struct database *db, const struct batch *batch,
                           const struct markets *markets, const struct lineage *lineage,
                           struct arena *arena);
/* The last candle is a price as well: its close, at the moment it closed. */
void rows_queue_latest_candle(struct database *db, const struct batch *batch,
                              const struct market *market, const struct lineage *lineage);

/* The text of a COPY into candles_stage, and of one into candles. */
struct bytes rows_copy_stage(const struct batch *batch, struct arena *arena);
struct bytes rows_copy_candles(const struct batch *batch, const struct market *market,
                               const struct lineage *lineage, struct arena *arena);

/* [{"where":..,"reason":..,"excerpt":..}, ...], or NULL for none. */
const char *rows_rejects(const struct batch *batch, struct arena *arena);

#endif
