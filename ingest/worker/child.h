#ifndef TIDEMARK_INGEST_WORKER_CHILD_H
#define TIDEMARK_INGEST_WORKER_CHILD_H

#include "common/broker.h"
#include "ingest/fetch.h"
#include "ingest/sources/source.h"
#include "ingest/store.h"
#include "ingest/worker/gate.h"
#include "ingest/worker/settings.h"

#include <stdbool.h>

/*
 * One process, one thread, one queue, one job at a time: receives, runs, settles. Everything in
 * here lives as long as the process.
 */
struct child {
    const struct worker_settings *settings;
    const struct source *source;
    bool live;         /* serves the on-demand queue */
    const char *name;  /* "host/1234": goes into runs and dead letters */
    struct gate *gate; /* every call to the provider goes through it */
    struct broker_consumer *consumer;
    struct broker_publisher *publisher;
    struct store *store;
    struct fetcher *fetcher;
    struct arena *job_arena;   /* reset before each job */
    struct arena *page_arena;  /* reset before each page */
    struct arena *store_arena; /* reset before each try to store one */
};

/*
 * The program's first argument when it is a child; then come the queue's key, the memory of the
 * gates and the child's place among those of its source.
 */
#define CHILD_ARGUMENT "--child"

/*
 * Serves "jobs.<key>" until SIGTERM: `key` is "binance" or "binance.live", `gates_fd` what
 * gate_memory_create() made, and no other child of the source has that `index`. Returns the exit
 * code: 0 = stopped, 2 = configuration, 75 = database or broker are away for too long.
 */
int child_main(const struct worker_settings *settings, const char *key, int gates_fd,
               int32_t index);

/* SIGTERM has come: begin nothing new. */
bool child_stops(void);

/*
 * Waits, looking after the broker's heartbeats. Returns early when the child is to stop, or when
 * the consumer's connection is lost: the job in hand has gone back to the queue then.
 */
void child_wait(struct child *child, int64_t wait_ms);

/* Reads and answers what the broker sends while a job runs. Errors show at the next call. */
void child_serve_broker(void *child);

#endif
