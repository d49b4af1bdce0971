#include "api/http/answer.h"

#include "api/http/connection.h"
#include "api/http/head.h"
#include "api/http/output.h"

#include <assert.h>
#include <string.h>

/* A body up to here is copied behind its head: one piece is cheaper to send than two. */
#define COPY_MAX 4096

/* How the body is told; `*ret_size` becomes 0 where none may be sent. */
static enum head_framing
choose_framing(const struct http_request *request, int status, size_t *ret_size)
{
    if (status == 204 || status == 304) {
        *ret_size = 0;
        return HEAD_NONE;
    }
    if (request->method == HTTP_HEAD)
        *ret_size = 0;
    return HEAD_LENGTH;
}

static void
send_whole(struct http_connection *connection, const struct http_answer *answer, size_t head_size,
           struct bytes body)
{
    char *head = connection->server->scratch;
    struct output_part parts[2] = {
        {head,      head_size, NULL        },
        {body.data, body.size, answer->body}
    };
    size_t count = body.size ? 2 : 1;

    if (body.size && body.size <= COPY_MAX) {
        memcpy(head + head_size, body.data, body.size);
        parts[0].size += body.size;
        count = 1;
    }
    output_send(connection, parts, count);
}

void
http_answer(struct http_request *request, const struct http_answer *answer)
{
    struct http_connection *connection = exchange_of(request)->connection;
    struct bytes body = answer->content;
    enum head_framing framing;
    size_t head_size, full_size;
    bool close = connection_will_close(connection, answer->close);

    assert(connection->state == HTTP_CONNECTION_HANDLING ||
           connection->state == HTTP_CONNECTION_READING);
    if (answer->body)
        body = (struct bytes){answer->body->data, answer->body->size};
    full_size = body.size;
    framing = choose_framing(request, answer->status, &body.size);
    head_size = head_write(connection->server, answer, framing, full_size, close);

    connection_enter(connection);
    connection->state = HTTP_CONNECTION_READING; /* answered: if sending fails, nobody is told */
    send_whole(connection, answer, head_size, body);
    connection_answered(connection, close);
    connection_leave(connection);
}

void
http_answer_refusal(const struct http_refusal *refusal, struct arena *arena,
                    struct http_answer *ret_answer)
{
    static const char type[] = "Content-Type: application/problem+json\r\n";
    char *text = arena_printf(arena,
                              "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":"
                              "\"%s\",\"code\":\"%s\"}\n",
                              http_status_text(refusal->status), refusal->status, refusal->detail,
                              refusal->code);

    ret_answer->status = refusal->status;
    ret_answer->headers[0] = (struct bytes){type, sizeof type - 1};
    ret_answer->content = (struct bytes){text, strlen(text)};
}

void
http_header_add(struct text *block, const char *name, const char *value)
{
    text_add_string(block, name);
    text_add(block, ": ", 2);
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        text_add_char(block, (c < ' ' && c != '\t') || c == 0x7f ? ' ' : *value);
    }
    text_add(block, "\r\n", 2);
}
