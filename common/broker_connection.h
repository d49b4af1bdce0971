#ifndef TIDEMARK_COMMON_BROKER_CONNECTION_H
#define TIDEMARK_COMMON_BROKER_CONNECTION_H

#include "common/broker.h"

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif

/*
 * Inside of broker*.c only: one connection with one channel, and the rules every frame obeys,
 * whoever reads it. Frames are read by broker_connection_read() alone: the library's own
 * "consume message" waits without limit once a message has begun.
 */
enum { BROKER_CHANNEL = 1 };

struct broker_connection {
    amqp_connection_state_t state; /* NULL when not connected */
    uint64_t number;               /* counts connections, from 1 */
    bool blocked;                  /* the broker has raised a memory or disk alarm for us */
    int64_t opened_at_ms;          /* monotonic, as all times here */
    int64_t retry_at_ms;           /* no attempt before this */
    int32_t failures;              /* in a row; a connection that lasted ends the row */
    char *url;
    char *program;
    bool (*prepare)(struct broker_connection *connection, void *context, struct error *err);
    void *context;
};

void broker_connection_init(struct broker_connection *connection,
                            const struct broker_settings *settings);
void broker_connection_finish(struct broker_connection *connection); /* closes politely */

/*
 * Connects, logs in, opens the channel and calls prepare, unless it is too early after a failure.
 * A failure schedules the next attempt and sets err->retry_after_ms.
 */
MUST_CHECK bool broker_connection_open(struct broker_connection *connection, struct error *err);

/*
 * Closes the channel and opens a new one. The broker takes back what it handed out over the old
 * one; what of it has been received is thrown away here, and `number` counts on.
 */
MUST_CHECK bool broker_connection_renew_channel(struct broker_connection *connection,
                                                struct error *err);

/* Throws the connection away, without a word to the broker. Nothing happens if there is none. */
void broker_connection_drop(struct broker_connection *connection);

/* Drops, and fills `err` with "broker.away". Returns false. */
bool broker_connection_lost(struct broker_connection *connection, struct error *err,
                            const char *format, ...) PRINTF_LIKE(3, 4);

/* True if connected, else "broker.away". */
MUST_CHECK bool broker_connection_require(const struct broker_connection *connection,
                                          struct error *err);

/*
 * After a call of the library that waits for an answer: true if it was a normal one. Otherwise the
 * connection is dropped and `err` says what failed: `what` is the sentence's beginning.
 */
MUST_CHECK bool broker_connection_check(struct broker_connection *connection,
                                        amqp_rpc_reply_t reply, struct error *err, const char *what,
                                        const char *name);

/* After a call of the library that only writes. */
MUST_CHECK bool broker_connection_wrote(struct broker_connection *connection, int status,
                                        struct error *err, const char *what);

/*
 * Reads one frame that belongs to the channel's messages: deliveries, confirms, returns and their
 * contents. Heartbeats, alarms and closes are dealt with here. Waits at most `timeout_ms`;
 * `*ret_received` is also false, early, after an alarm changed or a signal arrived. The frame is
 * valid until the next call.
 */
MUST_CHECK bool broker_connection_read(struct broker_connection *connection, int64_t timeout_ms,
                                       amqp_frame_t *ret_frame, bool *ret_received,
                                       struct error *err);

int broker_connection_socket(const struct broker_connection *connection);

/* Tables and strings. `entries` has room for `count`; nothing is copied. */
amqp_table_t broker_headers_table(const struct broker_header *headers, size_t count,
                                  amqp_table_entry_t *entries);
char *broker_copy_bytes(struct arena *arena, amqp_bytes_t bytes);

#endif
