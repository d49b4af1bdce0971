#include "common/due_offset.h"

#include "common/cron.h"
#include "unit/check.h"

#include <stdio.h>

enum { HOUR_S = 3600 };

static struct cron
cron_of(const char *text)
{
    struct error err = {0};
    struct cron cron;

    if (!cron_parse(text, &cron, &err))
        fail_msg("%s: %s", text, err.message);
    return cron;
}

static void
test_offsets_spread_within_a_quarter_of_the_period(void **state)
{
    int64_t seen = 0, largest = 0;
    char stream[64];

    for (int i = 0; i < 1000; i++) {
        int64_t offset_s;

        snprintf(stream, sizeof stream, "history/COIN%dUSDT/1h", i);
        offset_s = due_offset_s(stream, HOUR_S, 0);
        largest = offset_s > largest ? offset_s : largest;
        seen += offset_s;
    }
    check_true("never a quarter or more", largest < HOUR_S / 4);
    check_true("half a quarter in the mean", seen / 1000 > 400 && seen / 1000 < 500);
    check_true("a job has half of its time left when it falls due",
               due_offset_s("quote/named", 24 * HOUR_S, 600) < 300);
    check_int("a period too short to spread has none", due_offset_s("x", 3, 0), 0);
}

static void
test_times_of_day_are_kept_within_five_minutes(void **state)
{
    struct cron daily = cron_of("0 3 * * *"), dense = cron_of("*/2 * * * *");
    int64_t largest_daily = 0, largest_dense = 0;
    char stream[64];

    for (int i = 0; i < 1000; i++) {
        int64_t daily_s, dense_s;

        snprintf(stream, sizeof stream, "history/COIN%dUSDT/1d", i);
        daily_s = due_cron_offset_s(stream, cron_least_gap_s(&daily), 0);
        dense_s = due_cron_offset_s(stream, cron_least_gap_s(&dense), 0);
        largest_daily = daily_s > largest_daily ? daily_s : largest_daily;
        largest_dense = dense_s > largest_dense ? dense_s : largest_dense;
    }
    check_int("all of them are used", largest_daily, DUE_CRON_SPREAD_S - 1);
    check_int("never more than a quarter of what lies between two", largest_dense, 29);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_spread_within_a_quarter_of_the_period),
        cmocka_unit_test(test_times_of_day_are_kept_within_five_minutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
