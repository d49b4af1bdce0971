#include "ingest/ctl/schedules_check.h"

#include "unit/check.h"

#include <stdio.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "assets:\n"                                                                                    \
    "  bitcoin: {symbol: BTC, name: Bitcoin}\n"                                                    \
    "instruments:\n"                                                                               \
    "  binance: {BTCUSDT: bitcoin/usdt,\n"                                                         \
    "            ETHUSDT: ethereum/usdt}\n"                                                        \
    "  coinpaprika: {btc-bitcoin/usd: bitcoin/usd}\n"                                              \
    "schedules:\n"

#define TEN "0123456789"

/* Reads and checks a file of this text. */
static bool
check_file(const char *text, struct arena *arena, struct checked_schedules *ret_checked,
           struct error *err)
{
    char path[] = "/tmp/schedules_check_XXXXXX";
    struct schedules_file file;
    int fd = mkstemp(path);
    bool done;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    done = schedules_file_read(path, arena, &file, err) &&
           schedules_check(&file, arena, ret_checked, err);
    unlink(path);
    return done;
}

static void
test_what_is_wrong_is_said_with_its_line(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* part of the message */
    } rows[] = {
        {"an empty file",
         "",
         ":1: the file is empty"},
        {"not YAML",
         "assets: [",
         "not YAML"},
        {"a list where keys are wanted",
         "- one\n",
         ":1: the file must be a mapping"},
        {"a second document",
         "assets: {}\n---\nschedules: {}\n",
         ":2: a second document begins here"},
        {"an unknown part",
         "assets: {}\ncoins: {}\n",
         ":2: unknown key \"coins\"; allowed are assets, instruments, schedules"},
        {"the same asset twice",
         "assets:\n  a: {symbol: A, name: A}\n  a: {symbol: B, name: B}\n",
         ":3: assets \"a\" is there twice (also in line 2)"},
        {"an asset without a name",
         "assets:\n  a: {symbol: A}\n",
         ":2: asset a needs both"},
        {"an asset that no client would find",
         "assets:\n  Bitcoin: {symbol: BTC, name: Bitcoin}\n",
         ":2: asset \"Bitcoin\" must be small letters, digits"},
        {"an asset with a symbol that no table holds",
         "assets:\n  a: {name: A,\n    symbol: " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "X}\n",
         ":3: the symbol \"" TEN TEN TEN TEN "\" must have 1 to 100 characters"},
        {"an instrument without a name",
         "instruments:\n  binance:\n    \"\": bitcoin/usdt\n",
         ":3: the instrument \"\" must have 1 to 100 characters"},
        {"an asset with another key",
         "assets:\n  a: {symbol: A, title: B}\n",
         "unknown key \"title\"; allowed are symbol, name"},
        {"an instrument without a currency",
         "instruments:\n  binance:\n    X: bitcoin\n",
         ":3: \"bitcoin\" must be an asset and a currency"},
        {"a coin whose prices would be of another currency",
         "instruments:\n  coingecko:\n    bitcoin/usd: bitcoin/eur\n",
         ":3: coingecko bitcoin/usd is priced in usd, not in eur"},
        {"a coin without a currency",
         "instruments:\n  coinmarketcap:\n    1: bitcoin/usd\n",
         ":3: coinmarketcap \"1\" must be a coin and its currency"},
        {"a coin that is two assets",
         "instruments:\n  coingecko:\n    bitcoin/usd: bitcoin/usd\n    a/usd: a/usd\n"
         "    bitcoin/eur: wrapped-bitcoin/eur\n",
         ":3: coingecko bitcoin/usd is bitcoin, and in line 5 bitcoin/eur is wrapped-bitcoin: a "
         "coin is the same in every currency"},
        {"an instrument of nobody",
         "instruments:\n  nobody:\n    X: a/usd\n",
         ":2: unknown source \"nobody\"; there are"},
        {"a schedule with another key",
         HEAD "  q: {source: binance, often: 5m}\n",
         ":8: unknown key \"often\"; allowed are source, kind, every"},
        {"a schedule without a period",
         HEAD "  q:\n    source: binance\n    kind: quote\n",
         ":8: q needs source, kind and every (or at, or cron)"},
        {"a moment no clock shows",
         HEAD "  q: {source: binance, at: \"24:00\", kind: quote}\n",
         ":8: at \"24:00\" must be a time of day in UTC, such as \"03:00\""},
        {"a moment with seconds",
         HEAD "  q: {source: binance, at: \"03:00:00\", kind: quote}\n",
         "at \"03:00:00\" must be"},
        {"a time of day every hour",
         HEAD "  q:\n    source: binance\n    kind: quote\n    at: 03:00\n    every: 1h\n",
         ":12: at is a time of every day"},
        {"two rhythms",
         HEAD "  q: {source: binance, cron: '0 3 * * *', every: 1d, kind: quote}\n",
         "cron says all there is: leave out every and at"},
        {"a cron rule with a wrong field",
         HEAD "  q:\n    source: binance\n    kind: quote\n    cron: 15 */6 * * mon-funday\n",
         ":11: cron \"15 */6 * * mon-funday\": day of week: not a value of this field (0-7 or "
         "sun-sat)"},
        {"30 February",
         HEAD "  q:\n    source: binance\n    kind: quote\n    cron: 0 3 30 2 *\n",
         ":11: cron \"0 3 30 2 *\": day of month: none of the months has a day 30"},
        {"a cron rule for every minute",
         HEAD "  q: {source: binance, cron: '58-59 23 * * *', kind: quote}\n",
         ":8: cron: comes at 23:58 and again at 23:59; at least 2 minutes must lie between"},
        {"an offset beyond what lies between two moments",
         HEAD "  q: {source: binance, cron: '*/10 * * * *', kind: quote, offset: 10m}\n",
         "offset \"10m\" must be"},
        {"a job that is of no use when it falls due",
         HEAD "  q:\n    source: binance\n    kind: quote\n    every: 1h\n    offset: 10m\n"
         "    not_after: 10m\n",
         ":13: not_after \"10m\" is over before a slot falls due, 10m after it began"},
        {"a strange kind",
         HEAD "  q: {source: binance, every: 5m, kind: price}\n",
         "kind \"price\" must be quote, listing, history or reference, or of the source tidemark rollup, gaps, archive, retain or report"},
        {"our own work asked of a provider",
         HEAD "  q: {source: binance, every: 5m, kind: rollup}\n", "binance has no jobs of kind rollup"},
        {"a provider's work asked of ourselves",
         HEAD "  q: {source: tidemark, every: 5m, kind: reference}\n",
         "tidemark has no jobs of kind reference"},
        {"our own work with a provider's key",
         HEAD "  q: {source: tidemark, every: 5m, kind: gaps, interval: 1h}\n",
         "a gaps schedule takes no interval"},
        {"a report without its name",
         HEAD "  q: {source: tidemark, every: 1d, kind: report}\n",
         "a report schedule needs report: market or report: reconciliation"},
        {"a report that there is not",
         HEAD "  q: {source: tidemark, every: 1d, kind: report, report: weather}\n",
         "\"report\" must be \"market\" or \"reconciliation\""},
        {"a quote with a report",
         HEAD "  q:\n    source: binance\n    every: 5m\n    kind: quote\n    report: market\n",
         ":12: a quote schedule takes no report"},
        {"a period without a unit",
         HEAD "  q: {source: binance, every: 5, kind: quote}\n",
         "every \"5\" must be a number and s, m, h or d"},
        {"a negative period",
         HEAD "  q: {source: binance, every: -5m, kind: quote}\n",
         "every \"-5m\" must be"},
        {"an endless period",
         HEAD "  q: {source: binance, every: 9999999999999999999d, kind: quote}\n",
         "must be a number and"},
        {"a name with a blank",
         HEAD "  \"q q\": {source: binance, every: 5m, kind: quote}\n",
         "the name \"q q\" must be"},
        {"an offset beyond the period",
         HEAD "  q: {source: binance, every: 5m, kind: quote, offset: 5m}\n",
         "offset \"5m\" must be"},
        {"another way to miss",
         HEAD "  q: {source: binance, every: 5m, kind: quote, missed: ignore}\n",
         "missed \"ignore\" must be catch_up or coalesce"},
        {"neither on nor off",
         HEAD "  q: {source: binance, every: 5m, kind: quote, enabled: yes}\n",
         "enabled \"yes\" must be true or false"},
        {"quotes of nothing",
         HEAD "  q: {source: binance, every: 5m, kind: quote}\n",
         "needs either symbols"},
        {"quotes of two kinds",
         HEAD "  q: {source: binance, every: 5m, kind: quote, symbols: [BTCUSDT], each: "
         "[BTCUSDT]}\n",
         "needs either symbols"},
        {"an empty list",
         HEAD "  q: {source: binance, every: 5m, kind: quote, symbols: []}\n",
         "symbols must have 1 to"},
        {"a value where a list is wanted",
         HEAD "  q: {source: binance, every: 5m, kind: quote, symbols: BTCUSDT}\n",
         "symbols must be a list"},
        {"a symbol nobody has mapped",
         HEAD "  q:\n    source: binance\n    every: 5m\n    kind: quote\n    symbols: "
         "[BTCUSDT,\n      BTCUSD]\n",
         ":13: binance has no instrument \"BTCUSD\""},
        {"a key of another kind",
         HEAD "  q: {source: binance, every: 5m, kind: quote, symbols: [BTCUSDT], interval: "
         "1h}\n",
         "a quote schedule takes no interval"},
        {"a kind this source does not have",
         HEAD "  q: {source: binance, every: 5m, kind: listing, currency: usd}\n",
         ":8: q: "},
        {"a series of a quote",
         HEAD "  q: {source: coinpaprika, every: 5m, kind: quote, each: [btc-bitcoin/usd], series: "
              "ohlcv}\n",
         "a quote schedule takes no series"},
        {"a series that nobody has",
         HEAD "  h: {source: coinpaprika, every: 1d, kind: history, each: [btc-bitcoin/usd], "
              "interval: 1d, lookback: 1d, series: x}\n",
         "h/btc-bitcoin/usd: args.series must be points or ohlcv"},
        {"a series of a source that has none",
         HEAD "  h: {source: binance, every: 1d, kind: history, each: [BTCUSDT], interval: 1d, "
              "lookback: 1d, series: ohlcv}\n",
         ":8: h/BTCUSDT: binance takes no \"series\" for a history"},
        {"history without a lookback",
         HEAD "  h: {source: binance, every: 1h, kind: history, each: [BTCUSDT], interval: 1h}\n",
         "needs each: [symbols], interval: 1h and lookback: 365d"},
        {"an interval that nobody has",
         HEAD "  h: {source: binance, every: 1h, kind: history, each: [BTCUSDT], interval: 7m, "
         "lookback: 1d}\n",
         "h/BTCUSDT: args.interval must be"},
        {"too many pages",
         HEAD "  l: {source: coingecko, every: 1h, kind: listing, currency: usd, pages: 41}\n",
         "pages \"41\" must be a number from 1 to 40"},
        {"a page that is too long",
         HEAD "  l: {source: coingecko, every: 1h, kind: listing, currency: usd, per_page: "
         "251}\n",
         "l: args.per_page must be 1 to 250"},
        {"a folder with symbols",
         HEAD "  f: {source: csv, every: 1m, kind: history, each: [BTCUSDT]}\n",
         "a folder's schedule takes no each"},
        {"a name that no table holds",
         "instruments:\n  binance:\n    " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN ": a/usd\n"
         "schedules:\n  " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
         ": {source: binance, every: 5m, kind: quote,\n    each: [" TEN TEN TEN TEN TEN TEN TEN TEN
         TEN TEN "]}\n",
         ":6: the name \"" TEN TEN TEN TEN "\" must have 1 to 200 characters"},
        {"one stream, two schedules",
         HEAD "  f: {source: csv, every: 1m, kind: history}\n  g: {source: csv, every: 1m, "
         "kind: history}\n",
         "both make the stream history/inbox of csv"},
    };
    /* clang-format on */

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct checked_schedules checked;
        struct error err = {0};

        check_false(rows[i].name, check_file(rows[i].text, arena, &checked, &err));
        check_int(rows[i].name, err.kind, ERROR_REJECT);
        check_contains(rows[i].name, err.message, "/tmp/schedules_check_");
        check_contains(rows[i].name, err.message, rows[i].want);
        arena_destroy(arena);
    }
}

static void
test_what_a_schedule_becomes(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* name source kind stream args period offset missed not_after enabled; */
    } rows[] = {
        {"one request for all symbols",
         "  q: {source: binance, every: 5m, offset: 0s, kind: quote, not_after: 10m, symbols: "
         "[BTCUSDT, ETHUSDT]}\n",
         "q binance quote quote/q {\"symbols\":[\"BTCUSDT\",\"ETHUSDT\"]} 300 0 coalesce 600 1;"},
        {"or one for each",
         "  q: {source: binance, every: 90s, offset: 0s, kind: quote, enabled: false, each: "
         "[BTCUSDT, ETHUSDT]}\n",
         "q/BTCUSDT binance quote quote/BTCUSDT {\"symbols\":[\"BTCUSDT\"]} 90 0 coalesce 0 0;"
         "q/ETHUSDT binance quote quote/ETHUSDT {\"symbols\":[\"ETHUSDT\"]} 90 0 coalesce 0 0;"},
        {"history catches up, and has a place of its own in the period",
         "  h: {source: binance, every: 1h, kind: history, each: [BTCUSDT], interval: 1d, "
         "lookback: 365d}\n",
         "h/BTCUSDT binance history history/BTCUSDT/1d "
         "{\"symbol\":\"BTCUSDT\",\"interval\":\"1d\",\"lookback_s\":31536000} 3600 261 "
         "catch_up 0 1;"},
        {"a series of its own has a stream of its own",
         "  h: {source: coinpaprika, every: 1d, offset: 0s, kind: history, each: "
         "[btc-bitcoin/usd], interval: 1d, lookback: 365d, series: ohlcv}\n",
         "h/btc-bitcoin/usd coinpaprika history history/btc-bitcoin/usd/1d/ohlcv "
         "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":31536000,"
         "\"series\":\"ohlcv\"} 86400 0 catch_up 0 1;"},
        {"a time of day is a slot of every day, and begins within five minutes",
         "  h: {source: binance, at: \"03:05\", kind: history, each: [BTCUSDT], interval: 1d, "
         "lookback: 365d}\n",
         "h/BTCUSDT binance history history/BTCUSDT/1d "
         "{\"symbol\":\"BTCUSDT\",\"interval\":\"1d\",\"lookback_s\":31536000} [5 3 * * *] 261 "
         "catch_up 0 1;"},
        {"what is said of the offset holds there, too",
         "  q: {source: binance, every: 1d, at: 18:00, offset: 0s, kind: quote, symbols: "
         "[BTCUSDT]}\n",
         "q binance quote quote/q {\"symbols\":[\"BTCUSDT\"]} [0 18 * * *] 0 coalesce 0 1;"},
        {"a cron rule is kept as it is written",
         "  q: {source: binance, cron: 15 */6 * * MON-fri, offset: 30s, kind: quote, symbols: "
         "[BTCUSDT]}\n",
         "q binance quote quote/q {\"symbols\":[\"BTCUSDT\"]} [15 */6 * * MON-fri] 30 coalesce 0 1;"},
        {"listings of several lengths stand side by side",
         "  l: {source: coingecko, every: 5m, offset: 0s, kind: listing, currency: usd, per_page: "
         "50}\n"
         "  m: {source: coingecko, every: 1h, offset: 0s, kind: listing, currency: usd, per_page: "
         "200}\n",
         "l coingecko listing listing/usd/50/1 {\"currency\":\"usd\",\"page\":1,\"per_page\":50} "
         "300 0 coalesce 0 1;"
         "m coingecko listing listing/usd/200/1 {\"currency\":\"usd\",\"page\":1,\"per_page\":200} "
         "3600 0 coalesce 0 1;"},
        {"a listing is a schedule a page",
         "  l: {source: coingecko, every: 1h, offset: 1m, kind: listing, currency: usd, pages: "
         "2, per_page: 100}\n",
         "l/1 coingecko listing listing/usd/100/1 "
         "{\"currency\":\"usd\",\"page\":1,\"per_page\":100} 3600 60 coalesce 0 1;l/2 coingecko "
         "listing listing/usd/100/2 {\"currency\":\"usd\",\"page\":2,\"per_page\":100} 3600 60 "
         "coalesce 0 1;"},
        {"a folder has nothing to choose",
         "  f: {source: csv, every: 1m, offset: 0s, kind: history, missed: coalesce}\n",
         "f csv history history/inbox {} 60 0 coalesce 0 1;"},
    };
    /* clang-format on */

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct checked_schedules checked;
        struct error err = {0};
        char text[2048], got[2048] = "";

        snprintf(text, sizeof text, "%s%s", HEAD, rows[i].text);
        if (!check_file(text, arena, &checked, &err))
            fail_msg("%s: %s", rows[i].name, err.message);
        for (size_t k = 0; k < checked.schedule_count; k++) {
            const struct schedule_row *row = &checked.schedules[k];
            char period[64];

            if (row->time.cron)
                snprintf(period, sizeof period, "[%s]", row->time.cron);
            else
                snprintf(period, sizeof period, "%lld", (long long)row->time.period_s);

            snprintf(got + strlen(got), sizeof got - strlen(got),
                     "%s %s %s %s %s %s %lld %s %lld %d;", row->name, row->source, row->kind,
                     row->stream, row->args, period, (long long)row->time.offset_s, row->missed,
                     (long long)row->time.not_after_s, row->enabled);
        }
        check_string(rows[i].name, got, rows[i].want);
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(test_what_a_schedule_becomes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
