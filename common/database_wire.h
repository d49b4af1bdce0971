#ifndef TIDEMARK_COMMON_DATABASE_WIRE_H
#define TIDEMARK_COMMON_DATABASE_WIRE_H

#include "common/database.h"

#include <libpq-fe.h>

/* What database.c and database_async.c share: included by common/database*.c only. */

/* Which queries a connection has prepared: a set of addresses, for queries are constants. */
enum { WIRE_PREPARED_SLOTS = 512 };

struct wire_prepared {
    const struct query *slots[WIRE_PREPARED_SLOTS]; /* open addressing */
};

enum { WIRE_PARAMETERS_MAX = 64 };

/* `settings` with every 0 replaced by its default. */
struct database_settings wire_defaults(const struct database_settings *settings);

/* A connection attempt with the session's settings; NULL on failure. Does not wait. */
PGconn *wire_start(const struct database_settings *settings, struct error *err);

/* Fills `err` after a failed attempt to connect. False. */
bool wire_connect_error(PGconn *conn, struct error *err);

/*
 * Fills `err` from a failed result (NULL: from the connection). Returns whether the connection can
 * still be used. `what` begins the message.
 */
bool wire_result_error(PGconn *conn, const PGresult *result, const char *what, struct error *err);

/* True if `query` was not in the set; it is now. */
bool wire_remember(struct wire_prepared *prepared, const struct query *query);
void wire_forget(struct wire_prepared *prepared, const struct query *query);

/* What an SQLSTATE means; `constraint` is its constraint's name or NULL. NULL = connection lost. */
struct wire_meaning {
    const char *sqlstate; /* as many characters as matter */
    enum error_kind kind;
    const char *code;
};
const struct wire_meaning *wire_meaning(const char *sqlstate, const char *constraint);

/*
 * Puts a query into the output, with its preparation first if this connection has not seen it.
 * Marks it as prepared: if the preparation fails, wire_forget() it.
 */
bool wire_send(PGconn *conn, struct wire_prepared *prepared, const struct query *query,
               const struct database_value *values, size_t value_count, bool *ret_prepares);

/* Hands a result over to an arena as rows. */
struct rows wire_rows(PGresult *result, struct arena *arena);

#endif
