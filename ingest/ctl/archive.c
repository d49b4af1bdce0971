/* Partitions that were archived, and bringing them back. */
#include "ingest/archive/archive.h"

#include "ingest/ctl/archive_work.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

#include <stdio.h>

enum { LIST_DEFAULT = 50, KEEP_DEFAULT_S = 30 * 86400, DUE_MAX = 10000, RESTORE_MAX = 100000 };

/* ---- list ---- */

static const struct column list_columns[] = {
    {NULL,        "archive_id",     COLUMN_INT    },
    {NULL,        "table",          COLUMN_TEXT   },
    {"PARTITION", "partition",      COLUMN_TEXT   },
    {NULL,        "from",           COLUMN_TIME_MS},
    {NULL,        "to",             COLUMN_TIME_MS},
    {"ROWS",      "rows",           COLUMN_INT    },
    {NULL,        "bytes",          COLUMN_INT    },
    {"BYTES",     "gzip_bytes",     COLUMN_INT    },
    {"ARCHIVED",  "archived_at",    COLUMN_TIME_MS},
    {"VERIFIED",  "verified_at",    COLUMN_TIME_MS},
    {NULL,        "dropped_at",     COLUMN_TIME_MS},
    {NULL,        "restored_at",    COLUMN_TIME_MS},
    {NULL,        "keep_until",     COLUMN_TIME_MS},
    {"STATE",     "state",          COLUMN_TEXT   },
    {NULL,        "sha256",         COLUMN_TEXT   },
    {NULL,        "gzip_sha256",    COLUMN_TEXT   },
    {NULL,        "schema_version", COLUMN_INT    },
    {"LOCATION",  "location",       COLUMN_TEXT   },
};

static bool
archive_list(const struct call *call, struct error *err)
{
    struct table table;

    table_init(&table, call->arena, list_columns, COUNT_OF(list_columns));
    if (!servers_fill(call, &query_archives_list,
                      SQL_VALUES(SQL_TEXT(call_text(call, "table")),
                                 SQL_TEXT(call_text(call, "state")),
                                 SQL_INT(call_number(call, "limit", LIST_DEFAULT))),
                      &table, err))
        return false;
    table_print(&table, call->json);
    return true;
}

/* The archive of a partition that counts: what it was dropped for, else the newest. */
static bool
find(const struct archive_work *work, const char *partition, struct archive_entry *ret_entry,
     struct error *err)
{
    struct rows rows;

    if (!database_run(work->db, &query_archive_find, SQL_VALUES(SQL_TEXT(partition)), work->arena,
                      &rows, err))
        return false;
    if (rows.count == 0)
        return error_set(err, ERROR_REJECT, "archive.unknown",
                         "%.100s has no archive; see tidemarkctl archive list", partition);
    *ret_entry = archive_entry_read(&rows, 0, partition);
    return true;
}

/* ---- verify ---- */

/* False only if it cannot be said: a server or the store is away. */
static bool
verify_one(struct archive_job *job, const char *partition, struct table *table, bool *ret_whole,
           struct error *err)
{
    struct archive_entry entry;
    struct manifest manifest;

    if (!find(&job->work, partition, &entry, err))
        return false;
    archive_job_name(job, "verify", partition);
    if (archive_verify(&job->work, &entry, -1, &manifest, err)) {
        archive_table_add(table, &entry.manifest, "whole", entry.location, NULL);
        return database_run(job->work.db, &query_archive_verified,
                            SQL_VALUES(SQL_INT(entry.archive_id)), job->work.arena, NULL, err);
    }
    *ret_whole = false;
    archive_table_add(table, &entry.manifest, err->kind == ERROR_REJECT ? "damaged" : "unknown",
                      entry.location, err->message);
    return err->kind == ERROR_REJECT;
}

static bool
verify_all(struct archive_job *job, const struct call *call, struct table *table, bool *ret_whole,
           struct error *err)
{
    struct rows rows;

    if (!database_run(job->work.db, &query_archives_partitions, SQL_NO_VALUES, call->arena, &rows,
                      err))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!verify_one(job, rows_text(&rows, i, 0), table, ret_whole, err))
            return false;
    return true;
}

static bool
archive_verify_run(const struct call *call, struct error *err)
{
    struct archive_job job;
    struct table table;
    bool whole = true, done;

    archive_table_init(&table, call->arena);
    done = archive_job_begin(&job, call, err);
    if (done && call->argument_count == 0)
        done = verify_all(&job, call, &table, &whole, err);
    for (size_t i = 0; done && i < call->argument_count; i++)
        done = verify_one(&job, call->arguments[i], &table, &whole, err);
    archive_job_finish(&job);
    table_print(&table, call->json);
    if (done && !whole)
        return error_set(err, ERROR_REJECT, "archive.damaged",
                         "not every archive is what it was; what is not dropped yet is archived "
                         "again by tidemarkctl archive run PARTITION");
    return done;
}

/* ---- run ---- */

static bool
run_one(struct archive_job *job, const struct archive_subject *subject, struct table *table,
        struct error *err)
{
    struct archived archived;
    const char *name;

    archive_job_name(job, "archive", subject->partition);
    if (!archive_make(&job->work, subject, &archived, err) ||
        !archive_record(job->work.db, job->work.depot, &archived, job->work.arena, err))
        return false;
    name = manifest_data_name(&archived.manifest, job->work.arena);
    archive_table_add(table, &archived.manifest, "archived",
                      depot_location(job->work.depot, name, job->work.arena), NULL);
    return true;
}

static bool
run_rows(struct archive_job *job, const struct rows *rows, struct table *table, struct error *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct archive_subject subject = {
            .parent = rows_text(rows, i, 0),
            .partition = rows_text(rows, i, 1),
            .from_ms = rows_int(rows, i, 2, 0),
            .to_ms = rows_int(rows, i, 3, 0),
        };

        if (!run_one(job, &subject, table, err))
            return false;
    }
    return true;
}

/* What is due by the settings that the workers have said they go by. */
static bool
run_due(struct archive_job *job, const struct call *call, struct table *table, struct error *err)
{
    struct rows state, due;

    if (!database_run(job->work.db, &query_retention_look, SQL_NO_VALUES, call->arena, &state, err))
        return false;
    if (rows_is_null(&state, 0, 0))
        return error_set(err, ERROR_REJECT, "archive.unknown",
                         "no worker has run the job `archive` yet, so nobody knows how long data "
                         "is to be kept: name the partitions");
    return database_run(job->work.db, &query_archives_due,
                        SQL_VALUES(SQL_INT(rows_int(&state, 0, 0, 0)),
                                   SQL_INT(rows_int(&state, 0, 1, 0)), SQL_INT(DUE_MAX)),
                        call->arena, &due, err) &&
           run_rows(job, &due, table, err);
}

static bool
run_named(struct archive_job *job, const struct call *call, struct table *table, struct error *err)
{
    struct rows rows;

    for (size_t i = 0; i < call->argument_count; i++) {
        if (!database_run(job->work.db, &query_archive_subject,
                          SQL_VALUES(SQL_TEXT(call->arguments[i])), call->arena, &rows, err))
            return false;
        if (rows.count == 0)
            return error_set(err, ERROR_REJECT, "archive.unknown", "there is no partition %.100s",
                             call->arguments[i]);
        if (!run_rows(job, &rows, table, err))
            return false;
    }
    return true;
}

/* Workers archive as well; of two at the same partition one would write what the other reads. */
static bool
lock(struct archive_job *job, struct error *err)
{
    struct rows rows;

    if (!database_run(job->work.db, &query_archives_lock, SQL_NO_VALUES, job->work.arena, &rows,
                      err))
        return false;
    return rows_bool(&rows, 0, 0) ||
           error_set(err, ERROR_RETRY, "archive.away", "a worker is archiving at this moment");
}

static bool
archive_run(const struct call *call, struct error *err)
{
    struct archive_job job;
    struct table table;
    bool done;

    archive_table_init(&table, call->arena);
    done = archive_job_begin(&job, call, err) && lock(&job, err) &&
           (call->argument_count > 0 ? run_named(&job, call, &table, err)
                                     : run_due(&job, call, &table, err));
    archive_job_finish(&job);
    table_print(&table, call->json);
    return done;
}

/* ---- restore ---- */

static bool
restore_one(struct archive_job *job, const struct call *call, const char *partition, int64_t keep_s,
            struct table *table, struct error *err)
{
    const char *into = call_text(call, "into");
    struct archive_entry entry;
    bool restored;

    if (!find(&job->work, partition, &entry, err))
        return false;
    archive_job_name(job, "restore", partition);
    if (!archive_restore(&job->work, &entry, into, keep_s, &restored, err))
        return false;
    archive_table_add(table, &entry.manifest, restored ? "restored" : "there", entry.location,
                      NULL);
    return true;
}

/* All that were dropped, the newest first. */
static bool
restore_all(struct archive_job *job, const struct call *call, int64_t keep_s, struct table *table,
            struct error *err)
{
    struct rows rows;

    if (!database_run(job->work.db, &query_archives_list,
                      SQL_VALUES(SQL_NULL, SQL_TEXT("dropped"), SQL_INT(RESTORE_MAX)), call->arena,
                      &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!restore_one(job, call, rows_text(&rows, i, 2), keep_s, table, err))
            return false;
    return true;
}

static bool
archive_restore_run(const struct call *call, struct error *err)
{
    bool all = call_has(call, "all");
    const char *keep = call_text(call, "keep");
    int64_t keep_s = KEEP_DEFAULT_S;
    struct archive_job job;
    struct table table;
    bool done;

    if (keep && !command_parse_length(keep, &keep_s))
        return error_set(err, ERROR_FATAL, "usage", "--keep takes a length like 30d, not %.40s",
                         keep);
    if (all == (call->argument_count > 0) || (all && call_has(call, "into")))
        return error_set(err, ERROR_FATAL, "usage",
                         "name partitions, or say --all, which goes without --into");
    archive_table_init(&table, call->arena);
    done = archive_job_begin(&job, call, err) &&
           (!all || restore_all(&job, call, keep_s, &table, err));
    for (size_t i = 0; done && i < call->argument_count; i++)
        done = restore_one(&job, call, call->arguments[i], keep_s, &table, err);
    archive_job_finish(&job);
    if (done || table.row_count > 0)
        table_print(&table, call->json);
    return done;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "archives, the newest data first",
     .run = archive_list,
     .options = {{"table", OPTION_TEXT, "NAME", "only of this table (ticks, candles, ...)"},
                 {"state", OPTION_CHOICE, "archived|changed|dropped|restored|superseded",
                  "only these"},
                 {"limit", OPTION_COUNT, "N", "at most so many (50)"}}},
    {.verb = "verify",
     .arguments = "[PARTITION...]",
     .arguments_max = COMMAND_COUNT_MAX,
     .about = "reads archives back and compares sizes, hashes and rows; all of them, or these",
     .run = archive_verify_run                                        },
    {.verb = "restore",
     .arguments = "[PARTITION...]",
     .arguments_max = COMMAND_COUNT_MAX,
     .about = "brings dropped partitions back, each after its archive was verified",
     .run = archive_restore_run,
     .options = {{"all", OPTION_SWITCH, NULL, "all that were dropped"},
                 {"into", OPTION_TEXT, "TABLE",
                  "into this table instead, which must have the columns"},
                 {"keep", OPTION_TEXT, "LENGTH", "not dropped again for so long (30d)"}}},
    {.verb = "adopt",
     .about = "lets this database know all archives of the depot that another one has made",
     .run = archive_adopt_run},
    {.verb = "run",
     .arguments = "[PARTITION...]",
     .arguments_max = COMMAND_COUNT_MAX,
     .about = "archives now what is due, or these partitions; drops nothing",
     .run = archive_run                                       },
};

const struct noun archive_noun = {"archive", "partitions that are archived before they are dropped",
                                  commands, COUNT_OF(commands)};
