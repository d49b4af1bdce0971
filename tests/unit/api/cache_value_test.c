#include "api/cache_value.h"

#include "unit/check.h"

static void
a_value_comes_back_as_it_was(void **state)
{
    static const char body[] = "{\"a\":\"\0\n\"}";
    static const char head[] = "Link: </x>; rel=\"next\"\r\n";
    const struct cache_value value = {
        .version = 90412,
        .stored_at_ms = 1795250465123,
        .fresh_until_ms = 1795250495123,
        .stale_until_ms = 1795254095123,
        .head = {head, sizeof head - 1},
        .body = {body, sizeof body - 1},
    };
    struct arena *arena = arena_create(1024);
    struct bytes text = cache_value_encode(&value, arena);
    struct cache_value back;

    assert_true(cache_value_decode(text, &back));
    check_int("version", (int64_t)back.version, 90412);
    check_int("stored", back.stored_at_ms, value.stored_at_ms);
    check_int("fresh", back.fresh_until_ms, value.fresh_until_ms);
    check_int("stale", back.stale_until_ms, value.stale_until_ms);
    check_int("bytes of the head", (int64_t)back.head.size, (int64_t)sizeof head - 1);
    assert_memory_equal(back.head.data, head, sizeof head - 1);
    check_int("bytes", (int64_t)back.body.size, (int64_t)sizeof body - 1);
    assert_memory_equal(back.body.data, body, sizeof body - 1);
    arena_destroy(arena);
}

static const struct {
    const char *name, *text;
} bad[] = {
    {"nothing",                    ""                                     },
    {"the format before this one", "TM1 1 2 3 4 1\nx"                     },
    {"another format",             "TM3 1 2 3 4 0 1\nx"                   },
    {"cut in the line",            "TM2 1 2 3"                            },
    {"cut in the head",            "TM2 1 2 3 4 5 0\nabcd"                },
    {"cut in the body",            "TM2 1 2 3 4 0 5\nabcd"                },
    {"too much of a body",         "TM2 1 2 3 4 0 5\nabcdef"              },
    {"a head as long as both",     "TM2 1 2 3 4 6 5\nabcdef"              },
    {"a sign",                     "TM2 -1 2 3 4 0 1\nx"                  },
    {"two blanks",                 "TM2 1  2 3 4 0 1\nx"                  },
    {"a number that does not fit", "TM2 99999999999999999999 2 3 4 0 1\nx"},
};

static void
anything_else_is_no_value(void **state)
{
    struct cache_value value;

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        check_false(bad[i].name,
                    cache_value_decode((struct bytes){bad[i].text, strlen(bad[i].text)}, &value));
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
