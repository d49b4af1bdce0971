/* The way of common/database.h that never waits, against a real PostgreSQL: see database_test.c. */
#include "common/clock.h"
#include "system/database_fixture.h"

#include <poll.h>

static const struct query query_many = {
    "many", "SELECT n, repeat('x', 1000) FROM generate_series(1, $1::integer) AS n", 1};

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(answers_come_in_the_order_of_the_questions),
        WITH_DATABASE(a_preparation_that_fails_harms_no_other),
        WITH_DATABASE(large_questions_and_answers_pass_each_other),
        WITH_DATABASE(the_loop_learns_of_a_lost_session),
        WITH_DATABASE(a_refused_attempt_fails_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
