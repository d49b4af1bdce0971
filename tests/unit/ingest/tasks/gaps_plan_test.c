#include "ingest/tasks/gaps_plan.h"

#include "unit/check.h"

#define NOW_MS INT64_C(1763714465000) /* 2025-11-21T08:41:05Z */
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static void
test_each_source_says_how_far_back_it_gives_candles(void **state)
{
    static const struct {
        const char *name, *source, *symbol;
        int32_t interval_s;
        int64_t want_age_ms; /* of the oldest; 0 = it gives none */
    } rows[] = {
        {"all there ever was",               "binance",     "BTCUSDT",         300,   NOW_MS - INT64_C(1230768000000)},
        {"since the exchange opened",        "coinbase",    "BTC-USD",         86400,
         NOW_MS - INT64_C(1420070400000)                                                                             },
        {"the newest 720: 60 hours",         "kraken",      "XXBTZUSD",        300,   720 * 300000                   },
        {"the newest 720: 30 days",          "kraken",      "XXBTZUSD",        3600,  720 * HOUR_MS                  },
        {"five minutes for a day",           "coingecko",   "bitcoin/usd",     300,   DAY_MS                         },
        {"an interval that it has not",      "coinpaprika", "btc-bitcoin/usd", 300,   0                              },
        {"hours for a day",                  "coinpaprika", "btc-bitcoin/usd", 3600,  DAY_MS                         },
        {"a folder is read as it is",        "csv",         "BTCUSDT",         3600,  0                              },
        {"a name that it cannot understand", "coingecko",   "bitcoin",         3600,  0                              },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        int64_t reaches_to_ms = 0, step_ms = (int64_t)rows[i].interval_s * 1000;
        bool gives = gaps_reach(source_find(rows[i].source), rows[i].symbol, rows[i].interval_s,
                                NOW_MS, arena, &reaches_to_ms);

        check_int(rows[i].name, gives, rows[i].want_age_ms > 0);
        if (gives) {
            check_true(rows[i].name, reaches_to_ms >= NOW_MS - rows[i].want_age_ms);
            check_true(rows[i].name, reaches_to_ms <= NOW_MS - rows[i].want_age_ms + step_ms);
            check_int(rows[i].name, reaches_to_ms % step_ms, 0);
        }
        arena_destroy(arena);
    }
    (void)state;
}

static void
test_a_job_asks_for_its_window_and_no_more(void **state)
{
    struct gaps_window window = {"BTCUSDT", 300, NOW_MS / 300000 * 300000 - 2 * HOUR_MS, 0};
    struct arena *arena = arena_create(4096);
    struct request request;
    struct error err = {0};
    struct job job, read;
    bool done;

    window.until_ms = window.from_ms + HOUR_MS;
    check_true("made", gaps_make_job(source_find("binance"), &window, NOW_MS, arena, &job));
    check_string("stream", job.stream, "gaps/BTCUSDT/5m/1763707200-1763710800");
    check_string("job", job.job_id, "binance/gaps/BTCUSDT/5m/1763707200-1763710800/1763714465");
    check_error("sent", job_decode(job_encode(&job, arena), arena, &read, &err), &err, NULL);
    check_error("asked",
                source_request(source_find("binance"), &read, NULL, NOW_MS + HOUR_MS, arena,
                               &request, &done, &err),
                &err, NULL);
    check_int("from", request.from_ms, window.from_ms);
    check_int("until", request.to_ms, window.until_ms);
    arena_destroy(arena);
    (void)state;
}

static void
test_what_a_source_has_no_more_is_not_asked_for(void **state)
{
    static const struct {
        const char *name, *source;
        struct gaps_window window;
    } rows[] = {
        {"too far back",
         "kraken",                          {"XXBTZUSD", 300, NOW_MS / 300000 * 300000 - 4 * DAY_MS,
          NOW_MS / 300000 * 300000 - 3 * DAY_MS}                                 },
        {"no such interval", "coinpaprika", {"btc-bitcoin/usd", 300, NOW_MS - HOUR_MS, NOW_MS}     },
        {"no such currency",
         "coinpaprika",                     {"btc-bitcoin/eur", 3600, NOW_MS - 3 * HOUR_MS, NOW_MS}},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct job job;

        check_false(rows[i].name, gaps_make_job(source_find(rows[i].source), &rows[i].window,
                                                NOW_MS, arena, &job));
        arena_destroy(arena);
    }
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_source_says_how_far_back_it_gives_candles),
        cmocka_unit_test(test_a_job_asks_for_its_window_and_no_more),
        cmocka_unit_test(test_what_a_source_has_no_more_is_not_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
