#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

static const struct feed quote = {
    .source = "coinbase", .kind = "quote", .args = "{\"symbols\":[\"BTC-USD\"]}"};
static const struct feed history = {
    .source = "coinbase",
    .kind = "history",
    .args = "{\"symbol\":\"BTC-USD\",\"interval\":\"1h\",\"lookback_s\":360000}"};

static void
a_ticker_becomes_a_tick(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&quote,
                               "{\"trade_id\":1,\"price\":\"4417.01000000\",\"volume\":\"7878.2\","
                               "\"time\":\"2026-11-21T08:40:31.887000Z\"}",
                               arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("one tick", (int64_t)fed.batch.tick_count, 1);
    check_string("of the job's symbol", fed.batch.ticks[0].symbol, "BTC-USD");
    check_string("every digit", fed.batch.ticks[0].price, "4417.01000000");
    check_int("when it was", fed.batch.ticks[0].observed_at_ms, 1795250431887);
    check_string("base volume is no quote volume", fed.batch.ticks[0].volume_24h, NULL);
    check_string("the slot is done", fed.batch.position, "2026-11-21T08:40:00.000Z");
    check_false("that was all", fed.batch.more);
    arena_destroy(arena);
}

static const struct {
    const char *name, *body, *reason;
} tickers[] = {
    {"no price",                "{'time':'2026-11-21T08:40:31Z'}",             "field.missing"     },
    {"a price of 0",            "{'price':'0','time':'2026-11-21T08:40:31Z'}", "price.not_positive"},
    {"a price that is a list",  "{'price':[1],'time':'2026-11-21T08:40:31Z'}", "field.type"        },
    {"no time",                 "{'price':'1'}",                               "field.missing"     },
    {"a time that is null",     "{'price':'1','time':null}",                   "field.missing"     },
    {"a time that is a number", "{'price':'1','time':1795250431}",             "field.type"        },
    {"a time without zone",     "{'price':'1','time':'2026-11-21T08:40:31'}",  "time.malformed"    },
    {"a time next year",        "{'price':'1','time':'2027-11-21T08:40:31Z'}", "time.future"       },
};

static void
a_wrong_ticker_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(tickers); i++) {
        struct fed fed = feed_text(&quote, feed_json(tickers[i].body, arena), arena);

        check_error(tickers[i].name, fed.parsed, &fed.err, NULL);
        check_int(tickers[i].name, (int64_t)fed.batch.tick_count, 0);
        check_int(tickers[i].name, (int64_t)fed.batch.rejected, 1);
        check_string(tickers[i].name, fed.batch.rejects[0].reason, tickers[i].reason);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* Newest first; low and high before open and close; noise in the volume. */
static void
candles_are_put_in_order(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&history,
                               "[[1795248000,1,2,1,2,1],"
                               "[1795244400,10106,10130,10129.99,10106.01,4.727521520000001],"
                               "[1795233600,10127.89,10157,10156.99,10130,2.2357688599999963]]",
                               arena);
    const struct candle *candles = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("the unfinished one is left out", (int64_t)fed.batch.candle_count, 2);
    check_int("oldest first", candles[0].open_time_ms, 1795233600000);
    check_string("volume, rounded to 8 places", candles[0].volume, "2.23576886");
    check_string("low", candles[1].low, "10106");
    check_string("high", candles[1].high, "10130");
    check_string("open", candles[1].open, "10129.99");
    check_string("close", candles[1].close, "10106.01");
    check_string("volume without the noise", candles[1].volume, "4.72752152");
    check_int("trades are not told", candles[1].trades, -1);
    check_string("a gap is none of our business", fed.batch.position, "2026-11-21T08:00:00.000Z");
    arena_destroy(arena);
}

static const struct {
    const char *name, *row, *reason;
} candles[] = {
    {"an object, as the other API has them", "{'start':'1795244400'}",          "row.shape"          },
    {"five columns",                         "[1795244400,1,1,1,1]",            "row.shape"          },
    {"a time in milliseconds",               "[1795244400000,1,1,1,1,1]",       "time.malformed"     },
    {"a negative time",                      "[-3600,1,1,1,1,1]",               "time.malformed"     },
    {"a time with a fraction",               "[1795244400.5,1,1,1,1,1]",        "field.type"         },
    {"the largest number there is",          "[9223372036854775807,1,1,1,1,1]", "time.malformed"     },
    {"a null",                               "[1795244400,1,1,null,1,1]",       "field.missing"      },
    {"low and open exchanged",               "[1795244400,3,4,1,2,1]",          "candle.inconsistent"},
    {"another granularity",                  "[1795244460,1,1,1,1,1]",          "time.off_grid"      },
};

static void
a_wrong_candle_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(candles); i++) {
        struct fed fed = feed_text(
            &history, feed_json(arena_printf(arena, "[%s]", candles[i].row), arena), arena);

        check_error(candles[i].name, fed.parsed, &fed.err, NULL);
        check_int(candles[i].name, (int64_t)fed.batch.candle_count, 0);
        check_int(candles[i].name, (int64_t)fed.batch.rejected, 1);
        check_string(candles[i].name, fed.batch.rejects[0].reason, candles[i].reason);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* 7,000 hours without a single trade, then the present. */
static void
empty_windows_are_walked_through(void **state)
{
    struct arena *arena = arena_create(4096);
    const struct source *source = source_find("coinbase");
    struct feed feed = history;
    struct request request;
    struct error err = {0};
    struct job job;
    const char *position = NULL;
    bool done = false;
    int windows = 0;

    feed.args = "{\"symbol\":\"BTC-USD\",\"interval\":\"1h\",\"lookback_s\":25200000}";
    job = feed_job(&feed, arena);
    while (windows < 100) {
        struct payload payload = {
            .body = {"[]", 2},
            .target = "",
            .content_type = "",
            .status = 200,
            .fetched_at_ms = FEED_NOW_MS,
        };
        struct batch batch;

        check_error(
            "request",
            source_request(source, &job, position, FEED_NOW_MS, arena, &request, &done, &err), &err,
            NULL);
        if (done)
            break;
        check_error("parse", source_parse(source, &job, &request, &payload, arena, &batch, &err),
                    &err, NULL);
        check_true("each window goes on", batch.position != NULL);
        position = batch.position;
        windows++;
    }
    check_true("it ends", done);
    check_int("after so many windows of 299 hours", windows, 24);
    check_string("at the present", position, "2026-11-21T08:00:00.000Z");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticker_becomes_a_tick),
        cmocka_unit_test(a_wrong_ticker_is_a_reject),
        cmocka_unit_test(candles_are_put_in_order),
        cmocka_unit_test(a_wrong_candle_is_a_reject),
        cmocka_unit_test(empty_windows_are_walked_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
