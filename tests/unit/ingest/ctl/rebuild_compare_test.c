#include "ingest/ctl/rebuild_compare.h"

#include "unit/check.h"

static void
test_what_differs_in_a_row_is_named(void **state)
{
    static const struct {
        const char *name, *original, *rebuilt, *want;
    } rows[] = {
        {"nothing",       "{\"close\": 1.50}",                        "{\"close\": 1.50}",          ""                            },
        {"a digit",       "{\"a\": 1, \"close\": 1.50}",              "{\"a\": 1, \"close\": 1.5}",
         "close 1.50 is 1.5"                                                                                                      },
        {"null",          "{\"volume\": 2}",                          "{\"volume\": null}",         "volume 2 is null"            },
        {"three at most", "{\"a\": 1, \"b\": 1, \"c\": 1, \"d\": 1}",
         "{\"a\": 2, \"b\": 2, \"c\": 2, \"d\": 2}",                                                "a 1 is 2, b 1 is 2, c 1 is 2"},
        {"text",          "{\"origin\": \"tick\"}",                   "{\"origin\": \"candle\"}",
         "origin \"tick\" is \"candle\""                                                                                          },
        {"no row at all", "",                                         "{\"a\": 1}",                 ""                            },
    };
    struct arena *arena = arena_create(1 << 16);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_string(rows[i].name, compare_members(rows[i].original, rows[i].rebuilt, arena),
                     rows[i].want);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_differs_in_a_row_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
