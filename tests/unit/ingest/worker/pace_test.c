#include "ingest/worker/pace.h"
#include "tests/unit/check.h"

#include <stdlib.h>

enum { SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US };

static void
no_minute_exceeds_the_budget(void **state)
{
    static const struct {
        const char *name;
        int64_t budget;
        int32_t weight;
    } rows[] = {
        {"a free plan of 10 calls",       10,   1 },
        {"30 calls",                      30,   1 },
        {"6000 of weight, 2 a call",      6000, 2 },
        {"6000 of weight, 80 a call",     6000, 80},
        {"calls heavier than the bucket", 100,  40},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pace pace = {0};
        int64_t taken_at_us[20000];
        size_t taken = 0, oldest = 0;

        /* A worker that asks every 7 ms for five minutes. */
        for (int64_t now_us = MINUTE_US; now_us < 6 * (int64_t)MINUTE_US; now_us += 7000) {
            if (pace_take(&pace, rows[i].budget, rows[i].weight, now_us) != 0)
                continue;
            taken_at_us[taken++] = now_us;
            while (taken_at_us[oldest] <= now_us - MINUTE_US)
                oldest++;
            check_true(rows[i].name, (int64_t)(taken - oldest) * rows[i].weight <= rows[i].budget);
        }
        /* And at least half of it is really given. */
        check_true(rows[i].name, (int64_t)taken * rows[i].weight * 2 >= rows[i].budget * 5);
    }
}

static void
waiting_as_told_is_enough(void **state)
{
    struct pace pace = {0};
    int64_t now_us = 5 * (int64_t)MINUTE_US;

    for (int32_t i = 0; i < 100; i++) {
        int64_t wait_ms = pace_take(&pace, 30, 1, now_us);

        if (wait_ms > 0) {
            now_us += wait_ms * 1000;
            check_int("the second try gets through", pace_take(&pace, 30, 1, now_us), 0);
        }
    }
}

static void
odd_budgets_do_no_harm(void **state)
{
    struct pace pace = {0};

    check_int("no limit", pace_take(&pace, 0, 1000000, 1), 0);
    check_int("a free call", pace_take(&pace, 1, 0, 1), 0);
    check_int("the first call goes out at once", pace_take(&pace, 1, 50, 1), 0);
    check_true("the next one much later", pace_take(&pace, 1, 1, 1) > 50 * 60 * 1000);
}

static void
a_share_of_a_budget_is_a_budget(void **state)
{
    static const struct {
        const char *name;
        int64_t allowed, percent, want;
    } rows[] = {
        {"all of it",                                 30,  100,     30     },
        {"half of it",                                30,  50,      15     },
        {"a share below one call is not no limit",    30,  1,       1      },
        {"a paid plan",                               480, 1000000, 4800000},
        {"no limit stays none, whatever share of it", 0,   1,       0      },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, pace_budget(rows[i].allowed, rows[i].percent), rows[i].want);
}

static void
a_cooldown_only_grows(void **state)
{
    struct pace pace = {0};

    check_int("none at first", pace_cooldown_ms(&pace, 1000), 0);
    pace_cool_down(&pace, 5000);
    check_int("counted from now", pace_cooldown_ms(&pace, 1000), 4000);
    pace_cool_down(&pace, 3000);
    check_int("a shorter one changes nothing", pace_cooldown_ms(&pace, 1000), 4000);
    check_int("over when it is over", pace_cooldown_ms(&pace, 5000), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_minute_exceeds_the_budget),
        cmocka_unit_test(waiting_as_told_is_enough),
        cmocka_unit_test(odd_budgets_do_no_harm),
        cmocka_unit_test(a_share_of_a_budget_is_a_budget),
        cmocka_unit_test(a_cooldown_only_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
