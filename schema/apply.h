#ifndef TIDEMARK_SCHEMA_APPLY_H
#define TIDEMARK_SCHEMA_APPLY_H

#include "common/database.h"
#include "schema/plan.h"

/*
 * Waits until no other tidemark-migrate works on this database, at most `timeout_ms`, and keeps the
 * others out until the session ends. Errors: retry "migrate.busy", "database.*".
 */
MUST_CHECK bool apply_lock(struct database *db, int64_t timeout_ms, struct error *err);

/* What the database remembers, ascending; makes the table for it if `create`. */
MUST_CHECK bool apply_read(struct database *db, bool create, struct arena *arena,
                           struct applied **ret_applied, size_t *ret_count, struct error *err);

/*
 * One step, in one transaction with the row that remembers it. When a lock is not to be had within
 * lock_timeout, it lets the traffic through and tries again, a minute or so in all.
 */
MUST_CHECK bool apply_step(struct database *db, const struct migration *migration, bool up,
                           struct error *err);

/* Makes the partitions of the next weeks. */
MUST_CHECK bool apply_partitions(struct database *db, struct arena *arena, int64_t *ret_made,
                                 struct error *err);

#endif
