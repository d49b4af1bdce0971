#include "common/json.h"

#include "unit/check.h"

#include <stdio.h>

#define DIGITS_64 "1234567890123456789012345678901234567890123456789012345678901234"

/* One row: what json_print() writes of it, or the code it is refused with. */
static const struct {
    const char *name, *text, *want, *code;
} rows[] = {
    {"a number keeps its text",         "0.1234567890123456789",                   "0.1234567890123456789",         NULL                },
    {"a large integer keeps its text",  "12345678901234567890",                    "12345678901234567890",          NULL                },
    {"trailing zeros stay",             "[1.500]",                                 "[1.500]",                       NULL                },
    {"exponents stay",                  "[1E5,1e+5,-1.0e-5]",                      "[1E5,1e+5,-1.0e-5]",            NULL                },
    {"blanks go",                       " { \"a\" : [ 1 , 2 ] ,\t\"b\":\n{ }\r} ", "{\"a\":[1,2],\"b\":{}}",        NULL                },
    {"the words",                       "[true,false,null]",                       "[true,false,null]",             NULL                },
    {"empty containers",                "[[],{},[[]]]",                            "[[],{},[[]]]",                  NULL                },
    {"a digit string stays a string",   "[\"1\",1]",                               "[\"1\",1]",                     NULL                },
    {"escapes are understood",          "\"\\u0041\\n\\/\"",                       "\"A\\n/\"",                     NULL                },
    {"a surrogate pair is a character", "\"\\ud83d\\ude00\"",                      "\"\xF0\x9F\x98\x80\"",          NULL                },
    {"UTF-8 stays",                     "\"\xE2\x82\xAC\"",                        "\"\xE2\x82\xAC\"",              NULL                },
    {"keys that differ by case",        "{\"a\":1,\"A\":2}",                       "{\"a\":1,\"A\":2}",             NULL                },
    {"same keys in other objects",      "[{\"a\":1},{\"a\":{\"a\":2}}]",           "[{\"a\":1},{\"a\":{\"a\":2}}]",
     NULL                                                                                                                               },
    {"a number of 64 characters",       DIGITS_64,                                 DIGITS_64,                       NULL                },
    {"a number of 65 characters",       DIGITS_64 "5",                             NULL,                            "json.malformed"    },
    {"nothing",                         "",                                        NULL,                            "json.malformed"    },
    {"blanks only",                     "  ",                                      NULL,                            "json.malformed"    },
    {"something behind",                "{} x",                                    NULL,                            "json.malformed"    },
    {"two values",                      "1 2",                                     NULL,                            "json.malformed"    },
    {"a leading zero",                  "01",                                      NULL,                            "json.malformed"    },
    {"a bare point",                    "1.",                                      NULL,                            "json.malformed"    },
    {"a missing whole part",            ".5",                                      NULL,                            "json.malformed"    },
    {"a plus",                          "+1",                                      NULL,                            "json.malformed"    },
    {"a minus alone",                   "-",                                       NULL,                            "json.malformed"    },
    {"an exponent without digits",      "1e+",                                     NULL,                            "json.malformed"    },
    {"not a number",                    "NaN",                                     NULL,                            "json.malformed"    },
    {"a cut word",                      "tru",                                     NULL,                            "json.malformed"    },
    {"a comma at the end of an array",  "[1,]",                                    NULL,                            "json.malformed"    },
    {"a comma at the end of an object", "{\"a\":1,}",                              NULL,                            "json.malformed"    },
    {"a missing comma",                 "[1 2]",                                   NULL,                            "json.malformed"    },
    {"a missing colon",                 "{\"a\" 1}",                               NULL,                            "json.malformed"    },
    {"a missing value",                 "{\"a\":}",                                NULL,                            "json.malformed"    },
    {"a key that is no string",         "{1:1}",                                   NULL,                            "json.malformed"    },
    {"brackets that do not match",      "[1}",                                     NULL,                            "json.malformed"    },
    {"an open array",                   "[1",                                      NULL,                            "json.malformed"    },
    {"an open object",                  "{\"a\":1",                                NULL,                            "json.malformed"    },
    {"an open string",                  "\"abc",                                   NULL,                            "json.malformed"    },
    {"a closing bracket alone",         "]",                                       NULL,                            "json.malformed"    },
    {"single quotes",                   "{'a':1}",                                 NULL,                            "json.malformed"    },
    {"a comment",                       "/**/1",                                   NULL,                            "json.malformed"    },
    {"a byte order mark",               "\xEF\xBB\xBF{}",                          NULL,                            "json.malformed"    },
    {"HTML",                            "<html></html>",                           NULL,                            "json.malformed"    },
    {"a raw newline in a string",       "\"a\nb\"",                                NULL,                            "json.malformed"    },
    {"an unknown escape",               "\"\\x41\"",                               NULL,                            "json.malformed"    },
    {"a cut escape",                    "\"\\",                                    NULL,                            "json.malformed"    },
    {"\\u with three digits",           "\"\\u041\"",                              NULL,                            "json.malformed"    },
    {"an escaped NUL",                  "\"a\\u0000b\"",                           NULL,                            "json.encoding"     },
    {"our own mark, escaped",           "\"\\u0001\"",                             NULL,                            "json.encoding"     },
    {"our own mark, raw",               "\"\x01\"",                                NULL,                            "json.malformed"    },
    {"a high surrogate alone",          "\"\\ud83d\"",                             NULL,                            "json.encoding"     },
    {"a low surrogate alone",           "\"\\ude00\"",                             NULL,                            "json.encoding"     },
    {"broken UTF-8",                    "\"\xC3\"",                                NULL,                            "json.encoding"     },
    {"broken UTF-8 in a long string",   "\"abcdefghi\xFFjklmnopq\"",               NULL,                            "json.encoding"     },
    {"a key twice",                     "{\"a\":1,\"b\":2,\"a\":3}",               NULL,                            "json.duplicate_key"},
    {"a key twice, once escaped",       "{\"a\":1,\"\\u0061\":3}",                 NULL,                            "json.duplicate_key"},
    {"a key twice deep inside",         "[[{\"x\":{\"a\":1,\"a\":1}}]]",           NULL,                            "json.duplicate_key"},
};

static void
texts_are_read_strictly(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(256);
        const struct json *tree = NULL;
        struct error err = {0};
        struct bytes bytes = {rows[i].text, strlen(rows[i].text)};
        bool ok = json_parse(arena, bytes, &json_limits_payload, &tree, &err);
        struct text text;

        check_error(rows[i].name, ok, &err, rows[i].code);
        if (ok) {
            text_init(&text, arena, 0);
            json_print(tree, &text);
            check_string(rows[i].name, text_finish(&text).data, rows[i].want);
        }
        arena_destroy(arena);
    }
}

static const struct json *
parse(struct arena *arena, const char *text)
{
    const struct json *tree = NULL;
    struct error err = {0};
    bool ok =
        json_parse(arena, (struct bytes){text, strlen(text)}, &json_limits_message, &tree, &err);

    check_error(text, ok, &err, NULL);
    return tree;
}

static void
kinds_are_told_apart(void **state)
{
    struct arena *arena = arena_create(256);
    const struct json *tree = parse(arena, "{\"number\":1.50,\"string\":\"1.50\",\"empty\":\"\","
                                           "\"null\":null,\"yes\":true,\"array\":[1,2,3]}");

    check_string("a number is no string", json_string(json_get(tree, "number")), NULL);
    check_string("a number's text", json_number(json_get(tree, "number")), "1.50");
    check_string("a string is no number", json_number(json_get(tree, "string")), NULL);
    check_string("a string's text", json_string(json_get(tree, "string")), "1.50");
    check_string("an empty string is a string", json_string(json_get(tree, "empty")), "");
    check_true("null is null", json_is_null(json_get(tree, "null")));
    check_false("a missing key is not null", json_is_null(json_get(tree, "missing")));
    check_false("nor anything else", json_is_object(NULL) || json_is_array(NULL) ||
                                         json_is_string(NULL) || json_is_number(NULL) ||
                                         json_is_bool(NULL) || json_is_true(NULL));
    check_true("true is a bool", json_is_bool(json_get(tree, "yes")));
    check_true("and true", json_is_true(json_get(tree, "yes")));
    check_true("keys are exact", json_get(tree, "Number") == NULL);
    check_true("an array has no members by name", json_get(json_get(tree, "array"), "0") == NULL);
    check_int("members are counted", (int64_t)json_count(json_get(tree, "array")), 3);
    check_string("children know their names", json_key(json_first(tree)), "number");
    check_string("and follow each other", json_key(json_next(json_first(tree))), "string");
    arena_destroy(arena);
}

static const struct {
    const char *name, *text;
    bool want_ok;
    int64_t want;
} integer_rows[] = {
    {"zero",                   "0",                    true,  0        },
    {"minus zero",             "-0",                   true,  0        },
    {"the largest",            "9223372036854775807",  true,  INT64_MAX},
    {"the smallest",           "-9223372036854775808", true,  INT64_MIN},
    {"one more is refused",    "9223372036854775808",  false, 0        },
    {"one less is refused",    "-9223372036854775809", false, 0        },
    {"a fraction is refused",  "1.0",                  false, 0        },
    {"an exponent is refused", "1e3",                  false, 0        },
    {"a string is refused",    "\"1\"",                false, 0        },
};

static void
integers_fit_or_are_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(integer_rows); i++) {
        struct arena *arena = arena_create(256);
        int64_t got = 0;
        bool ok = json_integer(parse(arena, integer_rows[i].text), &got);

        check_int(integer_rows[i].name, ok, integer_rows[i].want_ok);
        if (ok)
            check_int(integer_rows[i].name, got, integer_rows[i].want);
        arena_destroy(arena);
    }
}

static const struct {
    const char *name, *text;
    struct json_limits limits;
    const char *code;
} limit_rows[] = {
    {"as many bytes as allowed",        "[1,2]",           {5, 8, 8},  NULL                  },
    {"one byte more",                   "[1,2]",           {4, 8, 8},  "json.too_large"      },
    {"as deep as allowed",              "[[1]]",           {99, 2, 8}, NULL                  },
    {"one bracket deeper",              "[[[1]]]",         {99, 2, 8}, "json.too_deep"       },
    {"beside each other is not deep",   "[[],[],[]]",      {99, 2, 8}, NULL                  },
    {"keys and values up to the limit", "{\"a\":[1,2]}",   {99, 8, 5}, NULL                  },
    {"one more than allowed",           "{\"a\":[1,2,3]}", {99, 8, 5}, "json.too_many_tokens"},
};

static void
limits_hold(void **state)
{
    for (size_t i = 0; i < COUNT_OF(limit_rows); i++) {
        struct arena *arena = arena_create(256);
        const struct json *tree;
        struct error err = {0};
        struct bytes bytes = {limit_rows[i].text, strlen(limit_rows[i].text)};
        bool ok = json_parse(arena, bytes, &limit_rows[i].limits, &tree, &err);

        check_error(limit_rows[i].name, ok, &err, limit_rows[i].code);
        arena_destroy(arena);
    }
}

static void
a_million_brackets_are_refused_quickly(void **state)
{
    struct arena *arena = arena_create(256);
    size_t size = 1000000;
    char *deep = malloc(size);
    const struct json *tree;
    struct error err = {0};
    bool ok;

    memset(deep, '[', size);
    ok = json_parse(arena, (struct bytes){deep, size}, &json_limits_payload, &tree, &err);
    check_error("depth 10^6", ok, &err, "json.too_deep");
    check_contains("the place is named", err.message, "at byte 32");
    free(deep);
    arena_destroy(arena);
}

/* An object of `count` keys, the last of which is `last`. */
static const char *
many_keys(struct arena *arena, int count, const char *last)
{
    struct text text;

    text_init(&text, arena, 4096);
    text_add_char(&text, '{');
    for (int i = 0; i < count - 1; i++)
        text_add_format(&text, "\"key%d\":%d,", i, i);
    text_add_format(&text, "\"%s\":0}", last);
    return text_finish(&text).data;
}

static void
objects_of_any_size_have_no_key_twice(void **state)
{
    static const int counts[] = {2, 26, 63, 64, 65, 66, 1000};

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct arena *arena = arena_create(4096);
        const char *good = many_keys(arena, counts[i], "last");
        const char *bad = many_keys(arena, counts[i], "key0");
        const struct json *tree;
        struct error err = {0};
        char name[64];

        snprintf(name, sizeof name, "%d keys", counts[i]);
        check_true(name, json_parse(arena, (struct bytes){good, strlen(good)}, &json_limits_message,
                                    &tree, &err));
        check_error(
            name,
            json_parse(arena, (struct bytes){bad, strlen(bad)}, &json_limits_message, &tree, &err),
            &err, "json.duplicate_key");
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_strictly),
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(integers_fit_or_are_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_million_brackets_are_refused_quickly),
        cmocka_unit_test(objects_of_any_size_have_no_key_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
