#include "common/broker_connection.h"

#include <assert.h>

enum { ARGUMENTS_MAX = 16 };

amqp_table_t
broker_headers_table(const struct broker_header *headers, size_t count, amqp_table_entry_t *entries)
{
    for (size_t i = 0; i < count; i++) {
        entries[i].key = amqp_cstring_bytes(headers[i].name);
        if (headers[i].text) {
            entries[i].value.kind = AMQP_FIELD_KIND_UTF8;
            entries[i].value.value.bytes = amqp_cstring_bytes(headers[i].text);
        } else {
            entries[i].value.kind = AMQP_FIELD_KIND_I64;
            entries[i].value.value.i64 = headers[i].number;
        }
    }
    return (amqp_table_t){.num_entries = (int)count, .entries = entries};
}

bool
broker_declare_exchange(struct broker_connection *connection, const char *name,
                        enum broker_exchange_type type, struct error *err)
{
    static const char *const types[] = {[BROKER_DIRECT] = "direct", [BROKER_FANOUT] = "fanout"};

    amqp_exchange_declare(connection->state, BROKER_CHANNEL, amqp_cstring_bytes(name),
                          amqp_cstring_bytes(types[type]), 0, 1, 0, 0, amqp_empty_table);
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err,
                                   "exchange", name);
}

bool
broker_declare_queue(struct broker_connection *connection, const char *name,
                     const struct broker_header *arguments, size_t argument_count,
                     struct error *err)
{
    amqp_table_entry_t entries[ARGUMENTS_MAX];

    assert(argument_count <= COUNT_OF(entries));
    amqp_queue_declare(connection->state, BROKER_CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0,
                       broker_headers_table(arguments, argument_count, entries));
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err, "queue",
                                   name);
}

bool
broker_bind_queue(struct broker_connection *connection, const char *queue, const char *exchange,
                  const char *routing_key, struct error *err)
{
    amqp_queue_bind(connection->state, BROKER_CHANNEL, amqp_cstring_bytes(queue),
                    amqp_cstring_bytes(exchange), amqp_cstring_bytes(routing_key),
                    amqp_empty_table);
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err,
                                   "bind queue", queue);
}

bool
broker_delete_queue(struct broker_connection *connection, const char *name, struct error *err)
{
    amqp_queue_delete(connection->state, BROKER_CHANNEL, amqp_cstring_bytes(name), 0, 0);
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err,
                                   "delete queue", name);
}

/* A passive declare of what is not there closes the channel; the same number is opened again. */
static bool
reopen_channel(struct broker_connection *connection, struct error *err)
{
    amqp_channel_close_ok_t answer = {0};
    int status =
        amqp_send_method(connection->state, BROKER_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer);

    if (!broker_connection_wrote(connection, status, err, "close the channel"))
        return false;
    amqp_channel_open(connection->state, BROKER_CHANNEL);
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err, "open",
                                   "a channel");
}

bool
broker_queue_look(struct broker_connection *connection, const char *name,
                  struct broker_queue *ret_queue, struct error *err)
{
    const amqp_queue_declare_ok_t *declared;
    amqp_rpc_reply_t reply;

    declared = amqp_queue_declare(connection->state, BROKER_CHANNEL, amqp_cstring_bytes(name), 1, 0,
                                  0, 0, amqp_empty_table);
    reply = amqp_get_rpc_reply(connection->state);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *closed = reply.reply.decoded;

        if (closed->reply_code == AMQP_NOT_FOUND) {
            *ret_queue = (struct broker_queue){.exists = false};
            if (!connection->opened_at_ms)
                return reopen_channel(connection, err);
            broker_connection_drop(connection);
            return true;
        }
    }
    if (!broker_connection_check(connection, reply, err, "look for queue", name))
        return false;
    *ret_queue = (struct broker_queue){
        .exists = true, .messages = declared->message_count, .consumers = declared->consumer_count};
    return true;
}

bool
broker_queue_exists(struct broker_connection *connection, const char *name, bool *ret_exists,
                    struct error *err)
{
    struct broker_queue queue;

    if (!broker_queue_look(connection, name, &queue, err))
        return false;
    *ret_exists = queue.exists;
    return true;
}
