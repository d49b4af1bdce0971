#ifndef TIDEMARK_INGEST_CTL_REBUILD_ROWS_H
#define TIDEMARK_INGEST_CTL_REBUILD_ROWS_H

#include "ingest/ctl/rebuild_compare.h"

/* Part of ingest/ctl/rebuild_compare.c: the rows of one market in one table, side by side. */
struct market_ids {
    int64_t source_id, asset_id, quote_id;
};

/* Counts what differs into `table`, and names the first of it. */
MUST_CHECK bool rebuild_rows_compare(struct database *original, struct database *rebuilt,
                                     struct compared_table *table, const struct market_ids *ids,
                                     struct arena *arena, struct error *err);

#endif
