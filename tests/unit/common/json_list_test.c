#include "common/json_list.h"

#include "unit/check.h"

#include <stdio.h>

/* What a list has, as "a|b|c", or the error's code. */
static const char *
read_list(const char *text, size_t size, const char *member, struct arena *arena)
{
    char *copy = malloc(size ? size : 1); /* the sanitizer sees who reads on */
    const struct json *element;
    struct json_list list;
    struct error err = {0};
    struct text got;
    const char *answer;

    memcpy(copy, text, size);
    text_init(&got, arena, 64);
    if (json_list_open(&list, arena, (struct bytes){copy, size}, &json_limits_payload, member,
                       &err)) {
        while (json_list_next(&list, &element, &err)) {
            text_add_string(&got, list.count > 1 ? "|" : "");
            json_print(element, &got);
        }
    }
    answer = err.kind == ERROR_NONE ? text_finish(&got).data : err.code;
    free(copy);
    return answer;
}

static void
lists_are_read_one_by_one(void **state)
{
    static const struct {
        const char *name, *text, *member, *want;
    } rows[] = {
        {"nothing in it",                  " [ ] ",                                     NULL, ""                  },
        {"values of all kinds",            "[1 , \"a\",null,{\"b\":[2,{}]},[[]],true]", NULL,
         "1|\"a\"|null|{\"b\":[2,{}]}|[[]]|true"                                                                  },
        {"brackets and quotes in strings", "[\"],}{[\",\"\\\"]\\\\\"]",                 NULL,
         "\"],}{[\"|\"\\\"]\\\\\""                                                                                },
        {"a member",                       "{\"a\":[1],\"b\" : [2,3] ,\"c\":{}}",       "b",  "2|3"               },
        {"the last member",                "{\"a\":\"b\",\"b\":[2]}",                   "b",  "2"                 },
        {"a member of a member is none",   "{\"a\":{\"b\":[1]}}",                       "b",  "json.no_list"      },
        {"a longer name is another",       "{\"bb\":[1]}",                              "b",  "json.no_list"      },
        {"an object where a list must be", "{\"b\":{}}",                                "b",  "json.no_list"      },
        {"a list where an object must be", "[1]",                                       "b",  "json.no_list"      },
        {"no list at all",                 "17",                                        NULL, "json.no_list"      },
        {"a member twice",                 "{\"b\":[1],\"b\":[2]}",                     "b",  "json.duplicate_key"},
        {"a key twice in an element",      "[{\"a\":1},{\"a\":1,\"a\":2}]",             NULL, "json.duplicate_key"},
        {"an error behind the list",       "{\"b\":[1],\"c\":01}",                      "b",  "json.malformed"    },
        {"an error in it",                 "[1,2,]",                                    NULL, "json.malformed"    },
        {"an element too deep",            "[[[[[[[[[[1]]]]]]]]]]",                     NULL, "json.too_deep"     },
        {"an empty text",                  "",                                          NULL, "json.malformed"    },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(256);

        check_string(rows[i].name,
                     read_list(rows[i].text, strlen(rows[i].text), rows[i].member, arena),
                     rows[i].want);
        arena_destroy(arena);
    }
}

static void
a_cut_list_is_no_list(void **state)
{
    static const char whole[] = "{\"a\":[{\"b\":1,\"c\":\"\\u00e4\"},-1.5e3,\"x\"],\"d\":null}";
    struct arena *arena = arena_create(256);

    for (size_t size = 0; size < sizeof whole - 1; size++)
        check_string(arena_printf(arena, "%zu bytes of it", size),
                     read_list(whole, size, "a", arena), "json.malformed");
    arena_destroy(arena);
}

/* `before`, a million times "1,", and `after`. */
static struct bytes
million(const char *before, const char *after, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 2000016);
    text_add_string(&text, before);
    for (int i = 0; i < 1000000; i++)
        text_add(&text, "1,", 2);
    text_add_string(&text, after);
    return text_finish(&text);
}

static void
a_list_may_be_long_but_an_element_may_not(void **state)
{
    struct arena *arena = arena_create(256);
    const struct json *element;
    struct json_list list;
    struct error err = {0};

    check_true("a million elements", json_list_open(&list, arena, million("[", "2]", arena),
                                                    &json_limits_payload, NULL, &err));
    while (json_list_next(&list, &element, &err))
        ;
    check_true("to the end", list.ended);
    check_int("each of them", (int64_t)list.count, 1000001);

    check_true("one large element", json_list_open(&list, arena, million("[7,[", "2]]", arena),
                                                   &json_limits_payload, NULL, &err));
    check_true("the one before it", json_list_next(&list, &element, &err));
    check_error("is refused", json_list_next(&list, &element, &err), &err, "json.too_large");
    check_false("and that is no end", list.ended);
    check_contains("it says which", err.message, "element 1");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_one_by_one),
        cmocka_unit_test(a_cut_list_is_no_list),
        cmocka_unit_test(a_list_may_be_long_but_an_element_may_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
