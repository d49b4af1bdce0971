#ifndef TIDEMARK_API_HTTP_BODY_H
#define TIDEMARK_API_HTTP_BODY_H

#include <stddef.h>

/*
 * A body that several answers share, a cached one above all: it is sent from where it lies and
 * never copied. Counted references, without atomics: a body belongs to one thread.
 */
struct http_body {
    const char *data;
    size_t size;
    size_t references;
    void (*release)(void *context); /* when the last reference goes; NULL = data lies behind it */
    void *context;
};

/* The caller holds the first reference. Fill `*ret_data` before it is first sent. */
struct http_body *http_body_create(size_t size, char **ret_data);
struct http_body *http_body_copy(const void *data, size_t size);
/* Bytes that lie elsewhere; `release(context)` when nobody needs them any more. */
struct http_body *http_body_wrap(const void *data, size_t size, void (*release)(void *context),
                                 void *context);
struct http_body *http_body_hold(struct http_body *body); /* returns `body` */
void http_body_release(struct http_body *body);           /* NULL is fine */

#endif
