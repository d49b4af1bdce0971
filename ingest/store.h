#ifndef TIDEMARK_INGEST_STORE_H
#define TIDEMARK_INGEST_STORE_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"
#include "common/event.h"
#include "common/job.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a worker writes: the run of a job and, page by page, raw payload, rows, checkpoint and run
 * in one transaction. One store serves one source over one connection and belongs to one thread.
 *
 * Errors are those of common/database.h. After any of them nothing of the call is in the tables,
 * except after "database.away", when a commit may have happened: call store_claim() again, it says
 * what there is. Any call may be made again then; store_ready() mends the connection.
 */
struct store;

struct store *store_create(const struct database_settings *settings,
                           const struct source *source); /* no I/O, never NULL */
void store_destroy(struct store *store);                 /* NULL is fine */

/*
 * Connects if need be. Also error: fatal "store.source" when the table of sources does not know
 * this one.
 */
MUST_CHECK bool store_ready(struct store *store, struct error *err);

/* The connection that store_ready() made, for work that writes rows of its own; the store's. */
struct database *store_database(struct store *store);

/* What is known of a job before it is worked on. Text lives in the arena. */
struct claim {
    int64_t run_id;
    bool finished;           /* somebody has done it: say its event again, that is all */
    bool source_enabled;     /* an operator has not switched it off */
    const char *position;    /* of its stream; NULL = the beginning */
    const char *failed_with; /* the error code that ended its last try, or NULL */
    const char *event;       /* what was last said of it, as JSON, or NULL */
    uint64_t version;        /* to say it again with */
};

/* Begins the run of a job, or takes it over. Not a lock. */
MUST_CHECK bool store_claim(struct store *store, const struct job *job, const char *worker,
                            struct arena *arena, struct claim *ret_claim, struct error *err);

/* One answer of the provider that made sense. */
struct page {
    const struct job *job;
    int64_t run_id;
    const char *position; /* that the request went on after; the checkpoint moves away from it */
    const struct request *request;
    const struct payload *payload;
    const struct batch *batch;
    bool last; /* nothing is left to fetch: the run is ok */
};

struct stored {
    int64_t payload_id;
    int64_t records;    /* rows that were new, changed or the same */
    int64_t unmapped;   /* records of markets that are not in the table of instruments; of a list of
                           references: those of its source that are active and not mapped */
    struct event event; /* what to tell the API's replicas */
};

/*
 * Writes a page in one transaction. Markets that a listing names are made known first. A missing
 * partition is made. Retry "checkpoint.moved": another worker has moved the
 * stream on, or finished the run.
 */
MUST_CHECK bool store_page(struct store *store, const struct page *page, struct arena *arena,
                           struct stored *ret_stored, struct error *err);

/* How a try ended that left no rows. */
struct ending {
    const char *status;      /* of runs: "ok", "failed", "waiting", "expired", "skipped", "dead" */
    const struct error *err; /* NULL = none */
    int32_t http_status;     /* 0 = there was no answer */
    const struct payload *payload; /* kept as it is; NULL = none */
    const char *verdict;           /* of the payload: "limited", "transient", "permanent" */
};

/* `*ret_payload_id` is 0 if there was no payload. */
MUST_CHECK bool store_end(struct store *store, int64_t run_id, const struct ending *ending,
                          struct arena *arena, int64_t *ret_payload_id, struct error *err);

#endif
