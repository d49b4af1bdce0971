#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

#include <ftw.h>
#include <stdio.h>

/*
 * Every recorded answer goes the whole way, and what comes out is written down here.
 * Candles of one minute are asked for as 5m, which is the finest we have: only those on that grid
 * can be taken.
 */
static const struct {
    const char *file;
    size_t ticks, listings, references, candles, rejected;
    const char *first_reason;
} answers[] = {
    {"binance/exchangeInfo_2021-10-12_cut.json",                   0,   0,   141,  0,    0,   NULL               },
    {"binance/klines_BNBUSDT_5m_1000rows.json",                    0,   0,   0,    1000, 0,   NULL               },
    {"binance/klines_BTCUSDT_1d_500rows_2022-09-22.json",          0,   0,   0,    500,  0,   NULL               },
    {"binance/klines_BTCUSDT_1h_1000rows_full_page_2020-05.json",  0,   0,   0,    1000, 0,   NULL               },
    {"binance/klines_BTCUSDT_1h_468rows_next_page_2020-06.json",   0,   0,   0,    468,  0,   NULL               },
    {"binance/klines_BTCUSDT_5m_2026-01_cut.json",                 0,   0,   0,    4032, 0,   NULL               },
    {"binance/klines_BTCUSDT_5m_24rows.json",                      0,   0,   0,    24,   0,   NULL               },
    {"binance/klines_ETHBTC_1d_366rows_2019.json",                 0,   0,   0,    366,  0,   NULL               },
    {"binance/klines_ETHUSDT_1d_1000rows.json",                    0,   0,   0,    1000, 0,   NULL               },
    {"binance/klines_ETHUSDT_5m_page1.json",                       0,   0,   0,    1000, 0,   NULL               },
    {"binance/klines_ETHUSDT_5m_page2.json",                       0,   0,   0,    1000, 0,   NULL               },
    {"binance/klines_LINKUSDT_1d_1000rows.json",                   0,   0,   0,    1000, 0,   NULL               },
    {"binance/ticker_24hr_all_595_2019-08-22.json",                88,  0,   0,    0,    507, "market.halted"    },
    {"binance/ticker_24hr_two_symbols.json",                       2,   0,   0,    0,    0,   NULL               },
    {"coinbase/candles_1m_10rows_2018-02-01.json",                 0,   0,   0,    2,    8,   "time.off_grid"    },
    {"coinbase/candles_BTC-USDT_3600_226rows.json",                0,   0,   0,    226,  0,   NULL               },
    {"coinbase/candles_BTC-USDT_60_gaps.json",                     0,   0,   0,    57,   243, "time.off_grid"    },
    {"coinbase/candles_BTC-USD_60_page1.json",                     0,   0,   0,    60,   240, "time.off_grid"    },
    {"coinbase/candles_BTC-USD_60_page2.json",                     0,   0,   0,    60,   240, "time.off_grid"    },
    {"coinbase/candles_BTC-USD_60_page3.json",                     0,   0,   0,    60,   240, "time.off_grid"    },
    {"coinbase/candles_ETH-USD_3600_page1.json",                   0,   0,   0,    300,  0,   NULL               },
    {"coinbase/candles_ETH-USD_3600_page2.json",                   0,   0,   0,    300,  0,   NULL               },
    {"coinbase/candles_ETH-USD_3600_page3.json",                   0,   0,   0,    300,  0,   NULL               },
    {"coinbase/products_331_2021-10-27.json",                      0,   0,   331,  0,    0,   NULL               },
    {"coinbase/products_497_2022-06-20.json",                      0,   0,   497,  0,    0,   NULL               },
    {"coinbase/ticker_btc-usd_2017-10-03.json",                    1,   0,   0,    0,    0,   NULL               },
    {"coingecko/coins_list_2021-05-15.json",                       0,   0,   7248, 0,    0,   NULL               },
    {"coingecko/coins_markets_btc_eth_in_eth.json",                2,   2,   0,    0,    0,   NULL               },
    {"coingecko/coins_markets_btc_myr.json",                       1,   1,   0,    0,    0,   NULL               },
    {"coingecko/coins_markets_btc_usd.json",                       1,   1,   0,    0,    0,   NULL               },
    {"coingecko/coins_markets_nft_50rows_2022-01-18.json",         50,  50,  0,    0,    0,   NULL               },
    {"coingecko/coins_markets_stablecoins_50rows_2022-01-18.json", 50,  50,  0,    0,    0,   NULL               },
    {"coingecko/coins_markets_usd_100rows_2021-06-24.json",        100, 100, 0,    0,    0,   NULL               },
    {"coingecko/coins_markets_usd_250rows_2022-02-23.json",        250, 250, 0,    0,    0,   NULL               },
    {"kraken/AssetPairs_2021-04-17.json",                          0,   0,   293,  0,    11,  "market.dark_pool" },
    {"kraken/Assets_2022.json",                                    0,   0,   0,    0,    271, "field.missing"    },
    {"kraken/OHLC_LINKETH_1_720rows_2020-04.json",                 0,   0,   0,    141,  578, "time.off_grid"    },
    {"kraken/OHLC_TRXXBT_60_720rows_2020-04.json",                 0,   0,   0,    719,  0,   NULL               },
    {"kraken/OHLC_XBTUSD_1_2017-08.json",                          0,   0,   0,    144,  575, "time.off_grid"    },
    {"kraken/OHLC_XBTUSD_240_720rows_2022.json",                   0,   0,   0,    719,  0,   NULL               },
    {"kraken/OHLC_XETHZEUR_5_720rows_2020-04.json",                0,   0,   0,    719,  0,   NULL               },
    {"kraken/OHLC_XXBTZUSD_5_720rows_2020-04.json",                0,   0,   0,    719,  0,   NULL               },
    {"kraken/OHLC_XXBTZUSD_60_720rows_2020-04.json",               0,   0,   0,    719,  0,   NULL               },
    {"kraken/OHLC_XXRPZUSD_60_720rows_2020-04.json",               0,   0,   0,    719,  0,   NULL               },
    {"kraken/SystemStatus.json",                                   0,   0,   0,    0,    3,   "symbol.unasked"   },
    {"kraken/Ticker_BCHEUR_2017-10-03.json",                       1,   0,   0,    0,    0,   NULL               },
    {"kraken/Ticker_xchange.json",                                 1,   0,   0,    0,    0,   NULL               },
    {"kraken/Time.json",                                           0,   0,   0,    0,    3,   "symbol.unasked"   },
    {"coinmarketcap/listings_latest_100rows_2022-01-29.json",      100, 100, 0,    0,    0,   NULL               },
    {"coinmarketcap/listings_latest_25rows_2021-06-30.json",       25,  25,  0,    0,    0,   NULL               },
    {"coinpaprika/coins_2022-05-30_cut.json",                      0,   0,   2510, 0,    0,   NULL               },
    {"coinpaprika/ohlcv_historical_eth_91rows.json",               0,   0,   0,    90,   0,   NULL               },
    {"coinpaprika/tickers_btc_2022-01-30.json",                    1,   1,   0,    0,    0,   NULL               },
    {"coinpaprika/tickers_btc_2022-04-19.json",                    1,   1,   0,    0,    0,   NULL               },
    {"csv/binance_klines_ADAUSDT_1d_dupcols.csv",                  0,   0,   0,    2818, 0,   NULL               },
    {"csv/binance_klines_SOLUSDT_5m_2025_cut.csv",                 0,   0,   0,    1000, 0,   NULL               },
    {"csv/cdd_Binance_ADAUSDT_1h_2021_cut.csv",                    0,   0,   0,    1000, 0,   NULL               },
    {"csv/cdd_Binance_BTCUSDT_d_2021.csv",                         0,   0,   0,    1395, 1,   "candle.superseded"},
    {"csv/cdd_Binance_ETHUSDT_d_2020_banner.csv",                  0,   0,   0,    1232, 1,   "candle.superseded"},
    {"csv/cdd_Coinbase_ETHUSD_1h_2018.csv",                        0,   0,   0,    8544, 0,   NULL               },
    {"csv/kraken_ohlcvt_ETHUSD_1440.csv",                          0,   0,   0,    2058, 0,   NULL               },
    {"csv/kraken_ohlcvt_XBTUSD_1440.csv",                          0,   0,   0,    2722, 0,   NULL               },
    {"csv/plain_BTCUSDT_5m_2025_cut.csv",                          0,   0,   0,    2000, 0,   NULL               },
    {"csv/tradingview_seed_BONKUSDT_1d.csv",                       0,   0,   0,    200,  0,   NULL               },
    {"csv/tradingview_seed_BTCUSDT_1d.csv",                        0,   0,   0,    200,  0,   NULL               },
};

/* The last point is the moment of the request: the candle around it is not closed. */
static const struct {
    const char *file;
    int64_t fetched_at_ms;
    size_t candles;
} charts[] = {
    {"coingecko/market_chart_btc_usd_days1_5min.json",    1621089595000, 275},
    {"coingecko/market_chart_btc_usd_days30_hourly.json", 1621088009000, 715},
    {"coingecko/market_chart_btc_usd_days90_daily.json",  1621089594000, 90 },
};

static const struct {
    const char *file;
    enum verdict verdict;
    const char *error;
} errors[] = {
    {"binance/errors/400_-1121_invalid_symbol.json",   VERDICT_PERMANENT, "provider.not_found"    },
    {"binance/errors/400_-2008_invalid_key.json",      VERDICT_PERMANENT, "provider.refused"      },
    {"binance/errors/418_-1003_ip_banned.json",        VERDICT_LIMITED,   "provider.banned"       },
    {"binance/errors/451_restricted_location.json",    VERDICT_PERMANENT, "provider.blocked"      },
    {"coinbase/errors/400_granularity.json",           VERDICT_PERMANENT, "provider.refused"      },
    {"coinbase/errors/400_user_agent.json",            VERDICT_PERMANENT, "provider.refused"      },
    {"coinbase/errors/401_accounts.json",              VERDICT_PERMANENT, "provider.unauthorized" },
    {"coingecko/errors/401_10012_history_range.json",  VERDICT_PERMANENT, "provider.history_limit"},
    {"coingecko/errors/404_unknown_coin.json",         VERDICT_PERMANENT, "provider.not_found"    },
    {"coingecko/errors/422_missing_ids.json",          VERDICT_PERMANENT, "provider.refused"      },
    {"coingecko/errors/422_missing_vs_currency.json",  VERDICT_PERMANENT, "provider.refused"      },
    {"coingecko/errors/429_rate_limit.json",           VERDICT_LIMITED,   "provider.limited"      },
    {"coinmarketcap/errors/401_1001_invalid_key.json", VERDICT_PERMANENT, "provider.unauthorized" },
    {"coinmarketcap/errors/403_1006_plan.json",        VERDICT_PERMANENT, "provider.plan"         },
    {"coinpaprika/errors/301_trailing_slash.html",     VERDICT_PERMANENT, "provider.redirect"     },
    {"coinpaprika/errors/402_ohlcv_history_plan.json", VERDICT_PERMANENT, "provider.plan"         },
    {"coinpaprika/errors/429_too_many_requests.json",  VERDICT_LIMITED,   "provider.limited"      },
    {"kraken/errors/200_rate_limit.json",              VERDICT_LIMITED,   "provider.limited"      },
    {"kraken/errors/200_too_many.json",                VERDICT_LIMITED,   "provider.limited"      },
    {"kraken/errors/200_unavailable.json",             VERDICT_TRANSIENT, "provider.server_error" },
    {"kraken/errors/200_unknown_pair.json",            VERDICT_PERMANENT, "provider.not_found"    },
};

static struct fed
feed_recording(const char *name, int64_t now_ms, struct arena *arena)
{
    struct bytes body = feed_read_file(arena_printf(arena, RECORDED_FOLDER "/%s", name), arena);
    struct feed feed;

    check_true(name, body.data && feed_guess(name, body, arena, &feed));
    feed.now_ms = now_ms;
    return feed_body(&feed, body, arena);
}

static void
answers_become_records(void **state)
{
    struct arena *arena = arena_create(1 << 20);

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        const char *name = answers[i].file;
        struct fed fed = feed_recording(name, 0, arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.tick_count, (int64_t)answers[i].ticks);
        check_int(name, (int64_t)fed.batch.listing_count, (int64_t)answers[i].listings);
        check_int(name, (int64_t)fed.batch.reference_count, (int64_t)answers[i].references);
        check_int(name, (int64_t)fed.batch.candle_count, (int64_t)answers[i].candles);
        check_int(name, (int64_t)fed.batch.rejected, (int64_t)answers[i].rejected);
        check_string(name, fed.batch.reject_count ? fed.batch.rejects[0].reason : NULL,
                     answers[i].first_reason);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
points_become_closed_candles(void **state)
{
    struct arena *arena = arena_create(1 << 20);

    for (size_t i = 0; i < COUNT_OF(charts); i++) {
        const char *name = charts[i].file;
        struct fed fed = feed_recording(name, charts[i].fetched_at_ms, arena);
        const struct candle *last;

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.candle_count, (int64_t)charts[i].candles);
        check_int(name, (int64_t)fed.batch.rejected, 0);
        last = &fed.batch.candles[fed.batch.candle_count - 1];
        check_true(name, last->open_time_ms + fed.batch.candle_interval_s * 1000 <=
                             charts[i].fetched_at_ms);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
error_bodies_are_told_apart(void **state)
{
    struct arena *arena = arena_create(1 << 20);

    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        const char *name = errors[i].file;
        struct fed fed = feed_recording(name, 0, arena);

        check_error(name, fed.parsed, &fed.err, errors[i].error);
        check_int(name, fed.verdict, errors[i].verdict);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static bool
is_written_down(const char *name)
{
    bool found = false;

    for (size_t i = 0; i < COUNT_OF(answers); i++)
        found = found || strcmp(answers[i].file, name) == 0;
    for (size_t i = 0; i < COUNT_OF(charts); i++)
        found = found || strcmp(charts[i].file, name) == 0;
    for (size_t i = 0; i < COUNT_OF(errors); i++)
        found = found || strcmp(errors[i].file, name) == 0;
    return found;
}

static int
check_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
    const char *name = path + strlen(RECORDED_FOLDER "/");
    struct arena *arena = arena_create(4096);
    struct feed feed;

    if (type == FTW_F && feed_guess(name, feed_read_file(path, arena), arena, &feed))
        check_true(name, is_written_down(name));
    arena_destroy(arena);
    return 0;
}

static void
no_recording_is_left_out(void **state)
{
    check_int("the folder can be walked", nftw(RECORDED_FOLDER, check_file, 16, FTW_PHYS), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_records),
        cmocka_unit_test(points_become_closed_candles),
        cmocka_unit_test(error_bodies_are_told_apart),
        cmocka_unit_test(no_recording_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
