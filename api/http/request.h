#ifndef TIDEMARK_API_HTTP_REQUEST_H
#define TIDEMARK_API_HTTP_REQUEST_H

#include "api/http/parser.h"
#include "api/http/target.h"
#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who sent it: the other end of the socket, not what a proxy claims. */
struct http_peer {
    uint8_t address[16]; /* IPv6; an IPv4 address is ::ffff:a.b.c.d */
    uint16_t port;
};

#define HTTP_PEER_TEXT_SIZE 48
/* "192.0.2.1" or "2001:db8::1". Returns `text`. */
const char *http_peer_text(const struct http_peer *peer, char text[HTTP_PEER_TEXT_SIZE]);

/*
 * One whole request, body included. It belongs to the thread of its server.
 *
 * Valid from handle() until it is answered (http_answer, http_stream_end) or until `cancelled`
 * was called; after that its memory serves another request, so keep no pointer to it. All bytes it
 * points to, and its arena, live exactly as long.
 */
struct http_request {
    enum http_method method;
    struct bytes raw_target;   /* as sent */
    struct http_target target; /* path and parameters, decoded */
    struct bytes body;         /* decoded from chunks if it came so; at most 64 KiB */
    const struct http_peer *peer;
    struct arena *arena; /* for whatever serves this request; reset after it */

    /* For the handler. */
    void *context;
    /*
     * The connection died (client gone, write stalled, slow reader cut, server destroyed) before
     * the answer was complete. Release what the request holds; do not answer. NULL = do nothing.
     * May be called from inside http_stream_send().
     */
    void (*cancelled)(struct http_request *request);
    /* A stream has less than HTTP_STREAM_LOW bytes unsent again. See http_stream_send(). */
    void (*writable)(struct http_request *request);
};

/* The value of the first header `name` (any case); false if there is none. */
bool http_request_header(const struct http_request *request, const char *name,
                         struct bytes *ret_value);

/*
 * Walks all headers: `index` from 0 up, false after the last. For the fields that may come several
 * times, X-Forwarded-For above all.
 */
bool http_request_header_at(const struct http_request *request, size_t index,
                            struct bytes *ret_name, struct bytes *ret_value);

#endif
