#include "common/database_wire.h"

#include "common/clock.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct database_settings
wire_defaults(const struct database_settings *settings)
{
    struct database_settings full = *settings;

    if (!full.connect_timeout_ms)
        full.connect_timeout_ms = 5000;
    if (!full.statement_timeout_ms)
        full.statement_timeout_ms = 15000;
    if (!full.lock_timeout_ms)
        full.lock_timeout_ms = 5000;
    if (!full.idle_in_transaction_timeout_ms)
        full.idle_in_transaction_timeout_ms = 15000;
    return full;
}

static void
ignore_notice(void *context, const char *message)
{
}

PGconn *
wire_start(const struct database_settings *settings, struct error *err)
{
    struct database_settings full = wire_defaults(settings);
    char options[512];
    /* Later keywords win over what the url says. */
    const char *const keywords[] = {"dbname",
                                    "application_name",
                                    "options",
                                    "client_encoding",
                                    "keepalives",
                                    "keepalives_idle",
                                    "keepalives_interval",
                                    "keepalives_count",
                                    "tcp_user_timeout",
                                    NULL};
    const char *const values[] = {
        full.url, full.application_name, options, "UTF8", "1", "5", "2", "3", "10000", NULL};
    PGconn *conn;

    /* As start-up options they cost no round trip, and RESET ALL comes back to them. */
    snprintf(
        options, sizeof options,
        "-c timezone=UTC -c datestyle=ISO -c search_path=public,pg_temp -c jit=off"
        /* Every query here has one good plan; making another each time costs more than it runs. */
        " -c plan_cache_mode=force_generic_plan"
        " -c client_min_messages=warning -c bytea_output=hex"
        " -c statement_timeout=%" PRId64 " -c lock_timeout=%" PRId64
        " -c idle_in_transaction_session_timeout=%" PRId64
        " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
        " -c tcp_user_timeout=10000",
        full.statement_timeout_ms < 0 ? 0 : full.statement_timeout_ms, full.lock_timeout_ms,
        full.idle_in_transaction_timeout_ms);
    conn = PQconnectStartParams(keywords, values, 1);
    if (!conn) {
        error_set(err, ERROR_RETRY, "database.away", "no memory for a connection");
        return NULL;
    }
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    /* While connecting libpq tells the SQLSTATE in its message only. */
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    if (PQstatus(conn) == CONNECTION_BAD) {
        wire_connect_error(conn, err);
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

/* "FATAL:  28P01: password ..." -> "28P01"; false if no server said anything. */
static bool
find_sqlstate(const char *message, char ret_sqlstate[6])
{
    for (const char *at = strstr(message, ":  "); at; at = strstr(at + 1, ":  ")) {
        const char *code = at + strlen(":  ");
        size_t length = 0;

        while (length < 5 && (isdigit((unsigned char)code[length]) ||
                              (code[length] >= 'A' && code[length] <= 'Z')))
            length++;
        if (length == 5 && code[5] == ':') {
            memcpy(ret_sqlstate, code, 5);
            ret_sqlstate[5] = '\0';
            return true;
        }
    }
    return false;
}

/* The first line only: the rest are hints, details and source places. */
static void
copy_first_line(char *to, size_t size, const char *from)
{
    size_t length = strcspn(from, "\n");

    snprintf(to, size, "%.*s", (int)(length < size ? length : size - 1), from);
}

bool
wire_connect_error(PGconn *conn, struct error *err)
{
    const char *message = PQerrorMessage(conn);
    char sqlstate[6], line[200];
    const struct wire_meaning *meaning;

    copy_first_line(line, sizeof line, message);
    if (!find_sqlstate(message, sqlstate)) {
        /* A url that cannot be read never becomes better; nobody listening may. */
        bool malformed = PQsocket(conn) < 0 && (strstr(line, "URI") || strstr(line, "option"));

        return error_set(err, malformed ? ERROR_FATAL : ERROR_RETRY,
                         malformed ? "database.refused" : "database.away", "connect: %s",
                         malformed ? "the database url is malformed" : line);
    }
    meaning = wire_meaning(sqlstate, NULL);
    return error_set(err, meaning->kind, meaning->code, "connect: %s", line);
}

const struct wire_meaning *
wire_meaning(const char *sqlstate, const char *constraint)
{
    static const struct wire_meaning away = {"", ERROR_RETRY, "database.away"};
    static const struct wire_meaning no_partition = {"", ERROR_RETRY, "database.no_partition"};
    static const struct wire_meaning meanings[] = {
        {"TM001", ERROR_RETRY,  "checkpoint.moved"      },
        {"TM002", ERROR_RETRY,  "database.expired"      },
        {"TM003", ERROR_REJECT, "archive.assets"        },
        {"40001", ERROR_RETRY,  "database.serialization"},
        {"40P01", ERROR_RETRY,  "database.serialization"},
        {"55P03", ERROR_RETRY,  "database.lock"         },
        {"57014", ERROR_RETRY,  "database.timeout"      },
        {"23505", ERROR_RETRY,  "database.conflict"     },
        {"53100", ERROR_RETRY,  "database.disk_full"    },
        {"25006", ERROR_RETRY,  "database.read_only"    },
        {"26000", ERROR_RETRY,  "database.plan"         }, /* prepared statement does not exist */
        {"0A000", ERROR_RETRY,  "database.plan"         }, /* cached plan must not change result type */
        {"53",    ERROR_RETRY,  "database.crowded"      },
        {"57P",   ERROR_RETRY,  "database.away"         },
        {"25P03", ERROR_RETRY,  "database.away"         }, /* idle in transaction for too long */
        {"08",    ERROR_RETRY,  "database.away"         },
        {"22",    ERROR_REJECT, "database.data"         },
        {"23",    ERROR_REJECT, "database.data"         },
        {"P0001", ERROR_REJECT, "database.data"         },
        {"28",    ERROR_FATAL,  "database.refused"      },
        {"3D000", ERROR_FATAL,  "database.refused"      },
        {"42501", ERROR_FATAL,  "database.refused"      },
        {"",      ERROR_FATAL,  "database.query"        },
    };
    size_t row = 0;

    if (!sqlstate)
        return &away;
    /* Only the search for a partition raises this without naming a constraint. */
    if (!strcmp(sqlstate, "23514") && !constraint)
        return &no_partition;
    while (strncmp(sqlstate, meanings[row].sqlstate, strlen(meanings[row].sqlstate)))
        row++;
    return &meanings[row];
}

bool
wire_result_error(PGconn *conn, const PGresult *result, const char *what, struct error *err)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *constraint = result ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;
    const struct wire_meaning *meaning = wire_meaning(sqlstate, constraint);
    char line[200];

    copy_first_line(line, sizeof line, message ? message : PQerrorMessage(conn));
    error_set(err, meaning->kind, meaning->code, "%s: %s%s%s%s", what,
              line[0] ? line : "connection lost", sqlstate ? " (" : "", sqlstate ? sqlstate : "",
              sqlstate ? ")" : "");
    return strcmp(meaning->code, "database.away") && strcmp(meaning->code, "database.plan") &&
           PQstatus(conn) == CONNECTION_OK;
}

static size_t
slot_of(const struct wire_prepared *prepared, const struct query *query)
{
    size_t slot = ((uintptr_t)query / 16) % WIRE_PREPARED_SLOTS;

    while (prepared->slots[slot] && prepared->slots[slot] != query)
        slot = (slot + 1) % WIRE_PREPARED_SLOTS;
    return slot;
}

bool
wire_remember(struct wire_prepared *prepared, const struct query *query)
{
    size_t slot = slot_of(prepared, query);
    bool is_new = !prepared->slots[slot];

    prepared->slots[slot] = query;
    return is_new;
}

void
wire_forget(struct wire_prepared *prepared, const struct query *query)
{
    size_t slot = slot_of(prepared, query);

    /* Those behind it in the same run must stay reachable: put them in again. */
    while (prepared->slots[slot]) {
        const struct query *moved = prepared->slots[slot];

        prepared->slots[slot] = NULL;
        if (moved != query)
            prepared->slots[slot_of(prepared, moved)] = moved;
        slot = (slot + 1) % WIRE_PREPARED_SLOTS;
    }
}

struct encoded {
    const char *data[WIRE_PARAMETERS_MAX];
    int size[WIRE_PARAMETERS_MAX];
    int format[WIRE_PARAMETERS_MAX]; /* 1 = binary */
    char scratch[WIRE_PARAMETERS_MAX][CLOCK_TEXT_SIZE];
};

static void
encode(const struct database_value *value, struct encoded *encoded, size_t n)
{
    encoded->data[n] = NULL;
    encoded->size[n] = 0;
    encoded->format[n] = 0;
    switch (value->kind) {
    case DATABASE_NULL:
        break;
    case DATABASE_TEXT:
        encoded->data[n] = value->text;
        break;
    case DATABASE_INT:
        snprintf(encoded->scratch[n], CLOCK_TEXT_SIZE, "%" PRId64, value->integer);
        encoded->data[n] = encoded->scratch[n];
        break;
    case DATABASE_TIME:
        encoded->data[n] = clock_format_ms(value->integer, encoded->scratch[n]);
        break;
    case DATABASE_BOOL:
        encoded->data[n] = value->integer ? "t" : "f";
        break;
    case DATABASE_BYTES:
        encoded->data[n] = value->bytes.data;
        encoded->size[n] = (int)value->bytes.size;
        encoded->format[n] = 1;
        break;
    }
}

bool
wire_send(PGconn *conn, struct wire_prepared *prepared, const struct query *query,
          const struct database_value *values, size_t value_count, bool *ret_prepares)
{
    struct encoded encoded;

    assert(value_count == (size_t)query->parameter_count);
    assert(value_count <= WIRE_PARAMETERS_MAX);
    *ret_prepares = wire_remember(prepared, query);
    if (*ret_prepares && !PQsendPrepare(conn, query->name, query->sql, 0, NULL))
        return false;
    for (size_t n = 0; n < value_count; n++)
        encode(&values[n], &encoded, n);
    return PQsendQueryPrepared(conn, query->name, (int)value_count, encoded.data, encoded.size,
                               encoded.format, 0);
}

static void
clear_result(void *result)
{
    PQclear(result);
}

struct rows
wire_rows(PGresult *result, struct arena *arena)
{
    struct rows rows = {.count = (size_t)PQntuples(result),
                        .column_count = (size_t)PQnfields(result),
                        .affected = strtoll(PQcmdTuples(result), NULL, 10),
                        .result = result};

    arena_defer(arena, clear_result, result);
    return rows;
}
