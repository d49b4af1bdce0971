#include "ingest/store_writing.h"

#include "schema/queries.h"

#include <inttypes.h>

void
writing_begin(struct writing *writing, const struct batch *batch, const struct markets *markets,
              int64_t source_id)
{
    *writing = (struct writing){
        .batch = batch,
        .markets = *markets,
        .lineage = {.source_id = source_id},
    };
    if (batch->candle_count > 0)
        writing->series = markets_find(markets, batch->candle_symbol);
}

/* Every pair the batch may have a price or a listing of. */
static void
queue_hold(struct database *db, const struct markets *markets, struct arena *arena)
{
    struct text assets, quotes;

    array_start(&assets, arena, 8 * markets->count);
    array_start(&quotes, arena, 4 * markets->count);
    for (size_t i = 0; i < markets->count; i++) {
        array_add_int(&assets, markets->rows[i].asset_id);
        array_add_int(&quotes, markets->rows[i].quote_id);
    }
    database_queue(db, &query_listing_order_hold,
                   SQL_VALUES(SQL_TEXT(array_finish(&assets)), SQL_TEXT(array_finish(&quotes))));
}

/*
 * The wide turn comes first everywhere, then the narrow one, and the rows of the market's order,
 * which other sources write as well, come last: so that nobody waits in a circle.
 */
size_t
writing_queue_turn(struct database *db, const struct writing *writing, struct arena *arena)
{
    const struct market *series = writing->series;
    int64_t source_id = writing->lineage.source_id;
    size_t count = 0;

    if (writing->batch->reference_count > 0) {
        database_queue(db, &query_references_lock, SQL_NO_VALUES);
        count++;
    }
    if (writing->batch->tick_count + writing->batch->listing_count > 0) {
        database_queue(
            db, &query_raw_payload_turn,
            SQL_VALUES(SQL_TEXT(arena_printf(arena, "tidemark.rows/%" PRId64, source_id))));
        count++;
    }
    if (series) {
        database_queue(db, &query_raw_payload_turn,
                       SQL_VALUES(SQL_TEXT(
                           arena_printf(arena, "tidemark.rows/%" PRId64 "/%" PRId64 "/%" PRId64,
                                        source_id, series->asset_id, series->quote_id))));
        count++;
    }
    if (writing->batch->tick_count + writing->batch->listing_count > 0) {
        queue_hold(db, &writing->markets, arena);
        count++;
    }
    return count;
}

/* Candles of a batch ascend. */
static int64_t
first_open_ms(const struct batch *batch)
{
    return batch->candles[0].open_time_ms;
}

static int64_t
last_open_ms(const struct batch *batch)
{
    return batch->candles[batch->candle_count - 1].open_time_ms;
}

bool
writing_queue_look(struct database *db, const struct writing *writing)
{
    const struct batch *batch = writing->batch;

    if (!writing->series)
        return false;
    database_queue(db, &query_candles_any,
                   SQL_VALUES(SQL_INT(writing->lineage.source_id),
                              SQL_INT(writing->series->asset_id),
                              SQL_INT(writing->series->quote_id), SQL_INT(batch->candle_interval_s),
                              SQL_TIME_MS(first_open_ms(batch)), SQL_TIME_MS(last_open_ms(batch))));
    return true;
}

bool
writing_copy(struct database *db, const struct writing *writing, struct arena *arena,
             struct error *err)
{
    const struct batch *batch = writing->batch;

    if (!writing->series)
        return true;
    if (writing->occupied)
        return database_copy(db, &query_candles_stage_copy, rows_copy_stage(batch, arena), err);
    return database_copy(db, &query_candles_copy,
                         rows_copy_candles(batch, writing->series, &writing->lineage, arena), err);
}

/* The candles that are rolled from these: so long, in seconds; 0 = none (ingest/rollup.h). */
static int64_t
rolled_interval_s(const struct batch *batch)
{
    static const int64_t five_minutes = 300, hour = 3600, day = 86400;

    return batch->candle_interval_s == five_minutes ? hour
           : batch->candle_interval_s == hour       ? day
                                                    : 0;
}

/* An upsert marks what it changes by itself; what was copied is new, all of it. */
static void
queue_marks(struct database *db, const struct writing *writing, struct arena *arena)
{
    const struct batch *batch = writing->batch;
    int64_t step_ms = rolled_interval_s(batch) * 1000, last_ms = -1;
    struct text buckets;

    if (step_ms == 0)
        return;
    array_start(&buckets, arena, 4096);
    for (size_t i = 0; i < batch->candle_count; i++) {
        int64_t bucket_ms = batch->candles[i].open_time_ms / step_ms * step_ms;

        if (bucket_ms != last_ms)
            array_add_time_ms(&buckets, bucket_ms);
        last_ms = bucket_ms;
    }
    database_queue(db, &query_rollup_marks_add,
                   SQL_VALUES(SQL_INT(writing->lineage.source_id),
                              SQL_INT(writing->series->asset_id),
                              SQL_INT(writing->series->quote_id), SQL_INT(step_ms / 1000),
                              SQL_TEXT(array_finish(&buckets))));
}

static void
queue_upsert(struct database *db, const struct writing *writing)
{
    const struct batch *batch = writing->batch;
    const struct lineage *lineage = &writing->lineage;
    int64_t rolled_s = rolled_interval_s(batch);

    database_queue(db, &query_candles_upsert,
                   SQL_VALUES(SQL_INT(lineage->source_id), SQL_INT(writing->series->asset_id),
                              SQL_INT(writing->series->quote_id), SQL_INT(batch->candle_interval_s),
                              SQL_INT(batch->candle_origin), SQL_INT(lineage->run_id),
                              SQL_INT(lineage->payload_id), SQL_TIME_MS(lineage->known_at_ms),
                              rolled_s ? SQL_INT(rolled_s) : SQL_NULL));
}

/* Queues what becomes of the candles once they are there. */
static size_t
queue_candles(struct database *db, const struct writing *writing, struct arena *arena)
{
    const struct batch *batch = writing->batch;
    const struct lineage *lineage = &writing->lineage;

    if (!writing->series)
        return 0;
    if (writing->occupied)
        queue_upsert(db, writing);
    else
        queue_marks(db, writing, arena);
    database_queue(db, &query_series_extend,
                   SQL_VALUES(SQL_INT(lineage->source_id), SQL_INT(writing->series->asset_id),
                              SQL_INT(writing->series->quote_id), SQL_INT(batch->candle_interval_s),
                              SQL_TIME_MS(first_open_ms(batch)), SQL_TIME_MS(last_open_ms(batch))));
    rows_queue_latest_candle(db, batch, writing->series, lineage);
    return batch->candle_count;
}

size_t
writing_queue_rows(struct database *db, const struct writing *writing, struct arena *arena)
{
    size_t records = queue_candles(db, writing, arena);

    records += rows_queue_ticks(db, writing->batch, &writing->markets, &writing->lineage, arena);
    records += rows_queue_listings(db, writing->batch, &writing->markets, &writing->lineage, arena);
    return records;
}
