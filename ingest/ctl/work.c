/* What the workers have done, and where each stream goes on. */
#include "ingest/ctl/command.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

static bool
print_query(const struct call *call, const struct query *query, const struct database_value *values,
            size_t value_count, const struct column *columns, size_t column_count,
            struct error *err)
{
    struct database *db = command_connect(call, err);
    struct table table;
    struct rows rows;
    bool done;

    if (!db)
        return false;
    done = database_run(db, query, values, value_count, call->arena, &rows, err);
    if (done) {
        table_init(&table, call->arena, columns, column_count);
        table_add_rows(&table, &rows);
        table_print(&table, call->json, stdout);
    }
    database_destroy(db);
    return done;
}

bool
runs_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
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

    return print_query(
        call, &query_runs_list,
        SQL_VALUES(SQL_TEXT(call->source), SQL_TEXT(call->status), SQL_INT(call->limit)), columns,
        COUNT_OF(columns), err);
}

bool
checkpoints_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"SOURCE",   "source",   COLUMN_TEXT   },
        {"STREAM",   "stream",   COLUMN_TEXT   },
        {"POSITION", "position", COLUMN_TEXT   },
        {"MOVED",    "moved_at", COLUMN_TIME_MS},
        {"RUN",      "run_id",   COLUMN_INT    },
    };

    return print_query(call, &query_checkpoints_list, SQL_VALUES(SQL_TEXT(call->source)), columns,
                       COUNT_OF(columns), err);
}
