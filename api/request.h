#ifndef TIDEMARK_API_REQUEST_H
#define TIDEMARK_API_REQUEST_H

#include "api/answer/problem.h"
#include "api/cache/cache.h"
#include "api/cache/flight.h"
#include "api/dialects/dialect.h"
#include "api/http/answer.h"
#include "api/http/request.h"
#include "api/limit/rate_limit.h"
#include "api/params/params.h"

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct errand;
struct lookup;
struct outflow;
struct route;
struct thread;

/*
 * One request above HTTP, from its checked target to its answer. Each state is entered by
 * request_enter() alone; a failure in any of them goes to REPLY with its problem. A cached answer
 * passes through all of them in one call, without waiting or allocating.
 */
enum request_state {
    REQUEST_CHECK,  /* route, method, parameters: nothing but memory is asked */
    REQUEST_LIMIT,  /* waits for Redis only when the leased tokens are used up: go on, or 429 */
    REQUEST_ACCESS, /* 401 or 403; behind the limit, so that guessing keys costs like asking */
    REQUEST_CACHE,  /* L1: a hit goes to REPLY, else */
    REQUEST_FETCH,  /* waits for the flight of its key: Redis, then PostgreSQL */
    REQUEST_REPLY,
    REQUEST_STREAM, /* answers in pieces, as long as it takes: see api/answer/outflow.h */
    REQUEST_DONE,   /* answered, or the client is gone: leaves every line it stood in */
    REQUEST_STATES,
};

enum { REQUEST_ID_SIZE = 68, REQUEST_DEADLINE_MS = 5000 };

/* Lives in the arena of its http_request. */
struct request {
    struct http_request *http;
    struct thread *thread;
    const struct dialect_manner *manner; /* how its client speaks */
    enum request_state state;
    const struct route *route; /* NULL until it is found */
    unsigned methods;          /* that its path takes; for OPTIONS and 405 */
    struct params params;
    struct cache_key key;
    char id[REQUEST_ID_SIZE];
    int64_t started_us; /* monotonic */

    struct limit_waiter limit;
    struct limit_state limited;
    bool is_limited; /* `limited` says something */

    struct flight_waiter flight;
    struct cache_entry *entry; /* held */
    bool stale;                /* the entry is older than it should be, and says so */
    int64_t served_at_ms;      /* unix; when the entry was taken */
    const char *served_from;   /* "l1", "flight" or "memory", for the log */

    /* Instead of an entry: what the handler made, or a problem. */
    int32_t status;
    const char *content_type;
    struct bytes content;
    const char *head;          /* more header lines, each with its CRLF; NULL = none */
    const char *cache_control; /* its value; NULL = "no-store" */
    bool is_tagged;            /* `content` has an ETag, and is asked for again with it */
    struct http_body *body;    /* instead of `content`; the request's reference */
    struct lookup *lookup;     /* under way; NULL = none */
    struct outflow *outflow;   /* its answer in pieces; NULL = it has none */
    struct errand *errand;     /* under way; NULL = none */
    struct problem problem;    /* status 0 = none */

    struct event deadline; /* set only while something is waited for */
    bool has_deadline;
};

/* The entrance from the HTTP layer. */
void request_begin(struct thread *thread, struct http_request *http);

/*
 * The only place a request changes state. Callbacks call it last: the request may be gone after.
 */
void request_enter(struct request *request, enum request_state next);

/* For handlers that answer from memory: `content` must live in the request's arena. */
void request_answer(struct request *request, int32_t status, const char *content_type,
                    struct bytes content);
void request_refuse(struct request *request, const struct problem *problem);
/*
 * For api/answer/outflow.c: the head of an answer in pieces is sent by REQUEST_STREAM, what is to
 * be said in it is set before; then pieces, and this. The request is gone after it.
 */
void request_end_stream(struct request *request, uint64_t bytes);
/* Whom it is from, as far as that can be believed. */
struct address request_client(const struct request *request);
/* Before a handler waits for anything: what it was given stays, and not for ever. */
void request_wait(struct request *request);

#endif
