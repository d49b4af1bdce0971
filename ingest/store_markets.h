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

/*
 * Looks up every symbol of a batch, in one round trip. What a listing names and nobody knows yet is
 * made known first. Text lives in `arena`.
 */
MUST_CHECK bool markets_load(struct database *db, int64_t source_id, const struct batch *batch,
                             struct arena *arena, struct markets *ret_markets, struct error *err);

/* Brings the rows into the order in which they are found. */
void markets_sort(struct markets *markets);

/* NULL if it is not known. */
const struct market *markets_find(const struct markets *markets, const char *symbol);

#endif
