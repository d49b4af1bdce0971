#ifndef TIDEMARK_INGEST_SCHEDULER_LEADER_H
#define TIDEMARK_INGEST_SCHEDULER_LEADER_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One scheduler leads: the one whose PostgreSQL session holds an advisory lock. Slots are inserted
 * over that same session, so whoever has lost the lock cannot insert one, however sure of itself it
 * is. The connection must be a direct one: a transaction pooler would share the lock.
 *
 * A dead leader's session ends by TCP keepalive within about 12 s, a paused one's because it has
 * been silent for LEADER_SILENCE_MS; standbys ask every LEADER_POLL_MS. So another leads within
 * 15 s.
 */
enum { LEADER_POLL_MS = 2000, LEADER_SILENCE_MS = 10000 };

struct leader; /* opaque */

/* Never NULL; does no I/O. `url` is copied. */
struct leader *leader_create(const char *url);
/* Unlocks first, so that a standby need not wait. NULL is fine. */
void leader_destroy(struct leader *leader);

/*
 * Tries to lead, if it does not lead already and LEADER_POLL_MS have passed since it last tried.
 * `*ret_leads` says whether it leads now. False when the database is away: then it does not.
 */
MUST_CHECK bool leader_poll(struct leader *leader, struct arena *arena, bool *ret_leads,
                            struct error *err);

/* The session with the lock. Only while leading. */
struct database *leader_database(struct leader *leader);

/*
 * Leaves word who leads, for people and tidemarkctl; `quote_period_s` is INGESTION_INTERVAL, 0 =
 * not set. Once, when it has begun to lead.
 */
MUST_CHECK bool leader_record(struct leader *leader, int64_t quote_period_s, struct arena *arena,
                              struct error *err);

/* After an error of that session: it is thrown away, and with it the lock. */
void leader_resign(struct leader *leader);

#endif
