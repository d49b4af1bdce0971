#include "common/broker_connection.h"
#include "common/broker_parcel.h"
#include "common/clock.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADERS_MAX = 32,
    NUMBER_TEXT_SIZE = 24,
    SHORT_TEXT_MAX = 255, /* AMQP's "shortstr" */
};

enum slot_state {
    SLOT_FREE,
    SLOT_SENT, /* waits for the broker's word */
    SLOT_DONE, /* waits to be collected */
};

/* A message between send() and collect(). */
struct slot {
    enum slot_state state;
    uint64_t number; /* the broker's count on this channel, from 1 */
    uint64_t ticket;
    int64_t sent_at_ms;
    bool returned; /* no queue takes it: its ack will be a failure */
    struct error err;
};

struct broker_publisher {
    struct broker_connection connection;
    uint64_t last_number;
    int64_t stalled_since_ms;       /* the socket takes no bytes since; 0 = it does */
    struct broker_parcel *arriving; /* a returned message */
    struct slot slots[BROKER_UNCONFIRMED_MAX];
};

struct broker_publisher *
broker_publisher_create(const struct broker_settings *settings)
{
    struct broker_publisher *publisher = calloc(1, sizeof *publisher);

    if (!publisher)
        abort();
    broker_connection_init(&publisher->connection, settings);
    return publisher;
}

void
broker_publisher_destroy(struct broker_publisher *publisher)
{
    if (!publisher)
        return;
    broker_parcel_destroy(publisher->arriving);
    broker_connection_finish(&publisher->connection);
    free(publisher);
}

bool
broker_publisher_connected(const struct broker_publisher *publisher)
{
    return publisher->connection.state != NULL;
}

bool
broker_publisher_blocked(const struct broker_publisher *publisher)
{
    return publisher->connection.blocked;
}

struct broker_connection *
broker_publisher_connection(struct broker_publisher *publisher)
{
    return publisher->connection.state ? &publisher->connection : NULL;
}

int
broker_publisher_socket(const struct broker_publisher *publisher)
{
    return broker_connection_socket(&publisher->connection);
}

size_t
broker_publisher_outstanding(const struct broker_publisher *publisher)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++)
        count += publisher->slots[i].state != SLOT_FREE;
    return count;
}

/* Everything unconfirmed ends with `err`: whether the broker has it, nobody knows. */
static void
end_all(struct broker_publisher *publisher, const struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++) {
        struct slot *slot = &publisher->slots[i];

        if (slot->state == SLOT_SENT) {
            slot->state = SLOT_DONE;
            slot->err = *err;
        }
    }
}

/* After any failure that may have dropped the connection. Returns false. */
static bool
fail(struct broker_publisher *publisher, const struct error *err)
{
    if (!publisher->connection.state)
        end_all(publisher, err);
    return false;
}

bool
broker_publisher_connect(struct broker_publisher *publisher, struct error *err)
{
    if (publisher->connection.state)
        return true;
    broker_parcel_destroy(publisher->arriving);
    publisher->arriving = NULL;
    if (!broker_connection_open(&publisher->connection, err))
        return false;
    amqp_confirm_select(publisher->connection.state, BROKER_CHANNEL);
    if (!broker_connection_check(&publisher->connection,
                                 amqp_get_rpc_reply(publisher->connection.state), err, "turn on",
                                 "publisher confirms"))
        return false;
    publisher->last_number = 0;
    publisher->stalled_since_ms = 0;
    return true;
}

/* ----------------------------------------------------------------------- the broker's answers */

/* `multiple` settles everything up to `number`. */
static void
settle(struct broker_publisher *publisher, uint64_t number, bool multiple, bool taken)
{
    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++) {
        struct slot *slot = &publisher->slots[i];

        if (slot->state != SLOT_SENT || slot->number > number ||
            (slot->number < number && !multiple))
            continue;
        slot->state = SLOT_DONE;
        if (!taken)
            error_set(&slot->err, ERROR_RETRY, "broker.nacked",
                      "the broker refused the message: its queue is full or has no leader");
        else if (slot->returned)
            error_set(&slot->err, ERROR_RETRY, "broker.unroutable", "no queue takes the message");
        else
            slot->err = (struct error){0};
    }
}

static void
mark_returned(struct broker_publisher *publisher, uint64_t number)
{
    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++)
        if (publisher->slots[i].state == SLOT_SENT && publisher->slots[i].number == number)
            publisher->slots[i].returned = true;
}

static void
take_frame(struct broker_publisher *publisher, const amqp_frame_t *frame)
{
    struct broker_parcel *begun = broker_parcel_begin(frame, publisher->connection.number);

    if (begun) {
        broker_parcel_destroy(publisher->arriving);
        publisher->arriving = begun;
    } else if (frame->frame_type != AMQP_FRAME_METHOD) {
        if (publisher->arriving)
            broker_parcel_add(publisher->arriving, frame);
    } else if (frame->payload.method.id == AMQP_BASIC_ACK_METHOD) {
        const amqp_basic_ack_t *ack = frame->payload.method.decoded;

        settle(publisher, ack->delivery_tag, ack->multiple, true);
    } else if (frame->payload.method.id == AMQP_BASIC_NACK_METHOD) {
        const amqp_basic_nack_t *nack = frame->payload.method.decoded;

        settle(publisher, nack->delivery_tag, nack->multiple, false);
    }
    if (publisher->arriving && broker_parcel_is_complete(publisher->arriving)) {
        mark_returned(publisher, publisher->arriving->publish_number);
        broker_parcel_destroy(publisher->arriving);
        publisher->arriving = NULL;
    }
}

/* An alarm answers nothing until it is over, and that may be hours: what waits is unknown now. */
static void
end_if_blocked(struct broker_publisher *publisher)
{
    struct error err;

    if (!publisher->connection.blocked)
        return;
    error_set(&err, ERROR_RETRY, "broker.blocked",
              "the broker takes no messages: it is short of memory or disk");
    end_all(publisher, &err);
}

static bool
end_if_overdue(struct broker_publisher *publisher, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++)
        if (publisher->slots[i].state == SLOT_SENT &&
            now_ms - publisher->slots[i].sent_at_ms > BROKER_CONFIRM_MS)
            return broker_connection_lost(&publisher->connection, err,
                                          "no confirm from the broker for %d s",
                                          BROKER_CONFIRM_MS / 1000);
    return true;
}

/* Reads one frame, if one comes in time, and looks after alarms and deadlines. */
static bool
listen_once(struct broker_publisher *publisher, int64_t timeout_ms, bool *ret_received,
            struct error *err)
{
    amqp_frame_t frame;

    if (!broker_connection_read(&publisher->connection, timeout_ms, &frame, ret_received, err))
        return fail(publisher, err);
    if (*ret_received)
        take_frame(publisher, &frame);
    end_if_blocked(publisher);
    if (!end_if_overdue(publisher, err))
        return fail(publisher, err);
    return true;
}

bool
broker_publisher_service(struct broker_publisher *publisher, struct error *err)
{
    bool received;

    do {
        if (!listen_once(publisher, 0, &received, err))
            return false;
    } while (received);
    return true;
}

/* ----------------------------------------------------------------------------------- sending */

/*
 * The library's publish waits without limit for room in the socket. So it is only called when the
 * kernel has room for more than the largest message: POLLOUT means a third of the buffer.
 */
static bool
require_room(struct broker_publisher *publisher, struct error *err)
{
    struct pollfd pollfd = {.fd = broker_publisher_socket(publisher), .events = POLLOUT};
    int64_t now_ms = clock_monotonic_ms();

    if (poll(&pollfd, 1, 0) > 0) {
        publisher->stalled_since_ms = 0;
        return true;
    }
    if (!publisher->stalled_since_ms)
        publisher->stalled_since_ms = now_ms;
    if (now_ms - publisher->stalled_since_ms > BROKER_STALL_MS)
        return broker_connection_lost(&publisher->connection, err,
                                      "the broker has taken no bytes for %d s",
                                      BROKER_STALL_MS / 1000);
    return error_set(err, ERROR_RETRY, "broker.full", "the broker takes bytes too slowly");
}

static bool
write_message(struct broker_publisher *publisher, const struct broker_message *message,
              struct error *err)
{
    amqp_table_entry_t entries[HEADERS_MAX];
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
                  AMQP_BASIC_CORRELATION_ID_FLAG,
        .delivery_mode = message->event ? AMQP_DELIVERY_NONPERSISTENT : AMQP_DELIVERY_PERSISTENT,
        .content_type = amqp_cstring_bytes("application/json"),
    };
    amqp_bytes_t body = {.len = message->body.size, .bytes = (void *)message->body.data};
    char number[NUMBER_TEXT_SIZE];
    int status;

    assert(message->header_count <= HEADERS_MAX);
    /* A returned message does not say which one it is; this comes back with it. */
    snprintf(number, sizeof number, "%llu", (unsigned long long)publisher->last_number + 1);
    properties.correlation_id = amqp_cstring_bytes(number);
    if (message->message_id) {
        properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        properties.message_id = amqp_cstring_bytes(message->message_id);
    }
    if (message->header_count > 0) {
        properties._flags |= AMQP_BASIC_HEADERS_FLAG;
        properties.headers = broker_headers_table(message->headers, message->header_count, entries);
    }
    status = amqp_basic_publish(
        publisher->connection.state, BROKER_CHANNEL, amqp_cstring_bytes(message->exchange),
        amqp_cstring_bytes(message->routing_key), !message->event, 0, &properties, body);
    return broker_connection_wrote(&publisher->connection, status, err, "publish");
}

static struct slot *
find_free_slot(struct broker_publisher *publisher)
{
    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++)
        if (publisher->slots[i].state == SLOT_FREE)
            return &publisher->slots[i];
    return NULL;
}

/* What AMQP cannot carry would cost the connection, and with it everybody else's messages. */
static bool
require_size(const struct broker_message *message, struct error *err)
{
    if (message->body.size > BROKER_BODY_MAX)
        return error_set(err, ERROR_REJECT, "broker.too_large", "a message of %zu bytes is over %d",
                         message->body.size, BROKER_BODY_MAX);
    if ((message->message_id && strlen(message->message_id) > SHORT_TEXT_MAX) ||
        strlen(message->routing_key) > SHORT_TEXT_MAX)
        return error_set(err, ERROR_REJECT, "broker.too_large",
                         "an id or routing key is longer than %d bytes", SHORT_TEXT_MAX);
    return true;
}

/* NULL if it was not handed over. */
static struct slot *
send_message(struct broker_publisher *publisher, const struct broker_message *message,
             uint64_t ticket, struct error *err)
{
    struct slot *slot;

    if (!require_size(message, err) || !broker_publisher_service(publisher, err))
        return NULL;
    if (publisher->connection.blocked) {
        error_set(err, ERROR_RETRY, "broker.blocked",
                  "the broker takes no messages: it is short of memory or disk");
        return NULL;
    }
    slot = find_free_slot(publisher);
    if (!slot) {
        error_set(err, ERROR_RETRY, "broker.full", "%d messages wait for their confirm",
                  BROKER_UNCONFIRMED_MAX);
        return NULL;
    }
    if (!require_room(publisher, err) || !write_message(publisher, message, err)) {
        fail(publisher, err);
        return NULL;
    }
    *slot = (struct slot){.state = SLOT_SENT,
                          .number = ++publisher->last_number,
                          .ticket = ticket,
                          .sent_at_ms = clock_monotonic_ms()};
    return slot;
}

bool
broker_publisher_send(struct broker_publisher *publisher, const struct broker_message *message,
                      uint64_t ticket, struct error *err)
{
    return send_message(publisher, message, ticket, err) != NULL;
}

/* The oldest finished one, so that outcomes come in the order of sending where they can. */
static struct slot *
find_done_slot(struct broker_publisher *publisher)
{
    struct slot *oldest = NULL;

    for (size_t i = 0; i < COUNT_OF(publisher->slots); i++) {
        struct slot *slot = &publisher->slots[i];

        if (slot->state == SLOT_DONE && (!oldest || slot->number < oldest->number))
            oldest = slot;
    }
    return oldest;
}

bool
broker_publisher_collect(struct broker_publisher *publisher, int64_t timeout_ms,
                         struct broker_outcome *ret_outcome)
{
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    struct slot *slot;

    while (!(slot = find_done_slot(publisher))) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        struct error err;
        bool received;

        if (broker_publisher_outstanding(publisher) == 0)
            return false;
        /* A lost connection ends all that waits, so that the next turn finds it. */
        if (listen_once(publisher, left_ms > 0 ? left_ms : 0, &received, &err) && !received &&
            left_ms <= 0 && !find_done_slot(publisher))
            return false;
    }
    ret_outcome->ticket = slot->ticket;
    ret_outcome->err = slot->err;
    slot->state = SLOT_FREE;
    return true;
}

/* Waits for one message and frees its slot; ends by the confirm's deadline. */
static void
wait_for(struct broker_publisher *publisher, struct slot *slot, struct error *ret_result)
{
    while (slot->state == SLOT_SENT) {
        struct error err;
        bool received;

        (void)listen_once(publisher, BROKER_CONFIRM_MS / 4, &received, &err);
    }
    *ret_result = slot->err;
    slot->state = SLOT_FREE;
}

bool
broker_publish(struct broker_publisher *publisher, const struct broker_message *message,
               struct error *err)
{
    struct error result;
    struct slot *slot;

    if (!broker_publisher_connect(publisher, err))
        return false;
    slot = send_message(publisher, message, 0, err);
    if (!slot)
        return false;
    wait_for(publisher, slot, &result);
    if (result.kind == ERROR_NONE)
        return true;
    *err = result;
    return false;
}

size_t
broker_publish_all(struct broker_publisher *publisher, const struct broker_message *messages,
                   size_t count, struct error *ret_results)
{
    struct slot *slots[BROKER_UNCONFIRMED_MAX];
    size_t waited = 0, sent = 0, confirmed = 0;
    struct error err = {0};

    if (!broker_publisher_connect(publisher, &err))
        goto out;
    while (sent < count) {
        struct slot *slot = send_message(publisher, &messages[sent], sent, &err);

        if (slot) {
            slots[sent++ % BROKER_UNCONFIRMED_MAX] = slot;
        } else if (err.kind == ERROR_REJECT) {
            /* Its fault alone: wait for those before it, then go on behind it. */
            for (; waited < sent; waited++)
                wait_for(publisher, slots[waited % BROKER_UNCONFIRMED_MAX], &ret_results[waited]);
            ret_results[sent++] = err;
            waited = sent;
        } else if (waited < sent && strcmp(err.code, "broker.full") == 0) {
            wait_for(publisher, slots[waited % BROKER_UNCONFIRMED_MAX], &ret_results[waited]);
            waited++;
        } else {
            break;
        }
    }
    for (; waited < sent; waited++)
        wait_for(publisher, slots[waited % BROKER_UNCONFIRMED_MAX], &ret_results[waited]);
out:
    for (size_t i = sent; i < count; i++)
        ret_results[i] = err;
    for (size_t i = 0; i < count; i++)
        confirmed += ret_results[i].kind == ERROR_NONE;
    return confirmed;
}
