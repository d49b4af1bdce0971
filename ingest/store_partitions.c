#include "ingest/store_partitions.h"

#include "common/clock.h"
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

/* ---- what was dropped ---- */

/* Of one answer of query_partitions_expired, or of two. */
struct expired {
    const struct rows *ranges[2];
};

static bool
is_expired(const struct expired *expired, int64_t at_ms)
{
    for (size_t i = 0; i < COUNT_OF(expired->ranges); i++) {
        const struct rows *ranges = expired->ranges[i];

        for (size_t row = 0; ranges && row < ranges->count; row++)
            if (at_ms >= rows_int(ranges, row, 0, 0) && at_ms < rows_int(ranges, row, 1, 0))
                return true;
    }
    return false;
}

/* A batch that others read is not changed: this is the copy that loses rows. */
struct sieve {
    struct batch batch;
    struct reject *rejects;
    struct arena *arena;
};

static void
refuse(struct sieve *sieve, const char *symbol, int64_t at_ms)
{
    char moment[CLOCK_TEXT_SIZE];

    sieve->batch.rejected++;
    if (sieve->batch.reject_count == BATCH_REJECTS_MAX)
        return;
    sieve->rejects[sieve->batch.reject_count++] = (struct reject){
        .where = symbol,
        .reason = "time.expired",
        .excerpt = arena_string(sieve->arena, clock_format_ms(at_ms, moment)),
    };
}

static void
sift_ticks(struct sieve *sieve, const struct expired *expired)
{
    const struct batch from = sieve->batch;
    struct tick *ticks = arena_alloc_array(sieve->arena, from.tick_count + 1, sizeof *ticks);

    sieve->batch.ticks = ticks;
    sieve->batch.tick_count = 0;
    for (size_t i = 0; i < from.tick_count; i++)
        if (is_expired(expired, from.ticks[i].observed_at_ms))
            refuse(sieve, from.ticks[i].symbol, from.ticks[i].observed_at_ms);
        else
            ticks[sieve->batch.tick_count++] = from.ticks[i];
}

static void
sift_candles(struct sieve *sieve, const struct expired *expired)
{
    const struct batch from = sieve->batch;
    struct candle *candles =
        arena_alloc_array(sieve->arena, from.candle_count + 1, sizeof *candles);

    sieve->batch.candles = candles;
    sieve->batch.candle_count = 0;
    for (size_t i = 0; i < from.candle_count; i++)
        if (is_expired(expired, from.candles[i].open_time_ms))
            refuse(sieve, from.candle_symbol, from.candles[i].open_time_ms);
        else
            candles[sieve->batch.candle_count++] = from.candles[i];
}

static const struct batch *
sift(const struct batch *batch, const struct expired *ticks, const struct expired *candles,
     struct arena *arena)
{
    struct sieve *sieve = arena_alloc_array(arena, 1, sizeof *sieve);

    sieve->batch = *batch;
    sieve->arena = arena;
    sieve->rejects = arena_alloc_array(arena, BATCH_REJECTS_MAX, sizeof *sieve->rejects);
    for (size_t i = 0; i < batch->reject_count; i++)
        sieve->rejects[i] = batch->rejects[i];
    sieve->batch.rejects = sieve->rejects;
    sift_ticks(sieve, ticks);
    sift_candles(sieve, candles);
    return &sieve->batch;
}

/* ---- both ---- */

static void
queue_expired(struct database *db, const char *table, const char *moments)
{
    database_queue(db, &query_partitions_expired, SQL_VALUES(SQL_TEXT(table), SQL_TEXT(moments)));
}

bool
partitions_ensure_for(struct database *db, int64_t fetched_at_ms, const struct batch *batch,
                      struct arena *arena, const struct batch **ret_batch, struct error *err)
{
    int64_t tick_day = -1, candle_day = -1;
    struct text payloads, ticks, candles;
    const char *tick_moments, *candle_moments;
    const struct rows *answers;

    array_start(&payloads, arena, 64);
    array_start(&ticks, arena, 4096);
    array_start(&candles, arena, 4096);
    array_add_time_ms(&payloads, fetched_at_ms);
    for (size_t i = 0; batch && i < batch->tick_count; i++)
        add_day(&ticks, batch->ticks[i].observed_at_ms, &tick_day);
    for (size_t i = 0; batch && i < batch->candle_count; i++)
        add_day(&candles, batch->candles[i].open_time_ms, &candle_day);
    tick_moments = array_finish(&ticks);
    candle_moments = array_finish(&candles);
    queue_expired(db, "ticks", tick_moments);
    queue_expired(db, "candles", candle_moments);
    queue_expired(db, "candle_revisions", candle_moments); /* where a correction would go */
    queue_partitions(db, "raw_payloads", array_finish(&payloads));
    queue_partitions(db, "ticks", tick_moments);
    queue_partitions(db, "candles", candle_moments);
    queue_partitions(db, "candle_revisions", candle_moments);
    if (!database_flush(db, arena, &answers, err))
        return false;
    *ret_batch = batch;
    if (answers[0].count + answers[1].count + answers[2].count > 0)
        *ret_batch = sift(batch,
                          &(struct expired){
                              {&answers[0], NULL}
        },
                          &(struct expired){{&answers[1], &answers[2]}}, arena);
    return true;
}
