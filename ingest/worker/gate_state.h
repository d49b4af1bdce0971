#ifndef TIDEMARK_INGEST_WORKER_GATE_STATE_H
#define TIDEMARK_INGEST_WORKER_GATE_STATE_H

#include "common/upstream.h"
#include "ingest/worker/breaker.h"
#include "ingest/worker/bucket.h"
#include "ingest/worker/tally.h"

/*
 * What one host knows of a provider, and what follows from it while Redis is away: the same
 * decisions as upstream.lua, by the host's own clock. While Redis is there it is kept up to date
 * by what Redis says, so that nothing is forgotten when it goes. Pure; the caller keeps others out.
 */
struct gate_state {
    struct bucket bucket;
    struct breaker breaker;
    struct tally attempts; /* first attempts, retries */
    int64_t cooldown_until_us;
    int64_t told_open_until_us; /* the breaker of all hosts, by the word of Redis; 0 = not open */
    int64_t generation;         /* of the last reset heard of */
    bool apart;                 /* has decided something that Redis does not know of */
};

void gate_state_init(struct gate_state *state, int64_t now_us);

/* One of this host's children, and the budget it may use. */
struct gate_caller {
    int32_t index;
    int64_t budget;
};

/* Decides alone. */
struct upstream_answer gate_state_ask(struct gate_state *state, const struct gate_caller *caller,
                                      const struct upstream_ask *ask, int64_t now_us);

/* What became of a granted call. `shared`: Redis has been told as well. */
void gate_state_report(struct gate_state *state, const struct gate_caller *caller,
                       const struct upstream_report *report, bool shared, int64_t now_us);

/* Whether a failed job may be tried again soon: at most a fifth of first attempts, or 10. */
bool gate_state_retry(struct gate_state *state, int64_t now_us);

/* What Redis is told of what this host knows ... */
struct upstream_memory gate_state_recall(struct gate_state *state, int64_t budget, int64_t now_us);
/* ... and what it has answered. */
void gate_state_learn(struct gate_state *state, const struct gate_caller *caller,
                      const struct upstream_ask *ask, const struct upstream_answer *answer,
                      int64_t now_us);

#endif
