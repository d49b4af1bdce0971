#include "api/orders/order_sources.h"

#include "unit/check.h"

enum { NOW_MS = 1000000 };

/* The keeper's, as it lies there until the next one comes. */
static struct report *
make_report(const struct source_state *state)
{
    struct report *report = report_create();
    struct source_state *sources = arena_alloc_array(report->arena, 1, sizeof *sources);

    *sources = *state;
    sources->name = arena_string(report->arena, "kraken");
    report->sources = sources;
    report->source_count = 1;
    return report;
}

static const struct {
    const char *name;
    struct source_state state;
    bool usable;
    int64_t wait_ms;
} rows[] = {
    {"one that works",              {.enabled = true},                                             true,  0   },
    {"one that is switched off",    {.enabled = false},                                            false, 0   },
    {"one without its key",         {.enabled = true, .error_code = "source.no_key"},              false, 0   },
    {"one that failed",             {.enabled = true, .error_code = "provider.down"},              true,  0   },
    {"one whose breaker is open",
     {.enabled = true,
      .upstream = {.known = true, .breaker = UPSTREAM_OPEN, .open_until_ms = NOW_MS + 700}},
     true,                                                                                                700 },
    {"one that is cooling down",
     {.enabled = true, .upstream = {.known = true, .cooldown_until_ms = NOW_MS + 900}},
     true,                                                                                                900 },
    {"one whose budget is spent",
     {.enabled = true, .upstream = {.known = true, .budget_per_minute = 60, .tokens = 0}},
     true,                                                                                                1001},
    {"what is over counts no more",
     {.enabled = true, .upstream = {.known = true, .cooldown_until_ms = NOW_MS - 1, .tokens = 5}},
     true,                                                                                                0   },
};

static void
sources_are_as_the_keeper_found_them(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(1024);
        struct report *report = make_report(&rows[i].state);
        const struct order_source *sources;

        check_int(rows[i].name, (int64_t)order_sources(report, NOW_MS, arena, &sources), 1);
        report_release(report); /* the keeper has posted another one meanwhile */
        check_string(rows[i].name, sources[0].name, "kraken");
        check_int(rows[i].name, sources[0].usable, rows[i].usable);
        check_int(rows[i].name, sources[0].wait_ms, rows[i].wait_ms);
        arena_destroy(arena);
    }
}

static void
without_a_report_nothing_is_held_against_anybody(void **state)
{
    struct arena *arena = arena_create(1024);
    const struct order_source *sources;

    check_int("sources", (int64_t)order_sources(NULL, NOW_MS, arena, &sources), 0);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_are_as_the_keeper_found_them),
        cmocka_unit_test(without_a_report_nothing_is_held_against_anybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
