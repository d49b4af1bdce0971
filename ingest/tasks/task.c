#include "ingest/tasks/task.h"

#include "common/clock.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

/*
 * Of a message of 64 KiB and 4,096 tokens (common/broker.h, common/event.h), with room for the rest
 * of it and for a blank of JSON around each name.
 */
enum { NAMES_BYTES = 48 * 1024, NAMES_MAX = 3000 };

bool
task_begin(struct task_run *run, struct error *err)
{
    const struct rows *answers;

    database_queue_begin(run->db);
    database_queue(run->db, &query_transaction_version, SQL_NO_VALUES);
    if (!database_flush(run->db, run->arena, &answers, err))
        return false;
    run->version = strtoull(rows_text(&answers[1], 0, 0), NULL, 10);
    return true;
}

/* How many of the names go into what is left of a message; takes them from it. */
static size_t
fitting(const char *const *names, size_t count, size_t *room, size_t *places)
{
    size_t taken = 0;

    for (; taken<count && * places> 0; taken++, --*places) {
        size_t size = strlen(names[taken]) + strlen("\"\",");

        if (size > *room)
            break;
        *room -= size;
    }
    return taken;
}

bool
task_event(const struct task_run *run, const struct task_piece *piece, struct event *ret_event)
{
    size_t room = NAMES_BYTES, places = NAMES_MAX;

    *ret_event = (struct event){
        .job_id = run->job->job_id,
        .source = run->job->source,
        .kind = job_kind_name(run->job->kind),
        .run_id = run->run_id,
        .version = run->version,
        .committed_at_ms = clock_now_ms(),
        .prices = piece->prices,
        .price_count = fitting(piece->prices, piece->price_count, &room, &places),
        .candles = piece->candles,
        .candle_count = fitting(piece->candles, piece->candle_count, &room, &places),
        .reports = piece->reports,
    };
    return piece->price_count > 0 || piece->candle_count > 0 || piece->reports;
}

bool
task_commit(struct task_run *run, const struct task_piece *piece, struct error *err)
{
    struct event event;
    const char *said =
        task_event(run, piece, &event) ? event_encode(&event, run->arena).data : NULL;

    database_queue(run->db, &query_run_page,
                   SQL_VALUES(SQL_INT(run->run_id), SQL_INT(piece->records), SQL_INT(0), SQL_INT(0),
                              SQL_TEXT(said)));
    if (!piece->more)
        database_queue(
            run->db, &query_run_finish,
            SQL_VALUES(SQL_INT(run->run_id), SQL_TEXT("ok"), SQL_NULL, SQL_NULL, SQL_NULL));
    database_queue_commit(run->db);
    return database_flush(run->db, run->arena, NULL, err);
}
