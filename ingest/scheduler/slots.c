#include "ingest/scheduler/slots.h"

#include "common/clock.h"
#include "common/cron.h"
#include "common/due_offset.h"
#include "common/job.h"
#include "common/log.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

/* Columns of the query schedules_list. */
enum {
    NAME,
    SOURCE_ID,
    SOURCE,
    KIND,
    STREAM,
    ARGS,
    PERIOD,
    OFFSET,
    MISSED,
    NOT_AFTER,
    ENABLED,
    LAST,
    CRON
};

static bool
is_quote(const struct rows *schedules, size_t row)
{
    return strcmp(rows_text(schedules, row, KIND), job_kind_name(JOB_QUOTE)) == 0;
}

/*
 * What the row says of its cron rule: NULL if it has none. `*ret_known` is false for one that
 * cannot be read: tidemarkctl does not write such a row.
 */
static const struct cron *
read_cron(const struct rows *schedules, size_t row, struct arena *arena, bool *ret_known)
{
    const char *text = rows_text(schedules, row, CRON);
    struct error err = {0};
    struct cron *cron;

    *ret_known = true;
    if (!text)
        return NULL;
    cron = arena_alloc(arena, sizeof *cron);
    *ret_known = cron_parse(text, cron, &err);
    if (!*ret_known)
        log_event(LOG_ERR, "schedule.bad_cron",
                  LOG_STR("schedule", rows_text(schedules, row, NAME)), LOG_ERROR(&err));
    return cron;
}

/* False if nobody can say when it is due. */
static bool
make_rule(const struct rows *schedules, size_t row, int64_t quote_period_s, struct arena *arena,
          struct due_rule *ret_rule)
{
    bool known;

    *ret_rule = (struct due_rule){
        .cron = read_cron(schedules, row, arena, &known),
        .period_s = rows_int(schedules, row, PERIOD, 0),
        .offset_s = rows_int(schedules, row, OFFSET, 0),
        .last_slot_s = rows_int(schedules, row, LAST, DUE_NO_SLOT),
        .catch_up = strcmp(rows_text(schedules, row, MISSED), "catch_up") == 0,
    };
    if (quote_period_s == 0 || !is_quote(schedules, row))
        return known;
    ret_rule->cron = NULL;
    ret_rule->period_s = quote_period_s;
    ret_rule->offset_s = due_offset_s(rows_text(schedules, row, STREAM), quote_period_s,
                                      rows_int(schedules, row, NOT_AFTER, 0));
    return true;
}

/* The rules of the schedules whose rows are `ret_rows`, of the same index. */
static size_t
make_rules(const struct rows *schedules, int64_t quote_period_s, struct arena *arena,
           struct due_rule *ret_rules, size_t *ret_rows)
{
    size_t count = 0;

    for (size_t row = 0; row < schedules->count; row++)
        if (make_rule(schedules, row, quote_period_s, arena, &ret_rules[count]))
            ret_rows[count++] = row;
    return count;
}

const char *
slots_make_traceparent(struct arena *arena)
{
    uint64_t random[3];

    arc4random_buf(random, sizeof random);
    return arena_printf(arena, "00-%016llx%016llx-%016llx-01", (unsigned long long)random[0],
                        (unsigned long long)random[1], (unsigned long long)(random[2] | 1));
}

/* The message that the worker gets. False if the row is not a job that anybody knows. */
static bool
make_message(const struct rows *schedules, const struct due_slot *slot, const char *job_id,
             struct arena *arena, struct bytes *ret_message)
{
    int64_t not_after_s = rows_int(schedules, slot->rule, NOT_AFTER, 0);
    struct job job = {
        .job_id = job_id,
        .source = rows_text(schedules, slot->rule, SOURCE),
        .stream = rows_text(schedules, slot->rule, STREAM),
        .args_text = rows_text(schedules, slot->rule, ARGS),
        .slot_s = slot->slot_s,
        .not_after_s = not_after_s > 0 ? slot->slot_s + not_after_s : 0,
        .attempt = 1,
        .traceparent = slots_make_traceparent(arena),
    };

    if (!job_kind_parse(rows_text(schedules, slot->rule, KIND), &job.kind))
        return false;
    *ret_message = job_encode(&job, arena);
    return true;
}

/* Columns of an insert, one array a column. */
struct columns {
    struct text job_ids, names, source_ids, streams, slots, messages, states;
};

static void
columns_start(struct columns *columns, struct arena *arena, size_t count)
{
    array_start(&columns->job_ids, arena, count * 48);
    array_start(&columns->names, arena, count * 32);
    array_start(&columns->source_ids, arena, count * 4);
    array_start(&columns->streams, arena, count * 32);
    array_start(&columns->slots, arena, count * 32);
    array_start(&columns->messages, arena, count * 300);
    array_start(&columns->states, arena, count * 12);
}

static void
columns_add(struct columns *columns, const struct rows *schedules, const struct due_slot *slot,
            const char *job_id, const char *message)
{
    array_add(&columns->job_ids, job_id);
    array_add(&columns->names, rows_text(schedules, slot->rule, NAME));
    array_add(&columns->source_ids, rows_text(schedules, slot->rule, SOURCE_ID));
    array_add(&columns->streams, rows_text(schedules, slot->rule, STREAM));
    array_add_time_ms(&columns->slots, slot->slot_s * 1000);
    array_add(&columns->messages, message);
    array_add(&columns->states, slot->skipped ? "skipped" : "pending");
}

static bool
columns_insert(struct columns *columns, struct database *db, struct arena *arena,
               struct rows *ret_new, struct error *err)
{
    return database_run(
        db, &query_slots_insert,
        SQL_VALUES(
            SQL_TEXT(array_finish(&columns->job_ids)), SQL_TEXT(array_finish(&columns->names)),
            SQL_TEXT(array_finish(&columns->source_ids)), SQL_TEXT(array_finish(&columns->streams)),
            SQL_TEXT(array_finish(&columns->slots)), SQL_TEXT(array_finish(&columns->messages)),
            SQL_TEXT(array_finish(&columns->states))),
        arena, ret_new, err);
}

static int
compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of those to run, the ones that are new in the table. Keeps their order. */
static size_t
keep_new(struct outgoing *outgoing, size_t count, const struct rows *new_rows, struct arena *arena)
{
    const char **ids = arena_alloc_array(arena, new_rows->count + 1, sizeof *ids);
    size_t kept = 0;

    for (size_t i = 0; i < new_rows->count; i++)
        ids[i] = rows_text(new_rows, i, 0);
    qsort(ids, new_rows->count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++)
        if (bsearch(&outgoing[i].job_id, ids, new_rows->count, sizeof *ids, compare_ids))
            outgoing[kept++] = outgoing[i];
    return kept;
}

static bool
insert_slots(struct database *db, const struct rows *schedules, const struct due_slot *slots,
             size_t count, struct arena *arena, const struct outgoing **ret_outgoing,
             size_t *ret_count, struct error *err)
{
    struct outgoing *outgoing = arena_alloc_array(arena, count, sizeof *outgoing);
    size_t outgoing_count = 0;
    struct columns columns;
    struct rows new_rows;

    columns_start(&columns, arena, count);
    for (size_t i = 0; i < count; i++) {
        const char *source = rows_text(schedules, slots[i].rule, SOURCE);
        const char *job_id = job_make_id(source, rows_text(schedules, slots[i].rule, STREAM),
                                         slots[i].slot_s, arena);
        struct bytes message = {"", 0};

        if (!slots[i].skipped) {
            if (!make_message(schedules, &slots[i], job_id, arena, &message)) {
                log_event(LOG_ERR, "schedule.unknown_kind",
                          LOG_STR("schedule", rows_text(schedules, slots[i].rule, NAME)));
                continue;
            }
            outgoing[outgoing_count++] = (struct outgoing){job_id, source, message};
        }
        columns_add(&columns, schedules, &slots[i], job_id, message.data);
    }
    if (!columns_insert(&columns, db, arena, &new_rows, err))
        return false;
    *ret_count = keep_new(outgoing, outgoing_count, &new_rows, arena);
    *ret_outgoing = outgoing;
    log_event(LOG_INFO, "slots.made", LOG_INT("new", (int64_t)new_rows.count),
              LOG_INT("to_run", (int64_t)*ret_count));
    return true;
}

/* What is due, with `rule` being the row of the schedule. */
static size_t
find_due(const struct rows *schedules, int64_t quote_period_s, struct due_budget *budget,
         int64_t now_ms, struct arena *arena, struct due_slot *ret_slots)
{
    struct due_rule *rules = arena_alloc_array(arena, schedules->count + 1, sizeof *rules);
    size_t *rows = arena_alloc_array(arena, schedules->count + 1, sizeof *rows);
    size_t rule_count = make_rules(schedules, quote_period_s, arena, rules, rows);
    size_t count =
        due_slots(rules, rule_count, now_ms / 1000, budget, arena, ret_slots, SLOTS_ROUND_MAX);

    for (size_t i = 0; i < count; i++)
        ret_slots[i].rule = rows[ret_slots[i].rule];
    return count;
}

bool
slots_make(struct database *db, int64_t quote_period_s, struct due_budget *budget, int64_t now_ms,
           struct arena *arena, const struct outgoing **ret_outgoing, size_t *ret_count,
           struct error *err)
{
    struct due_slot *slots;
    struct rows schedules;
    size_t count;

    if (!database_run(db, &query_schedules_list, SQL_VALUES(SQL_BOOL(true)), arena, &schedules,
                      err))
        return false;
    slots = arena_alloc_array(arena, SLOTS_ROUND_MAX, sizeof *slots);
    count = find_due(&schedules, quote_period_s, budget, now_ms, arena, slots);
    *ret_outgoing = NULL;
    *ret_count = 0;
    return count == 0 ||
           insert_slots(db, &schedules, slots, count, arena, ret_outgoing, ret_count, err);
}

bool
slots_trim(struct database *db, int64_t *due_at_ms, struct arena *arena, struct error *err)
{
    enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };
    int64_t now_ms = clock_monotonic_ms();
    int64_t before_ms = clock_now_ms() - (int64_t)SLOTS_KEPT_S * 1000;
    struct rows rows;

    if (now_ms < *due_at_ms)
        return true;
    if (!database_run(db, &query_slots_trim,
                      SQL_VALUES(SQL_TIME_MS(before_ms), SQL_INT(SLOTS_TRIM_MAX)), arena, &rows,
                      err)) {
        if (!database_usable(db))
            return false;
        log_event(LOG_WARN, "slots.trim_put_off", LOG_ERROR(err));
        *due_at_ms = now_ms + HOUR_MS;
        return true;
    }
    if (rows.affected > 0)
        log_event(LOG_INFO, "slots.trimmed", LOG_INT("count", rows.affected));
    *due_at_ms = now_ms + (rows.affected == SLOTS_TRIM_MAX ? MINUTE_MS : HOUR_MS);
    return true;
}
