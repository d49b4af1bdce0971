#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

/*
 * The recorded answers are of v1. Those of v2 and v3, of the map and of the histories are
 * constructed here from the documentation: coinmarketcap.com/api/documentation, and the models in
 * OpenCMC/coinmarketcap-api-python.
 */
static const struct feed listing = {.source = "coinmarketcap",
                                    .kind = "listing",
                                    .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":200}"};
static const struct feed quote = {
    .source = "coinmarketcap", .kind = "quote", .args = "{\"symbols\":[\"1/usd\",\"1027/usd\"]}"};
static const struct feed map = {
    .source = "coinmarketcap", .kind = "reference", .args = "{\"page\":1,\"per_page\":5000}"};
static const struct feed days = {
    .source = "coinmarketcap",
    .kind = "history",
    .args = "{\"symbol\":\"1/usd\",\"interval\":\"1d\",\"lookback_s\":3600000}"};
static const struct feed hours = {
    .source = "coinmarketcap",
    .kind = "history",
    .args = "{\"symbol\":\"1/usd\",\"interval\":\"1h\",\"lookback_s\":360000}"};
static const struct feed minutes = {
    .source = "coinmarketcap",
    .kind = "history",
    .args = "{\"symbol\":\"1/usd\",\"interval\":\"5m\",\"lookback_s\":3600}"};
static const struct feed candles = {.source = "coinmarketcap",
                                    .kind = "history",
                                    .args = "{\"symbol\":\"1/usd\",\"interval\":\"1d\","
                                            "\"lookback_s\":3600000,\"series\":\"ohlcv\"}"};

#define STATUS                                                                                     \
    "'status':{'timestamp':'2026-11-21T08:41:04.000Z','error_code':0,'error_message':null}"
#define NUMBERS                                                                                    \
    "'price':38012.17476016029,'volume_24h':1.9e10,'percent_change_24h':-3.7,'market_cap':7.2e11," \
    "'fully_diluted_market_cap':798255669963.36,'last_updated':'2026-11-21T08:40:00.000Z'"
#define COIN(id, more)                                                                             \
    "{'id':" id ",'name':'Bitcoin','symbol':'BTC','slug':'bitcoin','cmc_rank':1,"                  \
    "'circulating_supply':18943462,'total_supply':18943462,'max_supply':21000000" more "}"
#define V1 ",'quote':{'USD':{" NUMBERS "}}"
#define V3 ",'quote':[{'id':825,'symbol':'USDT'},{'id':2781,'symbol':'USD'," NUMBERS "}]"

static struct fed
feed_quoted(const struct feed *feed, const char *body, struct arena *arena)
{
    return feed_text(feed, feed_json(body, arena), arena);
}

static void
a_market_row_is_a_tick_and_a_listing(void **state)
{
    static const char *const bodies[] = {
        "{" STATUS ",'data':[" COIN("1", V1) "]}",
        "{" STATUS ",'data':[" COIN("1", V3) "]}",
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct fed fed = feed_quoted(&listing, bodies[i], arena);
        const struct listing *row = fed.batch.listings;
        const struct tick *tick = fed.batch.ticks;

        check_error("it is parsed", fed.parsed, &fed.err, NULL);
        check_int("a listing", (int64_t)fed.batch.listing_count, 1);
        check_int("and a tick", (int64_t)fed.batch.tick_count, 1);
        check_string("its number is its name", tick->symbol, "1/usd");
        check_string("every digit", tick->price, "38012.17476016029");
        check_string("volume", tick->volume_24h, "19000000000");
        check_string("cap", tick->market_cap, "720000000000");
        check_string("change", tick->change_24h_percent, "-3.7");
        check_int("when", tick->observed_at_ms, 1795250400000);
        check_string("no asset: the store looks for it", row->asset, NULL);
        check_string("ticker", row->ticker, "BTC");
        check_string("name", row->name, "Bitcoin");
        check_int("rank", row->rank, 1);
        check_string("diluted", row->fully_diluted_valuation, "798255669963.36");
        check_string("maximum", row->max_supply, "21000000");
        check_string("the slot is done", fed.batch.position, "2026-11-21T08:40:00.000Z");
        check_false("that was all", fed.batch.more);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* All that is documented, and all ways to leave something out. */
static void
quotes_come_in_many_shapes(void **state)
{
    static const struct {
        const char *name, *data;
        size_t ticks, rejected;
    } rows[] = {
        {"an object by id", "{'1':" COIN("1",            V1) ",'1027':" COIN("1027",                       V1) "}",                                                                                    2, 0},
        {"an object of lists",                "{'BTC':[" COIN("1",                                           V1) "],'ETH':[" COIN("1027",                                                                        V3) "]}",                                                                                                                                2, 0},
        {"a list",         "[" COIN("1",                                   V3) "," COIN("1027",           V3) "]",2, 0},
        {"an id in text","[" COIN("'1'",V3) "," COIN("1027",  V3) "]",                                                                                                                      2, 0},
        {"one was invalid",                 "{'1':" COIN("1",                              V1) "}",                                                                    1,                                                                                                                                                                         1},
        {"one that nobody asked for",                "[" COIN("1",                                          V3) "," COIN("7",                                                                                          V3) "]",                                               1, 2},
        {"nothing",          "{}",       0,2},
        {"an empty list for a symbol","{'BTC':[]}",0,2},
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fed fed =
            feed_quoted(&quote, arena_printf(arena, "{" STATUS ",'data':%s}", rows[i].data), arena);

        check_error(rows[i].name, fed.parsed, &fed.err, NULL);
        check_int(rows[i].name, (int64_t)fed.batch.tick_count, (int64_t)rows[i].ticks);
        check_int(rows[i].name, (int64_t)fed.batch.rejected, (int64_t)rows[i].rejected);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
what_nobody_has_verified_is_unknown(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &listing,
        "{" STATUS ",'data':["
        "{'id':7,'name':'N','symbol':'S','cmc_rank':null,'circulating_supply':0,'max_supply':null,"
        "'total_supply':5,'last_updated':'2026-11-21T08:40:00.000Z',"
        "'quote':{'USD':{'price':1e-9,'market_cap':0,'volume_24h':null}}}]}",
        arena);
    const struct listing *row = fed.batch.listings;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("it is taken", (int64_t)fed.batch.listing_count, 1);
    check_string("a tiny price", row->price, "0.000000001");
    check_string("no cap", row->market_cap, NULL);
    check_string("no supply", row->circulating_supply, NULL);
    check_string("a total", row->total_supply, "5");
    check_string("no maximum", row->max_supply, NULL);
    check_int("no rank", row->rank, 0);
    check_int("the coin's time, without one of the quote", row->observed_at_ms, 1795250400000);
    arena_destroy(arena);
}

static const struct {
    const char *name, *coin, *reason, *where;
} wrong[] = {
    {"null",                                                                   "null",             "field.missing",                        "data[0].id"                                             },
    {"a list in the list",                                                     "[]",               "field.missing",                        "data[0].id"                                             },
    {"an id in words",                                                         "{'id':'bitcoin'}", "field.type",                           "data[0].id"                                             },
    {"an id with a point",                                                     "{'id':1.5}",       "field.type",                           "data[0].id"                                             },
    {"no quote",                                                               COIN("1",           ""),                                    "field.missing",                                           "data[0].quote"},
    {"a quote that is null",                                                                        COIN("1",                                                                     ",'quote':null"),                            "field.missing", "data[0].quote"},
    {"a quote in other currency",                                                         COIN("1",                                                                           ",'quote':{'EUR':{" NUMBERS "}}"),                                                                                       "field.missing",
     "data[0].quote"},
    {"the same as a list",                                                         COIN("1",                                                                              ",'quote':[{'symbol':'EUR'}]"),                                                                                                                    "field.missing",
     "data[0].quote"},
    {"a currency that is null",                                          COIN("1",",'quote':{'USD':null}"),                                                                                                                      "field.missing",
     "data[0].quote"},
    {"no time anywhere",                       COIN("1",                                                  ",'quote':{'USD':{'price':1}}"),"field.missing",
     "data[0].last_updated"},
    {"a price that is null",
     COIN("1",                                           ",'quote':{'USD':{'price':null,'last_updated':'2026-11-21T08:40:00Z'}}"),
     "price.missing",                                                                                        "data[0]"},
    {"a price of 0",
     COIN("1",                                                                     ",'quote':{'USD':{'price':0,'last_updated':'2026-11-21T08:40:00Z'}}"),
     "price.not_positive",                                                                    "data[0]"},
    {"a price that is a list",
     COIN("1",                                                                                 ",'quote':{'USD':{'price':[1],'last_updated':'2026-11-21T08:40:00Z'}}"),
     "field.type",                                                                                                                                                                                        "data[0].price"},
    {"a number beyond all",
     COIN("1",                                                              ",'quote':{'USD':{'price':1e400,'last_updated':'2026-11-21T08:40:00Z'}}"),
     "decimal.range",                                                                   "data[0].price"},
    {"a negative rank", "{'id':1,'name':'N','symbol':'S','cmc_rank':-1" V1 "}",                                                                                 "size.negative",
     "data[0].cmc_rank"},
};

/* Each is followed by a row that is right, and is taken. */
static void
a_wrong_row_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *body =
            arena_printf(arena, "{" STATUS ",'data':[%s," COIN("74", V1) "]}", wrong[i].coin);
        struct fed fed = feed_quoted(&listing, body, arena);

        check_error(wrong[i].name, fed.parsed, &fed.err, NULL);
        check_int(wrong[i].name, (int64_t)fed.batch.listing_count, 1);
        check_int(wrong[i].name, (int64_t)fed.batch.rejected, 1);
        check_string(wrong[i].name, fed.batch.rejects[0].reason, wrong[i].reason);
        check_string(wrong[i].name, fed.batch.rejects[0].where, wrong[i].where);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
the_map_becomes_references(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &map,
        "{" STATUS ",'data':["
        "{'id':1,'rank':1,'name':'Bitcoin','symbol':'BTC','slug':'bitcoin','is_active':1,"
        "'platform':null},"
        "{'id':1027,'rank':null,'name':'Ethereum','symbol':'ETH','slug':'ethereum','is_active':0},"
        "{'id':null,'name':'N','symbol':'S'},{'id':7,'name':'','symbol':'S'}]}",
        arena);
    const struct reference *references = fed.batch.references;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("two", (int64_t)fed.batch.reference_count, 2);
    check_int("two are none", (int64_t)fed.batch.rejected, 2);
    check_string("number", references[0].symbol, "1");
    check_string("ticker", references[0].ticker, "BTC");
    check_string("name", references[0].name, "Bitcoin");
    check_int("rank", references[0].rank, 1);
    check_true("active", references[0].active);
    check_string("the other", references[1].symbol, "1027");
    check_int("no rank", references[1].rank, 0);
    check_false("inactive", references[1].active);
    check_string("its place among assets is not said", references[0].asset, NULL);
    check_false("other pages have more", fed.batch.references_whole);
    arena_destroy(arena);
}

#define POINT(at, price)                                                                           \
    "{'timestamp':'" at "','quote':{'USD':{'price':" price ",'volume_24h':7,'market_cap':0,"       \
    "'timestamp':'" at "'}}}"

/* Samples come a little late; each closes the interval before it. */
static void
samples_close_the_interval_before_them(void **state)
{
    static const char points[] = "[" POINT("2026-11-19T00:00:00.000Z", "1") "," POINT(
        "2026-11-20T00:04:03.000Z", "2") "," POINT("2026-11-21T00:00:08.000Z", "3") "]";
    static const char *const wraps[] = {
        "{" STATUS ",'data':{'id':1,'symbol':'BTC','quotes':%s}}",
        "{" STATUS ",'data':{'1':{'id':1,'quotes':%s}}}",
        "{" STATUS ",'data':[{'id':1,'quotes':%s}]}",
        "{" STATUS ",'data':{'BTC':[{'id':1,'quotes':%s}]}}",
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(wraps); i++) {
        const char *at = strstr(wraps[i], "%s");
        const char *body =
            arena_printf(arena, "%.*s%s%s", (int)(at - wraps[i]), wraps[i], points, at + 2);
        struct fed fed = feed_quoted(&days, body, arena);
        const struct candle *candle = fed.batch.candles;

        check_error(wraps[i], fed.parsed, &fed.err, NULL);
        check_int(wraps[i], (int64_t)fed.batch.candle_count, 3);
        check_int("the 20th is closed by the 21st's first", candle[2].open_time_ms, 1795132800000);
        check_string("with its price", candle[2].close, "3");
        check_string("rolling volume", candle[2].volume_24h, "7");
        check_string("a cap of 0 is unknown", candle[2].market_cap, NULL);
        check_string("no volume of its own", candle[2].quote_volume, NULL);
        check_int("one sample", candle[2].inputs, 1);
        check_int("made of points", fed.batch.candle_origin, CANDLE_POINTS);
        check_string("it goes on after the newest", fed.batch.position, "2026-11-21T00:00:00.000Z");
        check_false("that was all", fed.batch.more);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
a_history_of_another_coin_is_not_taken(void **state)
{
    static const char *const bodies[] = {
        "{" STATUS ",'data':{'id':2,'quotes':[" POINT("2026-11-21T00:00:08.000Z", "3") "]}}",
        "{" STATUS
        ",'data':{'1':{'id':'2','quotes':[" POINT("2026-11-21T00:00:08.000Z", "3") "]}}}",
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct fed fed = feed_quoted(&days, bodies[i], arena);

        check_error(bodies[i], fed.parsed, &fed.err, "payload.shape");
        check_contains("which", fed.err.message, "of coin 2, not of 1");
    }
    arena_destroy(arena);
}

/* Ten minutes are late for a day, half an interval for five minutes. */
static void
a_sample_in_the_middle_is_of_its_own_interval(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &hours,
        "{" STATUS ",'data':{'quotes':[" POINT("2026-11-21T05:10:00.000Z", "1") "," POINT(
            "2026-11-21T06:10:01.000Z", "2") "]}}",
        arena);

    check_int("two hours", (int64_t)fed.batch.candle_count, 2);
    check_int("late", fed.batch.candles[0].open_time_ms, 1795233600000);
    check_int("too late", fed.batch.candles[1].open_time_ms, 1795240800000);
    fed = feed_quoted(&minutes,
                      "{" STATUS
                      ",'data':{'quotes':[" POINT("2026-11-21T08:12:30.000Z", "1") "," POINT(
                          "2026-11-21T08:17:31.000Z", "2") "]}}",
                      arena);
    check_int("two fives", (int64_t)fed.batch.candle_count, 2);
    check_int("late", fed.batch.candles[0].open_time_ms, 1795248300000);
    check_int("too late", fed.batch.candles[1].open_time_ms, 1795248900000);
    arena_destroy(arena);
}

static void
a_wrong_sample_is_a_reject(void **state)
{
    static const struct {
        const char *name, *point, *reason;
    } rows[] = {
        {"null",                        "null",                       "field.missing"                              },
        {"no price",                    POINT("2026-11-20T00:00:00Z", "null"),                                       "price.missing"},
        {"a price of 0",                             POINT("2026-11-20T00:00:00Z",                                            "0"),                                 "price.not_positive"},
        {"no time",         "{'quote':{'USD':{'price':1}}}",                                     "field.missing"                                         },
        {"of tomorrow",              POINT("2026-11-22T09:00:00Z",      "1"),"time.future"},
        {"before bitcoin",                         POINT("2008-11-22T09:00:00Z",                                   "1"),                                                                                   "time.past"},
        {"no quote","{'timestamp':'2026-11-20T00:00:00Z','quote':[]}","price.missing"},
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fed fed = feed_quoted(
            &days, arena_printf(arena, "{" STATUS ",'data':{'quotes':[%s]}}", rows[i].point),
            arena);

        check_error(rows[i].name, fed.parsed, &fed.err, NULL);
        check_int(rows[i].name, (int64_t)fed.batch.rejected, 1);
        check_string(rows[i].name, fed.batch.rejects[0].reason, rows[i].reason);
        check_string("no candle, no progress", fed.batch.position, NULL);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
candles_of_a_paid_plan_are_taken_as_they_are(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &candles,
        "{" STATUS ",'data':{'id':1,'quotes':["
        "{'time_open':'2026-11-19T00:00:00.000Z','time_close':'2026-11-19T23:59:59.999Z',"
        "'quote':{'USD':{'open':3849.2,'high':3947.9,'low':3817.4,'close':3943.4,"
        "'volume':5244856835.7,'market_cap':68849856731.6}}},"
        "{'time_open':'2026-11-20T00:00:00.000Z','quote':{'USD':{'open':1,'high':0.5,'low':1,"
        "'close':1}}},"
        "{'time_open':'2026-11-21T00:00:00.000Z','quote':{'USD':{'open':1,'high':1,'low':1,"
        "'close':1}}}]}}",
        arena);
    const struct candle *candle = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("today is not over", (int64_t)fed.batch.candle_count, 1);
    check_string("high below open", fed.batch.rejects[0].reason, "candle.inconsistent");
    check_int("the provider's own", fed.batch.candle_origin, CANDLE_PROVIDER);
    check_string("open", candle->open, "3849.2");
    check_string("what was traded, in the currency", candle->quote_volume, "5244856835.7");
    check_string("not in coins", candle->volume, NULL);
    check_string("cap", candle->market_cap, "68849856731.6");
    arena_destroy(arena);
}

static void
what_is_no_answer_is_an_error(void **state)
{
    static const char *const bodies[] = {"[]",           "{}",         "{'data':null}",
                                         "{'data':'x'}", "{'data':7}", "{" STATUS "}"};
    const struct feed *const feeds[] = {&listing, &quote, &map, &days, &candles};
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        for (size_t k = 0; k < COUNT_OF(feeds); k++) {
            struct fed fed = feed_quoted(feeds[k], bodies[i], arena);

            check_error(bodies[i], fed.parsed, &fed.err, "payload.shape");
        }
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* The global figures of a market are no coins. */
static void
other_endpoints_give_nothing(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    struct bytes body = feed_read_file(
        RECORDED_FOLDER "/coinmarketcap/global_metrics_latest_2023-09-20.json", arena);
    struct fed fed = feed_body(&listing, body, arena);

    check_error("no listing", fed.parsed, &fed.err, "payload.shape");
    fed = feed_body(&days, body, arena);
    check_error("no history", fed.parsed, &fed.err, "payload.shape");
    fed = feed_body(&quote, body, arena);
    check_error("no coins", fed.parsed, &fed.err, NULL);
    check_int("at all", (int64_t)fed.batch.tick_count, 0);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_market_row_is_a_tick_and_a_listing),
        cmocka_unit_test(quotes_come_in_many_shapes),
        cmocka_unit_test(what_nobody_has_verified_is_unknown),
        cmocka_unit_test(a_wrong_row_is_a_reject),
        cmocka_unit_test(the_map_becomes_references),
        cmocka_unit_test(samples_close_the_interval_before_them),
        cmocka_unit_test(a_history_of_another_coin_is_not_taken),
        cmocka_unit_test(a_sample_in_the_middle_is_of_its_own_interval),
        cmocka_unit_test(a_wrong_sample_is_a_reject),
        cmocka_unit_test(candles_of_a_paid_plan_are_taken_as_they_are),
        cmocka_unit_test(what_is_no_answer_is_an_error),
        cmocka_unit_test(other_endpoints_give_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
