/*
 * Drops what is older than it is to be kept and was archived, a partition a piece, then the reports
 * of days whose candles are gone and the runs that nothing kept can lead to. What is too busy to be
 * dropped is tried again later.
 */
#include "ingest/archive/archive.h"

#include "common/log.h"
#include "ingest/tasks/archiving.h"
#include "ingest/tasks/task.h"
#include "schema/queries.h"

#include <string.h>

enum {
    CANDIDATES = 1000,
    TRUSTED_S = 12 * 3600, /* an archive that was read back longer ago is read back once more */
    TRIMMED_RUNS = 1000,   /* a piece */
    TRIMMED_REPORTS = 20,  /* each with a row for every asset and currency, or pair of sources */
};

/* What one look at the candidates came to. */
struct look {
    struct archive_work work;
    bool open;
    size_t busy;
    const char *busy_partition;
};

static bool
find_entry(struct look *look, int64_t archive_id, const char *partition,
           struct archive_entry *ret_entry, struct error *err)
{
    struct rows rows;

    if (!database_run(look->work.db, &query_archive_find, SQL_VALUES(SQL_TEXT(partition)),
                      look->work.arena, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        *ret_entry = archive_entry_read(&rows, i, partition);
        if (ret_entry->archive_id == archive_id)
            return true;
    }
    return error_set(err, ERROR_RETRY, "archive.away", "%s was archived anew meanwhile", partition);
}

/* Reads the archive back again; `*ret_whole` is false if it is not what it was. */
static bool
read_back(struct look *look, int64_t archive_id, const char *partition, bool *ret_whole,
          struct error *err)
{
    struct archive_entry entry;
    struct manifest manifest;

    if (!find_entry(look, archive_id, partition, &entry, err))
        return false;
    *ret_whole = archive_verify(&look->work, &entry, -1, &manifest, err);
    if (*ret_whole)
        return database_run(look->work.db, &query_archive_verified, SQL_VALUES(SQL_INT(archive_id)),
                            look->work.arena, NULL, err);
    if (strcmp(err->code, "archive.damaged") != 0 && strcmp(err->code, "archive.missing") != 0)
        return false;
    log_event(LOG_ERR, "archive.damaged", LOG_STR("partition", partition), LOG_ERROR(err));
    return database_run(look->work.db, &query_archive_distrust, SQL_VALUES(SQL_INT(archive_id)),
                        look->work.arena, NULL, err);
}

/* By the other session, in a transaction of its own: done twice it finds the partition gone. */
static bool
drop(struct look *look, const struct rows *candidates, size_t row, const char **ret_outcome,
     struct error *err)
{
    const char *partition = rows_text(candidates, row, 1);
    int64_t archive_id = rows_int(candidates, row, 0, 0);
    struct rows rows;
    bool whole = true;

    *ret_outcome = "damaged";
    if (rows_int(candidates, row, 2, INT64_MAX) > TRUSTED_S &&
        !read_back(look, archive_id, partition, &whole, err))
        return false;
    if (!whole)
        return true;
    if (!database_run(look->work.db, &query_partition_drop,
                      SQL_VALUES(SQL_INT(archive_id), SQL_TIME_MS(rows_int(candidates, row, 3, 0))),
                      look->work.arena, &rows, err))
        return false;
    *ret_outcome = rows_text(&rows, 0, 0);
    log_event(strcmp(*ret_outcome, "dropped") == 0 ? LOG_INFO : LOG_WARN, "retain.partition",
              LOG_STR("partition", partition), LOG_STR("outcome", *ret_outcome));
    return true;
}

/* Until one is dropped; what is busy is passed over. */
static bool
drop_one(struct task_run *run, struct look *look, const struct rows *candidates, bool *ret_dropped,
         struct error *err)
{
    const char *outcome;

    *ret_dropped = false;
    for (size_t i = 0; i < candidates->count && !*ret_dropped; i++) {
        if (!archive_company_serve(&look->work.company, 0, 0, err) ||
            !drop(look, candidates, i, &outcome, err))
            return false;
        *ret_dropped = strcmp(outcome, "dropped") == 0;
        if (strcmp(outcome, "busy") == 0 && look->busy++ == 0)
            look->busy_partition = rows_text(candidates, i, 1);
    }
    return true;
}

static bool
look_at(struct task_run *run, struct look *look, bool *ret_dropped, struct error *err)
{
    const struct task_settings *settings = run->settings;
    struct rows candidates;

    *ret_dropped = false;
    if (!*settings->archive->url)
        return true; /* the task `archive` says so */
    if (!database_run(run->db, &query_archives_droppable,
                      SQL_VALUES(SQL_INT(settings->raw_days), SQL_INT(settings->aggregate_days),
                                 SQL_INT(CANDIDATES)),
                      run->arena, &candidates, err))
        return false;
    if (candidates.count == 0)
        return true;
    look->open = true;
    return archiving_open(run, &look->work, err) &&
           drop_one(run, look, &candidates, ret_dropped, err);
}

static bool
trim(struct task_run *run, const struct query *query, int64_t at_most, int64_t *ret_trimmed,
     struct error *err)
{
    struct rows rows;

    if (!database_run(run->db, query,
                      SQL_VALUES(SQL_INT(run->settings->aggregate_days), SQL_INT(at_most)),
                      run->arena, &rows, err))
        return false;
    *ret_trimmed = rows_int(&rows, 0, 0, 0);
    return true;
}

/* Reports first: a report names its run. */
static bool
trim_old(struct task_run *run, struct task_piece *piece, struct error *err)
{
    int64_t reports, runs;

    if (run->settings->aggregate_days == 0)
        return true;
    if (!trim(run, &query_reports_trim, TRIMMED_REPORTS, &reports, err) ||
        !trim(run, &query_runs_trim, TRIMMED_RUNS, &runs, err))
        return false;
    piece->reports = reports > 0;
    piece->records = reports + runs;
    piece->more = piece->records > 0;
    return true;
}

/* Counts what was dropped; if that was nothing, it is the turn of what hangs on it. */
static bool
finish_piece(struct task_run *run, struct task_piece *piece, const struct look *look, bool dropped,
             struct error *err)
{
    if (!task_begin(run, err) || !archiving_say(run, err))
        return false;
    if (dropped)
        *piece = (struct task_piece){.records = 1, .more = true};
    else if (!trim_old(run, piece, err))
        return false;
    if (!piece->more && look->busy > 0)
        return error_set(err, ERROR_RETRY, "retain.busy",
                         "%zu partitions are in use all the time, %s among them", look->busy,
                         look->busy_partition);
    return task_commit(run, piece, err);
}

static bool
step(struct task_run *run, struct task_piece *piece, struct error *err)
{
    struct look look = {0};
    bool dropped, done;

    done = look_at(run, &look, &dropped, err) && finish_piece(run, piece, &look, dropped, err);
    if (look.open)
        archiving_close(&look.work);
    return done;
}

const struct task retain_task = {JOB_RETAIN, step};
