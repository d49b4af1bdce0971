#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

/*
 * A body that was cut off, at any byte, never gives a row. (A CSV file has no end that could be
 * missing: its folder waits until the file is left alone.)
 */
static const char *const recordings[] = {
    "coingecko/coins_markets_btc_eth_in_eth.json",
    "coingecko/errors/429_rate_limit.json",
    "coingecko/errors/401_10012_history_range.json",
    "binance/ticker_24hr_two_symbols.json",
    "binance/klines_BTCUSDT_5m_24rows.json",
    "binance/errors/418_-1003_ip_banned.json",
    "coinbase/ticker_btc-usd_2017-10-03.json",
    "coinbase/candles_1m_10rows_2018-02-01.json",
    "coinmarketcap/errors/401_1001_invalid_key.json",
    "coinpaprika/tickers_btc_2022-04-19.json",
    "coinpaprika/ohlcv_historical_eth_91rows.json",
    "coinpaprika/errors/402_ohlcv_history_plan.json",
    "coinmarketcap/listings_latest_25rows_2021-06-30.json",
    "kraken/Ticker_BCHEUR_2017-10-03.json",
    "kraken/Ticker_xchange.json",
    "kraken/errors/200_unavailable.json",
};

static void
a_cut_body_gives_no_row(void **state)
{
    struct arena *arena = arena_create(1 << 16), *scratch = arena_create(1 << 16);

    for (size_t i = 0; i < COUNT_OF(recordings); i++) {
        const char *name = recordings[i];
        struct bytes body = feed_read_file(arena_printf(arena, RECORDED_FOLDER "/%s", name), arena);
        struct feed feed;

        check_true(name, feed_guess(name, body, arena, &feed));
        while (body.size > 0 && body.data[body.size - 1] == '\n')
            body.size--;
        for (size_t size = 0; size < body.size; size++) {
            /* Without a NUL behind it, so that the sanitizer sees who reads on. */
            char *cut = malloc(size ? size : 1);
            struct fed fed;

            memcpy(cut, body.data, size);
            fed = feed_body(&feed, (struct bytes){cut, size}, scratch);
            if (fed.parsed || fed.err.kind == ERROR_NONE)
                fail_msg("%s: %zu of %zu bytes were taken", name, size, body.size);
            arena_reset(scratch);
            free(cut);
        }
    }
    arena_destroy(scratch);
    arena_destroy(arena);
}

static void
a_cut_file_gives_no_row_that_is_not_in_it(void **state)
{
    static const char whole[] = "time,open,high,low,close,volume\n"
                                "1623283200,1.25,1.5,1,1,17\n"
                                "1623369600,1.25,1.5,1,1,17\n"
                                "1623456000,1.25,1.5,1,1,17\n";
    struct arena *arena = arena_create(1 << 16);

    for (size_t size = 0; size < sizeof whole; size++) {
        char *cut = malloc(size ? size : 1);
        struct fed fed;

        memcpy(cut, whole, size);
        fed = feed_body(
            &(struct feed){
                .source = "csv", .kind = "history", .args = "{}", .target = "1 1 1 BTCUSDT.csv"},
            (struct bytes){cut, size}, arena);
        check_true("it is judged", fed.parsed);
        check_true("no more rows than there were", fed.batch.candle_count <= 3);
        free(cut);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_body_gives_no_row),
        cmocka_unit_test(a_cut_file_gives_no_row_that_is_not_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
