#ifndef TIDEMARK_INGEST_TASKS_TASK_H
#define TIDEMARK_INGEST_TASKS_TASK_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"
#include "common/event.h"
#include "common/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Work that needs no provider: rollups, gaps, archives, retention, reports. It is scheduled,
 * queued, retried and counted as jobs of the source "tidemark" are; the worker runs a task piece by
 * piece. A new task is one file with one `struct task` and a row in registry.c.
 */

struct archive_options;

/* What the environment says that tasks go by. */
struct task_settings {
    const char *database_url;
    const struct archive_options *archive; /* ingest/archive/options.h */
    int64_t raw_days, aggregate_days;      /* how long data is kept; 0 = for ever */
};

/* A task at work. Everything in here is the worker's; it stays the same from piece to piece. */
struct task_run {
    const struct task_settings *settings;
    struct database *db;
    const struct job *job;
    int64_t run_id;
    struct arena *arena; /* of one piece: reset before the next one */

    /* SIGTERM has come, or the message is no longer ours: end the piece soon, with more to do. */
    bool (*stops)(void *context);
    /* Keeps the broker's heartbeats going: call it every few seconds in a piece that takes long. */
    void (*serve)(void *context);
    void *context;

    uint64_t version; /* of the transaction that task_begin() began */
};

/* What one piece has done. Names live in the arena. */
struct task_piece {
    bool more;       /* there is another piece to do */
    int64_t records; /* rows that were made or changed, for the run */
    /* What the API's replicas are to read again: "bitcoin/usd", "bitcoin/usd/1h". */
    const char *const *prices;
    size_t price_count;
    const char *const *candles;
    size_t candle_count;
    bool reports; /* there are others than before */
};

struct task {
    enum job_kind kind;
    /*
     * Does the next piece, in one transaction of its own:
     *
     *     task_begin(run, err)
     *     ... queries ...
     *     task_commit(run, piece, err)
     *
     * A piece takes a few seconds at most and a bounded number of rows, because the job can only
     * be stopped between two of them; what comes next it learns from the tables. Killed anywhere it
     * is done again, so nothing outside of the transaction may count as done before the commit.
     * `piece` comes cleared. After an error the caller rolls back.
     *
     * Errors: those of common/database.h, for which the same piece is tried again and no attempt is
     * spent; other retry errors (an archive that is away) spend one; reject: it will never work.
     */
    bool (*step)(struct task_run *run, struct task_piece *piece, struct error *err);
};

/* BEGIN. */
MUST_CHECK bool task_begin(struct task_run *run, struct error *err);

/*
 * Counts the piece in the run, ends the run if there is no more, and commits; one round trip. Also
 * error: retry "checkpoint.moved", another worker has finished the run.
 */
MUST_CHECK bool task_commit(struct task_run *run, const struct task_piece *piece,
                            struct error *err);

/*
 * What is to be said after the commit; false if no answer of the API has changed. Names beyond what
 * one message holds (some 1,500) are left out: those answers are read anew when their
 * cache entries have run out.
 */
bool task_event(const struct task_run *run, const struct task_piece *piece,
                struct event *ret_event);

/* registry.c; NULL if there is no such task. */
const struct task *task_find(enum job_kind kind);

#endif
