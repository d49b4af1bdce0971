#include "common/clock.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/orders.h"
#include "ingest/ctl/schedules_check.h"
#include "ingest/ctl/schedules_list.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

#include <stdio.h>
#include <string.h>

struct applied {
    int64_t changed;
    struct rows removed; /* names */
};

/* A database that was not migrated yet would pass over the schedules of a newer source. */
static bool
check_sources(struct database *db, const struct checked_schedules *checked, struct arena *arena,
              struct error *err)
{
    const char *last = "";

    for (size_t i = 0; i < checked->schedule_count; i++) {
        const char *source = checked->schedules[i].source;
        struct rows found;

        if (strcmp(source, last) == 0)
            continue;
        last = source;
        if (!database_run(db, &query_source_find, SQL_VALUES(SQL_TEXT(source)), arena, &found, err))
            return false;
        if (found.count == 0)
            return error_set(err, ERROR_FATAL, "schema.old",
                             "the database does not know %s: run tidemark-migrate up", source);
    }
    return true;
}

static bool
apply_assets(struct database *db, const struct checked_schedules *checked, struct arena *arena,
             struct error *err)
{
    struct text slugs, symbols, names;

    array_start(&slugs, arena, 1024);
    array_start(&symbols, arena, 1024);
    array_start(&names, arena, 1024);
    for (size_t i = 0; i < checked->asset_count; i++) {
        array_add(&slugs, checked->assets[i].slug.text);
        array_add(&symbols, checked->assets[i].symbol.text);
        array_add(&names, checked->assets[i].name.text);
    }
    return database_run(db, &query_assets_apply,
                        SQL_VALUES(SQL_TEXT(array_finish(&slugs)), SQL_TEXT(array_finish(&symbols)),
                                   SQL_TEXT(array_finish(&names))),
                        arena, NULL, err);
}

/* Only the database knows which currencies there are. Points at the line. */
static bool
refuse_unknown(const struct rows *unknown, const char *path,
               const struct checked_schedules *checked, struct error *err)
{
    const char *source, *symbol, *what;

    if (unknown->count == 0)
        return true;
    source = rows_text(unknown, 0, 0);
    symbol = rows_text(unknown, 0, 1);
    what = rows_text(unknown, 0, 2);
    for (size_t i = 0; i < checked->instrument_count; i++) {
        const struct instrument_row *row = &checked->instruments[i];

        if (strcmp(row->source, source) != 0 || strcmp(row->symbol, symbol) != 0)
            continue;
        if (strcmp(what, "asset") == 0)
            return error_set(
                err, ERROR_REJECT, "schedules.invalid",
                "%s:%d: %s %.60s is of an unknown asset \"%.60s\"; add it below assets", path,
                row->line, source, symbol, row->asset);
        return error_set(err, ERROR_REJECT, "schedules.invalid",
                         "%s:%d: %s %.60s is priced in an unknown currency \"%.20s\"; the table "
                         "quotes has the known ones, such as usd, eur, usdt, btc",
                         path, row->line, source, symbol, row->quote);
    }
    return error_set(err, ERROR_REJECT, "schedules.invalid", "%s: unknown %s of %s", path, what,
                     source);
}

static bool
apply_instruments(struct database *db, const char *path, const struct checked_schedules *checked,
                  struct arena *arena, struct error *err)
{
    struct text sources, symbols, slugs, quotes;
    struct database_value values[4];
    struct rows unknown;

    array_start(&sources, arena, 1024);
    array_start(&symbols, arena, 1024);
    array_start(&slugs, arena, 1024);
    array_start(&quotes, arena, 1024);
    for (size_t i = 0; i < checked->instrument_count; i++) {
        array_add(&sources, checked->instruments[i].source);
        array_add(&symbols, checked->instruments[i].symbol);
        array_add(&slugs, checked->instruments[i].asset);
        array_add(&quotes, checked->instruments[i].quote);
    }
    values[0] = SQL_TEXT(array_finish(&sources));
    values[1] = SQL_TEXT(array_finish(&symbols));
    values[2] = SQL_TEXT(array_finish(&slugs));
    values[3] = SQL_TEXT(array_finish(&quotes));
    return database_run(db, &query_instruments_unknown, values, COUNT_OF(values), arena, &unknown,
                        err) &&
           refuse_unknown(&unknown, path, checked, err) &&
           database_run(db, &query_instruments_apply, values, COUNT_OF(values), arena, NULL, err) &&
           database_run(db, &query_coins_apply, values, 3, arena, NULL, err) &&
           database_run(db, &query_instruments_follow_coins, SQL_VALUES(SQL_NULL, SQL_NULL), arena,
                        NULL, err);
}

static bool
apply_schedule(struct database *db, const struct schedule_row *row, struct arena *arena,
               int64_t *changed, struct error *err)
{
    const struct schedule_time *time = &row->time;
    struct rows rows;

    if (!database_run(db, &query_schedule_apply,
                      SQL_VALUES(SQL_TEXT(row->name), SQL_TEXT(row->source), SQL_TEXT(row->kind),
                                 SQL_TEXT(row->stream), SQL_TEXT(row->args),
                                 time->period_s ? SQL_INT(time->period_s) : SQL_NULL,
                                 SQL_INT(time->offset_s), SQL_TEXT(row->missed),
                                 time->not_after_s ? SQL_INT(time->not_after_s) : SQL_NULL,
                                 SQL_BOOL(row->enabled),
                                 time->cron ? SQL_TEXT(time->cron) : SQL_NULL),
                      arena, &rows, err))
        return error_prefix(err, "%s", row->name);
    *changed += rows.affected;
    return true;
}

/*
 * Those that go make room first, and those that change their stream as well: it may be another's
 * from now on.
 */
static bool
apply_schedules(struct database *db, const struct checked_schedules *checked, struct arena *arena,
                struct applied *applied, struct error *err)
{
    struct text names, sources, streams;

    array_start(&names, arena, 1024);
    array_start(&sources, arena, 1024);
    array_start(&streams, arena, 1024);
    for (size_t i = 0; i < checked->schedule_count; i++) {
        array_add(&names, checked->schedules[i].name);
        array_add(&sources, checked->schedules[i].source);
        array_add(&streams, checked->schedules[i].stream);
    }
    if (!database_run(db, &query_schedules_remove_others,
                      SQL_VALUES(SQL_TEXT(array_finish(&names)), SQL_TEXT(array_finish(&sources)),
                                 SQL_TEXT(array_finish(&streams))),
                      arena, &applied->removed, err))
        return false;
    for (size_t i = 0; i < checked->schedule_count; i++)
        if (!apply_schedule(db, &checked->schedules[i], arena, &applied->changed, err))
            return false;
    return true;
}

/*
 * The lock of the references comes before any row: a worker that takes a list of coins holds it
 * while it writes assets.
 */
static bool
apply_all(struct database *db, const char *path, const struct checked_schedules *checked,
          struct arena *arena, struct applied *applied, struct error *err)
{
    if (!database_begin(db, err))
        return false;
    if (!check_sources(db, checked, arena, err) ||
        !database_run(db, &query_references_lock, SQL_NO_VALUES, arena, NULL, err) ||
        !apply_assets(db, checked, arena, err) ||
        !apply_instruments(db, path, checked, arena, err) ||
        !apply_schedules(db, checked, arena, applied, err)) {
        database_rollback(db);
        return false;
    }
    return database_commit(db, err);
}

static void
report(const struct call *call, const struct checked_schedules *checked,
       const struct applied *applied)
{
    struct text text;

    if (!call->json) {
        printf("%zu assets, %zu instruments, %zu schedules: %lld new or changed, %zu removed\n",
               checked->asset_count, checked->instrument_count, checked->schedule_count,
               (long long)applied->changed, applied->removed.count);
        for (size_t i = 0; i < applied->removed.count; i++)
            printf("removed %s\n", rows_text(&applied->removed, i, 0));
        return;
    }
    text_init(&text, call->arena, 256);
    text_add_format(&text,
                    "{\"assets\":%zu,\"instruments\":%zu,\"schedules\":%zu,\"changed\":%lld,"
                    "\"removed\":[",
                    checked->asset_count, checked->instrument_count, checked->schedule_count,
                    (long long)applied->changed);
    for (size_t i = 0; i < applied->removed.count; i++) {
        if (i)
            text_add_char(&text, ',');
        text_add_json_string(&text, rows_text(&applied->removed, i, 0));
    }
    text_add_string(&text, "]}");
    puts(text_finish(&text).data);
}

static bool
schedules_apply(const struct call *call, struct error *err)
{
    struct applied applied = {0};
    struct checked_schedules checked;
    struct schedules_file file;
    struct database *db;
    bool done;

    if (!schedules_file_read(call->arguments[0], call->arena, &file, err) ||
        !schedules_check(&file, call->arena, &checked, err))
        return false;
    db = servers_database(call, err);
    if (!db)
        return false;
    done = apply_all(db, file.path, &checked, call->arena, &applied, err);
    if (done)
        report(call, &checked, &applied);
    database_destroy(db);
    return done;
}

/* ---- run now ---- */

/* Columns of the query schedules_named. */
enum { NAME, SOURCE_ID, SOURCE, KIND, STREAM, ARGS, NOT_AFTER, SOURCE_ENABLED };

static bool
make_orders(const struct rows *named, struct order *orders, struct error *err)
{
    int64_t now_s = clock_now_ms() / 1000;

    for (size_t i = 0; i < named->count; i++) {
        int64_t not_after_s = rows_int(named, i, NOT_AFTER, 0);

        if (!rows_bool(named, i, SOURCE_ENABLED))
            return error_set(err, ERROR_REJECT, "source.disabled",
                             "%s is switched off: tidemarkctl sources enable %s",
                             rows_text(named, i, SOURCE), rows_text(named, i, SOURCE));
        orders[i] = (struct order){
            .source = rows_text(named, i, SOURCE),
            .source_id = rows_int(named, i, SOURCE_ID, 0),
            .stream = rows_text(named, i, STREAM),
            .args = rows_text(named, i, ARGS),
            .slot_s = now_s,
            .not_after_s = not_after_s > 0 ? now_s + not_after_s : 0,
        };
        if (!job_kind_parse(rows_text(named, i, KIND), &orders[i].kind))
            return error_set(err, ERROR_REJECT, "schedules.kind", "%s is of an unknown kind",
                             rows_text(named, i, NAME));
    }
    return true;
}

static bool
order_schedules(const struct call *call, struct database *db, struct rows *ret_progress,
                struct error *err)
{
    const char *name = call->arguments[0];
    struct order *orders;
    struct rows named;

    if (!database_run(db, &query_schedules_named, SQL_VALUES(SQL_TEXT(name)), call->arena, &named,
                      err))
        return false;
    if (named.count == 0)
        return error_set(err, ERROR_REJECT, "schedules.unknown",
                         "there is no schedule \"%.100s\"; tidemarkctl schedules list has them",
                         name);
    orders = arena_alloc_array(call->arena, named.count, sizeof *orders);
    if (!make_orders(&named, orders, err) ||
        !orders_place(db, orders, named.count, call->arena, err))
        return false;
    if (call_has(call, "wait"))
        return orders_wait(db, orders, named.count, NULL, call->arena, ret_progress, err);
    return orders_look(db, orders, named.count, call->arena, ret_progress, err);
}

static bool
schedules_run(const struct call *call, struct error *err)
{
    struct database *db = servers_database(call, err);
    struct rows progress;
    struct table table;
    bool done;

    if (!db)
        return false;
    done = order_schedules(call, db, &progress, err);
    database_destroy(db);
    if (!done)
        return false;
    orders_fill_table(&progress, call->arena, &table);
    table_print(&table, call->json);
    return !call_has(call, "wait") || orders_check(&progress, err);
}

static const struct command commands[] = {
    {.verb = "apply",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "make the schedules what FILE says",
     .run = schedules_apply                                                                  },
    { .verb = "list",
     .may_be_left_out = true,
     .about = "what is fetched, and when",
     .run = schedules_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"}}      },
    {                                                                        .verb = "run",
     .arguments = "NAME",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "do it now, once: a schedule, or all of one entry",
     .run = schedules_run,
     .options = {{"wait", OPTION_SWITCH, NULL,
                  "until it is over; then exit code 1 unless all went well"}}},
};

const struct noun schedules_noun = {"schedules", "what is fetched, and when", commands,
                                    COUNT_OF(commands)};
