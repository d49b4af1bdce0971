#ifndef TIDEMARK_INGEST_WORKER_SUPERVISOR_H
#define TIDEMARK_INGEST_WORKER_SUPERVISOR_H

#include "common/error.h"
#include "ingest/worker/settings.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SUPERVISOR_BACKOFF_MIN_MS = 100,
    SUPERVISOR_BACKOFF_MAX_MS = 30 * 1000,
    SUPERVISOR_STEADY_MS = 60 * 1000, /* a child that lived so long starts again without a wait */
    SUPERVISOR_GRACE_MS = 30 * 1000,  /* after SIGTERM: then children are killed */
};

/* How long a child that failed `failures` times in a row (from 1) stays dead. Pure. */
int64_t supervisor_backoff_ms(int32_t failures);

/*
 * Forks the children that WORKERS asks for, one crew for jobs.<source> and one child for
 * jobs.<source>.live, and starts those again that die. On SIGTERM or SIGINT they finish the job in
 * hand; a second signal kills them. Children die with the supervisor.
 * Returns true when it was asked to stop and all children are gone.
 * Errors: fatal "settings.invalid", also when a child has found that out; they are gone then.
 */
MUST_CHECK bool supervisor_run(const struct worker_settings *settings, struct error *err);

#endif
