#include "ingest/ctl/orders.h"

#include "common/clock.h"
#include "ingest/ctl/progress_line.h"
#include "ingest/scheduler/slots.h"
#include "schema/queries.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    LOOK_MS = 500,
    PATIENCE_MS = 60 * 1000, /* with a database that is away */
    LONELY_MS = 10 * 1000,   /* nothing is published by then: perhaps no scheduler runs */
    ORDER_COLUMN_COUNT = ORDER_POSITION,
};

/* ---- placing ---- */

static struct bytes
make_message(const struct order *order, struct arena *arena)
{
    const struct job job = {
        .job_id = order->job_id,
        .kind = order->kind,
        .source = order->source,
        .stream = order->stream,
        .args_text = order->args,
        .slot_s = order->slot_s,
        .not_after_s = order->not_after_s,
        .attempt = 1,
        .traceparent = slots_make_traceparent(arena),
    };

    return job_encode(&job, arena);
}

static bool
is_among(const struct rows *rows, const char *job_id)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows_text(rows, i, 0), job_id) == 0)
            return true;
    return false;
}

bool
orders_place(struct database *db, struct order *orders, size_t count, struct arena *arena,
             struct error *err)
{
    struct text job_ids, source_ids, streams, slots, messages;
    struct rows placed;

    array_start(&job_ids, arena, count * 48);
    array_start(&source_ids, arena, count * 4);
    array_start(&streams, arena, count * 32);
    array_start(&slots, arena, count * 32);
    array_start(&messages, arena, count * 300);
    for (size_t i = 0; i < count; i++) {
        struct order *order = &orders[i];

        order->job_id = job_make_id(order->source, order->stream, order->slot_s, arena);
        array_add(&job_ids, order->job_id);
        array_add_int(&source_ids, order->source_id);
        array_add(&streams, order->stream);
        array_add_time_ms(&slots, order->slot_s * 1000);
        array_add(&messages, make_message(order, arena).data);
    }
    if (!database_run(db, &query_slots_order,
                      SQL_VALUES(SQL_TEXT(array_finish(&job_ids)),
                                 SQL_TEXT(array_finish(&source_ids)),
                                 SQL_TEXT(array_finish(&streams)), SQL_TEXT(array_finish(&slots)),
                                 SQL_TEXT(array_finish(&messages))),
                      arena, &placed, err))
        return false;
    for (size_t i = 0; i < count; i++)
        orders[i].existed = !is_among(&placed, orders[i].job_id);
    return true;
}

/* ---- looking ---- */

bool
orders_look(struct database *db, const struct order *orders, size_t count, struct arena *arena,
            struct rows *ret_progress, struct error *err)
{
    struct text job_ids;

    array_start(&job_ids, arena, count * 48);
    for (size_t i = 0; i < count; i++)
        array_add(&job_ids, orders[i].job_id);
    return database_run(db, &query_slots_progress, SQL_VALUES(SQL_TEXT(array_finish(&job_ids))),
                        arena, ret_progress, err);
}

static bool
has_status(const struct rows *progress, size_t row, const char *status)
{
    const char *is = rows_text(progress, row, ORDER_STATUS);

    return is && strcmp(is, status) == 0;
}

bool
orders_is_ok(const struct rows *progress, size_t row)
{
    return has_status(progress, row, "ok");
}

bool
orders_is_final(const struct rows *progress, size_t row)
{
    static const char *const final[] = {"ok", "expired", "skipped", "dead"};

    for (size_t i = 0; i < COUNT_OF(final); i++)
        if (has_status(progress, row, final[i]))
            return true;
    return false;
}

bool
orders_check(const struct rows *progress, struct error *err)
{
    size_t failed = 0, first = 0;

    for (size_t i = progress->count; i-- > 0;)
        if (!orders_is_ok(progress, i)) {
            failed++;
            first = i;
        }
    if (failed == 0)
        return true;
    return error_set(err, ERROR_REJECT, "orders.failed",
                     "%zu of %zu did not end well: %.100s is %s", failed, progress->count,
                     rows_text(progress, first, ORDER_JOB_ID),
                     rows_text(progress, first, ORDER_STATUS));
}

void
orders_fill_table(const struct rows *progress, struct arena *arena, struct table *ret_table)
{
    static const struct column columns[ORDER_COLUMN_COUNT] = {
        [ORDER_JOB_ID] = {NULL,       "job_id",     COLUMN_TEXT   },
        [ORDER_SOURCE] = {"SOURCE",   "source",     COLUMN_TEXT   },
        [ORDER_STREAM] = {"STREAM",   "stream",     COLUMN_TEXT   },
        [ORDER_SLOT_MS] = {"SLOT",     "slot",       COLUMN_TIME_MS},
        [ORDER_STATE] = {"SENT",     "state",      COLUMN_TEXT   },
        [ORDER_RUN_ID] = {"RUN",      "run_id",     COLUMN_INT    },
        [ORDER_STATUS] = {"STATUS",   "status",     COLUMN_TEXT   },
        [ORDER_ATTEMPT] = {"TRY",      "attempt",    COLUMN_INT    },
        [ORDER_PAGES] = {"PAGES",    "pages",      COLUMN_INT    },
        [ORDER_RECORDS] = {"RECORDS",  "records",    COLUMN_INT    },
        [ORDER_REJECTED] = {"REJECTED", "rejected",   COLUMN_INT    },
        [ORDER_UNMAPPED] = {"UNMAPPED", "unmapped",   COLUMN_INT    },
        [ORDER_ERROR_CODE] = {NULL,       "error_code", COLUMN_TEXT   },
        [ORDER_ERROR] = {"ERROR",    "error",      COLUMN_TEXT   },
    };

    table_init(ret_table, arena, columns, COUNT_OF(columns));
    table_add_rows(ret_table, progress);
}

/* ---- waiting ---- */

static volatile sig_atomic_t stop;

static void
ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

/* Ends by the signal, so that a script's loop around us ends as well. */
static void
leave_running(const struct order *orders, size_t count)
{
    fprintf(stderr, "\ninterrupted: %s go%s on; see tidemarkctl runs list --job %s\n",
            count == 1 ? "the job" : "the jobs", count == 1 ? "es" : "", orders[0].job_id);
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

static void
describe(const struct rows *progress, char *text, size_t size)
{
    size_t final = 0, running = 0, waiting = 0;
    int64_t records = 0;

    for (size_t i = 0; i < progress->count; i++) {
        const char *status = rows_text(progress, i, ORDER_STATUS);

        final += orders_is_final(progress, i);
        running += has_status(progress, i, "running");
        waiting += status && !orders_is_final(progress, i) && strcmp(status, "running") != 0;
        records += rows_int(progress, i, ORDER_RECORDS, 0);
    }
    snprintf(text, size, "%zu of %zu done, %zu running, %zu waiting for another try, %lld records",
             final, progress->count, running, waiting, (long long)records);
}

static bool
none_sent(const struct rows *progress)
{
    for (size_t i = 0; i < progress->count; i++) {
        const char *state = rows_text(progress, i, ORDER_STATE);

        if (state && strcmp(state, "pending") != 0)
            return false;
    }
    return true;
}

/* What a look has shown, in the words of the watch or our own. */
static void
tell(const struct rows *progress, const struct order_watch *watch, bool lonely, struct arena *arena,
     char *text, size_t size)
{
    size_t used;

    if (watch)
        watch->describe(watch->context, progress, arena, text, size);
    else
        describe(progress, text, size);
    used = strlen(text);
    if (lonely && none_sent(progress))
        snprintf(text + used, size - used, "; nothing is sent yet: does a scheduler run?");
}

static bool
all_final(const struct rows *progress)
{
    for (size_t i = 0; i < progress->count; i++)
        if (!orders_is_final(progress, i))
            return false;
    return true;
}

/* One look, with patience for a database that is away. */
static bool
look_patiently(struct database *db, const struct order *orders, size_t count, struct arena *arena,
               struct rows *ret_progress, struct error *err)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    for (;;) {
        if ((database_usable(db) || database_reconnect(db, err)) &&
            orders_look(db, orders, count, arena, ret_progress, err))
            return true;
        if (err->kind != ERROR_RETRY || stop || clock_monotonic_ms() > until_ms)
            return false;
        poll(NULL, 0, LOOK_MS);
    }
}

bool
orders_wait(struct database *db, const struct order *orders, size_t count,
            const struct order_watch *watch, struct arena *arena, struct rows *ret_progress,
            struct error *err)
{
    const struct sigaction action = {.sa_handler = ask_to_stop};
    int64_t lonely_at_ms = clock_monotonic_ms() + LONELY_MS;
    struct arena *look_arena = arena_create(16 * 1024);
    char text[PROGRESS_LINE_SIZE];
    struct progress_line line;
    struct rows progress;
    bool looked, over = false;

    sigaction(SIGINT, &action, NULL);
    progress_line_begin(&line);
    while ((looked = look_patiently(db, orders, count, look_arena, &progress, err)) && !stop) {
        tell(&progress, watch, clock_monotonic_ms() > lonely_at_ms, look_arena, text, sizeof text);
        over = all_final(&progress);
        if (over)
            break;
        progress_line_show(&line, text);
        arena_reset(look_arena);
        poll(NULL, 0, LOOK_MS); /* a signal ends it */
    }
    if (over)
        progress_line_end(&line, text);
    else if (!stop)
        progress_line_break(&line);
    arena_destroy(look_arena);
    if (stop)
        leave_running(orders, count);
    signal(SIGINT, SIG_DFL);
    return looked && orders_look(db, orders, count, arena, ret_progress, err);
}
