/*
 * common/database.h against a real, migrated PostgreSQL: test_database.py starts one and names it
 * in DATABASE_URL.
 */
#include "common/database.h"

#include "common/clock.h"
#include "schema/queries.h"
#include "unit/check.h"

#include <poll.h>
#include <stdio.h>

static const struct query query_echo = {
    "echo",
    "SELECT $1::bigint, $2::text, $3::numeric, $4::boolean, $5::bytea, $6::timestamptz, "
    "$7::text[]",
    7,
};
static const struct query query_one = {"one", "SELECT 1", 0};
static const struct query query_divide = {"divide", "SELECT 10 / $1::integer", 1};
static const struct query query_unknown = {"unknown", "SELECT * FROM nowhere", 0};
static const struct query query_sleep = {"sleep", "SELECT pg_sleep($1::float8)", 1};
static const struct query query_pid = {"pid", "SELECT pg_backend_pid()", 0};
static const struct query query_end = {"end", "SELECT pg_terminate_backend($1::integer)", 1};
static const struct query query_many = {
    "many", "SELECT n, repeat('x', 1000) FROM generate_series(1, $1::integer) AS n", 1};
static const struct query query_forget = {"forget", "DEALLOCATE ALL", 0};
static const struct query query_table = {
    "table", "CREATE TEMPORARY TABLE IF NOT EXISTS notes (note text PRIMARY KEY, n integer)", 0};
static const struct query query_note = {"note", "INSERT INTO notes VALUES ($1::text, 1)", 1};
static const struct query query_notes = {"notes", "SELECT count(*) FROM notes", 0};
static const struct query query_copy = {"copy", "COPY notes FROM STDIN", 0};
static const struct query query_lock = {"lock", "LOCK TABLE quotes", 0};

/* What every test has. */
struct fixture {
    struct database *db;
    struct arena *arena;
    struct error err;
};

static struct database_settings
settings(void)
{
    return (struct database_settings){
        .url = getenv("DATABASE_URL"), .application_name = "database_test", .lock_timeout_ms = 100};
}

static int
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

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    database_destroy(fixture->db);
    arena_destroy(fixture->arena);
    test_free(fixture);
    return 0;
}

static bool
run(struct fixture *f, const struct query *query, const struct database_value *values,
    size_t value_count, struct rows *ret_rows)
{
    return database_run(f->db, query, values, value_count, f->arena, ret_rows, &f->err);
}

static int64_t
note_count(struct fixture *f)
{
    struct rows rows;

    check_true("notes are counted", run(f, &query_notes, SQL_NO_VALUES, &rows));
    return rows_int(&rows, 0, 0, -1);
}

static void
values_come_back_as_they_went(void **state)
{
    struct fixture *f = *state;
    struct bytes blob = {"a\0b\xff", 4}, got;
    struct text array;
    struct rows rows;

    array_start(&array, f->arena, 0);
    array_add(&array, "a\"b,{\\}");
    array_add(&array, NULL);
    check_true("echo", run(f, &query_echo,
                           SQL_VALUES(SQL_INT(INT64_MIN), SQL_TEXT("\xE2\x82\xAC '\\"),
                                      SQL_TEXT("0.000000012345678901234567"), SQL_BOOL(true),
                                      SQL_BYTES(blob), SQL_TIME_MS(1763712065123),
                                      SQL_TEXT(array_finish(&array))),
                           &rows));
    check_int("the least integer", rows_int(&rows, 0, 0, 0), INT64_MIN);
    check_string("text", rows_text(&rows, 0, 1), "\xE2\x82\xAC '\\");
    check_string("every digit", rows_text(&rows, 0, 2), "0.000000012345678901234567");
    check_true("truth", rows_bool(&rows, 0, 3));
    got = rows_bytes(&rows, 0, 4, f->arena);
    check_int("as many bytes", (int64_t)got.size, 4);
    check_int("the same bytes", memcmp(got.data, blob.data, 4), 0);
    check_string("UTC", rows_text(&rows, 0, 5), "2025-11-21 08:01:05.123+00");
    check_string("an array", rows_text(&rows, 0, 6), "{\"a\\\"b,{\\\\}\",NULL}");
}

static void
null_is_not_empty(void **state)
{
    struct fixture *f = *state;
    struct rows rows;

    check_true("echo", run(f, &query_echo,
                           SQL_VALUES(SQL_NULL, SQL_TEXT(""), SQL_TEXT(NULL), SQL_NULL,
                                      SQL_BYTES(((struct bytes){NULL, 0})), SQL_NULL, SQL_NULL),
                           &rows));
    check_true("an integer", rows_is_null(&rows, 0, 0));
    check_int("has a stand-in", rows_int(&rows, 0, 0, 7), 7);
    check_string("empty text is text", rows_text(&rows, 0, 1), "");
    check_string("text", rows_text(&rows, 0, 2), NULL);
    check_false("truth", rows_bool(&rows, 0, 3));
    check_true("bytes", rows_bytes(&rows, 0, 4, f->arena).data == NULL);
}

static void
a_transaction_is_one_flush(void **state)
{
    struct fixture *f = *state;
    const struct rows *rows;

    database_queue_begin(f->db);
    database_queue(f->db, &query_note, SQL_VALUES(SQL_TEXT("a")));
    database_queue(f->db, &query_note, SQL_VALUES(SQL_TEXT("b")));
    database_queue(f->db, &query_notes, SQL_NO_VALUES);
    database_queue_commit(f->db);
    check_true("flushed", database_flush(f->db, f->arena, &rows, &f->err));
    check_int("the insert's answer is the second", rows[1].affected, 1);
    check_int("the count's is the fourth", rows_int(&rows[3], 0, 0, 0), 2);
    check_int("it is committed", note_count(f), 2);
}

static void
the_first_failure_stops_the_rest(void **state)
{
    struct fixture *f = *state;
    bool flushed;

    database_queue_begin(f->db);
    database_queue(f->db, &query_note, SQL_VALUES(SQL_TEXT("a")));
    database_queue(f->db, &query_divide, SQL_VALUES(SQL_INT(0)));
    database_queue(f->db, &query_note, SQL_VALUES(SQL_TEXT("b")));
    database_queue_commit(f->db);
    flushed = database_flush(f->db, f->arena, NULL, &f->err);
    check_error("a page with a bad value", flushed, &f->err, "database.data");
    check_contains("names its query", f->err.message, "divide: ");
    database_rollback(f->db);
    check_true("the connection is as good as new", database_usable(f->db));
    check_int("nothing was kept", note_count(f), 0);
}

static void
without_begin_a_flush_is_a_transaction(void **state)
{
    struct fixture *f = *state;

    database_queue(f->db, &query_note, SQL_VALUES(SQL_TEXT("a")));
    database_queue(f->db, &query_note, SQL_VALUES(SQL_TEXT("a")));
    check_error("the same key twice", database_flush(f->db, f->arena, NULL, &f->err), &f->err,
                "database.conflict");
    check_int("neither is kept", note_count(f), 0);
}

static void
a_query_that_cannot_be_prepared_is_told_each_time(void **state)
{
    struct fixture *f = *state;

    for (int n = 0; n < 2; n++)
        check_error("no such table", run(f, &query_unknown, SQL_NO_VALUES, NULL), &f->err,
                    "database.query");
    check_true("others still work", run(f, &query_one, SQL_NO_VALUES, NULL));
}

static void
a_commit_that_rolled_back_is_no_success(void **state)
{
    struct fixture *f = *state;

    check_true("begin", database_begin(f->db, &f->err));
    check_true("a note", run(f, &query_note, SQL_VALUES(SQL_TEXT("a")), NULL));
    check_false("a failure nobody looked at", run(f, &query_divide, SQL_VALUES(SQL_INT(0)), NULL));
    check_error("commit", database_commit(f->db, &f->err), &f->err, "database.serialization");
    check_int("nothing was kept", note_count(f), 0);
}

static void
a_lost_session_is_noticed_and_replaced(void **state)
{
    struct fixture *f = *state;
    struct database_settings how = settings();
    struct database *other = database_connect(&how, &f->err);
    struct rows rows;

    check_true("who it is", run(f, &query_pid, SQL_NO_VALUES, &rows));
    check_true("is ended",
               database_run(other, &query_end, SQL_VALUES(SQL_INT(rows_int(&rows, 0, 0, 0))),
                            f->arena, NULL, &f->err));
    database_destroy(other);
    check_error("the next query", run(f, &query_one, SQL_NO_VALUES, NULL), &f->err,
                "database.away");
    check_int("it may heal", f->err.kind, ERROR_RETRY);
    check_false("but not by itself", database_usable(f->db));
    check_error("so nothing is tried", run(f, &query_one, SQL_NO_VALUES, NULL), &f->err,
                "database.away");
    check_true("a new session", database_reconnect(f->db, &f->err));
    check_true("prepares anew", run(f, &query_one, SQL_NO_VALUES, &rows));
}

static void
forgotten_plans_ask_for_a_new_session(void **state)
{
    struct fixture *f = *state;

    check_true("prepared", run(f, &query_one, SQL_NO_VALUES, NULL));
    check_true("forgotten", run(f, &query_forget, SQL_NO_VALUES, NULL));
    check_error("run again", run(f, &query_one, SQL_NO_VALUES, NULL), &f->err, "database.plan");
    check_false("in doubt", database_usable(f->db));
}

static void
a_slow_statement_is_stopped_by_the_server(void **state)
{
    struct fixture *f = *state;
    struct database_settings how = settings();

    how.statement_timeout_ms = 50;
    database_destroy(f->db);
    f->db = database_connect(&how, &f->err);
    check_error("half a minute", run(f, &query_sleep, SQL_VALUES(SQL_INT(30)), NULL), &f->err,
                "database.timeout");
    check_true("the session goes on", run(f, &query_one, SQL_NO_VALUES, NULL));
}

static void
a_lock_is_not_waited_for_long(void **state)
{
    struct fixture *f = *state;
    struct database_settings how = settings();
    struct database *other = database_connect(&how, &f->err);

    check_true("the other", database_begin(other, &f->err));
    check_true("locks", database_run(other, &query_lock, SQL_NO_VALUES, f->arena, NULL, &f->err));
    check_error("a reader", run(f, &query_currencies_list, SQL_NO_VALUES, NULL), &f->err,
                "database.lock");
    database_destroy(other); /* with its transaction */
    check_true("the lock is gone with its session", database_usable(f->db));
}

static void
copy_takes_many_rows(void **state)
{
    enum { ROWS = 50000 };
    struct fixture *f = *state;
    struct text rows;

    text_init(&rows, f->arena, 0);
    for (int n = 0; n < ROWS; n++) {
        copy_cell(&rows, arena_printf(f->arena, "%d\t\\.\n%0100d", n, n));
        copy_cell(&rows, n % 2 ? NULL : "7");
        copy_end_row(&rows);
    }
    check_true("begin", database_begin(f->db, &f->err));
    check_error("copy", database_copy(f->db, &query_copy, text_finish(&rows), &f->err), &f->err,
                NULL);
    check_true("commit", database_commit(f->db, &f->err));
    check_int("all are there", note_count(f), ROWS);
}

static void
copy_of_a_bad_row_takes_none(void **state)
{
    struct fixture *f = *state;
    struct bytes rows = {"a\t1\nb\tone\n", 10};

    check_error("not a number", database_copy(f->db, &query_copy, rows, &f->err), &f->err,
                "database.data");
    check_true("the session goes on", database_usable(f->db));
    check_int("none is there", note_count(f), 0);
}

static void
copy_of_a_key_that_exists_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct bytes rows = {"a\t1\n", 4};

    check_true("a note", run(f, &query_note, SQL_VALUES(SQL_TEXT("a")), NULL));
    check_error("again", database_copy(f->db, &query_copy, rows, &f->err), &f->err,
                "database.conflict");
}

static void
nobody_listens_is_worth_another_try(void **state)
{
    struct database_settings how = settings();
    struct error err;

    how.url = "postgresql://postgres@127.0.0.1:1/postgres";
    check_true("no connection", !database_connect(&how, &err));
    check_string("retry", err.code, "database.away");
}

static void
an_unknown_database_is_not(void **state)
{
    struct database_settings how = settings();
    struct error err;
    char url[512];

    snprintf(url, sizeof url, "%s_that_is_not_there", how.url);
    how.url = url;
    check_true("no connection", !database_connect(&how, &err));
    check_string("fatal", err.code, "database.refused");
    check_int("fatal", err.kind, ERROR_FATAL);
}

/* ---- the way that never waits ---- */

/* Steps until `answers` are there or it failed; polls as an event loop would. */
static enum database_async_state
step_until(struct database_async *db, size_t answers, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + 10000;
    enum database_async_state state = database_async_step(db, err);

    while (state == DATABASE_ASYNC_CONNECTING ||
           (state == DATABASE_ASYNC_READY && answers && !database_async_answered(db))) {
        unsigned wants = database_async_wants(db);
        struct pollfd wait = {database_async_fd(db),
                              (short)((wants & DATABASE_WANTS_READ ? POLLIN : 0) |
                                      (wants & DATABASE_WANTS_WRITE ? POLLOUT : 0)),
                              0};

        check_true("in time", clock_monotonic_ms() < deadline_ms);
        poll(&wait, 1, 1000);
        state = database_async_step(db, err);
    }
    return state;
}

static struct database_async *
start_async(struct fixture *f)
{
    struct database_settings how = settings();
    struct database_async *db = database_async_start(&how, &f->err);

    check_true("it starts", db);
    check_int("it connects", step_until(db, 0, &f->err), DATABASE_ASYNC_READY);
    return db;
}

static void
answers_come_in_the_order_of_the_questions(void **state)
{
    struct fixture *f = *state;
    struct database_async *db = start_async(f);

    for (int n = 0; n < DATABASE_ASYNC_DEPTH; n++)
        check_true("sent",
                   database_async_send(db, &query_divide, SQL_VALUES(SQL_INT(n % 11)), &f->err));
    check_int("all on their way", (int64_t)database_async_pending(db), DATABASE_ASYNC_DEPTH);
    for (int n = 0; n < DATABASE_ASYNC_DEPTH; n++) {
        struct rows rows;
        bool good;

        check_int("answered", step_until(db, 1, &f->err), DATABASE_ASYNC_READY);
        good = database_async_receive(db, f->arena, &rows, &f->err);
        check_error("only the division by zero fails", good, &f->err,
                    n % 11 ? NULL : "database.data");
        if (good)
            check_int("its own answer", rows_int(&rows, 0, 0, -1), 10 / (n % 11));
    }
    check_int("none left", (int64_t)database_async_pending(db), 0);
    database_async_destroy(db);
}

static void
a_preparation_that_fails_harms_no_other(void **state)
{
    struct fixture *f = *state;
    struct database_async *db = start_async(f);
    struct rows rows;

    check_true("bad", database_async_send(db, &query_unknown, SQL_NO_VALUES, &f->err));
    check_true("good", database_async_send(db, &query_one, SQL_NO_VALUES, &f->err));
    step_until(db, 1, &f->err);
    check_error("bad", database_async_receive(db, f->arena, &rows, &f->err), &f->err,
                "database.query");
    step_until(db, 1, &f->err);
    check_error("good", database_async_receive(db, f->arena, &rows, &f->err), &f->err, NULL);
    database_async_destroy(db);
}

static void
large_questions_and_answers_pass_each_other(void **state)
{
    enum { MEBIBYTES = 8 };
    struct fixture *f = *state;
    struct database_async *db = start_async(f);
    struct rows rows;
    size_t size = (size_t)MEBIBYTES << 20;
    char *blob = arena_alloc(f->arena, size);

    memset(blob, 'z', size);
    for (int n = 0; n < 2; n++) {
        check_true("sent",
                   database_async_send(db, &query_many, SQL_VALUES(SQL_INT(20000)), &f->err));
        check_true("sent", database_async_send(db, &query_echo,
                                               SQL_VALUES(SQL_NULL, SQL_NULL, SQL_NULL, SQL_NULL,
                                                          SQL_BYTES(((struct bytes){blob, size})),
                                                          SQL_NULL, SQL_NULL),
                                               &f->err));
    }
    for (int n = 0; n < 4; n++) {
        check_int("answered", step_until(db, 1, &f->err), DATABASE_ASYNC_READY);
        check_true("good", database_async_receive(db, f->arena, &rows, &f->err));
        check_int("whole",
                  n % 2 ? (int64_t)rows_bytes(&rows, 0, 4, f->arena).size : (int64_t)rows.count,
                  n % 2 ? (int64_t)size : 20000);
    }
    database_async_destroy(db);
}

static void
the_loop_learns_of_a_lost_session(void **state)
{
    struct fixture *f = *state;
    struct database_async *db = start_async(f);
    struct rows rows;

    check_true("who it is", database_async_send(db, &query_pid, SQL_NO_VALUES, &f->err));
    step_until(db, 1, &f->err);
    check_true("told", database_async_receive(db, f->arena, &rows, &f->err));
    check_true("ended", run(f, &query_end, SQL_VALUES(SQL_INT(rows_int(&rows, 0, 0, 0))), &rows));
    while (step_until(db, 1, &f->err) == DATABASE_ASYNC_READY && database_async_answered(db))
        check_false("only errors come", database_async_receive(db, f->arena, &rows, &f->err));
    check_string("away", f->err.code, "database.away");
    check_false("no more questions", database_async_send(db, &query_one, SQL_NO_VALUES, &f->err));
    database_async_destroy(db);
}

static void
a_refused_attempt_fails_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct database_settings how = settings();
    struct database_async *db;

    how.url = "postgresql://postgres@127.0.0.1:1/postgres";
    db = database_async_start(&how, &f->err);
    if (db)
        check_int("refused", step_until(db, 0, &f->err), DATABASE_ASYNC_FAILED);
    check_string("away", f->err.code, "database.away");
    database_async_destroy(db);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(values_come_back_as_they_went),
        WITH_DATABASE(null_is_not_empty),
        WITH_DATABASE(a_transaction_is_one_flush),
        WITH_DATABASE(the_first_failure_stops_the_rest),
        WITH_DATABASE(without_begin_a_flush_is_a_transaction),
        WITH_DATABASE(a_query_that_cannot_be_prepared_is_told_each_time),
        WITH_DATABASE(a_commit_that_rolled_back_is_no_success),
        WITH_DATABASE(a_lost_session_is_noticed_and_replaced),
        WITH_DATABASE(forgotten_plans_ask_for_a_new_session),
        WITH_DATABASE(a_slow_statement_is_stopped_by_the_server),
        WITH_DATABASE(a_lock_is_not_waited_for_long),
        WITH_DATABASE(copy_takes_many_rows),
        WITH_DATABASE(copy_of_a_bad_row_takes_none),
        WITH_DATABASE(copy_of_a_key_that_exists_is_a_conflict),
        cmocka_unit_test(nobody_listens_is_worth_another_try),
        cmocka_unit_test(an_unknown_database_is_not),
        WITH_DATABASE(answers_come_in_the_order_of_the_questions),
        WITH_DATABASE(a_preparation_that_fails_harms_no_other),
        WITH_DATABASE(large_questions_and_answers_pass_each_other),
        WITH_DATABASE(the_loop_learns_of_a_lost_session),
        WITH_DATABASE(a_refused_attempt_fails_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
