#include "api/handlers/udf/window.h"

#include "common/clock.h"
#include "unit/check.h"

#include <string.h>

static const struct param declared[] = {
    {"resolution",        PARAM_CHOICE, 0, 0, RESOLUTION_CHOICES, NULL, true, ""},
    {"from",                  PARAM_SECONDS, 0, 253402300799000, NULL, NULL, false, ""},
    {"to", PARAM_SECONDS, 0, 253402300799000, NULL, NULL, false, ""},
    {"countback",               PARAM_INTEGER, 0, WINDOW_BARS_MAX, NULL, NULL, false, ""},
    {0                  },
};

/* Saturday, 2026-11-21T08:41:05Z, and moments before it. */
#define NOW 1795250465
#define HOUR_BEGAN 1795248000
#define DAY_BEGAN 1795219200
#define MONDAY 1794787200
#define MONTH_BEGAN 1793491200

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static const struct {
    const char *name, *resolution, *from, *to, *countback, *canonical;
    int64_t from_s, until_s, bars;
} rows[] = {
    {"a poll is open",                         "60", TEXT(HOUR_BEGAN),  TEXT(NOW),        "2",  "resolution=2:60;countback=1:2;",          0,
     HOUR_BEGAN + 3600,                                                                                                                                                           2              },
    {"and the next one is the same",           "60", "1795248001",      "1795250475",     "2",
     "resolution=2:60;countback=1:2;",                                                                                                     0,           HOUR_BEGAN + 3600,        2              },
    {"the future is now",                      "60", NULL,              "4000000000",     "2",  "resolution=2:60;countback=1:2;",          0,
     HOUR_BEGAN + 3600,                                                                                                                                                           2              },
    {"no end is now",                          "60", NULL,              NULL,             "2",  "resolution=2:60;countback=1:2;",          0,           HOUR_BEGAN + 3600,
     2                                                                                                                                                                                           },
    {"up to the bar of now is not with it",    "60", NULL,              TEXT(HOUR_BEGAN), "2",
     "resolution=2:60;to=10:" TEXT(HOUR_BEGAN) ";countback=1:2;",                                                                          0,           HOUR_BEGAN,               2              },
    {"an end within a bar takes that bar",     "60", NULL,              "1795244401",     "2",
     "resolution=2:60;to=10:" TEXT(HOUR_BEGAN) ";countback=1:2;",                                                                          0,           HOUR_BEGAN,               2              },
    {"a beginning within a bar leaves it out", "60", "1795244401",      NULL,             NULL,
     "resolution=2:60;from=10:" TEXT(HOUR_BEGAN) ";",                                                                                      HOUR_BEGAN,  HOUR_BEGAN + 3600,
     WINDOW_BARS_MAX                                                                                                                                                                             },
    {"a day by its letter",                    "d",  TEXT(DAY_BEGAN),   NULL,             NULL,
     "resolution=2:1d;from=10:" TEXT(DAY_BEGAN) ";",                                                                                       DAY_BEGAN,   DAY_BEGAN + 86400,        WINDOW_BARS_MAX},
    {"a week begins on Monday",                "1w", TEXT(MONDAY),      TEXT(NOW),        NULL,
     "resolution=2:1w;from=10:" TEXT(MONDAY) ";",                                                                                          MONDAY,      MONDAY + 7 * 86400,       WINDOW_BARS_MAX},
    {"a month on its first",                   "m",  TEXT(MONTH_BEGAN), TEXT(NOW),        NULL,
     "resolution=2:1m;from=10:" TEXT(MONTH_BEGAN) ";",                                                                                     MONTH_BEGAN, MONTH_BEGAN + 30 * 86400,
     WINDOW_BARS_MAX                                                                                                                                                                             },
    {"a count of nothing is none",             "60", "0",               NULL,             "0",  "resolution=2:60;from=1:0;countback=1:0;",
     0,                                                                                                                                                 HOUR_BEGAN + 3600,        WINDOW_BARS_MAX},
};

static size_t
give(struct http_param *given, size_t count, const char *name, const char *value)
{
    if (!value)
        return count;
    given[count] = (struct http_param){
        {name,  strlen(name) },
        {value, strlen(value)}
    };
    return count + 1;
}

static void
moments_that_come_to_the_same_bars_have_one_key(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_param given[4];
        struct problem problem;
        struct params params;
        struct window window;
        size_t count = give(given, 0, "resolution", rows[i].resolution);

        count = give(given, count, "from", rows[i].from);
        count = give(given, count, "to", rows[i].to);
        count = give(given, count, "countback", rows[i].countback);
        check_true(rows[i].name,
                   params_check(declared, given, count, NULL, arena, &params, &problem));
        window_settle(&params, NOW * INT64_C(1000), arena);
        check_string(rows[i].name, params_canonical(&params, arena), rows[i].canonical);
        check_true("it is looked at anew", params_are_passing(&params));
        window = window_of(&params, NOW * INT64_C(1000));
        check_int(rows[i].name, window.from_ms, rows[i].from_s * 1000);
        check_int(rows[i].name, window.until_ms, rows[i].until_s * 1000);
        check_int(rows[i].name, window.bars, rows[i].bars);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_that_come_to_the_same_bars_have_one_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
