#include "ingest/store_kept.h"

#include "ingest/store_partitions.h"
#include "ingest/store_writing.h"
#include "schema/queries.h"

#include <string.h>

bool
store_kept_prepare(struct database *db, struct error *err)
{
    return database_run(db, &query_candles_stage_create, SQL_NO_VALUES, NULL, NULL, err);
}

static struct database_value
moment_or_null(int64_t at_ms)
{
    return at_ms ? SQL_TIME_MS(at_ms) : SQL_NULL;
}

static void
queue_payload(struct database *db, const struct kept_payload *kept)
{
    database_queue(
        db, &query_rebuild_payload_insert,
        SQL_VALUES(SQL_INT(kept->payload_id), SQL_INT(kept->run_id), SQL_INT(kept->source_id),
                   SQL_TEXT(kept->fetched_at), SQL_TEXT(kept->target), SQL_INT(kept->http_status),
                   SQL_TEXT(kept->content_type), SQL_TEXT(kept->verdict),
                   SQL_TEXT(kept->error_code), SQL_BYTES(kept->sha256), SQL_BYTES(kept->body),
                   SQL_TEXT(kept->rejects), SQL_TEXT(kept->position), moment_or_null(kept->from_ms),
                   moment_or_null(kept->to_ms), SQL_TEXT(kept->markets)));
}

static bool
write_alone(struct database *db, const struct kept_payload *kept, struct error *err)
{
    queue_payload(db, kept);
    return database_flush(db, NULL, NULL, err);
}

static bool
write_with_rows(struct database *db, const struct kept_payload *kept, const struct batch *batch,
                const struct markets *markets, struct arena *arena, struct error *err)
{
    struct writing writing;
    const struct rows *answers;
    size_t at;
    bool looks;

    writing_begin(&writing, batch, markets, kept->source_id);
    writing.lineage.run_id = kept->run_id;
    writing.lineage.payload_id = kept->payload_id;
    writing.lineage.known_at_ms = kept->fetched_at_ms;
    database_queue_begin(db);
    at = 1 + writing_queue_turn(db, &writing, arena);
    queue_payload(db, kept);
    looks = writing_queue_look(db, &writing);
    if (!database_flush(db, arena, &answers, err))
        return false;
    writing.occupied = looks && rows_bool(&answers[at + 1], 0, 0);
    if (!writing_copy(db, &writing, arena, err))
        return false;
    writing_queue_rows(db, &writing, arena);
    database_queue_commit(db);
    return database_flush(db, arena, NULL, err);
}

static bool
write_kept(struct database *db, const struct kept_payload *kept, const struct batch *batch,
           const struct markets *markets, struct arena *arena, struct error *err)
{
    bool written =
        batch ? write_with_rows(db, kept, batch, markets, arena, err) : write_alone(db, kept, err);

    if (!written)
        database_rollback(db);
    return written;
}

bool
store_kept(struct database *db, const struct kept_payload *kept, const struct batch *batch,
           const struct markets *markets, struct arena *arena, struct error *err)
{
    struct error first;

    if (write_kept(db, kept, batch, markets, arena, &first))
        return true;
    if (strcmp(first.code, "database.no_partition") == 0)
        return partitions_ensure_for(db, kept->fetched_at_ms, batch, arena, &batch, err) &&
               write_kept(db, kept, batch, markets, arena, err);
    *err = first;
    return false;
}
