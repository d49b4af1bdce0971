#ifndef TIDEMARK_INGEST_ARCHIVE_MANIFEST_H
#define TIDEMARK_INGEST_ARCHIVE_MANIFEST_H

#include "common/arena.h"
#include "common/digest.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What an archived partition is: the file beside its data, and all that is needed to read that
 * without Tidemark. Pure.
 *
 *     {"format": 1, "table": "ticks", "partition": "ticks_20261021", "from":
 * "2026-10-21T00:00:00Z", "to": "2026-10-22T00:00:00Z", "file":
 * "ticks_20261021-0123456789abcdef.csv.gz", "rows": 345600, "bytes": 31104000, "gzip_bytes":
 * 5184000, "sha256": "...", "gzip_sha256": "...", "columns": [{"name": "source_id", "type":
 * "smallint"}, ...], "assets": [{"id": 1, "slug": "bitcoin", "symbol": "BTC", "name": "Bitcoin"}],
 * "newest_run_id": 90412, "newest_payload_id": 1805132, "schema_version": 16, "made_at":
 * "2026-11-21T01:00:07Z", "made_by": "tidemark 0.1.0"}
 *
 * `sha256` and `bytes` are of the CSV: UTF-8, a first line of column names, NULL as nothing, bytea
 * as \x and hex digits, times in UTC; rows in the order of the table's primary key.
 * `assets` are those that its rows name by number; sources and quotes have the same numbers in
 * every database. The newest ids are those that the database had given by then: one that takes the
 * archive on must not give them to others.
 */
struct manifest {
    const char *table, *partition;
    int64_t from_ms, to_ms;
    int64_t rows, bytes, gzip_bytes;
    char sha256[DIGEST_SHA256_HEX + 1], gzip_sha256[DIGEST_SHA256_HEX + 1];
    const char *const *column_names, *const *column_types;
    size_t column_count;
    const char *assets; /* JSON; NULL = it does not say (it was made before manifests did) */
    int64_t newest_run_id, newest_payload_id;
    int64_t schema_version;
    int64_t made_at_ms;
};

enum { MANIFEST_BYTES_MAX = 4 * 1024 * 1024 }; /* tens of thousands of assets */

/* "ticks/ticks_20261021-0123456789abcdef.csv.gz": named by its content, so that no two different
 * archives have one name, and one that is made again replaces itself. */
const char *manifest_data_name(const struct manifest *manifest, struct arena *arena);
/* The same with .json. */
const char *manifest_name(const struct manifest *manifest, struct arena *arena);
/* From the name or the location of the one to that of the other. */
const char *manifest_name_of(const char *data_name, struct arena *arena);

struct bytes manifest_encode(const struct manifest *manifest, struct arena *arena);
/* Error: reject "archive.damaged". */
MUST_CHECK bool manifest_decode(struct bytes text, struct arena *arena,
                                struct manifest *ret_manifest, struct error *err);

/* True if both describe the same rows; else reject "archive.damaged", naming what differs. */
MUST_CHECK bool manifest_same(const struct manifest *found, const struct manifest *wanted,
                              struct error *err);

#endif
