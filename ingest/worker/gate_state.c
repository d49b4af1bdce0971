#include "ingest/worker/gate_state.h"

enum {
    RETRIES_LEAST = 10,
    RETRIES_PER_FIRST = 5,     /* one retry for so many first attempts */
    SAME_END_US = 1000 * 1000, /* ends that are closer together are one: clocks differ */
};

static const struct tally_shape ten_minutes = {60 * 1000 * 1000, 10};

void
gate_state_init(struct gate_state *state, int64_t now_us)
{
    *state = (struct gate_state){.generation = 0};
    bucket_init(&state->bucket, now_us);
}

static struct upstream_answer
refuse(const struct gate_state *state, enum upstream_word word, double wait_us)
{
    return (struct upstream_answer){word, (int64_t)(wait_us / 1000) + 1, state->generation};
}

static struct bucket_call
call_of(const struct gate_caller *caller, const struct upstream_ask *ask)
{
    return (struct bucket_call){caller->budget, caller->index, ask->weight, ask->backfill};
}

static void
count_attempt(struct gate_state *state, const struct upstream_ask *ask, int64_t now_us)
{
    if (!ask->again)
        tally_add(&state->attempts, &ten_minutes, 1, 0, now_us);
}

struct upstream_answer
gate_state_ask(struct gate_state *state, const struct gate_caller *caller,
               const struct upstream_ask *ask, int64_t now_us)
{
    const struct bucket_call call = call_of(caller, ask);
    double wait_us;

    if (state->cooldown_until_us > now_us)
        return refuse(state, UPSTREAM_COOLDOWN, (double)(state->cooldown_until_us - now_us));
    wait_us = (double)breaker_wait_us(&state->breaker, caller->index, now_us);
    if (wait_us > 0)
        return refuse(state, UPSTREAM_BREAKER, wait_us);
    wait_us = bucket_take(&state->bucket, &call, now_us);
    if (wait_us > 0)
        return refuse(state, UPSTREAM_BUDGET, wait_us);
    breaker_pass(&state->breaker, caller->index, now_us);
    count_attempt(state, ask, now_us);
    state->apart = true;
    return (struct upstream_answer){UPSTREAM_GRANTED, 0, state->generation};
}

void
gate_state_report(struct gate_state *state, const struct gate_caller *caller,
                  const struct upstream_report *report, bool shared, int64_t now_us)
{
    int64_t until_us = now_us + report->cooldown_ms * 1000;

    bucket_land(&state->bucket, caller->budget, caller->index, now_us);
    if (report->left >= 0)
        bucket_lower(&state->bucket, caller->budget, report->left, now_us);
    breaker_note(&state->breaker, caller->index, report->result, report->open_ms * 1000,
                 report->random, now_us);
    if (report->result == UPSTREAM_LIMITED && until_us > state->cooldown_until_us)
        state->cooldown_until_us = until_us;
    if (!shared)
        state->apart = true;
}

bool
gate_state_retry(struct gate_state *state, int64_t now_us)
{
    struct tally_sums sums = tally_add(&state->attempts, &ten_minutes, 0, 0, now_us);
    int64_t most = sums.a / RETRIES_PER_FIRST;

    if (sums.b + 1 > (most > RETRIES_LEAST ? most : RETRIES_LEAST))
        return false;
    tally_add(&state->attempts, &ten_minutes, 0, 1, now_us);
    return true;
}

/*
 * An open breaker that Redis has told of is told back, because Redis may have lost it. What this
 * host thinks by itself is not: others may have had better answers. Near its end it is left alone,
 * so that clocks which differ do not open it anew.
 */
static void
recall_breaker(const struct gate_state *state, struct upstream_memory *memory, int64_t now_us)
{
    const struct breaker *breaker = &state->breaker;
    bool alone = state->apart && breaker->state == UPSTREAM_OPEN;
    int64_t left_us = (alone ? breaker->open_until_us : state->told_open_until_us) - now_us;

    if (left_us <= (alone ? 0 : SAME_END_US))
        return;
    memory->open_left_ms = left_us / 1000;
    memory->openings = breaker->openings > 0 ? breaker->openings : 1;
}

struct upstream_memory
gate_state_recall(struct gate_state *state, int64_t budget, int64_t now_us)
{
    struct upstream_memory memory = {.generation = state->generation};

    if (state->cooldown_until_us > now_us)
        memory.cooldown_left_ms = (state->cooldown_until_us - now_us) / 1000;
    recall_breaker(state, &memory, now_us);
    if (state->apart && budget > 0) {
        memory.level_known = true;
        memory.level = bucket_level(&state->bucket, budget, now_us);
    }
    return memory;
}

/* An operator has reset this source. */
static void
forget(struct gate_state *state, int64_t generation)
{
    state->generation = generation;
    state->cooldown_until_us = 0;
    state->told_open_until_us = 0;
    state->breaker = (struct breaker){.state = UPSTREAM_CLOSED};
}

void
gate_state_learn(struct gate_state *state, const struct gate_caller *caller,
                 const struct upstream_ask *ask, const struct upstream_answer *answer,
                 int64_t now_us)
{
    const struct bucket_call call = call_of(caller, ask);
    int64_t until_us = now_us + answer->wait_ms * 1000;

    state->apart = false;
    if (answer->generation > state->generation)
        forget(state, answer->generation);
    switch (answer->word) {
    case UPSTREAM_GRANTED:
        state->told_open_until_us = 0;
        bucket_force(&state->bucket, &call, now_us);
        breaker_pass(&state->breaker, caller->index, now_us);
        count_attempt(state, ask, now_us);
        break;
    case UPSTREAM_COOLDOWN:
        if (until_us > state->cooldown_until_us + SAME_END_US)
            state->cooldown_until_us = until_us;
        break;
    case UPSTREAM_BREAKER:
        if (answer->wait_ms * 1000 <= BREAKER_POLL_US + 1000)
            break; /* a probe is out */
        if (until_us > state->told_open_until_us + SAME_END_US)
            state->told_open_until_us = until_us;
        if (until_us > state->breaker.open_until_us) {
            state->breaker.state = UPSTREAM_OPEN;
            state->breaker.open_until_us = until_us;
        }
        break;
    case UPSTREAM_BUDGET:
        state->told_open_until_us = 0;
        break;
    case UPSTREAM_WORDS:
        break;
    }
}
