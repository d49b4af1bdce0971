#include "ingest/tasks/task.h"

#include "common/broker.h"
#include "unit/check.h"

#include <string.h>

enum { MANY = 5000 };

static const struct job job = {
    .job_id = "tidemark/rollup/60",
    .kind = JOB_ROLLUP,
    .source = "tidemark",
    .stream = "rollup",
    .slot_s = 60,
    .attempt = 1,
};

static void
what_changed_is_said(void **state)
{
    static const char *const candles[] = {"bitcoin/usd/1h"};
    struct task_run run = {.job = &job, .run_id = 7, .version = 90412};
    struct task_piece piece = {.candles = candles, .candle_count = 1};
    struct event event;

    check_true("something", task_event(&run, &piece, &event));
    check_string("source", event.source, "tidemark");
    check_string("kind", event.kind, "rollup");
    check_string("candles", event.candles[0], "bitcoin/usd/1h");
    check_int("version", (int64_t)event.version, 90412);
}

static void
another_report_is_said(void **state)
{
    struct task_run run = {.job = &job};
    struct task_piece piece = {.reports = true};
    struct event event;

    check_true("something", task_event(&run, &piece, &event));
    check_true("reports", event.reports);
}

static void
nothing_is_not(void **state)
{
    struct task_run run = {.job = &job};
    struct task_piece piece = {.records = 12};
    struct event event;

    check_false("nothing", task_event(&run, &piece, &event));
}

/* Whatever a piece has changed, its event can be published and read. */
static void
an_event_fits_into_a_message(void **state)
{
    static const int lengths[] = {1, 9, 40, 130};
    struct task_run run = {.job = &job};

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct arena *arena = arena_create(4096);
        const char **names = arena_alloc_array(arena, MANY, sizeof *names);
        struct task_piece piece = {.candles = names, .candle_count = MANY};
        struct event event, got;
        struct bytes message;
        struct error err;

        for (int n = 0; n < MANY; n++)
            names[n] = arena_printf(arena, "%0*d/usd/1h", lengths[i], n);
        check_true("something", task_event(&run, &piece, &event));
        message = event_encode(&event, arena);
        check_true("fits", message.size <= BROKER_BODY_MAX);
        check_error("reads", event_decode(message, arena, &got, &err), &err, NULL);
        check_int("all that were said", (int64_t)got.candle_count, (int64_t)event.candle_count);
        check_true("many", event.candle_count > 300);
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changed_is_said),
        cmocka_unit_test(another_report_is_said),
        cmocka_unit_test(nothing_is_not),
        cmocka_unit_test(an_event_fits_into_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
