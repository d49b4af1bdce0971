#ifndef TIDEMARK_INGEST_STORE_KEPT_H
#define TIDEMARK_INGEST_STORE_KEPT_H

#include "common/database.h"
#include "ingest/kept.h"

#include <stdbool.h>

/*
 * Writes payloads that another database kept, and the rows made of them, by the same way as
 * ingest/store.c writes new ones (store_writing.h). Runs and checkpoints are left alone.
 */

/* Once a connection, before the first payload. */
MUST_CHECK bool store_kept_prepare(struct database *db, struct error *err);

/*
 * One payload under its own id, with its rows, in one transaction; `batch` is NULL if it has none.
 * A missing partition is made. Errors: those of common/database.h; then nothing was written.
 */
MUST_CHECK bool store_kept(struct database *db, const struct kept_payload *kept,
                           const struct batch *batch, const struct markets *markets,
                           struct arena *arena, struct error *err);

#endif
