#include "common/broker_connection.h"

#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { POLITE_CLOSE_MS = 1000 };

static char *
copy_or_die(const char *string)
{
    char *copy = strdup(string);

    if (!copy)
        abort();
    return copy;
}

void
broker_connection_init(struct broker_connection *connection, const struct broker_settings *settings)
{
    memset(connection, 0, sizeof *connection);
    connection->url = copy_or_die(settings->url);
    connection->program = copy_or_die(settings->program);
    connection->prepare = settings->prepare;
    connection->context = settings->context;
}

static struct timeval
to_timeval(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

void
broker_connection_finish(struct broker_connection *connection)
{
    struct timeval patience = to_timeval(POLITE_CLOSE_MS);

    if (connection->state) {
        amqp_set_rpc_timeout(connection->state, &patience);
        amqp_connection_close(connection->state, AMQP_REPLY_SUCCESS);
        broker_connection_drop(connection);
    }
    if (connection->url)
        explicit_bzero(connection->url, strlen(connection->url));
    free(connection->url);
    free(connection->program);
}

/* Full jitter, so that fifty children do not come back in one moment. */
static void
schedule_retry(struct broker_connection *connection)
{
    int64_t ceiling_ms = BROKER_BACKOFF_MAX_MS;

    if (connection->failures < 16 &&
        (int64_t)BROKER_BACKOFF_MIN_MS << connection->failures < ceiling_ms)
        ceiling_ms = (int64_t)BROKER_BACKOFF_MIN_MS << connection->failures;
    connection->failures++;
    connection->retry_at_ms =
        clock_monotonic_ms() + BROKER_BACKOFF_MIN_MS +
        arc4random_uniform((uint32_t)(ceiling_ms - BROKER_BACKOFF_MIN_MS) + 1);
}

void
broker_connection_drop(struct broker_connection *connection)
{
    if (!connection->state)
        return;
    amqp_destroy_connection(connection->state);
    connection->state = NULL;
    connection->blocked = false;
    if (connection->opened_at_ms &&
        clock_monotonic_ms() - connection->opened_at_ms > BROKER_BACKOFF_MAX_MS)
        connection->failures = 0;
    connection->opened_at_ms = 0;
    schedule_retry(connection);
}

bool
broker_connection_lost(struct broker_connection *connection, struct error *err, const char *format,
                       ...)
{
    char reason[sizeof err->message];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    broker_connection_drop(connection);
    return error_set(err, ERROR_RETRY, "broker.away", "%s", reason);
}

bool
broker_connection_require(const struct broker_connection *connection, struct error *err)
{
    if (connection->state)
        return true;
    return error_set(err, ERROR_RETRY, "broker.away", "not connected to the broker");
}

/*
 * What a close by the broker means for us; its own words are kept. 406 is about arguments only when
 * it answers a declare: later it may be a tag, or an ack that took too long.
 */
static bool
explain_close(uint16_t code, amqp_bytes_t text, bool is_answer, const char *what, const char *name,
              struct error *err)
{
    int length = text.len > 160 ? 160 : (int)text.len;
    const char *words = text.bytes ? text.bytes : "";

    if (code == AMQP_PRECONDITION_FAILED && is_answer)
        return error_set(err, ERROR_FATAL, "broker.topology",
                         "%s %s exists with other arguments; delete it once it is empty, or give "
                         "the new one another name (%.*s)",
                         what, name, length, words);
    if (code == AMQP_ACCESS_REFUSED || (code == AMQP_NOT_ALLOWED && is_answer))
        return error_set(err, ERROR_FATAL, "broker.auth", "%s %s: the broker refuses (%.*s)", what,
                         name, length, words);
    return error_set(err, ERROR_RETRY, "broker.away", "%s %s: closed by the broker with %u (%.*s)",
                     what, name, code, length, words);
}

bool
broker_connection_check(struct broker_connection *connection, amqp_rpc_reply_t reply,
                        struct error *err, const char *what, const char *name)
{
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return true;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
            const amqp_channel_close_t *closed = reply.reply.decoded;

            explain_close(closed->reply_code, closed->reply_text, true, what, name, err);
        } else if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
            const amqp_connection_close_t *closed = reply.reply.decoded;

            explain_close(closed->reply_code, closed->reply_text, true, what, name, err);
        } else {
            error_set(err, ERROR_RETRY, "broker.away", "%s %s: unexpected answer 0x%08x", what,
                      name, reply.reply.id);
        }
        broker_connection_drop(connection);
        return false;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        return broker_connection_lost(connection, err, "%s %s: %s", what, name,
                                      amqp_error_string2(reply.library_error));
    case AMQP_RESPONSE_NONE:
        break;
    }
    return broker_connection_lost(connection, err, "%s %s: no answer", what, name);
}

bool
broker_connection_wrote(struct broker_connection *connection, int status, struct error *err,
                        const char *what)
{
    if (status == AMQP_STATUS_OK)
        return true;
    return broker_connection_lost(connection, err, "%s: %s", what, amqp_error_string2(status));
}

/* ---------------------------------------------------------------------------------- opening */

static bool
connect_socket(struct broker_connection *connection, const char *host, int port, struct error *err)
{
    struct timeval connect_patience = to_timeval(BROKER_CONNECT_MS);
    unsigned stall_ms = BROKER_STALL_MS;
    amqp_socket_t *socket;
    int status;

    socket = amqp_tcp_socket_new(connection->state);
    if (!socket)
        abort();
    status = amqp_socket_open_noblock(socket, host, port, &connect_patience);
    if (status != AMQP_STATUS_OK)
        return broker_connection_lost(connection, err, "connect to %s:%d: %s", host, port,
                                      amqp_error_string2(status));
    /* A peer that vanished while bytes are under way is found by the kernel, not by patience. */
    setsockopt(amqp_get_sockfd(connection->state), IPPROTO_TCP, TCP_USER_TIMEOUT, &stall_ms,
               sizeof stall_ms);
    return true;
}

/* Without "consumer_cancel_notify" a consumer whose queue is deleted would wait for ever. */
static amqp_rpc_reply_t
log_in(struct broker_connection *connection, const struct amqp_connection_info *info)
{
    static const char *const wanted[] = {"consumer_cancel_notify", "connection.blocked",
                                         "publisher_confirms", "basic.nack"};
    amqp_table_entry_t capabilities[COUNT_OF(wanted)], properties[2];
    amqp_table_t table = {.num_entries = COUNT_OF(properties), .entries = properties};

    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        capabilities[i] = (amqp_table_entry_t){
            .key = amqp_cstring_bytes(wanted[i]),
            .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1},
        };
    properties[0] = (amqp_table_entry_t){
        .key = amqp_cstring_bytes("capabilities"),
        .value = {.kind = AMQP_FIELD_KIND_TABLE,
                  .value.table = {.num_entries = COUNT_OF(wanted), .entries = capabilities}},
    };
    properties[1] = (amqp_table_entry_t){
        .key = amqp_cstring_bytes("connection_name"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8,
                  .value.bytes = amqp_cstring_bytes(connection->program)},
    };
    return amqp_login_with_properties(connection->state, info->vhost, BROKER_CHANNEL,
                                      AMQP_DEFAULT_FRAME_SIZE, BROKER_HEARTBEAT_S, &table,
                                      AMQP_SASL_METHOD_PLAIN, info->user, info->password);
}

static bool
start_session(struct broker_connection *connection, const struct amqp_connection_info *info,
              struct error *err)
{
    struct timeval login_patience = to_timeval(BROKER_LOGIN_MS);
    struct timeval rpc_patience = to_timeval(BROKER_RPC_MS);

    connection->state = amqp_new_connection();
    if (!connection->state)
        abort();
    amqp_set_handshake_timeout(connection->state, &login_patience);
    amqp_set_rpc_timeout(connection->state, &rpc_patience);
    if (!connect_socket(connection, info->host, info->port, err))
        return false;
    if (!broker_connection_check(connection, log_in(connection, info), err, "log in as",
                                 info->user))
        return false;
    amqp_channel_open(connection->state, BROKER_CHANNEL);
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err, "open",
                                   "a channel");
}

static bool
open_once(struct broker_connection *connection, struct error *err)
{
    struct amqp_connection_info info;
    char *url = copy_or_die(connection->url); /* the parser cuts it into pieces */
    bool opened = false;

    if (amqp_parse_url(url, &info) != AMQP_STATUS_OK)
        error_set(err, ERROR_FATAL, "broker.url",
                  "RABBITMQ_URL is not of the form amqp://user:password@host:port/vhost");
    else if (info.ssl)
        error_set(err, ERROR_FATAL, "broker.url",
                  "RABBITMQ_URL begins with amqps://, but only amqp:// is spoken here; put a TLS "
                  "tunnel in front");
    else
        opened = start_session(connection, &info, err);
    explicit_bzero(url, strlen(connection->url));
    free(url);
    return opened;
}

bool
broker_connection_open(struct broker_connection *connection, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    if (connection->state)
        return true;
    if (now_ms < connection->retry_at_ms) {
        error_set(err, ERROR_RETRY, "broker.away", "waiting to connect to the broker again");
        err->retry_after_ms = connection->retry_at_ms - now_ms;
        return false;
    }
    if (open_once(connection, err) &&
        (!connection->prepare || connection->prepare(connection, connection->context, err))) {
        connection->number++;
        connection->opened_at_ms = clock_monotonic_ms();
        return true;
    }
    broker_connection_drop(connection);
    if (connection->retry_at_ms <= now_ms)
        schedule_retry(connection);
    err->retry_after_ms = connection->retry_at_ms - now_ms;
    return false;
}

bool
broker_connection_renew_channel(struct broker_connection *connection, struct error *err)
{
    amqp_frame_t frame;
    bool received;

    if (!broker_connection_check(
            connection, amqp_channel_close(connection->state, BROKER_CHANNEL, AMQP_REPLY_SUCCESS),
            err, "close", "the channel"))
        return false;
    /* The library keeps what came before the answer, and would bring it as the new channel's. */
    do
        if (!broker_connection_read(connection, 0, &frame, &received, err))
            return false;
    while (received);
    amqp_channel_open(connection->state, BROKER_CHANNEL);
    connection->number++;
    return broker_connection_check(connection, amqp_get_rpc_reply(connection->state), err, "open",
                                   "a channel");
}

/* ---------------------------------------------------------------------------------- reading */

/* True if the frame was for the connection itself; `*ret_lost` if it was its end. */
static bool
handle_control(struct broker_connection *connection, const amqp_frame_t *frame, bool *ret_lost,
               struct error *err)
{
    if (frame->frame_type != AMQP_FRAME_METHOD)
        return false;
    switch (frame->payload.method.id) {
    case AMQP_CONNECTION_BLOCKED_METHOD:
        connection->blocked = true;
        return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        connection->blocked = false;
        return true;
    case AMQP_CHANNEL_CLOSE_METHOD: {
        const amqp_channel_close_t *closed = frame->payload.method.decoded;

        explain_close(closed->reply_code, closed->reply_text, false, "the", "channel", err);
        break;
    }
    case AMQP_CONNECTION_CLOSE_METHOD: {
        const amqp_connection_close_t *closed = frame->payload.method.decoded;
        amqp_connection_close_ok_t answer = {0};

        explain_close(closed->reply_code, closed->reply_text, false, "the", "connection", err);
        amqp_send_method(connection->state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
        break;
    }
    default:
        return false;
    }
    broker_connection_drop(connection);
    *ret_lost = true;
    return true;
}

/* False if a signal came. */
static bool
wait_readable(const struct broker_connection *connection, int64_t timeout_ms)
{
    struct pollfd pollfd = {.fd = amqp_get_sockfd(connection->state), .events = POLLIN};

    return poll(&pollfd, 1, (int)timeout_ms) >= 0 || errno != EINTR;
}

bool
broker_connection_read(struct broker_connection *connection, int64_t timeout_ms,
                       amqp_frame_t *ret_frame, bool *ret_received, struct error *err)
{
    struct timeval at_once = {0};
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;

    *ret_received = false;
    if (!broker_connection_require(connection, err))
        return false;
    for (;;) {
        bool lost = false;
        int64_t left_ms;
        int status;

        amqp_maybe_release_buffers(connection->state);
        status = amqp_simple_wait_frame_noblock(connection->state, ret_frame, &at_once);
        if (status == AMQP_STATUS_OK) {
            if (handle_control(connection, ret_frame, &lost, err))
                return !lost;
            *ret_received = true;
            return true;
        }
        if (status != AMQP_STATUS_TIMEOUT)
            return broker_connection_lost(connection, err, "read from the broker: %s",
                                          amqp_error_string2(status));
        left_ms = until_ms - clock_monotonic_ms();
        if (left_ms <= 0)
            return true;
        /* In short turns, because heartbeats are only sent from within the library. */
        if (!wait_readable(connection, left_ms < BROKER_SERVICE_MS ? left_ms : BROKER_SERVICE_MS))
            return true;
    }
}

int
broker_connection_socket(const struct broker_connection *connection)
{
    return connection->state ? amqp_get_sockfd(connection->state) : -1;
}

char *
broker_copy_bytes(struct arena *arena, amqp_bytes_t bytes)
{
    return arena_copy(arena, bytes.bytes, bytes.len);
}
