#include "ingest/tasks/archiving.h"

#include "schema/queries.h"

static void
serve(void *context, int64_t done, int64_t total)
{
    struct task_run *run = context;

    run->serve(run->context);
}

static bool
stops(void *context)
{
    struct task_run *run = context;

    return run->stops(run->context);
}

bool
archiving_open(struct task_run *run, struct archive_work *ret_work, struct error *err)
{
    *ret_work = (struct archive_work){
        .company = {serve, stops, run},
          .arena = run->arena
    };
    ret_work->depot = depot_open(run->settings->archive, err);
    if (ret_work->depot)
        ret_work->db = archive_connect(run->settings->database_url, "tidemark-worker", err);
    return ret_work->db != NULL;
}

void
archiving_close(struct archive_work *work)
{
    database_destroy(work->db);
    depot_close(work->depot);
}

bool
archiving_lock(const struct archive_work *work, struct error *err)
{
    struct rows rows;

    if (!database_run(work->db, &query_archives_lock, SQL_NO_VALUES, work->arena, &rows, err))
        return false;
    return rows_bool(&rows, 0, 0) ||
           error_set(err, ERROR_RETRY, "archive.away", "another program is archiving");
}

bool
archiving_say(struct task_run *run, struct error *err)
{
    return database_run(run->db, &query_retention_record,
                        SQL_VALUES(SQL_INT(run->settings->raw_days),
                                   SQL_INT(run->settings->aggregate_days),
                                   SQL_TEXT(run->settings->archive->url)),
                        run->arena, NULL, err);
}
