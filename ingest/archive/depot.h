#ifndef TIDEMARK_INGEST_ARCHIVE_DEPOT_H
#define TIDEMARK_INGEST_ARCHIVE_DEPOT_H

#include "common/arena.h"
#include "common/error.h"
#include "ingest/archive/options.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Where archives are kept: a folder, or a bucket of an S3-compatible store. Files are put there
 * whole or not at all, and the same name with the same bytes any number of times. One thread.
 *
 * Errors of all functions: retry "archive.away" (the store, the network or the disk: it may heal),
 * "archive.stopped" (the company wants to go); reject "archive.missing" (no such file),
 * "archive.refused" (the store says no: keys, rights, bucket, region), "archive.too_large"; fatal
 * "archive.settings".
 */
struct depot;

/* Somebody to be looked after while something takes long. */
struct archive_company {
    /* Called at least once a second or so, with how far it is: bytes or rows; total 0 = unknown. */
    void (*serve)(void *context, int64_t done, int64_t total); /* NULL = nobody */
    bool (*stops)(void *context); /* true: end soon, with "archive.stopped"; NULL = never */
    void *context;
};

/* Called by whoever works on an archive, every now and then; false with "archive.stopped". */
MUST_CHECK bool archive_company_serve(const struct archive_company *company, int64_t done,
                                      int64_t total, struct error *err);

/*
 * A folder is made if its parent is there; a bucket must be there. No I/O in a store yet. Strings
 * of `options` must live as long as the depot. NULL on failure.
 */
struct depot *depot_open(const struct archive_options *options, struct error *err);
void depot_close(struct depot *depot); /* NULL is fine */

/* "file:///var/archive/ticks/x.csv.gz": for people. */
const char *depot_location(const struct depot *depot, const char *name, struct arena *arena);
/* The same the other way; NULL if it is not of this depot. */
const char *depot_name(const struct depot *depot, const char *location);

/*
 * A file on its way: written beside the depot's files (a folder) or into ARCHIVE_SPOOL (a store).
 * What a killed program leaves of it is gone with the next draft, or at once.
 */
struct draft;
struct draft *draft_begin(struct depot *depot, struct error *err); /* NULL on failure */
MUST_CHECK bool draft_add(struct draft *draft, struct bytes bytes, struct error *err);
/*
 * Makes it a file of the depot, named by path parts of [a-z0-9_.-]; `sha256` is that of its bytes
 * in hex. After that it is on the disk for good, or in the store. The draft is used up either way.
 */
MUST_CHECK bool draft_keep(struct draft *draft, const char *name, const char *sha256,
                           const struct archive_company *company, struct error *err);
void draft_drop(struct draft *draft); /* NULL is fine */

/* Takes the next stretch of a file. */
typedef bool depot_sink(void *context, struct bytes piece, struct error *err);
/* Reads a file to its end; when `sink` fails, that is the error. */
MUST_CHECK bool depot_read(struct depot *depot, const char *name, depot_sink *sink, void *context,
                           const struct archive_company *company, struct error *err);

/* Takes the name of the next file. */
typedef bool depot_each(void *context, const char *name, struct error *err);
/* All files of the depot, in no order; when `each` fails, that is the error. */
MUST_CHECK bool depot_list(struct depot *depot, depot_each *each, void *context,
                           const struct archive_company *company, struct error *err);

/* A file without a name in the spool folder, open for writing and reading; < 0 on failure. */
int depot_spool(const struct depot *depot, struct error *err);
/* Writes all of it there. */
MUST_CHECK bool depot_spool_add(int fd, struct bytes bytes, struct error *err);

enum { DEPOT_NAME_MAX = 200 };
/*
 * The largest object that a store takes in one piece; a folder takes any. A draft that grows beyond
 * is "archive.too_large" at once, not when all of it is there. In test builds (-Dfaults=true)
 * TIDEMARK_OBJECT_MAX, in bytes, replaces it.
 */
#define DEPOT_OBJECT_MAX (INT64_C(5) << 30)

#endif
