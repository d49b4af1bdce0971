#include "common/topology.h"

#include "unit/check.h"

static void
test_names(void **state)
{
    char name[TOPOLOGY_NAME_SIZE];

    check_string("scheduled work", topology_jobs_queue("binance", false, name), "jobs.binance");
    check_string("a client waits", topology_jobs_queue("binance", true, name), "jobs.binance.live");
    check_string("its key", topology_jobs_key("binance", false, name), "binance");
    check_string("the live key", topology_jobs_key("binance", true, name), "binance.live");
    check_string("a tier's exchange", topology_retry_exchange(30000, name), "tidemark.retry.30");
    check_string("a tier's queue", topology_retry_queue(1800000, name), "retry.1800");
    check_string("a test's tier", topology_retry_queue(250, name), "retry.250ms");
}

static void
test_tiers_ascend(void **state)
{
    size_t count;
    const int64_t *tiers = topology_tiers_ms(&count);

    check_int("twelve of them", (int64_t)count, 12);
    for (size_t i = 1; i < count; i++)
        check_true("each is longer than the one before", tiers[i] > tiers[i - 1]);
    check_int("half an hour is the longest", tiers[count - 1], 1800000);
}

#ifdef TIDEMARK_FAULTS
static void
test_a_test_may_shorten_them(void **state)
{
    const int64_t *tiers;
    size_t count;

    setenv("TIDEMARK_TIERS_MS", "200,400", 1);
    tiers = topology_tiers_ms(&count);
    unsetenv("TIDEMARK_TIERS_MS");

    check_int("two", (int64_t)count, 2);
    check_int("the first", tiers[0], 200);
    check_int("the second", tiers[1], 400);
}
#endif

/* What waits inside is given up before what waits outside. */
static void
test_limits_fit_into_each_other(void **state)
{
    check_true("connecting within logging in", BROKER_CONNECT_MS < BROKER_LOGIN_MS);
    check_true("a confirm before the socket counts as stuck", BROKER_CONFIRM_MS < BROKER_STALL_MS);
    check_true("heartbeats are sent at least twice in their interval",
               2 * BROKER_SERVICE_MS <= BROKER_HEARTBEAT_S * 1000);
    check_true("a stuck socket is found before a silent one",
               BROKER_STALL_MS < 2 * BROKER_HEARTBEAT_S * 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_tiers_ascend),
#ifdef TIDEMARK_FAULTS
        cmocka_unit_test(test_a_test_may_shorten_them),
#endif
        cmocka_unit_test(test_limits_fit_into_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
