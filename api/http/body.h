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
    int file; /* holds the same bytes, to be sent without a copy; -1 = none */
};

/* The caller holds the first reference. Fill `*ret_data` before it is first sent. */
struct http_body *http_body_create(size_t size, char **ret_data);
struct http_body *http_body_copy(const void *data, size_t size);
/* Bytes that lie elsewhere; `release(context)` when nobody needs them any more. */
struct http_body *http_body_wrap(const void *data, size_t size, void (*release)(void *context),
                                 void *context);

/*
 * The same bytes in a file that lies in memory only, so that the kernel sends its pages and copies
 * nothing; for what is sent again and again. Takes the reference of `body` and returns one: of
 * `body` itself if that has a file, is shorter than HTTP_BODY_FILE_MIN (then copying is cheaper),
 * or half of the files that the process may have are open.
 */
enum { HTTP_BODY_FILE_MIN = 128 * 1024 };
struct http_body *http_body_into_file(struct http_body *body);

struct http_body *http_body_hold(struct http_body *body); /* returns `body` */
void http_body_release(struct http_body *body);           /* NULL is fine */

#endif
