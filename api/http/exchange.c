#include "api/http/exchange.h"

#include "api/http/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FREE_MAX 128 /* kept for later; about 15 KiB each */
#define ARENA_BYTES 8192
#define CAPACITY_MAX (HTTP_HEAD_MAX + HTTP_BODY_MAX + 4096)

static void
begin(struct exchange *exchange)
{
    struct http_request *request = &exchange->request;

    exchange->has_head = exchange->body_said = false;
    http_parser_init(&exchange->parser);
    request->context = NULL;
    request->cancelled = NULL;
    request->writable = NULL;
}

static struct exchange *
exchange_create(void)
{
    struct exchange *exchange = malloc(sizeof *exchange);

    if (!exchange) {
        fputs("out of memory\n", stderr);
        abort();
    }
    exchange->request.arena = arena_create(ARENA_BYTES);
    exchange->buffer = exchange->small;
    exchange->capacity = sizeof exchange->small;
    return exchange;
}

struct exchange *
exchange_take(struct exchange_pool *pool, struct http_connection *connection)
{
    struct exchange *exchange = pool->free;

    if (exchange) {
        pool->free = exchange->next_free;
        pool->count--;
    } else {
        exchange = exchange_create();
    }
    exchange->connection = connection;
    exchange->fill = exchange->start = exchange->end = 0;
    begin(exchange);
    return exchange;
}

static void
exchange_destroy(struct exchange *exchange)
{
    arena_destroy(exchange->request.arena);
    free(exchange);
}

void
exchange_give(struct exchange_pool *pool, struct exchange *exchange)
{
    arena_reset(exchange->request.arena);
    if (exchange->buffer != exchange->small) {
        free(exchange->buffer);
        exchange->buffer = exchange->small;
        exchange->capacity = sizeof exchange->small;
    }
    if (pool->count == FREE_MAX) {
        exchange_destroy(exchange);
        return;
    }
    exchange->next_free = pool->free;
    pool->free = exchange;
    pool->count++;
}

void
exchange_pool_finish(struct exchange_pool *pool)
{
    while (pool->free) {
        struct exchange *exchange = pool->free;

        pool->free = exchange->next_free;
        exchange_destroy(exchange);
    }
    pool->count = 0;
}

static void
grow(struct exchange *exchange)
{
    size_t capacity = exchange->capacity * 4;
    char *buffer;

    if (capacity > CAPACITY_MAX)
        capacity = CAPACITY_MAX;
    buffer = malloc(capacity);
    if (!buffer) {
        fputs("out of memory\n", stderr);
        abort();
    }
    memcpy(buffer, exchange->buffer, exchange->fill);
    if (exchange->buffer != exchange->small)
        free(exchange->buffer);
    exchange->buffer = buffer;
    exchange->capacity = capacity;
}

char *
exchange_room(struct exchange *exchange, bool in_hand, size_t *ret_size)
{
    if (exchange->fill == exchange->capacity && !in_hand) {
        if (exchange->start) {
            exchange->fill -= exchange->start;
            memmove(exchange->buffer, exchange->buffer + exchange->start, exchange->fill);
            exchange->start = 0;
        } else if (exchange->capacity < CAPACITY_MAX) {
            grow(exchange);
        }
    }
    *ret_size = exchange->capacity - exchange->fill;
    return exchange->buffer + exchange->fill;
}

/* The body lies right behind the head, decoded in place if it is chunked. */
static enum http_parsed
step_body(struct exchange *exchange, const struct http_refusal **ret_refusal)
{
    struct http_parser *parser = &exchange->parser;
    struct http_chunks *chunks = &exchange->chunks;
    size_t body_at = exchange->start + parser->head_bytes;
    size_t raw_at = body_at + chunks->decoded;
    size_t used;
    enum http_parsed parsed;

    exchange->request.body = (struct bytes){exchange->buffer + body_at, parser->content_length};
    exchange->end = body_at + parser->content_length;
    if (!parser->chunked)
        return exchange->fill < exchange->end ? HTTP_MORE : HTTP_PARSED;

    parsed = http_chunks_decode(chunks, exchange->buffer + raw_at, exchange->fill - raw_at,
                                exchange->buffer + body_at, &used);
    if (parsed == HTTP_REFUSED)
        *ret_refusal = chunks->refusal;
    else if (parsed == HTTP_MORE)
        exchange->fill = body_at + chunks->decoded;
    exchange->request.body.size = chunks->decoded;
    exchange->end = raw_at + used;
    return parsed;
}

enum http_parsed
exchange_step(struct exchange *exchange, const char *doubling_prefix,
              const struct http_refusal **ret_refusal)
{
    struct http_request *request = &exchange->request;
    struct http_parser *parser = &exchange->parser;
    enum http_parsed parsed;

    if (!exchange->has_head) {
        parsed = http_parser_feed(parser, exchange->buffer + exchange->start,
                                  exchange->fill - exchange->start);
        request->method = parser->method;
        if (parsed == HTTP_REFUSED)
            *ret_refusal = parser->refusal;
        if (parsed != HTTP_PARSED)
            return parsed;
        exchange->has_head = true;
        http_chunks_init(&exchange->chunks);
    }
    parsed = step_body(exchange, ret_refusal);
    if (parsed != HTTP_PARSED)
        return parsed;
    /* Only now, because the buffer may have moved while the body arrived. */
    request->raw_target = http_slice_bytes(exchange->buffer + exchange->start, parser->target);
    if (!http_target_parse(request->raw_target, doubling_prefix, request->arena, &request->target,
                           ret_refusal))
        return HTTP_REFUSED;
    return HTTP_PARSED;
}

struct bytes
exchange_target(const struct exchange *exchange)
{
    const char *at = exchange->buffer + exchange->start, *end = exchange->buffer + exchange->fill;
    const char *stop;

    while (at < end && *at != ' ' && *at != '\r' && *at != '\n')
        at++;
    if (at < end && *at == ' ')
        at++;
    for (stop = at; stop<end && * stop> ' ' && *stop < 0x7f; stop++)
        ;
    return (struct bytes){at, (size_t)(stop - at)};
}

bool
exchange_next(struct exchange *exchange)
{
    if (exchange->end == exchange->fill)
        return false;
    exchange->start = exchange->end;
    arena_reset(exchange->request.arena);
    begin(exchange);
    return true;
}
