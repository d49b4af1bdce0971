#include "api/http/answer.h"
#include "api/http/connection.h"
#include "api/http/head.h"
#include "api/http/output.h"

#include <assert.h>
#include <stdio.h>
#include <sys/socket.h>

void
http_stream_start(struct http_request *request, const struct http_answer *answer)
{
    struct exchange *exchange = exchange_of(request);
    struct http_connection *connection = exchange->connection;
    bool close = connection_will_close(connection, answer->close);
    size_t head_size;

    assert(connection->state == HTTP_CONNECTION_HANDLING);
    connection->is_chunked = !exchange->parser.version_10;
    exchange->parser.close = close;
    head_size = head_write(connection->server, answer,
                           connection->is_chunked ? HEAD_CHUNKED : HEAD_NONE, 0, close);
    connection_enter(connection);
    connection->state = HTTP_CONNECTION_STREAMING;
    connection->is_slow = false;
    output_send(connection, &(struct output_part){connection->server->scratch, head_size, NULL}, 1);
    connection_leave(connection);
}

/* Counts what the client has not taken yet against the cap. */
static enum http_stream
judge(struct http_connection *connection, size_t unsent_before)
{
    size_t unsent = output_unsent(connection);

    if (connection->state == HTTP_CONNECTION_DEAD)
        return HTTP_STREAM_GONE;
    if (unsent_before && unsent > HTTP_STREAM_CAP) {
        connection_die(connection);
        return HTTP_STREAM_GONE;
    }
    if (unsent < HTTP_STREAM_LOW)
        return HTTP_STREAM_READY;
    connection->is_slow = true;
    return HTTP_STREAM_SLOW;
}

static enum http_stream
send_chunk(struct http_request *request, const void *data, size_t size, struct http_body *owner)
{
    struct http_connection *connection = exchange_of(request)->connection;
    size_t unsent = output_unsent(connection);
    char line[24];
    int line_size = snprintf(line, sizeof line, "%zx\r\n", size);
    struct output_part parts[] = {
        {line,   (size_t)line_size, NULL },
        {data,   size,              owner},
        {"\r\n", 2,                 NULL }
    };
    enum http_stream state;

    assert(connection->state == HTTP_CONNECTION_STREAMING);
    connection_enter(connection);
    if (size && request->method != HTTP_HEAD) {
        if (connection->is_chunked)
            output_send(connection, parts, 3);
        else
            output_send(connection, parts + 1, 1);
    }
    state = judge(connection, unsent);
    connection_leave(connection);
    return state;
}

enum http_stream
http_stream_send(struct http_request *request, const void *data, size_t size)
{
    return send_chunk(request, data, size, NULL);
}

enum http_stream
http_stream_send_body(struct http_request *request, struct http_body *body)
{
    return send_chunk(request, body->data, body->size, body);
}

void
http_stream_abort(struct http_request *request)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    struct http_connection *connection = exchange_of(request)->connection;

    assert(connection->state == HTTP_CONNECTION_STREAMING);
    if (!connection->is_chunked)
        setsockopt(event_get_fd(&connection->readable), SOL_SOCKET, SO_LINGER, &reset,
                   sizeof reset);
    connection_die(connection);
}

void
http_stream_end(struct http_request *request)
{
    static const char last[] = "0\r\n\r\n";
    struct http_connection *connection = exchange_of(request)->connection;
    bool has_last = connection->is_chunked && request->method != HTTP_HEAD;

    assert(connection->state == HTTP_CONNECTION_STREAMING);
    connection_enter(connection);
    connection->state = HTTP_CONNECTION_READING; /* answered: if sending fails, nobody is told */
    if (has_last)
        output_send(connection, &(struct output_part){last, sizeof last - 1, NULL}, 1);
    connection_answered(connection, false);
    connection_leave(connection);
}
