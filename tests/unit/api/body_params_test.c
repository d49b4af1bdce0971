#include "api/params/body_params.h"

#include "common/text.h"

#include "unit/check.h"

static struct bytes
bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

static const struct {
    const char *name, *media_type;
    bool taken;
} types[] = {
    {"JSON",                           "application/json",                    true },
    {"in any case",                    "Application/JSON",                    true },
    {"with the charset it has anyway", "application/json; charset=UTF-8",     true },
    {"the same in quotes",             "application/json ;charset=\"utf-8\"", true },
    {"with a parameter of its own",    "application/json; profile=x",         true },
    {"a type that is JSON underneath", "application/vnd.tidemark+json",       true },
    {"none",                           "",                                    false},
    {"a suffix alone",                 "+json",                               false},
    {"another charset",                "application/json; charset=latin1",    false},
    {"a form",                         "application/x-www-form-urlencoded",   false},
    {"what begins as JSON does",       "application/json5",                   false},
};

static void
types_are_told_apart(void **state)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        check_int(types[i].name, body_params_takes(bytes_of(types[i].media_type)), types[i].taken);
}

static const struct {
    const char *name, *body;
    const char *want; /* "name=value ", of each; NULL = 400 */
} bodies[] = {
    {"an empty object",           "{}",                                   ""                   },
    {"texts and numbers as told", "{\"a\":\"x y\",\"b\":1.50,\"c\":1e3}", "a=x y b=1.50 c=1e3 "},
    {"true and false are texts",  "{\"a\":true,\"b\":false}",             "a=true b=false "    },
    {"null is not given",         "{\"a\":null,\"b\":\"\"}",              "b= "                },
    {"half an object",            "{\"a\":1",                             NULL                 },
    {"a member twice",            "{\"a\":1,\"a\":2}",                    NULL                 },
    {"a list",                    "[]",                                   NULL                 },
    {"a number",                  "5",                                    NULL                 },
    {"an object inside",          "{\"a\":{}}",                           NULL                 },
    {"a list inside",             "{\"a\":[1]}",                          NULL                 },
    {"a member without a name",   "{\"\":1}",                             NULL                 },
    {"nothing but blanks",        "  ",                                   NULL                 },
};

static void
bodies_are_flat_objects(void **state)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena *arena = arena_create(4096);
        struct http_param params[HTTP_PARAMS_MAX];
        struct problem problem = {.status = 0};
        struct text got;
        size_t count = 0;
        bool taken = body_params_parse(bytes_of(bodies[i].body), arena, params, &count, &problem);

        text_init(&got, arena, 64);
        for (size_t k = 0; k < count; k++)
            text_add_format(&got, "%.*s=%.*s ", (int)params[k].name.size, params[k].name.data,
                            (int)params[k].value.size, params[k].value.data);
        check_int(bodies[i].name, taken, bodies[i].want != NULL);
        if (taken)
            check_string(bodies[i].name, text_finish(&got).data, bodies[i].want);
        else
            check_int(bodies[i].name, problem.status, 400);
        arena_destroy(arena);
    }
}

static void
no_body_has_more_members_than_a_query_may_have(void **state)
{
    struct arena *arena = arena_create(4096);
    struct http_param params[HTTP_PARAMS_MAX];
    struct problem problem;
    struct text body;
    size_t count;

    text_init(&body, arena, 512);
    text_add_char(&body, '{');
    for (int i = 0; i <= HTTP_PARAMS_MAX; i++)
        text_add_format(&body, "%s\"m%d\":%d", i ? "," : "", i, i);
    text_add_char(&body, '}');
    check_false("one too many",
                body_params_parse(text_finish(&body), arena, params, &count, &problem));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_told_apart),
        cmocka_unit_test(bodies_are_flat_objects),
        cmocka_unit_test(no_body_has_more_members_than_a_query_may_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
