#ifndef TIDEMARK_INGEST_CTL_ARCHIVE_WORK_H
#define TIDEMARK_INGEST_CTL_ARCHIVE_WORK_H

#include "ingest/archive/archive.h"
#include "ingest/ctl/command.h"
#include "ingest/ctl/progress_line.h"
#include "ingest/ctl/table.h"

/* What the verbs of `tidemarkctl archive` share: the depot, the database, and a line of progress.
 */
struct archive_job {
    struct archive_work work;
    struct progress_line line;
    char what[120];       /* "restore of ticks_20261021" */
    int64_t looked_at_ms; /* monotonic */
};

/*
 * With ARCHIVE_URL of the settings; fatal "settings.missing" without. `job` must not move after
 * that. Finish it whatever came of it.
 */
MUST_CHECK bool archive_job_begin(struct archive_job *job, const struct call *call,
                                  struct error *err);
void archive_job_finish(struct archive_job *job);

/* What is being done from here on, for the line. */
void archive_job_name(struct archive_job *job, const char *verb, const char *partition);

/* What was done with each, for people and scripts. */
void archive_table_init(struct table *table, struct arena *arena);
/* `location` and `error` may be NULL, and must live as long as the table. */
void archive_table_add(struct table *table, const struct manifest *manifest, const char *state,
                       const char *location, const char *error);

/* `tidemarkctl archive adopt`, in archive_adopt.c. */
bool archive_adopt_run(const struct call *call, struct error *err);

#endif
