/* What is missing in the candles, why, and what is done about it. */
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 100 };

static const struct column list_columns[] = {
    {"GAP",      "gap_id",        COLUMN_INT    },
    {"SOURCE",   "source",        COLUMN_TEXT   },
    {"ASSET",    "asset",         COLUMN_TEXT   },
    {"QUOTE",    "quote",         COLUMN_TEXT   },
    {"INTERVAL", "interval_s",    COLUMN_SECONDS},
    {"FROM",     "from",          COLUMN_TIME_MS},
    {"UNTIL",    "until",         COLUMN_TIME_MS},
    {"CANDLES",  "buckets",       COLUMN_INT    },
    {"CAUSE",    "cause",         COLUMN_TEXT   },
    {"STATE",    "state",         COLUMN_TEXT   },
    {"TRIES",    "attempts",      COLUMN_INT    },
    {NULL,       "first_seen_at", COLUMN_TIME_MS},
    {NULL,       "checked_at",    COLUMN_TIME_MS},
    {NULL,       "next_try_at",   COLUMN_TIME_MS},
    {NULL,       "ended_at",      COLUMN_TIME_MS},
    {NULL,       "plan",          COLUMN_TEXT   },
};

static const struct {
    const char *name;
    int32_t seconds;
} intervals[] = {
    {"5m", 300  },
    {"1h", 3600 },
    {"1d", 86400},
};

static struct database_value
interval_value(const struct call *call)
{
    const char *name = call_text(call, "interval");

    for (size_t i = 0; name && i < COUNT_OF(intervals); i++)
        if (strcmp(intervals[i].name, name) == 0)
            return SQL_INT(intervals[i].seconds);
    return SQL_NULL;
}

/* An empty list must not look as if nothing were missing. */
static bool
tell_given_up(const struct call *call, struct database *db, struct error *err)
{
    struct rows count;

    if (call->json || call_has(call, "all") || call_has(call, "state") || call_has(call, "cause"))
        return true;
    if (!database_run(db, &query_gaps_given_up_count, SQL_NO_VALUES, call->arena, &count, err))
        return false;
    if (rows_int(&count, 0, 0, 0) > 0)
        printf("%s given up (%s): tidemarkctl gaps --state given_up\n", rows_text(&count, 0, 0),
               rows_text(&count, 0, 1));
    return true;
}

static bool
gaps_list(const struct call *call, struct error *err)
{
    struct database *db = servers_database(call, err);
    struct table table;
    struct rows rows;
    bool done;

    if (!db)
        return false;
    table_init(&table, call->arena, list_columns, COUNT_OF(list_columns));
    done = database_run(
        db, &query_gaps_list,
        SQL_VALUES(SQL_TEXT(call_text(call, "source")), SQL_TEXT(call_text(call, "asset")),
                   SQL_TEXT(call_text(call, "quote")), interval_value(call),
                   SQL_TEXT(call_text(call, "cause")), SQL_TEXT(call_text(call, "state")),
                   SQL_BOOL(call_has(call, "all")),
                   SQL_INT(call_number(call, "limit", LIST_DEFAULT))),
        call->arena, &rows, err);
    if (done) {
        table_add_rows(&table, &rows);
        table_print(&table, call->json);
        done = tell_given_up(call, db, err);
    }
    database_destroy(db);
    return done;
}

static bool
gaps_summary(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"SOURCE",        "source",        COLUMN_TEXT   },
        {"INTERVAL",      "interval_s",    COLUMN_SECONDS},
        {"SERIES",        "series",        COLUMN_INT    },
        {"EXPECTED",      "expected",      COLUMN_INT    },
        {"STORED",        "stored",        COLUMN_INT    },
        {"NOT LOOKED AT", "unverified",    COLUMN_INT    },
        {"MISSING",       "missing",       COLUMN_INT    },
        {"SOURCE DOWN",   "source_down",   COLUMN_INT    },
        {"LIMITED",       "limited",       COLUMN_INT    },
        {"NO TRADE",      "no_trade",      COLUMN_INT    },
        {"EXPIRED",       "expired",       COLUMN_INT    },
        {"LOST UPSTREAM", "lost_upstream", COLUMN_INT    },
        {"UNKNOWN",       "unknown",       COLUMN_INT    },
        {"NOT YET DUE",   "not_yet_due",   COLUMN_INT    },
    };
    struct table table;

    table_init(&table, call->arena, columns, COUNT_OF(columns));
    if (!servers_fill(call, &query_coverage_summary,
                      SQL_VALUES(SQL_TEXT(call_text(call, "source"))), &table, err))
        return false;
    table_print(&table, call->json);
    return true;
}

/* ---- one of them ---- */

static bool
read_gap_id(const struct call *call, int64_t *ret_id, struct error *err)
{
    char *end;

    *ret_id = strtoll(call->arguments[0], &end, 10);
    if (*end != '\0' || *ret_id < 1)
        return error_set(err, ERROR_FATAL, "usage", "%.60s is no number of a gap",
                         call->arguments[0]);
    return true;
}

static bool
gaps_show(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {NULL, "gap_id",          COLUMN_INT    },
        {NULL, "source",          COLUMN_TEXT   },
        {NULL, "asset",           COLUMN_TEXT   },
        {NULL, "quote",           COLUMN_TEXT   },
        {NULL, "interval_s",      COLUMN_SECONDS},
        {NULL, "from",            COLUMN_TIME_MS},
        {NULL, "until",           COLUMN_TIME_MS},
        {NULL, "buckets",         COLUMN_INT    },
        {NULL, "cause",           COLUMN_TEXT   },
        {NULL, "state",           COLUMN_TEXT   },
        {NULL, "attempts",        COLUMN_INT    },
        {NULL, "first_seen_at",   COLUMN_TIME_MS},
        {NULL, "checked_at",      COLUMN_TIME_MS},
        {NULL, "next_try_at",     COLUMN_TIME_MS},
        {NULL, "ended_at",        COLUMN_TIME_MS},
        {NULL, "plan",            COLUMN_TEXT   },
        {NULL, "symbol",          COLUMN_TEXT   },
        {NULL, "named",           COLUMN_BOOL   },
        {NULL, "source_has_from", COLUMN_TIME_MS},
        {NULL, "run_id",          COLUMN_INT    },
        {NULL, "run_status",      COLUMN_TEXT   },
        {NULL, "run_error",       COLUMN_TEXT   },
    };
    struct table table;
    int64_t gap_id;

    if (!read_gap_id(call, &gap_id, err))
        return false;
    table_init(&table, call->arena, columns, COUNT_OF(columns));
    if (!servers_fill(call, &query_gap_show, SQL_VALUES(SQL_INT(gap_id)), &table, err))
        return false;
    if (table.row_count == 0)
        return error_set(err, ERROR_REJECT, "gaps.unknown", "there is no gap %lld",
                         (long long)gap_id);
    table_print_only_row(&table, call->json);
    return true;
}

static bool
gaps_retry(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"WAS", "was", COLUMN_TEXT}
    };
    struct table table;
    int64_t gap_id;

    if (!read_gap_id(call, &gap_id, err))
        return false;
    table_init(&table, call->arena, columns, COUNT_OF(columns));
    if (!servers_fill(call, &query_gap_retry, SQL_VALUES(SQL_INT(gap_id)), &table, err))
        return false;
    if (table.row_count == 0)
        return error_set(err, ERROR_REJECT, "gaps.no_retry",
                         "gap %lld is filled or planned already, or cannot be asked for: no "
                         "schedule names its market, or the source has none of it any more; see "
                         "tidemarkctl gaps show %lld",
                         (long long)gap_id, (long long)gap_id);
    if (call->json)
        table_print(&table, true);
    else
        printf("gap %lld is asked for with the next look, within a minute or two\n",
               (long long)gap_id);
    return true;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "candles that are missing and may still come, newest first; not those given up",
     .run = gaps_list,
     .options = {{"all", OPTION_SWITCH, NULL, "also what is filled, given up or not yet due"},
                 {"source", OPTION_SOURCE, "NAME", "only this source"},
                 {"asset", OPTION_TEXT, "ASSET", "only this asset: bitcoin, BTC"},
                 {"quote", OPTION_TEXT, "CODE", "only in this currency: usd"},
                 {"interval", OPTION_CHOICE, "5m|1h|1d", "only candles of this length"},
                 {"cause", OPTION_CHOICE,
                  "source_down|limited|no_trade|not_yet_due|expired|lost_upstream|unknown",
                  "only these, in any state"},
                 {"state", OPTION_CHOICE, "open|planned|filled|given_up", "only these"},
                 {"limit", OPTION_COUNT, "N", "at most so many (100)"}}                 },
    { .verb = "summary",
     .about = "by source and interval: candles expected, stored, and missing by cause",
     .run = gaps_summary,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"}}},
    {                                                                 .verb = "show",
     .arguments = "GAP_ID",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "one of them, with how far back its source can be asked and the job that asks",
     .run = gaps_show},
    {                                                                 .verb = "retry",
     .arguments = "GAP_ID",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "ask for it anew, also after it was given up",
     .run = gaps_retry},
};

const struct noun gaps_noun = {"gaps", "what is missing, why, and what is done about it", commands,
                               COUNT_OF(commands)};
