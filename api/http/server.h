#ifndef TIDEMARK_API_HTTP_SERVER_H
#define TIDEMARK_API_HTTP_SERVER_H

#include "api/http/answer.h"
#include "api/http/request.h"
#include "common/attributes.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/*
 * An HTTP/1.1 server on one event loop: one for each thread, all on the same address (SO_REUSEPORT
 * lets the kernel spread the clients). Nothing is shared between them.
 *
 * A connection has one request in hand at a time: the next one is parsed when the answer of the one
 * before was given, so answers are in order by construction, and what a client pipelines waits
 * unparsed (as much as fits in the buffer, 4 KiB as a rule; then the socket is not read from).
 *
 * The program must ignore SIGPIPE.
 */
struct http_server;

struct http_settings {
    const char *listen;           /* "127.0.0.1:8081", "[::]:8081"; port 0 = any free one */
    int32_t connections_max;      /* open at once in this thread; above it: 503 and close */
    int32_t connections_per_peer; /* of one IPv4 address or IPv6 /64; above it: 503 and close */
    int64_t head_ms;              /* from the first byte (or accepting) to the end of the head */
    int64_t body_ms;              /* from there to the end of the body */
    int64_t stall_ms;             /* a reader must take at least 16 KiB, or all, in this time */
    int64_t idle_ms;              /* between two requests */
    const char *doubling_prefix;  /* see http_target_parse(); NULL = none */
};

/* The limits of reliability.md: 5 s, 10 s, 15 s, 75 s; 10,000 connections, 1,000 of one peer. */
extern const struct http_settings http_settings_default;

struct http_handler {
    /* A request to answer, now or later. Required. */
    void (*handle)(struct http_request *request, void *context);
    /*
     * The layer refuses bytes that are no request: fills `ret_answer` (status is set already), what
     * it needs lives in `arena`. `target` is what came of the request target, perhaps cut or
     * malformed, to choose a form of answer by; empty if nothing did. NULL = a plain
     * application/problem+json.
     */
    void (*refuse)(const struct http_refusal *refusal, struct bytes target, struct arena *arena,
                   struct http_answer *ret_answer, void *context);
    /* True for a load balancer: its address has no cap of its own. NULL = none is. */
    bool (*is_proxy)(const struct http_peer *peer, void *context);
    void *context;
};

/* Counted since the start, but `open`. For metrics; read them in the thread of the server. */
struct http_counts {
    uint64_t accepted, requests;
    uint64_t refused_connections; /* over a cap */
    uint64_t refused_requests;    /* answered with a http_refusal */
    uint64_t timeouts;            /* head, body or stall; not idle */
    uint64_t cancelled;           /* clients gone before their answer was complete */
    uint64_t accept_errors;       /* EMFILE and its like */
    uint64_t bytes_in, bytes_out;
    uint64_t open;
};

/*
 * Listens at once. `settings` and `handler` are copied. Errors: fatal "http.listen".
 * Destroying cancels requests that are not answered and closes everything.
 */
MUST_CHECK struct http_server *http_server_create(struct event_base *base,
                                                  const struct http_settings *settings,
                                                  const struct http_handler *handler,
                                                  struct error *err);
void http_server_destroy(struct http_server *server); /* NULL is fine */

/* The port it listens on, for a setting of port 0. */
uint16_t http_server_port(const struct http_server *server);

const struct http_counts *http_server_counts(const struct http_server *server);

/*
 * Stops accepting; every further answer says "Connection: close"; idle connections are closed
 * after 2 s (so that a request already under way is still answered). Done when counts->open is 0.
 */
void http_server_drain(struct http_server *server);

#endif
