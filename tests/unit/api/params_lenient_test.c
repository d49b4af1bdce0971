#include "api/params/params_lenient.h"

#include "common/text.h"
#include "unit/check.h"

static const struct param declared[] = {
    {"id",  PARAM_ASSET, 0, 0, NULL, NULL, true, ""},
    {"page",    PARAM_INTEGER, 1, 100, NULL, NULL, false, ""},
    {"days", PARAM_DAYS, 1, 7300, NULL, NULL, false, ""},
    {"interval", PARAM_CHOICE, 0, 0, "hourly|daily", NULL, false, ""},
    {0    },
};

/* The query of "/coins/{id}" with bitcoin in its path, softened, as a query again. */
static const struct {
    const char *name, *query, *want;
} rows[] = {
    {"the path alone",                     "",                               "id=bitcoin"               },
    {"unknown parameters",                 "x=1&page=2&x_cg_demo_api_key=3", "id=bitcoin&page=2"        },
    {"the path's parameter in the query",  "id=ethereum",                    "id=bitcoin"               },
    {"of several the last one",            "page=1&page=2",                  "id=bitcoin&page=2"        },
    {"no value is no parameter",           "page=&days",                     "id=bitcoin"               },
    {"a last one without a value is none", "page=7&page=",                   "id=bitcoin&page=7"        },
    {"spaces around a value",              "page=+5%20",                     "id=bitcoin&page=5"        },
    {"choices in any case",                "interval=Daily",                 "id=bitcoin&interval=daily"},
    {"a number above its bounds",          "page=101",                       "id=bitcoin&page=100"      },
    {"a number far above them",            "page=99999999999999999999999",   "id=bitcoin&page=100"      },
    {"a number below them",                "page=-3",                        "id=bitcoin&page=1"        },
    {"zeros in front",                     "page=007",                       "id=bitcoin&page=7"        },
    {"what is no number stays what it is", "page=1x",                        "id=bitcoin&page=1x"       },
    {"more days than there are",           "days=99999",                     "id=bitcoin&days=max"      },
    {"max in capitals",                    "days=MAX",                       "id=bitcoin&days=max"      },
    {"no days stay none, to be refused",   "days=0",                         "id=bitcoin&days=0"        },
};

static const char *
soften(const char *query, struct arena *arena)
{
    static const struct http_param capture = {
        {"id",      2},
        {"bitcoin", 7}
    };
    const char *text = arena_printf(arena, "/x?%s", query);
    struct http_target *target = arena_alloc(arena, sizeof *target);
    const struct http_refusal *refusal;
    struct http_param given[HTTP_PARAMS_MAX + 1];
    struct text out;
    size_t count;

    if (!http_target_parse((struct bytes){text, strlen(text)}, NULL, arena, target, &refusal))
        return refusal->code;
    count = params_make_lenient(declared, &capture, 1, target->params, target->param_count, arena,
                                given);
    text_init(&out, arena, 64);
    for (size_t i = 0; i < count; i++) {
        text_add_string(&out, i > 0 ? "&" : "");
        text_add(&out, given[i].name.data, given[i].name.size);
        text_add_char(&out, '=');
        text_add(&out, given[i].value.data, given[i].value.size);
    }
    return text_finish(&out).data;
}

static void
what_others_send_becomes_what_the_check_takes(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_string(rows[i].name, soften(rows[i].query, arena), rows[i].want);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_send_becomes_what_the_check_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
