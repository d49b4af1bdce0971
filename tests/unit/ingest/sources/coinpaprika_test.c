#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

/*
 * A list of tickers and a history of them are not among the recordings: they are constructed here
 * from the documentation, coinpaprika/coinpaprika.github.io 1.7/openapi.
 */
static const struct feed one = {
    .source = "coinpaprika", .kind = "quote", .args = "{\"symbols\":[\"btc-bitcoin/usd\"]}"};
static const struct feed two = {.source = "coinpaprika",
                                .kind = "quote",
                                .args = "{\"symbols\":[\"btc-bitcoin/usd\",\"eth-ethereum/usd\"]}"};
static const struct feed listing = {.source = "coinpaprika",
                                    .kind = "listing",
                                    .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":2}"};
static const struct feed second_page = {.source = "coinpaprika",
                                        .kind = "listing",
                                        .args = "{\"currency\":\"usd\",\"page\":2,\"per_page\":2}"};
static const struct feed coins = {.source = "coinpaprika", .kind = "reference", .args = "{}"};
static const struct feed days = {
    .source = "coinpaprika",
    .kind = "history",
    .args = "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":3600000}"};
static const struct feed candles = {.source = "coinpaprika",
                                    .kind = "history",
                                    .args = "{\"symbol\":\"eth-ethereum/usd\",\"interval\":\"1d\","
                                            "\"lookback_s\":3600000,\"series\":\"ohlcv\"}"};

#define TICKER(id, rank, price, more)                                                              \
    "{'id':'" id "','name':'Name','symbol':'SYM','rank':" rank ",'circulating_supply':19016044,"   \
    "'total_supply':19016031,'max_supply':21000000,'last_updated':'2026-11-21T08:40:22Z',"         \
    "'quotes':{'USD':{'price':" price ",'volume_24h':35357658696.99645,'market_cap':787066061422," \
    "'percent_change_24h':5.25" more "}}}"

static struct fed
feed_quoted(const struct feed *feed, const char *body, struct arena *arena)
{
    return feed_text(feed, feed_json(body, arena), arena);
}

static void
a_ticker_is_a_tick_and_a_listing(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(&one,
                                 TICKER("btc-bitcoin", "1", "41389.57931641128",
                                        ",'ath_price':68692.137036932,"
                                        "'ath_date':'2021-11-10T16:51:15Z'"),
                                 arena);
    const struct listing *row = fed.batch.listings;
    const struct tick *tick = fed.batch.ticks;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("a tick", (int64_t)fed.batch.tick_count, 1);
    check_int("and a listing", (int64_t)fed.batch.listing_count, 1);
    check_int("and nothing else", (int64_t)fed.batch.rejected, 0);
    check_string("symbol", tick->symbol, "btc-bitcoin/usd");
    check_string("every digit", tick->price, "41389.57931641128");
    check_string("volume", tick->volume_24h, "35357658696.99645");
    check_string("change", tick->change_24h_percent, "5.25");
    check_int("when", tick->observed_at_ms, 1795250422000);
    check_string("no asset: the store looks for it", row->asset, NULL);
    check_string("more circulates than there is, and it is written so", row->circulating_supply,
                 "19016044");
    check_string("ath", row->ath, "68692.137036932");
    check_int("when", row->ath_at_ms, 1636563075000);
    check_string("the slot is done", fed.batch.position, "2026-11-21T08:40:00.000Z");
    arena_destroy(arena);
}

static void
several_coins_are_picked_from_all(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(&two,
                                 "[" TICKER("btc-bitcoin", "1", "2", "") "," TICKER(
                                     "usdt-tether", "2", "1", "") ",null,{'id':7}]",
                                 arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("one of two", (int64_t)fed.batch.tick_count, 1);
    check_int("others are no rejects", (int64_t)fed.batch.rejected, 1);
    check_string("but who is missing is", fed.batch.rejects[0].reason, "symbol.unanswered");
    check_string("by name", fed.batch.rejects[0].excerpt, "eth-ethereum/usd");
    arena_destroy(arena);
}

/* A page is of ranks: the list has none, nor an order that is promised. */
static void
a_page_is_of_ranks(void **state)
{
    static const char body[] =
        "[" TICKER("d-d", "4", "1", "") "," TICKER("b-b", "2", "1", "") "," TICKER(
            "a-a", "1", "1", "") "," TICKER("c-c", "3", "1",
                                            "") "," TICKER("e-e", "0", "1",
                                                           "") "," TICKER("f-f", "null", "1",
                                                                          "") "]";
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(&listing, body, arena);

    check_int("two a page", (int64_t)fed.batch.listing_count, 2);
    check_string("the first", fed.batch.listings[0].symbol, "a-a/usd");
    check_string("the second", fed.batch.listings[1].symbol, "b-b/usd");
    check_int("what has no place is on none", (int64_t)fed.batch.rejected, 0);
    fed = feed_quoted(&second_page, body, arena);
    check_int("the next page", (int64_t)fed.batch.listing_count, 2);
    check_string("its first", fed.batch.listings[0].symbol, "c-c/usd");
    check_string("its second", fed.batch.listings[1].symbol, "d-d/usd");
    arena_destroy(arena);
}

/* Missing values are empty text, null, or not there at all; a maximum of 0 is none. */
static void
what_is_missing_is_unknown(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_quoted(&one,
                    "{'id':'btc-bitcoin','name':'Bitcoin','symbol':'BTC','rank':1,"
                    "'total_supply':'','max_supply':0,'last_updated':'2026-11-21T08:40:22Z',"
                    "'quotes':{'USD':{'price':1,'volume_24h':'','market_cap':null,'ath_price':'',"
                    "'ath_date':''}}}",
                    arena);
    const struct listing *row = fed.batch.listings;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("it is taken", (int64_t)fed.batch.listing_count, 1);
    check_string("dropped by the free plan", row->circulating_supply, NULL);
    check_string("empty", row->total_supply, NULL);
    check_string("none", row->max_supply, NULL);
    check_string("empty", row->volume_24h, NULL);
    check_string("null", row->market_cap, NULL);
    check_string("empty", row->ath, NULL);
    check_int("empty", row->ath_at_ms, 0);
    arena_destroy(arena);
}

static const struct {
    const char *name, *ticker, *reason, *where;
} wrong[] = {
    {"null",                  "null",                                             "field.missing",          "[0].rank"                                                   },
    {"a text",                "'btc'",                                            "field.missing",          "[0].rank"                                                   },
    {"no id",                 "{'rank':1}",                                       "field.missing",          "[0].id"                                                     },
    {"no quotes",             "{'id':'a','rank':1}",                              "field.missing",          "[0].quotes"                                                 },
    {"quotes in another",     "{'id':'a','rank':1,'quotes':{'BTC':{'price':1}}}", "field.missing",
     "[0].quotes"                                                                                                                                                        },
    {"no symbol",             "{'id':'a','rank':1,'quotes':{'USD':{'price':1}}}", "field.missing",
     "[0].symbol"                                                                                                                                                        },
    {"a price that is empty", TICKER("a",                                         "1",                      "''",                                                          ""), "price.missing", "[0]"},
    {"a price of 0",        TICKER("a",                                                     "1",                                                                             "0",                                                                                                                             ""), "price.not_positive", "[0]"},
    {"a price in words",                    TICKER("a",               "1","'much'",""), "decimal.malformed", "[0].price"},
    {"a price that is true",                       TICKER("a",                                                        "1",                                                   "true",                                                                                               ""), "field.type", "[0].price"},
    {"a rank in words",                    TICKER("a",                                                   "'first'",                                                                "1",                                                                                                                                                                                                                                                         ""), "field.type", "[0].rank"},
    {"a date in words",TICKER("a","1","1",",'ath_date':'long ago'"), "time.malformed",
     "[0].ath_date"},
    {"a time that is empty",
     "{'id':'a','name':'N','symbol':'S','rank':1,'last_updated':'','quotes':{'USD':{'price':1}}}",                                                              "field.missing",                                                                      "[0].last_updated"                                                                                                     },
};

/* Each is followed by a row that is right, and is taken. */
static void
a_wrong_row_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *body =
            arena_printf(arena, "[%s," TICKER("good-good", "2", "1", "") "]", wrong[i].ticker);
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
the_list_becomes_references(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &coins,
        "[{'id':'btc-bitcoin','name':'Bitcoin','symbol':'BTC','rank':1,'is_active':true},"
        "{'id':'-pi-network','name':'XÆA-12','symbol':'⭐','rank':0,'is_active':false},"
        "{'id':'','name':'N','symbol':'S'},null]",
        arena);
    const struct reference *references = fed.batch.references;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("two", (int64_t)fed.batch.reference_count, 2);
    check_int("two are none", (int64_t)fed.batch.rejected, 2);
    check_string("an odd id", references[0].symbol, "-pi-network");
    check_string("an odd symbol", references[0].ticker, "⭐");
    check_false("gone", references[0].active);
    check_string("id", references[1].symbol, "btc-bitcoin");
    check_string("name", references[1].name, "Bitcoin");
    check_true("active", references[1].active);
    check_true("there are no others", fed.batch.references_whole);
    arena_destroy(arena);
}

static void
daily_points_close_the_day_before(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &days,
        "[{'timestamp':'2026-11-20T00:00:00Z','price':1.5,'volume_24h':7,'market_cap':9},"
        "{'timestamp':'2026-11-21T00:00:00Z','price':2.5,'volume_24h':'','market_cap':null},"
        "{'timestamp':'2026-11-21T00:00:00Z','price':''},{'timestamp':null,'price':1}]",
        arena);
    const struct candle *candle = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("two days", (int64_t)fed.batch.candle_count, 2);
    check_int("two are none", (int64_t)fed.batch.rejected, 2);
    check_string("no price", fed.batch.rejects[0].reason, "price.missing");
    check_string("no time", fed.batch.rejects[1].reason, "field.missing");
    check_int("the 19th", candle[0].open_time_ms, 1795046400000);
    check_string("volume", candle[0].volume_24h, "7");
    check_string("the 20th", candle[1].close, "2.5");
    check_string("unknown", candle[1].market_cap, NULL);
    check_string("it goes on with the 21st", fed.batch.position, "2026-11-21T00:00:00.000Z");
    arena_destroy(arena);
}

/* The row of today ends with the minute it was made in. */
static void
the_candle_of_today_is_not_taken(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_quoted(
        &candles,
        "[{'time_open':'2026-11-18T00:00:00Z','time_close':'2026-11-18T23:59:59Z','open':2,"
        "'high':3,'low':1,'close':2,'volume':15131525568,'market_cap':369279876785},"
        "{'time_open':'2026-11-19T00:00:00Z','time_close':'2026-11-19T15:44:00Z','open':2,"
        "'high':3,'low':1,'close':2,'volume':1,'market_cap':1},"
        "{'time_open':'2026-11-20T00:00:00Z','open':2,'high':1,'low':1,'close':2},"
        "{'time_open':'2026-11-21T00:00:00Z','open':2,'high':3,'low':1,'close':2}]",
        arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("one is whole", (int64_t)fed.batch.candle_count, 1);
    check_string("what was traded, in the currency", fed.batch.candles[0].quote_volume,
                 "15131525568");
    check_string("cap", fed.batch.candles[0].market_cap, "369279876785");
    check_int("one cannot be", (int64_t)fed.batch.rejected, 1);
    check_string("why", fed.batch.rejects[0].reason, "candle.inconsistent");
    arena_destroy(arena);
}

static void
what_is_no_answer_is_an_error(void **state)
{
    const struct feed *const feeds[] = {&listing, &coins, &days, &candles};
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(feeds); i++) {
        struct fed fed = feed_text(feeds[i], "{\"id\":\"x\"}", arena);

        check_error(feeds[i]->kind, fed.parsed, &fed.err, "payload.shape");
    }
    check_error("a text", feed_text(&one, "\"x\"", arena).parsed,
                &(struct error){.code = "payload.shape"}, "payload.shape");
    arena_destroy(arena);
}

/* Whatever else they serve may come back one day: it is told apart, and gives no price. */
static void
other_endpoints_give_no_price(void **state)
{
    static const char *const files[] = {"coin_detail_eth.json", "coin_exchanges_eth.json",
                                        "coin_markets_eth_cut.json", "search_ethereum.json"};
    const struct feed *const feeds[] = {&one, &two, &listing, &days, &candles};
    struct arena *arena = arena_create(1 << 16);

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct bytes body =
            feed_read_file(arena_printf(arena, RECORDED_FOLDER "/coinpaprika/%s", files[i]), arena);

        check_true(files[i], body.data != NULL);
        for (size_t k = 0; k < COUNT_OF(feeds); k++) {
            struct fed fed = feed_body(feeds[k], body, arena);

            check_true(files[i], !fed.parsed || fed.batch.rejected > 0);
            check_int(files[i], (int64_t)fed.batch.tick_count, 0);
            check_int(files[i], (int64_t)fed.batch.candle_count, 0);
        }
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticker_is_a_tick_and_a_listing),
        cmocka_unit_test(several_coins_are_picked_from_all),
        cmocka_unit_test(a_page_is_of_ranks),
        cmocka_unit_test(what_is_missing_is_unknown),
        cmocka_unit_test(a_wrong_row_is_a_reject),
        cmocka_unit_test(the_list_becomes_references),
        cmocka_unit_test(daily_points_close_the_day_before),
        cmocka_unit_test(the_candle_of_today_is_not_taken),
        cmocka_unit_test(what_is_no_answer_is_an_error),
        cmocka_unit_test(other_endpoints_give_no_price),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
