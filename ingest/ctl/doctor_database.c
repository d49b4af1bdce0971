#include "common/clock.h"
#include "ingest/ctl/doctor.h"
#include "ingest/ctl/servers.h"
#include "schema/queries.h"

#include <string.h>

enum {
    VERSION_LEAST = 150000,
    LOCKS_LEAST = 256, /* a chart locks every month of candles that it may read */
    DAY_S = 86400,
    AHEAD_S = 7 * DAY_S,
    WAIT_S = 120,     /* a job that is not published by then is late */
    LATE_S = 10 * 60, /* beside three periods: a source that is retried is not ill yet */
    AMBIGUOUS_MAX = 10000,
    OVERDUE_S = 3 * DAY_S, /* two nightly jobs have had their chance */
};

struct doctor {
    struct findings *findings;
    struct database *db;
    struct arena *arena;
};

/* False if the question failed, which is a finding. */
static bool
ask(struct doctor *doctor, const char *what, const struct query *query,
    const struct database_value *values, size_t value_count, struct rows *ret_rows)
{
    struct error err;

    if (database_run(doctor->db, query, values, value_count, doctor->arena, ret_rows, &err))
        return true;
    findings_add(doctor->findings, HEALTH_FAIL, what,
                 err.kind == ERROR_FATAL ? "give the operator's role its rights: schema/server.sql"
                                         : "look at the server's log",
                 "%s", err.message);
    return false;
}

static void
check_server(struct doctor *doctor)
{
    struct findings *findings = doctor->findings;
    int64_t asked_ms = clock_now_ms(), version, locks;
    struct rows rows;

    if (!ask(doctor, "postgresql", &query_doctor_server, SQL_NO_VALUES, &rows))
        return;
    version = rows_int(&rows, 0, 0, 0);
    locks = rows_int(&rows, 0, 1, 0);
    findings_add(findings, version >= VERSION_LEAST ? HEALTH_OK : HEALTH_FAIL, "postgresql",
                 version >= VERSION_LEAST ? NULL : "upgrade to PostgreSQL 15 or newer",
                 "version %lld.%lld, as %s, %.1f GiB", (long long)version / 10000,
                 (long long)version % 10000, rows_text(&rows, 0, 5),
                 (double)rows_int(&rows, 0, 4, 0) / (1024 * 1024 * 1024));
    if (rows_bool(&rows, 0, 2))
        findings_add(findings, HEALTH_FAIL, "postgresql role", "point DATABASE_URL at the primary",
                     "this is a standby: it takes no writes");
    findings_add(
        findings, locks >= LOCKS_LEAST ? HEALTH_OK : HEALTH_FAIL, "postgresql locks",
        locks >= LOCKS_LEAST ? NULL : "set max_locks_per_transaction = 256 and restart the server",
        "max_locks_per_transaction is %lld", (long long)locks);
    doctor_check_clock(findings, "postgresql clock",
                       rows_int(&rows, 0, 3, 0) - (asked_ms + clock_now_ms()) / 2);
}

/* False: there is no use in asking on. */
static bool
check_schema(struct doctor *doctor)
{
    struct findings *findings = doctor->findings;
    int64_t version;
    struct rows rows;

    if (!ask(doctor, "schema", &query_schema_migrations_exists, SQL_NO_VALUES, &rows))
        return false;
    if (!rows_bool(&rows, 0, 0)) {
        findings_add(findings, HEALTH_FAIL, "schema", "run tidemark-migrate up",
                     "the database is empty");
        return false;
    }
    if (!ask(doctor, "schema", &query_doctor_schema, SQL_NO_VALUES, &rows))
        return false;
    version = rows_int(&rows, 0, 0, 0);
    if (version == TIDEMARK_SCHEMA_VERSION) {
        findings_add(findings, HEALTH_OK, "schema", NULL, "version %lld", (long long)version);
        return true;
    }
    findings_add(findings, HEALTH_FAIL, "schema",
                 version < TIDEMARK_SCHEMA_VERSION ? "run tidemark-migrate up"
                                                   : "use the tidemarkctl of the newer release",
                 "version %lld, and this program is made for %d", (long long)version,
                 TIDEMARK_SCHEMA_VERSION);
    return false;
}

static void
check_rights(struct doctor *doctor)
{
    struct rows rows;

    if (!ask(doctor, "operator's rights", &query_doctor_rights, SQL_NO_VALUES, &rows))
        return;
    if (rows_is_null(&rows, 0, 0))
        findings_add(doctor->findings, HEALTH_OK, "operator's rights", NULL, "complete");
    else
        findings_add(doctor->findings, HEALTH_FAIL, "operator's rights",
                     "log in as a member of the role tidemark_operator", "lacks %s",
                     rows_text(&rows, 0, 0));
}

static void
check_partitions(struct doctor *doctor)
{
    const char *advice = "a leading scheduler makes them: is one running?";
    struct rows soon, ahead;

    if (!ask(doctor, "partitions", &query_doctor_partitions, SQL_VALUES(SQL_INT(DAY_S)), &soon) ||
        !ask(doctor, "partitions", &query_doctor_partitions, SQL_VALUES(SQL_INT(AHEAD_S)), &ahead))
        return;
    if (!rows_is_null(&soon, 0, 0))
        findings_add(doctor->findings, HEALTH_FAIL, "partitions", advice,
                     "tomorrow's are missing: %s", rows_text(&soon, 0, 0));
    else if (!rows_is_null(&ahead, 0, 0))
        findings_add(doctor->findings, HEALTH_WARN, "partitions", advice,
                     "those of next week are missing: %s", rows_text(&ahead, 0, 0));
    else
        findings_add(doctor->findings, HEALTH_OK, "partitions", NULL, "a week ahead and more");
}

static void
check_leader(struct doctor *doctor)
{
    const char *host;
    struct rows rows;

    if (!ask(doctor, "scheduler", &query_doctor_leader, SQL_NO_VALUES, &rows))
        return;
    host = rows_text(&rows, 0, 1);
    if (rows_bool(&rows, 0, 0))
        findings_add(doctor->findings, HEALTH_OK, "scheduler", NULL, "one leads, on %s",
                     host ? host : "a host it has not told yet");
    else
        findings_add(doctor->findings, HEALTH_FAIL, "scheduler", "start tidemark-scheduler",
                     "none leads%s%s", host ? ", the last was on " : "", host ? host : "");
}

static void
check_slots(struct doctor *doctor)
{
    int64_t count;
    struct rows rows;

    if (!ask(doctor, "jobs to publish", &query_doctor_slots, SQL_VALUES(SQL_INT(WAIT_S)), &rows))
        return;
    count = rows_int(&rows, 0, 0, 0);
    if (count == 0)
        findings_add(doctor->findings, HEALTH_OK, "jobs to publish", NULL, "none is late");
    else
        findings_add(doctor->findings, HEALTH_WARN, "jobs to publish",
                     "see the scheduler's log: broker away, queue full, or an unknown source",
                     "%lld wait for the broker, the oldest for %lld s", (long long)count,
                     (long long)rows_int(&rows, 0, 1, 0));
}

/* Columns of the query doctor_sources. */
enum { NAME, ENABLED, SCHEDULES, SHORTEST, CRONS, AGE, ERROR_CODE };

static void
check_source(struct findings *findings, const struct rows *rows, size_t i)
{
    const char *name = rows_text(rows, i, NAME), *code = rows_text(rows, i, ERROR_CODE);
    const char *what = arena_printf(findings->call->arena, "source %s", name);
    int64_t age_s = rows_int(rows, i, AGE, -1);
    int64_t shortest_s = doctor_period_s(rows_int(rows, i, SHORTEST, 0), rows_text(rows, i, CRONS),
                                         clock_now_ms() / 1000);

    if (!rows_bool(rows, i, ENABLED))
        findings_add(findings, HEALTH_OK, what, NULL, "switched off");
    else if (rows_int(rows, i, SCHEDULES, 0) == 0)
        findings_add(findings, HEALTH_OK, what, NULL, "nothing is scheduled");
    else if (code && strcmp(code, "source.no_key") == 0)
        findings_add(findings, HEALTH_WARN, what,
                     arena_printf(findings->call->arena,
                                  "give the workers its key, or: tidemarkctl sources disable %s",
                                  name),
                     "gives nothing without a key");
    else if (age_s < 0)
        findings_add(findings, HEALTH_WARN, what, "see tidemarkctl runs --source",
                     "has never succeeded%s%s", code ? ": " : "", code ? code : "");
    else if (age_s > 3 * shortest_s + LATE_S)
        findings_add(findings, HEALTH_WARN, what,
                     "see tidemarkctl sources, and tidemarkctl runs --source",
                     "last succeeded %lld s ago, and runs every %lld s", (long long)age_s,
                     (long long)shortest_s);
    else
        findings_add(findings, HEALTH_OK, what, NULL, "last succeeded %lld s ago",
                     (long long)age_s);
}

static void
check_sources(struct doctor *doctor)
{
    struct rows rows;

    if (!ask(doctor, "sources", &query_doctor_sources, SQL_NO_VALUES, &rows))
        return;
    for (size_t i = 0; i < rows.count; i++)
        check_source(doctor->findings, &rows, i);
}

static void
check_instruments(struct doctor *doctor)
{
    struct rows rows;

    if (!ask(doctor, "instruments", &query_instruments_list,
             SQL_VALUES(SQL_NULL, SQL_TEXT("ambiguous"), SQL_INT(AMBIGUOUS_MAX)), &rows))
        return;
    if (rows.count == 0)
        findings_add(doctor->findings, HEALTH_OK, "instruments", NULL, "none is ambiguous");
    else
        findings_add(doctor->findings, HEALTH_OK, "instruments",
                     "tidemarkctl instruments --ambiguous lists them; map those you need",
                     "%zu%s are ambiguous and left out", rows.count,
                     rows.count == AMBIGUOUS_MAX ? " or more" : "");
}

/* Columns of the query retention_look. */
enum { RAW_DAYS, AGGREGATE_DAYS, ARCHIVE, WAITING, OLDEST, OVERDUE, ARCHIVES };

static void
check_retention(struct doctor *doctor)
{
    struct findings *findings = doctor->findings;
    struct rows rows;

    if (!ask(doctor, "retention", &query_retention_look, SQL_NO_VALUES, &rows))
        return;
    if (rows_is_null(&rows, 0, RAW_DAYS))
        findings_add(findings, HEALTH_OK, "retention", NULL,
                     "no job archive or retain has run yet, so nothing was dropped");
    else if (rows_int(&rows, 0, WAITING, 0) == 0)
        findings_add(findings, HEALTH_OK, "retention", NULL, "nothing waits; %lld archives",
                     (long long)rows_int(&rows, 0, ARCHIVES, 0));
    else if (*rows_text(&rows, 0, ARCHIVE) == '\0')
        findings_add(findings, HEALTH_WARN, "retention",
                     "give the workers a place in ARCHIVE_URL, or let them keep data for ever: "
                     "DATA_RETENTION_RAW_DAYS=0, DATA_RETENTION_AGG_DAYS=0",
                     "%lld partitions are to be dropped, the oldest is %s, but nothing is dropped "
                     "that was not archived, and there is no place for archives",
                     (long long)rows_int(&rows, 0, WAITING, 0), rows_text(&rows, 0, OLDEST));
    else if (rows_int(&rows, 0, OVERDUE, 0) > OVERDUE_S)
        findings_add(findings, HEALTH_WARN, "retention",
                     "see tidemarkctl runs --source tidemark, and tidemarkctl dead",
                     "%lld partitions should be archived and dropped by now, the oldest is %s",
                     (long long)rows_int(&rows, 0, WAITING, 0), rows_text(&rows, 0, OLDEST));
    else
        findings_add(findings, HEALTH_OK, "retention", NULL, "%lld partitions are due",
                     (long long)rows_int(&rows, 0, WAITING, 0));
}

void
doctor_check_database(struct findings *findings)
{
    struct doctor doctor = {.findings = findings, .arena = findings->call->arena};
    struct error err;

    doctor.db = servers_database(findings->call, &err);
    if (!doctor.db) {
        findings_add(findings, HEALTH_FAIL, "postgresql",
                     err.kind == ERROR_RETRY ? "start the server, or mend DATABASE_URL"
                                             : "mend DATABASE_URL",
                     "%s", err.message);
        return;
    }
    check_server(&doctor);
    if (check_schema(&doctor)) {
        check_rights(&doctor);
        check_partitions(&doctor);
        check_leader(&doctor);
        check_slots(&doctor);
        check_sources(&doctor);
        check_instruments(&doctor);
        check_retention(&doctor);
    }
    database_destroy(doctor.db);
}
