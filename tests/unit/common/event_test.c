#include "common/event.h"

#include "unit/check.h"

static const char *const prices[] = {"bitcoin/usd", "ethereum/eur"};
static const char *const candles[] = {"bitcoin/usd/1h"};

static const struct event example = {
    .job_id = "coinbase/history/BTC-USD/1h/1795248000",
    .source = "coinbase",
    .kind = "history",
    .run_id = 17,
    .version = UINT64_MAX,
    .committed_at_ms = 1795250465123,
    .prices = prices,
    .price_count = 2,
    .candles = candles,
    .candle_count = 1,
    .listings = true,
    .reports = true,
};

#define WHOLE                                                                                      \
    "{\"v\":1,\"job_id\":\"coinbase/history/BTC-USD/1h/1795248000\",\"source\":\"coinbase\","      \
    "\"kind\":\"history\",\"run_id\":17,\"version\":\"18446744073709551615\","                     \
    "\"committed_at\":\"2026-11-21T08:41:05.123Z\",\"prices\":[\"bitcoin/usd\",\"ethereum/eur\"]," \
    "\"candles\":[\"bitcoin/usd/1h\"],\"listings\":true,\"reports\":true}"

static void
the_message_is_what_the_header_says(void **state)
{
    struct arena *arena = arena_create(4096);

    check_string("bytes", event_encode(&example, arena).data, WHOLE);
    arena_destroy(arena);
}

static void
an_event_comes_back_as_it_was(void **state)
{
    struct arena *arena = arena_create(4096);
    struct event got;
    struct error err = {0};

    check_error("decodes", event_decode((struct bytes){WHOLE, sizeof WHOLE - 1}, arena, &got, &err),
                &err, NULL);
    check_string("the same bytes", event_encode(&got, arena).data, WHOLE);
    check_int("prices", (int64_t)got.price_count, 2);
    check_string("the second price", got.prices[1], "ethereum/eur");
    check_true("the version has 64 bits", got.version == UINT64_MAX);
    arena_destroy(arena);
}

static void
nothing_is_said_of_reports_where_there_is_none(void **state)
{
    static const char old[] =
        "{\"v\":1,\"job_id\":\"a/b/1\",\"source\":\"a\",\"kind\":\"quote\",\"run_id\":1,"
        "\"version\":\"7\",\"committed_at\":\"2026-11-21T08:41:05.123Z\",\"prices\":[],"
        "\"candles\":[],\"listings\":true}";
    struct arena *arena = arena_create(4096);
    struct event got;
    struct error err = {0};

    check_error("decodes", event_decode((struct bytes){old, sizeof old - 1}, arena, &got, &err),
                &err, NULL);
    check_true("says nothing of reports", got.listings && !got.reports);
    arena_destroy(arena);
}

static void
an_event_may_say_that_nothing_came_of_a_job(void **state)
{
    struct arena *arena = arena_create(4096);
    struct event event = example, got;
    struct error err = {0};
    struct bytes text;

    event.outcome = "transient";
    text = event_encode(&event, arena);
    check_error("decodes", event_decode(text, arena, &got, &err), &err, NULL);
    check_string("why", got.outcome, "transient");
    arena_destroy(arena);
}

static const struct {
    const char *name, *old, *new;
} rows[] = {
    {"another version of the message", "\"v\":1",                            "\"v\":2"             },
    {"no job_id",                      "\"job_id\"",                         "\"jobid\""           },
    {"a run_id that is text",          "17",                                 "\"17\""              },
    {"a version that is a number",     "\"18446744073709551615\"",           "1"                   },
    {"a version past 64 bits",         "18446744073709551615",               "18446744073709551616"},
    {"an empty version",               "18446744073709551615",               ""                    },
    {"a version with a sign",          "18446744073709551615",               "-1"                  },
    {"a day that is none",             "2026-11-21",                         "2026-02-30"          },
    {"prices that are no list",        "[\"bitcoin/usd\",\"ethereum/eur\"]", "true"                },
    {"a price that is no string",      "\"ethereum/eur\"",                   "5"                   },
    {"listings that is no bool",       "true",                               "1"                   },
    {"reports that is no bool",        "\"reports\":true",                   "\"reports\":1"       },
    {"no JSON",                        "{\"v\"",                             "{v"                  },
};

static void
messages_are_checked(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        const char *place = strstr(WHOLE, rows[i].old);
        struct error err = {0};
        struct event event;
        char *text;

        check_true(rows[i].name, place != NULL);
        text = arena_printf(arena, "%.*s%s%s", (int)(place - WHOLE), WHOLE, rows[i].new,
                            place + strlen(rows[i].old));
        check_error(rows[i].name,
                    event_decode((struct bytes){text, strlen(text)}, arena, &event, &err), &err,
                    "event.malformed");
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_may_say_that_nothing_came_of_a_job),
        cmocka_unit_test(the_message_is_what_the_header_says),
        cmocka_unit_test(an_event_comes_back_as_it_was),
        cmocka_unit_test(nothing_is_said_of_reports_where_there_is_none),
        cmocka_unit_test(messages_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
