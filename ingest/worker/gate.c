#include "ingest/worker/gate.h"

#include "common/clock.h"
#include "common/digest.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BUSY_MS = 50, NAME_SIZE = 128, BUCKET_SIZE = 16, KEY_DIGITS = 12 };

struct gate {
    struct gate_settings settings;
    struct upstreams *upstreams; /* NULL = this host is alone */
    struct upstream_caller shared;
    struct gate_caller own;
    char name[NAME_SIZE];
    char bucket[BUCKET_SIZE];
    bool away; /* Redis, when it was last asked */
};

struct gate *
gate_create(const struct gate_settings *settings, struct error *err)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    uint32_t unique = 0;

    if (!gate || getrandom(&unique, sizeof(unique), 0) < 0)
        abort();
    gate->settings = *settings;
    if (settings->redis_url[0] != '\0') {
        gate->upstreams = upstreams_open(settings->redis_url, err);
        if (!gate->upstreams) {
            free(gate);
            return NULL;
        }
    }
    /* A process id may come back, in a container most of all. */
    snprintf(gate->name, sizeof(gate->name), "%s/%08x", settings->caller, (unsigned)unique);
    if (settings->key)
        digest_sha256_hex(settings->key, strlen(settings->key), KEY_DIGITS, gate->bucket);
    else
        strcpy(gate->bucket, "free");
    gate->shared = (struct upstream_caller){settings->source, gate->bucket, gate->name,
                                            settings->budget_per_minute};
    gate->own = (struct gate_caller){settings->index, settings->budget_per_minute};
    return gate;
}

void
gate_destroy(struct gate *gate)
{
    if (!gate)
        return;
    upstreams_close(gate->upstreams);
    free(gate);
}

/* Says it once when Redis goes and when it comes. */
static bool
note_redis(struct gate *gate, bool answered, const struct error *err)
{
    if (!answered && !gate->away)
        log_event(LOG_WARN, "upstream.alone", LOG_ERROR(err));
    else if (answered && gate->away)
        log_event(LOG_INFO, "upstream.shared");
    gate->away = !answered;
    return answered;
}

/* This host as long as it is alone: its part of the budget. */
static struct gate_caller
alone(const struct gate *gate)
{
    struct gate_caller caller = gate->own;

    if (caller.budget > 0)
        caller.budget /=
            gate->settings.hosts < caller.budget ? gate->settings.hosts : caller.budget;
    return caller;
}

static bool
ask_redis(struct gate *gate, const struct upstream_ask *ask, struct upstream_answer *ret_answer)
{
    struct upstream_memory memory;
    struct gate_state *state = gate_memory_lock(gate->settings.memory);
    struct error err;

    if (!state)
        return false;
    memory = gate_state_recall(state, gate->own.budget, clock_monotonic_us());
    gate_memory_unlock(gate->settings.memory);
    if (!note_redis(gate,
                    upstream_ask(gate->upstreams, &gate->shared, ask, &memory, ret_answer, &err),
                    &err))
        return false;
    state = gate_memory_lock(gate->settings.memory);
    if (state) {
        gate_state_learn(state, &gate->own, ask, ret_answer, clock_monotonic_us());
        gate_memory_unlock(gate->settings.memory);
    }
    return true;
}

static struct upstream_answer
ask_alone(struct gate *gate, const struct upstream_ask *ask)
{
    struct gate_state *state = gate_memory_lock(gate->settings.memory);
    struct gate_caller caller = alone(gate);
    struct upstream_answer answer = {UPSTREAM_BUDGET, BUSY_MS, 0};

    if (state) {
        answer = gate_state_ask(state, &caller, ask, clock_monotonic_us());
        gate_memory_unlock(gate->settings.memory);
    }
    return answer;
}

enum upstream_word
gate_ask(struct gate *gate, const struct upstream_ask *ask, int64_t *ret_wait_ms)
{
    struct upstream_answer answer;

    if (!gate->upstreams || !ask_redis(gate, ask, &answer))
        answer = ask_alone(gate, ask);
    *ret_wait_ms = answer.wait_ms;
    return answer.word;
}

/* Of this minute's budget, by the provider's own count; -1 = it does not say. */
static int64_t
left_of(const struct gate *gate, const struct gate_use *use)
{
    if (use->used > 0)
        return gate->own.budget > use->used ? gate->own.budget - use->used : 0;
    return use->left_known ? use->left : -1;
}

void
gate_report(struct gate *gate, enum upstream_result result, int64_t cooldown_ms,
            const struct gate_use *use)
{
    const struct upstream_report report = {
        .result = result,
        .cooldown_ms = cooldown_ms,
        .left = left_of(gate, use),
        .open_ms = gate->settings.open_ms,
        .random = (double)random() / ((double)RAND_MAX + 1),
    };
    struct gate_caller caller = alone(gate);
    struct gate_state *state;
    struct error err;
    bool shared =
        gate->upstreams &&
        note_redis(gate, upstream_report(gate->upstreams, &gate->shared, &report, &err), &err);

    state = gate_memory_lock(gate->settings.memory);
    if (!state)
        return;
    gate_state_report(state, shared ? &gate->own : &caller, &report, shared, clock_monotonic_us());
    gate_memory_unlock(gate->settings.memory);
}

bool
gate_retry_soon(struct gate *gate)
{
    struct gate_state *state;
    struct error err;
    bool soon = true;

    if (gate->upstreams &&
        note_redis(gate, upstream_retry(gate->upstreams, gate->settings.source, &soon, &err), &err))
        return soon;
    state = gate_memory_lock(gate->settings.memory);
    if (!state)
        return true;
    soon = gate_state_retry(state, clock_monotonic_us());
    gate_memory_unlock(gate->settings.memory);
    return soon;
}
