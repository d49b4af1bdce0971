#include "api/cache/cache_value.h"

#include "unit/check.h"

static void
a_value_comes_back_as_it_was(void **state)
{
    static const char head[] = "Link: </x>; rel=\"next\"\r\n";
    static const char body[] = "{\"a\":\"\0\n\",\"stale\":false}";
    static const struct freshness_turn turns[] = {
        {1,  3, "\"stale\""},
        {18, 5, "true"     },
    };
    const struct cache_value value = {
        .version = 90412,
        .stored_at_ms = 1795250465123,
        .fresh_until_ms = 1795250495123,
        .stale_until_ms = 1795254095123,
        .true_until_ms = 1795250480000,
        .client_s = 41,
        .name = {0x0123456789abcdef, 0xfedcba9876543210},
        .turns = turns,
        .turn_count = 2,
        .head = {head,               sizeof head - 1   },
        .body = {body,               sizeof body - 1   },
    };
    struct arena *arena = arena_create(1024);
    struct bytes text = cache_value_encode(&value, arena);
    struct cache_value back;

    assert_true(cache_value_decode(text, arena, &back));
    check_int("version", (int64_t)back.version, 90412);
    check_int("stored", back.stored_at_ms, value.stored_at_ms);
    check_int("fresh", back.fresh_until_ms, value.fresh_until_ms);
    check_int("stale", back.stale_until_ms, value.stale_until_ms);
    check_int("bytes of the head", (int64_t)back.head.size, (int64_t)sizeof head - 1);
    assert_memory_equal(back.head.data, head, sizeof head - 1);
    check_int("true", back.true_until_ms, value.true_until_ms);
    check_int("max-age", back.client_s, 41);
    check_true("name", back.name[0] == value.name[0] && back.name[1] == value.name[1]);
    check_int("turns", (int64_t)back.turn_count, 2);
    check_int("where", back.turns[1].offset, 18);
    check_int("how much", back.turns[1].size, 5);
    check_string("into what", back.turns[1].text, "true");
    check_int("bytes", (int64_t)back.body.size, (int64_t)sizeof body - 1);
    assert_memory_equal(back.body.data, body, sizeof body - 1);
    arena_destroy(arena);
}

#define NAME "0123456789abcdeffedcba9876543210"

static const struct {
    const char *name, *text;
} bad[] = {
    {"nothing",                    ""                                                         },
    {"an older format",            "TM2 1 2 3 4 0 1\nx"                                       },
    {"another format",             "TM4 1 2 3 4 5 6 " NAME " 0 0 1\nx"                        },
    {"cut in the line",            "TM3 1 2 3"                                                },
    {"cut in the name",            "TM3 1 2 3 4 5 6 0123"                                     },
    {"no name",                    "TM3 1 2 3 4 5 6 z123456789abcdeffedcba9876543210 0 0 1\nx"},
    {"cut in the body",            "TM3 1 2 3 4 5 6 " NAME " 0 0 5\nabcd"                     },
    {"too much of a body",         "TM3 1 2 3 4 5 6 " NAME " 0 0 5\nabcdef"                   },
    {"more turns than there is",   "TM3 1 2 3 4 5 6 " NAME " 0 9 1\nx"                        },
    {"cut in the head",            "TM3 1 2 3 4 5 6 " NAME " 5 0 0\nabcd"                     },
    {"a head as long as both",     "TM3 1 2 3 4 5 6 " NAME " 6 0 5\nabcdef"                   },
    {"a turn behind the body",     "TM3 1 2 3 4 5 6 " NAME " 0 9 2\n1+2=true;xx"              },
    {"turns out of order",         "TM3 1 2 3 4 5 6 " NAME " 0 18 2\n1+1=true;0+1=true;xx"    },
    {"a turn into anything",       "TM3 1 2 3 4 5 6 " NAME " 0 8 4\n1+2=tru;xxxx"             },
    {"a sign",                     "TM3 -1 2 3 4 5 6 " NAME " 0 0 1\nx"                       },
    {"two blanks",                 "TM3 1  2 3 4 5 6 " NAME " 0 0 1\nx"                       },
    {"a number that does not fit", "TM3 99999999999999999999 2 3 4 5 6 " NAME " 0 0 1\nx"     },
    {"a max-age of centuries",     "TM3 1 2 3 4 5 9999999999 " NAME " 0 0 1\nx"               },
};

static void
anything_else_is_no_value(void **state)
{
    struct arena *arena = arena_create(1024);
    struct cache_value value;

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        check_false(
            bad[i].name,
            cache_value_decode((struct bytes){bad[i].text, strlen(bad[i].text)}, arena, &value));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_comes_back_as_it_was),
        cmocka_unit_test(anything_else_is_no_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
