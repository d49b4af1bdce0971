#include "ingest/worker/outcome.h"
#include "tests/unit/check.h"

static const int64_t tiers[] = {5000, 10000, 60000, 1800000};

static void
each_outcome_has_its_settlement(void **state)
{
    static const struct {
        const char *name;
        enum outcome outcome;
        enum job_kind kind;
        int32_t attempt;
        int64_t wait_ms;
        struct settlement want;
    } rows[] = {
        {"done: acknowledged",                                                             OUTCOME_DONE,      JOB_QUOTE,   1,  0,        {ACTION_ACK, 0, 0, NULL}   },
        {"expired: acknowledged",                                                          OUTCOME_EXPIRED,   JOB_QUOTE,   1,  0,        {ACTION_ACK, 0, 0, NULL}   },
        {"skipped: acknowledged",                                                          OUTCOME_SKIPPED,   JOB_QUOTE,   1,  0,        {ACTION_ACK, 0, 0, NULL}   },
        {"continued: soon, no attempt spent",
         OUTCOME_CONTINUED,                                                                                   JOB_HISTORY,
         3,                                                                                                                    0,
         {ACTION_RETRY, 0, 3, NULL}                                                                                                                                 },
        {"transient: an attempt is spent",
         OUTCOME_TRANSIENT,                                                                                   JOB_QUOTE,
         1,                                                                                                                    0,
         {ACTION_RETRY, 0, 2, NULL}                                                                                                                                 },
        {"transient, and asked to wait: not before that is over, and an attempt is spent",
         OUTCOME_TRANSIENT,                                                                                   JOB_QUOTE,
         1,                                                                                                                    30000,
         {ACTION_RETRY, 2, 2, NULL}                                                                                                                                 },
        {"asked for less than our own backoff",
         OUTCOME_TRANSIENT,                                                                                   JOB_QUOTE,
         5,                                                                                                                    1000,
         {ACTION_RETRY, 3, 6, NULL}                                                                                                                                 },
        {"asked to wait until tomorrow: as long as there is a tier for",
         OUTCOME_TRANSIENT,                                                                                   JOB_QUOTE,
         1,                                                                                                                    86400000,
         {ACTION_RETRY, 3, 2, NULL}                                                                                                                                 },
        {"asked to wait, but given up",
         OUTCOME_TRANSIENT,                                                                                   JOB_QUOTE,
         6,                                                                                                                    30000,
         {ACTION_DEAD, 0, 0, "attempts"}                                                                                                                            },
        {"limited: no attempt spent, not before the wait is over",
         OUTCOME_LIMITED,                                                                                     JOB_QUOTE,
         6,                                                                                                                    11000,
         {ACTION_RETRY, 2, 6, NULL}                                                                                                                                 },
        {"deferred: the same",                                                             OUTCOME_DEFERRED,  JOB_QUOTE,   6,  4000,     {ACTION_RETRY, 0, 6, NULL} },
        {"permanent: dead at once",
         OUTCOME_PERMANENT,                                                                                   JOB_HISTORY,
         1,                                                                                                                    0,
         {ACTION_DEAD, 0, 0, "permanent"}                                                                                                                           },
        {"ours: stays with the broker",                                                    OUTCOME_OURS,      JOB_QUOTE,   6,  0,        {ACTION_KEEP, 0, 0, NULL}  },
        {"the sixth failure of a quote is the last",
         OUTCOME_TRANSIENT,                                                                                   JOB_QUOTE,
         6,                                                                                                                    0,
         {ACTION_DEAD, 0, 0, "attempts"}                                                                                                                            },
        {"the fifth is not",                                                               OUTCOME_TRANSIENT, JOB_QUOTE,   5,  0,        {ACTION_RETRY, 3, 6, NULL} },
        {"a listing has six as well",
         OUTCOME_TRANSIENT,                                                                                   JOB_LISTING,
         6,                                                                                                                    0,
         {ACTION_DEAD, 0, 0, "attempts"}                                                                                                                            },
        {"history has twelve",                                                             OUTCOME_TRANSIENT, JOB_HISTORY, 11, 0,        {ACTION_RETRY, 3, 12, NULL}},
        {"and no thirteenth",
         OUTCOME_TRANSIENT,                                                                                   JOB_HISTORY,
         12,                                                                                                                   0,
         {ACTION_DEAD, 0, 0, "attempts"}                                                                                                                            },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct settlement got = outcome_settle(rows[i].outcome, rows[i].kind, rows[i].attempt,
                                               rows[i].wait_ms, tiers, COUNT_OF(tiers), 0);

        check_int(rows[i].name, got.action, rows[i].want.action);
        check_int(rows[i].name, got.tier, rows[i].want.tier);
        check_int(rows[i].name, got.attempt, rows[i].want.attempt);
        check_string(rows[i].name, got.reason, rows[i].want.reason);
    }
}

static void
errors_become_outcomes(void **state)
{
    struct error timeout = {.kind = ERROR_RETRY, .code = "fetch.timeout"};
    struct error too_large = {.kind = ERROR_REJECT, .code = "fetch.too_large"};
    struct error cut = {.kind = ERROR_REJECT, .code = "json.malformed"};
    struct error shape = {.kind = ERROR_REJECT, .code = "payload.shape"};
    struct error rejected = {.kind = ERROR_REJECT, .code = "payload.rejected"};
    struct error away = {.kind = ERROR_RETRY, .code = "database.away"};
    struct error archive = {.kind = ERROR_RETRY, .code = "archive.away"};
    struct error data = {.kind = ERROR_REJECT, .code = "database.data"};
    struct error refused = {.kind = ERROR_FATAL, .code = "database.refused"};
    const struct {
        const char *name;
        enum outcome got, want;
    } rows[] = {
        {"a timeout may heal",                     outcome_of_fetch(&timeout),         OUTCOME_TRANSIENT},
        {"a body above the limit will not",        outcome_of_fetch(&too_large),       OUTCOME_PERMANENT},
        {"half a document may be whole next time", outcome_of_parse(&cut,              NULL),OUTCOME_TRANSIENT},
        {"also after it was cut before",                                        outcome_of_parse(&cut,                                             "json.malformed"),
         OUTCOME_TRANSIENT},
        {"a wrong shape is tried again",                        outcome_of_parse(&shape,                                                          NULL),OUTCOME_TRANSIENT},
        {"after another error too",                                   outcome_of_parse(&shape,"fetch.timeout"),OUTCOME_TRANSIENT},
        {"twice in a row is a changed provider",outcome_of_parse(&shape,       "payload.shape"),
         OUTCOME_PERMANENT},
        {"nothing of it can be taken: once more",   outcome_of_parse(&rejected,                                NULL),
         OUTCOME_TRANSIENT},
        {"twice in a row is enough",                                        outcome_of_parse(&rejected,                                    "payload.rejected"),
         OUTCOME_PERMANENT},
        {"a lost database is ours",                        outcome_of_store(&away),                                                          OUTCOME_OURS},
        {"a wrong password of ours as well",                     outcome_of_store(&refused),                                                            OUTCOME_OURS},
        {"values that no table takes are not",outcome_of_store(&data),OUTCOME_PERMANENT},
        {"a lost database in our own work",outcome_of_task(&away),OUTCOME_OURS},
        {"an archive that is away",                        outcome_of_task(&archive),                                                                                   OUTCOME_TRANSIENT                                                                  },
        {"own work that will never do",                         outcome_of_task(&data),                                                                                           OUTCOME_PERMANENT                                                                                                       },
        {"limited by the provider",outcome_of_verdict(VERDICT_LIMITED),OUTCOME_LIMITED},
        {"refused by the provider",outcome_of_verdict(VERDICT_PERMANENT),OUTCOME_PERMANENT},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_string(rows[i].name, outcome_name(rows[i].got), outcome_name(rows[i].want));
}

static void
what_nothing_can_be_taken_of_is_no_answer(void **state)
{
    static const struct reject rejects[] = {
        {"[0].lastPrice", "price.missing", "null"}
    };
    const struct batch refused = {.rejects = rejects, .reject_count = 1, .rejected = 3};
    const struct batch empty = {.position = "x"};
    struct batch some = refused, halted = refused, window = refused, points = refused;
    struct error err = {0};

    some.tick_count = 2;
    check_true("some can be taken", outcome_check_batch(&some, &err));
    check_true("there is none", outcome_check_batch(&empty, &err));
    check_error("none can be", outcome_check_batch(&refused, &err), &err, "payload.rejected");
    check_string("the first is named", err.message,
                 "of 3 records none can be taken; the first: [0].lastPrice price.missing: null");
    halted.candle_interval_s = window.candle_interval_s = points.candle_interval_s = 3600;
    window.position = points.position = "2026-11-21T08:00:00.000Z";
    points.candle_origin = CANDLE_POINTS;
    check_true("a history that stays", outcome_check_batch(&halted, &err));
    check_error("one that would leave a hole", outcome_check_batch(&window, &err), &err,
                "payload.rejected");
    check_true("points of a time without a price", outcome_check_batch(&points, &err));
}

static void
a_cooldown_is_a_second_to_an_hour(void **state)
{
    static const struct {
        const char *name;
        const char *code;
        int64_t asked_ms, want_ms;
    } rows[] = {
        {"not said: a minute",          "provider.limited", 0,             60000    },
        {"said: that long",             "provider.limited", 90000,         90000    },
        {"in the past: a second",       "provider.limited", -5,            1000     },
        {"less than a second: one",     "provider.limited", 1,             1000     },
        {"more than an hour: one hour", "provider.limited", 1000000000000, 3600000  },
        {"a ban may be longer",         "provider.banned",  86400000,      86400000 },
        {"three days at most",          "provider.banned",  1000000000000, 259200000},
        {"a ban without an end",        "provider.banned",  0,             60000    },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, outcome_cooldown_ms(rows[i].asked_ms, rows[i].code),
                  rows[i].want_ms);
}

static void
only_what_says_that_the_provider_is_unwell_counts_as_its_failure(void **state)
{
    const struct error timeout = {.kind = ERROR_RETRY, .code = "fetch.timeout"};
    const struct error ours = {.kind = ERROR_RETRY, .code = "fetch.private_address"};
    const struct error large = {.kind = ERROR_REJECT, .code = "fetch.too_large"};
    const struct {
        const char *name;
        enum upstream_result got, want;
    } rows[] = {
        {"a timeout",         outcome_result_of_fetch(&timeout),            UPSTREAM_FAILED },
        {"our own settings",  outcome_result_of_fetch(&ours),               UPSTREAM_NOTHING},
        {"an endless body",   outcome_result_of_fetch(&large),              UPSTREAM_NOTHING},
        {"5xx",               outcome_result_of_verdict(VERDICT_TRANSIENT), UPSTREAM_FAILED },
        {"4xx: it is well",   outcome_result_of_verdict(VERDICT_PERMANENT), UPSTREAM_GOOD   },
        {"429 is a cooldown", outcome_result_of_verdict(VERDICT_LIMITED),   UPSTREAM_LIMITED},
        {"a good answer",     outcome_result_of_verdict(VERDICT_OK),        UPSTREAM_GOOD   },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, rows[i].got, rows[i].want);
}

static void
a_retry_over_the_budget_is_put_off(void **state)
{
    struct settlement soon = {ACTION_RETRY, 1, 3, NULL}, later = outcome_postpone(&soon, 12);

    check_int("to the longest tier", (int64_t)later.tier, 11);
    check_int("and is the same attempt", later.attempt, 3);
}

static void
a_job_that_ends_its_workers_is_set_aside_and_then_dead(void **state)
{
    static const struct {
        const char *name;
        int64_t delivery_count;
        int32_t set_aside;
        bool suspect;
        struct settlement want;
    } rows[] = {
        {"new",                         0, 0, false, {0}                           },
        {"twice unsettled may be ours", 2, 0, false, {0}                           },
        {"three times is set aside",    3, 0, true,  {ACTION_RETRY, 1, 4, NULL}    },
        {"back again: a new count",     0, 1, false, {0}                           },
        {"and for longer",              3, 1, true,  {ACTION_RETRY, 2, 4, NULL}    },
        {"then it is dead",             3, 2, true,  {ACTION_DEAD, 0, 0, "crashes"}},
        {"whatever the count",          9, 7, true,  {ACTION_DEAD, 0, 0, "crashes"}},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job = {.attempt = 4, .set_aside = rows[i].set_aside};
        struct settlement got = {0};

        check_int(rows[i].name,
                  outcome_is_suspect(rows[i].delivery_count, &job, tiers, COUNT_OF(tiers), 0, &got),
                  rows[i].suspect);
        check_int(rows[i].name, got.action, rows[i].want.action);
        check_int(rows[i].name, got.tier, rows[i].want.tier);
        check_int(rows[i].name, got.attempt, rows[i].want.attempt);
        check_string(rows[i].name, got.reason, rows[i].want.reason);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_outcome_has_its_settlement),
        cmocka_unit_test(errors_become_outcomes),
        cmocka_unit_test(what_nothing_can_be_taken_of_is_no_answer),
        cmocka_unit_test(a_cooldown_is_a_second_to_an_hour),
        cmocka_unit_test(only_what_says_that_the_provider_is_unwell_counts_as_its_failure),
        cmocka_unit_test(a_retry_over_the_budget_is_put_off),
        cmocka_unit_test(a_job_that_ends_its_workers_is_set_aside_and_then_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
