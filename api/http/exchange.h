#ifndef TIDEMARK_API_HTTP_EXCHANGE_H
#define TIDEMARK_API_HTTP_EXCHANGE_H

#include "api/http/chunks.h"
#include "api/http/parser.h"
#include "api/http/request.h"

#include <stdbool.h>
#include <stddef.h>

struct http_connection;

/*
 * Inside of the layer. What a connection needs only while a request arrives or is in hand: the
 * bytes read, the parser, the request. A connection that waits has none, which is why an idle one
 * is small; they are kept in a list per thread, so that a request costs no malloc.
 *
 * The request lies at `buffer + start`; what was read behind `end` belongs to the next ones.
 */
struct exchange {
    struct http_request request; /* first: the handler's view of it */
    struct http_connection *connection;
    struct exchange *next_free;

    char *buffer; /* `small`, or a larger one from the heap */
    size_t capacity, fill;
    size_t start, end;
    bool has_head;  /* the parser is done, the body is arriving */
    bool body_said; /* the wait for the body was noticed: deadline set, 100 sent */
    struct http_chunks chunks;
    struct http_parser parser;
    char small[4096];
};

struct exchange_pool {
    struct exchange *free;
    size_t count;
};

static inline struct exchange *
exchange_of(struct http_request *request)
{
    return (struct exchange *)request;
}

static inline const struct exchange *
exchange_of_const(const struct http_request *request)
{
    return (const struct exchange *)request;
}

struct exchange *exchange_take(struct exchange_pool *pool, struct http_connection *connection);
void exchange_give(struct exchange_pool *pool, struct exchange *exchange);
void exchange_pool_finish(struct exchange_pool *pool);

/*
 * Where the next bytes may be read to; `*ret_size` is 0 when nothing fits. Unless the request is
 * `in_hand`, older bytes may move to make room.
 */
char *exchange_room(struct exchange *exchange, bool in_hand, size_t *ret_size);

/*
 * Goes on with what was read. After HTTP_PARSED the request is whole and its fields are set. Of
 * `doubling_prefix` see target.h; NULL = none.
 */
enum http_parsed exchange_step(struct exchange *exchange, const char *doubling_prefix,
                               const struct http_refusal **ret_refusal);

/* What was read of the target so far, whether or not it is one; empty if nothing was. */
struct bytes exchange_target(const struct exchange *exchange);

/* Begins the next request; false if nothing of it was read yet. */
bool exchange_next(struct exchange *exchange);

#endif
