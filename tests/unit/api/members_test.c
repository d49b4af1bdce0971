#include "api/answer/members.h"

#include "api/cache/freshness.h"
#include "unit/check.h"

static const struct member members[] = {
    {"name",  MEMBER_TEXT   },
    {"price", MEMBER_DECIMAL},
    {"count", MEMBER_NUMBER },
    {"at",    MEMBER_MOMENT },
    {"final", MEMBER_TRUTH  },
};

#define CELL(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

static const struct {
    const char *name, *json, *strings, *csv;
    struct bytes cells[COUNT_OF(members)];
} rows[] = {
    {"every kind",
     "{\"name\":\"Bitcoin\",\"price\":0.100,\"count\":3,\"at\":\"2026-11-21T08:41:05.123Z\","
     "\"final\":true}",                                                                             "{\"name\":\"Bitcoin\",\"price\":\"0.100\",\"count\":3,\"at\":\"2026-11-21T08:41:05.123Z\","
     "\"final\":true}",                                                                                                                                  "Bitcoin,0.100,3,2026-11-21T08:41:05.123Z,true\r\n",
     {CELL("Bitcoin"), CELL("0.100"), CELL("3"), CELL("1795250465123"), CELL("t")}                                                                                                                                                                                                                                   },
    {"nothing at all",
     "{\"name\":null,\"price\":null,\"count\":null,\"at\":null,\"final\":null}",                    "{\"name\":null,\"price\":null,\"count\":null,\"at\":null,\"final\":null}",
     ",,,,\r\n",                                                                                                                                                                                                                                                        {NOTHING, NOTHING, NOTHING, NOTHING, NOTHING}},
    {"foreign text that a spreadsheet would calculate, with commas and quotes",
     "{\"name\":\"=1+\\\"2\\\",\\n\",\"price\":-1,\"count\":[\"a\",\"b\"],\"at\":\"1970-01-01T00:"
     "00:00.000Z\",\"final\":false}",                                                               "{\"name\":\"=1+\\\"2\\\",\\n\",\"price\":\"-1\",\"count\":[\"a\",\"b\"],\"at\":\"1970-01-"
     "01T00:00:00.000Z\",\"final\":false}",                                                                                                "\"'=1+\"\"2\"\",\n\",-1,\"[\"\"a\"\",\"\"b\"\"]\",1970-01-01T00:00:00.000Z,false\r\n",
     {CELL("=1+\"2\",\n"), CELL("-1"), CELL("[\"a\",\"b\"]"), CELL("0"), CELL("f")}                                                                                                                                                                                                                                  },
    {"an empty text is not an unknown one",
     "{\"name\":\"\",\"price\":1,\"count\":1,\"at\":\"1970-01-01T00:00:00.001Z\",\"final\":false}", "{\"name\":\"\",\"price\":\"1\",\"count\":1,\"at\":\"1970-01-01T00:00:00.001Z\",\"final\":"
     "false}",                                                               "\"\",1,1,1970-01-01T00:00:00.001Z,false\r\n",
     {CELL(""), CELL("1"), CELL("1"), CELL("1"), CELL("f")}                                                                                                                                                                                                                                                          },
};

static void
a_row_is_the_same_in_each_form(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *wanted[] = {rows[i].json, rows[i].strings, rows[i].csv};

        for (enum members_form form = MEMBERS_JSON; form <= MEMBERS_CSV; form++) {
            struct arena *arena = arena_create(1024);
            struct text text;

            text_init(&text, arena, 64);
            members_add_cells(&text, form, members, COUNT_OF(members), rows[i].cells);
            check_string(rows[i].name, text_finish(&text).data, wanted[form]);
            arena_destroy(arena);
        }
    }
}

static void
a_row_tells_how_fresh_it_is(void **state)
{
    static const struct member fresh[] = {
        {"age_seconds", MEMBER_AGE  },
        {"stale",       MEMBER_STALE},
    };
    static const struct bytes cells[][2] = {
        {CELL("58000"), CELL("60001")},
        {CELL("58000"), CELL("60000")},
        {NOTHING,       NOTHING      },
    };
    static const char *const wanted[][2] = {
        {"{\"age_seconds\":2,\"stale\":false}",    "2,false\r\n"},
        {"{\"age_seconds\":2,\"stale\":true}",     "2,true\r\n" },
        {"{\"age_seconds\":null,\"stale\":false}", ",\r\n"      },
    };

    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        for (size_t csv = 0; csv < 2; csv++) {
            struct arena *arena = arena_create(1024);
            struct freshness freshness;
            struct text text;

            freshness_start(&freshness, arena, NULL, 60000);
            text_init(&text, arena, 64);
            members_add_fresh_cells(&freshness, &text, csv ? MEMBERS_CSV : MEMBERS_JSON, fresh, 2,
                                    cells[i]);
            check_string("row", text_finish(&text).data, wanted[i][csv]);
            arena_destroy(arena);
        }
    }
}

static void
the_first_line_of_csv_names_the_columns(void **state)
{
    struct arena *arena = arena_create(1024);
    struct text text;

    text_init(&text, arena, 64);
    members_add_names(&text, members, COUNT_OF(members));
    assert_string_equal(text_finish(&text).data, "name,price,count,at,final\r\n");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_the_same_in_each_form),
        cmocka_unit_test(a_row_tells_how_fresh_it_is),
        cmocka_unit_test(the_first_line_of_csv_names_the_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
