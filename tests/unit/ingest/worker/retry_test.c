#include "ingest/worker/retry.h"
#include "tests/unit/check.h"

static const int64_t tiers[] = {5000,  10000,  15000,  20000,  30000,  60000,
                                90000, 120000, 300000, 600000, 900000, 1800000};

static void
backoff_grows_to_half_an_hour(void **state)
{
    static const struct {
        const char *name;
        int32_t attempt;
        int64_t want_ms;
    } rows[] = {
        {"the first failure waits 10 s",        1,         10000  },
        {"the second 30 s",                     2,         30000  },
        {"the third 2 min",                     3,         120000 },
        {"the fourth 10 min",                   4,         600000 },
        {"the fifth 30 min",                    5,         1800000},
        {"it stays there",                      12,        1800000},
        {"also for a number that is no count",  INT32_MAX, 1800000},
        {"an attempt below one is the first",   0,         10000  },
        {"and so is the smallest there can be", INT32_MIN, 10000  },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, retry_backoff_ms(rows[i].attempt), rows[i].want_ms);
}

static void
jitter_draws_from_the_upper_half(void **state)
{
    static const struct {
        const char *name;
        int32_t attempt;
        int64_t from_ms, to_ms;
        int32_t choices;
    } rows[] = {
        {"attempt 1: 5 or 10 s",       1,  5000,   10000,   2},
        {"attempt 2: 15, 20 or 30 s",  2,  15000,  30000,   3},
        {"attempt 3: 60, 90 or 120 s", 3,  60000,  120000,  3},
        {"attempt 4: 300 or 600 s",    4,  300000, 600000,  2},
        {"attempt 5: 900 or 1800 s",   5,  900000, 1800000, 2},
        {"attempt 11 as attempt 5",    11, 900000, 1800000, 2},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool seen[COUNT_OF(tiers)] = {false};
        int32_t choices = 0;

        for (uint32_t random = 0; random < 60; random++) {
            size_t tier = retry_tier(rows[i].attempt, tiers, COUNT_OF(tiers), random);

            check_true(rows[i].name, tiers[tier] >= rows[i].from_ms);
            check_true(rows[i].name, tiers[tier] <= rows[i].to_ms);
            choices += !seen[tier];
            seen[tier] = true;
        }
        check_int(rows[i].name, choices, rows[i].choices);
    }
}

static void
odd_tiers_still_give_a_tier(void **state)
{
    static const int64_t shortened[] = {200, 400}, long_only[] = {7200000};

    check_int("all tiers are shorter: the longest", retry_tier(1, shortened, 2, 7), 1);
    check_int("all tiers are longer: the shortest", retry_tier(1, long_only, 1, 7), 0);
}

static void
a_wait_is_never_cut_short(void **state)
{
    static const struct {
        const char *name;
        int64_t wait_ms, want_ms;
    } rows[] = {
        {"no wait takes the shortest tier",         0,       5000   },
        {"a wait as long as a tier takes that one", 10000,   10000  },
        {"a millisecond more takes the next",       10001,   15000  },
        {"7 minutes wait 10",                       420000,  600000 },
        {"an hour comes back after the longest",    3600000, 1800000},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, tiers[retry_tier_at_least(rows[i].wait_ms, tiers, COUNT_OF(tiers))],
                  rows[i].want_ms);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_grows_to_half_an_hour),
        cmocka_unit_test(jitter_draws_from_the_upper_half),
        cmocka_unit_test(odd_tiers_still_give_a_tier),
        cmocka_unit_test(a_wait_is_never_cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
