/* The providers: who is asked, how it goes, and what is held back. */
#include "common/text.h"
#include "common/topology.h"
#include "common/upstream.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "ingest/sources/source.h"
#include "schema/queries.h"

#include <stdio.h>
#include <string.h>

/* Columns of the query sources_overview, with which each row begins. */
enum { OVERVIEW_COLUMNS = 8 };

static const struct column columns[] = {
    {"NAME",           "name",              COLUMN_TEXT   },
    {"KIND",           "kind",              COLUMN_TEXT   },
    {"PRIORITY",       "priority",          COLUMN_INT    },
    {"ENABLED",        "enabled",           COLUMN_BOOL   },
    {"LAST RUN",       "last_status",       COLUMN_TEXT   },
    {NULL,             "last_run_at",       COLUMN_TIME_MS},
    {NULL,             "last_error_code",   COLUMN_TEXT   },
    {"LAST SUCCESS",   "last_success",      COLUMN_TIME_MS},
    {"BREAKER",        "breaker",           COLUMN_TEXT   },
    {NULL,             "open_until",        COLUMN_TIME_MS},
    {"COOLDOWN UNTIL", "cooldown_until",    COLUMN_TIME_MS},
    {"TOKENS",         "tokens",            COLUMN_INT    },
    {"A MINUTE",       "budget_per_minute", COLUMN_INT    },
    {"QUEUED",         "queued",            COLUMN_INT    },
    {"LIVE",           "queued_live",       COLUMN_INT    },
};

/* What is known of the sources beside the database. What is not known is left NULL. */
struct surroundings {
    struct upstreams *upstreams; /* NULL = Redis is not there */
    const struct broker_queue
        *queues; /* two a row, plain and live; NULL = the broker is not there */
};

static const char *
number(int64_t number_, struct arena *arena)
{
    return arena_printf(arena, "%lld", (long long)number_);
}

static const char *
moment(int64_t at_ms, struct arena *arena)
{
    return at_ms > 0 ? number(at_ms, arena) : NULL;
}

/* A server that is away costs its columns, not the answer. */
static void
say_unknown(const char *what, const struct error *err)
{
    fprintf(stderr, "tidemarkctl: %s unknown: %s\n", what, err->message);
}

static void
add_upstream(struct surroundings *around, const char *name, struct arena *arena, const char **cells)
{
    struct upstream_state state;
    struct error err;

    cells[0] = "unknown";
    if (!around->upstreams)
        return;
    if (!upstream_read(around->upstreams, name, &state, &err)) {
        say_unknown("breakers and budgets are", &err);
        upstreams_close(around->upstreams);
        around->upstreams = NULL;
        return;
    }
    cells[0] = upstream_breaker_name(state.breaker);
    cells[1] = moment(state.open_until_ms, arena);
    cells[2] = moment(state.cooldown_until_ms, arena);
    if (state.known && state.budget_per_minute > 0) {
        cells[3] = number(state.tokens, arena);
        cells[4] = number(state.budget_per_minute, arena);
    }
}

static void
add_queues(const struct surroundings *around, size_t row, struct arena *arena, const char **cells)
{
    for (size_t i = 0; i < 2 && around->queues; i++)
        if (around->queues[2 * row + i].exists)
            cells[i] = number(around->queues[2 * row + i].messages, arena);
}

static void
look_at_queues(const struct call *call, const struct rows *overview, struct surroundings *around)
{
    const char **names = arena_alloc_array(call->arena, 2 * overview->count, sizeof *names);
    struct broker_queue *queues =
        arena_alloc_array(call->arena, 2 * overview->count, sizeof *queues);
    struct broker_settings settings;
    struct error err;

    for (size_t i = 0; i < 2 * overview->count; i++)
        names[i] = topology_jobs_queue(rows_text(overview, i / 2, 0), i % 2 == 1,
                                       arena_alloc(call->arena, TOPOLOGY_NAME_SIZE));
    if (servers_broker(call, &settings, &err) &&
        broker_look(&settings, names, 2 * overview->count, call->arena, queues, NULL, &err))
        around->queues = queues;
    else
        say_unknown("queues are", &err);
}

static void
open_upstreams(const struct call *call, struct surroundings *around)
{
    struct error err;

    around->upstreams = servers_upstreams(call, &err);
    if (!around->upstreams)
        say_unknown("breakers and budgets are", &err);
}

static void
fill(const struct call *call, const struct rows *overview, struct table *table)
{
    struct surroundings around = {NULL};

    open_upstreams(call, &around);
    look_at_queues(call, overview, &around);
    for (size_t row = 0; row < overview->count; row++) {
        const char *cells[COUNT_OF(columns)] = {NULL};

        for (size_t i = 0; i < OVERVIEW_COLUMNS; i++)
            cells[i] = rows_text(overview, row, i);
        add_upstream(&around, cells[0], call->arena, cells + OVERVIEW_COLUMNS);
        add_queues(&around, row, call->arena, cells + OVERVIEW_COLUMNS + 5);
        table_add(table, cells);
    }
    upstreams_close(around.upstreams);
}

static bool
sources_list(const struct call *call, struct error *err)
{
    struct database *db = servers_database(call, err);
    struct rows overview;
    struct table table;
    bool done;

    if (!db)
        return false;
    done = database_run(db, &query_sources_overview, SQL_NO_VALUES, call->arena, &overview, err);
    database_destroy(db);
    if (!done)
        return false;
    table_init(&table, call->arena, columns, COUNT_OF(columns));
    fill(call, &overview, &table);
    table_print(&table, call->json);
    return true;
}

/* ---- switching ---- */

static bool
switch_source(const struct call *call, bool enabled, struct error *err)
{
    const char *name = call->arguments[0];
    struct database *db = servers_database(call, err);
    struct rows rows;
    bool done;

    if (!db)
        return false;
    done = database_run(db, &query_source_switch, SQL_VALUES(SQL_TEXT(name), SQL_BOOL(enabled)),
                        call->arena, &rows, err);
    database_destroy(db);
    if (!done)
        return false;
    if (rows.count == 0)
        return error_set(err, ERROR_REJECT, "source.unknown", "there is no source \"%.60s\"", name);
    if (call->json)
        printf("{\"name\":\"%s\",\"enabled\":%s}\n", rows_text(&rows, 0, 0),
               enabled ? "true" : "false");
    else
        printf("%s is switched %s\n", rows_text(&rows, 0, 0),
               enabled ? "on" : "off: jobs that wait end as skipped");
    return true;
}

static bool
sources_enable(const struct call *call, struct error *err)
{
    return switch_source(call, true, err);
}

static bool
sources_disable(const struct call *call, struct error *err)
{
    return switch_source(call, false, err);
}

static bool
sources_reset(const struct call *call, struct error *err)
{
    const char *name = call->arguments[0];
    struct upstreams *upstreams;
    bool done;

    if (!source_find(name))
        return error_set(err, ERROR_REJECT, "source.unknown", "there is no source \"%.60s\"", name);
    upstreams = servers_upstreams(call, err);
    if (!upstreams)
        return false;
    done = upstream_reset(upstreams, name, err);
    upstreams_close(upstreams);
    if (!done)
        return false;
    if (call->json)
        printf("{\"name\":\"%s\",\"breaker\":\"closed\",\"cooldown_until\":null}\n", name);
    else
        printf("%s may be asked: breaker closed, cooldown over\n", name);
    return true;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "the providers, how it goes, and what waits",
     .run = sources_list   },
    { .verb = "enable",
     .arguments = "NAME",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "switch one on",
     .run = sources_enable},
    {  .verb = "disable",
     .arguments = "NAME",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "switch one off: no new jobs, and those that wait end as skipped",
     .run = sources_disable},
    { .verb = "reset",
     .arguments = "NAME",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "close its breaker and end its cooldown",
     .run = sources_reset},
};

const struct noun sources_noun = {"sources", "the providers", commands, COUNT_OF(commands)};
