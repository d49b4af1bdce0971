#include "api/redact.h"

#include "unit/check.h"

static const struct {
    const char *name, *target, *want;
} rows[] = {
    {"nothing to hide",                  "/a/b?c=1&d",                        "/a/b?c=1&d"                    },
    {"a bare question mark",             "/a?",                               "/a?"                           },
    {"a demo key",                       "/p?x_cg_demo_api_key=SECRET&ids=a", "/p?x_cg_demo_api_key=***&ids=a"},
    {"a pro key at the end",             "/p?ids=a&x_cg_pro_api_key=SECRET",  "/p?ids=a&x_cg_pro_api_key=***" },
    {"twice",                            "/p?api_key=A&api_key=B",            "/p?api_key=***&api_key=***"    },
    {"in other letters",                 "/p?X_CG_Demo_Api_Key=SECRET",       "/p?X_CG_Demo_Api_Key=***"      },
    {"escaped",                          "/p?x%5Fcg%5fdemo_api_key=SECRET",   "/p?x%5Fcg%5fdemo_api_key=***"  },
    {"with an equals sign in it",        "/p?api_key=SEC=RET&a=1",            "/p?api_key=***&a=1"            },
    {"a name that only begins like one", "/p?api_keys=1&x_api_key=2",         "/p?api_keys=1&x_api_key=2"     },
    {"a key in a UDF path",              "/udf/k/SECRET/config?x=1",          "/udf/k/***/config?x=1"         },
    {"with doubled slashes",             "/udf//k//SECRET//config",           "/udf//k//***//config"          },
    {"at the end of the path",           "/udf/k/SECRET",                     "/udf/k/***"                    },
    {"in an escaped path",               "/%75df/%6b/SECRET/config",          "/%75df/%6b/***/config"         },
    {"UDF without a key",                "/udf/config",                       "/udf/config"                   },
    {"UDF with an empty one",            "/udf/k/",                           "/udf/k/"                       },
    {"nothing",                          "",                                  ""                              },
};

static void
keys_do_not_show(void **state)
{
    char text[256];

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_string(rows[i].name,
                     redact_target((struct bytes){rows[i].target, strlen(rows[i].target)}, text,
                                   sizeof text),
                     rows[i].want);
}

static void
what_is_too_long_is_cut(void **state)
{
    static const char target[] = "/p?api_key=SECRET&a=1";
    char text[13];

    check_string("cut", redact_target((struct bytes){target, sizeof target - 1}, text, sizeof text),
                 "/p?api_key=*");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_do_not_show),
        cmocka_unit_test(what_is_too_long_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
