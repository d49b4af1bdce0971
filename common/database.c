#include "common/clock.h"
#include "common/database_wire.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUEUE_MAX = 256,        /* queries between two flushes */
    ANSWER_GRACE_MS = 5000, /* how much longer than statement_timeout an answer is waited for */
    COPY_CHUNK = 64 * 1024,
};

/* One thing queued, and what came back for it. */
struct operation {
    const struct query *query;
    bool prepares; /* a preparation of it goes ahead, with an answer of its own */
    PGresult *result;
};

struct database {
    PGconn *conn;
    struct database_settings settings; /* its strings are ours */
    struct wire_prepared prepared;
    struct operation queue[QUEUE_MAX];
    size_t queued;
    bool usable;
    struct error queue_error; /* of database_queue, for database_flush to report */
};

static const struct query query_begin = {"database_begin", "BEGIN", 0};
static const struct query query_commit = {"database_commit", "COMMIT", 0};
static const struct query query_rollback = {"database_rollback", "ROLLBACK", 0};

/* The connection is in doubt from here on. */
static bool
lose(struct database *db, struct error *err, const char *what)
{
    db->usable = false;
    return error_set(err, ERROR_RETRY, "database.away", "%s", what);
}

/* Waits for `events` until `deadline_ms` (< 0: for ever). */
static bool
wait_for(struct database *db, short events, int64_t deadline_ms, struct error *err)
{
    for (;;) {
        struct pollfd poll_fd = {PQsocket(db->conn), events, 0};
        int64_t left_ms = deadline_ms < 0 ? -1 : deadline_ms - clock_monotonic_ms();
        int ready;

        if (deadline_ms >= 0 && left_ms < 0)
            left_ms = 0;
        ready = poll(&poll_fd, 1, (int)left_ms);
        if (ready > 0)
            return true;
        if (ready == 0)
            return lose(db, err, "the server did not answer in time");
        if (errno != EINTR)
            return lose(db, err, strerror(errno));
    }
}

static int64_t
answer_deadline_ms(const struct database *db)
{
    if (db->settings.statement_timeout_ms < 0)
        return -1;
    return clock_monotonic_ms() + db->settings.statement_timeout_ms + ANSWER_GRACE_MS;
}

/* Hands all output to the kernel. What comes in meanwhile is taken, so that no side blocks. */
static bool
send_output(struct database *db, int64_t deadline_ms, struct error *err)
{
    int left;

    while ((left = PQflush(db->conn)) > 0) {
        if (!wait_for(db, POLLIN | POLLOUT, deadline_ms, err))
            return false;
        if (!PQconsumeInput(db->conn))
            return lose(db, err, "connection lost while sending");
    }
    return left == 0 || lose(db, err, "connection lost while sending");
}

/* The next result, NULL included; false if none came. */
static bool
next_result(struct database *db, PGresult **ret_result, struct error *err)
{
    int64_t deadline_ms = answer_deadline_ms(db);

    while (PQisBusy(db->conn)) {
        if (!wait_for(db, POLLIN, deadline_ms, err))
            return false;
        if (!PQconsumeInput(db->conn)) {
            db->usable = false;
            wire_result_error(db->conn, NULL, "waiting for an answer", err);
            return false;
        }
    }
    *ret_result = PQgetResult(db->conn);
    return true;
}

static bool
connect_now(struct database *db, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + db->settings.connect_timeout_ms;
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;

    db->conn = wire_start(&db->settings, err);
    if (!db->conn)
        return false;
    while (wants != PGRES_POLLING_OK) {
        if (!wait_for(db, wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ms, err))
            return error_prefix(err, "connect");
        wants = PQconnectPoll(db->conn);
        if (wants == PGRES_POLLING_FAILED)
            return wire_connect_error(db->conn, err);
    }
    PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
    if (PQsetnonblocking(db->conn, 1) || !PQenterPipelineMode(db->conn))
        return lose(db, err, "cannot pipeline");
    db->usable = true;
    return true;
}

static void
disconnect(struct database *db)
{
    for (size_t n = 0; n < db->queued; n++)
        PQclear(db->queue[n].result);
    db->queued = 0;
    db->queue_error.kind = ERROR_NONE;
    PQfinish(db->conn);
    db->conn = NULL;
    db->usable = false;
    memset(&db->prepared, 0, sizeof db->prepared);
}

static void *
require(void *memory)
{
    if (!memory)
        abort(); /* like an arena: no memory ends the process */
    return memory;
}

struct database *
database_connect(const struct database_settings *settings, struct error *err)
{
    struct database *db = require(calloc(1, sizeof *db));

    db->settings = wire_defaults(settings);
    db->settings.url = require(strdup(settings->url));
    db->settings.application_name = require(strdup(settings->application_name));
    if (!connect_now(db, err)) {
        database_destroy(db);
        return NULL;
    }
    return db;
}

void
database_destroy(struct database *db)
{
    if (!db)
        return;
    disconnect(db);
    free((char *)db->settings.url);
    free((char *)db->settings.application_name);
    free(db);
}

bool
database_reconnect(struct database *db, struct error *err)
{
    disconnect(db);
    return connect_now(db, err);
}

bool
database_usable(const struct database *db)
{
    return db->usable && PQstatus(db->conn) == CONNECTION_OK;
}

void
database_queue(struct database *db, const struct query *query, const struct database_value *values,
               size_t value_count)
{
    struct operation *operation = &db->queue[db->queued];

    assert(db->queued < QUEUE_MAX);
    if (db->queue_error.kind != ERROR_NONE)
        return;
    if (!database_usable(db)) {
        error_set(&db->queue_error, ERROR_RETRY, "database.away", "not connected");
        return;
    }
    *operation = (struct operation){.query = query};
    if (!wire_send(db->conn, &db->prepared, query, values, value_count, &operation->prepares)) {
        wire_result_error(db->conn, NULL, query->name, &db->queue_error);
        db->usable = false; /* half a query may be in the output */
        return;
    }
    db->queued++;
}

void
database_queue_begin(struct database *db)
{
    database_queue(db, &query_begin, SQL_NO_VALUES);
}

void
database_queue_commit(struct database *db)
{
    database_queue(db, &query_commit, SQL_NO_VALUES);
}

/* A COMMIT of a transaction that had failed answers ROLLBACK, without an error. */
static bool
committed(const struct operation *operation, struct error *err)
{
    if (operation->query != &query_commit || !strcmp(PQcmdStatus(operation->result), "COMMIT"))
        return true;
    return error_set(err, ERROR_RETRY, "database.serialization", "the commit became a rollback");
}

/* Notes one answer for `operation`; false when it tells of a failure (only the first is told). */
static bool
take_answer(struct database *db, struct operation *operation, bool of_preparation, PGresult *result,
            struct error *err)
{
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (!good && of_preparation)
        wire_forget(&db->prepared, operation->query);
    if (good && !of_preparation) {
        operation->result = result;
        return committed(operation, err);
    }
    if (!good && status != PGRES_PIPELINE_ABORTED &&
        !wire_result_error(db->conn, result, operation->query->name, err))
        db->usable = false;
    PQclear(result);
    return good;
}

/* Reads the answers to everything queued and to the sync behind it. */
static bool
read_answers(struct database *db, struct error *err)
{
    bool succeeded = true;
    struct error later; /* of what was stopped by the first failure */

    for (size_t n = 0; n < db->queued;) {
        struct operation *operation = &db->queue[n];
        bool of_preparation = operation->prepares;
        PGresult *result;

        if (!next_result(db, &result, succeeded ? err : &later))
            return false;
        if (!result && PQstatus(db->conn) == CONNECTION_OK)
            continue; /* the end of one command's answer */
        if (!result)
            return succeeded ? lose(db, err, "connection lost while waiting for an answer") : false;
        if (!take_answer(db, operation, of_preparation, result, succeeded ? err : &later))
            succeeded = false;
        if (!db->usable)
            return false;
        if (of_preparation)
            operation->prepares = false;
        else
            n++;
    }
    for (;;) {
        PGresult *result;
        ExecStatusType status;

        if (!next_result(db, &result, succeeded ? err : &later))
            return false;
        status = PQresultStatus(result);
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC)
            return succeeded;
        if (PQstatus(db->conn) != CONNECTION_OK)
            return lose(db, succeeded ? err : &later, "connection lost while waiting for a sync");
    }
}

/* Moves the results to the arena, or frees them. */
static void
hand_over(struct database *db, bool succeeded, struct arena *arena, const struct rows **ret_rows)
{
    struct rows *rows =
        succeeded && ret_rows ? arena_alloc_array(arena, db->queued, sizeof *rows) : NULL;

    for (size_t n = 0; n < db->queued; n++) {
        if (rows)
            rows[n] = wire_rows(db->queue[n].result, arena);
        else
            PQclear(db->queue[n].result);
        db->queue[n].result = NULL;
    }
    db->queued = 0;
    if (rows)
        *ret_rows = rows;
}

bool
database_flush(struct database *db, struct arena *arena, const struct rows **ret_rows,
               struct error *err)
{
    bool succeeded;

    if (db->queue_error.kind != ERROR_NONE) {
        *err = db->queue_error;
        db->queue_error.kind = ERROR_NONE;
        db->usable = false; /* what was queued before it has no end any more */
        hand_over(db, false, arena, NULL);
        return false;
    }
    if (!database_usable(db))
        return lose(db, err, "not connected");
    if (!PQpipelineSync(db->conn)) {
        hand_over(db, false, arena, NULL);
        return lose(db, err, "connection lost while sending");
    }
    succeeded = send_output(db, answer_deadline_ms(db), err) && read_answers(db, err);
    hand_over(db, succeeded, arena, ret_rows);
    return succeeded;
}

bool
database_run(struct database *db, const struct query *query, const struct database_value *values,
             size_t value_count, struct arena *arena, struct rows *ret_rows, struct error *err)
{
    const struct rows *rows;

    assert(!db->queued);
    database_queue(db, query, values, value_count);
    if (!database_flush(db, arena, ret_rows ? &rows : NULL, err))
        return false;
    if (ret_rows)
        *ret_rows = rows[0];
    return true;
}

bool
database_begin(struct database *db, struct error *err)
{
    return database_run(db, &query_begin, SQL_NO_VALUES, NULL, NULL, err);
}

bool
database_commit(struct database *db, struct error *err)
{
    return database_run(db, &query_commit, SQL_NO_VALUES, NULL, NULL, err);
}

void
database_rollback(struct database *db)
{
    struct error ignored;

    if (!database_usable(db) || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
        return;
    if (!database_run(db, &query_rollback, SQL_NO_VALUES, NULL, NULL, &ignored))
        db->usable = false;
}

/* Reads results of the simple protocol until NULL; the first error is the one told. */
static bool
read_simple(struct database *db, const char *what, struct error *err)
{
    bool succeeded = true;

    for (;;) {
        PGresult *result;
        ExecStatusType status;

        if (!next_result(db, &result, err))
            return false;
        if (!result)
            return succeeded;
        status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR && succeeded) {
            succeeded = false;
            if (!wire_result_error(db->conn, result, what, err))
                db->usable = false;
        }
        PQclear(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || !db->usable)
            return succeeded;
    }
}

/* The simple protocol is not spoken in pipeline mode: leave it, speak, come back. */
static bool
leave_pipeline(struct database *db, const char *sql, struct error *err)
{
    assert(!db->queued);
    if (!database_usable(db))
        return lose(db, err, "not connected");
    if (!PQexitPipelineMode(db->conn) || (sql && !PQsendQuery(db->conn, sql)))
        return lose(db, err, "connection lost while sending");
    return send_output(db, answer_deadline_ms(db), err);
}

static bool
return_to_pipeline(struct database *db, bool succeeded, struct error *err)
{
    if (database_usable(db) && !PQenterPipelineMode(db->conn))
        return lose(db, err, "cannot pipeline");
    return succeeded;
}

/* Hands a stretch of any size to the server. */
static bool
send_copy(struct database *db, struct bytes rows, struct error *err)
{
    int64_t deadline_ms = answer_deadline_ms(db);
    int taken = 1;

    for (size_t at = 0; at < rows.size && taken >= 0;) {
        size_t left = rows.size - at;
        int chunk = (int)(left < COPY_CHUNK ? left : COPY_CHUNK);

        taken = PQputCopyData(db->conn, rows.data + at, chunk);
        if (taken > 0)
            at += (size_t)chunk;
        else if (taken == 0 && !send_output(db, deadline_ms, err))
            return false;
    }
    return taken >= 0 || lose(db, err, "connection lost while copying");
}

/* `why_not` NULL: these were all rows. Otherwise the server is told to take none. */
static bool
end_copy(struct database *db, const char *why_not, struct error *err)
{
    int64_t deadline_ms = answer_deadline_ms(db);
    int taken;

    while ((taken = PQputCopyEnd(db->conn, why_not)) == 0)
        if (!send_output(db, deadline_ms, err))
            return false;
    if (taken < 0)
        return lose(db, err, "connection lost while copying");
    return send_output(db, deadline_ms, err);
}

bool
database_copy(struct database *db, const struct query *query, struct bytes rows, struct error *err)
{
    bool succeeded;

    if (!leave_pipeline(db, query->sql, err))
        return false;
    succeeded = read_simple(db, query->name, err) && send_copy(db, rows, err) &&
                end_copy(db, NULL, err) && read_simple(db, query->name, err);
    return return_to_pipeline(db, succeeded, err);
}

/* False when `source` failed, with its error, or the connection is lost. */
static bool
send_source(struct database *db, database_source *source, void *context, bool *ret_given,
            struct error *err)
{
    struct bytes piece;

    do {
        *ret_given = source(context, &piece, err);
        if (!*ret_given || piece.size == 0)
            break;
    } while (send_copy(db, piece, err));
    return *ret_given && db->usable;
}

bool
database_copy_from(struct database *db, const struct query *query, database_source *source,
                   void *context, struct error *err)
{
    bool given = true, succeeded;
    struct error refusal;

    if (!leave_pipeline(db, query->sql, err))
        return false;
    succeeded = read_simple(db, query->name, err);
    if (succeeded) {
        succeeded = send_source(db, source, context, &given, err);
        /* The server answers that it was told to stop, which is no news. */
        if (succeeded)
            succeeded = end_copy(db, NULL, err) && read_simple(db, query->name, err);
        else if (!given && end_copy(db, "the rest cannot be read", &refusal))
            (void)read_simple(db, query->name, &refusal);
    }
    return return_to_pipeline(db, succeeded, err);
}

/* The next row of a COPY; a size of 0 at the end. The caller frees with PQfreemem. */
static bool
next_copied(struct database *db, int64_t deadline_ms, struct bytes *ret_row, struct error *err)
{
    char *row = NULL;
    int size;

    while ((size = PQgetCopyData(db->conn, &row, 1)) == 0) {
        if (!wait_for(db, POLLIN, deadline_ms, err))
            return false;
        if (!PQconsumeInput(db->conn))
            return lose(db, err, "connection lost while copying");
    }
    *ret_row = (struct bytes){row, size > 0 ? (size_t)size : 0};
    return size >= -1 || lose(db, err, "connection lost while copying");
}

static bool
receive_copy(struct database *db, database_sink *sink, void *context, struct error *err)
{
    struct bytes row;
    bool taken = true;

    do {
        if (!next_copied(db, answer_deadline_ms(db), &row, err))
            return false;
        if (row.size > 0)
            taken = sink(context, row, err);
        PQfreemem((char *)row.data);
    } while (taken && row.size > 0);
    if (!taken)
        db->usable = false; /* the rest is still on its way */
    return taken;
}

bool
database_copy_out(struct database *db, const struct query *query, database_sink *sink,
                  void *context, struct error *err)
{
    bool succeeded;

    if (!leave_pipeline(db, query->sql, err))
        return false;
    succeeded = read_simple(db, query->name, err) && receive_copy(db, sink, context, err) &&
                read_simple(db, query->name, err);
    return return_to_pipeline(db, succeeded, err);
}

bool
database_prepare(struct database *db, const struct query *query, struct error *err)
{
    bool succeeded;
    struct error later;

    if (!leave_pipeline(db, NULL, err))
        return false;
    if (!PQsendPrepare(db->conn, "", query->sql, 0, NULL))
        return lose(db, err, "connection lost while sending");
    succeeded = send_output(db, answer_deadline_ms(db), err) && read_simple(db, query->name, err);
    return return_to_pipeline(db, succeeded, succeeded ? err : &later);
}

bool
database_script(struct database *db, const char *sql, struct error *err)
{
    bool succeeded;

    if (!leave_pipeline(db, sql, err))
        return false;
    succeeded = read_simple(db, "script", err);
    return return_to_pipeline(db, succeeded, err);
}
