#ifndef TIDEMARK_INGEST_WORKER_ANNOUNCE_H
#define TIDEMARK_INGEST_WORKER_ANNOUNCE_H

#include "common/event.h"
#include "ingest/store.h"
#include "ingest/worker/child.h"

/*
 * Tells the API's replicas what a commit has changed. An event only makes caches fresh sooner than
 * their entries expire, so it is not waited for longer than ANNOUNCE_MS, and not at all while the
 * broker is under an alarm: a loss is logged.
 */
enum { ANNOUNCE_MS = 10 * 1000 };

void announce(struct child *child, const struct event *event, struct arena *arena);

/* Says that a try of a live job has stored nothing, and why, to those who wait for it. */
void announce_ending(struct child *child, const struct job *job, int64_t run_id,
                     const char *outcome, struct arena *arena);

/* Says again what was said, or should have been, after the last commit of a run. */
void announce_again(struct child *child, const struct claim *claim, struct arena *arena);

#endif
