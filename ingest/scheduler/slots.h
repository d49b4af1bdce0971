#ifndef TIDEMARK_INGEST_SCHEDULER_SLOTS_H
#define TIDEMARK_INGEST_SCHEDULER_SLOTS_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"
#include "ingest/scheduler/due.h"
#include "ingest/scheduler/outbox.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SLOTS_ROUND_MAX = 20000,   /* slots made in one round; the rest comes with the next */
    SLOTS_KEPT_S = 30 * 86400, /* longer than anybody looks back: OUTBOX_CARE_S is a week */
    SLOTS_TRIM_MAX = 5000,     /* forgotten at once, so that no round takes long */
};

/* W3C trace context for a new job: each is a trace of its own. */
const char *slots_make_traceparent(struct arena *arena);

/*
 * One round: reads the schedules and the last slot of each, finds what is due at `now_ms`, and
 * inserts it over the leader's session in one statement. `*ret_outgoing` are the new slots that
 * are to be run, with their messages, in `arena`.
 *
 * `quote_period_s` replaces the period of quote schedules (INGESTION_INTERVAL); 0 = as they say.
 */
MUST_CHECK bool slots_make(struct database *db, int64_t quote_period_s, struct due_budget *budget,
                           int64_t now_ms, struct arena *arena,
                           const struct outgoing **ret_outgoing, size_t *ret_count,
                           struct error *err);

/*
 * Forgets slots older than SLOTS_KEPT_S that are done with; the runs stay. Asks the database once
 * an hour, while there is more, every minute. `*due_at_ms` is monotonic; begin with 0. That it
 * could not be done is logged and no failure. Errors: those that end the session.
 */
MUST_CHECK bool slots_trim(struct database *db, int64_t *due_at_ms, struct arena *arena,
                           struct error *err);

#endif
