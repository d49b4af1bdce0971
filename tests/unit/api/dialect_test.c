#include "api/dialects/dialect.h"

#include "unit/check.h"

static struct bytes
bytes(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

static const struct {
    const char *name, *path;
    enum dialect want;
} paths[] = {
    {"the root",                             "/",                         DIALECT_NATIVE   },
    {"our own",                              "/api/v1/consensus/bitcoin", DIALECT_NATIVE   },
    {"CoinGecko's base",                     "/api/v3",                   DIALECT_COINGECKO},
    {"a path of CoinGecko's",                "/api/v3/simple/price",      DIALECT_COINGECKO},
    {"one that does not exist",              "/api/v3/nope/nope",         DIALECT_COINGECKO},
    {"a target with a query",                "/api/v3?x=1",               DIALECT_COINGECKO},
    {"what only begins like it",             "/api/v30/ping",             DIALECT_NATIVE   },
    {"another case is another path",         "/API/v3/ping",              DIALECT_NATIVE   },
    {"UDF",                                  "/udf/config",               DIALECT_UDF      },
    {"UDF with a doubled slash",             "/udf//config",              DIALECT_UDF      },
    {"what only begins like UDF",            "/udfs",                     DIALECT_NATIVE   },
    {"the path is not looked for elsewhere", "/x/api/v3/ping",            DIALECT_NATIVE   },
    {"nothing",                              "",                          DIALECT_NATIVE   },
};

static void
a_path_says_which_dialect(void **state)
{
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        check_int(paths[i].name, dialect_of(bytes(paths[i].path)), paths[i].want);
}

#define NOW_MS 1763714465123

static const struct {
    const char *name;
    enum dialect dialect;
    struct problem problem;
    int32_t status;
    const char *head, *body;
} rows[] = {
    {"ours",
     DIALECT_NATIVE,    {400, "parameter.range", "A title", "page: out of range", "page", "\"1 to 9\"", 0, NULL},
     400, NULL,
     "{\"type\":\"about:blank\",\"title\":\"A title\",\"status\":400,\"detail\":\"page: out of "
     "range\","
     "\"instance\":\"/x?page=0\",\"request_id\":\"id\",\"code\":\"parameter.range\","
     "\"parameter\":\"page\",\"allowed\":\"1 to 9\"}\n"            },
    {"UDF",
     DIALECT_UDF,       {404, "route.unknown", "No such path", "GET / lists", NULL, NULL, 0, NULL},
     404, NULL,
     "{\"s\":\"error\",\"errmsg\":\"No such path: GET / lists\"}\n"},
    {"UDF: a symbol that does not exist",
     DIALECT_UDF,       {404, "symbol.unknown", "T", "symbol: nobody trades AGG:X", "symbol", NULL, 0, NULL},
     404, NULL,
     "{\"s\":\"error\",\"errmsg\":\"unknown_symbol\"}\n"           },
    {"CoinGecko: a currency that does not exist",
     DIALECT_COINGECKO, {400, "parameter.unknown", "T", "vs_currency: no currency is called \"x\"", "vs_currency",
      NULL, 0, NULL},
     400, NULL,
     "{\"error\":\"invalid vs_currency\"}\n"                       },
    {"CoinGecko: a coin that does not exist",
     DIALECT_COINGECKO, {404, "parameter.unknown", "T", "id: no asset is called \"x\"", "id", NULL, 0, NULL},
     404, "x-should-retry: false\r\n",
     "{\"error\":\"coin not found\"}\n"                            },
    {"CoinGecko: a parameter that is missing",
     DIALECT_COINGECKO, {400, "parameter.missing", "T", "days: is required", "days", NULL, 0, NULL},
     422, "x-should-retry: false\r\n",
     "{\"error\":\"Missing parameter days\"}\n"                    },
    {"CoinGecko: another bad value names its parameter",
     DIALECT_COINGECKO, {400, "parameter.malformed", "T", "days: not a whole number", "days", NULL, 0, NULL},
     400, NULL,
     "{\"error\":\"days: not a whole number\"}\n"                  },
    {"CoinGecko: a path that does not exist",
     DIALECT_COINGECKO, {404, "route.unknown", "T", "GET / lists", NULL, NULL, 0, NULL},
     404, "x-should-retry: false\r\n",
     "{\"error\":\"Incorrect path. GET / lists what there is\"}\n" },
    {"CoinGecko: the limit",
     DIALECT_COINGECKO, {429, "limit.reached", "T", "60 a minute", NULL, NULL, 7, NULL},
     429, NULL,
     "{\"status\":{\"error_code\":429,\"error_message\":\"You've exceeded the Rate Limit: 60 a "
     "minute\"}}\n"                                                },
    {"CoinGecko: a part is away",
     DIALECT_COINGECKO, {503, "database.away", "The database cannot be asked now", "connect", NULL, NULL, 1, NULL},
     503, NULL,
     "{\"status\":{\"error_code\":503,\"error_message\":\"The database cannot be asked now: "
     "connect\"}}\n"                                               },
    {"CoinGecko: no key",
     DIALECT_COINGECKO, {401, "access.no_key", "This path wants a key", "send one", NULL, NULL, 0, NULL},
     401, "x-should-retry: false\r\n",
     "{\"error\":{\"status\":{\"timestamp\":\"2025-11-21T08:41:05.123Z\",\"error_code\":10002,"
     "\"error_message\":\"This path wants a key: send one\"}}}\n"  },
    {"CoinGecko: before what is kept",
     DIALECT_COINGECKO, {400, "range.retention", "Too old", "30 days", "from", NULL, 0, NULL},
     401, "x-should-retry: false\r\n",
     "{\"error\":{\"status\":{\"timestamp\":\"2025-11-21T08:41:05.123Z\",\"error_code\":10012,"
     "\"error_message\":\"Too old: 30 days\"}}}\n"                 },
};

static void
a_problem_is_told_in_the_words_of_the_dialect(void **state)
{
    const struct problem_context context = {"id", bytes("/x?page=0"), NOW_MS};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct dialect_manner *manner = dialect_manner(rows[i].dialect);
        const struct problem *problem = &rows[i].problem;
        struct arena *arena = arena_create(1024);
        struct text body;

        text_init(&body, arena, 64);
        manner->tell(problem, &context, &body);
        check_string(rows[i].name, text_finish(&body).data, rows[i].body);
        check_int(rows[i].name, manner->status ? manner->status(problem) : problem->status,
                  rows[i].status);
        check_string(rows[i].name, manner->head ? manner->head(problem) : NULL, rows[i].head);
        arena_destroy(arena);
    }
}

static const struct {
    const char *name, *path, *plain;
} keyed[] = {
    {"a key",                   "/udf/k/abc/config",  "/udf/config"       },
    {"a key and no more",       "/udf/k/abc",         "/udf"              },
    {"a key and a slash",       "/udf/k/abc/",        "/udf/"             },
    {"no key",                  "/udf/config",        "/udf/config"       },
    {"where a key would stand", "/udf/k/",            "/udf/k/"           },
    {"one key only",            "/udf/k/a/k/b/time",  "/udf/k/b/time"     },
    {"a path of another",       "/api/v3/k/abc/ping", "/api/v3/k/abc/ping"},
};

static void
a_key_in_the_path_says_only_who_asks(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(keyed); i++) {
        struct bytes path = {keyed[i].path, strlen(keyed[i].path)};
        struct bytes plain = dialect_plain_path(path, arena);

        check_string(keyed[i].name, arena_copy(arena, plain.data, plain.size), keyed[i].plain);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_which_dialect),
        cmocka_unit_test(a_key_in_the_path_says_only_who_asks),
        cmocka_unit_test(a_problem_is_told_in_the_words_of_the_dialect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
