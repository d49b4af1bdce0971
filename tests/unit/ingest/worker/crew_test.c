#include "ingest/worker/crew.h"
#include "ingest/worker/supervisor.h"
#include "tests/unit/check.h"

static void
workers_says_how_many_serve_a_source(void **state)
{
    static const struct {
        const char *name, *workers, *source;
        int32_t want; /* -1 = refused */
    } rows[] = {
        {"a star is for all",                  "*=1",                 "binance",  1 },
        {"a name is for one",                  "*=1,binance=4",       "binance",  4 },
        {"and leaves the others to the star",  "*=1,binance=4",       "coinbase", 1 },
        {"in any order",                       "binance=4,*=1",       "coinbase", 1 },
        {"without a star others have nobody",  "binance=4",           "coinbase", 0 },
        {"none may be asked for",              "*=2,csv=0",           "csv",      0 },
        {"as many as there may be",            "*=64",                "csv",      64},
        {"more is refused",                    "*=65",                "csv",      -1},
        {"nothing is refused",                 "",                    "csv",      -1},
        {"a name alone is refused",            "binance",             "binance",  -1},
        {"a number alone is refused",          "4",                   "binance",  -1},
        {"no number is refused",               "binance=",            "binance",  -1},
        {"a negative one is refused",          "binance=-1",          "binance",  -1},
        {"text behind the number is refused",  "binance=4x",          "binance",  -1},
        {"a space is refused",                 "*=1, binance=4",      "binance",  -1},
        {"a comma at the end is refused",      "binance=4,",          "binance",  -1},
        {"an unknown source is refused",       "*=1,nobody=4",        "binance",  -1},
        {"a name twice is refused",            "binance=1,binance=2", "binance",  -1},
        {"the star twice is refused",          "*=1,*=2",             "binance",  -1},
        {"a number that overflows is refused", "*=99999999999999999", "binance",  -1},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int32_t count = -1;
        struct error err;
        bool ok = crew_size(rows[i].workers, rows[i].source, &count, &err);

        check_int(rows[i].name, count, rows[i].want);
        check_error(rows[i].name, ok, &err, rows[i].want < 0 ? "settings.invalid" : NULL);
    }
}

static void
a_child_that_keeps_dying_waits_longer(void **state)
{
    static const struct {
        const char *name;
        int32_t failures;
        int64_t want_ms;
    } rows[] = {
        {"the first time a tenth of a second", 1,         100  },
        {"then twice as long",                 2,         200  },
        {"and so on",                          8,         12800},
        {"but never more than 30 s",           9,         30000},
        {"however often",                      INT32_MAX, 30000},
        {"without a failure not at all",       0,         0    },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, supervisor_backoff_ms(rows[i].failures), rows[i].want_ms);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_says_how_many_serve_a_source),
        cmocka_unit_test(a_child_that_keeps_dying_waits_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
