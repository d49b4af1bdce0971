#include "common/broker_connection.h"
#include "common/broker_parcel.h"
#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

struct broker_reader {
    struct broker_connection connection;
    char *queue; /* NULL = it is not there */
    int64_t waiting;
    bool took; /* something, since all was put back */
};

static void
destroy_parcel(void *parcel)
{
    broker_parcel_destroy(parcel);
}

/* Waits for the rest of a message whose first frame has been seen. */
static bool
read_rest(struct broker_connection *connection, struct broker_parcel *parcel, struct error *err)
{
    int64_t until_ms = clock_monotonic_ms() + BROKER_RPC_MS;

    while (!broker_parcel_is_complete(parcel)) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        amqp_frame_t frame;
        bool received;

        if (left_ms <= 0)
            return broker_connection_lost(connection, err, "half a message, and then nothing");
        if (!broker_connection_read(connection, left_ms, &frame, &received, err))
            return false;
        if (received)
            broker_parcel_add(parcel, &frame);
    }
    return true;
}

/* `*ret_parcel` is NULL when the queue has no more. */
static bool
get_one(struct broker_connection *connection, const char *queue, struct broker_parcel **ret_parcel,
        struct error *err)
{
    amqp_rpc_reply_t reply =
        amqp_basic_get(connection->state, BROKER_CHANNEL, amqp_cstring_bytes(queue), 0);
    amqp_frame_t frame = {.frame_type = AMQP_FRAME_METHOD, .payload.method = reply.reply};

    *ret_parcel = NULL;
    if (!broker_connection_check(connection, reply, err, "look into queue", queue))
        return false;
    *ret_parcel = broker_parcel_begin(&frame, connection->number);
    return !*ret_parcel || read_rest(connection, *ret_parcel, err);
}

struct broker_reader *
broker_reader_open(const struct broker_settings *settings, const char *queue, struct error *err)
{
    struct broker_reader *reader = calloc(1, sizeof *reader);
    struct broker_queue found;

    if (!reader)
        abort();
    broker_connection_init(&reader->connection, settings);
    if (!broker_connection_open(&reader->connection, err) ||
        !broker_queue_look(&reader->connection, queue, &found, err)) {
        broker_reader_destroy(reader);
        return NULL;
    }
    reader->waiting = found.messages;
    reader->queue = found.exists ? strdup(queue) : NULL;
    if (found.exists && !reader->queue)
        abort();
    return reader;
}

void
broker_reader_destroy(struct broker_reader *reader)
{
    if (!reader)
        return;
    broker_connection_finish(&reader->connection);
    free(reader->queue);
    free(reader);
}

int64_t
broker_reader_waiting(const struct broker_reader *reader)
{
    return reader->waiting;
}

bool
broker_reader_next(struct broker_reader *reader, struct arena *arena,
                   struct broker_delivery *ret_delivery, bool *ret_received, struct error *err)
{
    struct broker_parcel *parcel;
    bool got;

    *ret_received = false;
    if (!reader->queue)
        return true;
    if (!broker_connection_require(&reader->connection, err))
        return false;
    got = get_one(&reader->connection, reader->queue, &parcel, err);
    if (parcel)
        arena_defer(arena, destroy_parcel, parcel);
    if (!got || !parcel)
        return got;
    reader->took = true;
    *ret_delivery = parcel->delivery;
    *ret_received = true;
    return true;
}

static bool
acknowledge(struct broker_reader *reader, const struct broker_delivery *delivery, bool through,
            struct error *err)
{
    int status;

    if (!broker_connection_require(&reader->connection, err))
        return false;
    status = amqp_basic_ack(reader->connection.state, BROKER_CHANNEL, delivery->tag, through);
    return broker_connection_wrote(&reader->connection, status, err, "acknowledge");
}

bool
broker_reader_ack(struct broker_reader *reader, const struct broker_delivery *delivery,
                  struct error *err)
{
    return acknowledge(reader, delivery, false, err);
}

bool
broker_reader_ack_through(struct broker_reader *reader, const struct broker_delivery *delivery,
                          struct error *err)
{
    return acknowledge(reader, delivery, true, err);
}

/* The question at the end is answered when the broker has dealt with all before it. */
bool
broker_reader_put_back(struct broker_reader *reader, struct error *err)
{
    struct broker_queue found;
    int status;

    if (!reader->took)
        return true;
    if (!broker_connection_require(&reader->connection, err))
        return false;
    /* Tag 0 is all that is not settled. */
    status = amqp_basic_nack(reader->connection.state, BROKER_CHANNEL, 0, 1, 1);
    reader->took = false;
    return broker_connection_wrote(&reader->connection, status, err, "put messages back") &&
           broker_queue_look(&reader->connection, reader->queue, &found, err);
}

static bool
read_many(struct broker_reader *reader, size_t max, struct arena *arena,
          struct broker_delivery *ret_deliveries, size_t *ret_count, struct error *err)
{
    size_t count = 0;
    bool received;

    while (count < max) {
        if (!broker_reader_next(reader, arena, &ret_deliveries[count], &received, err))
            return false;
        if (!received)
            break;
        count++;
    }
    *ret_count = count;
    return true;
}

bool
broker_peek(const struct broker_settings *settings, const char *queue, size_t max,
            struct arena *arena, struct broker_delivery *ret_deliveries, size_t *ret_count,
            struct error *err)
{
    struct broker_reader *reader = broker_reader_open(settings, queue, err);
    bool looked;

    if (!reader)
        return false;
    looked = read_many(reader, max, arena, ret_deliveries, ret_count, err) &&
             broker_reader_put_back(reader, err);
    broker_reader_destroy(reader);
    return looked;
}
