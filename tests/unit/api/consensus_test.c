#include "api/consensus.h"

#include "common/decimal.h"
#include "common/text.h"

#include "unit/check.h"

#include <stdio.h>

enum { INPUTS_MAX = 8, FRESH_S = 900 };

static const int64_t now_ms = INT64_C(1800000000000);

/*
 * "E100@10 A99.5@60!": an exchange that said 100 ten seconds ago, an aggregator that said 99.5 a
 * minute ago, with a doubt. Inputs are fresh for 900 seconds.
 */
static size_t
read_inputs(const char *text, struct consensus_input inputs[INPUTS_MAX], struct arena *arena)
{
    static const char *const names[INPUTS_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    size_t count = 0;
    char kind, price[80];
    int age_s, used;

    for (; sscanf(text, " %c%79[0-9.]@%d%n", &kind, price, &age_s, &used) == 3; count++) {
        text += used;
        inputs[count] = (struct consensus_input){
            .source = names[count],
            .is_original = kind == 'E',
            .price = arena_string(arena, price),
            .observed_at_ms = now_ms - age_s * 1000,
            .fresh_ms = FRESH_S * 1000,
            .doubt = *text == '!',
        };
        text += *text == '!';
    }
    return count;
}

/* "ok 100 used outlier", the verdicts in the order of the inputs. */
static const char *
decide(const char *text, struct arena *arena)
{
    struct consensus_input inputs[INPUTS_MAX];
    size_t count = read_inputs(text, inputs, arena);
    struct consensus consensus;
    struct text result;

    consensus_decide(inputs, count, now_ms, arena, &consensus);
    text_init(&result, arena, 128);
    text_add_string(&result, consensus.state ? consensus_state_name(consensus.state) : "none");
    text_add_char(&result, ' ');
    text_add_string(&result, consensus.price ? consensus.price : "-");
    for (size_t i = 0; i < count; i++) {
        text_add_char(&result, ' ');
        text_add_string(&result, consensus_verdict_name(inputs[i].verdict));
    }
    return text_finish(&result).data;
}

static const struct {
    const char *name, *inputs, *want;
} rows[] = {
  /* One or two. */
    {"nothing is no price",                          "",                                                         "none -"                                      },
    {"one source is that source's price",            "E100.50@10",                                               "single_source 100.50 used"                   },
    {"a copy alone as well",                         "A100@10",                                                  "single_source 100 used"                      },
    {"an old one beside it does not vote",           "E100@10 E50@901",                                          "single_source 100 used stale"                },
    {"fresh until the last millisecond",             "E100@900",                                                 "single_source 100 used"                      },
    {"two exchanges meet in the middle",             "E100@10 E101@10",                                          "ok 100.5 used used"                          },
    {"the middle is exact",                          "E0.000000000000000001@1 E0.000000000000000001000000001@1",
     "ok 0.0000000000000000010000000005 used used"                                                                                                             },
    {"an exchange counts more than one copy",        "E100@10 A101@10",                                          "ok 100 used used"                            },
    {"two that are 5 % apart agree",                 "E100@10 E105@10",                                          "ok 102.5 used used"                          },
    {"two further apart: no price",                  "E100@10 E105.01@10",                                       "disagreement - disagrees disagrees"          },
    {"and none of the newer one's either",           "E100@10 E70@1",                                            "disagreement - disagrees disagrees"          },
 /* Outliers. */
    {"one source x10 is left out",                   "E100@10 E1010@10 A102@10",                                 "ok 100 used outlier used"                    },
    {"a copy x10 too",                               "E100@10 E101@10 A1000@10",                                 "ok 100.5 used used outlier"                  },
    {"an exchange alone against two copies",         "E1000@10 A101@10 A102@10",
     "ok 101.5 outlier used used"                                                                                                                              },
    {"a price that is lost is left out",             "E0.0001@10 E100@10 E101@10",
     "ok 100.5 outlier used used"                                                                                                                              },
    {"equal prices do not reject a near one",        "E100@1 E100@1 E100@1 E101@1",
     "ok 100 used used used used"                                                                                                                              },
    {"but one that is not so near",                  "E100@1 E100@1 E100@1 E101.01@1",
     "ok 100 used used used outlier"                                                                                                                           },
    {"MAD tolerates what is usual",                  "E100@1 E101@1 E102@1 E104@1",                              "ok 101.5 used used used used"                },
    {"and not what is not",                          "E100@1 E100.1@1 E100.2@1 E104@1",                          "ok 100.1 used used used outlier"             },
    {"copies do not outvote two originals",          "E100@9 E100@9 A120@9 A120@9 A120@9",
     "ok 100 used used outlier outlier outlier"                                                                                                                },
 /* No agreement. */
    {"all split",                                    "E100@10 E120@10 E140@10",                                  "disagreement - disagrees disagrees disagrees"},
    {"two against two",                              "E100@10 E100@10 E120@10 E120@10",
     "disagreement - disagrees disagrees disagrees disagrees"                                                                                                  },
 /* A real move. */
    {"two agree on a crash: followed",               "E70@1 E71@2 E100@60 E100@60 E100@61",
     "ok 70.5 used used superseded superseded superseded"                                                                                                      },
    {"it also settles two against two",              "E70@1 E71@2 E100@60 E101@60",
     "ok 70.5 used used superseded superseded"                                                                                                                 },
    {"an exchange and a copy are two origins",       "E70@1 A71@2 E100@60 E100@60",
     "ok 70 used used superseded superseded"                                                                                                                   },
    {"two copies are one",                           "A70@1 A71@2 E100@60 E100@60",                              "ok 100 outlier outlier used used"            },
    {"one alone is none",                            "E70@1 E100@60 E100@60",                                    "ok 100 outlier used used"                    },
    {"an observation at the same time is not older", "E70@1 E71@2 E100@2 E100@60 E100@60",
     "ok 100 outlier outlier used used used"                                                                                                                   },
    {"nor are two that do not agree one move",       "E70@1 E60@2 E100@60 E100@60 E100@60",
     "ok 100 outlier outlier used used used"                                                                                                                   },
    {"nor are copies, however many they are",        "A70@1 A70@1 A71@2 A70@2 E100@60 E100@60",
     "ok 100 outlier outlier outlier outlier used used"                                                                                                        },
    {"where no exchange speaks, two copies are two", "A70@1 A71@2 A100@60 A100@60 A100@60",
     "ok 70.5 used used superseded superseded superseded"                                                                                                      },
    {"two that are wrong together, and not newer",   "E1000@60 E1000@61 E100@1 E100@2 E100@3",
     "ok 100 outlier outlier used used used"                                                                                                                   },
    {"nor are they where each other one is newer",   "E70@10 E70@10 E100@9 E100@60 E100@60",
     "ok 100 outlier outlier used used used"                                                                                                                   },
    {"what is stale is no older voter",              "E70@1 E71@2 E100@901 E100@901",
     "ok 70.5 used used stale stale"                                                                                                                           },
    {"a doubtful old one does not hold them back",   "E70@2 E71@3 E100@60 E100@60 E999@1!",
     "ok 70.5 used used superseded superseded doubtful"                                                                                                        },
    {"two that agree are no quorum of five",         "E100@1 E100@1 E120@1 E140@1 E160@1",
     "disagreement - disagrees disagrees disagrees disagrees disagrees"                                                                                        },
 /* Doubt. */
    {"a doubtful one does not vote",                 "E100@10 E100000@10!",                                      "single_source 100 used doubtful"             },
    {"unless another origin says so too",            "E70@10! E70@10! E100@60",                                  "ok 70 used used outlier"                     },
    {"a crash that is doubted is confirmed by two",  "E70@1! E71@2! E100@60 E100@60 E100@60",
     "ok 70.5 used used superseded superseded superseded"                                                                                                      },
    {"one of two far apart is confirmed by nobody",  "E70@1! E50@2! E100@60 E100@60 E100@60",
     "ok 100 doubtful doubtful used used used"                                                                                                                 },
    {"a copy is no other origin for a copy",         "A70@10! A70@10! E100@60",
     "single_source 100 doubtful doubtful used"                                                                                                                },
    {"where no exchange speaks, it is",              "A70@10! A70@10!",                                          "ok 70 used used"                             },
    {"what is stale confirms nothing",               "E70@10! E70@1000",                                         "disagreement - doubtful stale"               },
    {"a doubtful one alone is no price",             "E100@10!",                                                 "disagreement - doubtful"                     },
 /* Stale. */
    {"the newest stale price is there, and old",     "E100@2000 A101@1000",                                      "stale 101 stale used"                        },
    {"but not a doubtful one",                       "E100@2000 A101@1000!",                                     "stale 100 used stale"                        },
    {"nothing but doubtful old ones",                "A101@1000!",                                               "disagreement - stale"                        },
};

static void
inputs_become_one_price(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);

        check_string(rows[i].name, decide(rows[i].inputs, arena), rows[i].want);
        arena_destroy(arena);
    }
}

static void
what_is_used_is_summed_up(void **state)
{
    struct arena *arena = arena_create(4096);
    struct consensus_input inputs[INPUTS_MAX];
    size_t count = read_inputs("E100@10 E102.5@20 A101@5 A7@1 A102@30", inputs, arena);
    struct consensus consensus;

    consensus_decide(inputs, count, now_ms, arena, &consensus);
    check_string("spread", consensus.spread, "2.5");
    check_int("used", (int64_t)consensus.used, 4);
    check_int("newest", now_ms - consensus.observed_at_ms, 5000);
    check_int("an exchange", inputs[0].weight, 12);
    check_int("three copies together", 3 * inputs[2].weight, 18);
    check_int("all", consensus.weight, 2 * 12 + 18);
    arena_destroy(arena);
}

/* ------------------------------------------------------------------------------- properties */

static uint32_t
next_random(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

/* Mostly near 100, some far off, some old, some doubtful. */
static size_t
make_inputs(uint64_t *seed, struct consensus_input inputs[INPUTS_MAX], struct arena *arena)
{
    static const char *const names[INPUTS_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    size_t count = next_random(seed, INPUTS_MAX) + 1;

    for (size_t i = 0; i < count; i++) {
        uint32_t off = next_random(seed, 4) ? next_random(seed, 300) : next_random(seed, 9000);

        inputs[i] = (struct consensus_input){
            .source = names[i],
            .is_original = next_random(seed, 2),
            .price = arena_printf(arena, "%u.%02u", 95 + off / 100, off % 100),
            .observed_at_ms = now_ms - (int64_t)next_random(seed, 1000) * 1000,
            .fresh_ms = FRESH_S * 1000,
            .doubt = next_random(seed, 10) == 0,
        };
    }
    return count;
}

static void
the_order_of_inputs_does_not_matter(void **state)
{
    uint64_t seed = 1;

    for (int round = 0; round < 500; round++) {
        struct arena *arena = arena_create(4096);
        struct consensus_input inputs[INPUTS_MAX], turned[INPUTS_MAX];
        size_t count = make_inputs(&seed, inputs, arena), by = next_random(&seed, 8);
        struct consensus one, other;

        for (size_t i = 0; i < count; i++)
            turned[(count - 1 - i + by) % count] = inputs[i];
        consensus_decide(inputs, count, now_ms, arena, &one);
        consensus_decide(turned, count, now_ms, arena, &other);
        check_int("state", other.state, one.state);
        check_string("price", other.price, one.price);
        for (size_t i = 0; i < count; i++)
            check_int("verdict", turned[(count - 1 - i + by) % count].verdict, inputs[i].verdict);
        arena_destroy(arena);
    }
}

static void
a_scale_changes_the_price_alone(void **state)
{
    uint64_t seed = 2;

    for (int round = 0; round < 500; round++) {
        struct arena *arena = arena_create(4096);
        struct consensus_input inputs[INPUTS_MAX], scaled[INPUTS_MAX];
        size_t count = make_inputs(&seed, inputs, arena);
        struct consensus one, other;

        for (size_t i = 0; i < count; i++) {
            scaled[i] = inputs[i];
            scaled[i].price = decimal_multiply(inputs[i].price, 1000000, arena);
        }
        consensus_decide(inputs, count, now_ms, arena, &one);
        consensus_decide(scaled, count, now_ms, arena, &other);
        check_int("state", other.state, one.state);
        check_int("has a price", !other.price, !one.price);
        if (one.price)
            check_int("price",
                      decimal_compare(decimal_multiply(one.price, 1000000, arena), other.price), 0);
        for (size_t i = 0; i < count; i++)
            check_int("verdict", scaled[i].verdict, inputs[i].verdict);
        arena_destroy(arena);
    }
}

/* The range of the voters but one, 5 % wider. */
static bool
is_within_others(const struct consensus_input *inputs, size_t count, size_t without,
                 const char *price, struct arena *arena)
{
    bool below = false, above = false;

    for (size_t i = 0; i < count; i++) {
        const char *other = decimal_multiply(inputs[i].price, 100, arena);

        if (i == without || inputs[i].weight == 0)
            continue;
        below |= decimal_compare(other, decimal_multiply(price, 105, arena)) <= 0;
        above |= decimal_compare(decimal_multiply(inputs[i].price, 105, arena),
                                 decimal_multiply(price, 100, arena)) >= 0;
    }
    return below && above;
}

static void
no_single_input_takes_the_price_away_from_the_others(void **state)
{
    uint64_t seed = 3;

    for (int round = 0; round < 500; round++) {
        struct arena *arena = arena_create(4096);
        struct consensus_input inputs[INPUTS_MAX];
        size_t count = make_inputs(&seed, inputs, arena), voters = 0;
        struct consensus consensus;

        consensus_decide(inputs, count, now_ms, arena, &consensus);
        for (size_t i = 0; i < count; i++)
            voters += inputs[i].weight > 0;
        for (size_t i = 0; i < count && consensus.price && voters > 2; i++)
            check_true("within the others",
                       is_within_others(inputs, count, i, consensus.price, arena));
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_become_one_price),
        cmocka_unit_test(what_is_used_is_summed_up),
        cmocka_unit_test(the_order_of_inputs_does_not_matter),
        cmocka_unit_test(a_scale_changes_the_price_alone),
        cmocka_unit_test(no_single_input_takes_the_price_away_from_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
