#ifndef TIDEMARK_INGEST_STORE_MARKETS_H
#define TIDEMARK_INGEST_STORE_MARKETS_H

#include "common/database.h"
#include "ingest/sources/batch.h"

#include <stddef.h>
#include <stdint.h>

/* Part of ingest/store.c: what a source's symbols mean. */
struct market {
    const char *symbol;
    int64_t asset_id, quote_id;
    const char *name; /* "bitcoin/usd" */
};

struct markets {
    struct market *rows; /* by symbol */
    size_t count;
};

/* Whose symbols, and who says what is new about them. */
struct markets_origin {
    int64_t source_id, run_id, fetched_at_ms;
};

/*
 * Looks up every symbol of a batch, in one round trip. Instruments of an aggregator's coins that
 * are known are made first, and so are coins that a listing names: those that come with the slug of
 * their asset make it, the others are mapped by ticker and name (schema/queries/references.sql).
 * That is a transaction of its own. Text lives in `arena`.
 */
MUST_CHECK bool markets_load(struct database *db, const struct markets_origin *origin,
                             const struct batch *batch, struct arena *arena,
                             struct markets *ret_markets, struct error *err);

/* Brings the rows into the order in which they are found. */
void markets_sort(struct markets *markets);

/* NULL if it is not known. */
const struct market *markets_find(const struct markets *markets, const char *symbol);

#endif
