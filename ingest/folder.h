#ifndef TIDEMARK_INGEST_FOLDER_H
#define TIDEMARK_INGEST_FOLDER_H

#include "common/arena.h"
#include "common/error.h"
#include "ingest/sources/csv.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A folder into which people drop CSV files, read as if it were a provider with pages. What a piece
 * and a position are is agreed with the source in ingest/sources/csv.h.
 *
 * Files come in the order of (time of last change, name). A file that changes, even by a line, is
 * a new file and is read again from its beginning: rows are keyed by time, so that is harmless.
 * Taken are regular files named *.csv (any case) that do not begin with a dot and have been left
 * alone for FOLDER_SETTLED_MS, so that a file still being copied is not read half. Links are not
 * followed.
 */
enum { FOLDER_SETTLED_MS = 2000 };

/*
 * Reads the piece after `position` (NULL = from the beginning). `*ret_done` is set when there is
 * none yet. `now_ms` is the wall clock. The payload's target is the position after the piece, its
 * status 200, its type "text/csv", everything in `arena`.
 * Errors: retry "folder.open" (no such folder, no permission), "folder.read", "folder.changed" (the
 * file changed while it was read); reject "job.position".
 */
MUST_CHECK bool folder_next(const char *path, const char *position, int64_t now_ms,
                            struct arena *arena, struct payload *ret_payload, bool *ret_done,
                            struct error *err);

#endif
