#include "ingest/archive/archive.h"

#include "common/clock.h"
#include "common/fault.h"
#include "ingest/archive/flow.h"
#include "schema/queries.h"

#include <string.h>

enum { STATEMENT_MS = 3600 * 1000, SERVE_ROWS = 1000 };

struct database *
archive_connect(const char *url, const char *application_name, struct error *err)
{
    const struct database_settings settings = {.url = url,
                                               .application_name = application_name,
                                               .statement_timeout_ms = STATEMENT_MS,
                                               .idle_in_transaction_timeout_ms = STATEMENT_MS};
    struct database *db = database_connect(&settings, err);
    struct arena *arena = arena_create(1024);

    if (db && !database_run(db, &query_archive_session, SQL_NO_VALUES, arena, NULL, err)) {
        database_destroy(db);
        db = NULL;
    }
    arena_destroy(arena);
    return db;
}

/* ---- into the depot ---- */

/* Rows of a COPY on their way to a draft. */
struct writing {
    struct packing *packing;
    struct draft *draft;
    const struct archive_company *company;
    int64_t rows, total;
};

static bool
add_packed(void *context, struct bytes piece, struct error *err)
{
    struct writing *writing = context;

    return draft_add(writing->draft, piece, err);
}

static bool
add_row(void *context, struct bytes row, struct error *err)
{
    struct writing *writing = context;

    if (++writing->rows % SERVE_ROWS == 0) {
        fault_point("after:archive_rows");
        if (!archive_company_serve(writing->company, writing->rows, writing->total, err))
            return false;
    }
    return packing_add(writing->packing, row, err);
}

/* The columns of the table, and the COPY that writes them. */
static bool
describe(const struct archive_work *work, struct manifest *manifest, struct query *ret_copy,
         struct error *err)
{
    const char **names, **types;
    struct rows columns, copy;
    struct text list;

    if (!database_run(work->db, &query_archive_columns, SQL_VALUES(SQL_TEXT(manifest->table)),
                      work->arena, &columns, err))
        return false;
    names = arena_alloc_array(work->arena, columns.count + 1, sizeof *names);
    types = arena_alloc_array(work->arena, columns.count + 1, sizeof *types);
    array_start(&list, work->arena, 1024);
    for (size_t i = 0; i < columns.count; i++) {
        names[i] = rows_text(&columns, i, 0);
        types[i] = rows_text(&columns, i, 1);
        array_add(&list, names[i]);
    }
    manifest->column_names = names;
    manifest->column_types = types;
    manifest->column_count = columns.count;
    if (!database_run(work->db, &query_archive_copy_out,
                      SQL_VALUES(SQL_TEXT(manifest->table), SQL_TIME_MS(manifest->from_ms),
                                 SQL_TIME_MS(manifest->to_ms), SQL_TEXT(array_finish(&list))),
                      work->arena, &copy, err))
        return false;
    if (copy.count == 0 || !rows_text(&copy, 0, 0))
        return error_set(err, ERROR_REJECT, "archive.table", "%s has no partitions",
                         manifest->table);
    *ret_copy = (struct query){.name = "archive_copy", .sql = rows_text(&copy, 0, 0)};
    return true;
}

/* The rows of the partition as CSV through `packing`. */
static bool
copy_rows(const struct archive_work *work, struct manifest *manifest, struct writing *writing,
          struct error *err)
{
    struct flow_measure measure;
    struct query copy;

    if (!describe(work, manifest, &copy, err) ||
        !database_copy_out(work->db, &copy, add_row, writing, err) ||
        !packing_finish(writing->packing, &measure, err))
        return false;
    flow_write_down(&measure, manifest);
    return true;
}

static bool
look_up_references(const struct archive_work *work, struct manifest *manifest, struct error *err)
{
    struct rows rows;

    if (!database_run(work->db, &query_archive_references,
                      SQL_VALUES(SQL_TEXT(manifest->table), SQL_TIME_MS(manifest->from_ms),
                                 SQL_TIME_MS(manifest->to_ms)),
                      work->arena, &rows, err))
        return false;
    manifest->assets = rows_text(&rows, 0, 0);
    manifest->newest_run_id = rows_int(&rows, 0, 1, 0);
    manifest->newest_payload_id = rows_int(&rows, 0, 2, 0);
    return true;
}

/* All in one snapshot, so that the fingerprint is of the rows that were copied. */
static bool
copy_snapshot(const struct archive_work *work, struct archived *archived, struct writing *writing,
              struct error *err)
{
    struct rows seen, schema;
    bool done;

    if (!database_run(work->db, &query_archive_begin, SQL_NO_VALUES, work->arena, NULL, err))
        return false;
    done =
        database_run(work->db, &query_archive_fingerprint,
                     SQL_VALUES(SQL_TEXT(archived->manifest.partition)), work->arena, &seen, err) &&
        database_run(work->db, &query_doctor_schema, SQL_NO_VALUES, work->arena, &schema, err);
    if (done) {
        writing->total = rows_int(&seen, 0, 0, 0);
        done = look_up_references(work, &archived->manifest, err) &&
               copy_rows(work, &archived->manifest, writing, err) && database_commit(work->db, err);
    }
    if (!done) {
        database_rollback(work->db);
        return false;
    }
    archived->fingerprint = rows_text(&seen, 0, 1);
    archived->manifest.schema_version = rows_int(&schema, 0, 0, 0);
    if (archived->manifest.rows == rows_int(&seen, 0, 0, -1))
        return true;
    return error_set(err, ERROR_RETRY, "archive.rows", "%s has %lld rows, but %lld were copied",
                     archived->manifest.partition, (long long)rows_int(&seen, 0, 0, -1),
                     (long long)archived->manifest.rows);
}

static bool
put_manifest(const struct archive_work *work, const struct manifest *manifest, struct error *err)
{
    struct bytes text = manifest_encode(manifest, work->arena);
    struct draft *draft = draft_begin(work->depot, err);
    char sha256[DIGEST_SHA256_HEX + 1];

    if (!draft)
        return false;
    digest_sha256_hex(text.data, text.size, DIGEST_SHA256_HEX, sha256);
    if (!draft_add(draft, text, err)) {
        draft_drop(draft);
        return false;
    }
    return draft_keep(draft, manifest_name(manifest, work->arena), sha256, &work->company, err);
}

static bool
put_data(const struct archive_work *work, struct archived *archived, struct error *err)
{
    struct writing writing = {.company = &work->company};
    bool copied;

    writing.draft = draft_begin(work->depot, err);
    if (!writing.draft)
        return false;
    writing.packing = packing_create(add_packed, &writing);
    copied = copy_snapshot(work, archived, &writing, err);
    packing_destroy(writing.packing);
    if (!copied) {
        draft_drop(writing.draft);
        return false;
    }
    return draft_keep(writing.draft, manifest_data_name(&archived->manifest, work->arena),
                      archived->manifest.gzip_sha256, &work->company, err);
}

/* ---- read back ---- */

/* A file that is small. */
struct small {
    struct text text;
    size_t room;
};

static bool
take_small(void *context, struct bytes piece, struct error *err)
{
    struct small *small = context;

    if (small->text.size + piece.size > small->room)
        return error_set(err, ERROR_REJECT, "archive.damaged", "the manifest is too large");
    text_add(&small->text, piece.data, piece.size);
    return true;
}

bool
archive_read_manifest(const struct archive_work *work, const char *name,
                      struct manifest *ret_manifest, struct error *err)
{
    struct small small = {.room = MANIFEST_BYTES_MAX};

    text_init(&small.text, work->arena, 4096);
    return depot_read(work->depot, name, take_small, &small, &work->company, err) &&
           (manifest_decode(text_finish(&small.text), work->arena, ret_manifest, err) ||
            error_prefix(err, "%s", name));
}

/* Packed bytes on their way from the depot. */
struct reading {
    struct unpacking *unpacking;
    const struct archive_company *company;
    int fd;       /* for a copy; -1 = none */
    int64_t most; /* bytes that there should be */
    int64_t seen;
};

static bool
take_packed(void *context, struct bytes piece, struct error *err)
{
    struct reading *reading = context;

    reading->seen += (int64_t)piece.size;
    if (reading->seen > reading->most)
        return error_set(err, ERROR_REJECT, "archive.damaged", "the file is longer than it was");
    if (!archive_company_serve(reading->company, reading->seen, reading->most, err))
        return false;
    if (reading->fd >= 0 && !depot_spool_add(reading->fd, piece, err))
        return false;
    return unpacking_add(reading->unpacking, piece, err);
}

/* What is in the depot under the name of the data, as a manifest of it would say. */
static bool
read_data(const struct archive_work *work, const char *name, int64_t most, int fd,
          struct manifest *manifest, struct error *err)
{
    struct reading reading = {.company = &work->company, .fd = fd, .most = most};
    struct flow_measure measure;
    bool done;

    reading.unpacking = unpacking_create(NULL, NULL);
    done = depot_read(work->depot, name, take_packed, &reading, &work->company, err) &&
           unpacking_finish(reading.unpacking, &measure, err);
    unpacking_destroy(reading.unpacking);
    if (done)
        flow_write_down(&measure, manifest);
    else if (strcmp(err->code, "gzip.malformed") == 0)
        err->code = "archive.damaged";
    return done;
}

static bool
verify(const struct archive_work *work, const char *data_name, const struct manifest *wanted,
       int fd, struct manifest *ret_manifest, struct error *err)
{
    struct manifest found;

    if (!archive_read_manifest(work, manifest_name_of(data_name, work->arena), ret_manifest, err))
        return false;
    found = *ret_manifest;
    if (!manifest_same(&found, wanted, err))
        return error_prefix(err, "%s", manifest_name_of(data_name, work->arena));
    return read_data(work, data_name, wanted->gzip_bytes, fd, &found, err) &&
           (manifest_same(&found, wanted, err) || error_prefix(err, "%s", data_name));
}

bool
archive_verify(const struct archive_work *work, const struct archive_entry *entry, int fd,
               struct manifest *ret_manifest, struct error *err)
{
    const char *name = depot_name(work->depot, entry->location);

    if (!name)
        return error_set(err, ERROR_REJECT, "archive.missing", "%s is not below ARCHIVE_URL",
                         entry->location);
    return verify(work, name, &entry->manifest, fd, ret_manifest, err);
}

bool
archive_make(const struct archive_work *work, const struct archive_subject *subject,
             struct archived *ret_archived, struct error *err)
{
    struct archived archived = {
        .manifest = {.table = subject->parent,
                     .partition = subject->partition,
                     .from_ms = subject->from_ms,
                     .to_ms = subject->to_ms,
                     .made_at_ms = clock_now_ms()}
    };
    struct manifest found;

    if (!put_data(work, &archived, err))
        return error_prefix(err, "archive of %s", subject->partition);
    fault_point("after:archive_data");
    if (!put_manifest(work, &archived.manifest, err))
        return error_prefix(err, "archive of %s", subject->partition);
    fault_point("after:archive_manifest");
    if (!verify(work, manifest_data_name(&archived.manifest, work->arena), &archived.manifest, -1,
                &found, err))
        return error_prefix(err, "archive of %s", subject->partition);
    *ret_archived = archived;
    return true;
}

/* ---- in the database ---- */

bool
archive_record(struct database *db, const struct depot *depot, const struct archived *archived,
               struct arena *arena, struct error *err)
{
    const struct manifest *made = &archived->manifest;
    const char *name = manifest_data_name(made, arena);

    return database_run(db, &query_archive_record,
                        SQL_VALUES(SQL_TEXT(made->table), SQL_TEXT(made->partition),
                                   SQL_TIME_MS(made->from_ms), SQL_TIME_MS(made->to_ms),
                                   SQL_INT(made->rows), SQL_INT(made->bytes),
                                   SQL_INT(made->gzip_bytes), SQL_TIME_MS(made->made_at_ms),
                                   SQL_INT(made->schema_version), SQL_TEXT(made->sha256),
                                   SQL_TEXT(made->gzip_sha256), SQL_TEXT(archived->fingerprint),
                                   SQL_TEXT(depot_location(depot, name, arena))),
                        arena, NULL, err);
}

bool
archive_adopt(const struct archive_work *work, const struct manifest *manifest,
              const char *location, const char **ret_outcome, struct error *err)
{
    struct rows rows;

    if (!manifest->assets)
        return error_set(err, ERROR_REJECT, "archive.assets",
                         "it was made before manifests said which assets its numbers mean");
    if (!database_run(work->db, &query_archive_adopt,
                      SQL_VALUES(SQL_TEXT(manifest->table), SQL_TEXT(manifest->partition),
                                 SQL_TIME_MS(manifest->from_ms), SQL_TIME_MS(manifest->to_ms),
                                 SQL_INT(manifest->rows), SQL_INT(manifest->bytes),
                                 SQL_INT(manifest->gzip_bytes), SQL_TIME_MS(manifest->made_at_ms),
                                 SQL_INT(manifest->schema_version), SQL_TEXT(manifest->sha256),
                                 SQL_TEXT(manifest->gzip_sha256), SQL_TEXT(location),
                                 SQL_TEXT(manifest->assets), SQL_INT(manifest->newest_run_id),
                                 SQL_INT(manifest->newest_payload_id)),
                      work->arena, &rows, err))
        return false;
    *ret_outcome = rows_text(&rows, 0, 0);
    return true;
}

static void
copy_hash(const struct rows *rows, size_t row, size_t column, char to[DIGEST_SHA256_HEX + 1])
{
    struct bytes hex = rows_cell(rows, row, column);

    memcpy(to, hex.data, hex.size < DIGEST_SHA256_HEX ? hex.size : DIGEST_SHA256_HEX);
}

struct archive_entry
archive_entry_read(const struct rows *rows, size_t row, const char *partition)
{
    struct archive_entry entry = {
        .archive_id = rows_int(rows, row, 0, 0),
        .location = rows_text(rows, row, 9),
        .dropped = rows_bool(rows, row, 10),
        .there = rows_bool(rows, row, 11),
        .manifest = {.table = rows_text(rows, row, 1),
                     .partition = partition,
                     .from_ms = rows_int(rows, row, 2, 0),
                     .to_ms = rows_int(rows, row, 3, 0),
                     .rows = rows_int(rows, row, 4, 0),
                     .bytes = rows_int(rows, row, 5, 0),
                     .gzip_bytes = rows_int(rows, row, 6, 0)},
    };

    copy_hash(rows, row, 7, entry.manifest.sha256);
    copy_hash(rows, row, 8, entry.manifest.gzip_sha256);
    return entry;
}
