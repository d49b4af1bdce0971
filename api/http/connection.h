#ifndef TIDEMARK_API_HTTP_CONNECTION_H
#define TIDEMARK_API_HTTP_CONNECTION_H

#include "api/http/clients.h"
#include "api/http/exchange.h"
#include "api/http/server.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct evconnlistener;

/*
 * Inside of the layer. One client's socket and what it is doing.
 *
 * Plain events instead of bufferevents: a request is one recv() straight into its parser's buffer
 * and one sendmsg() straight from the cached body. A bufferevent asks FIONREAD before each read,
 * allocates a chain for it, and arms and disarms its write event around each answer, which together
 * cost as much as everything else. An evbuffer is made only for what a client does not take at
 * once.
 */
enum http_connection_state {
    HTTP_CONNECTION_READING,   /* idle, or a request is arriving */
    HTTP_CONNECTION_HANDLING,  /* the handler has the request */
    HTTP_CONNECTION_STREAMING, /* ... and answers it in pieces */
    HTTP_CONNECTION_LINGERING, /* all is sent; waits for the client to close, so that no reset
                                  overtakes the answer */
    HTTP_CONNECTION_DEAD,      /* closed; freed when nobody is inside */
};

struct http_connection {
    struct event readable, writable;
    struct http_server *server;
    struct http_connection *next, *previous;
    struct exchange *exchange; /* NULL = idle */
    struct evbuffer *out;      /* what the client did not take yet; NULL = nothing */
    struct http_client *client;
    int64_t deadline_ms; /* of what it waits for; 0 = none */
    int64_t stall_ms;    /* until when the client must take enough; 0 = nothing to take */
    int64_t taken;       /* bytes for the client: queued when stall_ms was set, and added since */
    uint32_t drained;    /* bytes thrown away while lingering */
    struct http_peer peer;
    uint8_t state;
    uint8_t inside;    /* callbacks of this connection that are running */
    bool is_reading;   /* `readable` is armed */
    bool is_writing;   /* `writable` is armed */
    bool is_advancing; /* its loop over requests is running and looks after the rest */
    bool is_used;      /* has had a request: is idle, not new, when it waits */
    bool has_ended;    /* the client sends nothing more */
    bool closing;      /* no further request; close when all is sent */
    bool is_slow;      /* its stream asked to be told when it can go on */
    bool is_chunked;   /* its stream is in chunks */
};

struct http_server {
    struct event_base *base;
    struct http_settings settings;
    struct http_handler handler;
    struct http_counts counts;
    struct evconnlistener *listener;
    struct http_clients *clients;
    struct event *tick;   /* every HTTP_TICK_MS: clock, deadlines, Date */
    struct event *resume; /* accepting again after an error */
    int64_t now_ms; /* what deadlines are counted in: as of the last tick, standstills left out */
    int64_t ticked_at_ms; /* when that was, monotonic */
    bool is_draining;
    struct http_connection *connections;
    struct http_connection *check_next; /* where the walk over deadlines goes on */
    struct exchange_pool exchanges;
    char date[64]; /* "Date: ...\r\n" */
    size_t date_size;
    int64_t date_s;
    char scratch[HTTP_ANSWER_HEAD_MAX + 512]; /* heads being formatted; bytes nobody wants */
};

#define HTTP_TICK_MS 250

/* Takes over `fd`; freed by itself when it is over. */
void connection_open(struct http_server *server, int fd, const struct http_peer *peer,
                     struct http_client *client);

/* Called by each tick for each connection. Last thing: it may be gone after. */
void connection_check_deadline(struct http_connection *connection);

/* While draining: an idle one has `wait_ms` left. */
void connection_shorten_idle(struct http_connection *connection, int64_t wait_ms);

/* Closes at once and cancels the request in hand. The memory goes when nobody is inside. */
void connection_die(struct http_connection *connection);

/* Between these two the connection is not freed, whatever dies. */
void connection_enter(struct http_connection *connection);
void connection_leave(struct http_connection *connection);

/* True if the answer in hand must say "Connection: close". */
bool connection_will_close(const struct http_connection *connection, bool answer_closes);

/* The answer was given whole; the request is gone. Goes on with the next one. */
void connection_answered(struct http_connection *connection, bool close);

#endif
