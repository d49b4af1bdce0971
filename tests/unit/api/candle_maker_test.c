#include "api/handlers/coingecko/candle_maker.h"

#include "unit/check.h"

enum { HOUR = 3600000, DAY = 24 * HOUR, TWO_HOURS_S = 7200 };

/* Prices of hours from a midnight on; NULL = there is none. */
static const struct {
    const char *name, *prices[8], *precision, *want;
} rows[] = {
    {"it opens with the price at its beginning",                      {"10", "12", "11"},      NULL, "[7200000,10,12,10,11]"                       },
    {"the next one as the last closed",
     {"10", "12", "11", "9", "9.5"},
     NULL,                                                                                           "[7200000,10,12,10,11],[14400000,11,11,9,9.5]"},
    {"or with its first, if that is not known",                       {NULL, "12", "11"},      NULL, "[7200000,12,12,11,11]"                       },
    {"one that is not over is left out",                              {"10", "12", "11", "9"}, NULL, "[7200000,10,12,10,11]"                       },
    {"one whose end is not known is told when a later one has begun",
     {"10", "12", NULL, "9", "8"},
     NULL,                                                                                           "[7200000,10,12,10,12],[14400000,9,9,8,8]"    },
    {"hours that are not known are no candle",
     {"10", "12", "11", NULL, NULL, "5", "6"},
     NULL,                                                                                           "[7200000,10,12,10,11],[21600000,5,6,5,6]"    },
    {"as many places as are wanted",
     {"10.126", "12.5", "11"},
     "2",                                                                                            "[7200000,10.13,12.5,10.13,11]"               },
    {"one price is none",                                             {"10"},                  NULL, ""                                            },
    {"no price is none",                                              {NULL},                  NULL, ""                                            },
};

static const char *
candles(const char *const *prices, const char *precision, struct arena *arena)
{
    struct candle_maker maker;
    struct text text;

    text_init(&text, arena, 64);
    candle_maker_start(&maker, &text, 4 * (int64_t)DAY, TWO_HOURS_S, precision);
    for (int i = 0; i < 8; i++) {
        if (prices[i])
            candle_maker_add(&maker, 4 * (int64_t)DAY + i * (int64_t)HOUR, prices[i]);
    }
    candle_maker_finish(&maker);
    return text_finish(&text).data;
}

/* Times are counted from the first price on, so that a reader can. */
static const char *
expected(const char *want, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 64);
    while (*want) {
        if (*want == '[') {
            char *end;

            text_add_char(&text, *want);
            text_add_int(&text, 4 * (int64_t)DAY + strtoll(want + 1, &end, 10));
            want = end;
        } else {
            text_add_char(&text, *want++);
        }
    }
    return text_finish(&text).data;
}

static void
candles_are_made_of_prices(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(1024);

        check_string(rows[i].name, candles(rows[i].prices, rows[i].precision, arena),
                     expected(rows[i].want, arena));
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candles_are_made_of_prices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
