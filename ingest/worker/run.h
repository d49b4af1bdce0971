#ifndef TIDEMARK_INGEST_WORKER_RUN_H
#define TIDEMARK_INGEST_WORKER_RUN_H

#include "common/job.h"
#include "ingest/worker/child.h"
#include "ingest/worker/outcome.h"
#include "ingest/worker/retry.h"

#include <stdint.h>

enum {
    RUN_SLICE_MS = 60 * 1000,         /* a job with more to do than this goes on later */
    RUN_TOKENS_MS = 10 * 1000,        /* longest wait for the provider's budget */
    RUN_PATIENCE_MS = 10 * 60 * 1000, /* how long our own outage is waited for */
};

/* A job while it runs, and what became of it. */
struct run {
    struct child *child;
    const struct job *job;
    int64_t started_at_ms; /* monotonic */
    int64_t run_id;        /* 0 = not claimed */
    char *position;        /* of the stream, malloc'ed; NULL = the beginning */
    const char *failed_with;
    bool source_enabled;

    enum outcome outcome;
    struct error err;    /* why, unless it is done or continued */
    int64_t wait_ms;     /* limited, deferred, asked to wait: for how long */
    int32_t http_status; /* of the last answer; 0 = none */
    int64_t payload_id;  /* of the last answer that was kept; 0 = none */
    int64_t pages, records, rejected, unmapped;
};

/*
 * Steps 3 to 8 for a valid job: claim, and page by page tokens, fetch, normalise, store, event.
 * The run in the table says the same as `run->outcome` when it returns, unless that is
 * OUTCOME_OURS. The caller frees with run_finish() and settles.
 */
void run_job(struct run *run, struct child *child, const struct job *job);

/*
 * The run of a job that is given up without being tried: `err` says why. OUTCOME_PERMANENT, or
 * OUTCOME_DONE if somebody has finished it after all, or OUTCOME_OURS.
 */
void run_give_up(struct run *run, struct child *child, const struct job *job,
                 const struct error *err);
void run_finish(struct run *run);

#endif
