#include "ingest/scheduler/outbox.h"

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/topology.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

enum { PENDING_MAX = 1000, UNFINISHED_MAX = 5000, PORTION = 256 };

struct outbox {
    struct topology topology;
    struct broker_settings settings;
    struct broker_publisher *publisher;
    struct error refusal; /* kind NONE = none */
    bool was_let_in;      /* by the broker, once */
    bool sweep_now;       /* the broker was away or blocked, or we have just begun to lead */
    bool refused;         /* a queue was full in this sweep */
    int64_t patience_ms;  /* with full queues, until the next sweep */
    int64_t sweep_at_ms;  /* monotonic, as below */
    int64_t unfinished_at_ms;
    int64_t check_intact_at_ms;
    int64_t afresh_at_ms;
};

struct outbox *
outbox_create(const char *broker_url, const char *const *sources, size_t source_count)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    if (!outbox)
        abort();
    outbox->topology = (struct topology){.sources = sources, .source_count = source_count};
    outbox->settings = (struct broker_settings){
        .url = broker_url,
        .program = "tidemark-scheduler",
        .prepare = topology_prepare,
        .context = &outbox->topology,
    };
    outbox->publisher = broker_publisher_create(&outbox->settings);
    return outbox;
}

void
outbox_destroy(struct outbox *outbox)
{
    if (!outbox)
        return;
    broker_publisher_destroy(outbox->publisher);
    free(outbox);
}

void
outbox_take_over(struct outbox *outbox)
{
    outbox->sweep_now = true;
    outbox->unfinished_at_ms = 0;
}

const struct error *
outbox_refusal(const struct outbox *outbox)
{
    return outbox->refusal.kind == ERROR_NONE ? NULL : &outbox->refusal;
}

/*
 * A new connection declares anew what is gone, and finds out whether jobs went with it. Not over
 * and over: a job of a source that this program does not know never finds a queue.
 */
static void
start_afresh(struct outbox *outbox)
{
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms < outbox->afresh_at_ms)
        return;
    outbox->afresh_at_ms = now_ms + OUTBOX_INTACT_CHECK_MS;
    broker_publisher_destroy(outbox->publisher);
    outbox->publisher = broker_publisher_create(&outbox->settings);
    outbox->sweep_now = true;
}

/* What the broker says of one message decides when it is tried again. */
static void
note_failure(struct outbox *outbox, const struct outgoing *outgoing, const struct error *err)
{
    log_event(LOG_WARN, "outbox.not_confirmed", LOG_STR("job_id", outgoing->job_id),
              LOG_ERROR(err));
    if (err->kind == ERROR_FATAL)
        outbox->refusal = *err;
    /* A broker that was away is tried when it is back; a full queue is given a little time; what
     * has no queue or is too large waits for the next sweep. */
    else if (strcmp(err->code, "broker.nacked") == 0)
        outbox->refused = true;
    else if (strcmp(err->code, "broker.away") == 0 || strcmp(err->code, "broker.blocked") == 0)
        outbox->sweep_now = true;
}

static struct broker_message *
make_messages(const struct outgoing *outgoing, size_t count, struct arena *arena)
{
    struct broker_message *messages = arena_alloc_array(arena, count, sizeof *messages);

    for (size_t i = 0; i < count; i++)
        messages[i] = (struct broker_message){
            .exchange = TOPOLOGY_JOBS,
            .routing_key = topology_jobs_key(outgoing[i].source, false,
                                             arena_alloc(arena, TOPOLOGY_NAME_SIZE)),
            .body = outgoing[i].message,
            .message_id = outgoing[i].job_id,
        };
    return messages;
}

/* Returns how many were confirmed; -1 if the database failed. */
static int64_t
publish_some(struct outbox *outbox, struct database *db, const struct outgoing *outgoing,
             size_t count, struct arena *arena, struct error *err)
{
    struct error *results = arena_alloc_array(arena, count, sizeof *results);
    bool unroutable = false;
    struct text confirmed;
    int64_t confirmed_count;

    confirmed_count = (int64_t)broker_publish_all(
        outbox->publisher, make_messages(outgoing, count, arena), count, results);
    fault_point("after:confirm");
    array_start(&confirmed, arena, count * 48);
    for (size_t i = 0; i < count; i++) {
        if (results[i].kind == ERROR_NONE) {
            array_add(&confirmed, outgoing[i].job_id);
            continue;
        }
        note_failure(outbox, &outgoing[i], &results[i]);
        unroutable = unroutable || strcmp(results[i].code, "broker.unroutable") == 0;
    }
    if (unroutable)
        start_afresh(outbox);
    if (confirmed_count > 0 &&
        !database_run(db, &query_slots_mark_published,
                      SQL_VALUES(SQL_TEXT(array_finish(&confirmed))), arena, NULL, err))
        return -1;
    return confirmed_count;
}

/*
 * In portions, each marked at once: a slow broker must not keep the leader's session silent for so
 * long that it ends, for then all of it would be published again.
 */
static bool
publish_portions(struct outbox *outbox, struct database *db, const struct outgoing *outgoing,
                 size_t count, struct arena *arena, int64_t *ret_confirmed, struct error *err)
{
    *ret_confirmed = 0;
    for (size_t done = 0, some; done < count; done += some) {
        int64_t confirmed;

        some = count - done < PORTION ? count - done : PORTION;
        confirmed = publish_some(outbox, db, outgoing + done, some, arena, err);
        if (confirmed < 0)
            return false;
        *ret_confirmed += confirmed;
        if (confirmed == 0 && (!broker_publisher_connected(outbox->publisher) ||
                               broker_publisher_blocked(outbox->publisher)))
            break; /* the rest would fare no better, and stays pending */
    }
    log_event(LOG_DEBUG, "outbox.published", LOG_INT("messages", (int64_t)count),
              LOG_INT("confirmed", *ret_confirmed));
    return true;
}

int64_t
outbox_patience_ms(int64_t patience_ms, bool refused, int64_t confirmed)
{
    if (!refused)
        return 0;
    if (confirmed > 0 || patience_ms == 0)
        return OUTBOX_FULL_MIN_MS;
    return patience_ms < OUTBOX_SWEEP_MS ? 2 * patience_ms : patience_ms;
}

/* Only a sweep tells that no queue is full any more: it publishes for all of them. */
static void
wait_for_room(struct outbox *outbox, bool swept, int64_t confirmed)
{
    int64_t again_at_ms;

    if (!outbox->refused && !swept)
        return;
    outbox->patience_ms = outbox_patience_ms(outbox->patience_ms, outbox->refused, confirmed);
    if (!outbox->refused)
        return;
    again_at_ms = clock_monotonic_ms() + outbox->patience_ms;
    if (again_at_ms < outbox->sweep_at_ms)
        outbox->sweep_at_ms = again_at_ms;
    outbox->refused = false;
}

bool
outbox_publish(struct outbox *outbox, struct database *db, const struct outgoing *outgoing,
               size_t count, struct arena *arena, struct error *err)
{
    int64_t confirmed;

    if (count == 0)
        return true;
    fault_point("after:slots");
    if (!broker_publisher_connected(outbox->publisher)) {
        outbox->sweep_now = true;
        return true;
    }
    if (!publish_portions(outbox, db, outgoing, count, arena, &confirmed, err))
        return false;
    wait_for_room(outbox, false, confirmed);
    return true;
}

/* --------------------------------------------------------------------------- publishing again */

static bool
publish_rows(struct outbox *outbox, struct database *db, const struct rows *rows, const char *why,
             struct arena *arena, int64_t *ret_confirmed, struct error *err)
{
    struct outgoing *outgoing = arena_alloc_array(arena, rows->count + 1, sizeof *outgoing);

    for (size_t i = 0; i < rows->count; i++)
        outgoing[i] = (struct outgoing){
            .job_id = rows_text(rows, i, 0),
            .source = rows_text(rows, i, 1),
            .message = {rows_text(rows, i, 2), rows_size(rows, i, 2)},
        };
    *ret_confirmed = 0;
    if (rows->count == 0)
        return true;
    log_event(LOG_INFO, "outbox.again", LOG_STR("why", why),
              LOG_INT("messages", (int64_t)rows->count));
    return publish_portions(outbox, db, outgoing, rows->count, arena, ret_confirmed, err);
}

static bool
publish_pending(struct outbox *outbox, struct database *db, struct arena *arena, struct error *err)
{
    int64_t confirmed;
    struct rows rows;

    if (!database_run(db, &query_slots_pending, SQL_VALUES(SQL_INT(PENDING_MAX)), arena, &rows,
                      err) ||
        !publish_rows(outbox, db, &rows, "unconfirmed", arena, &confirmed, err))
        return false;
    /* More may wait behind these; but not at once if the queues are full. */
    if (rows.count >= PENDING_MAX && confirmed > 0)
        outbox->sweep_now = true;
    wait_for_room(outbox, true, confirmed);
    return true;
}

/* An operator waits for these. */
static bool
publish_ordered(struct outbox *outbox, struct database *db, struct arena *arena, struct error *err)
{
    int64_t confirmed;
    struct rows rows;

    return database_run(db, &query_slots_ordered,
                        SQL_VALUES(SQL_INT(OUTBOX_SWEEP_MS / 1000), SQL_INT(PENDING_MAX)), arena,
                        &rows, err) &&
           publish_rows(outbox, db, &rows, "ordered", arena, &confirmed, err);
}

static int64_t
oldest_of_interest_ms(void)
{
    return clock_now_ms() - (int64_t)OUTBOX_CARE_S * 1000;
}

static bool
publish_unfinished(struct outbox *outbox, struct database *db, struct arena *arena,
                   struct error *err)
{
    int64_t confirmed, now_ms = clock_monotonic_ms();
    struct rows rows;

    if (now_ms < outbox->unfinished_at_ms)
        return true;
    outbox->unfinished_at_ms = now_ms + OUTBOX_UNFINISHED_SWEEP_MS;
    return database_run(db, &query_slots_unfinished,
                        SQL_VALUES(SQL_INT(OUTBOX_UNFINISHED_S),
                                   SQL_TIME_MS(oldest_of_interest_ms()), SQL_INT(UNFINISHED_MAX)),
                        arena, &rows, err) &&
           publish_rows(outbox, db, &rows, "no run", arena, &confirmed, err);
}

/*
 * First the table forgets the confirms, then the mark is set again, then the sweep publishes: dying
 * anywhere in between, and a second loss, leave either the mark down or the slots pending.
 */
static bool
make_up_for_loss(struct outbox *outbox, struct database *db, struct arena *arena, struct error *err)
{
    struct error broker_err;
    struct rows rows;

    if (!database_run(db, &query_slots_reopen, SQL_VALUES(SQL_TIME_MS(oldest_of_interest_ms())),
                      arena, &rows, err))
        return false;
    log_event(LOG_WARN, "outbox.jobs_lost", LOG_INT("unfinished", rows.affected));
    outbox->sweep_now = true;
    if (topology_mark_intact(broker_publisher_connection(outbox->publisher), &broker_err))
        outbox->topology.jobs_lost = false;
    else
        log_event(LOG_WARN, "broker.lost", LOG_ERROR(&broker_err));
    return true;
}

/*
 * Somebody else may have declared a lost queue anew; the mark tells. Not during an alarm: then the
 * broker does not read the question.
 */
static void
check_intact(struct outbox *outbox)
{
    struct broker_connection *connection = broker_publisher_connection(outbox->publisher);
    struct error err;
    bool intact;

    if (!connection || broker_publisher_blocked(outbox->publisher) ||
        clock_monotonic_ms() < outbox->check_intact_at_ms)
        return;
    outbox->check_intact_at_ms = clock_monotonic_ms() + OUTBOX_INTACT_CHECK_MS;
    if (topology_is_intact(connection, &intact, &err) && !intact)
        start_afresh(outbox);
}

/* True if there is somebody to publish to. */
static bool
reach_broker(struct outbox *outbox)
{
    struct error err;

    if (broker_publisher_connected(outbox->publisher) &&
        !broker_publisher_service(outbox->publisher, &err))
        log_event(LOG_WARN, "broker.lost", LOG_ERROR(&err));
    check_intact(outbox);
    if (!broker_publisher_connected(outbox->publisher)) {
        if (!broker_publisher_connect(outbox->publisher, &err)) {
            /* One that has let us in before is being set up anew: after the loss of its disk it
             * knows no users and virtual hosts for a while. */
            if (err.kind == ERROR_FATAL && !outbox->was_let_in)
                outbox->refusal = err;
            log_event(LOG_WARN, "broker.away", LOG_ERROR(&err));
            return false;
        }
        outbox->was_let_in = true;
        log_event(LOG_INFO, "broker.connected");
        outbox->sweep_now = true;
    }
    return !broker_publisher_blocked(outbox->publisher);
}

bool
outbox_service(struct outbox *outbox, struct database *db, struct arena *arena, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    if (!reach_broker(outbox))
        return true;
    if (outbox->topology.jobs_lost && !make_up_for_loss(outbox, db, arena, err))
        return false;
    if (!outbox->sweep_now && now_ms < outbox->sweep_at_ms)
        return publish_ordered(outbox, db, arena, err);
    outbox->sweep_now = false;
    outbox->sweep_at_ms = now_ms + OUTBOX_SWEEP_MS;
    return publish_pending(outbox, db, arena, err) && publish_unfinished(outbox, db, arena, err);
}
