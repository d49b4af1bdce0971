/* A history of a window, "until_s": of no source a candle outside of it, and none is left out. */
#include "common/clock.h"
#include "common/text.h"
#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

#include <stdio.h>

enum { NEIGHBOURS = 3, BINANCE_ROWS = 1000, PAGES_MAX = 20, CANDLES_MAX = 5000 };

/* ---- what each provider would answer: more than it was asked for, on both sides ---- */

typedef void add_row(struct text *body, int64_t open_ms, int64_t step_ms);

static void
add_binance(struct text *body, int64_t open_ms, int64_t step_ms)
{
    text_add_format(body, "[%lld,\"1\",\"1\",\"1\",\"1\",\"1\",%lld,\"1\",1,\"1\",\"1\",\"0\"]",
                    (long long)open_ms, (long long)(open_ms + step_ms - 1));
}

static void
add_coinbase(struct text *body, int64_t open_ms, int64_t step_ms)
{
    text_add_format(body, "[%lld,1,1,1,1,1]", (long long)open_ms / 1000);
}

static void
add_kraken(struct text *body, int64_t open_ms, int64_t step_ms)
{
    text_add_format(body, "[%lld,\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",1]",
                    (long long)open_ms / 1000);
}

/* A point closes the candle before it. */
static void
add_coingecko(struct text *body, int64_t open_ms, int64_t step_ms)
{
    text_add_format(body, "[%lld,1.5]", (long long)(open_ms + step_ms));
}

static void
add_coinpaprika(struct text *body, int64_t open_ms, int64_t step_ms)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_format(body, "{\"timestamp\":\"%s\",\"price\":1.5,\"volume_24h\":1,\"market_cap\":1}",
                    clock_format_ms(open_ms + step_ms, at));
}

static void
add_coinmarketcap(struct text *body, int64_t open_ms, int64_t step_ms)
{
    char at[CLOCK_TEXT_SIZE];

    clock_format_ms(open_ms + step_ms, at);
    text_add_format(body,
                    "{\"timestamp\":\"%s\",\"quote\":{\"USD\":{\"price\":1.5,\"volume_24h\":1,"
                    "\"market_cap\":1,\"timestamp\":\"%s\"}}}",
                    at, at);
}

static const struct provider {
    const char *source, *symbol, *before, *after;
    add_row *add;
} providers[] = {
    {"binance",       "BTCUSDT",         "[",                                                              "]",                                          add_binance      },
    {"coinbase",      "BTC-USD",         "[",                                                              "]",                                          add_coinbase     },
    {"kraken",        "XXBTZUSD",        "{\"error\":[],\"result\":{\"XXBTZUSD\":[",                       "],\"last\":1795219200}}",
     add_kraken                                                                                                                                                           },
    {"coingecko",     "bitcoin/usd",     "{\"prices\":[",                                                  "],\"market_caps\":[],\"total_volumes\":[]}",
     add_coingecko                                                                                                                                                        },
    {"coinpaprika",   "btc-bitcoin/usd", "[",                                                              "]",                                          add_coinpaprika  },
    {"coinmarketcap", "1/usd",           "{\"status\":{\"error_code\":0},\"data\":{\"id\":1,\"quotes\":[",
     "]}}",                                                                                                                                              add_coinmarketcap},
};

static struct bytes
make_answer(const struct provider *provider, const struct request *request, int64_t step_ms,
            struct arena *arena)
{
    int64_t first_ms = request->from_ms - NEIGHBOURS * step_ms;
    int64_t end_ms = request->to_ms + NEIGHBOURS * step_ms;
    struct text body;

    if (provider->add == add_binance && end_ms > first_ms + BINANCE_ROWS * step_ms)
        end_ms = first_ms + BINANCE_ROWS * step_ms;
    text_init(&body, arena, 64 * 1024);
    text_add_string(&body, provider->before);
    for (int64_t open_ms = first_ms; open_ms < end_ms; open_ms += step_ms) {
        if (open_ms > first_ms)
            text_add_char(&body, ',');
        provider->add(&body, open_ms, step_ms);
    }
    text_add_string(&body, provider->after);
    return text_finish(&body);
}

/* ---- the job, page by page as a worker does it ---- */

struct window {
    int64_t from_ms, until_ms, step_ms;
    bool seen[CANDLES_MAX]; /* by place in the window */
    size_t count;
};

static void
take_candles(const char *name, struct window *window, const struct batch *batch)
{
    for (size_t i = 0; i < batch->candle_count; i++) {
        int64_t open_ms = batch->candles[i].open_time_ms;
        size_t place;

        if (open_ms < window->from_ms || open_ms >= window->until_ms)
            fail_msg("%s: a candle of %lld is outside", name, (long long)open_ms);
        place = (size_t)((open_ms - window->from_ms) / window->step_ms);
        window->count += !window->seen[place];
        window->seen[place] = true;
    }
}

static void
run_job(const char *name, const struct provider *provider, const struct job *job,
        struct window *window, struct arena *arena)
{
    const struct source *source = source_find(provider->source);
    const char *position = NULL;
    bool done = false;

    for (int page = 0; page < PAGES_MAX; page++) {
        struct request request;
        struct batch batch;
        struct error err = {0};
        struct payload payload = {
            .content_type = "application/json", .status = 200, .fetched_at_ms = FEED_NOW_MS};

        check_error(
            name, source_request(source, job, position, FEED_NOW_MS, arena, &request, &done, &err),
            &err, NULL);
        if (done)
            return;
        check_true(name, request.from_ms >= window->from_ms && request.to_ms <= window->until_ms);
        payload.body = make_answer(provider, &request, window->step_ms, arena);
        payload.target = request.target;
        check_int(name, source->classify(&payload, arena, &err), VERDICT_OK);
        check_error(name, source_parse(source, job, &request, &payload, arena, &batch, &err), &err,
                    NULL);
        take_candles(name, window, &batch);
        position = batch.position ? batch.position : position;
        if (!batch.more)
            return;
    }
    fail_msg("%s: no end", name);
}

static void
check_window(const struct provider *provider, const char *interval, int64_t step_s, int64_t from_s,
             int64_t until_s)
{
    struct arena *arena = arena_create(64 * 1024);
    const char *name = arena_printf(arena, "%s %s from %lld until %lld", provider->source, interval,
                                    (long long)from_s, (long long)until_s);
    struct window *window = arena_alloc_array(arena, 1, sizeof *window);
    int64_t slot_s = FEED_NOW_MS / 300000 * 300;
    struct feed feed = {
        .source = provider->source,
        .kind = "history",
        .args = arena_printf(arena,
                             "{\"symbol\":\"%s\",\"interval\":\"%s\",\"lookback_s\":%lld,"
                             "\"until_s\":%lld}",
                             provider->symbol, interval, (long long)(slot_s - from_s),
                             (long long)until_s),
    };
    struct job job = feed_job(&feed, arena);
    /* On the grid, from and until both rounded up. */
    int64_t first_s = (from_s + step_s - 1) / step_s * step_s;
    int64_t end_s = (until_s + step_s - 1) / step_s * step_s;

    *window = (struct window){
        .from_ms = first_s * 1000, .until_ms = end_s * 1000, .step_ms = step_s * 1000};
    run_job(name, provider, &job, window, arena);
    check_int(name, (int64_t)window->count, (end_s - first_s) / step_s);
    arena_destroy(arena);
}

/* Within what every provider has: Kraken keeps 720 candles, CoinPaprika gives hours of a day. */
static void
a_window_is_filled_and_nothing_beside_it(void **state)
{
    static const struct {
        int64_t from_back, until_back; /* in steps before the present */
        int64_t shift_s;               /* off the grid */
    } windows[] = {
        {20,  10,  0  },
        {20,  19,  0  },
        {20,  2,   1  },
        {3,   1,   0  },
        {300, 100, 0  },
        {360, 5,   100},
    };
    const int64_t now_s = FEED_NOW_MS / 1000;

    for (size_t i = 0; i < COUNT_OF(providers); i++)
        for (size_t j = 0; j < COUNT_OF(windows); j++) {
            int64_t day_s = now_s / 86400 * 86400;

            check_window(&providers[i], "1d", 86400,
                         day_s - windows[j].from_back * 86400 - windows[j].shift_s,
                         day_s - windows[j].until_back * 86400 - windows[j].shift_s);
        }
}

static void
long_windows_take_many_pages(void **state)
{
    const int64_t hour_s = FEED_NOW_MS / 3600000 * 3600;

    check_window(&providers[0], "1h", 3600, hour_s - 5000 * 3600, hour_s - 1000 * 3600);
    check_window(&providers[1], "1h", 3600, hour_s - 5000 * 3600, hour_s - 1000 * 3600);
    check_window(&providers[3], "1h", 3600, hour_s - 5000 * 3600, hour_s - 1000 * 3600);
    check_window(&providers[0], "5m", 300, hour_s - 3000 * 300, hour_s - 1 * 300);
}

static void
what_is_asked_for_does_not_pass_the_window_whatever_the_position(void **state)
{
    static const struct {
        const char *name, *position;
        bool want_done;
    } rows[] = {
        {"before it",                                          "2026-11-01T00:00:00.000Z", false},
        {"at its end",                                         "2026-11-12T00:00:00.000Z", true },
        {"far behind it",                                      "2026-11-20T00:00:00.000Z", true },
        {"one before its end, so that two are seen once more", "2026-11-11T00:00:00.000Z", false},
    };
    /* 2026-11-10 to 2026-11-12 */
    const struct feed feed = {
        .source = "binance",
        .kind = "history",
        .args = "{\"symbol\":\"BTCUSDT\",\"interval\":\"1d\",\"lookback_s\":981600,"
                "\"until_s\":1794441600}",
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job = feed_job(&feed, arena);
        struct request request;
        struct error err = {0};
        bool done;

        check_error(rows[i].name,
                    source_request(source_find("binance"), &job, rows[i].position, FEED_NOW_MS,
                                   arena, &request, &done, &err),
                    &err, NULL);
        check_int(rows[i].name, done, rows[i].want_done);
        if (!done) {
            check_int(rows[i].name, request.from_ms, INT64_C(1794268800000));
            check_int(rows[i].name, request.to_ms, INT64_C(1794441600000));
        }
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_filled_and_nothing_beside_it),
        cmocka_unit_test(long_windows_take_many_pages),
        cmocka_unit_test(what_is_asked_for_does_not_pass_the_window_whatever_the_position),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
