#ifndef TIDEMARK_INGEST_CTL_REBUILD_COPY_H
#define TIDEMARK_INGEST_CTL_REBUILD_COPY_H

#include "common/database.h"

#include <stdbool.h>

/*
 * What no payload says and a rebuilt database has from the original: sources, currencies, assets,
 * instruments, coins, reference lists, schedules, runs, checkpoints, ids included, so that every
 * row's lineage stays true. Streamed, a bounded piece at a time, in one transaction of `to`.
 */
MUST_CHECK bool rebuild_copy(struct database *from, struct database *to, struct arena *arena,
                             struct error *err);

#endif
