#include "common/clock.h"
#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

/* All at 2026-11-21T08:41:05Z: the newest closed candles open at 08:35, 07:00 and on the 20th. */
static const struct {
    const char *name, *source, *kind, *args, *position;
    int32_t weight;
    const char *target;
} wanted[] = {
    {"one symbol is an array too",                                  "binance",       "quote",     "{\"symbols\":[\"BTCUSDT\"]}",                  NULL,                       2,
     "/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%5D"                                                                                                                                                                                                      },
    {"several symbols, without spaces",                             "binance",       "quote",
     "{\"symbols\":[\"BTCUSDT\",\"ETHUSDT\"]}",                                                                                                   NULL,                       2,
     "/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D"                                                                                                                                                                                        },
    {"letters that are not ASCII are encoded",                      "binance",       "quote",     "{\"symbols\":[\"币安\"]}",                   NULL,
     2,                                                                                                                                                                           "/api/v3/ticker/24hr?symbols=%5B%22%E5%B8%81%E5%AE%89%22%5D"              },
    {"a parameter cannot be smuggled in",                           "binance",       "quote",     "{\"symbols\":[\"A&limit=1#/\"]}",
     NULL,                                                                                                                                                                    2,  "/api/v3/ticker/24hr?symbols=%5B%22A%26limit%3D1%23%2F%22%5D"             },
    {"klines begin at slot - lookback, on the grid",                "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":7300}",                                                                          NULL,                       2,
     "/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=1795240800000&endTime=1795247999999"
     "&limit=1000"                                                                                                                                                                                                                                          },
    {"klines go on at the position, with two candles seen before",  "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"5m\",\"lookback_s\":86400}",                                                                         "2026-11-21T08:00:00.000Z", 2,
     "/api/v3/klines?symbol=BTCUSDT&interval=5m&startTime=1795247400000&endTime=1795250399999"
     "&limit=1000"                                                                                                                                                                                                                                          },
    {"far from the present, exactly at the position",               "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"5m\",\"lookback_s\":86400}",                                                                         "2026-01-01T00:00:00.000Z", 2,
     "/api/v3/klines?symbol=BTCUSDT&interval=5m&startTime=1767225600000&endTime=1795250399999"
     "&limit=1000"                                                                                                                                                                                                                                          },
    {"a lookback of ages is cut at 2009",                           "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1d\",\"lookback_s\":3000000000}",                                                                    NULL,                       2,
     "/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=1230768000000&endTime=1795219199999"
     "&limit=1000"                                                                                                                                                                                                                                          },
    {"a ticker",                                                    "coinbase",      "quote",     "{\"symbols\":[\"BTC-USD\"]}",                  NULL,                       1,
     "/products/BTC-USD/ticker"                                                                                                                                                                                                                             },
    {"a product is one part of the path",                           "coinbase",      "quote",     "{\"symbols\":[\"../x?y\"]}",                   NULL,
     1,                                                                                                                                                                           "/products/..%2Fx%3Fy/ticker"                                             },
    {"299 intervals in one request",                                "coinbase",      "history",
     "{\"symbol\":\"BTC-USD\",\"interval\":\"1h\",\"lookback_s\":31536000}",                                                                      "2026-01-01T00:00:00.000Z", 1,
     "/products/BTC-USD/candles?granularity=3600&start=2026-01-01T00:00:00.000Z"
     "&end=2026-01-13T11:00:00.000Z"                                                                                                                                                                                                                        },
    {"up to the present",                                           "coinbase",      "history",
     "{\"symbol\":\"BTC-USD\",\"interval\":\"1h\",\"lookback_s\":31536000}",                                                                      "2026-11-21T07:00:00.000Z", 1,
     "/products/BTC-USD/candles?granularity=3600&start=2026-11-21T05:00:00.000Z"
     "&end=2026-11-21T08:00:00.000Z"                                                                                                                                                                                                                        },
    {"not before the exchange opened",                              "coinbase",      "history",
     "{\"symbol\":\"BTC-USD\",\"interval\":\"1d\",\"lookback_s\":3000000000}",                                                                    NULL,                       1,
     "/products/BTC-USD/candles?granularity=86400&start=2015-01-01T00:00:00.000Z"
     "&end=2015-10-27T00:00:00.000Z"                                                                                                                                                                                                                        },
    {"prices of two coins, no space after the comma",               "coingecko",     "quote",
     "{\"symbols\":[\"bitcoin/usd\",\"ethereum/usd\"]}",                                                                                          NULL,                       1,
     "/coins/markets?vs_currency=usd&ids=bitcoin,ethereum&order=market_cap_desc&per_page=250&page=1"
     "&precision=full"                                                                                                                                                                                                                                      },
    {"odd ids are encoded",                                         "coingecko",     "quote",     "{\"symbols\":[\"bogged-finance-[old]/usd\"]}",
     NULL,                                                                                                                                                                    1,
     "/coins/markets?vs_currency=usd&ids=bogged-finance-%5Bold%5D&order=market_cap_desc"
     "&per_page=250&page=1&precision=full"                                                                                                                                                                                                                  },
    {"a page of the list",                                          "coingecko",     "listing",
     "{\"currency\":\"eur\",\"page\":3,\"per_page\":250}",                                                                                        NULL,                       1,
     "/coins/markets?vs_currency=eur&order=market_cap_desc&per_page=250&page=3&precision=full"                                                                                                                                                              },
    {"5 minutes: one day back, no more",                            "coingecko",     "history",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"5m\",\"lookback_s\":31536000}",                                                                  NULL,                       1,
     "/coins/bitcoin/market_chart?vs_currency=usd&days=1&precision=full"                                                                                                                                                                                    },
    {"hours: at least 2 days, else they come as 5 minutes",         "coingecko",     "history",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1h\",\"lookback_s\":31536000}",                                                                  "2026-11-21T07:00:00.000Z", 1,
     "/coins/bitcoin/market_chart?vs_currency=usd&days=2&precision=full"                                                                                                                                                                                    },
    {"hours of a month",                                            "coingecko",     "history",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1h\",\"lookback_s\":2592000}",                                                                   NULL,                       1,
     "/coins/bitcoin/market_chart?vs_currency=usd&days=31&precision=full"                                                                                                                                                                                   },
    {"hours of a year: 89 days at a time, not before what is free", "coingecko",     "history",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1h\",\"lookback_s\":99999999}",                                                                  NULL,                       1,
     "/coins/bitcoin/market_chart/range?vs_currency=usd&from=1763719200&to=1771408800"
     "&precision=full"                                                                                                                                                                                                                                      },
    {"days: more than 90, else they come as hours",                 "coingecko",     "history",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":864000}",                                                                    NULL,                       1,
     "/coins/bitcoin/market_chart?vs_currency=usd&days=91&precision=full"                                                                                                                                                                                   },
    {"days of a year",                                              "coingecko",     "history",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":99999999}",                                                                  NULL,                       1,
     "/coins/bitcoin/market_chart?vs_currency=usd&days=365&precision=full"                                                                                                                                                                                  },
    {"several markets, by the names they are answered with",        "kraken",        "quote",
     "{\"symbols\":[\"XXBTZUSD\",\"XDGUSD\"]}",                                                                                                   NULL,                       1,  "/0/public/Ticker?pair=XXBTZUSD,XDGUSD"                                   },
    {"a parameter cannot be smuggled in",                           "kraken",        "quote",     "{\"symbols\":[\"A&pair=B\"]}",                 NULL,
     1,                                                                                                                                                                           "/0/public/Ticker?pair=A%26pair%3DB"                                      },
    {"candles begin at slot - lookback, since is a second earlier", "kraken",        "history",
     "{\"symbol\":\"XXBTZUSD\",\"interval\":\"1h\",\"lookback_s\":7300}",                                                                         NULL,                       1,
     "/0/public/OHLC?pair=XXBTZUSD&interval=60&since=1795240799"                                                                                                                                                                                            },
    {"no more than 720 candles exist",                              "kraken",        "history",
     "{\"symbol\":\"XXBTZUSD\",\"interval\":\"5m\",\"lookback_s\":31536000}",                                                                     "2026-01-01T00:00:00.000Z", 1,  "/0/public/OHLC?pair=XXBTZUSD&interval=5&since=1795034699"                },
    {"two candles are seen once more",                              "kraken",        "history",
     "{\"symbol\":\"XXBTZUSD\",\"interval\":\"1d\",\"lookback_s\":31536000}",                                                                     "2026-11-20T00:00:00.000Z", 1,  "/0/public/OHLC?pair=XXBTZUSD&interval=1440&since=1794959999"             },
    {"the list of all coins",                                       "coingecko",     "reference", "{}",                                           NULL,                       1,
     "/coins/list?include_platform=false"                                                                                                                                                                                                                   },
    {"all markets, without the permissions",                        "binance",       "reference", "{}",                                           NULL,                       20,
     "/api/v3/exchangeInfo?showPermissionSets=false"                                                                                                                                                                                                        },
    {"all products",                                                "coinbase",      "reference", "{}",                                           "2026-11-20T00:00:00.000Z", 1,  "/products"                                                               },
    {"all markets",                                                 "kraken",        "reference", "{}",                                           NULL,                       1,  "/0/public/AssetPairs"                                                    },
    {"a page of 200 costs one credit",                              "coinmarketcap", "listing",
     "{\"currency\":\"usd\",\"page\":1,\"per_page\":200}",                                                                                        NULL,                       1,
     "/v3/cryptocurrency/listings/"
     "latest?start=1&limit=200&convert=USD&sort=market_cap&sort_dir=desc&aux=cmc_rank,max_supply,"
     "circulating_supply,total_supply"                                                                                                                                                                                                                      },
    {"larger ones cost more",                                       "coinmarketcap", "listing",
     "{\"currency\":\"eur\",\"page\":3,\"per_page\":1000}",                                                                                       NULL,                       5,
     "/v3/cryptocurrency/listings/"
     "latest?start=2001&limit=1000&convert=EUR&sort=market_cap&sort_dir=desc&aux=cmc_rank,max_"
     "supply,circulating_supply,total_supply"                                                                                                                                                                                                               },
    {"coins by their numbers",                                      "coinmarketcap", "quote",     "{\"symbols\":[\"1/usd\",\"1027/usd\"]}",
     NULL,                                                                                                                                                                    1,  "/v3/cryptocurrency/quotes/latest?id=1,1027&convert=USD&skip_invalid=true"},
    {"the map",                                                     "coinmarketcap", "reference", "{\"page\":1,\"per_page\":5000}",               NULL,                       1,
     "/v1/cryptocurrency/map?listing_status=active&sort=cmc_rank&start=1&limit=5000&aux=is_active"                                                                                                                                                          },
    {"a page of the map",                                           "coinmarketcap", "reference", "{\"page\":2,\"per_page\":100}",                NULL,                       1,
     "/v1/cryptocurrency/"
     "map?listing_status=active&sort=cmc_rank&start=101&limit=100&aux=is_active"                                                                                                                                                                            },
    {"samples of two hours, and the one that closes the last",      "coinmarketcap", "history",
     "{\"symbol\":\"1/usd\",\"interval\":\"1h\",\"lookback_s\":7300}",                                                                            NULL,                       1,
     "/v3/cryptocurrency/quotes/"
     "historical?id=1&convert=USD&interval=1h&count=1002&time_start=2026-11-21T06%3A00%3A00.000Z&"
     "time_end=2026-11-21T08%3A41%3A05.000Z&aux=price,volume,market_cap,quote_timestamp&skip_"
     "invalid=true"                                                                                                                                                                                                                                         },
    {"days of a year, not before what the plan has",                "coinmarketcap", "history",
     "{\"symbol\":\"1/usd\",\"interval\":\"1d\",\"lookback_s\":99999999}",                                                                        NULL,                       4,
     "/v3/cryptocurrency/quotes/"
     "historical?id=1&convert=USD&interval=1d&count=1002&time_start=2025-11-23T00%3A00%3A00.000Z&"
     "time_end=2026-11-21T08%3A41%3A05.000Z&aux=price,volume,market_cap,quote_timestamp&skip_"
     "invalid=true"                                                                                                                                                                                                                                         },
    {"a month of five minutes, a thousand at a time",               "coinmarketcap", "history",
     "{\"symbol\":\"1/usd\",\"interval\":\"5m\",\"lookback_s\":99999999}",                                                                        NULL,                       10,
     "/v3/cryptocurrency/quotes/"
     "historical?id=1&convert=USD&interval=5m&count=1002&time_start=2026-10-24T08%3A45%3A00.000Z&"
     "time_end=2026-10-27T20%3A09%3A59.000Z&aux=price,volume,market_cap,quote_timestamp&skip_"
     "invalid=true"                                                                                                                                                                                                                                         },
    {"candles of a paid plan: the begin is exclusive",              "coinmarketcap", "history",
     "{\"symbol\":\"1/usd\",\"interval\":\"1d\",\"lookback_s\":172800,\"series\":\"ohlcv\"}",                                                     NULL,
     1,                                                                                                                                                                           "/v2/cryptocurrency/ohlcv/"
     "historical?id=1&convert=USD&time_period=daily&interval=daily&count=4&time_start=2026-11-"
     "18T00%3A00%3A00.000Z&time_end=2026-11-21T00%3A00%3A00.000Z"                                                                                                                                                                                    },
    {"one coin by itself, without a slash at the end",              "coinpaprika",   "quote",
     "{\"symbols\":[\"btc-bitcoin/usd\"]}",                                                                                                       NULL,                       1,  "/tickers/btc-bitcoin?quotes=USD"                                         },
    {"several coins are one call for all",                          "coinpaprika",   "quote",
     "{\"symbols\":[\"btc-bitcoin/usd\",\"eth-ethereum/usd\"]}",                                                                                  NULL,                       1,  "/tickers?quotes=USD"                                                     },
    {"any page is one call for all",                                "coinpaprika",   "listing",
     "{\"currency\":\"eur\",\"page\":3,\"per_page\":50}",                                                                                         NULL,                       1,  "/tickers?quotes=EUR"                                                     },
    {"the list of coins",                                           "coinpaprika",   "reference", "{}",                                           NULL,                       1,  "/coins"                                                                  },
    {"an odd id",                                                   "coinpaprika",   "quote",     "{\"symbols\":[\"-pi/x?y/usd\"]}",              NULL,                       1,
     "/tickers/-pi%2Fx%3Fy?quotes=USD"                                                                                                                                                                                                                      },
    {"points of a year, which are free",                            "coinpaprika",   "history",
     "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":99999999}",                                                              NULL,                       1,
     "/tickers/btc-bitcoin/"
     "historical?start=1763856000&end=1795219200&interval=1d&limit=1002&quote=usd"                                                                                                                                                                          },
    {"points of the hours of a day, which are free",                "coinpaprika",   "history",
     "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1h\",\"lookback_s\":99999999}",                                                              NULL,                       1,
     "/tickers/btc-bitcoin/"
     "historical?start=1795165200&end=1795248000&interval=1h&limit=1002&quote=usd"                                                                                                                                                                          },
    {"candles of a paid plan, a year at a time",                    "coinpaprika",   "history",
     "{\"symbol\":\"eth-ethereum/"
     "usd\",\"interval\":\"1d\",\"lookback_s\":99999999,\"series\":\"ohlcv\"}",                                                                   NULL,                       1,
     "/coins/eth-ethereum/ohlcv/"
     "historical?start=1695168000&end=1726790399&interval=1d&limit=366&quote=usd"                                                                                                                                                                           },
    {"a folder, from the beginning",                                "csv",           "history",   "{}",                                           NULL,                       1,  ""                                                                        },
    {"a folder, after a piece",                                     "csv",           "history",   "{}",                                           "17 100 3 a b.csv",         1,  "17 100 3 a b.csv"                                                        },
};

static struct fed
ask(const struct feed *feed, struct arena *arena)
{
    struct job job = feed_job(feed, arena);
    struct fed fed = {.parsed = false};

    fed.parsed = source_request(source_find(feed->source), &job, feed->position, FEED_NOW_MS, arena,
                                &fed.request, &fed.done, &fed.err);
    return fed;
}

static void
jobs_become_requests(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        const char *name = wanted[i].name;
        struct fed fed = ask(&(struct feed){.source = wanted[i].source,
                                            .kind = wanted[i].kind,
                                            .args = wanted[i].args,
                                            .position = wanted[i].position},
                             arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_false(name, fed.done);
        check_string(name, fed.request.target, wanted[i].target);
        check_int(name, fed.request.weight, wanted[i].weight);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *source, *kind, *args, *position, *code;
} refused[] = {
    {"no symbols",                                   "binance",       "quote",     "{}",                                                 NULL,                "job.args"    },
    {"a series of a source that has none",           "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":1,\"series\":\"ohlcv\"}",                                               NULL,
     "job.args"                                                                                                                                                             },
    {"what a quote does not take",                   "kraken",        "quote",
     "{\"symbols\":[\"XXBTZUSD\"],\"currency\":\"usd\"}",                                                                                NULL,                "job.args"    },
    {"a folder takes nothing",                       "csv",           "history",   "{\"symbol\":\"BTCUSDT\"}",                           NULL,                "job.args"    },
    {"an empty list",                                "binance",       "quote",     "{\"symbols\":[]}",                                   NULL,                "job.args"    },
    {"a number for a symbol",                        "binance",       "quote",     "{\"symbols\":[1]}",                                  NULL,                "job.args"    },
    {"an empty symbol",                              "binance",       "quote",     "{\"symbols\":[\"\"]}",                               NULL,                "job.args"    },
    {"two symbols in one",                           "binance",       "quote",     "{\"symbols\":[\"A,B\"]}",                            NULL,                "job.args"    },
    {"a quote that would end the array",             "binance",       "quote",     "{\"symbols\":[\"A\\\"B\"]}",                         NULL,
     "job.args"                                                                                                                                                             },
    {"a space",                                      "coingecko",     "quote",     "{\"symbols\":[\" bitcoin/usd\"]}",                   NULL,                "job.args"    },
    {"the parent of the path",                       "coinbase",      "quote",     "{\"symbols\":[\"..\"]}",                             NULL,                "job.args"    },
    {"two symbols where one call prices one",        "coinbase",      "quote",
     "{\"symbols\":[\"BTC-USD\",\"ETH-USD\"]}",                                                                                          NULL,                "job.args"    },
    {"a coin without currency",                      "coingecko",     "quote",     "{\"symbols\":[\"bitcoin\"]}",                        NULL,
     "job.args"                                                                                                                                                             },
    {"an empty currency",                            "coingecko",     "quote",     "{\"symbols\":[\"bitcoin/\"]}",                       NULL,                "job.args"    },
    {"two currencies in one call",                   "coingecko",     "quote",
     "{\"symbols\":[\"bitcoin/usd\",\"bitcoin/eur\"]}",                                                                                  NULL,                "job.args"    },
    {"a coin's id that is a path",                   "coingecko",     "history",
     "{\"symbol\":\"../usd\",\"interval\":\"1h\",\"lookback_s\":1}",                                                                     NULL,                "job.args"    },
    {"no page",                                      "coingecko",     "listing",   "{\"currency\":\"usd\",\"per_page\":250}",            NULL,
     "job.args"                                                                                                                                                             },
    {"page 0",                                       "coingecko",     "listing",   "{\"currency\":\"usd\",\"page\":0,\"per_page\":250}", NULL,
     "job.args"                                                                                                                                                             },
    {"251 a page, which the API would take for 250", "coingecko",     "listing",
     "{\"currency\":\"usd\",\"page\":1,\"per_page\":251}",                                                                               NULL,                "job.args"    },
    {"an interval we do not keep",                   "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1M\",\"lookback_s\":1}",                                                                    NULL,                "job.args"    },
    {"no lookback",                                  "binance",       "history",   "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\"}",       NULL,
     "job.args"                                                                                                                                                             },
    {"a negative lookback",                          "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":-1}",                                                                   NULL,                "job.args"    },
    {"a position that is no time",                   "binance",       "history",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":1}",                                                                    "yesterday",         "job.position"},
    {"a position that is no place",                  "csv",           "history",   "{}",                                                 "17 100 a.csv",      "job.position"},
    {"a position in another folder",                 "csv",           "history",   "{}",                                                 "17 100 3 ../a.csv", "job.position"},
    {"a listing of an exchange",                     "binance",       "listing",
     "{\"currency\":\"usd\",\"page\":1,\"per_page\":250}",                                                                               NULL,                "job.kind"    },
    {"a listing of an exchange",                     "coinbase",      "listing",
     "{\"currency\":\"usd\",\"page\":1,\"per_page\":250}",                                                                               NULL,                "job.kind"    },
    {"a listing of an exchange",                     "kraken",        "listing",
     "{\"currency\":\"usd\",\"page\":1,\"per_page\":250}",                                                                               NULL,                "job.kind"    },
    {"no symbols",                                   "kraken",        "quote",     "{}",                                                 NULL,                "job.args"    },
    {"a history without interval",                   "kraken",        "history",
     "{\"symbol\":\"XXBTZUSD\",\"lookback_s\":1}",                                                                                       NULL,                "job.args"    },
    {"a folder has no list of coins",                "csv",           "reference", "{}",                                                 NULL,                "job.kind"    },
    {"a page of a list that has none",               "kraken",        "reference", "{\"page\":1}",                                       NULL,                "job.args"    },
    {"a slug is no number",                          "coinmarketcap", "quote",     "{\"symbols\":[\"bitcoin/usd\"]}",                    NULL,
     "job.args"                                                                                                                                                             },
    {"a number beyond all",                          "coinmarketcap", "quote",     "{\"symbols\":[\"1111111111111111111/usd\"]}",
     NULL,                                                                                                                                                    "job.args"    },
    {"two currencies in one call",                   "coinmarketcap", "quote",     "{\"symbols\":[\"1/usd\",\"1/eur\"]}",
     NULL,                                                                                                                                                    "job.args"    },
    {"1001 a page",                                  "coinmarketcap", "listing",
     "{\"currency\":\"usd\",\"page\":1,\"per_page\":1001}",                                                                              NULL,                "job.args"    },
    {"a page without its size",                      "coinmarketcap", "reference", "{\"page\":1}",                                       NULL,                "job.args"    },
    {"a series nobody knows",                        "coinmarketcap", "history",
     "{\"symbol\":\"1/usd\",\"interval\":\"1h\",\"lookback_s\":1,\"series\":\"x\"}",                                                     NULL,
     "job.args"                                                                                                                                                             },
    {"candles of 5 minutes",                         "coinmarketcap", "history",
     "{\"symbol\":\"1/usd\",\"interval\":\"5m\",\"lookback_s\":1,\"series\":\"ohlcv\"}",                                                 NULL,
     "job.args"                                                                                                                                                             },
    {"five minutes are never free",                  "coinpaprika",   "history",
     "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"5m\",\"lookback_s\":1}",                                                            NULL,                "job.args"    },
    {"a history in another currency",                "coinpaprika",   "history",
     "{\"symbol\":\"btc-bitcoin/eur\",\"interval\":\"1d\",\"lookback_s\":1}",                                                            NULL,                "job.args"    },
    {"a coin that is a path",                        "coinpaprika",   "quote",     "{\"symbols\":[\"../usd\"]}",                         NULL,
     "job.args"                                                                                                                                                             },
    {"two currencies in one call",                   "coinpaprika",   "quote",
     "{\"symbols\":[\"btc-bitcoin/usd\",\"btc-bitcoin/eur\"]}",                                                                          NULL,                "job.args"    },
    {"a series that is a number",                    "coinpaprika",   "history",
     "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":1,\"series\":1}",                                               NULL,
     "job.args"                                                                                                                                                             },
    {"a quote of a folder",                          "csv",           "quote",     "{\"symbols\":[\"BTCUSDT\"]}",                        NULL,                "job.kind"    },
};

static void
wrong_jobs_are_refused(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct fed fed = ask(&(struct feed){.source = refused[i].source,
                                            .kind = refused[i].kind,
                                            .args = refused[i].args,
                                            .position = refused[i].position},
                             arena);

        check_error(refused[i].name, fed.parsed, &fed.err, refused[i].code);
        check_int(refused[i].name, fed.err.kind, ERROR_REJECT);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *source, *args, *position;
    bool done;
} ends[] = {
    {"the candle that opens now is not closed",        "binance",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"5m\",\"lookback_s\":1}",      "2026-11-21T08:40:00.000Z",
     true                                                                                                   },
    {"the one before it is",                           "binance",
     "{\"symbol\":\"BTCUSDT\",\"interval\":\"5m\",\"lookback_s\":1}",      "2026-11-21T08:35:00.000Z",
     false                                                                                                  },
    {"a position at the end of what is kept",          "kraken",
     "{\"symbol\":\"XXBTZUSD\",\"interval\":\"1h\",\"lookback_s\":1}",     "2026-11-21T08:00:00.000Z",
     true                                                                                                   },
    {"a position long before it",                      "kraken",
     "{\"symbol\":\"XXBTZUSD\",\"interval\":\"1h\",\"lookback_s\":1}",     "2020-01-01T00:00:00.000Z",
     false                                                                                                  },
    {"a position in the future",                       "coinbase",
     "{\"symbol\":\"BTC-USD\",\"interval\":\"1h\",\"lookback_s\":1}",      "2027-01-01T00:00:00.000Z",
     true                                                                                                   },
    {"today is not over",                              "coingecko",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":1}",  "2026-11-21T00:00:00.000Z", true },
    {"yesterday is",                                   "coingecko",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":1}",  "2026-11-20T00:00:00.000Z", false},
    {"a lookback shorter than the candle in progress", "coingecko",
     "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":60}", NULL,                       true },
};

static void
history_knows_its_end(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct fed fed = ask(&(struct feed){.source = ends[i].source,
                                            .kind = "history",
                                            .args = ends[i].args,
                                            .position = ends[i].position},
                             arena);

        check_error(ends[i].name, fed.parsed, &fed.err, NULL);
        check_int(ends[i].name, fed.done, ends[i].done);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_become_requests),
        cmocka_unit_test(wrong_jobs_are_refused),
        cmocka_unit_test(history_knows_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
