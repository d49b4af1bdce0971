#include "ingest/store_partitions.h"

#include "schema/queries.h"

static const int64_t day_ms = INT64_C(86400000);

/* Adds a moment to an array, unless it is of the day of the one before. */
static void
add_day(struct text *moments, int64_t at_ms, int64_t *last_day)
{
    int64_t day = at_ms / day_ms;

    if (day == *last_day)
        return;
    *last_day = day;
    array_add_time_ms(moments, at_ms);
}

static void
queue_partitions(struct database *db, const char *table, struct text *moments)
{
    database_queue(db, &query_partitions_ensure,
                   SQL_VALUES(SQL_TEXT(table), SQL_TEXT(array_finish(moments))));
}

bool
partitions_ensure_for(struct database *db, int64_t fetched_at_ms, const struct batch *batch,
                      struct arena *arena, struct error *err)
{
    int64_t tick_day = -1, candle_day = -1;
    struct text payloads, ticks, candles;

    array_start(&payloads, arena, 64);
    array_start(&ticks, arena, 4096);
    array_start(&candles, arena, 4096);
    array_add_time_ms(&payloads, fetched_at_ms);
    for (size_t i = 0; batch && i < batch->tick_count; i++)
        add_day(&ticks, batch->ticks[i].observed_at_ms, &tick_day);
    for (size_t i = 0; batch && i < batch->candle_count; i++)
        add_day(&candles, batch->candles[i].open_time_ms, &candle_day);
    queue_partitions(db, "raw_payloads", &payloads);
    queue_partitions(db, "ticks", &ticks);
    queue_partitions(db, "candles", &candles);
    return database_flush(db, arena, NULL, err);
}
