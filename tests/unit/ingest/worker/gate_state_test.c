#include "ingest/worker/gate_state.h"
#include "tests/unit/check.h"

enum { MS = 1000, SECOND = 1000 * MS, MINUTE = 60 * SECOND };

static const struct gate_caller caller = {0, 480};
static const struct upstream_ask live = {.weight = 1};
static const struct upstream_report failed = {
    .result = UPSTREAM_FAILED, .left = -1, .open_ms = 15000, .random = 0.5};

static struct gate_state
rested(void)
{
    struct gate_state state;

    gate_state_init(&state, 0);
    return state;
}

static void
cool_down(struct gate_state *state, int64_t cooldown_ms, int64_t now_us)
{
    const struct upstream_report limited = {
        .result = UPSTREAM_LIMITED, .cooldown_ms = cooldown_ms, .left = -1};

    gate_state_report(state, &caller, &limited, false, now_us);
}

static void
a_cooldown_only_grows(void **state)
{
    struct gate_state gate = rested();
    struct upstream_answer answer;

    cool_down(&gate, 5000, MINUTE);
    cool_down(&gate, 3000, MINUTE);
    answer = gate_state_ask(&gate, &caller, &live, MINUTE);
    check_int("nobody may ask", answer.word, UPSTREAM_COOLDOWN);
    check_int("until it is over", answer.wait_ms, 5001);
    answer = gate_state_ask(&gate, &caller, &live, MINUTE + 5 * SECOND);
    check_int("then one may", answer.word, UPSTREAM_GRANTED);
}

static void
reasons_come_in_their_order(void **state)
{
    struct gate_state gate = rested();

    check_int("an empty bucket", gate_state_ask(&gate, &caller, &live, 0).word, UPSTREAM_BUDGET);
    for (int32_t i = 0; i < BREAKER_FAILURES; i++)
        gate_state_report(&gate, &caller, &failed, false, MINUTE);
    check_int("the breaker", gate_state_ask(&gate, &caller, &live, MINUTE).word, UPSTREAM_BREAKER);
    cool_down(&gate, 5000, MINUTE);
    check_int("the cooldown", gate_state_ask(&gate, &caller, &live, MINUTE).word,
              UPSTREAM_COOLDOWN);
}

static void
a_fifth_may_be_retries(void **state)
{
    struct gate_state gate = rested();
    const struct gate_caller unlimited = {0, 0};
    const struct upstream_ask again = {.weight = 1, .again = true};
    int32_t soon = 0;

    for (int32_t i = 0; i < 100; i++) {
        gate_state_ask(&gate, &unlimited, &live, MINUTE);
        gate_state_ask(&gate, &unlimited, &again, MINUTE);
    }
    for (int32_t i = 0; i < 100; i++)
        soon += gate_state_retry(&gate, 2 * (int64_t)MINUTE);
    check_int("20 of 100 first attempts", soon, 20);
    for (soon = 0; gate_state_retry(&gate, 20 * (int64_t)MINUTE); soon++)
        continue;
    check_int("ten at least, and ten minutes later anew", soon, 10);
}

static void
what_was_decided_alone_is_told(void **state)
{
    struct gate_state gate = rested();
    const struct upstream_answer granted = {UPSTREAM_GRANTED, 0, 0};
    struct upstream_memory memory = gate_state_recall(&gate, caller.budget, MINUTE);

    check_false("at first there is nothing to tell", memory.level_known);
    gate_state_ask(&gate, &caller, &live, MINUTE);
    memory = gate_state_recall(&gate, caller.budget, MINUTE);
    check_true("a call was taken", memory.level_known);
    for (int32_t i = 0; i < BREAKER_FAILURES; i++)
        gate_state_report(&gate, &caller, &failed, false, MINUTE);
    cool_down(&gate, 9000, MINUTE);
    memory = gate_state_recall(&gate, caller.budget, MINUTE);
    check_int("the breaker is open", memory.open_left_ms, 15000);
    check_int("for the first time", memory.openings, 1);
    check_int("the cooldown", memory.cooldown_left_ms, 9000);
    gate_state_learn(&gate, &caller, &live, &granted, MINUTE);
    memory = gate_state_recall(&gate, caller.budget, MINUTE);
    check_false("once is enough", memory.level_known);
    check_int("but a cooldown is told always: Redis may have lost it", memory.cooldown_left_ms,
              9000);
}

static void
what_redis_says_is_remembered(void **state)
{
    struct gate_state gate = rested();
    const struct upstream_answer cooldown = {UPSTREAM_COOLDOWN, 30000, 0};
    const struct upstream_answer reset = {UPSTREAM_BUDGET, 10, 7};
    struct upstream_answer answer;

    gate_state_learn(&gate, &caller, &live, &cooldown, MINUTE);
    answer = gate_state_ask(&gate, &caller, &live, MINUTE);
    check_int("a cooldown of other hosts holds here", answer.word, UPSTREAM_COOLDOWN);
    check_int("as long", answer.wait_ms, 30001);
    gate_state_learn(&gate, &caller, &live, &reset, MINUTE);
    answer = gate_state_ask(&gate, &caller, &live, MINUTE);
    check_int("until the operator ends it", answer.word, UPSTREAM_GRANTED);
    check_int("which is heard once", answer.generation, 7);
}

static void
an_open_breaker_comes_back_after_redis_has_lost_it(void **state)
{
    struct gate_state gate = rested();
    const struct upstream_answer open = {UPSTREAM_BREAKER, 15000, 0};
    const struct upstream_answer probing = {UPSTREAM_BREAKER, 1001, 0};
    const struct upstream_answer granted = {UPSTREAM_GRANTED, 0, 0};
    const struct upstream_answer reset = {UPSTREAM_COOLDOWN, 10, 7};
    struct upstream_memory memory;

    for (int32_t i = 0; i < BREAKER_FAILURES; i++)
        gate_state_report(&gate, &caller, &failed, true, MINUTE);
    memory = gate_state_recall(&gate, caller.budget, MINUTE);
    check_int("what this host thinks of it is not told", memory.open_left_ms, 0);
    gate_state_learn(&gate, &caller, &live, &open, MINUTE);
    memory = gate_state_recall(&gate, caller.budget, MINUTE + 5 * SECOND);
    check_int("what Redis has said is", memory.open_left_ms, 10000);
    check_int("as it was opened", memory.openings, 1);
    memory = gate_state_recall(&gate, caller.budget, MINUTE + 14 * SECOND + 1);
    check_int("but not when it is about to end", memory.open_left_ms, 0);
    gate_state_learn(&gate, &caller, &live, &granted, MINUTE + 6 * SECOND);
    gate_state_learn(&gate, &caller, &live, &probing, MINUTE + 6 * SECOND);
    memory = gate_state_recall(&gate, caller.budget, MINUTE + 6 * SECOND);
    check_int("nor after a call was granted", memory.open_left_ms, 0);
    gate_state_learn(&gate, &caller, &live, &open, MINUTE);
    gate_state_learn(&gate, &caller, &live, &reset, MINUTE);
    memory = gate_state_recall(&gate, caller.budget, MINUTE);
    check_int("nor after the operator has reset it", memory.open_left_ms, 0);
}

static void
calls_that_redis_granted_are_missing_here(void **state)
{
    struct gate_state gate = rested();
    const struct upstream_answer granted = {UPSTREAM_GRANTED, 0, 0};
    const struct upstream_report good = {.result = UPSTREAM_GOOD, .left = -1};
    int32_t alone = 0;

    for (int32_t i = 0; i < 40; i++) {
        gate_state_learn(&gate, &caller, &live, &granted, 10 * (int64_t)MINUTE);
        gate_state_report(&gate, &caller, &good, true, 10 * (int64_t)MINUTE);
    }
    while (gate_state_ask(&gate, &caller, &live, 10 * (int64_t)MINUTE).word == UPSTREAM_GRANTED) {
        gate_state_report(&gate, &caller, &good, false, 10 * (int64_t)MINUTE);
        alone++;
    }
    check_int("8 of a burst of 48 are left when Redis goes", alone, 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cooldown_only_grows),
        cmocka_unit_test(reasons_come_in_their_order),
        cmocka_unit_test(a_fifth_may_be_retries),
        cmocka_unit_test(what_was_decided_alone_is_told),
        cmocka_unit_test(what_redis_says_is_remembered),
        cmocka_unit_test(an_open_breaker_comes_back_after_redis_has_lost_it),
        cmocka_unit_test(calls_that_redis_granted_are_missing_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
