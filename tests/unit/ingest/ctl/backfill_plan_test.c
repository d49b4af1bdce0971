#include "ingest/ctl/backfill_plan.h"

#include "unit/check.h"

#define NOW_MS INT64_C(1763714465000) /* 2025-11-21T08:41:05Z */

/* Plans what is written behind "tidemarkctl backfill", split at blanks. */
static bool
plan(const char *line, struct arena *arena, struct backfill_plan *ret_plan, struct error *err)
{
    const char *words[16] = {"backfill"};
    char *rest = arena_string(arena, line), *word;
    struct call call = {.arena = arena};
    size_t count = 1;

    while ((word = strtok_r(rest, " ", &rest)))
        words[count++] = word;
    return command_parse(nouns, words, count, NOW_MS, &call, err) &&
           backfill_plan(&call, NOW_MS, ret_plan, err);
}

static void
test_each_window_and_series_has_a_stream_of_its_own(void **state)
{
    static const struct {
        const char *name, *line, *want_stream, *want_args;
    } rows[] = {
        {"a window of days",                                     "binance BTCUSDT 1h --from 2025-11-01 --to 2025-11-03",
         "backfill/BTCUSDT/1h/20251101-20251103",                                                                                                                               "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":1759265,"
         "\"until_s\":1762128000}"          },
        {"up to the newest closed candle",                       "binance BTCUSDT 1h --from 2025-11-21T00:30:00Z",
         "backfill/BTCUSDT/1h/20251121T0100-20251121T0800",                                                                                                                     "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":27665,"
         "\"until_s\":1763712000}"},
        {"another series does not go on where this one stopped",
         "coinpaprika btc-bitcoin/usd 1d --from 2025-11-01 --to 2025-11-03 --series ohlcv",                              "backfill/btc-bitcoin/usd/1d/ohlcv/20251101-20251103",
         "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":1759265,"
         "\"until_s\":1762128000,\"series\":\"ohlcv\"}"                                      },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct backfill_plan planned;
        struct error err = {0};

        check_error(rows[i].name, plan(rows[i].line, arena, &planned, &err), &err, NULL);
        check_string(rows[i].name, planned.orders[0].stream, rows[i].want_stream);
        check_string(rows[i].name, planned.orders[0].args, rows[i].want_args);
        arena_destroy(arena);
    }
}

static void
test_what_cannot_be_had_is_said_before_anything_is_ordered(void **state)
{
    static const struct {
        const char *name, *line, *want_code, *want;
    } rows[] = {
        {"no beginning",                              "binance BTCUSDT 1h",                           "usage",           "backfill needs --from DATE"                            },
        {"an interval that nobody has",               "binance BTCUSDT 7m --from 2d",                 "usage",
         "7m: the interval must be 5m, 1h or 1d"                                                                                                                                 },
        {"a source that nobody has",                  "nobody X 1h --from 2d",                        "usage",           "there is no such source"                               },
        {"a symbol twice",                            "binance BTCUSDT ETHUSDT BTCUSDT 1h --from 2d", "usage",
         "BTCUSDT is there twice"                                                                                                                                                },
        {"a folder",                                  "csv BTCUSDT 1h --from 2d",                     "backfill.source", "cannot be asked for a window"                          },
        {"a window without a closed candle",          "binance BTCUSDT 1d --from 2025-11-21",
         "backfill.window",                                                                                              "there is no closed candle of 1d"                       },
        {"a window that runs backwards",              "binance BTCUSDT 1h --from 1d --to 2d",         "backfill.window",
         "there is no closed candle of 1h"                                                                                                                                       },
        {"the future",                                "binance BTCUSDT 1h --from 2d --to 2026-01-01", "backfill.window",
         "--to is in the future"                                                                                                                                                 },
        {"longer ago than the source keeps",          "coingecko bitcoin/usd 5m --from 3d",
         "backfill.window",                                                                                              "coingecko has 5m back to 2025-11-20T08:45:00.000Z only"},
        {"longer ago than there is a coin",           "binance BTCUSDT 1h --from 36500d",             "backfill.window",
         "binance has 1h back to 2009-01-01T00:00:00.000Z only"                                                                                                                  },
        {"an interval that the source does not have", "coinpaprika btc-bitcoin/usd 5m --from 2d",
         "job.args",                                                                                                     "not of 5m"                                             },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct backfill_plan planned;
        struct error err = {0};

        check_error(rows[i].name, plan(rows[i].line, arena, &planned, &err), &err,
                    rows[i].want_code);
        check_contains(rows[i].name, err.message, rows[i].want);
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_window_and_series_has_a_stream_of_its_own),
        cmocka_unit_test(test_what_cannot_be_had_is_said_before_anything_is_ordered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
