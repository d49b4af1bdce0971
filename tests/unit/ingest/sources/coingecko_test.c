#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

static const struct feed listing = {.source = "coingecko",
                                    .kind = "listing",
                                    .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":250}"};
static const struct feed quote = {.source = "coingecko",
                                  .kind = "quote",
                                  .args = "{\"symbols\":[\"bitcoin/usd\",\"dogecoin/usd\"]}"};
static const struct feed hours = {
    .source = "coingecko",
    .kind = "history",
    .args = "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1h\",\"lookback_s\":360000}"};
static const struct feed days = {
    .source = "coingecko",
    .kind = "history",
    .args = "{\"symbol\":\"bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":3600000}"};

/* A row of /coins/markets; later members of `more` come after those that must be there. */
#define ROW(id, price, more)                                                                       \
    "{\"id\":\"" id "\",\"symbol\":\"sym\",\"name\":\"Name\",\"current_price\":" price             \
    ",\"last_updated\":\"2026-11-21T08:40:00.123Z\"" more "}"

static void
a_market_row_is_a_tick_and_a_listing(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(
        &listing,
        "[" ROW("bitcoin", "3.447e-09",
                ",\"market_cap\":1.01101101e+16,\"market_cap_rank\":2,\"total_volume\":19584692179,"
                "\"fully_diluted_valuation\":null,\"high_24h\":39,\"low_24h\":37.5,"
                "\"price_change_24h\":-1.5,\"price_change_percentage_24h\":-3.7,"
                "\"circulating_supply\":18966243.0,\"total_supply\":21000000.0,\"max_supply\":null,"
                "\"ath\":69045,\"ath_date\":\"2021-11-10T14:24:11.849Z\",\"atl\":67.81,"
                "\"atl_date\":\"2013-07-06T00:00:00.000Z\",\"roi\":null") "]",
        arena);
    const struct tick *tick = fed.batch.ticks;
    const struct listing *row = fed.batch.listings;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("one tick", (int64_t)fed.batch.tick_count, 1);
    check_string("its symbol", tick->symbol, "bitcoin/usd");
    check_string("the exponent is gone, no digit is", tick->price, "0.000000003447");
    check_string("large ones too", tick->market_cap, "10110110100000000");
    check_string("volume", tick->volume_24h, "19584692179");
    check_string("change", tick->change_24h_percent, "-3.7");
    check_int("when it was", tick->observed_at_ms, 1795250400123);
    check_int("one listing", (int64_t)fed.batch.listing_count, 1);
    check_string("asset", row->asset, "bitcoin");
    check_string("ticker", row->ticker, "sym");
    check_string("name", row->name, "Name");
    check_int("rank", row->rank, 2);
    check_string("null is unknown", row->fully_diluted_valuation, NULL);
    check_string("high", row->high_24h, "39");
    check_string("low", row->low_24h, "37.5");
    check_string("change", row->change_24h, "-1.5");
    check_string("a supply keeps its .0", row->circulating_supply, "18966243.0");
    check_string("no maximum", row->max_supply, NULL);
    check_string("ath", row->ath, "69045");
    check_int("when", row->ath_at_ms, 1636554251849);
    check_int("atl date", row->atl_at_ms, 1373068800000);
    check_string("the slot is done", fed.batch.position, "2026-11-21T08:40:00.000Z");
    arena_destroy(arena);
}

static void
a_cap_of_zero_without_rank_is_unknown(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_text(&listing,
                  "[" ROW("a", "1", ",\"market_cap\":0,\"market_cap_rank\":null") "," ROW(
                      "b", "1", ",\"market_cap\":0,\"market_cap_rank\":7") "]",
                  arena);

    check_int("both are taken", (int64_t)fed.batch.listing_count, 2);
    check_string("unknown", fed.batch.listings[0].market_cap, NULL);
    check_string("unknown in the tick as well", fed.batch.ticks[0].market_cap, NULL);
    check_int("no rank", fed.batch.listings[0].rank, 0);
    check_string("a ranked coin's 0 is a 0", fed.batch.listings[1].market_cap, "0");
    arena_destroy(arena);
}

static void
odd_names_are_only_text(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_text(&listing,
                  "[{\"id\":\"mollydoge\",\"symbol\":\"mollydoge⭐\",\"name\":\"'; DROP TABLE\\n\","
                  "\"current_price\":1,\"last_updated\":\"2026-11-21T08:40:00Z\"}]",
                  arena);

    check_int("it is taken", (int64_t)fed.batch.listing_count, 1);
    check_string("emoji", fed.batch.listings[0].ticker, "mollydoge⭐");
    check_string("and worse", fed.batch.listings[0].name, "'; DROP TABLE\n");
    arena_destroy(arena);
}

static const struct {
    const char *name, *price, *more, *reason, *where;
} members[] = {
    {"a price that is null",    "null",    "",                       "field.missing",      "[0].current_price"  },
    {"a price that is false",   "false",   "",                       "field.type",         "[0].current_price"  },
    {"a price of 0",            "0",       "",                       "price.not_positive", "[0]"                },
    {"a price of 0e9",          "0.000e9", "",                       "price.not_positive", "[0]"                },
    {"a price below 0",         "-1e-9",   "",                       "price.not_positive", "[0]"                },
    {"a price of 1e999",        "1e999",   "",                       "decimal.range",      "[0].current_price"  },
    {"a rank in text",          "1",       ",'market_cap_rank':'1'", "field.type",         "[0].market_cap_rank"},
    {"a negative rank",         "1",       ",'market_cap_rank':-1",  "size.negative",      "[0].market_cap_rank"},
    {"a cap in words",          "1",       ",'market_cap':'much'",   "decimal.malformed",  "[0].market_cap"     },
    {"a cap that is an object", "1",       ",'market_cap':{}",       "field.type",         "[0].market_cap"     },
    {"a negative supply",       "1",       ",'total_supply':-1",     "size.negative",      "[0]"                },
    {"a date in words",         "1",       ",'ath_date':'long ago'", "time.malformed",     "[0].ath_date"       },
    {"a date that is a number", "1",       ",'atl_date':1",          "field.type",         "[0].atl_date"       },
};

static const struct {
    const char *name, *row, *reason, *where;
} others[] = {
    {"null",                          "null",                     "field.missing", "[0].id"    },
    {"a list",                        "[[]]",                     "field.missing", "[0].id"    },
    {"a text",                        "'bitcoin'",                "field.missing", "[0].id"    },
    {"an empty id, as once recorded", "{'id':''}",                "field.missing", "[0].id"    },
    {"an id that is a number",        "{'id':1}",                 "field.type",    "[0].id"    },
    {"no symbol",                     "{'id':'a','symbol':null}", "field.missing", "[0].symbol"},
};

static const struct {
    const char *name, *time, *reason, *where;
} times[] = {
    {"no time",               "null",                   "field.missing", "[0].last_updated"},
    {"a time before bitcoin", "'2008-12-31T23:59:59Z'", "time.past",     "[0]"             },
    {"a time of tomorrow",    "'2026-11-22T08:41:05Z'", "time.future",   "[0]"             },
};

static const char *
market_row(const char *price, const char *time, const char *more, struct arena *arena)
{
    return arena_printf(arena,
                        "{'id':'bitcoin','symbol':'btc','name':'Bitcoin','current_price':%s,"
                        "'last_updated':%s%s}",
                        price, time, more);
}

/* `row` is wrong, and the row after it is right and is taken. */
static void
check_row(const char *name, const char *row, const char *reason, const char *where)
{
    struct arena *arena = arena_create(4096);
    const char *body = arena_printf(arena, "[%s," ROW("good", "2", "") "]", row);
    struct fed fed = feed_text(&listing, feed_json(body, arena), arena);

    check_error(name, fed.parsed, &fed.err, NULL);
    check_int(name, (int64_t)fed.batch.listing_count, 1);
    check_int(name, (int64_t)fed.batch.tick_count, 1);
    check_int(name, (int64_t)fed.batch.rejected, 1);
    check_string(name, fed.batch.rejects[0].reason, reason);
    check_string(name, fed.batch.rejects[0].where, where);
    arena_destroy(arena);
}

static void
a_wrong_market_row_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(members); i++)
        check_row(members[i].name,
                  market_row(members[i].price, "'2026-11-21T08:40:00Z'", members[i].more, arena),
                  members[i].reason, members[i].where);
    for (size_t i = 0; i < COUNT_OF(times); i++)
        check_row(times[i].name, market_row("1", times[i].time, "", arena), times[i].reason,
                  times[i].where);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        check_row(others[i].name, others[i].row, others[i].reason, others[i].where);
    arena_destroy(arena);
}

static void
names_of_ages_are_refused(void **state)
{
    struct arena *arena = arena_create(4096);
    char id[102] = {0};

    memset(id, 'a', sizeof id - 1);
    check_row("101 characters of an id", arena_printf(arena, "{'id':'%s'}", id), "field.too_long",
              "[0].id");
    arena_destroy(arena);
}

static void
a_coin_on_two_places_is_taken_once(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_text(&listing, "[" ROW("bitcoin", "1", "") "," ROW("bitcoin", "2", "") "]", arena);

    check_int("one listing", (int64_t)fed.batch.listing_count, 1);
    check_int("one tick", (int64_t)fed.batch.tick_count, 1);
    check_string("the later of two at one time", fed.batch.ticks[0].price, "2");
    check_string("the other is told", fed.batch.rejects[0].reason, "row.duplicate");
    arena_destroy(arena);
}

static void
a_quote_says_what_was_not_answered(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_text(&quote, "[" ROW("bitcoin", "1", "") "," ROW("solana", "1", "") "]", arena);

    check_int("what was asked for", (int64_t)fed.batch.tick_count, 1);
    check_int("two rejects", (int64_t)fed.batch.rejected, 2);
    check_string("unasked", fed.batch.rejects[0].reason, "symbol.unasked");
    check_string("unanswered", fed.batch.rejects[1].reason, "symbol.unanswered");
    check_string("which", fed.batch.rejects[1].excerpt, "dogecoin/usd");
    arena_destroy(arena);
}

static void
a_page_past_the_end_is_empty(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&listing, "[]", arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("without rows", (int64_t)(fed.batch.listing_count + fed.batch.rejected), 0);
    arena_destroy(arena);
}

/* Hours 05 and 06 of 2026-11-21, out of order, a double stamp, one cap of another moment. */
static void
points_become_candles(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_text(&hours,
                  "{\"prices\":[[1795237300000,10],[1795238000000,12.5],[1795237900000,9],"
                  "[1795241000000,20],[1795241000000,21],[1795250465000,99]],"
                  "\"market_caps\":[[1795237300000,100],[1795238000001,120],[1795237900000,null],"
                  "[1795241000000,0],[1795241000000,210],[1795250465000,1]],"
                  "\"total_volumes\":[[1795237300000,1],[1795238000000,2],[1795237900000,3]]}",
                  arena);
    const struct candle *candles = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("now is in no closed candle", (int64_t)fed.batch.candle_count, 2);
    check_int("made of points", fed.batch.candle_origin, CANDLE_POINTS);
    check_int("on the grid", candles[0].open_time_ms, 1795237200000);
    check_string("open is the first in time", candles[0].open, "10");
    check_string("high", candles[0].high, "12.5");
    check_string("low", candles[0].low, "9");
    check_string("close is the last in time", candles[0].close, "12.5");
    check_int("of three points", candles[0].inputs, 3);
    check_string("a rolling figure is no volume", candles[0].volume, NULL);
    check_string("it has its own place", candles[0].volume_24h, "2");
    check_string("a cap of another moment does not count", candles[0].market_cap, "100");
    check_int("trades are not known", candles[0].trades, -1);
    check_string("of a double stamp the last counts", candles[1].open, "21");
    check_int("once", candles[1].inputs, 1);
    check_string("volume unknown", candles[1].volume_24h, NULL);
    check_string("goes on after the newest candle", fed.batch.position, "2026-11-21T07:00:00.000Z");
    check_false("for now", fed.batch.more);
    arena_destroy(arena);
}

static void
a_point_at_midnight_closes_the_day_before(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&days,
                               "{\"prices\":[[1795132800000,10],[1795219200000,11],"
                               "[1795250465000,12]]}",
                               arena);

    check_int("two days", (int64_t)fed.batch.candle_count, 2);
    check_int("the 20th", fed.batch.candles[1].open_time_ms, 1795132800000);
    check_string("closed at the price of midnight", fed.batch.candles[1].close, "11");
    check_string("today is wanted next", fed.batch.position, "2026-11-21T00:00:00.000Z");
    arena_destroy(arena);
}

static const struct {
    const char *name, *body, *reason;
} points[] = {
    {"null",                  "{'prices':[null]}",                                                       "row.shape"         },
    {"one cell",              "{'prices':[[1795237300000]]}",                                            "row.shape"         },
    {"three cells",           "{'prices':[[1795237300000,1,2]]}",                                        "row.shape"         },
    {"no price",              "{'prices':[[1795237300000,null]]}",                                       "field.missing"     },
    {"a price of 0",          "{'prices':[[1795237300000,0]]}",                                          "price.not_positive"},
    {"a time in text",        "{'prices':[['1795237300000',1]]}",                                        "field.type"        },
    {"a time in seconds",     "{'prices':[[1795237300,1]]}",                                             "time.past"         },
    {"a time of tomorrow",    "{'prices':[[1795337300000,1]]}",                                          "time.future"       },
    {"the end of time",       "{'prices':[[9223372036854775807,1]]}",                                    "time.future"       },
    {"the beginning of time", "{'prices':[[-9223372036854775808,1]]}",                                   "time.past"         },
    {"a negative cap",        "{'prices':[[1795237300000,1]],'market_caps':[[1795237300000,-1]]}",
     "size.negative"                                                                                                         },
    {"a volume in words",     "{'prices':[[1795237300000,1]],'total_volumes':[[1795237300000,'much']]}",
     "decimal.malformed"                                                                                                     },
};

static void
a_wrong_point_is_a_reject(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(points); i++) {
        struct fed fed = feed_text(&hours, feed_json(points[i].body, arena), arena);

        check_error(points[i].name, fed.parsed, &fed.err, NULL);
        check_int(points[i].name, (int64_t)fed.batch.candle_count, 0);
        check_int(points[i].name, (int64_t)fed.batch.rejected, 1);
        check_string(points[i].name, fed.batch.rejects[0].reason, points[i].reason);
        check_contains(points[i].name, fed.batch.rejects[0].where, "prices[0]");
        check_string(points[i].name, fed.batch.position, NULL);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
a_chart_without_prices_is_an_error(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_text(&hours, "{}", arena);

    check_error("an empty object", fed.parsed, &fed.err, "payload.shape");
    fed = feed_text(&hours, "{\"prices\":{}}", arena);
    check_error("prices are no list", fed.parsed, &fed.err, "payload.shape");
    fed = feed_text(&listing, "{\"coins\":[]}", arena);
    check_error("markets are no list", fed.parsed, &fed.err, "payload.shape");
    arena_destroy(arena);
}

/* A window of the past ends where it ends, also when it was empty; the present stays open. */
static void
windows_of_the_past_move_on(void **state)
{
    struct arena *arena = arena_create(4096);
    struct feed feed = hours;
    struct fed fed;

    feed.position = "2026-01-01T00:00:00.000Z";
    fed = feed_text(&feed, "{\"prices\":[]}", arena);
    check_string("89 days later", fed.batch.position, "2026-03-31T00:00:00.000Z");
    check_true("there is more", fed.batch.more);
    feed.position = "2026-11-20T00:00:00.000Z";
    fed = feed_text(&feed, "{\"prices\":[]}", arena);
    check_string("nothing yet", fed.batch.position, NULL);
    check_false("so wait", fed.batch.more);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_market_row_is_a_tick_and_a_listing),
        cmocka_unit_test(a_cap_of_zero_without_rank_is_unknown),
        cmocka_unit_test(odd_names_are_only_text),
        cmocka_unit_test(a_wrong_market_row_is_a_reject),
        cmocka_unit_test(names_of_ages_are_refused),
        cmocka_unit_test(a_coin_on_two_places_is_taken_once),
        cmocka_unit_test(a_quote_says_what_was_not_answered),
        cmocka_unit_test(a_page_past_the_end_is_empty),
        cmocka_unit_test(points_become_candles),
        cmocka_unit_test(a_point_at_midnight_closes_the_day_before),
        cmocka_unit_test(a_wrong_point_is_a_reject),
        cmocka_unit_test(a_chart_without_prices_is_an_error),
        cmocka_unit_test(windows_of_the_past_move_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
