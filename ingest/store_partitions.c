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
queue_partitions(struct database *db, const char *table, const char *moments)
{
    database_queue(db, &query_partitions_ensure, SQL_VALUES(SQL_TEXT(table), SQL_TEXT(moments)));
}

bool
partitions_ensure_for(struct database *db, int64_t fetched_at_ms, const struct batch *batch,
                      struct arena *arena, struct error *err)
{
    int64_t tick_day = -1, candle_day = -1;
    struct text payloads, ticks, candles;
    const char *candle_moments;

    array_start(&payloads, arena, 64);
    array_start(&ticks, arena, 4096);
    array_start(&candles, arena, 4096);
    array_add_time_ms(&payloads, fetched_at_ms);
    for (size_t i = 0; batch && i < batch->tick_count; i++)
        add_day(&ticks, batch->ticks[i].observed_at_ms, &tick_day);
    for (size_t i = 0; batch && i < batch->candle_count; i++)
        add_day(&candles, batch->candles[i].open_time_ms, &candle_day);
    candle_moments = array_finish(&candles);
    queue_partitions(db, "raw_payloads", array_finish(&payloads));
    queue_partitions(db, "ticks", array_finish(&ticks));
    queue_partitions(db, "candles", candle_moments);
    queue_partitions(db, "candle_revisions", candle_moments);
    return database_flush(db, arena, NULL, err);
}
