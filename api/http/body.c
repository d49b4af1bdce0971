#include "api/http/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_body *
body_alloc(size_t extra)
{
    struct http_body *body = malloc(sizeof *body + extra);

    if (!body) {
        fputs("out of memory\n", stderr);
        abort();
    }
    *body = (struct http_body){.references = 1};
    return body;
}

struct http_body *
http_body_create(size_t size, char **ret_data)
{
    struct http_body *body = body_alloc(size);

    body->data = *ret_data = (char *)(body + 1);
    body->size = size;
    return body;
}

struct http_body *
http_body_copy(const void *data, size_t size)
{
    char *copy;
    struct http_body *body = http_body_create(size, &copy);

    if (size)
        memcpy(copy, data, size);
    return body;
}

struct http_body *
http_body_wrap(const void *data, size_t size, void (*release)(void *context), void *context)
{
    struct http_body *body = body_alloc(0);

    body->data = data;
    body->size = size;
    body->release = release;
    body->context = context;
    return body;
}

struct http_body *
http_body_hold(struct http_body *body)
{
    body->references++;
    return body;
}

void
http_body_release(struct http_body *body)
{
    if (!body || --body->references)
        return;
    if (body->release)
        body->release(body->context);
    free(body);
}
