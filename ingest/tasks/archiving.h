#ifndef TIDEMARK_INGEST_TASKS_ARCHIVING_H
#define TIDEMARK_INGEST_TASKS_ARCHIVING_H

#include "ingest/archive/archive.h"
#include "ingest/tasks/task.h"

/* What the tasks `archive` and `retain` share. */

/* The depot and a session of one's own, because a COPY takes long. Close it whatever came of it. */
MUST_CHECK bool archiving_open(struct task_run *run, struct archive_work *ret_work,
                               struct error *err);
void archiving_close(struct archive_work *work);

/* Only one session archives at a time; error: retry "archive.away". Ends with the session. */
MUST_CHECK bool archiving_lock(const struct archive_work *work, struct error *err);

/* Writes down by which settings this worker goes, for people; in the piece's transaction. */
MUST_CHECK bool archiving_say(struct task_run *run, struct error *err);

#endif
