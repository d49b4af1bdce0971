#include "api/events.h"

#include "api/event_letter.h"
#include "common/broker.h"
#include "common/event.h"
#include "common/log.h"
#include "common/topology.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LISTEN_MS = 500 };

struct events {
    struct events_settings settings;
    pthread_t pthread;
    atomic_bool stopping;
    enum part_state state;
};

static void
post_all(struct events *events, struct letter *letter)
{
    for (size_t i = 0; i < events->settings.thread_count; i++)
        mailbox_post(events->settings.threads[i]->mailbox, letter);
    letter_release(letter);
}

static void
change_state(struct events *events, enum part_state state)
{
    if (state == events->state)
        return;
    events->state = state;
    board_post_broker(events->settings.board, state);
    post_all(events,
             letter_create(state == PART_CONNECTED ? LETTER_EVENTS_BACK : LETTER_EVENTS_GONE));
    if (state == PART_CONNECTED)
        log_event(LOG_INFO, "events.connected");
}

/* A name that the catalogue does not have yet has just got its first row. */
static void
look_for_new_assets(struct events *events, const struct event *event)
{
    struct catalog *catalog = board_catalog(events->settings.board);
    bool missing = false;

    for (size_t i = 0; catalog && i < event->price_count && !missing; i++) {
        char slug[128];
        size_t size = strcspn(event->prices[i], "/");

        if (size >= sizeof slug)
            continue;
        memcpy(slug, event->prices[i], size);
        slug[size] = '\0';
        missing = !catalog_has(catalog, CATALOG_ASSET, slug);
    }
    catalog_release(catalog);
    if (missing || event->listings)
        board_want_catalog(events->settings.board);
}

static void
tell_orders(struct events *events, const struct event *event)
{
    const struct order_ended ended = {event->job_id, event->source, event->outcome, event->prices,
                                      event->price_count};

    if (events->settings.orders)
        orders_heard(events->settings.orders, &ended);
}

static void
take(struct events *events, struct bytes body, struct arena *arena)
{
    struct event event;
    struct error err;

    if (!event_decode(body, arena, &event, &err)) {
        log_event(LOG_WARN, "event.refused", LOG_ERROR(&err));
        return;
    }
    tell_orders(events, &event);
    post_all(events, event_letter(&event));
    look_for_new_assets(events, &event);
}

static bool
declare(struct broker_connection *connection, void *context, struct error *err)
{
    return broker_declare_exchange(connection, TOPOLOGY_EVENTS, BROKER_FANOUT, err);
}

static void
pause_ms(int64_t wait_ms)
{
    struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};

    nanosleep(&wait, NULL);
}

/* One turn: connected and listening, or trying to be. */
static void
listen_once(struct events *events, struct broker_consumer *consumer, struct arena *arena)
{
    struct broker_delivery delivery;
    struct error err;
    bool received = false, good;

    good = broker_consumer_connect(consumer, &err);
    if (good)
        change_state(events, PART_CONNECTED);
    good = good && broker_consumer_next(consumer, LISTEN_MS, arena, &delivery, &received, &err);
    if (!good) {
        if (events->state != PART_AWAY)
            log_event(LOG_WARN, "events.away", LOG_ERROR(&err));
        change_state(events, PART_AWAY);
        pause_ms(err.retry_after_ms > 0 && err.retry_after_ms < LISTEN_MS ? err.retry_after_ms
                                                                          : 100);
    } else if (received) {
        take(events, delivery.body, arena);
    }
}

static void *
run(void *context)
{
    struct events *events = context;
    struct broker_settings settings = {events->settings.rabbitmq_url, "tidemark-api", declare,
                                       NULL};
    struct broker_consumer *consumer = broker_consumer_create_listener(&settings, TOPOLOGY_EVENTS);
    struct arena *arena = arena_create(64 * 1024);

    while (!atomic_load(&events->stopping)) {
        listen_once(events, consumer, arena);
        arena_reset(arena);
    }
    broker_consumer_destroy(consumer);
    arena_destroy(arena);
    return NULL;
}

struct events *
events_start(const struct events_settings *settings)
{
    struct events *events = calloc(1, sizeof *events);

    if (!events)
        abort();
    events->settings = *settings;
    if (pthread_create(&events->pthread, NULL, run, events) != 0)
        abort();
    return events;
}

void
events_stop(struct events *events)
{
    if (!events)
        return;
    atomic_store(&events->stopping, true);
    pthread_join(events->pthread, NULL);
    free(events);
}
