/* Where each stream goes on. */
#include "common/clock.h"
#include "common/text.h"
#include "ingest/ctl/ask.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "ingest/sources/source.h"
#include "schema/queries.h"

#include <stdio.h>
#include <string.h>

enum { REWIND_TRIES = 20 }; /* against a worker that moves the stream on page by page */

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

static bool
find(const struct call *call, struct database *db, struct rows *ret_rows, struct error *err)
{
    const char *source = call->arguments[0], *stream = call->arguments[1];

    if (!source_find(source))
        return error_set(err, ERROR_REJECT, "source.unknown", "there is no source \"%.60s\"",
                         source);
    if (!database_run(db, &query_checkpoint_find, SQL_VALUES(SQL_TEXT(source), SQL_TEXT(stream)),
                      call->arena, ret_rows, err))
        return false;
    if (ret_rows->count > 0)
        return true;
    return error_set(err, ERROR_REJECT, "checkpoint.unknown",
                     "%.60s has no checkpoint of the stream \"%.100s\": it is at the beginning",
                     source, stream);
}

static bool
checkpoints_show(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {NULL, "source",   COLUMN_TEXT   },
        {NULL, "stream",   COLUMN_TEXT   },
        {NULL, "position", COLUMN_TEXT   },
        {NULL, "moved_at", COLUMN_TIME_MS},
        {NULL, "run_id",   COLUMN_INT    },
        {NULL, "job_id",   COLUMN_TEXT   },
        {NULL, "status",   COLUMN_TEXT   },
    };
    struct database *db = servers_database(call, err);
    struct table table;
    struct rows rows;
    bool found;

    if (!db)
        return false;
    found = find(call, db, &rows, err);
    if (found) {
        table_init(&table, call->arena, columns, COUNT_OF(columns));
        table_add_rows(&table, &rows);
        table_print_only_row(&table, call->json);
    }
    database_destroy(db);
    return found;
}

/* ---- rewind ---- */

/* `*ret_ms` is -1 for the beginning. */
static bool
read_target(const struct call *call, int64_t *ret_ms, struct error *err)
{
    const char *to = call_text(call, "to");
    int64_t ago_s;

    if (!to)
        return error_set(err, ERROR_FATAL, "usage", "rewind needs --to TIME or --to beginning");
    *ret_ms = -1;
    if (strcmp(to, "beginning") == 0 || clock_parse_ms(to, strlen(to), ret_ms))
        return true;
    if (!command_parse_length(to, &ago_s))
        return error_set(err, ERROR_FATAL, "usage",
                         "--to %.60s must be a date (2026-11-21), a time (2026-11-21T08:00:00Z), "
                         "so long ago (90s, 2h, 7d), or beginning",
                         to);
    *ret_ms = clock_now_ms() - ago_s * 1000;
    return true;
}

/* Only what a stream would do with the new position: histories go on from a moment. */
static bool
check_target(const char *stream, const char *position, int64_t to_ms, struct error *err)
{
    int64_t at_ms;

    if (strncmp(stream, "history/", strlen("history/")) != 0 &&
        strncmp(stream, "backfill/", strlen("backfill/")) != 0)
        return error_set(err, ERROR_REJECT, "checkpoint.kind",
                         "only histories go on from a position: the position of %.80s says which "
                         "slot was done last, no more",
                         stream);
    if (to_ms < 0)
        return true;
    if (!clock_parse_ms(position, strlen(position), &at_ms))
        return error_set(err, ERROR_REJECT, "checkpoint.position",
                         "the position \"%.80s\" is no time: this stream can only go back to the "
                         "beginning",
                         position);
    if (to_ms >= at_ms)
        return error_set(err, ERROR_REJECT, "checkpoint.ahead",
                         "the stream is at %.40s: what is ahead of it would be left out", position);
    return true;
}

/* One try. `*ret_moved` is false when a worker was quicker. */
static bool
rewind_from(const struct call *call, struct database *db, const char *old, const char *new,
            bool *ret_moved, struct error *err)
{
    struct database_value source = SQL_TEXT(call->arguments[0]);
    struct database_value stream = SQL_TEXT(call->arguments[1]);
    struct rows rows;

    if (!(new ? database_run(db, &query_checkpoint_rewind,
                             SQL_VALUES(source, stream, SQL_TEXT(old), SQL_TEXT(new)), call->arena,
                             &rows, err)
              : database_run(db, &query_checkpoint_forget,
                             SQL_VALUES(source, stream, SQL_TEXT(old)), call->arena, &rows, err)))
        return false;
    *ret_moved = rows.affected > 0;
    return true;
}

static void
report(const struct call *call, const char *old, const char *new)
{
    struct text text;

    if (!call->json) {
        printf("%s %s: from %s back to %s\n", call->arguments[0], call->arguments[1],
               table_clean(old, call->arena), new ? new : "the beginning");
        return;
    }
    text_init(&text, call->arena, 256);
    text_add_string(&text, "{\"source\":");
    text_add_json_string(&text, call->arguments[0]);
    text_add_string(&text, ",\"stream\":");
    text_add_json_string(&text, call->arguments[1]);
    text_add_string(&text, ",\"old\":");
    text_add_json_string(&text, old);
    text_add_string(&text, ",\"new\":");
    text_add_json_nullable(&text, new);
    text_add_char(&text, '}');
    puts(text_finish(&text).data);
}

static bool
rewind_stream(const struct call *call, struct database *db, int64_t to_ms, struct error *err)
{
    char text[CLOCK_TEXT_SIZE];
    const char *new = to_ms < 0 ? NULL : clock_format_ms(to_ms, text);
    struct rows rows;
    bool moved = false;

    for (int i = 0; i < REWIND_TRIES; i++) {
        const char *old;

        if (!find(call, db, &rows, err))
            return false;
        old = rows_text(&rows, 0, 2);
        if (!check_target(call->arguments[1], old, to_ms, err) ||
            (i == 0 &&
             !ask_whether(call,
                          arena_printf(call->arena, "Rewind %s from %s to %s?", call->arguments[1],
                                       old, new ? new : "the beginning"),
                          err)) ||
            !rewind_from(call, db, old, new, &moved, err))
            return false;
        if (moved) {
            report(call, old, new);
            return true;
        }
    }
    return error_set(err, ERROR_RETRY, "checkpoint.moved",
                     "a worker moved the stream on %d times meanwhile", REWIND_TRIES);
}

static bool
checkpoints_rewind(const struct call *call, struct error *err)
{
    struct database *db;
    int64_t to_ms;
    bool done;

    if (!read_target(call, &to_ms, err))
        return false;
    db = servers_database(call, err);
    if (!db)
        return false;
    done = rewind_stream(call, db, to_ms, err);
    database_destroy(db);
    return done;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "where each stream goes on",
     .run = checkpoints_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"}}},
    { .verb = "show",
     .arguments = "SOURCE STREAM",
     .arguments_min = 2,
     .arguments_max = 2,
     .about = "one of them",
     .run = checkpoints_show},
    {                           .verb = "rewind",
     .arguments = "SOURCE STREAM",
     .arguments_min = 2,
     .arguments_max = 2,
     .about = "let a history be fetched again, from its next slot on",
     .run = checkpoints_rewind,
     .options = {{"to", OPTION_TEXT, "TIME|beginning", "where it goes on"},
                 {"yes", OPTION_SWITCH, NULL, "do not ask"}}},
};

const struct noun checkpoints_noun = {"checkpoints", "where each stream goes on", commands,
                                      COUNT_OF(commands)};
