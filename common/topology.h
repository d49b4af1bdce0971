#ifndef TIDEMARK_COMMON_TOPOLOGY_H
#define TIDEMARK_COMMON_TOPOLOGY_H

#include "common/broker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The exchanges and queues, declared by every program that uses them, with the same arguments
 * everywhere. Nothing is ever deleted by a program: an object that exists with other arguments is
 * fatal "broker.topology" and a person decides.
 *
 *     tidemark.jobs      direct   key "<source>"      -> jobs.<source>       scheduled work
 *                                 key "<source>.live" -> jobs.<source>.live  a client is waiting
 *     tidemark.retry.<T> fanout, one a delay -> retry.<T>, whose messages go back to tidemark.jobs
 *                                 with the key they came with, once T is over
 *     tidemark.dead      fanout -> dead                kept until a person decides
 *     tidemark.events    fanout -> a queue of its own for each process that listens
 */
#define TOPOLOGY_JOBS "tidemark.jobs"
#define TOPOLOGY_DEAD "tidemark.dead"
#define TOPOLOGY_DEAD_QUEUE "dead"
#define TOPOLOGY_EVENTS "tidemark.events"
#define TOPOLOGY_INTACT_QUEUE "jobs.intact"

enum {
    TOPOLOGY_NAME_SIZE = 96,
    TOPOLOGY_TIERS_MAX = 16,
    TOPOLOGY_DELIVERY_LIMIT = 20,
    TOPOLOGY_JOBS_MAX = 100000,                /* messages in one jobs or retry queue */
    TOPOLOGY_DEAD_BYTES = 1024 * 1024 * 1024,  /* of all dead letters */
    TOPOLOGY_DEAD_DELIVERY_LIMIT = 1000000000, /* looking at a dead letter is a delivery */
};

/* What `prepare` of common/broker.h needs to know; give it as the context. */
struct topology {
    const char *const *sources; /* names, as in the registry of sources */
    size_t source_count;
    /*
     * Set when jobs may have been lost: the broker has lost its data, or somebody has deleted a
     * jobs queue, since topology_mark_intact() was last called by anyone. The scheduler publishes
     * what is unfinished again; nobody else cares.
     */
    bool jobs_lost;
};

/* A broker_settings.prepare: declares everything above. `context` is a struct topology. */
MUST_CHECK bool topology_prepare(struct broker_connection *connection, void *context,
                                 struct error *err);

/*
 * Whoever finds a jobs queue missing declares it anew and, first, deletes the empty queue
 * "jobs.intact", so that the scheduler learns of it even if a worker was quicker. These two are
 * for the scheduler, over its own publisher: does the mark stand, and set it again.
 */
MUST_CHECK bool topology_is_intact(struct broker_connection *connection, bool *ret_intact,
                                   struct error *err);
MUST_CHECK bool topology_mark_intact(struct broker_connection *connection, struct error *err);

/* "jobs.binance", or "jobs.binance.live". Returns `name`. */
const char *topology_jobs_queue(const char *source, bool live, char name[TOPOLOGY_NAME_SIZE]);
/* The routing key on TOPOLOGY_JOBS: "binance", or "binance.live". Returns `key`. */
const char *topology_jobs_key(const char *source, bool live, char key[TOPOLOGY_NAME_SIZE]);

/*
 * Delays a message can be sent away for, ascending, in milliseconds: 5 10 15 20 30 60 90 120 300
 * 600 900 1800 s. In test builds (-Dfaults=true) TIDEMARK_TIERS_MS="200,400" replaces them.
 */
const int64_t *topology_tiers_ms(size_t *ret_count);
/* "tidemark.retry.30" for a tier of 30 s; "tidemark.retry.200ms" for one of a test. */
const char *topology_retry_exchange(int64_t tier_ms, char name[TOPOLOGY_NAME_SIZE]);
/* "retry.30". */
const char *topology_retry_queue(int64_t tier_ms, char name[TOPOLOGY_NAME_SIZE]);

#endif
