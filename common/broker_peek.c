#include "common/broker_connection.h"
#include "common/broker_parcel.h"
#include "common/clock.h"

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

static bool
get_many(struct broker_connection *connection, const char *queue, size_t max, struct arena *arena,
         struct broker_delivery *ret_deliveries, size_t *ret_count, struct error *err)
{
    size_t count = 0;

    while (count < max) {
        struct broker_parcel *parcel;
        bool got = get_one(connection, queue, &parcel, err);

        if (parcel)
            arena_defer(arena, destroy_parcel, parcel);
        if (!got)
            return false;
        if (!parcel)
            break;
        ret_deliveries[count++] = parcel->delivery;
    }
    *ret_count = count;
    return true;
}

bool
broker_peek(const struct broker_settings *settings, const char *queue, size_t max,
            struct arena *arena, struct broker_delivery *ret_deliveries, size_t *ret_count,
            struct error *err)
{
    struct broker_connection connection;
    bool looked;

    broker_connection_init(&connection, settings);
    looked = broker_connection_open(&connection, err) &&
             get_many(&connection, queue, max, arena, ret_deliveries, ret_count, err);
    if (looked && *ret_count > 0) {
        /* All of them at once, up to the last: the broker puts them back where they were. */
        int status = amqp_basic_nack(connection.state, BROKER_CHANNEL,
                                     ret_deliveries[*ret_count - 1].tag, 1, 1);

        looked = broker_connection_wrote(&connection, status, err, "put messages back");
    }
    broker_connection_finish(&connection);
    return looked;
}
