#ifndef TIDEMARK_COMMON_BROKER_H
#define TIDEMARK_COMMON_BROKER_H

#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The door to RabbitMQ: broker*.c are the only files that include librabbitmq. A consumer and a
 * publisher are two connections, because under a memory alarm the broker stops reading from
 * everyone who has published, acks included. Each has one channel, belongs to one thread, and
 * never waits longer than the limits below.
 *
 * Nothing reconnects behind the caller's back, because tags and unconfirmed messages die with a
 * connection. The loop of every program is the same:
 *
 *     while (!stop) {
 *         if (!broker_consumer_connect(consumer, &err))      // nothing to do while it is up
 *             sleep at most err.retry_after_ms, or give up if err.kind is ERROR_FATAL
 *         else if (!broker_consumer_next(consumer, 1000, arena, &delivery, &received, &err))
 *             log it, and go round
 *         else if (received)
 *             ... broker_consumer_ack(consumer, &delivery, &err)
 *     }
 *
 * Errors of all calls: retry "broker.away" (not connected, lost, or no answer in time; the
 * connection is closed by then), retry "broker.blocked" (memory or disk alarm), retry
 * "broker.nacked", retry "broker.unroutable", retry "broker.full"; reject "broker.too_large";
 * fatal "broker.url", "broker.auth" (login, virtual host or permission), "broker.topology" (a queue
 * or exchange exists with other arguments).
 */
enum {
    BROKER_CONNECT_MS = 5000,  /* TCP */
    BROKER_LOGIN_MS = 10000,   /* AMQP handshake */
    BROKER_RPC_MS = 10000,     /* one declare, bind, consume ... */
    BROKER_CONFIRM_MS = 10000, /* no confirm by then: unknown, so publish again */
    BROKER_HEARTBEAT_S = 20,   /* a silent peer is lost after twice as long */
    BROKER_SERVICE_MS = 5000,  /* call a *_service() at least this often */
    BROKER_STALL_MS = 15000,   /* bytes that the peer does not take for so long: it is lost */
    BROKER_BACKOFF_MIN_MS = 100,
    BROKER_BACKOFF_MAX_MS = 5000,
    BROKER_UNCONFIRMED_MAX = 64,
    BROKER_BODY_MAX = 64 * 1024, /* of one published message, headers not counted */
};

struct broker_connection; /* opaque; only what prepares a connection sees it */

struct broker_settings {
    const char *url;     /* amqp://user:password@host:port/vhost, vhost "/" is %2f; copied */
    const char *program; /* "tidemark-worker": the connection's name in the dashboard; copied */

    /*
     * Called on each new connection before anything is consumed or published, to declare what the
     * program needs: topology_prepare of common/topology.h. NULL = nothing. `context` stays the
     * caller's and must outlive the connection.
     */
    bool (*prepare)(struct broker_connection *connection, void *context, struct error *err);
    void *context;
};

/* Name and value of a message header or of a queue's argument. */
struct broker_header {
    const char *name;
    const char *text; /* NULL = it is `number` */
    int64_t number;
};

/* -------------------------------------------------------------------------------- consuming */

struct broker_consumer;

struct broker_delivery {
    struct bytes body; /* terminated by a NUL that is not counted */
    const char *exchange;
    const char *routing_key;
    const char *message_id; /* "" if it has none */
    bool redelivered;
    int64_t delivery_count;              /* how often it was delivered before (quorum queues) */
    const struct broker_header *headers; /* strings and integers; other types are left out */
    size_t header_count;
    uint64_t tag;        /* for ack and nack; worth nothing after a reconnect, */
    uint64_t connection; /* so this says which connection it came by */
};

/* NULL for a header that is not there or is a number. */
const char *broker_delivery_header(const struct broker_delivery *delivery, const char *name);

/* Both never return NULL and do no I/O. A consumer of one durable queue, prefetch 1: */
struct broker_consumer *broker_consumer_create(const struct broker_settings *settings,
                                               const char *queue);
/*
 * A listener on a fanout exchange by a queue of its own: exclusive, auto-delete, at most 10,000
 * messages, the oldest dropped first. Nothing to acknowledge. What was sent while it was not
 * connected is lost: its owner starts afresh after each connect.
 */
struct broker_consumer *broker_consumer_create_listener(const struct broker_settings *settings,
                                                        const char *exchange);
void broker_consumer_destroy(struct broker_consumer *consumer); /* NULL is fine */

/*
 * True at once when connected. Otherwise makes one attempt (connect, login, prepare, consume; at
 * most about 15 s), but not before a random delay that grows from 100 ms to 5 s since the last
 * failure: until then, "broker.away" with retry_after_ms = what is left to wait. Host names are
 * resolved blocking.
 */
MUST_CHECK bool broker_consumer_connect(struct broker_consumer *consumer, struct error *err);
bool broker_consumer_connected(const struct broker_consumer *consumer);

/*
 * Waits at most `timeout_ms` (0 = look only) for a message; `*ret_received` is false if none
 * came, then `*ret_delivery` is untouched. Everything in it lives in `arena`. Returns early, with
 * nothing received, when a signal arrives. A deleted queue, a cancelled consumer or a closed
 * connection is "broker.away"; so is a queue that has messages but brings none: who has waited for
 * some seconds asks the broker, which takes a round trip.
 */
MUST_CHECK bool broker_consumer_next(struct broker_consumer *consumer, int64_t timeout_ms,
                                     struct arena *arena, struct broker_delivery *ret_delivery,
                                     bool *ret_received, struct error *err);

/*
 * Settle a delivery. Success means the bytes are on their way; a lost ack is a redelivery. A
 * delivery of an older connection is "broker.away": the broker has it back already.
 */
MUST_CHECK bool broker_consumer_ack(struct broker_consumer *consumer,
                                    const struct broker_delivery *delivery, struct error *err);
/* `requeue` false sends it to the queue's dead-letter exchange. */
MUST_CHECK bool broker_consumer_nack(struct broker_consumer *consumer,
                                     const struct broker_delivery *delivery, bool requeue,
                                     struct error *err);

/*
 * Sends and checks heartbeats and reads what has come, never blocking: call it while a job runs, at
 * least every BROKER_SERVICE_MS and whenever broker_consumer_socket() is readable.
 */
MUST_CHECK bool broker_consumer_service(struct broker_consumer *consumer, struct error *err);
/* For curl_multi_poll and friends; -1 when not connected. Changes with each connection. */
int broker_consumer_socket(const struct broker_consumer *consumer);

/*
 * Asks for no more messages and returns those that came but were not handed out by next() to the
 * queue. What was handed out may still be settled. Part of stopping.
 */
MUST_CHECK bool broker_consumer_cancel(struct broker_consumer *consumer, struct error *err);

/* --------------------------------------------------------------------------------- looking */

/*
 * For tools: takes messages from the head of a queue one after the other, each a round trip, over a
 * connection of its own. What was taken and not acknowledged goes back to the head of the queue, at
 * the latest when the reader is destroyed; of more than a few a quorum queue loses the order. A
 * queue that is not there is empty.
 */
struct broker_reader;

struct broker_reader *broker_reader_open(const struct broker_settings *settings, const char *queue,
                                         struct error *err); /* NULL on failure */
void broker_reader_destroy(struct broker_reader *reader);    /* NULL is fine */
/* How many messages were ready when it was opened. */
int64_t broker_reader_waiting(const struct broker_reader *reader);
/* As broker_consumer_next(), without waiting. */
MUST_CHECK bool broker_reader_next(struct broker_reader *reader, struct arena *arena,
                                   struct broker_delivery *ret_delivery, bool *ret_received,
                                   struct error *err);
MUST_CHECK bool broker_reader_ack(struct broker_reader *reader,
                                  const struct broker_delivery *delivery, struct error *err);
/* The same for this one and all that were read before it. */
MUST_CHECK bool broker_reader_ack_through(struct broker_reader *reader,
                                          const struct broker_delivery *delivery,
                                          struct error *err);
/* Puts back what is not acknowledged; true when the broker has done it, and all acks before. */
MUST_CHECK bool broker_reader_put_back(struct broker_reader *reader, struct error *err);

/*
 * Looks at up to `max` messages at the head of a queue and puts them back. `ret_deliveries` has
 * room for `max`; what is in them lives in `arena`.
 */
MUST_CHECK bool broker_peek(const struct broker_settings *settings, const char *queue, size_t max,
                            struct arena *arena, struct broker_delivery *ret_deliveries,
                            size_t *ret_count, struct error *err);

struct broker_queue {
    bool exists;
    int64_t messages; /* ready; those that are handed out are not counted */
    int64_t consumers;
};

struct broker_server {
    const char *product, *version; /* "RabbitMQ", "3.10.8"; "" = it does not say */
};

/*
 * Connects, asks for each of the named queues, and leaves. `ret_server` may be NULL; its texts live
 * in `arena`. settings->prepare is not called.
 */
MUST_CHECK bool broker_look(const struct broker_settings *settings, const char *const *names,
                            size_t count, struct arena *arena, struct broker_queue *ret_queues,
                            struct broker_server *ret_server, struct error *err);

/* ------------------------------------------------------------------------------- publishing */

struct broker_publisher;

struct broker_message {
    const char *exchange;
    const char *routing_key; /* at most 255 bytes, as AMQP has it */
    struct bytes body;       /* at most BROKER_BODY_MAX */
    const char *message_id;  /* the job id, at most 255 bytes; NULL = none */
    const struct broker_header *headers;
    size_t header_count;
    /*
     * An event: transient, and no error if nobody listens. Everything else is persistent and
     * mandatory, because the broker confirms a message that no queue takes and forgets it.
     */
    bool event;
};

/* How a message ended: err.kind is ERROR_NONE when the broker has confirmed that it holds it. */
struct broker_outcome {
    uint64_t ticket;
    struct error err;
};

struct broker_publisher *broker_publisher_create(const struct broker_settings *settings);
/* Closes politely, within a second; what is unconfirmed stays unknown. NULL is fine. */
void broker_publisher_destroy(struct broker_publisher *publisher);

/* As broker_consumer_connect(). */
MUST_CHECK bool broker_publisher_connect(struct broker_publisher *publisher, struct error *err);
bool broker_publisher_connected(const struct broker_publisher *publisher);
/* True between connection.blocked and .unblocked; as of the last call that read the socket. */
bool broker_publisher_blocked(const struct broker_publisher *publisher);

/*
 * Connects if need be, publishes one message and waits for its confirm. False: it may or may not
 * be in the queue (except "broker.unroutable", "broker.nacked", "broker.too_large": it is not), so
 * publish it again later.
 */
MUST_CHECK bool broker_publish(struct broker_publisher *publisher,
                               const struct broker_message *message, struct error *err);

/*
 * The same for many, 64 under way at a time. `ret_results[i]` says how message i ended. Returns
 * how many were confirmed. Stops sending at the first lost connection or alarm: the rest
 * are given that error.
 */
size_t broker_publish_all(struct broker_publisher *publisher, const struct broker_message *messages,
                          size_t count, struct error *ret_results);

/*
 * The form that never waits: hands one message over; its outcome comes from collect(), with
 * `ticket`, a number of the caller's choice. "broker.full": collect first.
 */
MUST_CHECK bool broker_publisher_send(struct broker_publisher *publisher,
                                      const struct broker_message *message, uint64_t ticket,
                                      struct error *err);
/*
 * Waits at most `timeout_ms` (0 = look only) for one outcome; false if there is none yet. Every
 * ticket comes back, at the latest after BROKER_CONFIRM_MS; if the connection is lost or an alarm
 * is raised, at once and with that error.
 */
bool broker_publisher_collect(struct broker_publisher *publisher, int64_t timeout_ms,
                              struct broker_outcome *ret_outcome);
size_t broker_publisher_outstanding(const struct broker_publisher *publisher);

/* As for consumers: heartbeats, alarms, closes. Not needed right after the other calls. */
MUST_CHECK bool broker_publisher_service(struct broker_publisher *publisher, struct error *err);
/* To declare or look for something later on; only while connected. NULL when it is not. */
struct broker_connection *broker_publisher_connection(struct broker_publisher *publisher);
int broker_publisher_socket(const struct broker_publisher *publisher);

/* -------------------------------------------------------------------------------- declaring */

/* For `prepare`, mostly. An object that exists with other arguments is fatal "broker.topology". */
enum broker_exchange_type { BROKER_DIRECT, BROKER_FANOUT };

MUST_CHECK bool broker_declare_exchange(struct broker_connection *connection, const char *name,
                                        enum broker_exchange_type type, struct error *err);
/* Durable. `arguments` are the x-arguments, "x-queue-type" among them. */
MUST_CHECK bool broker_declare_queue(struct broker_connection *connection, const char *name,
                                     const struct broker_header *arguments, size_t argument_count,
                                     struct error *err);
MUST_CHECK bool broker_bind_queue(struct broker_connection *connection, const char *queue,
                                  const char *exchange, const char *routing_key, struct error *err);
/* With all that is in it. One that is not there is no error. */
MUST_CHECK bool broker_delete_queue(struct broker_connection *connection, const char *name,
                                    struct error *err);
/*
 * These two look only. A queue that is not there is no error. Over a publisher's connection it ends
 * the connection, because its channel and with it the confirms are gone: connect again.
 */
MUST_CHECK bool broker_queue_exists(struct broker_connection *connection, const char *name,
                                    bool *ret_exists, struct error *err);
MUST_CHECK bool broker_queue_look(struct broker_connection *connection, const char *name,
                                  struct broker_queue *ret_queue, struct error *err);

#endif
