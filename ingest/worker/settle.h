#ifndef TIDEMARK_INGEST_WORKER_SETTLE_H
#define TIDEMARK_INGEST_WORKER_SETTLE_H

#include "ingest/worker/run.h"

/*
 * The outcome decides what the broker is told; no other place acknowledges. A message goes to its
 * next place first, confirmed, and is acknowledged then: killed in between, the job exists twice,
 * which is harmless.
 *
 * They return false when the message is still in our hands and nothing more can be done for it
 * here: our own outage has lasted too long, or the broker has no place for it. This process is to
 * end then; the message goes back to its queue, and who comes next declares what is missing.
 */
MUST_CHECK bool settle_run(struct child *child, const struct broker_delivery *delivery,
                           const struct run *run);

/*
 * What outcome_is_suspect() said of a job that was not run: it comes back later, or, once its run
 * is given up, it is dead. False as above.
 */
MUST_CHECK bool settle_set_aside(struct child *child, const struct broker_delivery *delivery,
                                 const struct job *job, const struct settlement *settlement);
MUST_CHECK bool settle_dead(struct child *child, const struct broker_delivery *delivery,
                            const struct run *run, const char *reason);

/* A message that is no job for us goes to the dead letters as it is. */
MUST_CHECK bool settle_malformed(struct child *child, const struct broker_delivery *delivery,
                                 const struct error *err);

#endif
