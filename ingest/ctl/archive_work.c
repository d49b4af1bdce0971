#include "ingest/ctl/archive_work.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOOK_MS = 200, BAR_WIDTH = 30 };

/* A bar of how far the step is: copying rows, putting, reading back, writing rows. */
static void
show(void *context, int64_t done, int64_t total)
{
    struct archive_job *job = context;
    int64_t now_ms = clock_monotonic_ms();
    char bar[BAR_WIDTH + 3], text[PROGRESS_LINE_SIZE];

    if (now_ms - job->looked_at_ms < LOOK_MS)
        return;
    job->looked_at_ms = now_ms;
    progress_line_bar(total > 0 && done <= total ? (double)done / (double)total : 0, BAR_WIDTH, bar,
                      sizeof bar);
    snprintf(text, sizeof text, "%s %s", bar, job->what);
    progress_line_show(&job->line, text);
}

bool
archive_job_begin(struct archive_job *job, const struct call *call, struct error *err)
{
    *job = (struct archive_job){
        .work = {.arena = call->arena, .company = {.serve = show, .context = job}}
    };
    progress_line_begin(&job->line);
    if (!*call->archive.url)
        return error_set(err, ERROR_FATAL, "settings.missing",
                         "ARCHIVE_URL is not set: file:///folder or s3://bucket/prefix");
    if (!*call->database_url)
        return error_set(err, ERROR_FATAL, "settings.missing",
                         "DATABASE_URL is not set: postgresql://user:password@host:port/database");
    job->work.depot = depot_open(&call->archive, err);
    if (job->work.depot)
        job->work.db = archive_connect(call->database_url, "tidemarkctl", err);
    return job->work.db != NULL;
}

void
archive_job_finish(struct archive_job *job)
{
    if (job->line.shown_at_ms > 0)
        progress_line_end(&job->line, job->line.shown);
    database_destroy(job->work.db);
    depot_close(job->work.depot);
}

void
archive_job_name(struct archive_job *job, const char *verb, const char *partition)
{
    snprintf(job->what, sizeof job->what, "%s %s", verb, partition);
}

/* ---- what was done ---- */

static const struct column done_columns[] = {
    {"PARTITION", "partition", COLUMN_TEXT},
    {"ROWS",      "rows",      COLUMN_INT },
    {"STATE",     "state",     COLUMN_TEXT},
    {"LOCATION",  "location",  COLUMN_TEXT},
    {"ERROR",     "error",     COLUMN_TEXT},
};

void
archive_table_add(struct table *table, const struct manifest *manifest, const char *state,
                  const char *location, const char *error)
{
    const char *cells[] = {
        arena_string(table->arena, manifest->partition),
        arena_printf(table->arena, "%" PRId64, manifest->rows),
        state,
        location,
        error ? arena_string(table->arena, error) : NULL,
    };

    table_add(table, cells);
}

void
archive_table_init(struct table *table, struct arena *arena)
{
    table_init(table, arena, done_columns, COUNT_OF(done_columns));
}
