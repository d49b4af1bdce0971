#include "ingest/ctl/schedules_list.h"

#include "common/clock.h"
#include "common/due_offset.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "ingest/scheduler/due.h"
#include "schema/queries.h"

#include <string.h>

/* Columns of the query schedules_list. */
enum {
    NAME,
    SOURCE = 2,
    KIND,
    STREAM,
    ARGS,
    PERIOD,
    OFFSET,
    MISSED,
    NOT_AFTER,
    ENABLED,
    LAST,
    CRON,
    INSTEAD
};

/* What the scheduler goes by, as far as the rows say it. False = it cannot tell when either. */
static bool
effective_rule(const struct rows *rows, size_t row, struct cron *cron, struct due_rule *ret_rule)
{
    const char *text = rows_text(rows, row, CRON);
    int64_t instead_s = rows_int(rows, row, INSTEAD, 0);
    struct error ignored;

    *ret_rule = (struct due_rule){
        .period_s = rows_int(rows, row, PERIOD, 0),
        .offset_s = rows_int(rows, row, OFFSET, 0),
        .last_slot_s = rows_int(rows, row, LAST, DUE_NO_SLOT),
    };
    if (instead_s > 0) {
        ret_rule->period_s = instead_s;
        ret_rule->offset_s = due_offset_s(rows_text(rows, row, STREAM), instead_s,
                                          rows_int(rows, row, NOT_AFTER, 0));
        return true;
    }
    if (!text)
        return true;
    ret_rule->cron = cron;
    return cron_parse(text, cron, &ignored);
}

/* "5m", "0 3 * * *", or "1m instead of 5m" while INGESTION_INTERVAL is set. */
static const char *
every_text(const struct rows *rows, size_t row, struct arena *arena)
{
    const char *cron = rows_text(rows, row, CRON);
    const char *own = cron ? cron : table_seconds(rows_int(rows, row, PERIOD, 0), arena);
    int64_t instead_s = rows_int(rows, row, INSTEAD, 0);

    return instead_s > 0
               ? arena_printf(arena, "%s instead of %s", table_seconds(instead_s, arena), own)
               : own;
}

static const char *
milliseconds_text(int64_t seconds, struct arena *arena)
{
    return arena_printf(arena, "%lld", (long long)seconds * 1000);
}

static void
add_schedule(struct table *table, const struct rows *rows, size_t row, int64_t now_s)
{
    struct arena *arena = table->arena;
    struct due_rule rule;
    struct cron cron;
    bool known = effective_rule(rows, row, &cron, &rule);
    bool enabled = rows_bool(rows, row, ENABLED);
    const char *cells[] = {
        rows_text(rows, row, NAME),
        rows_text(rows, row, SOURCE),
        rows_text(rows, row, KIND),
        rows_text(rows, row, STREAM),
        rows_text(rows, row, ARGS),
        every_text(rows, row, arena),
        rows_text(rows, row, PERIOD),
        rows_text(rows, row, CRON),
        rows_text(rows, row, INSTEAD),
        known ? arena_printf(arena, "%lld", (long long)rule.offset_s) : NULL,
        rows_text(rows, row, MISSED),
        rows_text(rows, row, NOT_AFTER),
        rows_text(rows, row, ENABLED),
        rule.last_slot_s == DUE_NO_SLOT ? NULL : milliseconds_text(rule.last_slot_s, arena),
        known && enabled ? milliseconds_text(due_next_s(&rule, now_s), arena) : NULL,
    };

    table_add(table, cells);
}

bool
schedules_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"NAME",      "name",                 COLUMN_TEXT   },
        {"SOURCE",    "source",               COLUMN_TEXT   },
        {"KIND",      "kind",                 COLUMN_TEXT   },
        {"STREAM",    "stream",               COLUMN_TEXT   },
        {NULL,        "args",                 COLUMN_JSON   },
        {"EVERY",     "every",                COLUMN_TEXT   },
        {NULL,        "period_s",             COLUMN_INT    },
        {NULL,        "cron",                 COLUMN_TEXT   },
        {NULL,        "ingestion_interval_s", COLUMN_INT    },
        {"OFFSET",    "offset_s",             COLUMN_SECONDS},
        {"MISSED",    "missed",               COLUMN_TEXT   },
        {"NOT AFTER", "not_after_s",          COLUMN_SECONDS},
        {"ENABLED",   "enabled",              COLUMN_BOOL   },
        {"LAST SLOT", "last_slot",            COLUMN_TIME_MS},
        {"NEXT",      "next",                 COLUMN_TIME_MS},
    };
    const char *source = call_text(call, "source");
    struct database *db = servers_database(call, err);
    int64_t now_s = clock_now_ms() / 1000;
    struct table table;
    struct rows rows;
    bool done;

    if (!db)
        return false;
    done = database_run(db, &query_schedules_list, SQL_VALUES(SQL_BOOL(false)), call->arena, &rows,
                        err);
    table_init(&table, call->arena, columns, COUNT_OF(columns));
    for (size_t i = 0; done && i < rows.count; i++)
        if (!source || strcmp(source, rows_text(&rows, i, SOURCE)) == 0)
            add_schedule(&table, &rows, i, now_s);
    if (done)
        table_print(&table, call->json);
    database_destroy(db);
    return done;
}
