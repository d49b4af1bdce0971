#ifndef TIDEMARK_COMMON_DATABASE_H
#define TIDEMARK_COMMON_DATABASE_H

#include "common/arena.h"
#include "common/error.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The only door to libpq, with two ways in: `struct database` waits for its answers (workers,
 * scheduler, tools), `struct database_async` never does (the event loops of the API).
 * A connection belongs to one thread.
 *
 * Errors of every function below, decided by SQLSTATE and never by message:
 *   retry  "database.away"           connection lost, refused, timed out, server starting or
 * stopping "database.crowded"        no connection slot or memory left there (53*)
 *          "database.disk_full"      53100: pause and alert, do not loop hot
 *          "database.serialization"  40001, 40P01: roll back and run the whole transaction again
 *          "database.lock"           55P03: lock_timeout
 *          "database.timeout"        57014: statement_timeout
 *          "database.conflict"       23505: another transaction inserted the same key first
 *          "database.no_partition"   the row's time has no partition: ensure one, run again
 *          "database.read_only"      connected to a standby
 *          "database.plan"           the schema changed under a prepared query: connect anew
 *          "database.expired"        TM002: the row's partition was archived and dropped
 *          "checkpoint.moved"        TM001: another worker was first; roll back and read again
 *   reject "database.data"           22*, the other 23*, P0001: these values will never be taken
 *   fatal  "database.refused"        28*, 3D000, 42501: password, database, privilege
 *          "database.query"          42* and the rest: schema and program do not fit
 * When database_usable() is false after an error, only destroying (or database_reconnect) helps.
 */

/* A query of schema/queries/: see schema/queries.h. */
struct query {
    const char *name; /* also the name of the prepared statement */
    const char *sql;
    int32_t parameter_count;
};

/* One parameter. What it points to must live until the call returns, no longer. */
struct database_value {
    enum {
        DATABASE_NULL,
        DATABASE_TEXT,
        DATABASE_INT,
        DATABASE_TIME,
        DATABASE_BOOL,
        DATABASE_BYTES,
    } kind;
    const char *text;
    int64_t integer;
    struct bytes bytes;
};

/* Canonical decimals, codes, JSON and arrays (below) travel as text; a NULL string is SQL NULL. */
#define SQL_TEXT(string) ((struct database_value){.kind = DATABASE_TEXT, .text = (string)})
#define SQL_INT(number) ((struct database_value){.kind = DATABASE_INT, .integer = (number)})
#define SQL_BOOL(truth) ((struct database_value){.kind = DATABASE_BOOL, .integer = (truth)})
/* timestamptz from UTC milliseconds. */
#define SQL_TIME_MS(at_ms) ((struct database_value){.kind = DATABASE_TIME, .integer = (at_ms)})
/* bytea, sent binary; a `data` of NULL is SQL NULL. */
#define SQL_BYTES(stretch) ((struct database_value){.kind = DATABASE_BYTES, .bytes = (stretch)})
#define SQL_NULL ((struct database_value){.kind = DATABASE_NULL})

/* Both arguments `values, value_count` at once: database_run(db, &q, SQL_VALUES(SQL_INT(1)), ...)
 */
#define SQL_VALUES(...)                                                                            \
    (const struct database_value[]){__VA_ARGS__},                                                  \
        COUNT_OF(((const struct database_value[]){__VA_ARGS__}))
#define SQL_NO_VALUES NULL, 0

/* An answer; its cells live as long as the arena it was put in. */
struct rows {
    size_t count;
    size_t column_count;
    int64_t affected; /* rows inserted, updated, deleted or selected */
    void *result;     /* database.c's own */
    size_t first;     /* the same: where in the result they begin */
};

/*
 * A part of an answer: `count` rows from row `first`, without the columns from `column_count` on.
 * Its cells live as long as those of the whole.
 */
struct rows rows_part(const struct rows *rows, size_t first, size_t count, size_t column_count);

/* The cell as text, NULL for SQL NULL. Out of range is a bug (assert). */
const char *rows_text(const struct rows *rows, size_t row, size_t column);
size_t rows_size(const struct rows *rows, size_t row, size_t column); /* bytes of that text */
/* Both at once, for those who read cells by the thousand; {NULL, 0} for SQL NULL. */
struct bytes rows_cell(const struct rows *rows, size_t row, size_t column);
bool rows_is_null(const struct rows *rows, size_t row, size_t column);
/* Queries return moments as bigint milliseconds (columns ..._ms). SQL NULL gives `otherwise`. */
int64_t rows_int(const struct rows *rows, size_t row, size_t column, int64_t otherwise);
bool rows_bool(const struct rows *rows, size_t row, size_t column); /* NULL is false */
/* A bytea cell, decoded into `arena`; {NULL, 0} for SQL NULL. */
struct bytes rows_bytes(const struct rows *rows, size_t row, size_t column, struct arena *arena);

struct database_settings {
    const char *url;              /* postgresql://...; secret, never logged */
    const char *application_name; /* "tidemark-worker"; at most 63 bytes */
    int64_t connect_timeout_ms;   /* 0 = 5 s */
    int64_t statement_timeout_ms; /* 0 = 15 s; < 0 = none (migrations). The answer is waited for
                                     5 s longer, so that a frozen server is noticed as well */
    int64_t lock_timeout_ms;      /* 0 = 5 s */
    int64_t idle_in_transaction_timeout_ms; /* 0 = 15 s */
};

struct database;

/*
 * Connects, waiting at most connect_timeout_ms. Session: timezone UTC, search_path public, the
 * timeouts above, keepalive 5 s + 3 x 2 s, tcp_user_timeout 10 s, so that a dead peer is noticed
 * within 12 s from both sides. `settings` and its strings are copied.
 * Returns NULL on failure.
 */
struct database *database_connect(const struct database_settings *settings, struct error *err);
void database_destroy(struct database *db); /* NULL is fine; an open transaction is rolled back */

/* Throws the connection away and makes a new one. After failure `db` stays unusable; try again. */
MUST_CHECK bool database_reconnect(struct database *db, struct error *err);

/* False after the connection was lost or is in doubt. No I/O. */
bool database_usable(const struct database *db);

/*
 * Runs one query and waits. Prepared once per connection, on first use, in the same round trip.
 * `ret_rows` may be NULL. Outside of a transaction it commits by itself.
 */
MUST_CHECK bool database_run(struct database *db, const struct query *query,
                             const struct database_value *values, size_t value_count,
                             struct arena *arena, struct rows *ret_rows, struct error *err);

MUST_CHECK bool database_begin(struct database *db, struct error *err);
/*
 * False also when the server answered ROLLBACK. After "database.away" nobody knows whether it
 * committed: reconnect and look.
 */
MUST_CHECK bool database_commit(struct database *db, struct error *err);
/* Never fails: a connection that cannot roll back becomes unusable. Without transaction: nothing.
 */
void database_rollback(struct database *db);

/*
 * Many queries, one round trip:
 *     database_queue_begin(db);
 *     database_queue(db, &query_ticks_upsert, SQL_VALUES(...));
 *     database_queue_commit(db);
 *     if (!database_flush(db, arena, &rows, err)) { database_rollback(db); ... }
 * The first that fails stops all after it; its error is the one reported (the message begins with
 * the query's name). Without begin, what is queued up to a flush is one transaction of its own.
 * `(*ret_rows)[n]` belongs to the n-th thing queued, begin and commit included; ret_rows may be
 * NULL. Values are copied by database_queue, its errors come out of database_flush.
 */
void database_queue(struct database *db, const struct query *query,
                    const struct database_value *values, size_t value_count);
void database_queue_begin(struct database *db);
void database_queue_commit(struct database *db);
MUST_CHECK bool database_flush(struct database *db, struct arena *arena,
                               const struct rows **ret_rows, struct error *err);

/*
 * COPY ... FROM STDIN: `query` is a query whose SQL is a COPY, `rows` its text format, made with
 * copy_cell and copy_end_row. Not while something is queued.
 */
MUST_CHECK bool database_copy(struct database *db, const struct query *query, struct bytes rows,
                              struct error *err);
/*
 * COPY ... TO STDOUT: hands every row to `sink` as it comes, in the form that database_copy takes.
 * When `sink` fails the rest is not read and the connection is lost. Not while something is queued.
 */
typedef bool database_sink(void *context, struct bytes row, struct error *err);
MUST_CHECK bool database_copy_out(struct database *db, const struct query *query,
                                  database_sink *sink, void *context, struct error *err);
/*
 * COPY ... FROM STDIN of what is too large for memory, in any format: `source` gives the next
 * stretch, valid until it is called again; a size of 0 is the end. When `source` fails, nothing is
 * copied and its error comes back; the connection stays usable. Not while something is queued.
 */
typedef bool database_source(void *context, struct bytes *ret_piece, struct error *err);
MUST_CHECK bool database_copy_from(struct database *db, const struct query *query,
                                   database_source *source, void *context, struct error *err);
void copy_cell(struct text *rows, const char *cell_or_null);
void copy_cell_int(struct text *rows, int64_t number);
void copy_cell_time_ms(struct text *rows, int64_t at_ms);
void copy_end_row(struct text *rows);

/*
 * Array parameters in PostgreSQL's text form, every element quoted: use with a cast, `$1::text[]`,
 * `$2::numeric[]`, `$3::timestamptz[]`.
 *     array_start(&prices, arena, count * 12); array_add(&prices, "1.50"); ... array_finish()
 */
void array_start(struct text *array, struct arena *arena, size_t expected_bytes);
void array_add(struct text *array, const char *element_or_null);
void array_add_int(struct text *array, int64_t number);
void array_add_time_ms(struct text *array, int64_t at_ms);
const char *array_finish(struct text *array);
/* The array of this element alone; NULL is SQL's NULL, as for array_add(). */
const char *array_of_one(const char *element_or_null, struct arena *arena);

/* Only asks the server whether it understands the query, here and now. */
MUST_CHECK bool database_prepare(struct database *db, const struct query *query, struct error *err);

/* Several statements at once, without parameters: for migrations only. */
MUST_CHECK bool database_script(struct database *db, const char *sql, struct error *err);

/*
 * The way that never waits. One connection of a pool in one event loop:
 *
 *   start -> register database_async_fd() for database_async_wants(); whenever it is ready (and
 *   after every send) call database_async_step() and register again: while connecting the fd may be
 *   another one after each step. The caller keeps the deadlines; to give up on a query, destroy the
 *   connection. Only the look-up of a host name in the url can block: give addresses.
 *
 * Up to DATABASE_ASYNC_DEPTH queries may be on their way; answers come in the order of the
 * questions, each with its own error, so a failed query does not harm those behind it.
 */
struct database_async;

enum { DATABASE_ASYNC_DEPTH = 64 };

enum database_async_state {
    DATABASE_ASYNC_CONNECTING,
    DATABASE_ASYNC_READY,  /* connected: send while there is room, receive what is answered */
    DATABASE_ASYNC_FAILED, /* `err` says why; every query on its way is lost; destroy it */
};

enum { DATABASE_WANTS_READ = 1, DATABASE_WANTS_WRITE = 2 };

/* NULL when not even the attempt could start. Same session settings as database_connect. */
struct database_async *database_async_start(const struct database_settings *settings,
                                            struct error *err);
void database_async_destroy(struct database_async *db); /* NULL is fine */

int database_async_fd(const struct database_async *db);
unsigned database_async_wants(const struct database_async *db); /* DATABASE_WANTS_... bits */

/* Does what can be done now. `err` is filled with DATABASE_ASYNC_FAILED only. */
enum database_async_state database_async_step(struct database_async *db, struct error *err);

/* Queries sent and not yet received. */
size_t database_async_pending(const struct database_async *db);
/* The oldest of them is answered: database_async_receive has something to give. */
bool database_async_answered(const struct database_async *db);

/* Values are copied. Each query is a transaction of its own. Full is a bug (assert). */
MUST_CHECK bool database_async_send(struct database_async *db, const struct query *query,
                                    const struct database_value *values, size_t value_count,
                                    struct error *err);

/* Takes the oldest answer; call only if database_async_answered(). */
MUST_CHECK bool database_async_receive(struct database_async *db, struct arena *arena,
                                       struct rows *ret_rows, struct error *err);

#endif
