#include "api/http/connection.h"

#include "api/http/output.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 2000
#define LINGER_BYTES (256 * 1024)
/* Unsent bytes above which no further pipelined request is begun. */
#define PIPELINE_BYTES (64 * 1024)

static const struct http_refusal timed_out = {408, "http.timeout",
                                              "The request did not arrive in time."};

static void
release_exchange(struct http_connection *connection)
{
    if (connection->exchange)
        exchange_give(&connection->server->exchanges, connection->exchange);
    connection->exchange = NULL;
}

static void
set_reading(struct http_connection *connection, bool wanted)
{
    if (wanted == connection->is_reading)
        return;
    connection->is_reading = wanted;
    /* Also before adding: libevent adds nothing to what it waits for while an event is active by
     * hand (see connection_answered), and whoever comes here has done what that was for. */
    event_del(&connection->readable);
    if (wanted)
        event_add(&connection->readable, NULL);
}

static void
set_deadline(struct http_connection *connection, int64_t wait_ms)
{
    connection->deadline_ms = connection->server->now_ms + wait_ms;
}

static void
connection_free(struct http_connection *connection)
{
    struct http_server *server = connection->server;

    if (server->check_next == connection)
        server->check_next = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    server->counts.open--;
    free(connection);
}

void
connection_enter(struct http_connection *connection)
{
    connection->inside++;
}

void
connection_leave(struct http_connection *connection)
{
    if (--connection->inside == 0 && connection->state == HTTP_CONNECTION_DEAD)
        connection_free(connection);
}

void
connection_die(struct http_connection *connection)
{
    bool in_hand = connection->state == HTTP_CONNECTION_HANDLING ||
                   connection->state == HTTP_CONNECTION_STREAMING;

    if (connection->state == HTTP_CONNECTION_DEAD)
        return;
    connection_enter(connection);
    connection->state = HTTP_CONNECTION_DEAD;
    output_drop(connection);
    event_del(&connection->readable); /* whether armed or made active by hand */
    close(event_get_fd(&connection->readable));
    if (connection->client)
        http_clients_leave(connection->server->clients, connection->client);
    if (in_hand) {
        struct http_request *request = &connection->exchange->request;

        connection->server->counts.cancelled++;
        if (request->cancelled)
            request->cancelled(request);
    }
    release_exchange(connection);
    connection_leave(connection);
}

/* All is sent and nothing more is to come from us. */
static void
finish(struct http_connection *connection)
{
    if (connection->has_ended || shutdown(event_get_fd(&connection->readable), SHUT_WR) < 0) {
        connection_die(connection);
        return;
    }
    connection->state = HTTP_CONNECTION_LINGERING;
    set_deadline(connection, LINGER_MS);
    set_reading(connection, true);
}

static bool
wants_to_read(struct http_connection *connection)
{
    size_t room;

    if (connection->has_ended || connection->closing)
        return false;
    if (connection->state == HTTP_CONNECTION_READING)
        return output_unsent(connection) <= PIPELINE_BYTES;
    exchange_room(connection->exchange, true, &room);
    return room > 0;
}

/* A producer that was too fast may go on. */
static void
tell_writable(struct http_connection *connection)
{
    struct http_request *request;

    if (!connection->is_slow || connection->state != HTTP_CONNECTION_STREAMING ||
        output_unsent(connection) >= HTTP_STREAM_LOW)
        return;
    connection->is_slow = false;
    request = &connection->exchange->request;
    if (request->writable)
        request->writable(request);
}

/* Sends what was kept while requests were waiting, unless the client is known not to take it. */
static void
flush(struct http_connection *connection)
{
    if (connection->out && !connection->is_writing && !output_flush(connection))
        connection_die(connection);
}

/* After anything happened: sends, listens and closes as the state asks for. */
static void
settle(struct http_connection *connection)
{
    flush(connection);
    tell_writable(connection);
    if (connection->state == HTTP_CONNECTION_DEAD || connection->state == HTTP_CONNECTION_LINGERING)
        return;
    if (connection->has_ended && connection->state == HTTP_CONNECTION_READING &&
        !connection->exchange)
        connection->closing = true;
    if (connection->closing && !connection->out)
        finish(connection);
    else
        set_reading(connection, wants_to_read(connection));
}

bool
connection_will_close(const struct http_connection *connection, bool answer_closes)
{
    return answer_closes || connection->exchange->parser.close || connection->server->is_draining;
}

void
connection_answered(struct http_connection *connection, bool close)
{
    struct exchange *exchange = connection->exchange;
    const struct http_settings *settings = &connection->server->settings;

    if (connection->state == HTTP_CONNECTION_DEAD)
        return;
    connection->state = HTTP_CONNECTION_READING;
    connection->is_used = true;
    if (connection_will_close(connection, close)) {
        connection->closing = true;
        release_exchange(connection);
    } else if (exchange_next(exchange)) {
        set_deadline(connection, settings->head_ms);
    } else {
        release_exchange(connection);
        set_deadline(connection, settings->idle_ms);
    }
    if (connection->is_advancing)
        return;
    settle(connection);
    /* Whoever answers late does not expect handle() to be called from there. */
    if (connection->exchange)
        event_active(&connection->readable, EV_TIMEOUT, 0);
}

static void
refuse(struct http_connection *connection, const struct http_refusal *refusal)
{
    struct http_server *server = connection->server;
    struct http_request *request = &connection->exchange->request;
    struct http_answer answer = {.status = refusal->status, .close = true};

    server->counts.refused_requests++;
    if (server->handler.refuse)
        server->handler.refuse(refusal, exchange_target(connection->exchange), request->arena,
                               &answer, server->handler.context);
    else
        http_answer_refusal(refusal, request->arena, &answer);
    answer.close = true;
    http_answer(request, &answer);
}

static void
hand_over(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_request *request = &connection->exchange->request;

    connection->state = HTTP_CONNECTION_HANDLING;
    connection->deadline_ms = 0;
    server->counts.requests++;
    request->peer = &connection->peer;
    server->handler.handle(request, server->handler.context);
}

/* The request in the buffer is not whole. */
static void
wait_for_more(struct http_connection *connection)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct exchange *exchange = connection->exchange;

    if (connection->has_ended) {
        connection->closing = true;
        release_exchange(connection);
        return;
    }
    if (!exchange->has_head || exchange->body_said)
        return;
    exchange->body_said = true;
    set_deadline(connection, connection->server->settings.body_ms);
    if (exchange->parser.expects_continue &&
        exchange->fill == exchange->start + exchange->parser.head_bytes)
        output_send(connection, &(struct output_part){go_on, sizeof go_on - 1, NULL}, 1);
}

/* There is a request in the buffer, or the beginning of one, and its turn has come. */
static bool
is_next(const struct http_connection *connection)
{
    return connection->state == HTTP_CONNECTION_READING && connection->exchange &&
           !connection->closing && output_unsent(connection) <= PIPELINE_BYTES;
}

/* Serves requests until one is not whole, is answered later, or too many bytes are unsent. */
static bool
serve(struct http_connection *connection)
{
    bool is_whole = true;

    connection->is_advancing = true;
    while (is_whole && is_next(connection)) {
        const struct http_refusal *refusal;
        enum http_parsed parsed = exchange_step(
            connection->exchange, connection->server->settings.doubling_prefix, &refusal);

        is_whole = parsed != HTTP_MORE;
        if (!is_whole)
            wait_for_more(connection);
        else if (parsed == HTTP_REFUSED)
            refuse(connection, refusal);
        else
            hand_over(connection);
    }
    connection->is_advancing = false;
    return is_whole;
}

/* Serves what is in the buffer, and goes on when sending the answers made room for more of them. */
static void
advance(struct http_connection *connection)
{
    while (serve(connection) && connection->out) {
        flush(connection);
        if (!is_next(connection))
            return;
    }
}

/* Reads what nobody wants any more, so that closing does not send a reset. */
static void
drain(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    ssize_t size = recv(event_get_fd(&connection->readable), server->scratch,
                        sizeof server->scratch, MSG_DONTWAIT);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0)
        connection->drained += (uint32_t)size;
    if (size <= 0 || connection->drained > LINGER_BYTES)
        connection_die(connection);
}

static void
end_of_input(struct http_connection *connection, bool is_error)
{
    connection->has_ended = true;
    /* One who only stopped sending may still wait for a short answer, but not for a stream. */
    if (is_error || connection->state == HTTP_CONNECTION_STREAMING)
        connection_die(connection);
    else if (connection->exchange->fill == 0)
        release_exchange(connection);
}

static void
receive(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    bool is_first = !connection->exchange;
    ssize_t size;
    size_t room;
    char *to;

    if (is_first)
        connection->exchange = exchange_take(&server->exchanges, connection);
    to = exchange_room(connection->exchange, connection->state != HTTP_CONNECTION_READING, &room);
    if (!room)
        return; /* settle() stops reading */
    size = recv(event_get_fd(&connection->readable), to, room, MSG_DONTWAIT);
    if (size > 0) {
        server->counts.bytes_in += (uint64_t)size;
        connection->exchange->fill += (size_t)size;
        if (is_first && connection->is_used) /* a new connection's time runs from accepting */
            set_deadline(connection, server->settings.head_ms);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        end_of_input(connection, size < 0);
    } else if (is_first) {
        release_exchange(connection);
    }
}

/* EV_TIMEOUT: made active by hand, to go on with what is in the buffer. */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct http_connection *connection = arg;

    connection_enter(connection);
    if (connection->state == HTTP_CONNECTION_LINGERING)
        drain(connection);
    else if ((what & EV_READ) && !connection->closing)
        receive(connection);
    advance(connection);
    settle(connection);
    connection_leave(connection);
}

/* What it waits for, it waits for from now on: before, it was the client who did not read. */
static void
restart_deadline(struct http_connection *connection)
{
    const struct http_settings *settings = &connection->server->settings;

    if (connection->state != HTTP_CONNECTION_READING)
        return;
    if (!connection->exchange)
        set_deadline(connection, settings->idle_ms);
    else
        set_deadline(connection,
                     connection->exchange->body_said ? settings->body_ms : settings->head_ms);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct http_connection *connection = arg;

    connection_enter(connection);
    if (!output_flush(connection))
        connection_die(connection);
    else if (!connection->out)
        restart_deadline(connection);
    advance(connection);
    settle(connection);
    connection_leave(connection);
}

void
connection_check_deadline(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    bool is_stalled = output_is_stalled(connection);
    bool is_late = connection->deadline_ms && server->now_ms >= connection->deadline_ms;

    if (!is_stalled && (!is_late || connection->out))
        return;
    connection_enter(connection);
    if (is_stalled || connection->exchange)
        server->counts.timeouts++;
    if (!is_stalled && connection->exchange)
        refuse(connection, &timed_out);
    else
        connection_die(connection);
    connection_leave(connection);
}

void
connection_shorten_idle(struct http_connection *connection, int64_t wait_ms)
{
    int64_t until_ms = connection->server->now_ms + wait_ms;

    if (connection->state == HTTP_CONNECTION_READING && !connection->exchange &&
        connection->deadline_ms > until_ms)
        connection->deadline_ms = until_ms;
}

void
connection_open(struct http_server *server, int fd, const struct http_peer *peer,
                struct http_client *client)
{
    struct http_connection *connection = calloc(1, sizeof *connection);

    if (!connection) {
        if (client)
            http_clients_leave(server->clients, client);
        close(fd);
        return;
    }
    connection->server = server;
    connection->peer = *peer;
    connection->client = client;
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->counts.accepted++;
    server->counts.open++;
    event_assign(&connection->readable, server->base, fd, EV_READ | EV_PERSIST, on_readable,
                 connection);
    event_assign(&connection->writable, server->base, fd, EV_WRITE | EV_PERSIST, on_writable,
                 connection);
    set_deadline(connection, server->settings.head_ms);
    set_reading(connection, true);
}
