/* What the workers have done. */
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_DEFAULT = 50 };

static const struct column run_columns[] = {
    {"RUN",      "run_id",      COLUMN_INT    },
    {NULL,       "job_id",      COLUMN_TEXT   },
    {"SOURCE",   "source",      COLUMN_TEXT   },
    {NULL,       "kind",        COLUMN_TEXT   },
    {"STREAM",   "stream",      COLUMN_TEXT   },
    {"SLOT",     "slot",        COLUMN_TIME_MS},
    {"TRY",      "attempt",     COLUMN_INT    },
    {"STATUS",   "status",      COLUMN_TEXT   },
    {"STARTED",  "started_at",  COLUMN_TIME_MS},
    {NULL,       "finished_at", COLUMN_TIME_MS},
    {"PAGES",    "pages",       COLUMN_INT    },
    {"RECORDS",  "records",     COLUMN_INT    },
    {"REJECTED", "rejected",    COLUMN_INT    },
    {"UNMAPPED", "unmapped",    COLUMN_INT    },
    {"DOUBTFUL", "doubtful",    COLUMN_INT    },
    {NULL,       "error_code",  COLUMN_TEXT   },
    {"ERROR",    "error",       COLUMN_TEXT   },
    {NULL,       "http_status", COLUMN_INT    },
    {NULL,       "worker",      COLUMN_TEXT   },
};

static bool
runs_list(const struct call *call, struct error *err)
{
    int64_t since_ms = call_number(call, "since", -1);
    struct table table;

    table_init(&table, call->arena, run_columns, COUNT_OF(run_columns));
    if (!servers_fill(
            call, &query_runs_list,
            SQL_VALUES(SQL_TEXT(call_text(call, "source")), SQL_TEXT(call_text(call, "status")),
                       SQL_TEXT(call_text(call, "kind")), SQL_TEXT(call_text(call, "stream")),
                       SQL_TEXT(call_text(call, "job")),
                       since_ms >= 0 ? SQL_TIME_MS(since_ms) : SQL_NULL,
                       SQL_INT(call_number(call, "limit", LIST_DEFAULT))),
            &table, err))
        return false;
    table_print(&table, call->json);
    return true;
}

/* ---- one of them ---- */

static const struct column show_columns[] = {
    {NULL, "run_id",       COLUMN_INT    },
    {NULL, "job_id",       COLUMN_TEXT   },
    {NULL, "source",       COLUMN_TEXT   },
    {NULL, "kind",         COLUMN_TEXT   },
    {NULL, "stream",       COLUMN_TEXT   },
    {NULL, "slot",         COLUMN_TIME_MS},
    {NULL, "args",         COLUMN_JSON   },
    {NULL, "attempt",      COLUMN_INT    },
    {NULL, "status",       COLUMN_TEXT   },
    {NULL, "started_at",   COLUMN_TIME_MS},
    {NULL, "finished_at",  COLUMN_TIME_MS},
    {NULL, "pages",        COLUMN_INT    },
    {NULL, "records",      COLUMN_INT    },
    {NULL, "rejected",     COLUMN_INT    },
    {NULL, "unmapped",     COLUMN_INT    },
    {NULL, "doubtful",     COLUMN_INT    },
    {NULL, "error_code",   COLUMN_TEXT   },
    {NULL, "error",        COLUMN_TEXT   },
    {NULL, "http_status",  COLUMN_INT    },
    {NULL, "worker",       COLUMN_TEXT   },
    {NULL, "traceparent",  COLUMN_TEXT   },
    {NULL, "schedule",     COLUMN_TEXT   },
    {NULL, "published_at", COLUMN_TIME_MS},
};

static const struct column payload_columns[] = {
    {"PAYLOAD", "payload_id",   COLUMN_INT    },
    {"FETCHED", "fetched_at",   COLUMN_TIME_MS},
    {"TARGET",  "target",       COLUMN_TEXT   },
    {"STATUS",  "http_status",  COLUMN_INT    },
    {NULL,      "content_type", COLUMN_TEXT   },
    {"VERDICT", "verdict",      COLUMN_TEXT   },
    {"CODE",    "error_code",   COLUMN_TEXT   },
    {"BYTES",   "bytes",        COLUMN_INT    },
    {"SHA-256", "sha256",       COLUMN_TEXT   },
};

static const struct column reject_columns[] = {
    {"PAYLOAD", "payload_id", COLUMN_INT },
    {"WHERE",   "where",      COLUMN_TEXT},
    {"REASON",  "reason",     COLUMN_TEXT},
    {"EXCERPT", "excerpt",    COLUMN_TEXT},
};

/* A run with what came of it. */
struct shown {
    struct table run, payloads, rejects;
};

static bool
look_up(struct database *db, int64_t run_id, struct arena *arena, struct shown *shown,
        struct error *err)
{
    const struct rows *answers;

    database_queue(db, &query_run_show, SQL_VALUES(SQL_INT(run_id)));
    database_queue(db, &query_run_payloads, SQL_VALUES(SQL_INT(run_id)));
    database_queue(db, &query_run_rejects, SQL_VALUES(SQL_INT(run_id)));
    if (!database_flush(db, arena, &answers, err))
        return false;
    if (answers[0].count == 0)
        return error_set(err, ERROR_REJECT, "runs.unknown", "there is no run %lld",
                         (long long)run_id);
    table_init(&shown->run, arena, show_columns, COUNT_OF(show_columns));
    table_init(&shown->payloads, arena, payload_columns, COUNT_OF(payload_columns));
    table_init(&shown->rejects, arena, reject_columns, COUNT_OF(reject_columns));
    table_add_rows(&shown->run, &answers[0]);
    table_add_rows(&shown->payloads, &answers[1]);
    table_add_rows(&shown->rejects, &answers[2]);
    return true;
}

static void
print_shown(const struct shown *shown, bool json, struct arena *arena)
{
    struct text text;

    if (!json) {
        table_print_row(&shown->run, 0, stdout);
        if (shown->payloads.row_count > 0)
            puts("");
        table_print(&shown->payloads, false);
        if (shown->rejects.row_count > 0) {
            puts("");
            table_print(&shown->rejects, false);
        }
        return;
    }
    text_init(&text, arena, 4096);
    table_add_json_row(&shown->run, 0, &text);
    text.size--; /* the brace: two members more */
    text_add_string(&text, ",\n\"payloads\":");
    table_add_json(&shown->payloads, &text);
    text_add_string(&text, ",\n\"rejects\":");
    table_add_json(&shown->rejects, &text);
    text_add_char(&text, '}');
    puts(text_finish(&text).data);
}

static bool
runs_show(const struct call *call, struct error *err)
{
    const char *word = call->arguments[0];
    struct database *db;
    struct shown shown;
    int64_t run_id;
    char *end;
    bool done;

    run_id = strtoll(word, &end, 10);
    if (*end != '\0' || run_id < 1)
        return error_set(err, ERROR_FATAL, "usage", "%.60s is no number of a run", word);
    db = servers_database(call, err);
    if (!db)
        return false;
    done = look_up(db, run_id, call->arena, &shown, err);
    if (done)
        print_shown(&shown, call->json, call->arena);
    database_destroy(db);
    return done;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "what the workers have done, newest first",
     .run = runs_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"},
                 {"status", OPTION_CHOICE, "running|ok|failed|expired|skipped|dead|waiting",
                  "only these"},
                 {"kind", OPTION_CHOICE,
                  "quote|listing|history|reference|rollup|gaps|retain|archive|report",
                  "only these"},
                 {"stream", OPTION_TEXT, "STREAM", "only this stream"},
                 {"job", OPTION_TEXT, "JOB_ID", "only this job"},
                 {"since", OPTION_MOMENT, "TIME", "begun since (2026-11-21, or 2h ago)"},
                 {"limit", OPTION_COUNT, "N", "at most so many (50)"}}},
    { .verb = "show",
     .arguments = "RUN_ID",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "one of them, with what the provider answered and what was not taken",
     .run = runs_show},
};

const struct noun runs_noun = {"runs", "what the workers have done", commands, COUNT_OF(commands)};
