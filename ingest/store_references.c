#include "ingest/store_references.h"

#include "schema/queries.h"

enum { STAGE_ROW = 64 }; /* expected bytes of a row, to grow seldom */

static struct bytes
stage_text(const struct batch *batch, struct arena *arena)
{
    struct text rows;

    text_init(&rows, arena, batch->reference_count * STAGE_ROW);
    for (size_t i = 0; i < batch->reference_count; i++) {
        const struct reference *reference = &batch->references[i];

        copy_cell(&rows, reference->symbol);
        copy_cell(&rows, reference->ticker);
        copy_cell(&rows, reference->quote);
        copy_cell(&rows, reference->name);
        copy_cell(&rows, reference->asset);
        if (reference->rank > 0 && reference->rank <= INT32_MAX)
            copy_cell_int(&rows, reference->rank);
        else
            copy_cell(&rows, NULL);
        copy_cell(&rows, reference->active ? "t" : "f");
        copy_end_row(&rows);
    }
    return text_finish(&rows);
}

static bool
makes_assets(const struct batch *batch)
{
    for (size_t i = 0; i < batch->reference_count; i++)
        if (batch->references[i].asset)
            return true;
    return false;
}

static void
queue_entries(struct database *db, const struct batch *batch, const struct lineage *lineage,
              int64_t seen_at_ms)
{
    const struct database_value source = SQL_INT(lineage->source_id);
    const struct database_value run = SQL_INT(lineage->run_id);
    const struct database_value payload = SQL_INT(lineage->payload_id);
    const struct database_value seen_at = SQL_TIME_MS(seen_at_ms);

    database_queue(db, &query_references_retire_renamed, SQL_VALUES(source, seen_at));
    database_queue(db, &query_references_upsert, SQL_VALUES(source, run, payload, seen_at));
    if (batch->references_whole)
        database_queue(db, &query_references_end_missing,
                       SQL_VALUES(source, run, payload, seen_at));
}

/* New assets may be what coins and markets of every source were waiting for. */
static void
queue_mappings(struct database *db, const struct batch *batch, const struct lineage *lineage)
{
    const bool everywhere = makes_assets(batch);
    const struct database_value source = SQL_INT(lineage->source_id);
    const struct database_value sources = everywhere ? SQL_NULL : source;

    if (everywhere) {
        database_queue(db, &query_references_make_assets, SQL_NO_VALUES);
        database_queue(db, &query_references_make_coins, SQL_VALUES(source));
    }
    database_queue(db, &query_references_follow, SQL_VALUES(source));
    database_queue(db, &query_references_map_coins, SQL_VALUES(sources, SQL_NULL));
    database_queue(db, &query_references_map_markets, SQL_VALUES(sources));
}

bool
references_write(struct database *db, const struct batch *batch, const struct lineage *lineage,
                 int64_t seen_at_ms, struct arena *arena, int64_t *ret_unmapped, struct error *err)
{
    struct rows unmapped;

    *ret_unmapped = 0;
    if (batch->reference_count == 0)
        return true;
    if (!database_copy(db, &query_references_stage_copy, stage_text(batch, arena), err))
        return false;
    queue_entries(db, batch, lineage, seen_at_ms);
    queue_mappings(db, batch, lineage);
    if (!database_flush(db, arena, NULL, err) ||
        !database_run(db, &query_references_count_unmapped, SQL_VALUES(SQL_INT(lineage->source_id)),
                      arena, &unmapped, err))
        return false;
    *ret_unmapped = rows_int(&unmapped, 0, 0, 0);
    return true;
}
