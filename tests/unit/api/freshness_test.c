#include "api/cache/freshness.h"

#include "unit/check.h"

#include <string.h>

enum { NOW = 1000000 };

struct setup {
    struct arena *arena;
    struct loads *loads;
    struct freshness freshness;
    struct text text;
};

static void
set_up(struct setup *s, int64_t read_at_ms)
{
    static const struct load_rule rules[] = {
        {"binance", "bitcoin", "usdt", 0, NULL, 60,  0},
        {"kraken",  "bitcoin", "usd",  0, NULL, 300, 0},
    };

    s->arena = arena_create(1024);
    s->loads = loads_create(rules, 2);
    freshness_start(&s->freshness, s->arena, s->loads, read_at_ms);
    text_init(&s->text, s->arena, 16);
}

static void
tear_down(struct setup *s)
{
    loads_release(s->loads);
    arena_destroy(s->arena);
}

/* {"age":A,"stale":S,"state":"ok"} */
static struct bytes
render(struct setup *s, int64_t observed_at_ms, bool stale)
{
    text_add_string(&s->text, "{\"age\":");
    freshness_add_age(&s->freshness, &s->text, observed_at_ms);
    text_add_string(&s->text, ",\"stale\":");
    freshness_add_flag(&s->freshness, &s->text, stale, stale ? 0 : observed_at_ms + 900000);
    text_add_string(&s->text, ",\"state\":");
    freshness_add_state(&s->freshness, &s->text, stale ? "stale" : "ok");
    text_add_string(&s->text, "}");
    return text_finish(&s->text);
}

static void
read_at(int64_t read_at_ms, bool stale, uint64_t ret_name[2])
{
    struct setup s;
    struct bytes body;

    set_up(&s, read_at_ms);
    body = render(&s, NOW, stale);
    freshness_name(&s.freshness, body, ret_name);
    tear_down(&s);
}

static void
the_name_is_that_of_the_answer_without_its_ages(void **state)
{
    uint64_t one[2], later[2], other[2];

    read_at(NOW + 5000, false, one);
    read_at(NOW + 123000, false, later); /* an age of more digits */
    read_at(NOW + 5000, true, other);
    check_true("of an older reading", one[0] == later[0] && one[1] == later[1]);
    check_true("of another flag", one[0] != other[0] && one[1] != other[1]);
}

static void
what_nobody_can_refresh_says_that_it_is_stale(void **state)
{
    struct setup s;
    struct bytes body, turned;

    set_up(&s, NOW + 5000);
    body = render(&s, NOW, false);
    check_string("as it was read", body.data, "{\"age\":5,\"stale\":false,\"state\":\"ok\"}");
    turned = freshness_turned(body, s.freshness.turns, s.freshness.turn_count, s.arena);
    check_string("as a last resort", turned.data, "{\"age\":5,\"stale\":true,\"state\":\"stale\"}");
    check_int("true until", s.freshness.true_until_ms, NOW + 900000);
    tear_down(&s);
    set_up(&s, NOW + 5000);
    render(&s, NOW, true);
    check_int("what is stale already has no turns", (int64_t)s.freshness.turn_count, 0);
    check_int("and stays so", s.freshness.true_until_ms, 0);
    tear_down(&s);
}

static void
the_past_does_not_age(void **state)
{
    struct setup s;
    struct bytes body;

    set_up(&s, NOW + 5000000);
    freshness_set_past(&s.freshness, NOW + 7000);
    freshness_expect_price(&s.freshness, "binance", "bitcoin", "usdt", NOW);
    body = render(&s, NOW, false);
    check_string("as of then", body.data, "{\"age\":7,\"stale\":false,\"state\":\"ok\"}");
    check_int("no turns", (int64_t)s.freshness.turn_count, 0);
    check_int("no spans", (int64_t)s.freshness.age_count, 0);
    check_int("no end", s.freshness.true_until_ms, 0);
    check_int("no load", freshness_client_s(&s.freshness, 60), 60);
    tear_down(&s);
}

static void
an_age_is_whole_seconds_or_unknown(void **state)
{
    struct setup s;

    set_up(&s, NOW);
    freshness_add_age(&s.freshness, &s.text, NOW - 1999);
    text_add_char(&s.text, ' ');
    freshness_add_age(&s.freshness, &s.text, NOW + 500); /* clocks differ */
    text_add_char(&s.text, ' ');
    freshness_add_age(&s.freshness, &s.text, 0);
    check_string("ages", text_finish(&s.text).data, "1 0 null");
    tear_down(&s);
}

/* A minute is over at 960 s and 1020 s, five minutes at 900 s and 1200 s. */
static const struct {
    const char *name;
    int64_t read_at_s;
    const char
        *sources; /* "binance", "kraken", both; "" = nobody has a price; "csv" = unscheduled */
    int32_t max_s, want_s;
} loads[] = {
    {"the time to the next load",            985,  "binance",        60, 35},
    {"the earliest of several",              985,  "binance kraken", 60, 35},
    {"no more than the policy says",         985,  "binance",        20, 20},
    {"a policy bounds a distant load",       1000, "kraken",         60, 60},
    {"at any moment: a second",              961,  "binance",        60, 59},
    {"at least a second",                    1019, "binance",        60, 1 },
    {"not scheduled",                        985,  "csv",            60, 5 },
    {"not scheduled, and a stricter policy", 985,  "csv",            2,  2 },
    {"a price that nobody has yet",          985,  "",               60, 5 },
    {"beside one that there is",             985,  "binance ",       60, 5 },
};

static void
max_age_is_the_time_to_the_next_load(void **state)
{
    for (size_t i = 0; i < COUNT_OF(loads); i++) {
        const char *sources = loads[i].sources;
        int64_t read_at_ms = loads[i].read_at_s * 1000;
        struct setup s;

        set_up(&s, read_at_ms);
        if (strstr(sources, "binance"))
            freshness_expect_price(&s.freshness, "binance", "bitcoin", "usdt", read_at_ms);
        if (strstr(sources, "kraken"))
            freshness_expect_price(&s.freshness, "kraken", "bitcoin", "usd", read_at_ms);
        if (strstr(sources, "csv"))
            freshness_expect_price(&s.freshness, "csv", "bitcoin", "usd", read_at_ms);
        if (*sources == '\0' || sources[strlen(sources) - 1] == ' ')
            freshness_expect_price(&s.freshness, NULL, "bitcoin", "eur", 0);
        check_int(loads[i].name, freshness_client_s(&s.freshness, loads[i].max_s), loads[i].want_s);
        tear_down(&s);
    }
}

static void
an_answer_without_prices_goes_by_its_policy(void **state)
{
    struct setup s;

    set_up(&s, NOW);
    check_int("policy", freshness_client_s(&s.freshness, 300), 300);
    freshness_start(&s.freshness, s.arena, NULL, NOW);
    freshness_expect_candles(&s.freshness, "binance", "bitcoin", "usdt", 3600, NOW);
    check_int("schedules are not known yet", freshness_client_s(&s.freshness, 300), 5);
    tear_down(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_that_of_the_answer_without_its_ages),
        cmocka_unit_test(what_nobody_can_refresh_says_that_it_is_stale),
        cmocka_unit_test(the_past_does_not_age),
        cmocka_unit_test(an_age_is_whole_seconds_or_unknown),
        cmocka_unit_test(max_age_is_the_time_to_the_next_load),
        cmocka_unit_test(an_answer_without_prices_goes_by_its_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
