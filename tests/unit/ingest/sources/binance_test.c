#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

static const struct feed quote = {
    .source = "binance", .kind = "quote", .args = "{\"symbols\":[\"BTCUSDT\",\"BCCBTC\"]}"};
static const struct feed history = {
    .source = "binance",
    .kind = "history",
    .args = "{\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"lookback_s\":360000}"};

#define TICKER(symbol, price, more)                                                                \
    "{\"symbol\":\"" symbol "\",\"lastPrice\":" price ",\"closeTime\":1795250464000" more "}"

static void
a_ticker_becomes_a_tick(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(
        &quote,
        "[" TICKER(
            "BTCUSDT", "\"69624.01000000\"",
            ",\"quoteVolume\":\"1131373139.26501100\","
            "\"priceChangePercent\":\"-3.691\",\"count\":5019250") "," TICKER("BCCBTC",
                                                                              "\"0.00000000\"",
                                                                              ",\"count\":0") "]",
        arena);
    const struct tick *tick = fed.batch.ticks;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("one tick", (int64_t)fed.batch.tick_count, 1);
    check_string("its symbol", tick->symbol, "BTCUSDT");
    check_string("every digit of its price", tick->price, "69624.01000000");
    check_string("volume in the quote currency", tick->volume_24h, "1131373139.26501100");
    check_string("change in percent", tick->change_24h_percent, "-3.691");
    check_string("Binance knows no market cap", tick->market_cap, NULL);
    check_int("when it was", tick->observed_at_ms, 1795250464000);
    check_int("a halted market is no price of 0", (int64_t)fed.batch.rejected, 1);
    check_string("but a reject", fed.batch.rejects[0].reason, "market.halted");
    check_string("with its place", fed.batch.rejects[0].where, "[1]");
    check_string("and its symbol", fed.batch.rejects[0].excerpt, "BCCBTC");
    check_string("the slot is done", fed.batch.position, "2026-11-21T08:40:00.000Z");
    check_false("that was all", fed.batch.more);
    arena_destroy(arena);
}

static void
one_symbol_may_come_as_an_object(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&quote, TICKER("BTCUSDT", "\"1.5\"", ""), arena);

    check_int("one tick", (int64_t)fed.batch.tick_count, 1);
    check_string("the other was not answered", fed.batch.rejects[0].reason, "symbol.unanswered");
    check_string("and is named", fed.batch.rejects[0].excerpt, "BCCBTC");
    arena_destroy(arena);
}

/* What stands in a ticker that is wrong, and where the rest is right. */
static const struct {
    const char *name, *price, *more, *reason, *where;
} prices[] = {
    {"a price that is null",      "null",    "",                    "field.missing",      "[0].lastPrice"  },
    {"a price that is true",      "true",    "",                    "field.type",         "[0].lastPrice"  },
    {"a price that is an object", "{}",      "",                    "field.type",         "[0].lastPrice"  },
    {"an empty price",            "''",      "",                    "decimal.malformed",  "[0].lastPrice"  },
    {"NaN",                       "'NaN'",   "",                    "decimal.malformed",  "[0].lastPrice"  },
    {"hexadecimal",               "'0x10'",  "",                    "decimal.malformed",  "[0].lastPrice"  },
    {"a price of 1e400",          "'1e400'", "",                    "decimal.range",      "[0].lastPrice"  },
    {"a price of 0, but trades",  "'0.0'",   ",'count':7",          "price.not_positive", "[0]"            },
    {"a negative price",          "'-1'",    "",                    "price.not_positive", "[0]"            },
    {"a negative volume",         "'1'",     ",'quoteVolume':'-1'", "size.negative",      "[0]"            },
    {"a volume that is a list",   "'1'",     ",'quoteVolume':[]",   "field.type",         "[0].quoteVolume"},
    {"a count with a fraction",   "'1'",     ",'count':1.5",        "field.type",         "[0].count"      },
};

static const struct {
    const char *name, *time, *reason, *where;
} times[] = {
    {"null",                                "null",                 "field.missing", "[0].closeTime"},
    {"text",                                "'now'",                "field.type",    "[0].closeTime"},
    {"microseconds",                        "1795250464000000",     "time.future",   "[0]"          },
    {"seconds",                             "1795250464",           "time.past",     "[0]"          },
    {"the end of time",                     "9223372036854775807",  "time.future",   "[0]"          },
    {"the beginning of time",               "-9223372036854775808", "time.past",     "[0]"          },
    {"ten minutes and a millisecond ahead", "1795251065001",        "time.future",   "[0]"          },
};

static const struct {
    const char *name, *row, *reason, *where;
} others[] = {
    {"null",          "null",                                               "field.missing",  "[0].symbol"   },
    {"a number",      "17",                                                 "field.missing",  "[0].symbol"   },
    {"an array",      "[]",                                                 "field.missing",  "[0].symbol"   },
    {"no price",      "{'symbol':'BTCUSDT','closeTime':1}",                 "field.missing",  "[0].lastPrice"},
    {"no time",       "{'symbol':'BTCUSDT','lastPrice':'1'}",               "field.missing",  "[0].closeTime"},
    {"not asked for", "{'symbol':'A','lastPrice':'1','closeTime':1}",       "symbol.unasked",
     "[0].symbol"                                                                                            },
    {"another case",  "{'symbol':'btcusdt','lastPrice':'1','closeTime':1}", "symbol.unasked",
     "[0].symbol"                                                                                            },
};

/* `row` is wrong, and the row after it is right and is taken. */
static void
check_ticker(const char *name, const char *row, const char *reason, const char *where)
{
    struct arena *arena = arena_create(4096);
    const char *body = arena_printf(
        arena, "[%s,{'symbol':'BCCBTC','lastPrice':'2','closeTime':1795251065000}]", row);
    struct fed fed = feed_text(&quote, feed_json(body, arena), arena);

    check_error(name, fed.parsed, &fed.err, NULL);
    check_int(name, (int64_t)fed.batch.tick_count, 1);
    check_string(name, fed.batch.ticks[0].symbol, "BCCBTC");
    check_true(name, fed.batch.rejected >= 1);
    check_string(name, fed.batch.rejects[0].reason, reason);
    check_string(name, fed.batch.rejects[0].where, where);
    arena_destroy(arena);
}

static void
a_wrong_ticker_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(prices); i++)
        check_ticker(prices[i].name,
                     arena_printf(arena,
                                  "{'symbol':'BTCUSDT','lastPrice':%s,'closeTime':1795250464000%s}",
                                  prices[i].price, prices[i].more),
                     prices[i].reason, prices[i].where);
    for (size_t i = 0; i < COUNT_OF(times); i++)
        check_ticker(times[i].name,
                     arena_printf(arena, "{'symbol':'BTCUSDT','lastPrice':'1','closeTime':%s}",
                                  times[i].time),
                     times[i].reason, times[i].where);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        check_ticker(others[i].name, others[i].row, others[i].reason, others[i].where);
    arena_destroy(arena);
}

#define KLINE                                                                                      \
    "[1795244400000,\"0.01634790\",\"0.80000000\",\"0.01575800\",\"0.01577100\",\"148976.1\","     \
    "1795247999999,\"2434.19055334\",308,\"1756.87\",\"28.46\",\"0\"]"

static void
a_kline_becomes_a_candle(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&history, "[" KLINE "]", arena);
    const struct candle *candle = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("one candle", (int64_t)fed.batch.candle_count, 1);
    check_string("of the job's symbol", fed.batch.candle_symbol, "BTCUSDT");
    check_int("and interval", fed.batch.candle_interval_s, 3600);
    check_int("the provider's own", fed.batch.candle_origin, CANDLE_PROVIDER);
    check_int("its open time", candle->open_time_ms, 1795244400000);
    check_string("open", candle->open, "0.01634790");
    check_string("high", candle->high, "0.80000000");
    check_string("low", candle->low, "0.01575800");
    check_string("close", candle->close, "0.01577100");
    check_string("volume", candle->volume, "148976.1");
    check_string("quote volume", candle->quote_volume, "2434.19055334");
    check_int("trades", candle->trades, 308);
    check_int("one input", candle->inputs, 1);
    check_string("the next one wanted", fed.batch.position, "2026-11-21T08:00:00.000Z");
    check_false("a short page is the last", fed.batch.more);
    arena_destroy(arena);
}

static const struct {
    const char *name, *row, *reason, *where;
} klines[] = {
    {"null",                   "null",                                          "row.shape",           "[0]"       },
    {"an object",              "{}",                                            "row.shape",           "[0]"       },
    {"too few columns",        "[1795244400000,'1','1','1','1']",               "row.shape",           "[0]"       },
    {"a price that is null",   "[1795244400000,null,'1','1','1','1',1,'1',1]",  "field.missing",
     "[0].open"                                                                                                    },
    {"a price of 0",           "[1795244400000,'0','1','0','1','1',1,'1',1]",   "price.not_positive",  "[0]"       },
    {"a high below the open",  "[1795244400000,'3','2','1','2','1',1,'1',1]",   "candle.inconsistent",
     "[0]"                                                                                                         },
    {"a high below the close", "[1795244400000,'1','2','1','3','1',1,'1',1]",   "candle.inconsistent",
     "[0]"                                                                                                         },
    {"a low above the close",  "[1795244400000,'3','3','2','1','1',1,'1',1]",   "candle.inconsistent",
     "[0]"                                                                                                         },
    {"a low above the open",   "[1795244400000,'1','3','2','3','1',1,'1',1]",   "candle.inconsistent",
     "[0]"                                                                                                         },
    {"a negative volume",      "[1795244400000,'1','1','1','1','-1',1,'1',1]",  "size.negative",       "[0]"       },
    {"negative trades",        "[1795244400000,'1','1','1','1','1',1,'1',-7]",  "size.negative",       "[0]"       },
    {"trades in text",         "[1795244400000,'1','1','1','1','1',1,'1','7']", "field.type",          "[0].trades"},
    {"a time off the grid",    "[1795244400001,'1','1','1','1','1',1,'1',1]",   "time.off_grid",       "[0]"       },
    {"a time before time",     "[-3600000,'1','1','1','1','1',1,'1',1]",        "time.past",           "[0]"       },
};

static void
a_wrong_kline_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(klines); i++) {
        const char *name = klines[i].name;
        struct fed fed = feed_text(
            &history, feed_json(arena_printf(arena, "[%s]", klines[i].row), arena), arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.candle_count, 0);
        check_int(name, (int64_t)fed.batch.rejected, 1);
        check_string(name, fed.batch.rejects[0].reason, klines[i].reason);
        check_string(name, fed.batch.rejects[0].where, klines[i].where);
        check_string(name, fed.batch.position, NULL);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
the_unfinished_kline_is_left_out(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(
        &history, "[" KLINE ",[1795248000000,\"1\",\"1\",\"1\",\"1\",\"1\",1795251599999,\"1\",1]]",
        arena);

    check_int("one candle", (int64_t)fed.batch.candle_count, 1);
    check_int("and no reject", (int64_t)fed.batch.rejected, 0);
    arena_destroy(arena);
}

static void
a_full_page_has_a_next_one(void **state)
{
    struct arena *arena = arena_create(1 << 20);
    struct bytes body = feed_read_file(
        RECORDED_FOLDER "/binance/klines_BTCUSDT_1h_1000rows_full_page_2020-05.json", arena);
    struct fed fed = feed_body(&history, body, arena);

    check_true("there is more", fed.batch.more);
    check_string("from the last open time on", fed.batch.position, "2020-06-11T13:00:00.000Z");
    arena_destroy(arena);
}

static void
an_empty_answer_moves_nothing(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&history, "[]", arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_string("the position stays", fed.batch.position, NULL);
    check_false("and that is all for now", fed.batch.more);
    arena_destroy(arena);
}

static void
the_position_never_goes_back(void **state)
{
    struct arena *arena = arena_create(4096);
    struct feed again = history;
    struct fed fed;

    again.position = "2026-11-21T07:00:00.000Z";
    fed = feed_text(&again, "[[1795237200000,\"1\",\"1\",\"1\",\"1\",\"1\",1,\"1\",1]]", arena);
    check_int("a candle seen before is taken again", (int64_t)fed.batch.candle_count, 1);
    check_string("but the position stays", fed.batch.position, NULL);
    arena_destroy(arena);
}

static const struct {
    const char *name, *body, *code;
} shapes[] = {
    {"an object",     "{\"a\":1}",           "payload.shape"     },
    {"a string",      "\"x\"",               "payload.shape"     },
    {"half an array", "[[1",                 "json.malformed"    },
    {"two documents", "[][]",                "json.malformed"    },
    {"a double key",  "[{\"a\":1,\"a\":2}]", "json.duplicate_key"},
};

static void
a_wrong_body_is_an_error(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct fed fed = feed_text(&history, shapes[i].body, arena);

        check_error(shapes[i].name, fed.parsed, &fed.err, shapes[i].code);
        check_int(shapes[i].name, fed.err.kind, ERROR_REJECT);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticker_becomes_a_tick),
        cmocka_unit_test(one_symbol_may_come_as_an_object),
        cmocka_unit_test(a_wrong_ticker_is_a_reject),
        cmocka_unit_test(a_kline_becomes_a_candle),
        cmocka_unit_test(a_wrong_kline_is_a_reject),
        cmocka_unit_test(the_unfinished_kline_is_left_out),
        cmocka_unit_test(a_full_page_has_a_next_one),
        cmocka_unit_test(an_empty_answer_moves_nothing),
        cmocka_unit_test(the_position_never_goes_back),
        cmocka_unit_test(a_wrong_body_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
