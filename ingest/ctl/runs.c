/* What the workers have done. */
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

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

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "what the workers have done, newest first",
     .run = runs_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"},
                 {"status", OPTION_CHOICE, "running|ok|failed|expired|skipped|dead|waiting",
                  "only these"},
                 {"kind", OPTION_CHOICE, "quote|listing|history|reference", "only these"},
                 {"stream", OPTION_TEXT, "STREAM", "only this stream"},
                 {"job", OPTION_TEXT, "JOB_ID", "only this job"},
                 {"since", OPTION_MOMENT, "TIME", "begun since (2026-11-21, or 2h ago)"},
                 {"limit", OPTION_COUNT, "N", "at most so many (50)"}}},
};

const struct noun runs_noun = {"runs", "what the workers have done", commands, COUNT_OF(commands)};
