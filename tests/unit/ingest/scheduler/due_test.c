#include "ingest/scheduler/due.h"

#include "unit/check.h"

#include <stdio.h>
#include <string.h>

enum { RULES = 4, ROOM = 64, STEPS = 120, SEEDS = 10000, HOUR_S = 3600 };

/* ------------------------------------------------------------------------- by eye, one rule */

static struct cron
cron_of(const char *text)
{
    struct error err = {0};
    struct cron cron;

    if (!cron_parse(text, &cron, &err))
        fail_msg("%s: %s", text, err.message);
    return cron;
}

/* "900 (1200) 1500": (n) is skipped. */
static const char *
due_text(const struct due_rule *rule, int64_t now_s, char text[ROOM * 16])
{
    struct arena *arena = arena_create(1024);
    struct due_slot slots[ROOM];
    struct due_budget budget;
    size_t count;

    due_budget_init(&budget, 60, 0);
    count = due_slots(rule, 1, now_s, &budget, arena, slots, ROOM);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        sprintf(text + strlen(text), "%s%s%lld%s", i ? " " : "", slots[i].skipped ? "(" : "",
                (long long)slots[i].slot_s, slots[i].skipped ? ")" : "");
    arena_destroy(arena);
    return text;
}

static void
test_what_is_due_of_a_period(void **state)
{
    static const struct {
        const char *name;
        int64_t period_s, offset_s, last_slot_s;
        bool catch_up;
        int64_t now_s;
        const char *want; /* slots; (n) = skipped */
    } rows[] = {
        {"a schedule without a slot has its newest at once", 300, 60, -1,   true,  1203, "1200"             },
        {"and only that one, also if it coalesces",          300, 60, -1,   false, 1203, "1200"             },
        {"nothing is due before the offset is over",         300, 60, 900,  true,  1259, ""                 },
        {"a slot is due when its offset is over",            300, 60, 900,  true,  1260, "1200"             },
        {"a slot is never made twice",                       300, 60, 1200, true,  1499, ""                 },
        {"missed slots are caught up with, oldest first",    300, 0,  600,  true,  1500, "900 1200 1500"    },
        {"or only the newest is run",                        300, 0,  600,  false, 1500, "(900) (1200) 1500"},
        {"a clock that went back makes nothing",             300, 0,  1500, true,  900,  ""                 },
        {"nor does one before the first period is over",     300, 60, 1500, false, 30,   ""                 },
        {"a shorter period goes on after the last slot",     60,  0,  900,  true,  1020, "960 1020"         },
        {"a longer one does not repeat a slot",              300, 0,  1260, true,  1499, ""                 },
        {"a longer one goes on at its own multiples",        300, 0,  1260, true,  1500, "1500"             },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct due_rule rule = {NULL, rows[i].period_s, rows[i].offset_s, rows[i].last_slot_s,
                                rows[i].catch_up};
        char text[ROOM * 16];

        check_string(rows[i].name, due_text(&rule, rows[i].now_s, text), rows[i].want);
    }
}

static void
test_what_is_due_of_a_cron_rule(void **state)
{
    /* Day 0 is Thursday, 1 January 1970. */
    static const struct {
        const char *name, *cron;
        int64_t offset_s, last_slot_s;
        bool catch_up;
        int64_t now_s;
        const char *want;
    } rows[] = {
        {"a schedule without a slot has its newest at once", "0 3 * * *",       60, -1,    true,  100000,
         "97200"                                                                                                                    },
        {"nothing is due before the first moment of all",    "0 3 * * *",       0,  -1,    true,  10799,     ""                     },
        {"nor before the offset is over",                    "0 3 * * *",       60, 10800, true,  97259,     ""                     },
        {"a slot is due when its offset is over",            "0 3 * * *",       60, 10800, true,  97260,     "97200"                },
        {"a slot is never made twice",                       "0 3 * * *",       60, 97200, true,  97260,     ""                     },
        {"missed slots are caught up with, oldest first",    "0 */6 * * *",     0,  0,     true,  64800,
         "21600 43200 64800"                                                                                                        },
        {"or only the newest is run",                        "0 */6 * * *",     0,  0,     false, 70000,     "(21600) (43200) 64800"},
        {"days without a slot have none",                    "0 0 * * mon-fri", 0,  86400, true,  4 * 86400, "345600"               },
        {"a clock that went back makes nothing",             "0 3 * * *",       0,  97200, true,  20000,     ""                     },
        {"a new rule goes on after the last slot",           "*/20 * * * *",    0,  900,   true,  2400,      "1200 2400"            },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cron cron = cron_of(rows[i].cron);
        struct due_rule rule = {&cron, 0, rows[i].offset_s, rows[i].last_slot_s, rows[i].catch_up};
        char text[ROOM * 16];

        check_string(rows[i].name, due_text(&rule, rows[i].now_s, text), rows[i].want);
    }
}

static void
test_when_the_next_one_is_due(void **state)
{
    struct cron cron = cron_of("0 3 * * *");
    struct due_rule period = {NULL, 300, 60, 900, true}, daily = {&cron, 0, 7, 10800, true};

    check_int("the next multiple and its offset", due_next_s(&period, 5000), 1260);
    check_int("the next moment and its offset", due_next_s(&daily, 5000), 97207);
    daily.last_slot_s = DUE_NO_SLOT;
    check_int("the first comes at once", due_next_s(&daily, 5000), 5000);
}

static void
test_catching_up_is_limited_and_shared(void **state)
{
    struct due_rule rules[] = {
        {NULL, 60, 0, 0,    true}, /* 100 behind */
        {NULL, 60, 0, 0,    true},
        {NULL, 60, 0, 5940, true}, /* on time */
    };
    struct arena *arena = arena_create(1024);
    struct due_slot slots[ROOM];
    struct due_budget budget;
    size_t count, of_rule[COUNT_OF(rules)] = {0};

    due_budget_init(&budget, 10, 0);
    count = due_slots(rules, COUNT_OF(rules), 6000, &budget, arena, slots, ROOM);
    for (size_t i = 0; i < count; i++)
        of_rule[slots[i].rule]++;

    check_int("the first that is behind gets half", (int64_t)of_rule[0], 5);
    check_int("the second gets the other half", (int64_t)of_rule[1], 5);
    check_int("who is not behind is not held up", (int64_t)of_rule[2], 1);

    due_budget_refill(&budget, 5999);
    check_int("a tenth of the minute earns one slot at a time, and parts are not lost", budget.left,
              0);
    due_budget_refill(&budget, 6000);
    check_int("a tenth of the minute earns a tenth of the budget", budget.left, 1);
    due_budget_refill(&budget, 3600000);
    check_int("but it does not pile up", budget.left, 10);
    arena_destroy(arena);
}

/* ------------------------------------------------------------------------------ simulation */

/* A day of a scheduler whose clock, process and database misbehave, from a seed. */
struct world {
    uint64_t random;
    int64_t seed;
    int64_t now_s;        /* what the clock says */
    int64_t monotonic_ms; /* what has passed */
    struct due_budget budget;
    struct arena *arena;
    struct cron crons[RULES];
    struct due_rule rules[RULES];
    int64_t run[RULES], skipped[RULES];
};

static uint64_t
draw(struct world *world, uint64_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random % below;
}

/* Half of the rules have a period, half a cron rule. */
static void
draw_rule(struct world *world, struct due_rule *rule, struct cron *cron)
{
    static const int64_t periods_s[] = {60, 300, HOUR_S, 24 * HOUR_S};
    static const char *const crons[] = {"*/2 * * * *", "5,20-40/3 */2 * * *", "15 */6 * * 1-5",
                                        "@hourly",     "0 3 * * *",           "0 4 1,21-25 * fri"};

    memset(rule, 0, sizeof *rule);
    if (draw(world, 2)) {
        *cron = cron_of(crons[draw(world, COUNT_OF(crons))]);
        rule->cron = cron;
        rule->offset_s = (int64_t)draw(world, 30);
    } else {
        rule->period_s = periods_s[draw(world, COUNT_OF(periods_s))];
        rule->offset_s = (int64_t)draw(world, (uint64_t)rule->period_s / 4);
    }
    rule->last_slot_s = DUE_NO_SLOT;
    rule->catch_up = draw(world, 2);
}

static void
world_start(struct world *world, int64_t seed, struct arena *arena)
{
    memset(world, 0, sizeof *world);
    world->arena = arena;
    world->seed = seed;
    world->random = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
    world->now_s = 1763712000 + (int64_t)draw(world, 100000);
    due_budget_init(&world->budget, 1 + (int64_t)draw(world, 60), 0);
    for (size_t i = 0; i < RULES; i++)
        draw_rule(world, &world->rules[i], &world->crons[i]);
}

static void
fail_seed(const struct world *world, const char *promise)
{
    fail_msg("seed %lld: %s", (long long)world->seed, promise);
}

static bool
is_slot(const struct due_rule *rule, int64_t at_s)
{
    return rule->cron ? cron_last_s(rule->cron, at_s) == at_s : at_s % rule->period_s == 0;
}

static int64_t
slot_after(const struct due_rule *rule, int64_t slot_s)
{
    return rule->cron ? cron_next_s(rule->cron, slot_s) : slot_s + rule->period_s;
}

/* What the table would take, held against the promises. */
static void
record_slot(struct world *world, const struct due_slot *slot)
{
    struct due_rule *rule = &world->rules[slot->rule];
    bool first = rule->last_slot_s == DUE_NO_SLOT;

    if (!is_slot(rule, slot->slot_s))
        fail_seed(world, "a slot is a multiple of its period, or a moment of its cron rule");
    if (!first && slot->slot_s <= rule->last_slot_s)
        fail_seed(world, "no slot comes twice, and none comes before an older one");
    if (!first && slot->slot_s != slot_after(rule, rule->last_slot_s))
        fail_seed(world, "no slot is left out");
    if (slot->slot_s + (first ? 0 : rule->offset_s) > world->now_s)
        fail_seed(world, "no slot comes before its time");
    if (slot->skipped && rule->catch_up)
        fail_seed(world, "who catches up skips nothing");
    if (!slot->skipped && !rule->catch_up &&
        slot_after(rule, slot->slot_s) + rule->offset_s <= world->now_s)
        fail_seed(world, "who coalesces runs only the newest");
    rule->last_slot_s = slot->slot_s;
    world->run[slot->rule] += !slot->skipped;
    world->skipped[slot->rule] += slot->skipped;
}

static size_t
poll_once(struct world *world, bool database_away)
{
    struct due_slot slots[ROOM];
    size_t count;

    due_budget_refill(&world->budget, world->monotonic_ms);
    arena_reset(world->arena);
    count = due_slots(world->rules, RULES, world->now_s, &world->budget, world->arena, slots, ROOM);
    for (size_t i = 0; i < count && !database_away; i++)
        record_slot(world, &slots[i]);
    return count;
}

static void
pass_time(struct world *world, int64_t seconds)
{
    world->now_s += seconds;
    world->monotonic_ms += seconds * 1000;
}

/* Something happens: mostly a second passes, sometimes it is worse. */
static void
something_happens(struct world *world)
{
    switch (draw(world, 12)) {
    case 0: /* the machine sleeps, or nobody leads */
        pass_time(world, (int64_t)draw(world, 3 * HOUR_S));
        break;
    case 1: /* the clock is set */
        world->now_s += (int64_t)draw(world, 2 * HOUR_S) - HOUR_S;
        break;
    case 2: /* another process takes over: only the table is left */
        due_budget_init(&world->budget, world->budget.per_minute, world->monotonic_ms);
        break;
    case 3:
        pass_time(world, 1 + (int64_t)draw(world, 10));
        poll_once(world, true);
        break;
    default:
        pass_time(world, 1 + (int64_t)draw(world, 120));
    }
}

/* Once nothing bad happens any more, everything is made up for. */
static void
calm_down(struct world *world)
{
    do {
        world->monotonic_ms += 60000;
    } while (poll_once(world, false) > 0);
    for (size_t i = 0; i < RULES; i++) {
        const struct due_rule *rule = &world->rules[i];

        if (slot_after(rule, rule->last_slot_s) + rule->offset_s <= world->now_s)
            fail_seed(world, "in the end nothing is missing");
        if (world->run[i] == 0)
            fail_seed(world, "every schedule has run");
    }
}

static void
test_whatever_happens_every_slot_comes_once(void **state)
{
    struct arena *arena = arena_create(4096);
    struct world world;

    for (int64_t seed = 1; seed <= SEEDS; seed++) {
        world_start(&world, seed, arena);
        for (int step = 0; step < STEPS; step++) {
            something_happens(&world);
            poll_once(&world, false);
        }
        calm_down(&world);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_due_of_a_period),
        cmocka_unit_test(test_what_is_due_of_a_cron_rule),
        cmocka_unit_test(test_when_the_next_one_is_due),
        cmocka_unit_test(test_catching_up_is_limited_and_shared),
        cmocka_unit_test(test_whatever_happens_every_slot_comes_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
