#include "ingest/rollup.h"

#include "schema/queries.h"

bool
rollup_prepare(struct database *db, struct error *err)
{
    return database_run(db, &query_rollup_stage_create, SQL_NO_VALUES, NULL, NULL, err) &&
           database_run(db, &query_rollup_rolled_create, SQL_NO_VALUES, NULL, NULL, err);
}

/* From the shortest to the longest: each is made of the one before, the first one of ticks. */
static const struct level {
    int32_t interval_s;
    const char *name;
} levels[] = {
    {300,   "5m"},
    {3600,  "1h"},
    {86400, "1d"},
};

enum { LEVELS = COUNT_OF(levels) };

static void
queue_level(struct database *db, size_t n)
{
    struct database_value interval_s = SQL_INT(levels[n].interval_s);

    if (n == 0)
        database_queue(db, &query_rollup_ticks, SQL_NO_VALUES);
    else
        database_queue(db, &query_rollup_candles,
                       SQL_VALUES(SQL_INT(levels[n - 1].interval_s), interval_s));
    database_queue(
        db, &query_rollup_store,
        SQL_VALUES(interval_s, n + 1 < LEVELS ? SQL_INT(levels[n + 1].interval_s) : SQL_NULL));
}

/* The columns of query_rollup_store. */
enum { SLUG, CODE, CANDLES, REVISED };

static void
read_level(const struct rows *stored, const char *interval, struct arena *arena, const char **names,
           struct rolled *rolled)
{
    for (size_t row = 0; row < stored->count; row++) {
        names[rolled->name_count++] = arena_printf(arena, "%s/%s/%s", rows_text(stored, row, SLUG),
                                                   rows_text(stored, row, CODE), interval);
        rolled->candles += rows_int(stored, row, CANDLES, 0);
        rolled->revised += rows_int(stored, row, REVISED, 0);
    }
}

bool
rollup_piece(struct database *db, struct arena *arena, struct rolled *ret_rolled, struct error *err)
{
    const struct rows *answers, *stored;
    struct rolled rolled = {0};
    const char **names;
    size_t name_count = 0;

    database_queue(db, &query_rollup_take, SQL_VALUES(SQL_INT(ROLLUP_BUCKETS)));
    database_queue(db, &query_rollup_turn, SQL_NO_VALUES);
    for (size_t n = 0; n < LEVELS; n++)
        queue_level(db, n);
    database_queue(db, &query_rollup_left, SQL_NO_VALUES);
    if (!database_flush(db, arena, &answers, err))
        return false;
    rolled.buckets = rows_int(&answers[0], 0, 0, 0);
    /* Marks that are due and were not taken are in the hands of others. */
    rolled.more = rolled.buckets > 0 && rows_bool(&answers[2 + 2 * LEVELS], 0, 0);
    stored = &answers[3]; /* and every second one after it */
    for (size_t n = 0; n < LEVELS; n++)
        name_count += stored[2 * n].count;
    names = arena_alloc_array(arena, name_count + 1, sizeof *names);
    for (size_t n = 0; n < LEVELS; n++)
        read_level(&stored[2 * n], levels[n].name, arena, names, &rolled);
    rolled.names = names;
    *ret_rolled = rolled;
    return true;
}

bool
rollup_partitions(struct database *db, struct error *err)
{
    return database_run(db, &query_rollup_partitions, SQL_VALUES(SQL_INT(ROLLUP_BUCKETS)), NULL,
                        NULL, err);
}
