#ifndef TIDEMARK_INGEST_WORKER_SETTLE_H
#define TIDEMARK_INGEST_WORKER_SETTLE_H

#include "ingest/worker/run.h"

/*
 * The outcome decides what the broker is told; no other place acknowledges. A message goes to its
 * next place first, confirmed, and is acknowledged then: killed in between, the job exists twice,
 * which is harmless.
 *
 * Both return false when the message is still in our hands and nothing more can be done for it
 * here: our own outage has lasted too long, or the broker has no place for it. This process is to
 * end then; the message goes back to its queue, and who comes next declares what is missing.
 */
MUST_CHECK bool settle_run(struct child *child, const struct broker_delivery *delivery,
                           const struct run *run);

/* A message that is no job for us goes to the dead letters as it is. */
MUST_CHECK bool settle_malformed(struct child *child, const struct broker_delivery *delivery,
                                 const struct error *err);

#endif
