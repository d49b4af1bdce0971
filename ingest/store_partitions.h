#ifndef TIDEMARK_INGEST_STORE_PARTITIONS_H
#define TIDEMARK_INGEST_STORE_PARTITIONS_H

#include "common/database.h"
#include "ingest/sources/batch.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Part of ingest/store.c: makes every partition that a payload and its rows may need; for after
 * "database.no_partition". One that exists costs next to nothing. `batch` may be NULL.
 *
 * What was archived and dropped stays so: rows of those ranges are left out of `*ret_batch` and
 * counted there as rejects, "time.expired", or else each would bring a partition back that holds
 * little but itself. Without such rows it is `batch`.
 */
MUST_CHECK bool partitions_ensure_for(struct database *db, int64_t fetched_at_ms,
                                      const struct batch *batch, struct arena *arena,
                                      const struct batch **ret_batch, struct error *err);

#endif
