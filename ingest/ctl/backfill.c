/* tidemarkctl backfill: a window of candles, beside the regular histories. */
#include "common/clock.h"
#include "ingest/ctl/backfill_plan.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/progress_line.h"
#include "ingest/ctl/servers.h"
#include "schema/queries.h"

#include <stdio.h>
#include <string.h>

enum { BAR_WIDTH = 24, ARGUMENTS_MAX = 202 };

/* What the symbols are in our tables: columns of the query instruments_map. */
enum { SYMBOL, ASSET_ID, QUOTE_ID };

struct backfill {
    const struct call *call;
    struct backfill_plan plan;
    struct database *db;
    struct rows markets;
    int64_t started_at_ms; /* monotonic */
    double share_before;   /* of earlier tries of the same window */
};

/* ---- before ---- */

/* The market of a symbol, as a row of `markets`; their count if there is none. */
static size_t
find_market(const struct backfill *backfill, const char *symbol)
{
    size_t i = 0;

    while (i < backfill->markets.count &&
           strcmp(rows_text(&backfill->markets, i, SYMBOL), symbol) != 0)
        i++;
    return i;
}

/* Candles of a symbol that means nothing to us would be fetched and thrown away. */
static bool
find_markets(struct backfill *backfill, int64_t source_id, struct error *err)
{
    const struct backfill_plan *plan = &backfill->plan;
    struct arena *arena = backfill->call->arena;
    struct database_value values[2];
    struct text symbols;

    array_start(&symbols, arena, 256);
    for (size_t i = 0; i < plan->symbol_count; i++)
        array_add(&symbols, plan->symbols[i]);
    values[0] = SQL_INT(source_id);
    values[1] = SQL_TEXT(array_finish(&symbols));
    /* A coin that is mapped is so in every currency, also in one that nobody has asked for yet. */
    if (!database_run(backfill->db, &query_instruments_derive, values, COUNT_OF(values), arena,
                      NULL, err) ||
        !database_run(backfill->db, &query_instruments_map, values, COUNT_OF(values), arena,
                      &backfill->markets, err))
        return false;
    for (size_t i = 0; i < plan->symbol_count; i++)
        if (find_market(backfill, plan->symbols[i]) == backfill->markets.count)
            return error_set(err, ERROR_REJECT, "backfill.symbol",
                             "%s %.60s is not mapped to an asset: see tidemarkctl instruments, or "
                             "name it in the schedules file",
                             plan->source->name, plan->symbols[i]);
    return true;
}

static bool
find_source(struct backfill *backfill, struct error *err)
{
    const char *name = backfill->plan.source->name;
    struct rows found;

    if (!database_run(backfill->db, &query_source_find, SQL_VALUES(SQL_TEXT(name)),
                      backfill->call->arena, &found, err))
        return false;
    if (found.count == 0)
        return error_set(err, ERROR_FATAL, "schema.old",
                         "the database does not know %s: run tidemark-migrate up", name);
    if (!rows_bool(&found, 0, 1))
        return error_set(err, ERROR_REJECT, "source.disabled",
                         "%s is switched off: tidemarkctl sources enable %s", name, name);
    for (size_t i = 0; i < backfill->plan.symbol_count; i++)
        backfill->plan.orders[i].source_id = rows_int(&found, 0, 0, 0);
    return find_markets(backfill, rows_int(&found, 0, 0, 0), err);
}

/* --again: the windows begin anew. Otherwise notes how far earlier tries got. */
static bool
look_at_checkpoints(struct backfill *backfill, struct error *err)
{
    struct arena *arena = backfill->call->arena;
    struct rows found;

    for (size_t i = 0; i < backfill->plan.symbol_count; i++) {
        struct database_value source = SQL_TEXT(backfill->plan.orders[i].source);
        struct database_value stream = SQL_TEXT(backfill->plan.orders[i].stream);
        const char *position;

        if (!database_run(backfill->db, &query_checkpoint_find, SQL_VALUES(source, stream), arena,
                          &found, err))
            return false;
        position = found.count > 0 ? rows_text(&found, 0, 2) : NULL;
        if (!position)
            continue;
        if (!call_has(backfill->call, "again"))
            backfill->share_before += backfill_share(&backfill->plan, position);
        else if (!database_run(backfill->db, &query_checkpoint_forget,
                               SQL_VALUES(source, stream, SQL_TEXT(position)), arena, NULL, err))
            return false;
    }
    return true;
}

/* ---- during ---- */

/* "[######....] 61 %  1234 candles, 410 a second, 12 s left; BTCUSDT tries again: ..." */
static void
describe(void *context, const struct rows *progress, struct arena *arena, char *text, size_t size)
{
    const struct backfill *backfill = context;
    double seconds = (double)(clock_monotonic_ms() - backfill->started_at_ms) / 1000 + 0.001;
    double count = (double)progress->count, share = 0, done_now;
    char bar[BAR_WIDTH + 3], left[40] = "";
    int64_t records = 0;
    size_t over = 0, at;

    for (size_t i = 0; i < progress->count; i++) {
        bool final = orders_is_final(progress, i);

        over += final;
        share +=
            final ? 1 : backfill_share(&backfill->plan, rows_text(progress, i, ORDER_POSITION));
        records += rows_int(progress, i, ORDER_RECORDS, 0);
    }
    done_now = share - backfill->share_before;
    if (done_now > 0 && share < count)
        snprintf(left, sizeof left, ", %.0f s left", (count - share) / done_now * seconds);
    progress_line_bar(share / count, BAR_WIDTH, bar, sizeof bar);
    at = (size_t)snprintf(text, size, "%s %3.0f %%  %lld candles, %.0f a second%s", bar,
                          share / count * 100, (long long)records, (double)records / seconds, left);
    if (progress->count > 1 && at < size)
        at += (size_t)snprintf(text + at, size - at, ", %zu of %zu symbols", over, progress->count);
    for (size_t i = 0; i < progress->count && at < size; i++) {
        const char *error = rows_text(progress, i, ORDER_ERROR);

        if (error && !orders_is_final(progress, i)) {
            snprintf(text + at, size - at, "; %s waits: %s", backfill->plan.symbols[i],
                     table_clean(error, arena));
            break;
        }
    }
}

static bool
place_and_wait(struct backfill *backfill, struct rows *ret_progress, struct error *err)
{
    const struct order_watch watch = {describe, backfill};
    struct backfill_plan *plan = &backfill->plan;
    struct arena *arena = backfill->call->arena;

    backfill->started_at_ms = clock_monotonic_ms();
    if (!orders_place(backfill->db, plan->orders, plan->symbol_count, arena, err))
        return false;
    if (call_has(backfill->call, "no-wait"))
        return orders_look(backfill->db, plan->orders, plan->symbol_count, arena, ret_progress,
                           err);
    return orders_wait(backfill->db, plan->orders, plan->symbol_count, &watch, arena, ret_progress,
                       err);
}

/* ---- after ---- */

static bool
count_candles(const struct backfill *backfill, size_t i, int64_t *ret_count, struct error *err)
{
    const struct backfill_plan *plan = &backfill->plan;
    size_t market = find_market(backfill, plan->symbols[i]);
    struct rows rows;

    if (!database_run(backfill->db, &query_candles_count,
                      SQL_VALUES(SQL_INT(plan->orders[i].source_id),
                                 SQL_INT(rows_int(&backfill->markets, market, ASSET_ID, 0)),
                                 SQL_INT(rows_int(&backfill->markets, market, QUOTE_ID, 0)),
                                 SQL_INT(plan->step_ms / 1000), SQL_TIME_MS(plan->from_ms),
                                 SQL_TIME_MS(plan->until_ms)),
                      backfill->call->arena, &rows, err))
        return false;
    *ret_count = rows_int(&rows, 0, 0, 0);
    return true;
}

static bool
report(const struct backfill *backfill, const struct rows *progress, struct error *err)
{
    static const struct column columns[] = {
        {"SYMBOL",   "symbol",     COLUMN_TEXT   },
        {"INTERVAL", "interval",   COLUMN_TEXT   },
        {"FROM",     "from",       COLUMN_TIME_MS},
        {"TO",       "to",         COLUMN_TIME_MS},
        {NULL,       "job_id",     COLUMN_TEXT   },
        {"RUN",      "run_id",     COLUMN_INT    },
        {"STATUS",   "status",     COLUMN_TEXT   },
        {"FETCHED",  "records",    COLUMN_INT    },
        {"POSSIBLE", "expected",   COLUMN_INT    },
        {"STORED",   "stored",     COLUMN_INT    },
        {"MISSING",  "missing",    COLUMN_INT    },
        {NULL,       "error_code", COLUMN_TEXT   },
        {"ERROR",    "error",      COLUMN_TEXT   },
    };
    const struct backfill_plan *plan = &backfill->plan;
    int64_t expected = (plan->until_ms - plan->from_ms) / plan->step_ms, stored;
    struct arena *arena = backfill->call->arena;
    struct table table;

    table_init(&table, arena, columns, COUNT_OF(columns));
    for (size_t i = 0; i < progress->count; i++) {
        if (!count_candles(backfill, i, &stored, err))
            return false;
        table_add(&table, (const char *[]){
                              plan->symbols[i],
                              plan->interval,
                              arena_printf(arena, "%lld", (long long)plan->from_ms),
                              arena_printf(arena, "%lld", (long long)plan->until_ms),
                              plan->orders[i].job_id,
                              rows_text(progress, i, ORDER_RUN_ID),
                              rows_text(progress, i, ORDER_STATUS),
                              rows_text(progress, i, ORDER_RECORDS),
                              arena_printf(arena, "%lld", (long long)expected),
                              arena_printf(arena, "%lld", (long long)stored),
                              arena_printf(arena, "%lld", (long long)(expected - stored)),
                              rows_text(progress, i, ORDER_ERROR_CODE),
                              rows_text(progress, i, ORDER_ERROR),
                          });
    }
    table_print(&table, backfill->call->json);
    return true;
}

static bool
backfill_run(const struct call *call, struct error *err)
{
    struct backfill backfill = {.call = call};
    struct rows progress;
    bool done;

    if (!backfill_plan(call, clock_now_ms(), &backfill.plan, err))
        return false;
    backfill.db = servers_database(call, err);
    if (!backfill.db)
        return false;
    done = find_source(&backfill, err) && look_at_checkpoints(&backfill, err) &&
           place_and_wait(&backfill, &progress, err) && report(&backfill, &progress, err);
    database_destroy(backfill.db);
    return done && (call_has(call, "no-wait") || orders_check(&progress, err));
}

static const struct command commands[] = {
    {.arguments = "SOURCE SYMBOL... INTERVAL",
     .arguments_min = 3,
     .arguments_max = ARGUMENTS_MAX,
     .about = "fetch the candles of a window, and say what is missing",
     .run = backfill_run,
     .options = {{"from", OPTION_MOMENT, "DATE",
                  "the first candle opens then (2026-01-31, 30d ago)"},
                 {"to", OPTION_MOMENT, "DATE", "and none then or later (up to the present)"},
                 {"series", OPTION_CHOICE, "points|ohlcv", "of an aggregator that has both"},
                 {"again", OPTION_SWITCH, NULL, "also what an earlier backfill of it has fetched"},
                 {"no-wait", OPTION_SWITCH, NULL, "only order it"}}},
};

const struct noun backfill_noun = {"backfill", "candles of a window, once", commands,
                                   COUNT_OF(commands)};
