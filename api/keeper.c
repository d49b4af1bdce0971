#include "api/keeper.h"

#include "common/clock.h"
#include "common/database.h"
#include "common/due_offset.h"
#include "common/log.h"
#include "schema/queries.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUND_MS = 1000, /* is the database there, and how are the sources */
    CATALOG_EVERY_MS = 30000,
    FACTS_EVERY_MS = 30000,
    FRESH_S = 15 * 60,     /* no source's price is stale before: PRICE_FRESH_S of the handlers */
    GAPS_EVERY_MS = 10000, /* the ledger itself is looked through once a minute */
};

struct keeper {
    char *url;
    struct board *board;
    pthread_t pthread;
    atomic_bool stopping;

    struct database *db; /* NULL = not connected yet */
    struct upstreams *upstreams;
    struct arena *arena; /* of one round */
    int64_t catalog_at_ms;
    struct arena *facts_arena; /* of `facts`, which several rounds use */
    struct rows facts;
    int64_t facts_at_ms;      /* 0 = not read yet */
    struct arena *gaps_arena; /* of `gaps`, which several rounds use */
    struct rows gaps;
    int64_t gaps_at_ms; /* 0 = not read yet */
    struct retention_state retention;
    bool up;
};

static bool
read_names(struct keeper *keeper, const struct query *query, size_t column,
           const char *const **ret_names, size_t *ret_count, struct error *err)
{
    struct rows rows;
    const char **names;

    if (!database_run(keeper->db, query, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    names = arena_alloc_array(keeper->arena, rows.count + 1, sizeof *names);
    for (size_t i = 0; i < rows.count; i++)
        names[i] = rows_text(&rows, i, column);
    *ret_names = names;
    *ret_count = rows.count;
    return true;
}

static bool
read_assets(struct keeper *keeper, struct catalog_names *catalog, struct error *err)
{
    struct catalog_ticker *tickers;
    const char **slugs;
    struct rows rows;

    if (!database_run(keeper->db, &query_assets_names, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    slugs = arena_alloc_array(keeper->arena, rows.count + 1, sizeof *slugs);
    tickers = arena_alloc_array(keeper->arena, rows.count + 1, sizeof *tickers);
    for (size_t i = 0; i < rows.count; i++) {
        slugs[i] = rows_text(&rows, i, 0);
        tickers[i] =
            (struct catalog_ticker){rows_text(&rows, i, 1), slugs[i], rows_bool(&rows, i, 2),
                                    (int32_t)rows_int(&rows, i, 3, 0), rows_text(&rows, i, 4)};
    }
    catalog->names[CATALOG_ASSET] = slugs;
    catalog->counts[CATALOG_ASSET] = rows.count;
    catalog->tickers = tickers;
    catalog->ticker_count = rows.count;
    return true;
}

static bool
read_cursor_key(struct keeper *keeper, struct catalog_names *catalog, struct error *err)
{
    struct rows rows;

    if (!database_run(keeper->db, &query_cursor_key_read, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    if (rows.count != 1)
        return error_set(err, ERROR_FATAL, "cursor.no_key", "the table cursor_keys is empty");
    catalog->cursor_key = rows_text(&rows, 0, 0);
    return true;
}

static bool
read_retention(struct keeper *keeper, struct error *err)
{
    struct rows rows;

    if (!database_run(keeper->db, &query_retention_look, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    keeper->retention = (struct retention_state){
        .known = !rows_is_null(&rows, 0, 0),
        .configured = rows_size(&rows, 0, 2) > 0,
        .waiting = rows_int(&rows, 0, 3, 0),
        .overdue_s = rows_int(&rows, 0, 5, 0),
        .archives = rows_int(&rows, 0, 6, 0),
        .rows = rows_int(&rows, 0, 7, 0),
        .bytes = rows_int(&rows, 0, 8, 0),
        .archived_at_ms = rows_int(&rows, 0, 9, 0),
    };
    return true;
}

/* Columns of query_schedules_loads. */
enum {
    LOAD_SOURCE,
    LOAD_KIND,
    LOAD_INTERVAL,
    LOAD_ASSET,
    LOAD_CURRENCY,
    LOAD_STREAM,
    LOAD_PERIOD,
    LOAD_CRON,
    LOAD_OFFSET,
    LOAD_NOT_AFTER,
    LOAD_INSTEAD,
};

static int32_t
load_interval(const char *name)
{
    static const struct {
        const char *name;
        int32_t interval_s;
    } known[] = {
        {"5m", 300  },
        {"1h", 3600 },
        {"1d", 86400},
    };

    for (size_t i = 0; name && i < COUNT_OF(known); i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].interval_s;
    return LOADS_ANY_INTERVAL;
}

static struct load_rule
load_of(const struct rows *rows, size_t row)
{
    int64_t instead_s = rows_int(rows, row, LOAD_INSTEAD, 0);
    struct load_rule rule = {
        .source = rows_text(rows, row, LOAD_SOURCE),
        .asset = rows_text(rows, row, LOAD_ASSET),
        .currency = rows_text(rows, row, LOAD_CURRENCY),
        .cron = rows_text(rows, row, LOAD_CRON),
        .period_s = rows_int(rows, row, LOAD_PERIOD, 0),
        .offset_s = rows_int(rows, row, LOAD_OFFSET, 0),
    };

    if (strcmp(rows_text(rows, row, LOAD_KIND), "history") == 0)
        rule.interval_s = load_interval(rows_text(rows, row, LOAD_INTERVAL));
    if (instead_s > 0) { /* what the scheduler makes of it */
        rule.cron = NULL;
        rule.period_s = instead_s;
        rule.offset_s = due_offset_s(rows_text(rows, row, LOAD_STREAM), instead_s,
                                     rows_int(rows, row, LOAD_NOT_AFTER, 0));
    }
    return rule;
}

static bool
keep_loads(struct keeper *keeper, struct error *err)
{
    struct load_rule *rules;
    struct rows rows;

    if (!database_run(keeper->db, &query_schedules_loads, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    rules = arena_alloc_array(keeper->arena, rows.count + 1, sizeof *rules);
    for (size_t i = 0; i < rows.count; i++)
        rules[i] = load_of(&rows, i);
    board_post_loads(keeper->board, loads_create(rules, rows.count));
    return true;
}

static bool
keep_catalog(struct keeper *keeper, struct error *err)
{
    struct catalog_names read;

    if (!read_retention(keeper, err) || !read_assets(keeper, &read, err) ||
        !read_cursor_key(keeper, &read, err) ||
        !read_names(keeper, &query_currencies_list, 1, &read.names[CATALOG_CURRENCY],
                    &read.counts[CATALOG_CURRENCY], err) ||
        !read_names(keeper, &query_sources_list, 1, &read.names[CATALOG_SOURCE],
                    &read.counts[CATALOG_SOURCE], err) ||
        !keep_loads(keeper, err))
        return false;
    board_post_catalog(keeper->board, catalog_create(&read));
    keeper->catalog_at_ms = clock_monotonic_ms();
    return true;
}

/* ----------------------------------------------------------------------------------- reports */

static const char *
copied(struct arena *arena, const char *text)
{
    return text ? arena_string(arena, text) : NULL;
}

/* Redis may be away: that costs a moment at most, once a second. */
static void
read_upstreams(struct keeper *keeper, struct source_state *sources, size_t count)
{
    struct error err;

    for (size_t i = 0; i < count; i++)
        if (!upstream_read(keeper->upstreams, sources[i].name, &sources[i].upstream, &err))
            sources[i].upstream = (struct upstream_state){.known = false};
}

static bool
read_sources(struct keeper *keeper, struct report *report, struct error *err)
{
    struct source_state *sources;
    struct rows rows;

    if (!database_run(keeper->db, &query_etl_status, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    sources = arena_alloc_array(report->arena, rows.count + 1, sizeof *sources);
    for (size_t i = 0; i < rows.count; i++) {
        sources[i] = (struct source_state){
            .name = copied(report->arena, rows_text(&rows, i, 0)),
            .enabled = rows_bool(&rows, i, 1),
            .status = copied(report->arena, rows_text(&rows, i, 2)),
            .last_run_ms = rows_int(&rows, i, 3, 0),
            .error_code = copied(report->arena, rows_text(&rows, i, 5)),
            .last_success_ms = rows_int(&rows, i, 6, 0),
            .last_failure_ms = rows_int(&rows, i, 7, 0),
            .doubtful_prices = rows_int(&rows, i, 8, 0),
        };
    }
    read_upstreams(keeper, sources, rows.count);
    report->sources = sources;
    report->source_count = rows.count;
    return true;
}

static bool
read_facts(struct keeper *keeper, struct report *report, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();
    const struct rows *rows = &keeper->facts;
    struct source_facts *facts;

    if (keeper->facts_at_ms == 0 || now_ms - keeper->facts_at_ms >= FACTS_EVERY_MS) {
        keeper->facts_at_ms = 0;
        arena_reset(keeper->facts_arena);
        if (!database_run(keeper->db, &query_source_facts, SQL_VALUES(SQL_INT(FRESH_S)),
                          keeper->facts_arena, &keeper->facts, err))
            return false;
        keeper->facts_at_ms = now_ms;
    }
    facts = arena_alloc_array(report->arena, rows->count + 1, sizeof *facts);
    for (size_t i = 0; i < rows->count; i++)
        facts[i] = (struct source_facts){
            .name = copied(report->arena, rows_text(rows, i, 0)),
            .kind = copied(report->arena, rows_text(rows, i, 1)),
            .priority = rows_int(rows, i, 2, 0),
            .jobs = copied(report->arena, rows_text(rows, i, 3)),
            .markets = rows_int(rows, i, 4, 0),
            .prices = rows_int(rows, i, 5, 0),
            .newest_at_ms = rows_int(rows, i, 6, 0),
            .fresh_s = rows_int(rows, i, 7, 0),
        };
    report->facts = facts;
    report->fact_count = rows->count;
    return true;
}

static bool
read_totals(struct keeper *keeper, struct report *report, struct error *err)
{
    struct run_total *totals;
    struct rows rows;

    if (!database_run(keeper->db, &query_run_totals, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    totals = arena_alloc_array(report->arena, rows.count + 1, sizeof *totals);
    for (size_t i = 0; i < rows.count; i++) {
        totals[i] = (struct run_total){
            .source = copied(report->arena, rows_text(&rows, i, 0)),
            .status = copied(report->arena, rows_text(&rows, i, 1)),
            .runs = rows_int(&rows, i, 2, 0),
            .records = rows_int(&rows, i, 3, 0),
            .ended = rows_int(&rows, i, 4, 0),
            .duration_us = rows_int(&rows, i, 5, 0),
        };
    }
    report->totals = totals;
    report->total_count = rows.count;
    return true;
}

/* Missing candles by source and cause; every report has them, not each is worth a look. */
static bool
read_gaps(struct keeper *keeper, struct report *report, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();
    struct gap_total *gaps;

    if (keeper->gaps_at_ms == 0 || now_ms - keeper->gaps_at_ms >= GAPS_EVERY_MS) {
        keeper->gaps_at_ms = 0;
        arena_reset(keeper->gaps_arena);
        if (!database_run(keeper->db, &query_gap_buckets, SQL_NO_VALUES, keeper->gaps_arena,
                          &keeper->gaps, err))
            return false;
        keeper->gaps_at_ms = now_ms;
    }
    gaps = arena_alloc_array(report->arena, keeper->gaps.count + 1, sizeof *gaps);
    for (size_t i = 0; i < keeper->gaps.count; i++)
        gaps[i] = (struct gap_total){
            .source = copied(report->arena, rows_text(&keeper->gaps, i, 0)),
            .cause = copied(report->arena, rows_text(&keeper->gaps, i, 1)),
            .buckets = rows_int(&keeper->gaps, i, 2, 0),
        };
    report->gaps = gaps;
    report->gap_count = keeper->gaps.count;
    return true;
}

static bool
read_rollup(struct keeper *keeper, struct report *report, struct error *err)
{
    struct rows rows;

    if (!database_run(keeper->db, &query_rollup_state, SQL_NO_VALUES, keeper->arena, &rows, err))
        return false;
    report->rollup_marks = rows_int(&rows, 0, 0, 0);
    report->rollup_lag_ms = rows_int(&rows, 0, 1, 0);
    return true;
}

static bool
keep_report(struct keeper *keeper, struct error *err)
{
    struct report *report = report_create();

    report->read_at_ms = clock_now_ms();
    report->retention = keeper->retention;
    if (!read_sources(keeper, report, err) || !read_facts(keeper, report, err) ||
        !read_totals(keeper, report, err) || !read_rollup(keeper, report, err) ||
        !read_gaps(keeper, report, err)) {
        report_release(report);
        return false;
    }
    board_post_report(keeper->board, report);
    return true;
}

/* ------------------------------------------------------------------------------------ rounds */

static bool
connect(struct keeper *keeper, struct error *err)
{
    const struct database_settings settings = {
        .url = keeper->url,
        .application_name = "tidemark-api keeper",
        .connect_timeout_ms = 2000,
        .statement_timeout_ms = 5000,
    };

    if (keeper->db && database_usable(keeper->db))
        return true;
    if (keeper->db)
        return database_reconnect(keeper->db, err);
    keeper->db = database_connect(&settings, err);
    return keeper->db;
}

static bool
round_once(struct keeper *keeper, bool wanted, struct error *err)
{
    if (!connect(keeper, err))
        return false;
    if ((wanted || keeper->catalog_at_ms == 0 ||
         clock_monotonic_ms() - keeper->catalog_at_ms > CATALOG_EVERY_MS) &&
        !keep_catalog(keeper, err))
        return false;
    return keep_report(keeper, err);
}

static void *
run(void *context)
{
    struct keeper *keeper = context;
    bool wanted = true;

    while (!atomic_load(&keeper->stopping)) {
        struct error err;
        bool up = round_once(keeper, wanted, &err);

        if (!up && (keeper->up || err.kind != ERROR_RETRY))
            log_event(LOG_WARN, "keeper.failed", LOG_ERROR(&err));
        keeper->up = up;
        board_post_database(keeper->board, up ? PART_CONNECTED : PART_AWAY, clock_monotonic_ms());
        arena_reset(keeper->arena);
        wanted = board_wait_wanted(keeper->board, ROUND_MS);
    }
    database_destroy(keeper->db);
    return NULL;
}

struct keeper *
keeper_start(const char *database_url, const char *redis_url, struct board *board,
             struct error *err)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);

    if (!keeper)
        abort();
    keeper->upstreams = upstreams_open(redis_url, err);
    if (!keeper->upstreams) {
        free(keeper);
        return NULL;
    }
    keeper->url = strdup(database_url);
    keeper->board = board;
    keeper->arena = arena_create(64 * 1024);
    keeper->facts_arena = arena_create(16 * 1024);
    keeper->gaps_arena = arena_create(16 * 1024);
    if (pthread_create(&keeper->pthread, NULL, run, keeper) != 0)
        abort();
    return keeper;
}

void
keeper_stop(struct keeper *keeper)
{
    if (!keeper)
        return;
    atomic_store(&keeper->stopping, true);
    board_wake(keeper->board);
    pthread_join(keeper->pthread, NULL);
    upstreams_close(keeper->upstreams);
    arena_destroy(keeper->arena);
    arena_destroy(keeper->facts_arena);
    arena_destroy(keeper->gaps_arena);
    free(keeper->url);
    free(keeper);
}
