#ifndef TIDEMARK_INGEST_ARCHIVE_ARCHIVE_H
#define TIDEMARK_INGEST_ARCHIVE_ARCHIVE_H

#include "common/database.h"
#include "ingest/archive/depot.h"
#include "ingest/archive/manifest.h"

/*
 * One partition into the depot, and back. The data is one gzip CSV, written and read as a stream:
 * memory does not grow with the partition. Errors: those of depot.h and common/database.h, and
 * reject "archive.damaged": what is in the depot is not what was put there.
 */
struct archive_work {
    struct database *db; /* see archive_connect */
    struct depot *depot;
    struct archive_company company;
    struct arena *arena;
};

/* A session for archives: a statement may take an hour. NULL on failure. */
struct database *archive_connect(const char *url, const char *application_name, struct error *err);

/* What is to be archived: a row of query_archives_due or query_archive_subject. */
struct archive_subject {
    const char *parent, *partition;
    int64_t from_ms, to_ms;
};

/* What was archived, read back and found whole, and not written down yet. */
struct archived {
    struct manifest manifest;
    const char *fingerprint; /* of the rows it was made of */
};

/*
 * Copies the rows as they are at one moment, puts the data and then the manifest into the depot,
 * and reads both back. Repeating it replaces the same files. Nothing is written in the database.
 */
MUST_CHECK bool archive_make(const struct archive_work *work, const struct archive_subject *subject,
                             struct archived *ret_archived, struct error *err);

/* Writes it down, in a transaction of `db` or by itself. */
MUST_CHECK bool archive_record(struct database *db, const struct depot *depot,
                               const struct archived *archived, struct arena *arena,
                               struct error *err);

/* An archive as the database knows it: a row of query_archive_find. */
struct archive_entry {
    int64_t archive_id;
    const char *location;
    bool dropped, there;
    struct manifest manifest; /* without columns, schema and time of making */
};
struct archive_entry archive_entry_read(const struct rows *rows, size_t row, const char *partition);

/* The manifest of that name in the depot ("ticks/ticks_20261021-0123456789abcdef.json"). */
MUST_CHECK bool archive_read_manifest(const struct archive_work *work, const char *name,
                                      struct manifest *ret_manifest, struct error *err);

/*
 * Lets the database know an archive that another one has made, so that it can be restored;
 * `location` is that of its data. `*ret_outcome`: "adopted", "known", or "there" (the partition is
 * here). Also error: reject "archive.assets" (here its assets have other numbers, or it does not
 * say which it has).
 */
MUST_CHECK bool archive_adopt(const struct archive_work *work, const struct manifest *manifest,
                              const char *location, const char **ret_outcome, struct error *err);

/*
 * Reads manifest and data back and holds them against what the database knows. `ret_manifest` is
 * the whole one. The data also goes to `fd`, if that is >= 0.
 */
MUST_CHECK bool archive_verify(const struct archive_work *work, const struct archive_entry *entry,
                               int fd, struct manifest *ret_manifest, struct error *err);

/*
 * Brings the rows of an archive back: into its partition, which is made again and kept for `keep_s`
 * seconds, or into the table `into`. The data is verified before the first row is written, and the
 * rows in the partition after the last, by the hash of the CSV they make; one transaction.
 * `*ret_restored` is false if the partition is there already. Errors: also reject "archive.table"
 * (`into` is no table, or lacks a column).
 */
MUST_CHECK bool archive_restore(const struct archive_work *work, const struct archive_entry *entry,
                                const char *into, int64_t keep_s, bool *ret_restored,
                                struct error *err);

#endif
