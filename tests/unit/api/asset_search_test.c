#include "api/names/asset_search.h"

#include "unit/check.h"

#include <string.h>

static struct catalog *
make_catalog(void)
{
    static const char *const assets[] = {"bitcoin", "bitcoin-cash", "wrapped-bitcoin",
                                         "tether",  "bt",           "old"};
    static const char *const currencies[] = {"usd", "usdt", "cad"};
    static const struct catalog_ticker tickers[] = {
        {.ticker = "BTC",   .slug = "bitcoin", .name = "Bitcoin",                .priced = true,.rank = 1},
        {.ticker = "BCH",
         .slug = "bitcoin-cash",
         .name = "Bitcoin Cash",
         .priced = true,
         .rank = 20},
        {.ticker = "WBTC",
         .slug = "wrapped-bitcoin",
         .name = "Wrapped Bitcoin",
         .priced = true,
         .rank = 15},
        {.ticker = "USDT",    .slug = "tether",                           .name = "Tether",                                                           .priced = true,.rank = 3},
        {.ticker = "BT", .slug = "bt",.name = "BT Finance",.priced = true},
        {.ticker = "BTC",     .slug = "old",                         .name = "Old Bitcoin",                                                                                                     .priced = false                                                                                                     },
    };
    const struct catalog_names names = {
        .names = {assets,           currencies,           NULL},
        .counts = {COUNT_OF(assets), COUNT_OF(currencies), 0   },
        .tickers = tickers,
        .ticker_count = COUNT_OF(tickers),
    };

    return catalog_create(&names);
}

static const struct {
    const char *name, *typed, *want;
} rows[] = {
    {"nothing typed: by rank",                             "",          "bitcoin tether wrapped-bitcoin bitcoin-cash bt "},
    {"the ticker itself, then what could become its pair", "BTC",       "bitcoin bt "                                    },
    {"a pair",                                             "BTCUSDT",   "bitcoin "                                       },
    {"a pair with a slash",                                "btc/usd",   "bitcoin "                                       },
    {"a pair half typed",                                  "BTCU",      "bitcoin "                                       },
    {"the beginning of a ticker",                          "W",         "wrapped-bitcoin "                               },
    {"a name, better ranks first",                         "BITCOIN",   "bitcoin bitcoin-cash wrapped-bitcoin "          },
    {"two words of a name",                                "bitcoin c", "bitcoin-cash "                                  },
    {"a word within a name",                               "CASH",      "bitcoin-cash "                                  },
    {"nothing such",                                       "DOGE",      ""                                               },
};

static void
what_is_meant_most_likely_comes_first(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = make_catalog();
    const char *slugs[ASSET_SEARCH_MAX];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t count = asset_search(catalog, rows[i].typed, arena, slugs);
        const char *found = "";

        for (size_t k = 0; k < count; k++)
            found = arena_printf(arena, "%s%s ", found, slugs[k]);
        check_string(rows[i].name, found, rows[i].want);
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

static void
of_many_only_the_best_are_told(void **state)
{
    enum { MANY = 3 * ASSET_SEARCH_MAX };
    struct arena *arena = arena_create(4096);
    struct catalog_ticker tickers[MANY];
    const char *slugs[ASSET_SEARCH_MAX];
    struct catalog_names names = {.tickers = tickers, .ticker_count = MANY};
    struct catalog *catalog;

    for (int i = 0; i < MANY; i++)
        tickers[i] = (struct catalog_ticker){
            .ticker = "X", .slug = arena_printf(arena, "x%d", i), .priced = true, .rank = MANY - i};
    catalog = catalog_create(&names);
    check_int("as many as there is room for", (int64_t)asset_search(catalog, "x", arena, slugs),
              ASSET_SEARCH_MAX);
    check_string("the best", slugs[0], arena_printf(arena, "x%d", MANY - 1));
    check_string("the last of the best", slugs[ASSET_SEARCH_MAX - 1],
                 arena_printf(arena, "x%d", MANY - ASSET_SEARCH_MAX));
    catalog_release(catalog);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_meant_most_likely_comes_first),
        cmocka_unit_test(of_many_only_the_best_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
