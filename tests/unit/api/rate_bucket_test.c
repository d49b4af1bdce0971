#include "api/limit/rate_bucket.h"

#include "unit/check.h"

/* 60 a minute, 60 at once, two loops. */
static const struct rate_policy policy = {.per_ms = 60.0 / 60000, .burst = 60, .sharers = 2};

static const struct {
    const char *name;
    double tokens;
    int64_t idle_ms;
    int32_t asked;
    int32_t want_granted, want_remaining;
    int64_t want_wait_ms;
} rows[] = {
    {"takes what is there",                     10, 0,       4, 4, 6,  0   },
    {"never more than is there",                3,  0,       6, 3, 0,  1000},
    {"nothing left: says when",                 0,  0,       1, 0, 0,  1000},
    {"half a token is none, and half the wait", 0,  500,     1, 0, 0,  500 },
    {"a second brings one back",                0,  1000,    1, 1, 0,  1000},
    {"it never holds more than the burst",      50, 3600000, 1, 1, 59, 0   },
    {"time that goes backwards stands still",   5,  -60000,  1, 1, 4,  0   },
};

static void
a_bucket_counts(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rate_bucket bucket = {rows[i].tokens, 100000};
        struct rate_grant grant =
            rate_bucket_take(&bucket, &policy, rows[i].asked, 100000 + rows[i].idle_ms);

        check_int(rows[i].name, grant.granted, rows[i].want_granted);
        check_int(rows[i].name, grant.remaining, rows[i].want_remaining);
        check_int(rows[i].name, grant.wait_ms, rows[i].want_wait_ms);
    }
}

static void
a_new_bucket_is_full(void **state)
{
    struct rate_bucket bucket = {0};

    check_int("granted", rate_bucket_take(&bucket, &policy, 100, 1).granted, 60);
}

static const struct {
    const char *name;
    int32_t last, remaining, want;
} leases[] = {
    {"a client who comes for the first time gets one", 0, 60, 1},
    {"it doubles while it is used up",                 1, 59, 2},
    {"and again",                                      2, 57, 4},
    {"up to a tenth of the burst",                     4, 60, 6},
    {"few left: few are taken",                        6, 16, 2},
    {"at the end one by one",                          6, 5,  1},
    {"none left: still asks for one",                  6, 0,  1},
};

static void
leases_grow_with_use_and_shrink_with_what_is_left(void **state)
{
    for (size_t i = 0; i < COUNT_OF(leases); i++)
        check_int(leases[i].name, rate_lease_size(&policy, leases[i].last, leases[i].remaining),
                  leases[i].want);
}

static void
times_are_whole_seconds_rounded_up(void **state)
{
    check_int("at least one", rate_retry_after_s(1), 1);
    check_int("one is one", rate_retry_after_s(1000), 1);
    check_int("more is two", rate_retry_after_s(1001), 2);
    check_int("a full bucket", rate_reset_s(&policy, 60), 0);
    check_int("an empty one", rate_reset_s(&policy, 0), 60);
}

/* One client spreads over two loops, each with leases of its own: how far from 60 is it refused? */
static void
few_tokens_are_stranded(void **state)
{
    struct rate_bucket bucket = {60, 1};
    int32_t held[2] = {0}, last[2] = {0}, remaining[2] = {60, 60}, passed = 0;

    for (int turn = 0;; turn ^= 1) {
        if (held[turn] == 0) {
            int32_t size = rate_lease_size(&policy, last[turn], remaining[turn]);
            struct rate_grant grant = rate_bucket_take(&bucket, &policy, size, 1);

            held[turn] = last[turn] = grant.granted;
            remaining[turn] = grant.remaining;
        }
        if (held[turn] == 0)
            break;
        held[turn]--;
        passed++;
    }
    check_true("59 or 60 passed", passed >= 59 && passed <= 60);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_counts),
        cmocka_unit_test(a_new_bucket_is_full),
        cmocka_unit_test(leases_grow_with_use_and_shrink_with_what_is_left),
        cmocka_unit_test(times_are_whole_seconds_rounded_up),
        cmocka_unit_test(few_tokens_are_stranded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
