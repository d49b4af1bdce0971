#ifndef TIDEMARK_TESTS_SYSTEM_DATABASE_FIXTURE_H
#define TIDEMARK_TESTS_SYSTEM_DATABASE_FIXTURE_H

/* What database_test.c and database_async_test.c share: a session, an arena, a few queries. */
#include "common/database.h"
#include "unit/check.h"

static const struct query query_echo = {
    "echo",
    "SELECT $1::bigint, $2::text, $3::numeric, $4::boolean, $5::bytea, $6::timestamptz, "
    "$7::text[]",
    7,
};
static const struct query query_one = {"one", "SELECT 1", 0};
static const struct query query_divide = {"divide", "SELECT 10 / $1::integer", 1};
static const struct query query_unknown = {"unknown", "SELECT * FROM nowhere", 0};
static const struct query query_pid = {"pid", "SELECT pg_backend_pid()", 0};
static const struct query query_end = {"end", "SELECT pg_terminate_backend($1::integer)", 1};
static const struct query query_table = {
    "table", "CREATE TEMPORARY TABLE IF NOT EXISTS notes (note text PRIMARY KEY, n integer)", 0};

/* What every test has. */
struct fixture {
    struct database *db;
    struct arena *arena;
    struct error err;
};

static inline struct database_settings
settings(void)
{
    return (struct database_settings){
        .url = getenv("DATABASE_URL"), .application_name = "database_test", .lock_timeout_ms = 100};
}

static inline int
set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    struct database_settings how = settings();

    fixture->arena = arena_create(4096);
    fixture->db = database_connect(&how, &fixture->err);
    check_true("it connects", fixture->db);
    check_true("a table of its own", database_run(fixture->db, &query_table, SQL_NO_VALUES,
                                                  fixture->arena, NULL, &fixture->err));
    *state = fixture;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    database_destroy(fixture->db);
    arena_destroy(fixture->arena);
    test_free(fixture);
    return 0;
}

static inline bool
run(struct fixture *f, const struct query *query, const struct database_value *values,
    size_t value_count, struct rows *ret_rows)
{
    return database_run(f->db, query, values, value_count, f->arena, ret_rows, &f->err);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
