#include "ingest/worker/bucket.h"
#include "tests/unit/check.h"

#include <stdlib.h>

/*
 * Callers that always want more, over a network that delays: what arrives at the provider in any
 * minute, wherever it starts, is within the budget.
 */
enum { MS = 1000, SECOND = 1000 * MS, MINUTE = 60 * SECOND, CALLERS = 8, ARRIVALS_MAX = 200000 };

static uint64_t
next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static int64_t
up_to(uint64_t *seed, int64_t most)
{
    return (int64_t)(next_random(seed) % (uint64_t)(most + 1));
}

struct arrival {
    int64_t at_us, weight;
};

struct world {
    uint64_t seed;
    int64_t budget;
    const int32_t *weights;
    size_t weight_count;
    struct bucket bucket;
    int64_t act_at_us[CALLERS];
    bool flying[CALLERS];
    struct arrival *arrivals;
    size_t arrival_count;
    int64_t granted;
};

/* The way there takes up to 10 s, the way back as well; of one in 500 nothing is heard.
 */
static void
launch(struct world *world, int32_t caller, int64_t weight, int64_t now_us)
{
    bool slow = up_to(&world->seed, 9) == 0, lost = up_to(&world->seed, 499) == 0;
    int64_t there_us = up_to(&world->seed, slow ? 10 * SECOND : 200 * MS);
    int64_t back_us = up_to(&world->seed, slow ? 10 * SECOND : 200 * MS);

    assert_true(world->arrival_count < ARRIVALS_MAX);
    world->arrivals[world->arrival_count++] = (struct arrival){now_us + there_us, weight};
    world->granted += weight;
    world->flying[caller] = !lost;
    world->act_at_us[caller] = lost ? now_us + BUCKET_FLIGHT_US : now_us + there_us + back_us;
}

static void
act(struct world *world, int32_t caller, int64_t now_us)
{
    struct bucket_call call = {world->budget, caller, 0, up_to(&world->seed, 1) == 0};
    double wait_us;

    if (world->flying[caller]) {
        bucket_land(&world->bucket, world->budget, caller, now_us);
        world->flying[caller] = false;
    }
    call.weight = world->weights[up_to(&world->seed, (int64_t)world->weight_count - 1)];
    wait_us = bucket_take(&world->bucket, &call, now_us);
    if (wait_us == 0)
        launch(world, caller, call.weight, now_us);
    else
        world->act_at_us[caller] = now_us + (int64_t)wait_us + 1 + up_to(&world->seed, 5 * MS);
}

static void
simulate(struct world *world, int64_t length_us)
{
    for (;;) {
        int32_t first = 0;

        for (int32_t i = 1; i < CALLERS; i++)
            if (world->act_at_us[i] < world->act_at_us[first])
                first = i;
        if (world->act_at_us[first] > length_us)
            return;
        act(world, first, world->act_at_us[first]);
    }
}

static int
by_time(const void *a, const void *b)
{
    const struct arrival *left = a, *right = b;

    return left->at_us < right->at_us ? -1 : left->at_us > right->at_us;
}

static int64_t
fullest_minute(struct world *world)
{
    int64_t sum = 0, most = 0;
    size_t oldest = 0;

    qsort(world->arrivals, world->arrival_count, sizeof(*world->arrivals), by_time);
    for (size_t i = 0; i < world->arrival_count; i++) {
        sum += world->arrivals[i].weight;
        while (world->arrivals[oldest].at_us <= world->arrivals[i].at_us - MINUTE)
            sum -= world->arrivals[oldest++].weight;
        most = sum > most ? sum : most;
    }
    return most;
}

static void
no_minute_exceeds_the_budget(void **state)
{
    static const int32_t ones[] = {1}, klines[] = {2}, tickers[] = {2, 2, 2, 40, 80},
                         odd[] = {1, 3, 7};
    static const struct {
        const char *name;
        int64_t budget;
        const int32_t *weights;
        size_t count;
        int64_t percent; /* of the budget that is used at least */
    } rows[] = {
        {"one call",                      1,    ones,    1, 25},
        {"two calls",                     2,    ones,    1, 25},
        {"five calls",                    5,    ones,    1, 50},
        {"ten calls",                     10,   ones,    1, 45},
        {"30 calls",                      30,   ones,    1, 70},
        {"60 calls",                      60,   ones,    1, 75},
        {"480 calls",                     480,  ones,    1, 60},
        {"weight of candles",             4800, klines,  1, 10},
        {"weight of all kinds",           4800, tickers, 5, 50},
        {"calls heavier than the bucket", 100,  tickers, 5, 1 },
        {"any weight",                    40,   odd,     3, 20},
    };
    struct arrival *arrivals = calloc(ARRIVALS_MAX, sizeof(*arrivals));

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (uint64_t seed = 1; seed <= 40; seed++) {
            const int64_t minutes = 20;
            struct world world = {.seed = seed * 7919 + i,
                                  .budget = rows[i].budget,
                                  .weights = rows[i].weights,
                                  .weight_count = rows[i].count,
                                  .arrivals = arrivals};
            int64_t most;

            bucket_init(&world.bucket, 0);
            simulate(&world, minutes * MINUTE);
            most = fullest_minute(&world);
            if (most > rows[i].budget)
                fail_msg("%s: seed %d: %lld in a minute", rows[i].name, (int)seed, (long long)most);
            if (world.granted * 100 < rows[i].budget * minutes * rows[i].percent)
                fail_msg("%s: seed %d: only %lld of %lld", rows[i].name, (int)seed,
                         (long long)world.granted, (long long)(rows[i].budget * minutes));
        }
    free(arrivals);
}

static void
waiting_as_told_is_enough(void **state)
{
    struct bucket bucket;
    int64_t now_us = 5 * (int64_t)MINUTE;
    const struct bucket_call call = {.budget = 30, .weight = 1};

    bucket_init(&bucket, now_us);
    for (int32_t i = 0; i < 100; i++) {
        double wait_us = bucket_take(&bucket, &call, now_us);

        if (wait_us > 0) {
            now_us += (int64_t)wait_us + 1;
            check_true("the second try gets through", bucket_take(&bucket, &call, now_us) == 0);
        }
        bucket_land(&bucket, 30, 0, now_us);
    }
}

static void
backfill_leaves_a_reserve_to_live_work(void **state)
{
    struct bucket bucket;
    struct bucket_call live = {.budget = 480, .caller = 0, .weight = 1};
    struct bucket_call backfill = {.budget = 480, .caller = 1, .weight = 1, .backfill = true};
    int64_t now_us = 10 * (int64_t)MINUTE;
    int32_t taken = 0;

    bucket_init(&bucket, 0);
    for (; bucket_take(&bucket, &backfill, now_us) == 0; taken++)
        bucket_land(&bucket, 480, 1, now_us);
    check_int("backfill takes four fifths of the burst", taken, 38);
    for (taken = 0; bucket_take(&bucket, &live, now_us) == 0; taken++)
        bucket_land(&bucket, 480, 0, now_us);
    check_int("live work has the rest", taken, 10);
    check_true("live work is first at an empty bucket",
               bucket_take(&bucket, &live, now_us) < bucket_take(&bucket, &backfill, now_us));
}

static void
what_the_provider_counts_only_lowers(void **state)
{
    struct bucket bucket;
    int64_t now_us = 10 * (int64_t)MINUTE;
    const struct bucket_call call = {.budget = 480, .weight = 1};

    bucket_init(&bucket, 0);
    bucket_lower(&bucket, 480, 400, now_us);
    check_true("plenty is left: nothing changes", bucket_take(&bucket, &call, now_us) == 0);
    bucket_land(&bucket, 480, 0, now_us);
    bucket_lower(&bucket, 480, 0, now_us);
    check_true("nothing is left: some seconds", bucket_take(&bucket, &call, now_us) > 5 * SECOND);
    bucket_lower(&bucket, 480, 480, now_us);
    check_true("it cannot be raised", bucket_take(&bucket, &call, now_us) > 5 * SECOND);
}

static void
time_that_goes_back_is_no_time(void **state)
{
    struct bucket bucket;
    const struct bucket_call call = {.budget = 30, .weight = 1};
    double first_us, then_us;

    bucket_init(&bucket, 10 * (int64_t)MINUTE);
    first_us = bucket_take(&bucket, &call, 10 * (int64_t)MINUTE);
    then_us = bucket_take(&bucket, &call, 5 * (int64_t)MINUTE);
    check_true("no token came, and none went", then_us == first_us);
    check_true("and it goes on from there",
               bucket_take(&bucket, &call, 5 * (int64_t)MINUTE + (int64_t)first_us + 1) == 0);
}

static void
odd_budgets_do_no_harm(void **state)
{
    struct bucket bucket;
    const struct bucket_call unlimited = {.budget = 0, .weight = 1000000};
    const struct bucket_call free_call = {.budget = 1, .weight = 0};
    const struct bucket_call heavy = {.budget = 1, .weight = 50};

    bucket_init(&bucket, 0);
    check_true("no limit", bucket_take(&bucket, &unlimited, 1) == 0);
    check_true("a free call", bucket_take(&bucket, &free_call, 1) == 0);
    check_true("heavier than all of it: waits as long",
               bucket_take(&bucket, &heavy, 1) > 50.0 * MINUTE);
    check_true("but not for ever", bucket_take(&bucket, &heavy, 57 * (int64_t)MINUTE) == 0);
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
        check_int(rows[i].name, bucket_budget(rows[i].allowed, rows[i].percent), rows[i].want);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_minute_exceeds_the_budget),
        cmocka_unit_test(waiting_as_told_is_enough),
        cmocka_unit_test(backfill_leaves_a_reserve_to_live_work),
        cmocka_unit_test(what_the_provider_counts_only_lowers),
        cmocka_unit_test(time_that_goes_back_is_no_time),
        cmocka_unit_test(odd_budgets_do_no_harm),
        cmocka_unit_test(a_share_of_a_budget_is_a_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
