#include "ingest/rollup.h"

#include "ingest/tasks/registry.h"
#include "schema/queries.h"

#include <string.h>

/*
 * Rolls what is marked (ingest/rollup.h), a piece at a time, until no mark is due. Where the job's
 * stream has a checkpoint, that is the watermark: whatever ended before it and is known is rolled.
 */
static bool
roll(struct task_run *run, struct task_piece *piece, struct error *err)
{
    struct rolled rolled;

    if (!task_begin(run, err) || !rollup_piece(run->db, run->arena, &rolled, err))
        return false;
    if (!rolled.more && !database_run(run->db, &query_rollup_watermark_move,
                                      SQL_VALUES(SQL_TEXT(run->job->source),
                                                 SQL_TEXT(run->job->stream), SQL_INT(run->run_id)),
                                      run->arena, NULL, err))
        return false;
    piece->more = rolled.more;
    piece->records = rolled.candles;
    piece->candles = rolled.names;
    piece->candle_count = rolled.name_count;
    return task_commit(run, piece, err);
}

static bool
rollup_step(struct task_run *run, struct task_piece *piece, struct error *err)
{
    if (!rollup_prepare(run->db, err))
        return false;
    if (roll(run, piece, err))
        return true;
    if (strcmp(err->code, "database.no_partition") != 0)
        return false;
    database_rollback(run->db);
    return rollup_partitions(run->db, err) && roll(run, piece, err);
}

const struct task rollup_task = {.kind = JOB_ROLLUP, .step = rollup_step};
