#ifndef TIDEMARK_API_HTTP_OUTPUT_H
#define TIDEMARK_API_HTTP_OUTPUT_H

#include "api/http/body.h"

#include <stdbool.h>
#include <stddef.h>

struct http_connection;

/* Inside of the layer. The bytes on their way to a client. */
struct output_part {
    const void *data;
    size_t size;
    struct http_body *owner; /* keeps the bytes alive; NULL = they are copied if need be */
};

#define OUTPUT_PARTS_MAX 3

/*
 * Sends what the client takes now and keeps the rest. While requests behind this one wait in the
 * buffer, all is kept, so that pipelined answers leave together. A failure kills the connection.
 */
void output_send(struct http_connection *connection, const struct output_part *parts, size_t count);

/* Sends what was kept, and waits for the client if it does not take all. False: the client is gone.
 */
bool output_flush(struct http_connection *connection);

/* Bytes kept. */
size_t output_unsent(const struct http_connection *connection);

/* True if the client did not take enough in settings.stall_ms. Called by each tick. */
bool output_is_stalled(struct http_connection *connection);

/* Forgets what was kept. */
void output_drop(struct http_connection *connection);

#endif
