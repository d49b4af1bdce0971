#ifndef TIDEMARK_API_HTTP_HEAD_H
#define TIDEMARK_API_HTTP_HEAD_H

#include "api/http/answer.h"

#include <stdbool.h>
#include <stddef.h>

struct http_server;

/* Inside of the layer. How the length of an answer is told. */
enum head_framing {
    HEAD_LENGTH,  /* Content-Length */
    HEAD_CHUNKED, /* Transfer-Encoding: chunked */
    HEAD_NONE,    /* 204 and 304 have no body; HTTP/1.0 streams end by closing */
};

/*
 * Writes the head of an answer to server->scratch and returns its size. At least 4 KiB of the
 * scratch are free behind it.
 */
size_t head_write(struct http_server *server, const struct http_answer *answer,
                  enum head_framing framing, size_t body_size, bool close);

/* Renews the Date line if the second has changed. */
void head_tick(struct http_server *server);

#endif
