#include "api/event_letter.h"

#include "common/event.h"

#include "unit/check.h"

static bool
has(const struct letter *letter, const char *tag)
{
    for (size_t i = 0; i < letter->tag_count; i++) {
        if (strcmp(letter->tags[i], tag) == 0)
            return true;
    }
    return false;
}

static void
a_price_moves_prices_charts_and_rows(void **state)
{
    static const char *const prices[] = {"bitcoin/usd", "bitcoin/eur"};
    const struct event event = {.version = 7, .prices = prices, .price_count = 2};
    struct letter *letter = event_letter(&event);

    check_int("version", (int64_t)letter->version, 7);
    check_true("price", has(letter, "price:bitcoin"));
    check_true("chart in usd", has(letter, "chart:bitcoin/usd"));
    check_true("chart in eur", has(letter, "chart:bitcoin/eur"));
    check_true("rows", has(letter, "data"));
    check_int("each once", (int64_t)letter->tag_count, 4);
    letter_release(letter);
}

static void
candles_move_their_chart_whatever_the_interval(void **state)
{
    static const char *const candles[] = {"bitcoin/usd/1h", "bitcoin/usd/1d"};
    const struct event event = {.candles = candles, .candle_count = 2};
    struct letter *letter = event_letter(&event);

    check_true("chart", has(letter, "chart:bitcoin/usd"));
    check_false("no price of its own", has(letter, "price:bitcoin"));
    letter_release(letter);
}

static void
another_report_is_no_price(void **state)
{
    const struct event event = {.reports = true};
    struct letter *letter = event_letter(&event);

    check_int("tags", (int64_t)letter->tag_count, 1);
    check_string("tag", letter->tags[0], "reports");
    letter_release(letter);
}

static void
listings_move_rows_only(void **state)
{
    const struct event event = {.listings = true};
    struct letter *letter = event_letter(&event);

    check_int("one", (int64_t)letter->tag_count, 1);
    check_true("rows", has(letter, "data"));
    letter_release(letter);
}

static void
a_job_that_stored_nothing_moves_nothing(void **state)
{
    const struct event event = {.job_id = "kraken/live/XXBTZUSD/1", .outcome = "deferred"};
    struct letter *letter = event_letter(&event);

    check_int("it is told as that", letter->kind, LETTER_JOB_ENDED);
    check_string("of which job", letter->job_id, "kraken/live/XXBTZUSD/1");
    check_int("tags", (int64_t)letter->tag_count, 0);
    letter_release(letter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_that_stored_nothing_moves_nothing),
        cmocka_unit_test(a_price_moves_prices_charts_and_rows),
        cmocka_unit_test(candles_move_their_chart_whatever_the_interval),
        cmocka_unit_test(listings_move_rows_only),
        cmocka_unit_test(another_report_is_no_price),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
