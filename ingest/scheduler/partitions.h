#ifndef TIDEMARK_INGEST_SCHEDULER_PARTITIONS_H
#define TIDEMARK_INGEST_SCHEDULER_PARTITIONS_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Keeps a month of partitions ahead of the rows, so that workers hardly ever have to make one. Asks
 * the database once an hour, and a minute after it could not be done (another session was in the
 * way: that is logged and no failure). `*due_at_ms` is monotonic; begin with 0.
 * Errors: those that end the session.
 */
MUST_CHECK bool partitions_keep_ahead(struct database *db, int64_t *due_at_ms, struct arena *arena,
                                      struct error *err);

#endif
