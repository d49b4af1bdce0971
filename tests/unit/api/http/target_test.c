#include "api/http/target.h"

#include "common/text.h"
#include "unit/check.h"

#include <stdio.h>

/* "path ? name=value & name=value ! duplicate", or the code of the refusal. */
static const char *
describe(struct arena *arena, const char *data, size_t size, const char *doubling_prefix)
{
    struct http_target target;
    const struct http_refusal *refusal = NULL;
    struct text text;

    if (!http_target_parse((struct bytes){data, size}, doubling_prefix, arena, &target, &refusal))
        return refusal->code;
    text_init(&text, arena, 64);
    text_add(&text, target.path.data, target.path.size);
    for (size_t i = 0; i < target.param_count; i++) {
        text_add_string(&text, i ? " & " : " ? ");
        text_add(&text, target.params[i].name.data, target.params[i].name.size);
        text_add_char(&text, '=');
        text_add(&text, target.params[i].value.data, target.params[i].value.size);
    }
    if (target.duplicate) {
        text_add_string(&text, " ! ");
        text_add(&text, target.duplicate->name.data, target.duplicate->name.size);
    }
    return text_finish(&text).data;
}

static const struct {
    const char *name, *target, *want;
} rows[] = {
    {"the root",                                 "/",                      "/"                       },
    {"a path",                                   "/api/v1/prices/BTC-USD", "/api/v1/prices/BTC-USD"  },
    {"a slash at the end stays",                 "/api/",                  "/api/"                   },
    {"dots within segments",                     "/a.b/..c/.d/...",        "/a.b/..c/.d/..."         },
    {"escapes in a path",                        "/a%20b/%41%c3%a4",       "/a b/A\xc3\xa4"          },
    {"a plus in a path is a plus",               "/a+b",                   "/a+b"                    },
    {"reserved characters of a path",            "/~a!$&'()*+,;=:@_-",     "/~a!$&'()*+,;=:@_-"      },
    {"the asterisk",                             "*",                      "*"                       },
    {"parameters in order",                      "/p?b=1&a=2",             "/p ? b=1 & a=2"          },
    {"a plus in a query is a space",             "/p?a=b+c%2B",            "/p ? a=b c+"             },
    {"escapes in names",                         "/p?%61%5B%5D=1",         "/p ? a[]=1"              },
    {"no value",                                 "/p?a&b=",                "/p ? a= & b="            },
    {"an equals sign in a value",                "/p?a=b=c",               "/p ? a=b=c"              },
    {"slashes and question marks in a query",    "/p?a=/../?",             "/p ? a=/../?"            },
    {"an empty query",                           "/p?",                    "/p"                      },
    {"empty pairs",                              "/p?&a=1&&b=2&",          "/p ? a=1 & b=2"          },
    {"what browsers leave unescaped in queries", "/p?a={[|]}^`\\",         "/p ? a={[|]}^`\\"        },
    {"a duplicate is reported",                  "/p?a=1&b=2&a=3",         "/p ? a=1 & b=2 & a=3 ! a"},
    {"a duplicate is found behind its escape",   "/p?ab=1&%61b=2",         "/p ? ab=1 & ab=2 ! ab"   },
    {"names have a case",                        "/p?a=1&A=2",             "/p ? a=1 & A=2"          },
    {"two slashes at the start",                 "//evil/p",               "http.target"             },
    {"two slashes within",                       "/a//b",                  "http.target"             },
    {"two slashes at the end",                   "/a//",                   "http.target"             },
    {"a dot segment",                            "/a/./b",                 "http.target"             },
    {"a dot segment at the end",                 "/a/.",                   "http.target"             },
    {"a parent segment",                         "/a/../b",                "http.target"             },
    {"a parent segment in escapes",              "/a/%2e%2E/b",            "http.target"             },
    {"an escaped slash",                         "/a%2Fb",                 "http.target"             },
    {"an escaped backslash",                     "/a%5cb",                 "http.target"             },
    {"a backslash",                              "/a\\b",                  "http.target"             },
    {"%00 in a path",                            "/a%00",                  "http.target"             },
    {"%00 in a query",                           "/a?b=%00",               "http.target"             },
    {"a control character in a query",           "/a?b=%0a",               "http.target"             },
    {"DEL",                                      "/a?b=%7f",               "http.target"             },
    {"a C1 control character",                   "/a?b=%c2%85",            "http.target"             },
    {"an escape that is cut off",                "/a%4",                   "http.target"             },
    {"an escape of one percent sign",            "/a?b=%",                 "http.target"             },
    {"an escape that is not hexadecimal",        "/a?b=%4g",               "http.target"             },
    {"not UTF-8",                                "/a?b=%ff",               "http.target"             },
    {"an overlong form",                         "/a?b=%c0%af",            "http.target"             },
    {"a surrogate",                              "/a?b=%ed%a0%80",         "http.target"             },
    {"a character cut off",                      "/a?b=%e2%82",            "http.target"             },
    {"a fragment in the path",                   "/a#b",                   "http.target"             },
    {"a fragment in the query",                  "/a?b#c",                 "http.target"             },
    {"a quote in a path",                        "/a\"b",                  "http.target"             },
    {"a parameter without a name",               "/a?=b",                  "http.target"             },
    {"no slash at the start",                    "a",                      "http.target"             },
    {"nothing",                                  "",                       "http.target"             },
    {"only a query",                             "?a=b",                   "http.target"             },
};

static void
test_rows(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        /* A copy that ends exactly lets the sanitizer see a read past it. */
        size_t size = strlen(rows[i].target);
        char *copy = malloc(size ? size : 1);

        memcpy(copy, rows[i].target, size);
        check_string(rows[i].name, describe(arena, copy, size, NULL), rows[i].want);
        free(copy);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *target, *want;
} doubled[] = {
    {"where it may, one slash is as good as several", "/udf///k//x?y=//", "/udf/k/x ? y=//"},
    {"at the end as well",                            "/udf//",           "/udf/"          },
    {"not in front of it",                            "//udf/x",          "http.target"    },
    {"not elsewhere",                                 "/api//udf",        "http.target"    },
    {"not where it only begins so",                   "/udfs//x",         "http.target"    },
    {"dot segments stay refused",                     "/udf//../x",       "http.target"    },
};

static void
test_doubled_slashes(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(doubled); i++)
        check_string(doubled[i].name,
                     describe(arena, doubled[i].target, strlen(doubled[i].target), "/udf"),
                     doubled[i].want);
    arena_destroy(arena);
}

static void
test_parameter_count(void **state)
{
    struct arena *arena = arena_create(1024);
    const struct http_refusal *refusal = NULL;
    struct http_target target;
    char text[200] = "/p?";

    for (int i = 0; i < HTTP_PARAMS_MAX; i++)
        snprintf(text + strlen(text), 8, "a%d&", i);
    check_true("32 parameters are fine", http_target_parse((struct bytes){text, strlen(text)}, NULL,
                                                           arena, &target, &refusal));
    check_int("all are there", (int64_t)target.param_count, 32);
    strcat(text, "b");
    check_false("33 are too many", http_target_parse((struct bytes){text, strlen(text)}, NULL,
                                                     arena, &target, &refusal));
    check_int("which is the client's fault", refusal->status, 400);
    arena_destroy(arena);
}

static void
test_lookup(void **state)
{
    static const char text[] = "/p?ab=1&a=2&a=3";
    struct arena *arena = arena_create(1024);
    const struct http_refusal *refusal;
    struct http_target target;
    struct bytes value = {0};

    assert_true(
        http_target_parse((struct bytes){text, sizeof text - 1}, NULL, arena, &target, &refusal));
    check_true("a parameter is found", http_target_param(&target, "a", &value));
    check_true("the first one of that very name", value.size == 1 && value.data[0] == '2');
    check_false("one that is not there is not", http_target_param(&target, "b", &value));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_doubled_slashes),
        cmocka_unit_test(test_parameter_count),
        cmocka_unit_test(test_lookup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
