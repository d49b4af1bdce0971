#include "ingest/scheduler/outbox.h"

#include "unit/check.h"

/* What a queue does at each sweep, and how long the scheduler waits for the next. */
static void
test_a_full_queue_is_looked_at_soon_and_then_less_and_less(void **state)
{
    static const struct {
        const char *name;
        bool refused;
        int64_t confirmed, want_ms;
    } sweeps[] = {
        {"none is full",                            false, 9, 0   },
        {"one is: soon",                            true,  0, 2000},
        {"it takes nothing",                        true,  0, 4000},
        {"and nothing",                             true,  0, 8000},
        {"it takes some: soon",                     true,  1, 2000},
        {"nothing again",                           true,  0, 4000},
        {"all is taken",                            false, 5, 0   },
        {"full once more: soon, as the first time", true,  0, 2000},
    };
    int64_t patience_ms = 0;

    for (size_t i = 0; i < COUNT_OF(sweeps); i++) {
        patience_ms = outbox_patience_ms(patience_ms, sweeps[i].refused, sweeps[i].confirmed);
        check_int(sweeps[i].name, patience_ms, sweeps[i].want_ms);
    }
    for (int i = 0; i < 20; i++)
        patience_ms = outbox_patience_ms(patience_ms, true, 0);
    check_true("a sweep comes each minute anyway", patience_ms <= 2 * (int64_t)OUTBOX_SWEEP_MS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_queue_is_looked_at_soon_and_then_less_and_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
