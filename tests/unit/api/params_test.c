#include "api/params/params.h"

#include "api/http/target.h"
#include "common/text.h"

#include "unit/api/small_catalog.h"
#include "unit/check.h"

#include <stdio.h>

static const struct param declared[] = {
    {"page",      PARAM_INTEGER, 1, 100, NULL, "1", false, ""},
    {"days",          PARAM_DAYS, 1, 7300, NULL, NULL, false, ""},
    {"interval",       PARAM_CHOICE, 0, 0, "hourly|daily", NULL, false, ""},
    {"asset",      PARAM_ASSET, 0, 0, NULL, NULL, false, ""},
    {"assets",           PARAM_ASSETS, 1, 3, NULL, NULL, false, ""},
    {"currencies",PARAM_CURRENCIES, 1, 2, NULL, NULL, false, ""},
    {"source",       PARAM_SOURCE, 0, 0, NULL, NULL, false, ""},
    {"symbol",       PARAM_SYMBOL, 1, 5, NULL, NULL, false, ""},
    {"min_cap",         PARAM_DECIMAL, 0, 1000000, NULL, NULL, false, ""},
    {"symbols",  PARAM_SYMBOLS, 1, 2, NULL, NULL, false, ""},
    {0         },
};

static const char *const assets[] = {"ethereum", "bitcoin", "solana", "bitcoin"};

struct outcome {
    bool good;
    struct params params;
    struct problem problem;
};

static void
check_query(const struct param *list, const char *query, struct catalog *catalog,
            struct arena *arena, struct outcome *ret)
{
    char *target = arena_printf(arena, "/x?%s", query);
    struct http_target *parsed = arena_alloc(arena, sizeof *parsed);
    const struct http_refusal *refusal;

    assert_true(
        http_target_parse((struct bytes){target, strlen(target)}, NULL, arena, parsed, &refusal));
    ret->good = params_check(list, parsed->params, parsed->param_count, catalog, arena,
                             &ret->params, &ret->problem);
}

/* ------------------------------------------------------------------------------------------ good
 */

static const struct {
    const char *name, *query, *canonical;
} good_rows[] = {
    {"nothing given: fallbacks only",      "",                                   "page=1:1;"                    },
    {"an integer",                         "page=100",                           "page=3:100;"                  },
    {"days as a number",                   "days=30",                            "page=1:1;days=2:30;"          },
    {"days as max",                        "days=max",                           "page=1:1;days=3:max;"         },
    {"a choice",                           "interval=daily",                     "page=1:1;interval=5:daily;"   },
    {"an asset",                           "asset=bitcoin",                      "page=1:1;asset=7:bitcoin;"    },
    {"names may be written large",         "asset=Bitcoin",                      "page=1:1;asset=7:bitcoin;"    },
    {"lists are sorted, without doubles",  "assets=solana,bitcoin,solana",
     "page=1:1;assets=14:bitcoin,solana;"                                                                       },
    {"an escaped comma is a comma",        "assets=solana%2Cbitcoin",
     "page=1:1;assets=14:bitcoin,solana;"                                                                       },
    {"order in the query does not matter", "source=binance&page=2",              "page=1:2;source=7:binance;"   },
    {"symbols become large",               "symbol=btc",                         "page=1:1;symbol=3:BTC;"       },
    {"tickers of nobody are taken",        "symbols=eth,x.y-z",                  "page=1:1;symbols=9:ETH,X.Y-Z;"},
    {"a decimal keeps its digits",         "min_cap=0.000000012345678901234567",
     "page=1:1;min_cap=26:0.000000012345678901234567;"                                                          },
    {"an exponent is spelled out",         "min_cap=1e3",                        "page=1:1;min_cap=4:1000;"     },
    {"zeros at the end say nothing",       "min_cap=1000.500",                   "page=1:1;min_cap=6:1000.5;"   },
    {"nor does a fraction of none",        "min_cap=0.00",                       "page=1:1;min_cap=1:0;"        },
    {"the bound itself",                   "min_cap=1000000.0",                  "page=1:1;min_cap=7:1000000;"  },
};

static void
good_queries_have_one_canonical_form(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(good_rows); i++) {
        check_query(declared, good_rows[i].query, catalog, arena, &outcome);
        if (!outcome.good)
            fail_msg("%s: %s", good_rows[i].name, outcome.problem.detail);
        check_string(good_rows[i].name, params_canonical(&outcome.params, arena),
                     good_rows[i].canonical);
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

/* ------------------------------------------------------------------------------- lenient kinds */

static const struct param lenient[] = {
    {"ids",          PARAM_IDS, 0, 3, NULL, NULL, false, ""},
    {"symbols",             PARAM_TICKERS, 0, 3, NULL, NULL, false, ""},
    {"names",          PARAM_NAMES, 0, 3, NULL, NULL, false, ""},
    {"codes",         PARAM_KNOWN_CURRENCIES, 0, 3, NULL, NULL, false, ""},
    {"sources",              PARAM_KNOWN_SOURCES, 0, 3, NULL, NULL, false, ""},
    {"periods",PARAM_KNOWN_CHOICES, 0, 3, "1h|24h|7d", NULL, false, ""},
    {"at",             PARAM_SECONDS, 0, 4102444800000, NULL, NULL, false, ""},
    {"words",          PARAM_TEXT, 1, 9, NULL, NULL, false, ""},
    {0           },
};

static const struct {
    const char *name, *query, *canonical, *items;
} lenient_rows[] = {
    {"ids in any case, sorted, each once",          "ids=Ethereum,%20BITCOIN%20,ethereum,,",
     "ids=16:bitcoin,ethereum;",                                                                                    "bitcoin=bitcoin ethereum=ethereum"    },
    {"an id that does not exist",                   "ids=nope,bitcoin",                      "ids=7:bitcoin;",      "bitcoin=bitcoin"                      },
    {"none that exists is still a list",            "ids=nope",                              "ids=1:,;",            ""                                     },
    {"that list once more",                         "ids=,",                                 "ids=1:,;",            ""                                     },
    {"a ticker is what has a price",                "symbols=BTC",                           "symbols=3:btc;",      "bitcoin=btc"                          },
    {"a ticker may be several assets",              "symbols=meta",                          "symbols=4:meta;",
     "meta=meta metadium=meta"                                                                                                                             },
    {"names keep the words of the client",          "names=bitcoin+TOKEN,META",
     "names=18:META,bitcoin TOKEN;",                                                                                "meta=META bitcoin-token=bitcoin TOKEN"},
    {"currencies",                                  "codes=EUR,zzz,btc",                     "codes=7:btc,eur;",    "btc eur"                              },
    {"sources",                                     "sources=nope,BINANCE",                  "sources=7:binance;",  "binance"                              },
    {"choices, none of which is a part of another", "periods=24H,7,7d,1y",                   "periods=6:24h,7d;",
     "24h 7d"                                                                                                                                              },
    {"seconds",                                     "at=1763712000",                         "at=10:1763712000;",   NULL                                   },
    {"seconds with a fraction",                     "at=1763712000.75",                      "at=10:1763712000;",   NULL                                   },
    {"a day",                                       "at=2025-11-21",                         "at=10:1763683200;",   NULL                                   },
    {"a minute of a day",                           "at=2025-11-21T08:00",                   "at=10:1763712000;",   NULL                                   },
    {"a moment as others write it",                 "at=2025-11-21T08:00:00Z",               "at=10:1763712000;",   NULL                                   },
    {"before all time",                             "at=-5",                                 "at=1:0;",             NULL                                   },
    {"milliseconds are far in the future",          "at=1763712000000",                      "at=10:4102444800;",   NULL                                   },
    {"text of any letters",                         "words=%D0%B1+x",                        "words=4:\xd0\xb1 x;", NULL                                   },
};

static const char *
join_items(const struct params *params, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 64);
    for (size_t i = 0; params->declared[i].name; i++) {
        for (size_t k = 0; k < params->values[i].item_count; k++) {
            text_add_string(&text, k > 0 ? " " : "");
            text_add_string(&text, params->values[i].items[k]);
        }
    }
    return text_finish(&text).data;
}

static void
what_does_not_exist_is_left_out_of_lenient_lists(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(lenient_rows); i++) {
        check_query(lenient, lenient_rows[i].query, catalog, arena, &outcome);
        if (!outcome.good)
            fail_msg("%s: %s", lenient_rows[i].name, outcome.problem.detail);
        check_string(lenient_rows[i].name, params_canonical(&outcome.params, arena),
                     lenient_rows[i].canonical);
        if (lenient_rows[i].items)
            check_string(lenient_rows[i].name, join_items(&outcome.params, arena),
                         lenient_rows[i].items);
    }
    check_query(lenient, "codes=usd,eur,btc,usd", catalog, arena, &outcome);
    check_true("as many as there may be", outcome.good);
    check_query(lenient, "symbols=meta,eth,btc", catalog, arena, &outcome);
    check_string("one more is refused", outcome.good ? "taken" : outcome.problem.code,
                 "parameter.range");
    check_query(lenient, "at=yesterday", catalog, arena, &outcome);
    check_string("what is no moment", outcome.good ? "taken" : outcome.problem.code,
                 "parameter.malformed");
    catalog_release(catalog);
    arena_destroy(arena);
}

static void
what_may_mean_something_else_tomorrow_is_not_remembered(void **state)
{
    static const struct {
        const char *name, *query;
        bool is_passing;
    } rows[] = {
        {"an id that exists",       "ids=bitcoin",      false},
        {"one that may exist soon", "ids=bitcoin,nope", true },
        {"a ticker",                "symbols=btc",      true },
        {"a name",                  "names=Bitcoin",    true },
        {"a currency",              "codes=usd",        false},
    };
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_query(lenient, rows[i].query, catalog, arena, &outcome);
        check_int(rows[i].name, params_are_passing(&outcome.params), rows[i].is_passing);
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

/* ------------------------------------------------------------------------------------------ days
 */

static const struct param day[] = {
    {"day", PARAM_DAY, 0, 0, NULL, NULL, false, ""},
    {0   },
};

static const struct {
    const char *name, *query, *code; /* NULL = taken */
} day_rows[] = {
    {"a day",                  "day=2026-11-21",           NULL                 },
    {"a leap day",             "day=2024-02-29",           NULL                 },
    {"a day that is not",      "day=2023-02-29",           "parameter.malformed"},
    {"a month that is not",    "day=2026-13-01",           "parameter.malformed"},
    {"a moment",               "day=2026-11-21T00:00:00Z", "parameter.malformed"},
    {"other signs between",    "day=2026/11/21",           "parameter.malformed"},
    {"without leading zeroes", "day=2026-1-21",            "parameter.malformed"},
    {"a word",                 "day=yesterday",            "parameter.malformed"},
    {"nothing",                "day=",                     "parameter.empty"    },
};

static void
a_day_is_one_of_the_calendar(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(day_rows); i++) {
        check_query(day, day_rows[i].query, catalog, arena, &outcome);
        check_string(day_rows[i].name, outcome.good ? NULL : outcome.problem.code,
                     day_rows[i].code);
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

/* ---------------------------------------------------------------------------------------- moments
 */

static const struct param moment[] = {
    {"at",           PARAM_MOMENT, 1230768000000, 4102444800000, NULL, NULL, false, ""},
    {0},
};

static const struct {
    const char *name, *query;
    int64_t want_ms; /* -1 = refused */
} moment_rows[] = {
    {"milliseconds",             "at=1763712000123",               1763712000123},
    {"an ISO time",              "at=2025-11-21T08:00:00Z",        1763712000000},
    {"with a fraction",          "at=2025-11-21T08:00:00.123Z",    1763712000123},
    {"with a zone, escaped",     "at=2025-11-21T10:00:00%2B02:00", 1763712000000},
    {"with a zone, not escaped", "at=2025-11-21T10:00:00+02:00",   1763712000000},
    {"a date is its midnight",   "at=2025-11-21",                  1763683200000},
    {"seconds would be 1970",    "at=1763712000",                  -1           },
    {"before the first coin",    "at=2008-12-31T23:59:59Z",        -1           },
    {"beyond the range",         "at=4102444800001",               -1           },
    {"a time without a zone",    "at=2025-11-21T08:00:00",         -1           },
    {"a day there is not",       "at=2025-02-30",                  -1           },
    {"words",                    "at=now",                         -1           },
    {"negative",                 "at=-1",                          -1           },
};

static void
moments_are_milliseconds(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(moment_rows); i++) {
        check_query(moment, moment_rows[i].query, catalog, arena, &outcome);
        check_int(moment_rows[i].name,
                  outcome.good ? params_get(&outcome.params, "at")->integer : -1,
                  moment_rows[i].want_ms);
    }
    check_query(moment, "at=2025-11-21T08:00:00Z", catalog, arena, &outcome);
    check_string("one canonical form", params_canonical(&outcome.params, arena),
                 "at=13:1763712000000;");
    catalog_release(catalog);
    arena_destroy(arena);
}

static void
a_copy_outlives_the_original(void **state)
{
    struct arena *arena = arena_create(4096), *other = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;
    struct params copy;

    check_query(declared, "assets=solana,bitcoin&days=7", catalog, arena, &outcome);
    params_copy(&outcome.params, other, &copy);
    arena_destroy(arena);
    catalog_release(catalog);
    check_string("text", params_get(&copy, "assets")->text, "bitcoin,solana");
    check_string("items", params_get(&copy, "assets")->items[1], "solana");
    check_int("numbers", params_get(&copy, "days")->integer, 7);
    arena_destroy(other);
}

/* ------------------------------------------------------------------------------------------- bad
 */

#define ASSET_LIST "[\"bitcoin\",\"ethereum\",\"solana\"]"
#define CURRENCY_LIST "[\"btc\",\"eur\",\"usd\"]"

static const struct {
    const char *name, *query, *parameter, *code, *allowed;
    int status;
} bad_rows[] = {
    {"days=0",                                "days=0",                                 "days",       "parameter.range",      "\"an integer from 1 to 7300, or max\"", 400},
    {"days=abc",                              "days=abc",                               "days",       "parameter.malformed",  NULL,                                    400},
    {"days=-1",                               "days=-1",                                "days",       "parameter.malformed",  NULL,                                    400},
    {"days=1.5",                              "days=1.5",                               "days",       "parameter.malformed",  NULL,                                    400},
    {"days=MAX",                              "days=MAX",                               "days",       "parameter.malformed",  NULL,                                    400},
    {"a plus is a space",                     "page=+1",                                "page",       "parameter.malformed",  NULL,                                    400},
    {"leading zeros have another spelling",   "page=01",                                "page",       "parameter.malformed",  NULL,                                    400},
    {"a number beyond 64 bits",               "page=99999999999999999999",              "page",       "parameter.malformed",  NULL,
     400                                                                                                                                                                  },
    {"above the range",                       "page=101",                               "page",       "parameter.range",      "\"an integer from 1 to 100\"",          400},
    {"no value",                              "page=",                                  "page",       "parameter.empty",      NULL,                                    400},
    {"not even a sign",                       "page",                                   "page",       "parameter.empty",      NULL,                                    400},
    {"twice",                                 "page=1&page=1",                          "page",       "parameter.doubled",    NULL,                                    400},
    {"undeclared",                            "pgae=1",                                 "pgae",       "parameter.undeclared",
     "[\"page\",\"days\",\"interval\",\"asset\",\"assets\",\"currencies\",\"source\",\"symbol\","
     "\"min_cap\",\"symbols\"]",                                                                                                                                       400},
    {"names of parameters have one spelling", "Page=1",                                 "Page",       "parameter.undeclared", NULL,                                    400},
    {"not a choice",                          "interval=weekly",                        "interval",   "parameter.choice",     "[\"hourly\",\"daily\"]",
     400                                                                                                                                                                  },
    {"the beginning of a choice",             "interval=hour",                          "interval",   "parameter.choice",     NULL,                                    400},
    {"two choices",                           "interval=hourly%7Cdaily",                "interval",   "parameter.choice",     NULL,                                    400},
    {"unknown asset",                         "asset=nope",                             "asset",      "parameter.unknown",    ASSET_LIST,                              404},
    {"unknown asset in a list",               "assets=bitcoin,nope",                    "assets",     "parameter.unknown",    ASSET_LIST,
     404                                                                                                                                                                  },
    {"unknown currency",                      "currencies=zzz",                         "currencies", "parameter.unknown",    CURRENCY_LIST,                           400},
    {"unknown source",                        "source=kraken",                          "source",     "parameter.unknown",    "[\"binance\",\"coinbase\"]",
     400                                                                                                                                                                  },
    {"a hole in a list",                      "assets=bitcoin,,solana",                 "assets",     "parameter.empty",      NULL,                                    400},
    {"too many names",                        "assets=bitcoin,solana,ethereum,bitcoin", "assets",     "parameter.range",
     "\"1 to 3 names, with commas between them\"",                                                                                                                     400},
    {"a hole between tickers",                "symbols=BTC,",                           "symbols",    "parameter.range",      NULL,                                    400},
    {"too many tickers",                      "symbols=A,B,C",                          "symbols",    "parameter.range",      NULL,                                    400},
    {"a ticker with a quote",                 "symbols=BTC,a%27b",                      "symbols",    "parameter.malformed",  NULL,                                    400},
    {"a word for a decimal",                  "min_cap=much",                           "min_cap",    "parameter.malformed",
     "\"a number from 0 to 1000000\"",                                                                                                                                 400},
    {"a decimal of 65 characters",
     "min_cap=0.111111111122222222223333333333444444444455555555556666666666777",       "min_cap",
     "parameter.malformed",                                                                                                   NULL,                                    400},
    {"a little above the bound",              "min_cap=1000000.000000000000001",        "min_cap",    "parameter.range",
     NULL,                                                                                                                                                             400},
    {"a little below the bound",              "min_cap=-0.000000000000001",             "min_cap",    "parameter.range",      NULL,
     400                                                                                                                                                                  },
    {"an exponent out of all bounds",         "min_cap=1e99",                           "min_cap",    "parameter.malformed",  NULL,                                    400},
    {"not a number at all",                   "min_cap=NaN",                            "min_cap",    "parameter.malformed",  NULL,                                    400},
    {"a symbol too long",                     "symbol=TOOLONG",                         "symbol",     "parameter.range",      NULL,                                    400},
    {"a symbol with a quote",                 "symbol=a%27b",                           "symbol",     "parameter.malformed",  NULL,                                    400},
    {"letters outside of ASCII",              "asset=bitc%C3%B6in",                     "asset",      "parameter.malformed",  NULL,                                    400},
};

static void
bad_queries_name_the_parameter_and_what_it_takes(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
        const char *name = bad_rows[i].name;

        check_query(declared, bad_rows[i].query, catalog, arena, &outcome);
        check_false(name, outcome.good);
        check_string(name, outcome.problem.parameter, bad_rows[i].parameter);
        check_string(name, outcome.problem.code, bad_rows[i].code);
        check_int(name, outcome.problem.status, bad_rows[i].status);
        check_true(name, strstr(outcome.problem.detail, bad_rows[i].parameter) != NULL);
        check_true(name, outcome.problem.allowed != NULL);
        if (bad_rows[i].allowed)
            check_string(name, outcome.problem.allowed, bad_rows[i].allowed);
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

static const struct {
    const char *name, *query, *slug, *code, *allowed;
    bool passing;
} asset_rows[] = {
    {"an id",                                 "symbol=bitcoin", "bitcoin",  NULL,                NULL,       false},
    {"an id in any case",                     "symbol=Bitcoin", "bitcoin",  NULL,                NULL,       false},
    {"a ticker of one asset",                 "symbol=ETH",     "ethereum", NULL,                NULL,       true },
    {"a ticker in any case",                  "symbol=eth",     "ethereum", NULL,                NULL,       true },
    {"of several the one with a price",       "symbol=BTC",     "bitcoin",  NULL,                NULL,       true },
    {"without a price there is no other",     "symbol=old",     "solana",   NULL,                NULL,       true },
    {"an id goes before a ticker",            "symbol=SOLANA",  "solana",   NULL,                NULL,       false},
    {"a ticker of several names all of them", "symbol=meta",    NULL,       "symbol.ambiguous",
     "[\"meta\",\"metadium\"]",                                                                              false},
    {"neither",                               "symbol=nope",    NULL,       "parameter.unknown", ASSET_LIST, false},
    {"nothing",                               "symbol=",        NULL,       "parameter.empty",   ASSET_LIST, false},
};

static void
an_asset_is_an_id_or_a_ticker_of_one(void **state)
{
    static const struct param either[] = {
        {"symbol", PARAM_ASSET_OR_TICKER, 0, 0, NULL, NULL, true, ""},
        {0      },
    };
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(asset_rows); i++) {
        const char *name = asset_rows[i].name;

        check_query(either, asset_rows[i].query, catalog, arena, &outcome);
        check_int(name, outcome.good, !asset_rows[i].code);
        if (outcome.good) {
            check_string(name, params_get(&outcome.params, "symbol")->text, asset_rows[i].slug);
            check_int(name, params_are_passing(&outcome.params), asset_rows[i].passing);
        } else {
            check_string(name, outcome.problem.code, asset_rows[i].code);
            check_string(name, outcome.problem.allowed, asset_rows[i].allowed);
        }
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

static void
a_required_parameter_must_be_there(void **state)
{
    static const struct param required[] = {
        {"asset", PARAM_ASSET, 0, 0, NULL, NULL, true, ""},
        {0     },
    };
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    struct outcome outcome;

    check_query(required, "", catalog, arena, &outcome);
    check_false("is refused", outcome.good);
    check_string("names it", outcome.problem.parameter, "asset");
    check_string("code", outcome.problem.code, "parameter.missing");
    catalog_release(catalog);
    arena_destroy(arena);
}

static void
a_value_of_any_length_is_answered(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = small_catalog(assets, COUNT_OF(assets));
    char *query = arena_alloc(arena, 8000);
    struct outcome outcome;

    memset(query, 'a', 7999);
    query[7999] = '\0';
    memcpy(query, "assets=", 7);
    check_query(declared, query, catalog, arena, &outcome);
    check_string("names it", outcome.problem.parameter, "assets");
    check_string("code", outcome.problem.code, "parameter.too_long");
    catalog_release(catalog);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_queries_have_one_canonical_form),
        cmocka_unit_test(what_does_not_exist_is_left_out_of_lenient_lists),
        cmocka_unit_test(what_may_mean_something_else_tomorrow_is_not_remembered),
        cmocka_unit_test(a_day_is_one_of_the_calendar),
        cmocka_unit_test(moments_are_milliseconds),
        cmocka_unit_test(a_copy_outlives_the_original),
        cmocka_unit_test(bad_queries_name_the_parameter_and_what_it_takes),
        cmocka_unit_test(an_asset_is_an_id_or_a_ticker_of_one),
        cmocka_unit_test(a_required_parameter_must_be_there),
        cmocka_unit_test(a_value_of_any_length_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
