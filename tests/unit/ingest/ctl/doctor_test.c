#include "ingest/ctl/doctor.h"

#include "unit/check.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

static void
test_how_often_a_source_is_to_succeed(void **state)
{
    const int64_t saturday_s = 1795250465; /* 2026-11-21T08:41:05Z */
    static const struct {
        const char *name;
        int64_t shortest_s;
        const char *crons;
        int64_t want_s;
    } rows[] = {
        {"a period",                             300,   NULL,                       300      },
        {"a time of day",                        0,     "45 0 * * *",               DAY_S    },
        {"once a week",                          0,     "30 2 * * sun",             7 * DAY_S},
        {"working days, at the weekend",         0,     "0 9 * * mon-fri",          3 * DAY_S},
        {"the shortest of several",              0,     "30 2 * * sun\n15 * * * *", HOUR_S   },
        {"a period that is shorter than a rule", 300,   "45 0 * * *",               300      },
        {"a rule that is shorter than a period", DAY_S, "15 * * * *",               HOUR_S   },
        {"a rule that nobody can read",          0,     "whenever",                 0        },
        {"nothing",                              0,     NULL,                       0        },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, doctor_period_s(rows[i].shortest_s, rows[i].crons, saturday_s),
                  rows[i].want_s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_how_often_a_source_is_to_succeed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
