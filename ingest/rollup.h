#ifndef TIDEMARK_INGEST_ROLLUP_H
#define TIDEMARK_INGEST_ROLLUP_H

#include "common/arena.h"
#include "common/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Candles of our own, for each source, asset and quote: five minutes of ticks, an hour of five
 * minutes, a day of hours. Times are UTC, buckets half-open. A candle that the source itself gave
 * (origin 0 or 1) is used as it is, and never replaced by one of ours (origin 2 of ticks, 3 of
 * candles).
 *
 * What is to be done is in the table rollup_marks: whoever changes a tick or a candle says in the
 * same transaction which buckets are made of it. A piece of the rollup takes marks away, rolls
 * their five minutes, then the hours of what that changed and those that were marked, then the
 * days, and commits all of that at once. So a piece that is killed has never been, and a late row
 * costs its three buckets, whatever else there is.
 *
 * Workers may roll at the same time: each takes marks that the others have not, and the turn of
 * their series (ingest/store_writing.h), so that nobody stores what he made of older rows.
 *
 * Five minutes are rolled when they are over (rollup_due in the schema: with a grace for what is on
 * its way); hours and days are also rolled while they last, not final then, and marked to be rolled
 * once more when they are over. `revision` counts how often final values were replaced by others,
 * which table candle_revisions keeps.
 */

/* Once a connection, before the first piece. Errors: those of common/database.h. */
MUST_CHECK bool rollup_prepare(struct database *db, struct error *err);

/* About so many buckets a piece: a few tenths of a second, and so many locks at most. */
enum { ROLLUP_BUCKETS = 1000 };

struct rolled {
    bool more;                /* there are marks that are due */
    int64_t buckets;          /* that were marked and taken; 0 = nothing was to be done */
    int64_t candles;          /* final ones that are new or changed, or gone */
    int64_t revised;          /* of them, those that had been final with other values */
    const char *const *names; /* "bitcoin/usd/1h": where they are; in the arena */
    size_t name_count;
};

/*
 * One piece, in a transaction of the caller's. After "database.no_partition" roll back, call
 * rollup_partitions() and try again. Errors: those of common/database.h.
 */
MUST_CHECK bool rollup_piece(struct database *db, struct arena *arena, struct rolled *ret_rolled,
                             struct error *err);

/* Makes the partitions that the next piece may need. */
MUST_CHECK bool rollup_partitions(struct database *db, struct error *err);

#endif
