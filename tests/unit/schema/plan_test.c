#include "schema/plan.h"

#include "unit/check.h"

static const struct migration known[] = {
    {1, "roles",   "aaa", "", ""},
    {2, "markets", "bbb", "", ""},
    {3, "prices",  "ccc", "", ""},
};

static const struct applied good[] = {
    {1, "roles",   "aaa", 0},
    {2, "markets", "bbb", 0},
    {3, "prices",  "ccc", 0},
    {4, "later",   "ddd", 0},
};
static const struct applied edited[] = {
    {1, "roles",   "aaa", 0},
    {2, "markets", "xxx", 0},
};
static const struct applied holed[] = {
    {1, "roles",  "aaa", 0},
    {3, "prices", "ccc", 0},
};

static const struct {
    const char *name;
    bool up;
    const struct applied *applied;
    size_t applied_count;
    int32_t target;
    const char *want; /* the versions in order, or the error's code */
} rows[] = {
    {"an empty database gets all, in order",          true,  good,   0, PLAN_DEFAULT, "123"            },
    {"up goes on after what is applied",              true,  good,   1, PLAN_DEFAULT, "23"             },
    {"up stops at its target",                        true,  good,   0, 2,            "12"             },
    {"up with nothing missing does nothing",          true,  good,   3, PLAN_DEFAULT, ""               },
    {"up to where it stands does nothing",            true,  good,   2, 2,            ""               },
    {"up never goes down",                            true,  good,   3, 1,            "migrate.target" },
    {"up to a version nobody knows is refused",       true,  good,   0, 4,            "migrate.target" },
    {"down takes one step",                           false, good,   3, PLAN_DEFAULT, "3"              },
    {"down to nothing undoes all, newest first",      false, good,   3, 0,            "321"            },
    {"down keeps its target",                         false, good,   3, 1,            "32"             },
    {"down of an empty database does nothing",        false, good,   0, PLAN_DEFAULT, ""               },
    {"down never goes up",                            false, good,   1, 3,            "migrate.target" },
    {"an edited migration stops up",                  true,  edited, 2, PLAN_DEFAULT, "migrate.changed"},
    {"an edited migration stops down as well",        false, edited, 2, PLAN_DEFAULT, "migrate.changed"},
    {"a database ahead of the program is left alone", true,  good,   4, PLAN_DEFAULT,
     "migrate.unknown"                                                                                 },
    {"nor does an old program undo what is newer",    false, good,   4, 0,            "migrate.unknown"},
    {"a hole in what is applied is told",             true,  holed,  2, PLAN_DEFAULT, "migrate.hole"   },
};

static void
plans_lead_to_the_target(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(256);
        struct plan plan;
        struct error err;
        char got[32] = "";
        bool planned = (rows[i].up ? plan_up : plan_down)(known, COUNT_OF(known), rows[i].applied,
                                                          rows[i].applied_count, rows[i].target,
                                                          arena, &plan, &err);

        for (size_t n = 0; planned && n < plan.count; n++)
            got[n] = (char)('0' + plan.steps[n]->version);
        check_string(rows[i].name, planned ? got : err.code, rows[i].want);
        if (planned)
            check_int(rows[i].name, plan.up, rows[i].up);
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans_lead_to_the_target)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
