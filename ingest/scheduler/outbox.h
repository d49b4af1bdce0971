#ifndef TIDEMARK_INGEST_SCHEDULER_OUTBOX_H
#define TIDEMARK_INGEST_SCHEDULER_OUTBOX_H

#include "common/arena.h"
#include "common/broker.h"
#include "common/database.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Brings slots from the table to the broker: inserted -> published -> confirmed -> marked. What is
 * not marked is published again, so a job may come twice but never not at all:
 *   ordered            by an operator: looked for at each call of outbox_service()
 *   unconfirmed        when leading begins, when the broker is back, and each OUTBOX_SWEEP_MS
 *   refused            by a full queue: from OUTBOX_FULL_MIN_MS on, less often while it takes none
 *   confirmed, no run  after OUTBOX_UNFINISHED_S without a final run or a try, looked for each
 *                      OUTBOX_UNFINISHED_SWEEP_MS; at once if the broker has lost a jobs queue
 * Errors are the database's only: the broker's are logged here, because they stop nothing.
 */
enum {
    OUTBOX_SWEEP_MS = 60000,
    OUTBOX_FULL_MIN_MS = 2000,
    OUTBOX_UNFINISHED_SWEEP_MS = 600000, /* reads a week of slots */
    OUTBOX_UNFINISHED_S = 2 * 3600,
    OUTBOX_CARE_S = 7 * 86400, /* older slots are not worth a second look */
    OUTBOX_INTACT_CHECK_MS = 5000,
};

struct outgoing {
    const char *job_id;
    const char *source; /* where it goes */
    struct bytes message;
};

/*
 * How long full queues are left alone, after `patience_ms`: OUTBOX_FULL_MIN_MS while they take
 * something, twice as long as before while they take nothing; 0 = none of them is full. Pure.
 */
int64_t outbox_patience_ms(int64_t patience_ms, bool refused, int64_t confirmed);

struct outbox; /* opaque */

/* Never NULL; does no I/O. `sources` must outlive it. */
struct outbox *outbox_create(const char *broker_url, const char *const *sources,
                             size_t source_count);
void outbox_destroy(struct outbox *outbox); /* NULL is fine */

/* This process leads from now on: what its predecessor left is published by the next sweep. */
void outbox_take_over(struct outbox *outbox);

/*
 * Publishes what was inserted just now and marks what the broker confirms. Without a connection it
 * does nothing: outbox_service() makes one, and publishes what waits for it.
 */
MUST_CHECK bool outbox_publish(struct outbox *outbox, struct database *db,
                               const struct outgoing *outgoing, size_t count, struct arena *arena,
                               struct error *err);

/*
 * Call about once a second while leading: keeps the connection alive, notices losses, and publishes
 * again what is due for it.
 */
MUST_CHECK bool outbox_service(struct outbox *outbox, struct database *db, struct arena *arena,
                               struct error *err);

/* NULL, or the broker's fatal refusal (login, topology): this process can do nothing about it. */
const struct error *outbox_refusal(const struct outbox *outbox);

#endif
