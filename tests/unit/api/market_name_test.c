#include "api/names/market_name.h"

#include "unit/check.h"

#include <string.h>

static struct catalog *
make_catalog(void)
{
    static const char *const assets[] = {"bitcoin", "fake-bitcoin", "meta",   "metadium",
                                         "x",       "xt",           "tether", "big-usd"};
    static const char *const currencies[] = {"usd", "usdt", "tusd", "eur"};
    static const char *const sources[] = {"binance", "coinbase"};
    static const struct catalog_ticker tickers[] = {
        {.ticker = "BTC",     .slug = "fake-bitcoin", .priced = true, .rank = 900},
        {.ticker = "BTC",     .slug = "bitcoin",      .priced = true, .rank = 1  },
        {.ticker = "META",    .slug = "meta",         .priced = true},
        {.ticker = "META", .slug = "metadium",         .priced = true,    .rank = 700           },
        {.ticker = "X",        .slug = "x",         .priced = true,     .rank = 40},
        {.ticker = "XT",       .slug = "xt",         .priced = true,     .rank = 30           },
        {.ticker = "USDT",   .slug = "tether",         .priced = true,      .rank = 3},
        {.ticker = "B-",  .slug = "big-usd",         .priced = true,     .rank = 50           },
    };
    const struct catalog_names names = {
        .names = {assets,           currencies,           sources          },
        .counts = {COUNT_OF(assets), COUNT_OF(currencies), COUNT_OF(sources)},
        .tickers = tickers,
        .ticker_count = COUNT_OF(tickers),
    };

    return catalog_create(&names);
}

static const struct {
    const char *name, *text, *canonical, *source, *candidates;
} rows[] = {
    {"of all sources",                    "BTCUSD",              "AGG:BTCUSD",          NULL,       "bitcoin/usd fake-bitcoin/usd "},
    {"said so",                           "AGG:BTCUSD",          "AGG:BTCUSD",          NULL,       "bitcoin/usd fake-bitcoin/usd "},
    {"no exchange before the colon",      ":BTCUSD",             "AGG:BTCUSD",          NULL,
     "bitcoin/usd fake-bitcoin/usd "                                                                                               },
    {"of one source",                     "BINANCE:BTCUSDT",     "BINANCE:BTCUSDT",     "binance",
     "bitcoin/usdt fake-bitcoin/usdt "                                                                                             },
    {"in any case",                       "binance:btcUsdt",     "BINANCE:BTCUSDT",     "binance",
     "bitcoin/usdt fake-bitcoin/usdt "                                                                                             },
    {"usdt is not usd",                   "BTCEUR",              "AGG:BTCEUR",          NULL,       "bitcoin/eur fake-bitcoin/eur "},
    {"a currency that is an asset",       "USDTUSD",             "AGG:USDTUSD",         NULL,       "tether/usd "                  },
    {"those without a rank come last",    "METAUSD",             "AGG:METAUSD",         NULL,       "metadium/usd meta/usd "       },
    {"an asset by its id",                "AGG:METAUSD@Meta",    "AGG:METAUSD@meta",    NULL,       "meta/usd "                    },
    {"an id of another ticker",           "AGG:METAUSD@bitcoin", "AGG:METAUSD@bitcoin", NULL,       ""                             },
    {"two ways to read it, by rank",      "XTUSD",               "AGG:XTUSD",           NULL,       "xt/usd x/tusd "               },
    {"a slash between",                   "BTC/USD",             "AGG:BTC/USD",         NULL,       "bitcoin/usd fake-bitcoin/usd "},
    {"a dash between",                    "COINBASE:BTC-USD",    "COINBASE:BTC-USD",    "coinbase",
     "bitcoin/usd fake-bitcoin/usd "                                                                                               },
    {"a dash that belongs to the ticker", "B-USD",               "AGG:B-USD",           NULL,       "big-usd/usd "                 },
    {"the id for the ticker",             "bitcoin/eur",         "AGG:BITCOIN/EUR",     NULL,       "bitcoin/eur "                 },
    {"an exchange that there is not",     "NASDAQ:BTCUSD",       "NASDAQ:BTCUSD",       "nasdaq",   ""                             },
    {"a currency that there is not",      "BTCGBP",              "AGG:BTCGBP",          NULL,       ""                             },
    {"an asset that there is not",        "DOGEUSD",             "AGG:DOGEUSD",         NULL,       ""                             },
    {"a currency alone",                  "USD",                 "AGG:USD",             NULL,       ""                             },
    {"a slash and a currency",            "/USD",                "AGG:/USD",            NULL,       ""                             },
    {"nothing",                           "",                    "AGG:",                NULL,       ""                             },
    {"an exchange alone",                 "BINANCE:",            "BINANCE:",            "binance",  ""                             },
    {"nothing but an id",                 "@bitcoin",            "AGG:@bitcoin",        NULL,       ""                             },
};

static const char *
candidates_text(const struct market_name *name, struct arena *arena)
{
    const char *text = "";

    for (size_t i = 0; i < name->candidate_count; i++)
        text = arena_printf(arena, "%s%s/%s ", text, name->candidates[i].slug,
                            name->candidates[i].code);
    return text;
}

static void
a_name_says_the_exchange_and_what_it_may_mean(void **state)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = make_catalog();
    struct market_name name, unpacked;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        market_name_read(rows[i].text, catalog, arena, &name);
        check_string(rows[i].name, name.text, rows[i].canonical);
        check_string(rows[i].name, name.source ? name.source : "",
                     rows[i].source ? rows[i].source : "");
        check_string(rows[i].name, candidates_text(&name, arena), rows[i].candidates);
        market_name_unpack(market_name_pack(&name, arena), arena, &unpacked);
        check_string(rows[i].name, unpacked.text, name.text);
        check_string(rows[i].name, unpacked.name, name.name);
        check_string(rows[i].name, unpacked.source ? unpacked.source : "",
                     name.source ? name.source : "");
        check_string(rows[i].name, candidates_text(&unpacked, arena), rows[i].candidates);
        market_name_read(name.text, catalog, arena, &unpacked);
        check_string("its canonical form means the same", candidates_text(&unpacked, arena),
                     rows[i].candidates);
    }
    catalog_release(catalog);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_the_exchange_and_what_it_may_mean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
