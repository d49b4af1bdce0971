#include "common/clock.h"
#include "ingest/tasks/registry.h"
#include "schema/queries.h"

#include <string.h>

/*
 * The daily reports, {"report":"market"} or {"report":"reconciliation"}. A piece is one day: its
 * inputs are read, and if they are not those that its report was made of, it is made again. What a
 * report says, and by which formulas, stands with the queries in schema/queries/reports.sql.
 *
 * A report comes in one transaction, so nobody sees half of one and a kill leaves nothing behind.
 * Its rows wait in a temporary table, some assets at a time, so that no query takes long.
 */
enum {
    BATCHES_MAX = 2500, /* it bounds a mistake, not a market */
    FINEST_S = 300,
    HOUR_S = 3600,
    FINE_PAIRS_MAX = 2000, /* of more pairs than these only hours are compared: it takes too long */
};

static const struct report {
    const char *name;
    int32_t assets_at_once; /* about half a second's work */
    const struct query *inputs, *stage, *publish;
} reports[] = {
    {"market",         200, &query_report_market_inputs,         &query_report_market_stage,
     &query_report_market_publish        },
    {"reconciliation", 40,  &query_report_reconciliation_inputs, &query_report_reconciliation_stage,
     &query_report_reconciliation_publish},
};

/* Columns of query_report_day_due. */
enum { DUE_DAY, DUE_FINGERPRINT, DUE_REVISION };
/* Columns of the queries for inputs; the last one is of the reconciliation only. */
enum { LAST_ASSET, CANDLES, FINGERPRINT, KNOWN_AT, PAIRS };
/* Columns of the queries that publish. */
enum { REVISION, MADE, ROWS };

/* A day at work. */
struct making {
    struct task_run *run;
    const struct report *report;
    int64_t day_ms, now_ms;

    /* Its inputs. */
    int64_t candles, fingerprint, known_at_ms, pairs;
    int64_t batch_ends[BATCHES_MAX]; /* asset ids; a batch begins behind the one before */
    size_t batch_count;
};

static bool
find_report(const struct job *job, const struct report **ret_report, struct error *err)
{
    const char *name = json_string(json_get(job->args, "report"));

    for (size_t i = 0; name && i < COUNT_OF(reports); i++) {
        if (strcmp(reports[i].name, name) == 0) {
            *ret_report = &reports[i];
            return true;
        }
    }
    return error_set(err, ERROR_REJECT, "job.args", "there is no report \"%.40s\"",
                     name ? name : "");
}

/* `values` may be more than the query takes. */
static bool
ask(const struct making *making, const struct query *query, const struct database_value *values,
    struct rows *ret_rows, struct error *err)
{
    struct task_run *run = making->run;

    run->serve(run->context);
    return database_run(run->db, query, values, (size_t)query->parameter_count, run->arena,
                        ret_rows, err);
}

static bool
read_inputs(struct making *making, struct error *err)
{
    struct rows rows;

    for (int64_t after = 0;;) {
        const struct database_value values[] = {SQL_TIME_MS(making->day_ms), SQL_INT(after),
                                                SQL_INT(making->report->assets_at_once)};

        if (!ask(making, making->report->inputs, values, &rows, err))
            return false;
        if (rows_is_null(&rows, 0, LAST_ASSET))
            return true;
        if (making->batch_count == BATCHES_MAX)
            return error_set(err, ERROR_REJECT, "report.too_large",
                             "a report of more than %d assets",
                             BATCHES_MAX * making->report->assets_at_once);
        after = rows_int(&rows, 0, LAST_ASSET, 0);
        making->batch_ends[making->batch_count++] = after;
        making->candles += rows_int(&rows, 0, CANDLES, 0);
        making->fingerprint ^= rows_int(&rows, 0, FINGERPRINT, 0);
        if (rows_int(&rows, 0, KNOWN_AT, 0) > making->known_at_ms)
            making->known_at_ms = rows_int(&rows, 0, KNOWN_AT, 0);
        if (rows.column_count > PAIRS)
            making->pairs += rows_int(&rows, 0, PAIRS, 0);
    }
}

static int64_t
smallest_interval_s(const struct making *making)
{
    return making->pairs <= FINE_PAIRS_MAX ? FINEST_S : HOUR_S;
}

/* `*ret_all` is false if the task is to stop meanwhile. */
static bool
stage_rows(const struct making *making, bool *ret_all, struct error *err)
{
    int64_t after = 0;

    *ret_all = false;
    for (size_t i = 0; i < making->batch_count; i++) {
        const struct database_value values[] = {SQL_TIME_MS(making->day_ms), SQL_INT(after),
                                                SQL_INT(making->batch_ends[i]),
                                                SQL_INT(smallest_interval_s(making))};

        if (making->run->stops(making->run->context))
            return true;
        if (!ask(making, making->report->stage, values, NULL, err))
            return false;
        after = making->batch_ends[i];
    }
    *ret_all = true;
    return true;
}

static bool
publish(const struct making *making, struct rows *ret_rows, struct error *err)
{
    const struct database_value values[] = {
        SQL_TIME_MS(making->day_ms),
        SQL_TIME_MS(making->now_ms),
        SQL_INT(making->run->run_id),
        SQL_INT(making->candles),
        SQL_INT(making->fingerprint),
        making->known_at_ms ? SQL_TIME_MS(making->known_at_ms) : SQL_NULL,
        SQL_INT(smallest_interval_s(making)),
    };

    return ask(making, making->report->publish, values, ret_rows, err);
}

static bool
note_checked(const struct making *making, struct database_value revision, struct error *err)
{
    const struct database_value values[] = {
        SQL_TEXT(making->report->name), SQL_TIME_MS(making->day_ms), SQL_TIME_MS(making->now_ms),
        SQL_INT(making->fingerprint), revision};

    return ask(making, &query_report_day_checked, values, NULL, err);
}

/* Looks at a day, and makes its report if its inputs are not those of the last time. */
static bool
take_day(struct making *making, const struct rows *due, struct task_piece *piece, struct error *err)
{
    bool known = !rows_is_null(due, 0, DUE_FINGERPRINT), all;
    struct rows made;

    making->day_ms = rows_int(due, 0, DUE_DAY, 0);
    if (!read_inputs(making, err))
        return false;
    if (known && rows_int(due, 0, DUE_FINGERPRINT, 0) == making->fingerprint)
        return note_checked(making, SQL_NULL, err);
    if (!stage_rows(making, &all, err))
        return false;
    if (!all)
        return true; /* looked at again by the next piece, whoever does it */
    if (!publish(making, &made, err))
        return false;
    if (rows_bool(&made, 0, MADE)) {
        piece->records = rows_int(&made, 0, ROWS, 0);
        piece->reports = true;
    }
    return note_checked(making,
                        rows_is_null(&made, 0, REVISION) ? SQL_NULL
                                                         : SQL_INT(rows_int(&made, 0, REVISION, 0)),
                        err);
}

static bool
find_day(const struct making *making, struct rows *ret_due, struct error *err)
{
    const struct database_value kind[] = {SQL_TEXT(making->report->name)};
    const struct database_value values[] = {SQL_TEXT(making->report->name),
                                            SQL_TIME_MS(making->now_ms),
                                            SQL_TIME_MS(making->run->job->slot_s * 1000)};

    return ask(making, &query_report_lock, kind, NULL, err) &&
           ask(making, &query_report_day_due, values, ret_due, err);
}

static bool
report_step(struct task_run *run, struct task_piece *piece, struct error *err)
{
    struct making *making = arena_alloc(run->arena, sizeof *making);
    int64_t slot_ms = run->job->slot_s * 1000, now_ms = clock_now_ms();
    struct rows due;

    /* Whoever made the slot may have a clock that is ahead: a day is looked at once for it. */
    *making = (struct making){.run = run, .now_ms = now_ms > slot_ms ? now_ms : slot_ms};
    if (!find_report(run->job, &making->report, err) ||
        !ask(making, &query_report_stage_create, NULL, NULL, err) || !task_begin(run, err) ||
        !find_day(making, &due, err))
        return false;
    piece->more = due.count > 0;
    if (piece->more && !take_day(making, &due, piece, err))
        return false;
    return task_commit(run, piece, err);
}

const struct task report_task = {.kind = JOB_REPORT, .step = report_step};
