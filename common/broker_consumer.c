#include "common/broker_connection.h"
#include "common/broker_parcel.h"
#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    PREFETCH = 1, /* with more, a job that kills workers takes its neighbours with it */
    LISTENER_LENGTH_MAX = 10000,
    INBOX_MAX = 64, /* messages service() may find before somebody calls next() */
    IDLE_LOOK_MS = 4000,
    IDLE_RENEW_MS = 15000,
};

#define CONSUMER_TAG "tidemark" /* one consumer on a channel: the name need only be known */

struct broker_consumer {
    struct broker_connection connection;
    char *queue;    /* NULL for a listener */
    char *exchange; /* NULL for a consumer of jobs */
    struct broker_parcel *arriving;
    struct broker_parcel *inbox, **inbox_end;
    size_t inbox_count;
    int64_t look_at_ms;  /* monotonic: nothing has come for a while, is the queue ours still? */
    int64_t renew_at_ms; /* monotonic: a channel that brought nothing for long is replaced */
    bool passed_over;    /* the last look found messages that nobody brings us */
};

static struct broker_consumer *
create(const struct broker_settings *settings, const char *queue, const char *exchange)
{
    struct broker_consumer *consumer = calloc(1, sizeof *consumer);

    if (!consumer)
        abort();
    broker_connection_init(&consumer->connection, settings);
    consumer->queue = queue ? strdup(queue) : NULL;
    consumer->exchange = exchange ? strdup(exchange) : NULL;
    if (!consumer->queue && !consumer->exchange)
        abort();
    consumer->inbox_end = &consumer->inbox;
    return consumer;
}

struct broker_consumer *
broker_consumer_create(const struct broker_settings *settings, const char *queue)
{
    return create(settings, queue, NULL);
}

struct broker_consumer *
broker_consumer_create_listener(const struct broker_settings *settings, const char *exchange)
{
    return create(settings, NULL, exchange);
}

static struct broker_parcel *
take_from_inbox(struct broker_consumer *consumer)
{
    struct broker_parcel *parcel = consumer->inbox;

    if (!parcel)
        return NULL;
    consumer->inbox = parcel->next;
    consumer->inbox_count--;
    if (!consumer->inbox)
        consumer->inbox_end = &consumer->inbox;
    return parcel;
}

/* What came over a connection that is gone is the broker's again. */
static void
forget_messages(struct broker_consumer *consumer)
{
    struct broker_parcel *parcel;

    while ((parcel = take_from_inbox(consumer)))
        broker_parcel_destroy(parcel);
    broker_parcel_destroy(consumer->arriving);
    consumer->arriving = NULL;
}

void
broker_consumer_destroy(struct broker_consumer *consumer)
{
    if (!consumer)
        return;
    forget_messages(consumer);
    broker_connection_finish(&consumer->connection);
    free(consumer->queue);
    free(consumer->exchange);
    free(consumer);
}

/* ------------------------------------------------------------------------------- connecting */

static bool
check(struct broker_consumer *consumer, const char *what, const char *name, struct error *err)
{
    return broker_connection_check(&consumer->connection,
                                   amqp_get_rpc_reply(consumer->connection.state), err, what, name);
}

/* The queue serves us: nothing needs to be asked for a while. */
static void
is_served(struct broker_consumer *consumer)
{
    int64_t now_ms = clock_monotonic_ms();

    consumer->look_at_ms = now_ms + IDLE_LOOK_MS;
    consumer->renew_at_ms = now_ms + IDLE_RENEW_MS;
    consumer->passed_over = false;
}

static bool
start_consuming(struct broker_consumer *consumer, struct error *err)
{
    amqp_connection_state_t state = consumer->connection.state;

    /* Per consumer, not per channel: that would close the connection on a quorum queue. */
    amqp_basic_qos(state, BROKER_CHANNEL, 0, PREFETCH, 0);
    if (!check(consumer, "prefetch of", consumer->queue, err))
        return false;
    amqp_basic_consume(state, BROKER_CHANNEL, amqp_cstring_bytes(consumer->queue),
                       amqp_cstring_bytes(CONSUMER_TAG), 0, 0, 0, amqp_empty_table);
    is_served(consumer);
    return check(consumer, "consume queue", consumer->queue, err);
}

static bool
start_listening(struct broker_consumer *consumer, struct error *err)
{
    static const struct broker_header arguments[] = {
        {"x-max-length", NULL,        LISTENER_LENGTH_MAX},
        {"x-overflow",   "drop-head", 0                  },
    };
    amqp_connection_state_t state = consumer->connection.state;
    amqp_table_entry_t entries[COUNT_OF(arguments)];
    const amqp_queue_declare_ok_t *declared;
    amqp_bytes_t queue;

    declared = amqp_queue_declare(state, BROKER_CHANNEL, amqp_empty_bytes, 0, 0, 1, 1,
                                  broker_headers_table(arguments, COUNT_OF(arguments), entries));
    if (!check(consumer, "own queue on", consumer->exchange, err))
        return false;
    queue = amqp_bytes_malloc_dup(declared->queue);
    if (!queue.bytes)
        abort();
    amqp_queue_bind(state, BROKER_CHANNEL, queue, amqp_cstring_bytes(consumer->exchange),
                    amqp_empty_bytes, amqp_empty_table);
    if (check(consumer, "bind to exchange", consumer->exchange, err)) {
        amqp_basic_consume(state, BROKER_CHANNEL, queue, amqp_cstring_bytes(CONSUMER_TAG), 0, 1, 1,
                           amqp_empty_table);
        (void)check(consumer, "listen to exchange", consumer->exchange, err);
    }
    amqp_bytes_free(queue);
    return consumer->connection.state != NULL;
}

bool
broker_consumer_connect(struct broker_consumer *consumer, struct error *err)
{
    bool consuming;

    if (consumer->connection.state)
        return true;
    forget_messages(consumer);
    if (!broker_connection_open(&consumer->connection, err))
        return false;
    consuming =
        consumer->exchange ? start_listening(consumer, err) : start_consuming(consumer, err);
    if (!consuming && err->kind == ERROR_RETRY)
        err->retry_after_ms = consumer->connection.retry_at_ms - clock_monotonic_ms();
    return consuming;
}

bool
broker_consumer_connected(const struct broker_consumer *consumer)
{
    return consumer->connection.state != NULL;
}

int
broker_consumer_socket(const struct broker_consumer *consumer)
{
    return broker_connection_socket(&consumer->connection);
}

/* ---------------------------------------------------------------------------------- reading */

/* Puts one frame where it belongs. A complete message goes into the inbox. */
static bool
take_frame(struct broker_consumer *consumer, const amqp_frame_t *frame, struct error *err)
{
    const char *name = consumer->queue ? consumer->queue : consumer->exchange;
    struct broker_parcel *begun;

    if (frame->frame_type == AMQP_FRAME_METHOD &&
        frame->payload.method.id == AMQP_BASIC_CANCEL_METHOD)
        return broker_connection_lost(&consumer->connection, err,
                                      "the broker no longer delivers from %s: deleted, or moved",
                                      name);
    begun = broker_parcel_begin(frame, consumer->connection.number);
    if (begun) {
        broker_parcel_destroy(consumer->arriving);
        consumer->arriving = begun;
    } else if (consumer->arriving) {
        broker_parcel_add(consumer->arriving, frame);
    }
    if (consumer->arriving && broker_parcel_is_complete(consumer->arriving)) {
        *consumer->inbox_end = consumer->arriving;
        consumer->inbox_end = &consumer->arriving->next;
        consumer->inbox_count++;
        consumer->arriving = NULL;
    }
    return true;
}

bool
broker_consumer_service(struct broker_consumer *consumer, struct error *err)
{
    amqp_frame_t frame;
    bool received;

    do {
        if (!broker_connection_read(&consumer->connection, 0, &frame, &received, err))
            return false;
        if (received && !take_frame(consumer, &frame, err))
            return false;
    } while (received && consumer->inbox_count < INBOX_MAX);
    return true;
}

/*
 * RabbitMQ 3 says that it cancels a consumer only if the queue is gone still when the channel hears
 * of it. If it has been declared anew by then, the channel subscribes by itself, without a word,
 * and drops every event of the new queue (rabbit_channel.erl of 3.10: eol subscribes again, then
 * removes the queue's state). The one message that the new queue hands to such a consumer belongs
 * to it until its channel closes, and no question over AMQP shows that. So the channel of a
 * consumer that has had nothing for long is replaced.
 */
static bool
renew(struct broker_consumer *consumer, struct error *err)
{
    forget_messages(consumer);
    return broker_connection_renew_channel(&consumer->connection, err) &&
           start_consuming(consumer, err);
}

/*
 * Who has had nothing for a while asks whether the queue still knows a consumer, and whether
 * messages wait in it that nobody brings.
 */
static bool
look_after_queue(struct broker_consumer *consumer, struct error *err)
{
    struct broker_queue queue;
    bool passed_over;

    if (!consumer->queue || clock_monotonic_ms() < consumer->look_at_ms)
        return true;
    consumer->look_at_ms = clock_monotonic_ms() + IDLE_LOOK_MS;
    if (!broker_queue_look(&consumer->connection, consumer->queue, &queue, err))
        return false;
    if (!queue.exists || queue.consumers == 0)
        return broker_connection_lost(&consumer->connection, err,
                                      "the broker no longer delivers from %s, and did not say so",
                                      consumer->queue);
    passed_over = queue.messages > 0;
    if (passed_over && consumer->passed_over)
        return broker_connection_lost(&consumer->connection, err,
                                      "messages wait in %s, and none is delivered here",
                                      consumer->queue);
    consumer->passed_over = passed_over;
    return passed_over || clock_monotonic_ms() < consumer->renew_at_ms || renew(consumer, err);
}

static void
destroy_parcel(void *parcel)
{
    broker_parcel_destroy(parcel);
}

bool
broker_consumer_next(struct broker_consumer *consumer, int64_t timeout_ms, struct arena *arena,
                     struct broker_delivery *ret_delivery, bool *ret_received, struct error *err)
{
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    struct broker_parcel *parcel;

    *ret_received = false;
    if (!broker_connection_require(&consumer->connection, err))
        return false;
    while (!(parcel = take_from_inbox(consumer))) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        amqp_frame_t frame;
        bool received;

        if (!broker_connection_read(&consumer->connection, left_ms > 0 ? left_ms : 0, &frame,
                                    &received, err))
            return false;
        if (!received)
            return look_after_queue(consumer, err);
        if (!take_frame(consumer, &frame, err))
            return false;
    }
    is_served(consumer);
    arena_defer(arena, destroy_parcel, parcel);
    *ret_delivery = parcel->delivery;
    *ret_received = true;
    return true;
}

const char *
broker_delivery_header(const struct broker_delivery *delivery, const char *name)
{
    for (size_t i = 0; i < delivery->header_count; i++)
        if (strcmp(delivery->headers[i].name, name) == 0)
            return delivery->headers[i].text;
    return NULL;
}

/* --------------------------------------------------------------------------------- settling */

static bool
require_same_connection(const struct broker_consumer *consumer,
                        const struct broker_delivery *delivery, struct error *err)
{
    if (!broker_connection_require(&consumer->connection, err))
        return false;
    if (delivery->connection != consumer->connection.number)
        return error_set(err, ERROR_RETRY, "broker.away",
                         "the message came over a connection that is gone: the broker has it back");
    return true;
}

bool
broker_consumer_ack(struct broker_consumer *consumer, const struct broker_delivery *delivery,
                    struct error *err)
{
    int status;

    if (!require_same_connection(consumer, delivery, err))
        return false;
    status = amqp_basic_ack(consumer->connection.state, BROKER_CHANNEL, delivery->tag, 0);
    return broker_connection_wrote(&consumer->connection, status, err, "acknowledge");
}

bool
broker_consumer_nack(struct broker_consumer *consumer, const struct broker_delivery *delivery,
                     bool requeue, struct error *err)
{
    int status;

    if (!require_same_connection(consumer, delivery, err))
        return false;
    status = amqp_basic_nack(consumer->connection.state, BROKER_CHANNEL, delivery->tag, 0, requeue);
    return broker_connection_wrote(&consumer->connection, status, err, "give a message back");
}

bool
broker_consumer_cancel(struct broker_consumer *consumer, struct error *err)
{
    struct broker_parcel *parcel;
    bool returned = true;

    if (!broker_connection_require(&consumer->connection, err))
        return false;
    amqp_basic_cancel(consumer->connection.state, BROKER_CHANNEL, amqp_cstring_bytes(CONSUMER_TAG));
    if (!check(consumer, "stop consuming", consumer->queue ? consumer->queue : consumer->exchange,
               err) ||
        !broker_consumer_service(consumer, err))
        return false;
    while ((parcel = take_from_inbox(consumer))) {
        if (returned && !consumer->exchange)
            returned = broker_consumer_nack(consumer, &parcel->delivery, true, err);
        broker_parcel_destroy(parcel);
    }
    return returned;
}
