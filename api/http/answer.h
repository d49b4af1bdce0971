#ifndef TIDEMARK_API_HTTP_ANSWER_H
#define TIDEMARK_API_HTTP_ANSWER_H

#include "api/http/body.h"
#include "api/http/request.h"
#include "common/arena.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_ANSWER_BLOCKS 4
#define HTTP_ANSWER_HEAD_MAX 16384 /* bytes of all header blocks; more is a bug (assert) */

struct http_answer {
    int status; /* 200 ... 599 */
    /*
     * Header lines, each with its CRLF: "Content-Type: application/json\r\nETag: \"1\"\r\n".
     * Several blocks, so that those of a cached answer are formatted once. Sent one after the
     * other, copied during the call. The layer adds Date, Content-Length or Transfer-Encoding, and
     * Connection: never put those in.
     */
    struct bytes headers[HTTP_ANSWER_BLOCKS];
    struct http_body *body; /* the layer takes its own reference; NULL = `content` */
    struct bytes content;   /* instead of `body`: copied, if it cannot be sent at once */
    bool close;             /* end the connection after this answer */
};

/*
 * Answers `request`, at once from handle() or later from any callback of the same thread. Exactly
 * once; the request is gone when this returns. Never fails: a dead client is not an error.
 * HEAD gets the length without the body; 204 and 304 get neither.
 */
void http_answer(struct http_request *request, const struct http_answer *answer);

/* What the layer itself says to a refused request: fills `ret_answer`, its bytes live in `arena`.
 */
void http_answer_refusal(const struct http_refusal *refusal, struct arena *arena,
                         struct http_answer *ret_answer);

/*
 * Streams: an answer of unknown length, in chunks (HTTP/1.0: ended by closing). The request stays
 * valid until http_stream_end() or `cancelled`. For HEAD the head is sent, and what is sent into
 * the stream goes nowhere.
 */
#define HTTP_STREAM_LOW (64 * 1024)  /* bytes unsent: below this, go on producing */
#define HTTP_STREAM_CAP (256 * 1024) /* bytes unsent: a reader this slow is cut off */

enum http_stream {
    HTTP_STREAM_READY, /* send more whenever there is more */
    HTTP_STREAM_SLOW,  /* a producer that can wait should wait for request->writable */
    HTTP_STREAM_GONE,  /* cut off: `cancelled` was called, the request is gone */
};

/* `body` and `content` of `answer` are not used. */
void http_stream_start(struct http_request *request, const struct http_answer *answer);
/* One chunk, copied if it cannot be sent at once. Empty ones are not sent. */
enum http_stream http_stream_send(struct http_request *request, const void *data, size_t size);
/* One chunk of shared bytes: one event for many readers. */
enum http_stream http_stream_send_body(struct http_request *request, struct http_body *body);
/* Ends the answer; the request is gone when this returns. */
void http_stream_end(struct http_request *request);
/*
 * Cuts it off, so that no client takes what it has for all there is: the chunks do not end, and
 * where there are none (HTTP/1.0) the connection is reset. `cancelled` is called; the request is
 * gone when this returns.
 */
void http_stream_abort(struct http_request *request);

/*
 * Adds "name: value\r\n" to a header block. Control characters in `value` become spaces, so foreign
 * text cannot start a header of its own; `name` must be a constant.
 */
void http_header_add(struct text *block, const char *name, const char *value);

/* "OK", "Not Found" ...; "Status" for one that has no name here. */
const char *http_status_text(int status);

#endif
