/* Where each stream goes on. */
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

static bool
checkpoints_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"SOURCE",   "source",   COLUMN_TEXT   },
        {"STREAM",   "stream",   COLUMN_TEXT   },
        {"POSITION", "position", COLUMN_TEXT   },
        {"MOVED",    "moved_at", COLUMN_TIME_MS},
        {"RUN",      "run_id",   COLUMN_INT    },
    };
    struct table table;

    table_init(&table, call->arena, columns, COUNT_OF(columns));
    if (!servers_fill(call, &query_checkpoints_list,
                      SQL_VALUES(SQL_TEXT(call_text(call, "source"))), &table, err))
        return false;
    table_print(&table, call->json);
    return true;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "where each stream goes on",
     .run = checkpoints_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"}}},
};

const struct noun checkpoints_noun = {"checkpoints", "where each stream goes on", commands,
                                      COUNT_OF(commands)};
