#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

static const struct feed quote = {
    .source = "kraken", .kind = "quote", .args = "{\"symbols\":[\"XXBTZUSD\",\"XDGUSD\"]}"};
static const struct feed history = {
    .source = "kraken",
    .kind = "history",
    .args = "{\"symbol\":\"XXBTZUSD\",\"interval\":\"1h\",\"lookback_s\":360000}"};

static void
tickers_become_ticks(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(
        &quote,
        feed_json("{'error':['WGeneral:Slow'],'result':{"
                  "'XXBTZUSD':{'a':['64000.2','1','1.0'],'b':['64000.1','1','1.0'],"
                  "'c':['64000.10000','0.01'],'v':['10.5','20.5'],'p':['63900','63800'],"
                  "'t':[5,7],'l':['1','2'],'h':['3','4'],'o':'63000.0'},"
                  "'XDGUSD':{'a':['0.4','1'],'b':['0.4','1'],'c':['0.401234567','1'],'t':[1,2]}}}",
                  arena),
        arena);

    check_error("a warning is no error", fed.parsed, &fed.err, NULL);
    check_int("two ticks", (int64_t)fed.batch.tick_count, 2);
    check_string("in the order of symbols", fed.batch.ticks[0].symbol, "XDGUSD");
    check_string("the last trade", fed.batch.ticks[1].price, "64000.10000");
    check_int("as old as the answer", fed.batch.ticks[1].observed_at_ms, FEED_NOW_MS);
    check_string("base volume is no quote volume", fed.batch.ticks[1].volume_24h, NULL);
    check_string("o is of the UTC day", fed.batch.ticks[1].change_24h_percent, NULL);
    check_int("nothing is rejected", (int64_t)fed.batch.rejected, 0);
    check_string("the slot is done", fed.batch.position, "2026-11-21T08:40:00.000Z");
    arena_destroy(arena);
}

/* XDGUSD is left out: with the wrong one that makes two rejects. */
static const struct {
    const char *name, *ticker, *reason;
} tickers[] = {
    {"another market, or another spelling", "'XBTUSD':{'c':['1','1']}",                   "symbol.unasked"    },
    {"no price",                            "'XXBTZUSD':{}",                              "field.missing"     },
    {"an empty list",                       "'XXBTZUSD':{'c':[]}",                        "field.missing"     },
    {"a price without its list",            "'XXBTZUSD':{'c':'1'}",                       "field.missing"     },
    {"a price that is null",                "'XXBTZUSD':{'c':[null,'1']}",                "field.missing"     },
    {"a price that is a list",              "'XXBTZUSD':{'c':[[1],'1']}",                 "field.type"        },
    {"a price of 0",                        "'XXBTZUSD':{'c':['0.00000','0'],'t':[0,3]}", "price.not_positive"},
    {"a market where nothing was traded",   "'XXBTZUSD':{'c':['0.00000','0'],'t':[0,0]}",
     "market.halted"                                                                                          },
    {"a negative price",                    "'XXBTZUSD':{'c':['-1','0'],'t':[0,3]}",      "price.not_positive"},
    {"a price that is no number",           "'XXBTZUSD':{'c':['NaN','0'],'t':[0,3]}",     "decimal.malformed" },
    {"counts that are words",               "'XXBTZUSD':{'c':['1','0'],'t':['a','b']}",   "field.type"        },
    {"a ticker that is a number",           "'XXBTZUSD':1",                               "field.missing"     },
    {"a ticker that is null",               "'XXBTZUSD':null",                            "field.missing"     },
};

static void
a_wrong_ticker_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(tickers); i++) {
        const char *name = tickers[i].name;
        struct fed fed = feed_text(
            &quote,
            feed_json(arena_printf(arena, "{'error':[],'result':{%s}}", tickers[i].ticker), arena),
            arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.tick_count, 0);
        check_string(name, fed.batch.rejects[0].reason, tickers[i].reason);
        check_string(name, fed.batch.rejects[fed.batch.reject_count - 1].reason,
                     "symbol.unanswered");
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name;
    const struct feed *feed;
    const char *body, *code;
} shapes[] = {
    {"a list",                     &quote,   "[]",                                         "payload.shape"     },
    {"an empty object",            &quote,   "{}",                                         "payload.shape"     },
    {"no result",                  &quote,   "{'error':[]}",                               "payload.shape"     },
    {"no list of errors",          &quote,   "{'result':{}}",                              "payload.shape"     },
    {"a result that is null",      &quote,   "{'error':[],'result':null}",                 "payload.shape"     },
    {"an error beside a result",   &quote,   "{'error':['EGeneral:Strange'],'result':{}}",
     "provider.error"                                                                                          },
    {"an error that is no text",   &quote,   "{'error':[1],'result':{}}",                  "provider.error"    },
    {"one market twice",           &quote,   "{'error':[],'result':{'A':1,'A':2}}",        "json.duplicate_key"},
    {"candles of another market",  &history,
     "{'error':[],'result':{'XETHZUSD':[],'last':1795244400}}",                            "payload.shape"     },
    {"candles that are an object", &history,
     "{'error':[],'result':{'XXBTZUSD':{},'last':1795244400}}",                            "payload.shape"     },
    {"no last candle",             &history, "{'error':[],'result':{'XXBTZUSD':[]}}",      "payload.shape"     },
    {"a last candle that is text", &history,
     "{'error':[],'result':{'XXBTZUSD':[],'last':'1795244400'}}",                          "payload.shape"     },
};

static void
other_shapes_are_refused(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct fed fed = feed_text(shapes[i].feed, feed_json(shapes[i].body, arena), arena);

        check_error(shapes[i].name, fed.parsed, &fed.err, shapes[i].code);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* An error is also seen in a body that is too long for classify() to look into. */
static void
a_long_error_is_no_answer(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    struct fed fed = feed_text(
        &quote, arena_printf(arena, "{\"error\":[\"EService:Busy\"],\"result\":{}%20000s}", " "),
        arena);

    check_error("it is refused", fed.parsed, &fed.err, "payload.shape");
    arena_destroy(arena);
}

static void
closed_candles_are_taken(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(
        &history,
        feed_json("{'error':[],'result':{'XXBTZUSD':["
                  "[1795237200,'10.5','12','9.50','11','10.7','3.25000000',17],"
                  "[1795240800,'11','11','11','11','0.0','0.0',0],"
                  "[1795244400,'11','13','11','12.5','11.9','1',4],"
                  "[1795248000,'12.5','12.5','12.5','12.5','0','0',0]],'last':1795240800}}",
                  arena),
        arena);
    const struct candle *candles = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("what they call unfinished is, whatever our clock says",
              (int64_t)fed.batch.candle_count, 2);
    check_int("no reject", (int64_t)fed.batch.rejected, 0);
    check_int("opens", candles[0].open_time_ms, 1795237200000);
    check_string("open", candles[0].open, "10.5");
    check_string("high", candles[0].high, "12");
    check_string("low", candles[0].low, "9.50");
    check_string("close", candles[0].close, "11");
    check_string("volume", candles[0].volume, "3.25000000");
    check_string("no quote volume", candles[0].quote_volume, NULL);
    check_int("trades", candles[0].trades, 17);
    check_string("an hour without trades is an hour", candles[1].close, "11");
    check_string("of volume 0", candles[1].volume, "0.0");
    check_int("and no trades", candles[1].trades, 0);
    check_string("it goes on there", fed.batch.position, "2026-11-21T07:00:00.000Z");
    check_false("that was all there is", fed.batch.more);
    arena_destroy(arena);
}

static void
no_candles_move_nothing(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_text(&history, "{\"error\":[],\"result\":{\"XXBTZUSD\":[],\"last\":0}}", arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("no candle", (int64_t)fed.batch.candle_count, 0);
    check_string("the position stays", fed.batch.position, NULL);
    arena_destroy(arena);
}

static const struct {
    const char *name, *row, *reason;
} candles[] = {
    {"an object",              "{'time':1795244400}",                       "row.shape"          },
    {"seven columns",          "[1795244400,'1','1','1','1','1','1']",      "row.shape"          },
    {"a time in milliseconds", "[1795244400000,'1','1','1','1','1','1',1]", "time.malformed"     },
    {"a negative time",        "[-3600,'1','1','1','1','1','1',1]",         "time.malformed"     },
    {"a time that is text",    "['1795244400','1','1','1','1','1','1',1]",  "field.type"         },
    {"a time that is null",    "[null,'1','1','1','1','1','1',1]",          "field.missing"      },
    {"a close that is null",   "[1795244400,'1','1','1',null,'1','1',1]",   "field.missing"      },
    {"a price of 0",           "[1795244400,'0','0','0','0','0','0',0]",    "price.not_positive" },
    {"a negative volume",      "[1795244400,'1','1','1','1','1','-1',1]",   "size.negative"      },
    {"a count that is text",   "[1795244400,'1','1','1','1','1','1','1']",  "field.type"         },
    {"high and low exchanged", "[1795244400,'2','1','3','2','2','1',1]",    "candle.inconsistent"},
    {"another interval",       "[1795244460,'1','1','1','1','1','1',1]",    "time.off_grid"      },
};

static void
a_wrong_candle_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(candles); i++) {
        const char *name = candles[i].name;
        struct fed fed = feed_text(&history,
                                   feed_json(arena_printf(arena,
                                                          "{'error':[],'result':{'last':1795244460,"
                                                          "'XXBTZUSD':[%s]}}",
                                                          candles[i].row),
                                             arena),
                                   arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.candle_count, 0);
        check_int(name, (int64_t)fed.batch.rejected, 1);
        check_string(name, fed.batch.rejects[0].reason, candles[i].reason);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* Names in four spellings; a status that only newer answers have. */
static const struct {
    const char *name, *pair, *symbol, *ticker, *quote;
    bool active;
} pairs[] = {
    {"XBT is BTC",            "'XXBTZUSD':{'altname':'XBTUSD','wsname':'XBT/USD','base':'XXBT'}", "XXBTZUSD",
     "BTC",                                                                                                           "usd",  true },
    {"also as a currency",    "'XETHXXBT':{'wsname':'ETH/XBT'}",                                  "XETHXXBT", "ETH",  "btc",  true },
    {"XDG is DOGE",           "'XDGUSD':{'wsname':'XDG/USD','status':'online'}",                  "XDGUSD",   "DOGE", "usd",
     true                                                                                                                          },
    {"XTZ begins with an X",  "'XTZEUR':{'wsname':'XTZ/EUR','base':'XTZ'}",                       "XTZEUR",   "XTZ",  "eur",
     true                                                                                                                          },
    {"USDT is not USD",       "'XBTUSDT':{'wsname':'XBT/USDT'}",                                  "XBTUSDT",  "BTC",  "usdt", true },
    {"some can trade",        "'A':{'wsname':'A/EUR','status':'post_only'}",                      "A",        "A",    "eur",  true },
    {"nobody can trade",      "'A':{'wsname':'A/EUR','status':'cancel_only'}",                    "A",        "A",    "eur",  false},
    {"a status that is null", "'A':{'wsname':'A/EUR','status':null}",                             "A",        "A",    "eur",  true },
    {"a status that is new",  "'A':{'wsname':'A/EUR','status':'unheard_of'}",                     "A",        "A",    "eur",
     false                                                                                                                         },
};

static const struct feed reference = {.source = "kraken", .kind = "reference", .args = "{}"};

static struct fed
feed_pair(const char *pair, struct arena *arena)
{
    return feed_text(&reference,
                     feed_json(arena_printf(arena, "{'error':[],'result':{%s}}", pair), arena),
                     arena);
}

static void
pairs_become_references(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        const char *name = pairs[i].name;
        struct fed fed = feed_pair(pairs[i].pair, arena);
        const struct reference *found = fed.batch.references;

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.reference_count, 1);
        check_string(name, found->symbol, pairs[i].symbol);
        check_string(name, found->ticker, pairs[i].ticker);
        check_string(name, found->quote, pairs[i].quote);
        check_int(name, found->active, pairs[i].active);
        check_true(name, fed.batch.references_whole);
        check_string(name, fed.batch.position, "2026-11-21T08:40:00.000Z");
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *pair, *reason;
} odd_pairs[] = {
    {"a dark pool",               "'XXBTZUSD.d':{'altname':'XBTUSD.d'}", "market.dark_pool"},
    {"no name",                   "'A':{'altname':'A'}",                 "field.missing"   },
    {"no object",                 "'A':1",                               "field.missing"   },
    {"a name that is a number",   "'A':{'wsname':1}",                    "field.type"      },
    {"a name without currency",   "'A':{'wsname':'XBTUSD'}",             "row.shape"       },
    {"a name of three",           "'A':{'wsname':'A/B/C'}",              "row.shape"       },
    {"an empty asset",            "'A':{'wsname':'/USD'}",               "field.missing"   },
    {"a status that is a number", "'A':{'wsname':'A/B','status':1}",     "field.type"      },
};

static void
an_odd_pair_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(odd_pairs); i++) {
        const char *name = odd_pairs[i].name;
        struct fed fed = feed_pair(
            arena_printf(arena, "%s,'XDGUSD':{'wsname':'XDG/USD'}", odd_pairs[i].pair), arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.reference_count, 1);
        check_int(name, (int64_t)fed.batch.rejected, 1);
        check_string(name, fed.batch.rejects[0].reason, odd_pairs[i].reason);
        check_int("only a dark pool is known to be none", fed.batch.references_whole, i == 0);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickers_become_ticks),       cmocka_unit_test(a_wrong_ticker_is_a_reject),
        cmocka_unit_test(other_shapes_are_refused),   cmocka_unit_test(a_long_error_is_no_answer),
        cmocka_unit_test(closed_candles_are_taken),   cmocka_unit_test(no_candles_move_nothing),
        cmocka_unit_test(a_wrong_candle_is_a_reject), cmocka_unit_test(pairs_become_references),
        cmocka_unit_test(an_odd_pair_is_a_reject),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
