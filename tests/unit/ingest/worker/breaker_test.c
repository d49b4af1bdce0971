#include "ingest/worker/breaker.h"
#include "tests/unit/check.h"

enum { MS = 1000, SECOND = 1000 * MS, FIRST = 15 * SECOND };

static void
note(struct breaker *breaker, enum upstream_result result, int32_t times, int64_t now_us)
{
    for (int32_t i = 0; i < times; i++)
        breaker_note(breaker, 0, result, FIRST, 0.5, now_us);
}

static void
what_opens_it_and_what_does_not(void **state)
{
    static const struct {
        const char *name;
        int32_t good_first, failed, good_between;
        enum upstream_result other; /* after each failure */
        enum upstream_breaker want;
    } rows[] = {
        {"four failures",                               0,  4,  0, UPSTREAM_NOTHING, UPSTREAM_CLOSED},
        {"five in a row",                               0,  5,  0, UPSTREAM_NOTHING, UPSTREAM_OPEN  },
        {"limits and our own trouble do not end a row", 0,  5,  0, UPSTREAM_LIMITED, UPSTREAM_OPEN  },
        {"half of less than twenty",                    0,  9,  1, UPSTREAM_GOOD,    UPSTREAM_CLOSED},
        {"half of twenty",                              0,  10, 1, UPSTREAM_GOOD,    UPSTREAM_OPEN  },
        {"less than half of many",                      60, 20, 1, UPSTREAM_GOOD,    UPSTREAM_CLOSED},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct breaker breaker = {.failures = 0};

        note(&breaker, UPSTREAM_GOOD, rows[i].good_first, SECOND);
        for (int32_t n = 0; n < rows[i].failed; n++) {
            note(&breaker, rows[i].other, 1, SECOND);
            note(&breaker, UPSTREAM_FAILED, 1, SECOND);
        }
        check_int(rows[i].name, breaker.state, rows[i].want);
    }
}

static void
failures_of_long_ago_do_not_count(void **state)
{
    struct breaker breaker = {.failures = 0};

    for (int32_t i = 0; i < 15; i++) {
        note(&breaker, UPSTREAM_FAILED, 1, SECOND);
        note(&breaker, UPSTREAM_GOOD, 1, SECOND);
        if (breaker.state == UPSTREAM_OPEN)
            breaker = (struct breaker){.failures = 0};
    }
    breaker = (struct breaker){.failures = 0};
    for (int32_t i = 0; i < 9; i++) {
        note(&breaker, UPSTREAM_FAILED, 1, SECOND);
        note(&breaker, UPSTREAM_GOOD, 1, SECOND);
    }
    for (int32_t i = 0; i < 9; i++) {
        note(&breaker, UPSTREAM_FAILED, 1, 62 * (int64_t)SECOND);
        note(&breaker, UPSTREAM_GOOD, 1, 62 * (int64_t)SECOND);
    }
    check_int("18 of each, but never 20 in a minute", breaker.state, UPSTREAM_CLOSED);
}

static void
it_opens_for_longer_each_time(void **state)
{
    static const int64_t want_s[] = {15, 30, 60, 120, 240, 480, 600, 600};
    struct breaker breaker = {.failures = 0};
    int64_t now_us = SECOND;

    note(&breaker, UPSTREAM_FAILED, 5, now_us);
    for (size_t i = 0; i < COUNT_OF(want_s); i++) {
        check_int("nobody may ask", breaker_wait_us(&breaker, 3, now_us), want_s[i] * SECOND);
        now_us = breaker.open_until_us;
        check_int("then one may", breaker_wait_us(&breaker, 0, now_us), 0);
        breaker_pass(&breaker, 0, now_us);
        note(&breaker, UPSTREAM_FAILED, 1, now_us);
    }
    now_us = breaker.open_until_us;
    breaker_pass(&breaker, 0, now_us);
    note(&breaker, UPSTREAM_GOOD, 1, now_us);
    check_int("a good probe closes it", breaker.state, UPSTREAM_CLOSED);
    note(&breaker, UPSTREAM_FAILED, 5, now_us);
    check_int("and it begins anew", breaker_wait_us(&breaker, 0, now_us), FIRST);
}

static void
the_length_varies_by_a_quarter(void **state)
{
    struct breaker shortest = {.failures = BREAKER_FAILURES - 1}, longest = shortest;

    breaker_note(&shortest, 0, UPSTREAM_FAILED, FIRST, 0, 0);
    breaker_note(&longest, 0, UPSTREAM_FAILED, FIRST, 0.999999, 0);
    check_int("down", shortest.open_until_us, FIRST / 4 * 3);
    check_true("up",
               longest.open_until_us > FIRST / 100 * 124 && longest.open_until_us <= FIRST / 4 * 5);
}

static struct breaker
half_open(int64_t *ret_now_us)
{
    struct breaker breaker = {.failures = 0};

    note(&breaker, UPSTREAM_FAILED, 5, SECOND);
    *ret_now_us = breaker.open_until_us;
    return breaker;
}

static void
one_probe_goes_out_among_eight(void **state)
{
    int64_t now_us;
    struct breaker breaker = half_open(&now_us);
    int32_t passed = 0;

    for (int32_t caller = 0; caller < 8; caller++)
        if (breaker_wait_us(&breaker, caller, now_us) == 0) {
            breaker_pass(&breaker, caller, now_us);
            passed++;
        }
    check_int("one", passed, 1);
    check_int("the others look again soon", breaker_wait_us(&breaker, 5, now_us), BREAKER_POLL_US);
    breaker_note(&breaker, 5, UPSTREAM_GOOD, FIRST, 0.5, now_us);
    check_int("a straggler's answer does not close it", breaker.state, UPSTREAM_HALF_OPEN);
    breaker_note(&breaker, 5, UPSTREAM_FAILED, FIRST, 0.5, now_us);
    check_int("nor open it", breaker.state, UPSTREAM_HALF_OPEN);
    check_int("the prober may ask again: its report was lost", breaker_wait_us(&breaker, 0, now_us),
              0);
}

static void
a_lost_probe_is_followed_by_another(void **state)
{
    int64_t now_us;
    struct breaker breaker = half_open(&now_us);

    breaker_pass(&breaker, 0, now_us);
    now_us += BREAKER_LEASE_US - 1;
    check_true("not within its lease", breaker_wait_us(&breaker, 1, now_us) > 0);
    now_us += 1;
    check_int("then at once", breaker_wait_us(&breaker, 1, now_us), 0);
    breaker_pass(&breaker, 1, now_us);
    breaker_note(&breaker, 0, UPSTREAM_GOOD, FIRST, 0.5, now_us);
    check_int("the first one is not believed any more", breaker.state, UPSTREAM_HALF_OPEN);
    breaker_note(&breaker, 1, UPSTREAM_GOOD, FIRST, 0.5, now_us);
    check_int("the second one closes it", breaker.state, UPSTREAM_CLOSED);
}

static void
a_probe_that_learns_nothing_makes_room_for_the_next(void **state)
{
    int64_t now_us;
    struct breaker breaker = half_open(&now_us);

    breaker_pass(&breaker, 0, now_us);
    breaker_note(&breaker, 0, UPSTREAM_LIMITED, FIRST, 0.5, now_us);
    check_int("limited is neither", breaker.state, UPSTREAM_HALF_OPEN);
    check_int("another may ask", breaker_wait_us(&breaker, 1, now_us), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_opens_it_and_what_does_not),
        cmocka_unit_test(failures_of_long_ago_do_not_count),
        cmocka_unit_test(it_opens_for_longer_each_time),
        cmocka_unit_test(the_length_varies_by_a_quarter),
        cmocka_unit_test(one_probe_goes_out_among_eight),
        cmocka_unit_test(a_lost_probe_is_followed_by_another),
        cmocka_unit_test(a_probe_that_learns_nothing_makes_room_for_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
