#ifndef TIDEMARK_INGEST_WORKER_SETTLE_H
#define TIDEMARK_INGEST_WORKER_SETTLE_H

#include "ingest/worker/run.h"

/*
 * The outcome decides what the broker is told; no other place acknowledges. A message goes to its
 * next place first, confirmed, and is acknowledged then: killed in between, the job exists twice,
 * which is harmless. While the broker does not take it, the message stays where it is.
 */
void settle_run(struct child *child, const struct broker_delivery *delivery, const struct run *run);

/* A message that is no job for us goes to the dead letters as it is. */
void settle_malformed(struct child *child, const struct broker_delivery *delivery,
                      const struct error *err);

#endif
