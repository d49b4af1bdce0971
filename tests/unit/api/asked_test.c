#include "api/params/asked.h"

#include "api/answer/paging.h"
#include "api/routes.h"
#include "unit/check.h"

/* A list that is paged and whose window is settled: `until` beyond now is no bound. */
static const struct param declared[] = {
    {"until", PARAM_INTEGER, 0, 1000000, NULL, NULL, false, ""},
    {"limit",      PARAM_INTEGER, 1, 100, NULL, "50", false, ""},
    {"format",   PARAM_FORMAT, 0, 0, "json|csv", NULL, false, ""},
    {"cursor",  PARAM_CURSOR, 0, 0, NULL, NULL, false, ""},
    {0      },
};

enum { NOW_MS = 5000 };

static void
settle(struct params *params, int64_t now_ms, struct arena *arena)
{
    const struct param_value *until = params_get(params, "until");

    if (until->given && until->integer >= now_ms)
        params_settle(params, "until", NULL, 0);
}

static bool
refuse_zero(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    const struct param_value *until = params_get(params, "until");

    if (!until->given || until->integer > 0)
        return true;
    problem_set(ret_problem, 400, "parameter.range", "", "until: %s", "nothing is before");
    return false;
}

static const struct reading reading = {.check = refuse_zero, .settle = settle};
static const struct route route = {
    .methods = ROUTE_READ, .path = "/things", .reading = &reading, .params = declared};

struct answer {
    struct arena *arena;
    struct catalog *catalog;
    struct params params;
    struct problem problem;
};

static void
begin(struct answer *answer)
{
    const struct catalog_names names = {.cursor_key = "a key"};

    answer->arena = arena_create(4096);
    answer->catalog = catalog_create(&names);
}

static void
end(struct answer *answer)
{
    catalog_release(answer->catalog);
    arena_destroy(answer->arena);
}

/* NULL for what is not given. */
static bool
ask(struct answer *answer, const char *until, const char *cursor, const char *accept)
{
    const char *const texts[][2] = {
        {"until",  until },
        {"cursor", cursor},
    };
    struct http_param given[COUNT_OF(texts)];
    struct asked asked = {
        &route, given, 0, {accept, strlen(accept)},
           answer->catalog, NOW_MS
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i][1])
            given[asked.given_count++] = (struct http_param){
                {texts[i][0], strlen(texts[i][0])},
                {texts[i][1], strlen(texts[i][1])}
            };
    }
    return asked_check(&asked, answer->arena, &answer->params, &answer->problem);
}

static const struct {
    const char *name, *first_until, *then_until;
    bool goes_on;
} rows[] = {
    {"the same words",                    "4000", "4000", true },
    {"words that are settled",            "9000", "9000", true },
    {"other words that come to the same", "9000", "8000", true },
    {"and so does saying nothing",        "9000", NULL,   true },
    {"words that come to something else", "9000", "4000", false},
};

static void
a_cursor_is_of_what_its_page_was_told_with(void **state)
{
    static const char *const values[] = {"last"};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct answer answer;
        const char *cursor;

        begin(&answer);
        check_true(rows[i].name, ask(&answer, rows[i].first_until, NULL, ""));
        cursor = paging_cursor(&answer.params, values, COUNT_OF(values), answer.arena);
        check_int(rows[i].name, ask(&answer, rows[i].then_until, cursor, ""), rows[i].goes_on);
        if (rows[i].goes_on)
            check_string(rows[i].name, params_get(&answer.params, "cursor")->items[0], "last");
        else
            check_string(rows[i].name, answer.problem.code, "cursor.invalid");
        end(&answer);
    }
}

static const struct {
    const char *name, *until, *cursor, *accept, *code;
} refused[] = {
    {"a value out of bounds",            "2000000", NULL, "",          "parameter.range"      },
    {"a form that there is not",         NULL,      NULL, "image/png", "format.not_acceptable"},
    {"what values are together",         "0",       NULL, "",          "parameter.range"      },
    {"a cursor that no page ended with", NULL,      "x",  "",          "cursor.invalid"       },
};

static void
what_cannot_be_used_is_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct answer answer;

        begin(&answer);
        check_false(refused[i].name,
                    ask(&answer, refused[i].until, refused[i].cursor, refused[i].accept));
        check_string(refused[i].name, answer.problem.code, refused[i].code);
        end(&answer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_is_of_what_its_page_was_told_with),
        cmocka_unit_test(what_cannot_be_used_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
