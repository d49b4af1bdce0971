/*
 * Keeps the ledger of completeness: what ought to be stored, what of it is missing and why, and
 * what is done about it. What is missing is decided by functions in the database, from the rows
 * that are there; here is what only the sources' own code knows.
 */
#include "common/clock.h"
#include "ingest/tasks/gaps_plan.h"
#include "ingest/tasks/registry.h"
#include "schema/queries.h"

enum {
    /* Of a slot, before what it should have brought counts as missing: tries that follow soon, and
     * the rollup, come within it. */
    GRACE_S = 5 * 60,
    LATE_S = 3600, /* a slot that nobody has begun after this will not be soon */

    /* In one piece; with their gaps these take about a second. */
    SERIES_MAX = 100,
    BUCKETS_MAX = 20000,
    RECHECK_OPEN_MAX = 200,
    RECHECK_GIVEN_UP_MAX = 100,

    /* A gap is tried this often before it is given up, which takes four days: gap_distance(). */
    ATTEMPTS_MAX = 10,
    /* Jobs at once, so that what is missing never keeps what is new from coming. */
    PLANNED_MAX = 20,
    PLANNED_OF_SOURCE_MAX = 4,
    SPAN_MAX = 1000, /* candles that one job may span for several gaps */
};

/* Columns of the query gaps_markets. */
enum { MARKET_SOURCE_ID, MARKET_SOURCE, MARKET_SYMBOL };
/* Columns of the query gaps_plannable. */
enum { PLAN_SOURCE_ID, PLAN_SOURCE, PLAN_SYMBOL, PLAN_INTERVAL, PLAN_FROM, PLAN_UNTIL, PLAN_GAPS };

/* How far back each source can be asked, now. */
static bool
tell_reach(struct task_run *run, int64_t now_ms, struct error *err)
{
    struct text source_ids, intervals, moments;
    struct rows markets;

    if (!database_run(run->db, &query_gaps_markets, SQL_NO_VALUES, run->arena, &markets, err))
        return false;
    array_start(&source_ids, run->arena, markets.count * GAPS_INTERVALS * 4);
    array_start(&intervals, run->arena, markets.count * GAPS_INTERVALS * 8);
    array_start(&moments, run->arena, markets.count * GAPS_INTERVALS * 32);
    for (size_t i = 0; i < markets.count * GAPS_INTERVALS; i++) {
        size_t row = i / GAPS_INTERVALS;
        int32_t interval_s = gaps_intervals_s[i % GAPS_INTERVALS];
        const struct source *source = source_find(rows_text(&markets, row, MARKET_SOURCE));
        int64_t reaches_to_ms;

        if (!source || !gaps_reach(source, rows_text(&markets, row, MARKET_SYMBOL), interval_s,
                                   now_ms, run->arena, &reaches_to_ms))
            continue;
        array_add(&source_ids, rows_text(&markets, row, MARKET_SOURCE_ID));
        array_add_int(&intervals, interval_s);
        array_add_time_ms(&moments, reaches_to_ms);
    }
    return database_run(run->db, &query_history_reach_set,
                        SQL_VALUES(SQL_TEXT(array_finish(&source_ids)),
                                   SQL_TEXT(array_finish(&intervals)),
                                   SQL_TEXT(array_finish(&moments))),
                        run->arena, NULL, err);
}

static bool
look(struct task_run *run, int64_t now_ms, bool *ret_more, struct error *err)
{
    struct database_value now = SQL_TIME_MS(now_ms);
    const struct rows *answers;

    database_queue(run->db, &query_gaps_turn, SQL_NO_VALUES);
    if (!database_flush(run->db, run->arena, NULL, err) || !tell_reach(run, now_ms, err))
        return false;
    database_queue(run->db, &query_coverage_retire, SQL_NO_VALUES);
    database_queue(run->db, &query_coverage_refresh,
                   SQL_VALUES(now, SQL_INT(GRACE_S), SQL_INT(LATE_S)));
    database_queue(run->db, &query_gaps_settle, SQL_VALUES(now));
    database_queue(run->db, &query_coverage_verify,
                   SQL_VALUES(now, SQL_INT(SERIES_MAX), SQL_INT(BUCKETS_MAX)));
    database_queue(run->db, &query_gaps_recheck,
                   SQL_VALUES(now, SQL_INT(RECHECK_OPEN_MAX), SQL_INT(RECHECK_GIVEN_UP_MAX)));
    database_queue(run->db, &query_gaps_give_up, SQL_VALUES(now, SQL_INT(ATTEMPTS_MAX)));
    if (!database_flush(run->db, run->arena, &answers, err))
        return false;
    *ret_more = rows_bool(&answers[3], 0, 0);
    return true;
}

static void
queue_plan(struct task_run *run, const struct rows *plans, size_t row, int64_t now_ms)
{
    const struct source *source = source_find(rows_text(plans, row, PLAN_SOURCE));
    const struct gaps_window window = {
        .symbol = rows_text(plans, row, PLAN_SYMBOL),
        .interval_s = (int32_t)rows_int(plans, row, PLAN_INTERVAL, 0),
        .from_ms = rows_int(plans, row, PLAN_FROM, 0),
        .until_ms = rows_int(plans, row, PLAN_UNTIL, 0),
    };
    struct database_value gap_ids = SQL_TEXT(rows_text(plans, row, PLAN_GAPS));
    struct job job;

    if (source && gaps_make_job(source, &window, now_ms, run->arena, &job))
        database_queue(run->db, &query_gaps_plan,
                       SQL_VALUES(SQL_TEXT(job.job_id),
                                  SQL_INT(rows_int(plans, row, PLAN_SOURCE_ID, 0)),
                                  SQL_TEXT(job.stream), SQL_TIME_MS(job.slot_s * 1000),
                                  SQL_TEXT(job_encode(&job, run->arena).data), gap_ids));
    else
        database_queue(run->db, &query_gaps_refuse, SQL_VALUES(SQL_TIME_MS(now_ms), gap_ids));
}

static bool
plan(struct task_run *run, int64_t now_ms, bool is_over, int64_t *ret_jobs, struct error *err)
{
    struct rows plans;

    if (!database_run(run->db, &query_gaps_plannable,
                      SQL_VALUES(SQL_TIME_MS(now_ms), SQL_INT(PLANNED_MAX),
                                 SQL_INT(PLANNED_OF_SOURCE_MAX), SQL_INT(SPAN_MAX)),
                      run->arena, &plans, err))
        return false;
    for (size_t row = 0; row < plans.count; row++)
        queue_plan(run, &plans, row, now_ms);
    *ret_jobs = (int64_t)plans.count;
    database_queue(run->db, &query_completeness_renew, SQL_VALUES(SQL_BOOL(is_over)));
    return database_flush(run->db, run->arena, NULL, err);
}

static bool
gaps_step(struct task_run *run, struct task_piece *piece, struct error *err)
{
    int64_t now_ms = clock_now_ms();

    return task_begin(run, err) && look(run, now_ms, &piece->more, err) &&
           plan(run, now_ms, !piece->more, &piece->records, err) && task_commit(run, piece, err);
}

const struct task gaps_task = {.kind = JOB_GAPS, .step = gaps_step};
