#include "common/text.h"

#include "unit/check.h"

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    const char *want;
} rows[] = {
    {"plain text is quoted",                    "abc",                        3,  "\"abc\""                       },
    {"nothing is an empty string",              "",                           0,  "\"\""                          },
    {"long plain text stays",                   "abcdefghijklmnopqrstuvwxyz", 26, "\"abcdefghijklmnopqrstuvwxyz\""},
    {"quotes and backslashes",                  "a\"b\\c",                    5,  "\"a\\\"b\\\\c\""               },
    {"the short escapes",                       "\b\f\n\r\t",                 5,  "\"\\b\\f\\n\\r\\t\""           },
    {"other control characters",                "\x01\x1f",                   2,  "\"\\u0001\\u001f\""            },
    {"a NUL in the middle",                     "a\0b",                       3,  "\"a\\u0000b\""                 },
    {"UTF-8 stays",                             "\xE2\x82\xAC",               3,  "\"\xE2\x82\xAC\""              },
    {"a broken byte is replaced",
     "a\xFF"
     "b",                                                                     3,
     "\"a\xEF\xBF\xBD"
     "b\""                                                                                                        },
    {"a cut character is replaced once a byte", "\xE2\x82",                   2,  "\"\xEF\xBF\xBD\xEF\xBF\xBD\""  },
    {"an escape behind eight plain",            "12345678\n",                 9,  "\"12345678\\n\""               },
};

static void
strings_become_json(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(64);
        struct text text;

        text_init(&text, arena, 0);
        text_add_json_bytes(&text, rows[i].bytes, rows[i].size);
        check_string(rows[i].name, text_finish(&text).data, rows[i].want);
        arena_destroy(arena);
    }
}

static void
text_of_only_escapes_fits(void **state)
{
    struct arena *arena = arena_create(64);
    char controls[500];
    struct text text;

    memset(controls, 1, sizeof controls);
    text_init(&text, arena, 0);
    text_add_json_bytes(&text, controls, sizeof controls);
    check_int("six characters each and two quotes", (int64_t)text_finish(&text).size,
              6 * sizeof controls + 2);
    arena_destroy(arena);
}

static void
pieces_add_up(void **state)
{
    struct arena *arena = arena_create(64);
    struct text text;
    struct bytes whole;

    text_init(&text, arena, 0);
    text_add_char(&text, '[');
    text_add_int(&text, INT64_MIN);
    text_add_char(&text, ',');
    text_add_int(&text, 0);
    text_add_char(&text, ',');
    text_add_int(&text, INT64_MAX);
    text_add_format(&text, ",%s,%d", "a format longer than what is left of the first block", 7);
    text_add(&text, "", 0);
    text_add_char(&text, ',');
    text_add_json_raw(&text, NULL);
    text_add_json_raw(&text, "1.50");
    text_add_json_nullable(&text, NULL);
    text_add_json_nullable(&text, "x");
    whole = text_finish(&text);
    check_string("all pieces in order", whole.data,
                 "[-9223372036854775808,0,9223372036854775807,"
                 "a format longer than what is left of the first block,7,null1.50null\"x\"");
    check_int("the NUL is not counted", (int64_t)whole.size, (int64_t)strlen(whole.data));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_become_json),
        cmocka_unit_test(text_of_only_escapes_fits),
        cmocka_unit_test(pieces_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
