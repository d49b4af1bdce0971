#ifndef TIDEMARK_INGEST_WORKER_OUTCOME_H
#define TIDEMARK_INGEST_WORKER_OUTCOME_H

#include "common/error.h"
#include "common/job.h"
#include "common/upstream.h"
#include "ingest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What became of a job, and what follows from it. Pure. The rule behind the table: only the
 * provider's answer spends an attempt; our own trouble never does.
 */
enum outcome {
    OUTCOME_DONE,      /* committed; nothing left to fetch */
    OUTCOME_CONTINUED, /* committed so far; the rest runs as the same job a little later */
    OUTCOME_TRANSIENT, /* the provider failed in a way that may heal */
    OUTCOME_LIMITED,   /* the provider asked us to slow down */
    OUTCOME_DEFERRED,  /* we hold back by ourselves: cooldown, no tokens */
    OUTCOME_PERMANENT, /* will never work */
    OUTCOME_OURS,      /* our database or broker is away */
    OUTCOME_EXPIRED,   /* nobody can use the answer any more */
    OUTCOME_SKIPPED,   /* its source is not in use: nothing was asked, and it is no failure */
};

const char *outcome_name(enum outcome outcome);

/* Steps that can fail, each with its own reading of the error. */
enum outcome outcome_of_fetch(const struct error *err);
enum outcome outcome_of_verdict(enum verdict verdict);
/*
 * `previous_code` is the error this job failed with before, or NULL. A payload that does not parse
 * may be cut short or half deployed, so it is tried again; one whose shape is wrong twice in a row
 * is a provider that has changed.
 */
enum outcome outcome_of_parse(const struct error *err, const char *previous_code);
/*
 * A provider that was asked and has given records, of which not one could be taken, has not said
 * that there are none. Reject "payload.rejected", naming the first of them and why; it counts as a
 * shape that is wrong. A history is such only if it would go on behind them, and price points never
 * are: where there was no price there are zeros.
 */
MUST_CHECK bool outcome_check_batch(const struct batch *batch, struct error *err);
enum outcome outcome_of_store(const struct error *err);
/* Of our own work: the database's trouble is ours, any other that may heal spends an attempt. */
enum outcome outcome_of_task(const struct error *err);

/* What the broker is told. */
enum action {
    ACTION_ACK,   /* the message is done with */
    ACTION_RETRY, /* publish it to a tier, then acknowledge the original */
    ACTION_DEAD,  /* publish it to the dead letters, then acknowledge the original */
    ACTION_KEEP,  /* leave it unacknowledged: the broker hands it to somebody else */
};

struct settlement {
    enum action action;
    size_t tier;        /* RETRY: index into the tiers */
    int32_t attempt;    /* RETRY: the attempt the message carries then */
    const char *reason; /* DEAD: "permanent", "attempts" or "crashes" */
};

/*
 * `wait_ms`: for LIMITED and DEFERRED how long nothing may be asked; for TRANSIENT how long the
 * provider asked to wait (Retry-After), which is no less than our own backoff and no more than the
 * longest tier; ignored otherwise.
 */
struct settlement outcome_settle(enum outcome outcome, enum job_kind kind, int32_t attempt,
                                 int64_t wait_ms, const int64_t *tiers_ms, size_t tier_count,
                                 uint32_t random);

/* The same, but a job that failed is put off as long as possible: its source has too many retries.
 */
struct settlement outcome_postpone(const struct settlement *settlement, size_t tier_count);

/*
 * A message that was delivered before and never settled may be what ended those who took it. After
 * OUTCOME_SUSPECT_DELIVERIES of that it is not run but set aside, so that its neighbours get their
 * turn and the supervisor's children their breath; set aside OUTCOME_SET_ASIDE_MAX times, it is
 * dead with the reason "crashes". In all it ends at most 9 workers, well within the broker's
 * delivery limit, which remains the net for a job that cannot even be read.
 */
enum { OUTCOME_SUSPECT_DELIVERIES = 3, OUTCOME_SET_ASIDE_MAX = 2 };

/*
 * True if a job with so many deliveries before this one is not to be run; `*ret_settlement` (RETRY
 * or DEAD) says what becomes of it instead.
 */
bool outcome_is_suspect(int64_t delivery_count, const struct job *job, const int64_t *tiers_ms,
                        size_t tier_count, uint32_t random, struct settlement *ret_settlement);

/*
 * For how long a provider that limits us is left alone: what it asked for within [1 s, 1 h], up to
 * 3 days when `code` says that it has banned us, and a minute if it did not say.
 */
int64_t outcome_cooldown_ms(int64_t retry_after_ms, const char *code);

/* What a fetch that failed, or an answer, says about the provider's health. */
enum upstream_result outcome_result_of_fetch(const struct error *err);
enum upstream_result outcome_result_of_verdict(enum verdict verdict);

#endif
