/* What api/pool.h says of questions that go together, against a real PostgreSQL: see
 * test_database.py. */
#include "api/pool.h"
#include "unit/check.h"

#include <event2/event.h>
#include <stdio.h>

/* Divides for each question; the second column says which question. Fails for all if one divides by
 * zero. */
static const struct query query_together = {
    "together",
    "SELECT 100 / asked.by::integer, asked.by, asked.number"
    " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (by, times, number)"
    " CROSS JOIN generate_series(1, asked.times::integer) ORDER BY asked.number",
    2,
};
static const struct query query_pause = {"pause", "SELECT pg_sleep(0.05)", 0};

struct fixture {
    struct event_base *base;
    struct pool *pool;
    size_t answered;
};

/* One who asks. Its arena goes when it is answered, as a flight's does. */
struct asker {
    struct fixture *fixture;
    struct arena *arena;
    struct database_value values[2];
    size_t rows, columns;
    bool is_own; /* each row says what was asked */
    char code[32];
};

static void
on_answer(void *context, const struct rows *rows, const struct error *err)
{
    struct asker *asker = context;

    asker->fixture->answered++;
    if (rows) {
        asker->rows = rows->count;
        asker->columns = rows->column_count;
        asker->is_own = true;
        for (size_t i = 0; i < rows->count && asker->values[0].text; i++)
            asker->is_own &= strcmp(rows_text(rows, i, 1), asker->values[0].text) == 0;
    } else {
        snprintf(asker->code, sizeof asker->code, "%s", err->code);
    }
    arena_destroy(asker->arena);
}

static void
run_until(struct fixture *fixture, size_t answered)
{
    while (fixture->answered < answered)
        event_base_loop(fixture->base, EVLOOP_ONCE);
}

static int
set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    struct pool_settings settings = pool_settings_default;

    settings.url = getenv("DATABASE_URL");
    settings.connections = 1;
    fixture->base = event_base_new();
    fixture->pool = pool_create(fixture->base, &settings);
    while (!pool_usable(fixture->pool))
        event_base_loop(fixture->base, EVLOOP_ONCE);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    pool_destroy(fixture->pool);
    event_base_free(fixture->base);
    test_free(fixture);
    return 0;
}

static void
ask(struct fixture *fixture, struct asker *asker, const char *by, const char *times)
{
    *asker = (struct asker){
        .fixture = fixture, .arena = arena_create(256), .values = {SQL_TEXT(by), SQL_TEXT(times)}
    };
    pool_query_together(fixture->pool, POOL_BEGINS, &query_together, asker->values, 2, asker->arena,
                        on_answer, asker);
}

static void
those_of_a_turn_are_one_query_and_get_their_own_rows(void **state)
{
    struct fixture *f = *state;
    struct asker askers[4];
    static const size_t want[] = {1, 0, 3, 2};

    ask(f, &askers[0], "10", "1");
    ask(f, &askers[1], "20", "0");
    ask(f, &askers[2], "25", "3");
    ask(f, &askers[3], "50", "2");
    run_until(f, 4);
    check_int("one query", (int64_t)pool_counts(f->pool)->queries, 1);
    for (size_t i = 0; i < 4; i++) {
        check_int("so many rows of its own", (int64_t)askers[i].rows, (int64_t)want[i]);
        check_int("without the number", (int64_t)askers[i].columns, 2);
        check_true("its own", askers[i].is_own);
    }
}

static void
those_in_line_go_together_when_a_connection_is_free(void **state)
{
    struct fixture *f = *state;
    struct asker pause = {.fixture = f, .arena = arena_create(256)};
    struct asker askers[3];

    pool_query(f->pool, POOL_BEGINS, &query_pause, NULL, 0, pause.arena, on_answer, &pause);
    ask(f, &askers[0], "10", "1");
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    ask(f, &askers[1], "20", "1");
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    ask(f, &askers[2], "25", "1");
    check_int("they stand in line", pool_counts(f->pool)->waiting, 3);
    run_until(f, 4);
    check_int("the one before them, and theirs", (int64_t)pool_counts(f->pool)->queries, 2);
    check_true("their own", askers[0].is_own && askers[1].is_own && askers[2].is_own);
    check_int("nobody is left", pool_counts(f->pool)->waiting, 0);
}

static void
a_failure_is_that_of_all(void **state)
{
    struct fixture *f = *state;
    struct asker askers[3];

    ask(f, &askers[0], "10", "1");
    ask(f, &askers[1], "0", "1");
    run_until(f, 2);
    check_string("who asked well", askers[0].code, "database.data");
    check_string("who did not", askers[1].code, "database.data");
    ask(f, &askers[2], "10", "1");
    run_until(f, 3);
    check_int("the connection is good", (int64_t)askers[2].rows, 1);
}

static void
more_than_fit_go_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    struct asker askers[POOL_TOGETHER_MAX];
    static char large[POOL_TOGETHER_BYTES + 2]; /* 1, with spaces before it */

    memset(large, ' ', sizeof large - 2);
    large[sizeof large - 2] = '1';
    for (size_t i = 0; i < 3; i++)
        ask(f, &askers[i], i == 1 ? large : "1", "1");
    run_until(f, 3);
    check_int("the large one goes alone", (int64_t)pool_counts(f->pool)->queries, 2);
    for (size_t i = 0; i < 3; i++)
        check_true("each has its own", askers[i].is_own && askers[i].rows == 1);
    for (size_t i = 0; i < POOL_TOGETHER_MAX; i++)
        ask(f, &askers[i], "1", "1");
    run_until(f, 3 + POOL_TOGETHER_MAX);
    check_int("as many as go together", (int64_t)pool_counts(f->pool)->queries, 3);
}

static void
all_learn_that_the_pool_is_gone(void **state)
{
    struct fixture *f = *state;
    struct asker askers[2];

    ask(f, &askers[0], "10", "1");
    ask(f, &askers[1], "20", "1");
    pool_destroy(f->pool);
    f->pool = NULL;
    check_int("answered", (int64_t)f->answered, 2);
    check_string("away", askers[1].code, "database.away");
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(those_of_a_turn_are_one_query_and_get_their_own_rows),
        WITH_POOL(those_in_line_go_together_when_a_connection_is_free),
        WITH_POOL(a_failure_is_that_of_all),
        WITH_POOL(more_than_fit_go_one_after_the_other),
        WITH_POOL(all_learn_that_the_pool_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
