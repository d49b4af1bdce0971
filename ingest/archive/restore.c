#include "ingest/archive/archive.h"
#include "ingest/archive/flow.h"
#include "schema/queries.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 8 * 1024 }; /* unpacks to at most 8 MiB */

/* A verified file, a stretch of CSV at a time. */
struct pouring {
    int fd;
    struct unpacking *unpacking;
    struct arena *arena; /* of one stretch */
    struct text plain;
    const struct archive_company *company;
    int64_t seen, size; /* bytes of the file */
};

static bool
take_plain(void *context, struct bytes piece, struct error *err)
{
    struct pouring *pouring = context;

    text_add(&pouring->plain, piece.data, piece.size);
    return true;
}

/* What one stretch of the file unpacks to may be nothing yet, so it goes on until there is
 * something or the end. */
static bool
pour(void *context, struct bytes *ret_piece, struct error *err)
{
    struct pouring *pouring = context;
    char packed[PIECE_BYTES];
    ssize_t size = 1;

    arena_reset(pouring->arena);
    text_init(&pouring->plain, pouring->arena, PIECE_BYTES);
    while (pouring->plain.size == 0 && size != 0) {
        size = read(pouring->fd, packed, sizeof packed);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return error_set(err, ERROR_RETRY, "archive.away", "ARCHIVE_SPOOL: %s",
                             strerror(errno));
        pouring->seen += size;
        if (!unpacking_add(pouring->unpacking, (struct bytes){packed, (size_t)size}, err))
            return false;
    }
    *ret_piece = (struct bytes){pouring->plain.data, pouring->plain.size};
    return archive_company_serve(pouring->company, pouring->seen, pouring->size, err);
}

static const char *
column_array(const struct manifest *manifest, struct arena *arena)
{
    struct text list;

    array_start(&list, arena, 1024);
    for (size_t i = 0; i < manifest->column_count; i++)
        array_add(&list, manifest->column_names[i]);
    return array_finish(&list);
}

/* The file at `fd` into a table. */
static bool
copy_in(const struct archive_work *work, const struct manifest *manifest, const char *table, int fd,
        struct error *err)
{
    struct pouring pouring = {.fd = fd, .company = &work->company, .size = manifest->gzip_bytes};
    struct query copy = {.name = "archive_copy"};
    struct rows rows;
    bool copied;

    if (!database_run(work->db, &query_archive_copy_in,
                      SQL_VALUES(SQL_TEXT(table), SQL_TEXT(column_array(manifest, work->arena))),
                      work->arena, &rows, err))
        return false;
    if (rows.count == 0)
        return error_set(err, ERROR_REJECT, "archive.table", "there is no table %.100s", table);
    copy.sql = rows_text(&rows, 0, 0);
    pouring.arena = arena_create(8 * PIECE_BYTES);
    pouring.unpacking = unpacking_create(take_plain, &pouring);
    copied =
        lseek(fd, 0, SEEK_SET) == 0 && database_copy_from(work->db, &copy, pour, &pouring, err);
    unpacking_destroy(pouring.unpacking);
    arena_destroy(pouring.arena);
    return copied;
}

/* ---- what is in the partition now ---- */

static bool
measure_row(void *context, struct bytes row, struct error *err)
{
    return packing_add(context, row, err);
}

/* The rows that were put back make the same CSV as those that were taken. */
static bool
check_rows(const struct archive_work *work, const struct manifest *manifest, struct error *err)
{
    struct query copy = {.name = "archive_copy"};
    struct flow_measure measure;
    struct packing *packing;
    struct rows rows;
    bool copied;

    if (!database_run(work->db, &query_archive_copy_out,
                      SQL_VALUES(SQL_TEXT(manifest->table), SQL_TIME_MS(manifest->from_ms),
                                 SQL_TIME_MS(manifest->to_ms),
                                 SQL_TEXT(column_array(manifest, work->arena))),
                      work->arena, &rows, err))
        return false;
    copy.sql = rows_text(&rows, 0, 0);
    packing = packing_create(NULL, NULL);
    copied = database_copy_out(work->db, &copy, measure_row, packing, err) &&
             packing_finish(packing, &measure, err);
    packing_destroy(packing);
    if (!copied || strcmp(measure.sha256, manifest->sha256) == 0)
        return copied;
    return error_set(err, ERROR_REJECT, "archive.damaged",
                     "%lld rows were read and make another CSV than was archived",
                     (long long)measure.rows);
}

/* ---- one transaction ---- */

static bool
into_partition(const struct archive_work *work, const struct archive_entry *entry,
               const struct manifest *manifest, int64_t keep_s, int fd, bool *ret_restored,
               struct error *err)
{
    struct rows made;

    if (!database_run(work->db, &query_partition_restore,
                      SQL_VALUES(SQL_INT(entry->archive_id), SQL_INT(keep_s)), work->arena, &made,
                      err))
        return false;
    *ret_restored = rows_bool(&made, 0, 0);
    if (!*ret_restored)
        return true;
    return copy_in(work, manifest, manifest->table, fd, err) && check_rows(work, manifest, err) &&
           database_run(work->db, &query_partition_restored, SQL_VALUES(SQL_INT(entry->archive_id)),
                        work->arena, NULL, err);
}

static bool
write_all(const struct archive_work *work, const struct archive_entry *entry,
          const struct manifest *manifest, const char *into, int64_t keep_s, int fd,
          bool *ret_restored, struct error *err)
{
    bool done;

    if (!database_begin(work->db, err))
        return false;
    *ret_restored = true;
    done = into ? copy_in(work, manifest, into, fd, err)
                : into_partition(work, entry, manifest, keep_s, fd, ret_restored, err);
    if (done && database_commit(work->db, err))
        return true;
    database_rollback(work->db);
    return false;
}

bool
archive_restore(const struct archive_work *work, const struct archive_entry *entry,
                const char *into, int64_t keep_s, bool *ret_restored, struct error *err)
{
    struct manifest manifest;
    bool done;
    int fd;

    *ret_restored = false;
    if (!into && !entry->dropped)
        return true;
    fd = depot_spool(work->depot, err);
    if (fd < 0)
        return false;
    done = archive_verify(work, entry, fd, &manifest, err) &&
           write_all(work, entry, &manifest, into, keep_s, fd, ret_restored, err);
    close(fd);
    return done || error_prefix(err, "restore of %s", entry->manifest.partition);
}
