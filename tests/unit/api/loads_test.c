#include "api/cache/loads.h"

#include "common/attributes.h"
#include "unit/check.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

static const struct load_rule rules[] = {
    {"binance",   "bitcoin",  "usdt", 0,                  NULL,         300,    40 },
    {"binance",   "bitcoin",  "usdt", HOUR_S,             NULL,         HOUR_S, 600},
    {"kraken",    "bitcoin",  "usd",  DAY_S,              "10 0 * * *", 0,      60 },
    {"kraken",    "ethereum", "usd",  0,                  NULL,         60,     0  },
    {"coingecko", NULL,       "usd",  0,                  NULL,         300,    0  },
    {"coingecko", "bitcoin",  "usd",  0,                  NULL,         120,    30 },
    {"csv",       NULL,       NULL,   LOADS_ANY_INTERVAL, NULL,         60,     5  },
    {"broken",    NULL,       NULL,   0,                  "not a rule", 0,      0  },
    {"broken",    NULL,       NULL,   0,                  NULL,         0,      0  },
};

/* Noon of a day, so that all periods begin anew; times below are seconds after it. */
enum { NOON_S = 1795262400 };

static const struct {
    const char *name, *source, *asset, *currency;
    int32_t interval_s;                /* 0 = the price */
    int64_t observed_s, now_s, want_s; /* want_s -1 = nothing is scheduled */
} rows[] = {
    {"what was just loaded comes again a period later",   "binance",   "bitcoin",  "usdt", 0,      45,   50,
     340                                                                                                                       },
    {"a slot began, but is not due: the former counts",   "binance",   "bitcoin",  "usdt", 0,      -200, 10,
     40                                                                                                                        },
    {"a slot is due and nothing has come: any moment",    "binance",   "bitcoin",  "usdt", 0,      -200, 45,
     45                                                                                                                        },
    {"nothing came for long: the next slot",              "binance",   "bitcoin",  "usdt", 0,      -200, 61,  340              },
    {"the grace of a short period is a quarter of it",    "kraken",    "ethereum", "usd",  0,      -50,  14,  14               },
    {"and no more",                                       "kraken",    "ethereum", "usd",  0,      -50,  15,  60               },
    {"candles have their own schedule",                   "binance",   "bitcoin",  "usdt", HOUR_S, 0,    700, 4200             },
    {"a market that nobody named",                        "binance",   "ethereum", "usdt", 0,      0,    50,  -1               },
    {"another currency",                                  "binance",   "bitcoin",  "usd",  0,      0,    50,  -1               },
    {"a listing has every coin in its currency",          "coingecko", "solana",   "usd",  0,      10,   20,  300              },
    {"the earliest of several",                           "coingecko", "bitcoin",  "usd",  0,      40,   50,  150              },
    {"a source with candles only gives prices with them", "kraken",    "bitcoin",  "usd",  0,      0,    50,
     12 * HOUR_S + 660                                                                                                         },
    {"a time of day",                                     "kraken",    "bitcoin",  "usd",  DAY_S,  0,    50,  12 * HOUR_S + 660},
    {"a folder gives anything",                           "csv",       "bitcoin",  "usd",  DAY_S,  10,   20,  65               },
    {"prices as well",                                    "csv",       "bitcoin",  "usd",  0,      10,   20,  65               },
    {"a rule that nobody can read is none",               "broken",    "bitcoin",  "usd",  0,      0,    20,  -1               },
};

static void
the_next_load_is_known(void **state)
{
    struct loads *loads = loads_create(rules, COUNT_OF(rules));

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t observed_ms = (NOON_S + rows[i].observed_s) * 1000;
        int64_t now_ms = (NOON_S + rows[i].now_s) * 1000, next_ms;

        if (rows[i].interval_s)
            next_ms = loads_next_candle_ms(loads, rows[i].source, rows[i].asset, rows[i].currency,
                                           rows[i].interval_s, observed_ms, now_ms);
        else
            next_ms = loads_next_price_ms(loads, rows[i].source, rows[i].asset, rows[i].currency,
                                          observed_ms, now_ms);
        check_int(rows[i].name, next_ms ? next_ms / 1000 - NOON_S : -1, rows[i].want_s);
    }
    loads_release(loads);
}

static void
without_schedules_nothing_is_expected(void **state)
{
    struct loads *loads = loads_create(NULL, 0), *held = loads_hold(loads);

    loads_release(loads);
    check_int("nothing", loads_next_price_ms(held, "binance", "bitcoin", "usdt", 0, 1), 0);
    loads_release(held);
    loads_release(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_load_is_known),
        cmocka_unit_test(without_schedules_nothing_is_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
