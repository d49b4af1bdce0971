#ifndef TIDEMARK_API_DOCUMENTS_H
#define TIDEMARK_API_DOCUMENTS_H

#include "api/http/body.h"
#include "common/arena.h"

/*
 * What the server says of itself, ready to be sent: made once at start, never changed, read by all
 * threads. There are only these: no path of a client ever names a file.
 */
struct document {
    const char *path; /* its route, or a path below it */
    const char *content_type;
    const char *cache_control;
    const char *policy;  /* its Content-Security-Policy */
    struct bytes packed; /* one gzip member */
    const char *etag;    /* quoted; the same bytes have the same on every replica */
    const char *etag_packed;
};

struct documents;

struct documents *documents_create(struct arena *arena); /* lives in the arena */
/* NULL = there is none at this path. */
const struct document *documents_find(const struct documents *documents, struct bytes path);

/* The bytes as they were before they were packed, as a body of the caller's. */
struct http_body *document_unpack(const struct document *document);

#endif
