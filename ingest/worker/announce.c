#include "ingest/worker/announce.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/topology.h"

#include <string.h>

enum { TRY_AGAIN_MS = 250 };

static void
send_event(struct child *child, struct bytes body, const char *job_id)
{
    struct broker_message message = {
        .exchange = TOPOLOGY_EVENTS,
        .routing_key = child->source->name,
        .body = body,
        .message_id = job_id,
        .event = true,
    };
    int64_t deadline_ms = clock_monotonic_ms() + ANNOUNCE_MS;
    struct error err;

    while (!broker_publish(child->publisher, &message, &err)) {
        if (err.kind == ERROR_REJECT || broker_publisher_blocked(child->publisher) ||
            clock_monotonic_ms() >= deadline_ms || child_stops() ||
            !broker_consumer_connected(child->consumer)) {
            log_event(LOG_WARN, "event.lost", LOG_ERROR(&err));
            return;
        }
        child_wait(child, err.retry_after_ms > 0 ? err.retry_after_ms : TRY_AGAIN_MS);
    }
}

void
announce(struct child *child, const struct event *event, struct arena *arena)
{
    send_event(child, event_encode(event, arena), event->job_id);
}

void
announce_ending(struct child *child, const struct job *job, int64_t run_id, const char *outcome,
                struct arena *arena)
{
    const struct event event = {
        .job_id = job->job_id,
        .source = job->source,
        .kind = job_kind_name(job->kind),
        .run_id = run_id,
        .committed_at_ms = clock_now_ms(),
        .outcome = outcome,
    };

    announce(child, &event, arena);
}

void
announce_again(struct child *child, const struct claim *claim, struct arena *arena)
{
    struct event event;
    struct error err;

    if (!claim->event)
        return;
    if (!event_decode((struct bytes){claim->event, strlen(claim->event)}, arena, &event, &err)) {
        log_event(LOG_ERR, "event.unreadable", LOG_ERROR(&err));
        return;
    }
    event.version = claim->version;
    announce(child, &event, arena);
}
