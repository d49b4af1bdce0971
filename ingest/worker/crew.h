#ifndef TIDEMARK_INGEST_WORKER_CREW_H
#define TIDEMARK_INGEST_WORKER_CREW_H

#include "common/error.h"

#include <stdint.h>

enum { CREW_MAX = 64 }; /* children of one source */

/*
 * Reads WORKERS, "*=1,binance=4": how many children serve jobs.<source>. "*" is every source that
 * is not named. 0 = none, also none for its on-demand jobs; otherwise these have one child more,
 * unless it is our own work.
 * `source` is a registered name. Pure.
 * Errors: fatal "settings.invalid": malformed, a number outside 0..CREW_MAX, a source that
 * does not exist, a name twice.
 */
MUST_CHECK bool crew_size(const char *workers, const char *source, int32_t *ret_count,
                          struct error *err);

#endif
