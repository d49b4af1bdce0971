#include "common/database_wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A query on its way, with what came back for it so far. */
struct flight {
    const struct query *query;
    bool prepares; /* the answer to its preparation is still to come */
    bool answered;
    PGresult *result;
    struct error error; /* kind ERROR_NONE = none */
};

struct database_async {
    PGconn *conn;
    enum database_async_state state;
    unsigned wants;
    struct wire_prepared prepared;
    struct flight flights[DATABASE_ASYNC_DEPTH]; /* a ring: the oldest at `first` */
    size_t first, count;
    size_t answered; /* of the oldest ones */
    bool doubtful;   /* no more queries: fail once the answers are taken */
};

struct database_async *
database_async_start(const struct database_settings *settings, struct error *err)
{
    PGconn *conn = wire_start(settings, err);
    struct database_async *db;

    if (!conn)
        return NULL;
    db = calloc(1, sizeof *db);
    if (!db)
        abort(); /* like an arena: no memory ends the process */
    db->conn = conn;
    db->state = DATABASE_ASYNC_CONNECTING;
    db->wants = DATABASE_WANTS_WRITE;
    return db;
}

void
database_async_destroy(struct database_async *db)
{
    if (!db)
        return;
    for (size_t n = 0; n < DATABASE_ASYNC_DEPTH; n++)
        PQclear(db->flights[n].result);
    PQfinish(db->conn);
    free(db);
}

int
database_async_fd(const struct database_async *db)
{
    return PQsocket(db->conn);
}

unsigned
database_async_wants(const struct database_async *db)
{
    return db->wants;
}

static enum database_async_state
fail(struct database_async *db)
{
    db->wants = 0;
    return db->state = DATABASE_ASYNC_FAILED;
}

static enum database_async_state
lost(struct database_async *db, struct error *err)
{
    wire_result_error(db->conn, NULL, "connection", err);
    return fail(db);
}

static enum database_async_state
step_connecting(struct database_async *db, struct error *err)
{
    switch (PQconnectPoll(db->conn)) {
    case PGRES_POLLING_READING:
        db->wants = DATABASE_WANTS_READ;
        return db->state;
    case PGRES_POLLING_OK:
        break;
    case PGRES_POLLING_FAILED:
        wire_connect_error(db->conn, err);
        return fail(db);
    default:
        db->wants = DATABASE_WANTS_WRITE;
        return db->state;
    }
    PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
    if (PQsetnonblocking(db->conn, 1) || !PQenterPipelineMode(db->conn))
        return lost(db, err);
    db->wants = DATABASE_WANTS_READ; /* to notice when the server ends the session */
    return db->state = DATABASE_ASYNC_READY;
}

static struct flight *
oldest_unanswered(struct database_async *db)
{
    return &db->flights[(db->first + db->answered) % DATABASE_ASYNC_DEPTH];
}

static void
take_answer(struct database_async *db, struct flight *flight, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool of_preparation = flight->prepares;

    if (status == PGRES_PIPELINE_SYNC) {
        flight->answered = true;
        db->answered++;
    } else if (status == PGRES_FATAL_ERROR) {
        if (!wire_result_error(db->conn, result, flight->query->name, &flight->error))
            db->doubtful = true;
        if (of_preparation)
            wire_forget(&db->prepared, flight->query);
    } else if (!of_preparation && status != PGRES_PIPELINE_ABORTED) {
        flight->result = result;
        return;
    }
    flight->prepares = false;
    PQclear(result);
}

/* Takes what has arrived. False when the connection was lost. */
static bool
take_answers(struct database_async *db)
{
    while (db->answered < db->count && !PQisBusy(db->conn)) {
        PGresult *result = PQgetResult(db->conn);

        if (result)
            take_answer(db, oldest_unanswered(db), result);
        if (PQstatus(db->conn) != CONNECTION_OK)
            return false;
    }
    return true;
}

enum database_async_state
database_async_step(struct database_async *db, struct error *err)
{
    int left;

    if (db->state == DATABASE_ASYNC_CONNECTING)
        return step_connecting(db, err);
    if (db->state == DATABASE_ASYNC_FAILED || !PQconsumeInput(db->conn) || !take_answers(db))
        return lost(db, err);
    if (db->doubtful && !db->answered) {
        error_set(err, ERROR_RETRY, "database.away", "the session cannot go on");
        return fail(db);
    }
    left = PQflush(db->conn);
    if (left < 0)
        return lost(db, err);
    db->wants = DATABASE_WANTS_READ | (left ? DATABASE_WANTS_WRITE : 0);
    return db->state;
}

size_t
database_async_pending(const struct database_async *db)
{
    return db->count;
}

bool
database_async_answered(const struct database_async *db)
{
    return db->answered > 0;
}

bool
database_async_send(struct database_async *db, const struct query *query,
                    const struct database_value *values, size_t value_count, struct error *err)
{
    struct flight *flight = &db->flights[(db->first + db->count) % DATABASE_ASYNC_DEPTH];

    assert(db->count < DATABASE_ASYNC_DEPTH);
    if (db->state != DATABASE_ASYNC_READY || db->doubtful)
        return error_set(err, ERROR_RETRY, "database.away", "not connected");
    *flight = (struct flight){.query = query};
    if (!wire_send(db->conn, &db->prepared, query, values, value_count, &flight->prepares) ||
        !PQpipelineSync(db->conn)) {
        wire_result_error(db->conn, NULL, query->name, err);
        db->doubtful = true;
        return false;
    }
    db->count++;
    return true;
}

bool
database_async_receive(struct database_async *db, struct arena *arena, struct rows *ret_rows,
                       struct error *err)
{
    struct flight *flight = &db->flights[db->first];
    PGresult *result = flight->result;

    assert(flight->answered && db->answered);
    flight->result = NULL;
    flight->answered = false;
    db->first = (db->first + 1) % DATABASE_ASYNC_DEPTH;
    db->count--;
    db->answered--;
    if (flight->error.kind != ERROR_NONE) {
        PQclear(result);
        *err = flight->error;
        return false;
    }
    *ret_rows = wire_rows(result, arena);
    return true;
}
