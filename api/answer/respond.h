#ifndef TIDEMARK_API_ANSWER_RESPOND_H
#define TIDEMARK_API_ANSWER_RESPOND_H

#include "api/http/server.h"
#include "api/request.h"

/* Header lines of one answer. All of them are short and ours; what would not fit is left out. */
struct respond_lines {
    size_t size;
    char text[768];
};

/*
 * What goes over the wire: heads, bodies, 304, gzip, problems. Makes the answer that the request
 * has come to; it points into the request, its entry and `lines`.
 */
void respond_prepare(struct request *request, struct respond_lines *lines,
                     struct http_answer *ret_answer);

/* A problem for bytes that never became a request; `target` is what is known of theirs. */
void respond_refusal(const struct http_refusal *refusal, struct bytes target,
                     const char *request_id, struct arena *arena, struct http_answer *ret_answer);

#endif
