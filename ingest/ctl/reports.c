/* The daily reports: which there are, and one of them. */
#include "common/clock.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 50, ROWS_DEFAULT = 50 };

/* ---- list ---- */

/* Columns of query_reports_list, and where the reports' own begin. */
enum { LIST_KIND = 1, LIST_COLUMNS = 6 };

static const struct column list_columns[] = {
    {"KIND",     "kind",      COLUMN_TEXT   },
    {"DAY",      "day",       COLUMN_TEXT   },
    {"REVISION", "revision",  COLUMN_INT    },
    {"ROWS",     "row_count", COLUMN_INT    },
    {"MADE",     "made_at",   COLUMN_TIME_MS},
};

static bool
check_day(const char *day, struct error *err)
{
    static const char form[] = "2026-11-21";
    int64_t at_ms;

    return !day || (strlen(day) == sizeof form - 1 && clock_parse_ms(day, strlen(day), &at_ms)) ||
           error_set(err, ERROR_FATAL, "usage", "%.40s is no day: %s", day, form);
}

/* The first column of the answer is for caches. */
static void
add_reports(struct table *table, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count && !rows_is_null(rows, i, LIST_KIND); i++) {
        const char *cells[LIST_COLUMNS - LIST_KIND];

        for (size_t column = LIST_KIND; column < LIST_COLUMNS; column++)
            cells[column - LIST_KIND] = rows_text(rows, i, column);
        table_add(table, cells);
    }
}

static bool
reports_list(const struct call *call, struct error *err)
{
    const char *before = call_text(call, "before");
    struct database *db;
    struct table table;
    struct rows rows;
    bool done;

    if (!check_day(before, err) || !(db = servers_database(call, err)))
        return false;
    table_init(&table, call->arena, list_columns, COUNT_OF(list_columns));
    done = database_run(db, &query_reports_list,
                        SQL_VALUES(SQL_TEXT(call_text(call, "kind")), SQL_TEXT(before),
                                   SQL_INT(call_number(call, "limit", LIST_DEFAULT))),
                        call->arena, &rows, err);
    database_destroy(db);
    if (!done)
        return false;
    add_reports(&table, &rows);
    table_print(&table, call->json);
    return true;
}

/* ---- show ---- */

/* Columns of query_report_show. */
enum {
    NEWEST_DAY = 1,
    NEWEST_REVISION,
    DAY,
    REVISION,
    ROW_COUNT,
    MADE_AT,
    RUN_ID,
    INPUTS,
    SUMMARY,
};

static const struct column head_columns[] = {
    {NULL, "kind",            COLUMN_TEXT   },
    {NULL, "day",             COLUMN_TEXT   },
    {NULL, "revision",        COLUMN_INT    },
    {NULL, "newest_revision", COLUMN_INT    },
    {NULL, "made_at",         COLUMN_TIME_MS},
    {NULL, "run_id",          COLUMN_INT    },
    {NULL, "row_count",       COLUMN_INT    },
    {NULL, "inputs",          COLUMN_JSON   },
};

static const struct column market_columns[] = {
    {"PLACE",          "place",    COLUMN_INT },
    {"ASSET",          "asset",    COLUMN_TEXT},
    {"CURRENCY",       "currency", COLUMN_TEXT},
    {"SOURCE",         "source",   COLUMN_TEXT},
    {"CLOSE",          "close",    COLUMN_TEXT},
    {"24H %",          "change",   COLUMN_TEXT},
    {"TURNOVER",       "turnover", COLUMN_TEXT},
    {"MARKET CAP",     "cap",      COLUMN_TEXT},
    {"DOMINANCE %",    "share",    COLUMN_TEXT},
    {"30D %",          "return",   COLUMN_TEXT},
    {"VOLATILITY %",   "risk",     COLUMN_TEXT},
    {"MAX DRAWDOWN %", "drawdown", COLUMN_TEXT},
    {"DISPUTED",       "disputed", COLUMN_BOOL},
};

static const struct column reconciliation_columns[] = {
    {"PLACE",        "place",     COLUMN_INT },
    {"ASSET",        "asset",     COLUMN_TEXT},
    {"CURRENCY",     "currency",  COLUMN_TEXT},
    {"FIRST",        "first",     COLUMN_TEXT},
    {"SECOND",       "second",    COLUMN_TEXT},
    {"INTERVAL",     "interval",  COLUMN_TEXT},
    {"MATCHED",      "matched",   COLUMN_INT },
    {"BIAS %",       "bias",      COLUMN_TEXT},
    {"SPREAD P90 %", "p90",       COLUMN_TEXT},
    {"WIDEST %",     "widest",    COLUMN_TEXT},
    {"LAG S",        "lag_s",     COLUMN_INT },
    {"ONE-SIDED %",  "one_sided", COLUMN_TEXT},
    {"WORST AT",     "worst_at",  COLUMN_TEXT},
};

/* How people read the rows of each kind. */
static const struct report_kind {
    const char *name;
    const struct query *query;
    const struct column *columns;
    size_t column_count;
} kinds[] = {
    {"market",         &query_report_market_table,         market_columns,         COUNT_OF(market_columns)},
    {"reconciliation", &query_report_reconciliation_table, reconciliation_columns,
     COUNT_OF(reconciliation_columns)                                                                      },
};

/* What is asked for. */
struct asked {
    const struct report_kind *kind;
    const char *day; /* NULL = the newest */
    int64_t revision;
    bool any_revision; /* the newest */
    int64_t after;     /* only rows behind this place */
};

/* `*number` stays as it is if the option was not given. */
static bool
read_number(const struct call *call, const char *option, int64_t *number, struct error *err)
{
    const char *text = call_text(call, option);
    char *end;

    if (!text)
        return true;
    *number = strtoll(text, &end, 10);
    return (end != text && *end == '\0' && *number >= 0 && *number <= INT32_MAX) ||
           error_set(err, ERROR_FATAL, "usage", "--%s takes a number from 0 on, not %.40s", option,
                     text);
}

static bool
read_asked(const struct call *call, struct asked *asked, struct error *err)
{
    *asked = (struct asked){.any_revision = !call_has(call, "revision")};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].name, call->arguments[0]) == 0)
            asked->kind = &kinds[i];
    if (!asked->kind)
        return error_set(err, ERROR_FATAL, "usage", "%.40s is none of market, reconciliation",
                         call->arguments[0]);
    if (call->argument_count > 1)
        asked->day = call->arguments[1];
    return read_number(call, "revision", &asked->revision, err) &&
           read_number(call, "after", &asked->after, err) && check_day(asked->day, err);
}

static bool
refuse_missing(const struct asked *asked, const struct rows *shown, struct error *err)
{
    if (rows_is_null(shown, 0, NEWEST_DAY))
        return error_set(err, ERROR_REJECT, "reports.unknown", "there is no %s report yet",
                         asked->kind->name);
    if (rows_is_null(shown, 0, NEWEST_REVISION))
        return error_set(err, ERROR_REJECT, "reports.unknown",
                         "there is no %s report of %s; the newest is of %s", asked->kind->name,
                         asked->day, rows_text(shown, 0, NEWEST_DAY));
    return error_set(err, ERROR_REJECT, "reports.unknown",
                     "this day's %s report has no revision %lld; the newest is %s",
                     asked->kind->name, (long long)asked->revision,
                     rows_text(shown, 0, NEWEST_REVISION));
}

/* A page of its rows: chosen columns for people, all there is as JSON for scripts. */
static bool
read_rows(struct database *db, const struct call *call, const struct asked *asked,
          const struct rows *shown, struct rows *ret_rows, struct error *err)
{
    const struct database_value values[] = {
        SQL_TEXT(asked->kind->name),
        SQL_TEXT(rows_text(shown, 0, DAY)),
        SQL_INT(rows_int(shown, 0, REVISION, 0)),
        SQL_INT(asked->after),
        SQL_INT(call_number(call, "limit", ROWS_DEFAULT)),
        SQL_TEXT(call_text(call, "asset")),
        SQL_TEXT(call_text(call, "currency")),
    };

    if (call->json)
        return database_run(db, &query_report_page, values, COUNT_OF(values), call->arena, ret_rows,
                            err);
    return database_run(db, asked->kind->query, values + 1, COUNT_OF(values) - 1, call->arena,
                        ret_rows, err);
}

static void
head_init(struct table *head, const struct call *call, const struct asked *asked,
          const struct rows *shown)
{
    const char *cells[] = {
        asked->kind->name,
        rows_text(shown, 0, DAY),
        rows_text(shown, 0, REVISION),
        rows_text(shown, 0, NEWEST_REVISION),
        rows_text(shown, 0, MADE_AT),
        rows_text(shown, 0, RUN_ID),
        rows_text(shown, 0, ROW_COUNT),
        rows_text(shown, 0, INPUTS),
    };

    table_init(head, call->arena, head_columns, COUNT_OF(head_columns));
    table_add(head, cells);
}

static void
print_json(const struct call *call, const struct table *head, const struct rows *shown,
           const struct rows *rows)
{
    struct text text;

    text_init(&text, call->arena, 4096 + 2048 * rows->count);
    table_add_json_row(head, 0, &text);
    text.size--; /* the brace: two members more */
    text_add_format(&text, ",\n\"summary\":%s,\n\"rows\":[", rows_text(shown, 0, SUMMARY));
    for (size_t i = 0; i < rows->count; i++) {
        text_add_string(&text, i > 0 ? ",\n" : "\n");
        text_add_string(&text, rows_text(rows, i, 1));
    }
    text_add_string(&text, "]}");
    puts(text_finish(&text).data);
}

static void
print_text(const struct call *call, const struct asked *asked, const struct table *head,
           const struct rows *shown, const struct rows *rows)
{
    int64_t all = rows_int(shown, 0, ROW_COUNT, 0);
    struct table table;

    table_print_row(head, 0, stdout);
    puts("");
    table_init(&table, call->arena, asked->kind->columns, asked->kind->column_count);
    table_add_rows(&table, rows);
    table_print(&table, false);
    if (rows->count > 0 && rows_int(rows, rows->count - 1, 0, 0) < all &&
        (int64_t)rows->count == call_number(call, "limit", ROWS_DEFAULT))
        printf("\nmore: --after %s; the summary, and the formula of each number: --json\n",
               rows_text(rows, rows->count - 1, 0));
}

static bool
reports_show(const struct call *call, struct error *err)
{
    struct rows shown, rows;
    struct database *db;
    struct asked asked;
    struct table head;
    bool done;

    if (!read_asked(call, &asked, err) || !(db = servers_database(call, err)))
        return false;
    done = database_run(db, &query_report_show,
                        SQL_VALUES(SQL_TEXT(asked.kind->name), SQL_TEXT(asked.day),
                                   asked.any_revision ? SQL_NULL : SQL_INT(asked.revision)),
                        call->arena, &shown, err) &&
           (!rows_is_null(&shown, 0, DAY) || refuse_missing(&asked, &shown, err)) &&
           read_rows(db, call, &asked, &shown, &rows, err);
    database_destroy(db);
    if (!done)
        return false;
    head_init(&head, call, &asked, &shown);
    if (call->json)
        print_json(call, &head, &shown, &rows);
    else
        print_text(call, &asked, &head, &shown, &rows);
    return true;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "the newest revision of each, newest day first",
     .run = reports_list,
     .options = {{"kind", OPTION_CHOICE, "market|reconciliation", "only these"},
                 {"before", OPTION_TEXT, "DAY", "only of days before this one"},
                 {"limit", OPTION_COUNT, "N", "at most so many (50)"}}     },
    { .verb = "show",
     .arguments = "KIND [DAY]",
     .arguments_min = 1,
     .arguments_max = 2,
     .about = "one of them, the newest by default: market or reconciliation; --json has all of it",
     .run = reports_show,
     .options = {{"revision", OPTION_TEXT, "N", "this revision of it, not the newest"},
                 {"asset", OPTION_TEXT, "ASSET", "only this asset"},
                 {"currency", OPTION_TEXT, "QUOTE", "only in this currency"},
                 {"after", OPTION_TEXT, "PLACE", "only rows after this one"},
                 {"limit", OPTION_COUNT, "N", "at most so many rows (50)"}}},
};

const struct noun reports_noun = {"reports",
                                  "daily reports of the market and of how sources differ", commands,
                                  COUNT_OF(commands)};
