/*
 * Archives what is older than it is to be kept, a partition a piece. What is archived and read back
 * is in the tables, and files are named by their content, so a piece that is killed anywhere is
 * done again and leaves the same.
 */
#include "ingest/archive/archive.h"

#include "common/log.h"
#include "ingest/tasks/archiving.h"
#include "ingest/tasks/task.h"
#include "schema/queries.h"

/* The last piece: nothing is due, or nothing can be done about it. */
static bool
end(struct task_run *run, struct task_piece *piece, struct error *err)
{
    return task_begin(run, err) && archiving_say(run, err) && task_commit(run, piece, err);
}

/* Without a place for archives nothing is archived, so nothing will be dropped. */
static bool
tell(struct task_run *run, struct task_piece *piece, const struct rows *due, struct error *err)
{
    if (due->count > 0)
        log_event(LOG_WARN, "archive.nowhere", LOG_STR("waiting", rows_text(due, 0, 1)),
                  LOG_STR("setting", "ARCHIVE_URL"));
    return end(run, piece, err);
}

static bool
record(struct task_run *run, struct task_piece *piece, const struct archive_work *work,
       const struct archived *archived, struct error *err)
{
    piece->records = 1;
    if (!task_begin(run, err) || !archiving_say(run, err) ||
        !archive_record(run->db, work->depot, archived, run->arena, err) ||
        !task_commit(run, piece, err))
        return false;
    log_event(LOG_INFO, "archive.made", LOG_STR("partition", archived->manifest.partition),
              LOG_INT("rows", archived->manifest.rows),
              LOG_INT("bytes", archived->manifest.gzip_bytes));
    return true;
}

static bool
make(struct task_run *run, struct task_piece *piece, const struct rows *due, struct error *err)
{
    const struct archive_subject subject = {
        .parent = rows_text(due, 0, 0),
        .partition = rows_text(due, 0, 1),
        .from_ms = rows_int(due, 0, 2, 0),
        .to_ms = rows_int(due, 0, 3, 0),
    };
    struct archive_work work;
    struct archived archived;
    bool done;

    piece->more = due->count > 1;
    done = archiving_open(run, &work, err) && archiving_lock(&work, err) &&
           archive_make(&work, &subject, &archived, err) &&
           record(run, piece, &work, &archived, err);
    archiving_close(&work);
    return done;
}

static bool
step(struct task_run *run, struct task_piece *piece, struct error *err)
{
    const struct task_settings *settings = run->settings;
    struct rows due;

    if (!database_run(
            run->db, &query_archives_due,
            SQL_VALUES(SQL_INT(settings->raw_days), SQL_INT(settings->aggregate_days), SQL_INT(2)),
            run->arena, &due, err))
        return false;
    if (!*settings->archive->url)
        return tell(run, piece, &due, err);
    return due.count > 0 ? make(run, piece, &due, err) : end(run, piece, err);
}

const struct task archive_task = {JOB_ARCHIVE, step};
