/*
 * The waiting way of common/database.h against a real, migrated PostgreSQL: test_database.py starts
 * one and names it in DATABASE_URL.
 */
#include "schema/queries.h"
#include "system/database_fixture.h"

#include <signal.h>
#include <stdio.h>

static const struct query query_sleep = {"sleep", "SELECT pg_sleep($1::float8)", 1};
static const struct query query_forget = {"forget", "DEALLOCATE ALL", 0};
static const struct query query_note = {"note", "INSERT INTO notes VALUES ($1::text, 1)", 1};
static const struct query query_notes = {"notes", "SELECT count(*) FROM notes", 0};
static const struct query query_copy = {"copy", "COPY notes FROM STDIN", 0};
static const struct query query_lock = {"lock", "LOCK TABLE quotes", 0};

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

/* Gives a text in stretches of three bytes, then fails or ends. */
struct spoon {
    const char *text;
    size_t at;
    bool fails;
};

static bool
feed(void *context, struct bytes *ret_piece, struct error *err)
{
    struct spoon *spoon = context;
    size_t left = strlen(spoon->text) - spoon->at, size = left < 3 ? left : 3;

    if (left == 0 && spoon->fails)
        return error_set(err, ERROR_REJECT, "test.spoilt", "the rest is bad");
    *ret_piece = (struct bytes){spoon->text + spoon->at, size};
    spoon->at += size;
    return true;
}

static void
copy_from_a_source_takes_all_of_it(void **state)
{
    struct fixture *f = *state;
    struct spoon spoon = {.text = "a\t1\nb\t2\n"};

    check_error("copied", database_copy_from(f->db, &query_copy, feed, &spoon, &f->err), &f->err,
                NULL);
    check_int("both are there", note_count(f), 2);
}

static void
copy_from_a_source_that_fails_takes_none(void **state)
{
    struct fixture *f = *state;
    struct spoon spoon = {.text = "a\t1\nb\t2\n", .fails = true};

    check_error("refused", database_copy_from(f->db, &query_copy, feed, &spoon, &f->err), &f->err,
                "test.spoilt");
    check_true("the session goes on", database_usable(f->db));
    check_int("none is there", note_count(f), 0);
}

static void
copy_from_a_source_of_bad_rows_tells_so(void **state)
{
    struct fixture *f = *state;
    struct spoon spoon = {.text = "a\t1\nb\tone\n"};

    check_error("not a number", database_copy_from(f->db, &query_copy, feed, &spoon, &f->err),
                &f->err, "database.data");
    check_true("the session goes on", database_usable(f->db));
}

static void
a_frozen_server_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct database_settings how = settings();
    struct rows rows;
    pid_t backend;

    how.statement_timeout_ms = 50;
    database_destroy(f->db);
    f->db = database_connect(&how, &f->err);
    check_true("who it is", run(f, &query_pid, SQL_NO_VALUES, &rows));
    backend = (pid_t)rows_int(&rows, 0, 0, 0);
    kill(backend, SIGSTOP);
    check_error("no answer", run(f, &query_one, SQL_NO_VALUES, NULL), &f->err, "database.away");
    kill(backend, SIGCONT);
    check_false("its late answer is nobody's", database_usable(f->db));
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
        WITH_DATABASE(copy_from_a_source_takes_all_of_it),
        WITH_DATABASE(copy_from_a_source_that_fails_takes_none),
        WITH_DATABASE(copy_from_a_source_of_bad_rows_tells_so),
        WITH_DATABASE(a_frozen_server_is_given_up),
        cmocka_unit_test(nobody_listens_is_worth_another_try),
        cmocka_unit_test(an_unknown_database_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
