#include "api/orders/order_book.h"
#include "api/orders/order_message.h"

#include "unit/check.h"

enum { WAIT_MS = 3000 };

static const struct order_way ways[] = {
    {"coinbase",  "BTC-USD",     "",    1  },
    {"coingecko", "bitcoin/usd", "usd", 250},
};

static const struct order_way ether_ways[] = {
    {"coingecko", "ethereum/usd", "usd", 250},
};

static const struct order_item bitcoin = {
    .name = "bitcoin/usd",
    .kind = JOB_QUOTE,
    .ways = ways,
    .way_count = COUNT_OF(ways),
    .hold_ms = ORDER_HOLD_MS,
    .useful_s = 60,
};

/* A book in which somebody orders things, one after the other. */
struct desk {
    struct order_book *book;
    struct order_batch batch;
    int64_t now_ms;
    struct order_answer answer;
    struct order_job *job; /* that the last order went into */
};

static struct desk
open_desk(double jobs)
{
    const struct order_policy policy = {
        WAIT_MS, {jobs / 60000, jobs, 1}
    };
    struct desk desk = {.book = order_book_create(&policy), .now_ms = 1000000};

    desk.batch.arena = arena_create(4096);
    return desk;
}

static void
close_desk(struct desk *desk)
{
    arena_destroy(desk->batch.arena);
    order_book_destroy(desk->book);
}

static void
begin_batch(struct desk *desk)
{
    desk->batch.first = NULL;
    desk->batch.end = &desk->batch.first;
}

/* The verdict's name. What is new goes out as job `job_id`. */
static const char *
order(struct desk *desk, const struct order_item *item, const char *job_id)
{
    begin_batch(desk);
    order_book_place(desk->book, &desk->batch, item, desk->now_ms, &desk->answer, &desk->job);
    if (desk->job)
        order_book_name_job(desk->book, item->name, job_id);
    return order_verdict_name(desk->answer.verdict);
}

/* How many names may be ordered anew by anyone. */
static int64_t
end(struct desk *desk, const char *job_id, const char *source, const char *outcome,
    const char *price)
{
    const struct order_ended ended = {job_id, source, outcome, &price, price != NULL};
    const char *const *released;
    size_t count;

    order_book_end(desk->book, &ended, desk->now_ms, desk->batch.arena, &released, &count);
    return (int64_t)count;
}

static void
what_is_ordered_is_ordered_once(void **state)
{
    struct desk desk = open_desk(10);

    check_string("the first", order(&desk, &bitcoin, "j1"), "new");
    check_string("the best way", desk.job->source, "coinbase");
    desk.now_ms += 1000;
    check_string("the second", order(&desk, &bitcoin, "j2"), "joined");
    check_string("its job", desk.answer.job_id, "j1");
    check_int("what is left of the wait", desk.answer.wait_ms, WAIT_MS - 1000);
    check_int("it came", end(&desk, "j1", "coinbase", NULL, "bitcoin/usd"), 0);
    check_string("who wants it yet newer", order(&desk, &bitcoin, "j3"), "held");
    desk.now_ms += ORDER_HOLD_MS;
    check_string("a minute later", order(&desk, &bitcoin, "j4"), "new");
    close_desk(&desk);
}

static void
a_source_that_failed_makes_room_for_the_next(void **state)
{
    struct desk desk = open_desk(10);

    order(&desk, &bitcoin, "j1");
    check_int("anyone may", end(&desk, "j1", "coinbase", "deferred", NULL), 1);
    check_string("the other source", order(&desk, &bitcoin, "j2"), "new");
    check_string("is asked", desk.job->source, "coingecko");
    end(&desk, "j2", "coingecko", "transient", NULL);
    check_string("nobody is left", order(&desk, &bitcoin, "j3"), "limited");
    check_int("for a while", desk.answer.wait_ms, ORDER_AVOID_MS);
    desk.now_ms += ORDER_AVOID_MS;
    check_string("then", order(&desk, &bitcoin, "j4"), "new");
    check_string("the best way again", desk.job->source, "coinbase");
    close_desk(&desk);
}

static void
a_source_that_is_not_heard_of_is_passed_over(void **state)
{
    struct desk desk = open_desk(10);

    order(&desk, &bitcoin, "j1");
    desk.now_ms += WAIT_MS;
    check_string("too late", order(&desk, &bitcoin, "j2"), "new");
    check_string("another source", desk.job->source, "coingecko");
    close_desk(&desk);
}

static void
a_source_that_has_it_not_is_not_asked_again_soon(void **state)
{
    struct desk desk = open_desk(10);

    order(&desk, &bitcoin, "j1");
    check_int("nobody else need try", end(&desk, "j1", "coinbase", NULL, "ethereum/usd"), 0);
    check_string("the other may have it", order(&desk, &bitcoin, "j2"), "new");
    end(&desk, "j2", "coingecko", "permanent", NULL);
    check_string("none has it", order(&desk, &bitcoin, "j3"), "barren");
    desk.now_ms += ORDER_BARREN_MS;
    check_string("until that is old", order(&desk, &bitcoin, "j4"), "new");
    close_desk(&desk);
}

static void
a_source_without_a_lane_is_no_way(void **state)
{
    struct desk desk = open_desk(10);

    order(&desk, &bitcoin, "j1");
    order_book_withdraw(desk.book, "bitcoin/usd");
    order_book_close_lane(desk.book, "coinbase", desk.now_ms);
    check_string("the next one", order(&desk, &bitcoin, "j2"), "new");
    check_string("is asked", desk.job->source, "coingecko");
    order_book_withdraw(desk.book, "bitcoin/usd");
    order_book_close_lane(desk.book, "coingecko", desk.now_ms);
    check_string("nobody works for any", order(&desk, &bitcoin, "j3"), "barren");
    desk.now_ms += ORDER_AVOID_MS;
    check_string("until it is tried again", order(&desk, &bitcoin, "j4"), "new");
    close_desk(&desk);
}

static void
a_spent_budget_limits(void **state)
{
    static const struct order_way one = {"kraken", "XXBTZUSD", "", 100};
    struct order_item item = bitcoin;
    struct desk desk = open_desk(2);

    item.ways = &one;
    item.way_count = 1;
    order(&desk, &item, "j1");
    item.name = "ethereum/usd";
    order(&desk, &item, "j2");
    item.name = "ripple/usd";
    check_string("the third of two", order(&desk, &item, "j3"), "limited");
    check_true("until there is one again", desk.answer.wait_ms > 0 && desk.answer.wait_ms <= 30000);
    close_desk(&desk);
}

static void
what_goes_out_together_is_one_job_of_a_currency(void **state)
{
    const struct order_item ether = {"ethereum/usd", JOB_QUOTE, ether_ways, 1,
                                     NULL,           60000,     60,         false};
    struct order_item coin = bitcoin;
    struct desk desk = open_desk(1);

    coin.ways = &ways[1];
    coin.way_count = 1;
    begin_batch(&desk);
    order_book_place(desk.book, &desk.batch, &coin, desk.now_ms, &desk.answer, &desk.job);
    order_book_place(desk.book, &desk.batch, &ether, desk.now_ms, &desk.answer, &desk.job);
    check_int("lines", (int64_t)desk.batch.first->count, 2);
    check_true("one job, for one token", !desk.batch.first->next);
    close_desk(&desk);
}

static const struct {
    const char *name;
    struct order_source source;
    bool is_explicit;
    const char *want;
} readiness[] = {
    {"a source that is ready",                       {"kraken", 0, true},    false, "new"    },
    {"one that is limited is not waited for",        {"kraken", 5000, true}, false, "limited"},
    {"but an order may wait for its turn",           {"kraken", 5000, true}, true,  "new"    },
    {"one that is switched off is no source at all", {"kraken", 0, false},   true,  "barren" },
    {"one that nothing is known of",                 {"binance", 9, false},  false, "new"    },
};

static void
sources_are_asked_when_they_may_be(void **state)
{
    static const struct order_way one = {"kraken", "XXBTZUSD", "", 100};

    for (size_t i = 0; i < COUNT_OF(readiness); i++) {
        struct order_item item = bitcoin;
        struct desk desk = open_desk(10);

        item.ways = &one;
        item.way_count = 1;
        item.is_explicit = readiness[i].is_explicit;
        desk.batch.sources = &readiness[i].source;
        desk.batch.source_count = 1;
        check_string(readiness[i].name, order(&desk, &item, "j1"), readiness[i].want);
        close_desk(&desk);
    }
}

static void
an_explicit_order_keeps_its_job_while_workers_try_again(void **state)
{
    struct order_item sync = bitcoin;
    struct desk desk = open_desk(10);

    sync.name = "sync:coingecko/1";
    sync.is_explicit = true;
    order(&desk, &sync, "j1");
    check_int("it stays ours", end(&desk, "j1", "coinbase", "transient", NULL), 0);
    desk.now_ms += 2 * WAIT_MS;
    check_string("the same", order(&desk, &sync, "j2"), "joined");
    check_string("job", desk.answer.job_id, "j1");
    close_desk(&desk);
}

static void
another_replicas_job_is_waited_for_as_long_as_it_is_worth(void **state)
{
    struct desk desk = open_desk(10);

    order(&desk, &bitcoin, "ours");
    order_book_adopt(desk.book, "bitcoin/usd", "theirs", 500, desk.now_ms);
    check_string("joined", order(&desk, &bitcoin, "j"), "joined");
    check_string("theirs", desk.answer.job_id, "theirs");
    check_int("for what is left", desk.answer.wait_ms, 500);
    check_int("theirs to give back", end(&desk, "theirs", "kraken", "deferred", NULL), 0);
    check_true("known", order_book_knows(desk.book, "theirs"));
    close_desk(&desk);
}

static void
a_job_is_named_by_what_it_is_for(void **state)
{
    struct order_line lines[] = {
        {.symbol = "ethereum/usd"},
        {.symbol = "bitcoin/usd"},
    };
    struct order_job job = {.kind = JOB_QUOTE,
                            .source = "coingecko",
                            .group = "usd",
                            .lines = lines,
                            .count = 1,
                            .useful_s = 60};
    struct arena *arena = arena_create(4096);
    struct bytes message;
    const char *of_two;
    struct error err = {0};
    struct job got;

    order_message_name(&job, 1763712000999, arena);
    check_string("one symbol", job.job_id, "coingecko/live/ethereum/usd/1763712001");
    job.count = 2;
    order_message_name(&job, 1763712001000, arena);
    of_two = job.job_id;
    check_string("sorted", lines[0].symbol, "bitcoin/usd");
    lines[0].symbol = "ethereum/usd";
    lines[1].symbol = "bitcoin/usd";
    order_message_name(&job, 1763712001000, arena);
    check_string("the same two in any order", job.job_id, of_two);
    check_int("when it was ordered", order_message_slot_ms(of_two), 1763712002000);
    check_int("a slot that is none", order_message_slot_ms("a/b/99999999999999999999"), 0);
    lines[1].dropped = true;
    message = order_message_encode(&job, NULL, arena);
    check_error("a job that workers take", job_decode(message, arena, &got, &err), &err, NULL);
    check_string("without what others bring", got.args_text, "{\"symbols\":[\"bitcoin/usd\"]}");
    check_true("live", job_is_live(&got));
    check_int("of use for", got.not_after_s - got.slot_s, 60);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_ordered_is_ordered_once),
        cmocka_unit_test(a_source_that_failed_makes_room_for_the_next),
        cmocka_unit_test(a_source_that_is_not_heard_of_is_passed_over),
        cmocka_unit_test(a_source_that_has_it_not_is_not_asked_again_soon),
        cmocka_unit_test(a_source_without_a_lane_is_no_way),
        cmocka_unit_test(a_spent_budget_limits),
        cmocka_unit_test(what_goes_out_together_is_one_job_of_a_currency),
        cmocka_unit_test(sources_are_asked_when_they_may_be),
        cmocka_unit_test(an_explicit_order_keeps_its_job_while_workers_try_again),
        cmocka_unit_test(another_replicas_job_is_waited_for_as_long_as_it_is_worth),
        cmocka_unit_test(a_job_is_named_by_what_it_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
