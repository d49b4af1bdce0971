#ifndef TIDEMARK_API_HTTP_PARSER_H
#define TIDEMARK_API_HTTP_PARSER_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The head of one HTTP/1.1 request, from bytes to fields. Pure: no clock, memory or socket.
 *
 * Strict on purpose: whatever two readers of RFC 9112 could frame differently is refused, because
 * behind a proxy that difference is a smuggled request. Refused are: a bare CR or LF, NUL and other
 * controls, folded lines, space before a colon, empty names, none or several Hosts, any second
 * Content-Length (even an equal one), Content-Length with Transfer-Encoding, every coding but
 * exactly "chunked", Transfer-Encoding in HTTP/1.0, a body on GET, HEAD, DELETE or OPTIONS,
 * targets that do not begin with '/' (but "*" for OPTIONS), bytes outside of printable ASCII in
 * them. One empty line before the request line is skipped (RFC 9112, 2.2).
 *
 * The same bytes give the same result however they were split.
 */
enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
};

/* "GET" ... */
const char *http_method_name(enum http_method method);

/* Why the layer itself refuses a request; the connection is closed after the answer. */
struct http_refusal {
    int status;
    const char *code;   /* stable: "http.framing" */
    const char *detail; /* one sentence for a person */
};

/*
 * Bytes with its CRLF; more: 414. Room for a long query, so that a route can say which of its
 * parameters is too long.
 */
#define HTTP_REQUEST_LINE_MAX 16384
#define HTTP_HEADERS_MAX_BYTES 8192 /* all header lines with the empty one; more: 431 */
#define HTTP_HEADERS_MAX 100        /* fields; more: 431 */
#define HTTP_BODY_MAX 65536         /* bytes, decoded; more: 413 */
#define HTTP_HEAD_MAX (2 + HTTP_REQUEST_LINE_MAX + HTTP_HEADERS_MAX_BYTES)

/* A stretch of the buffer that was parsed; stays true when the buffer moves. */
struct http_slice {
    uint16_t offset;
    uint16_t size;
};

struct http_field {
    struct http_slice name;  /* as sent; names compare without case */
    struct http_slice value; /* without the white space around it; may hold bytes above 127 */
};

struct http_parser {
    /* Results, once the parser said HTTP_PARSED. */
    enum http_method method;
    struct http_slice target; /* printable ASCII, begins with '/' or is "*" */
    uint32_t content_length;  /* 0 without the field; at most HTTP_BODY_MAX */
    uint16_t head_bytes;      /* the body begins here */
    bool chunked;
    bool expects_continue;
    bool version_10;
    bool close; /* no further request on this connection: it said so, or is HTTP/1.0 */
    uint16_t field_count;
    struct http_field fields[HTTP_HEADERS_MAX];

    /* Its own. */
    const struct http_refusal *refusal; /* set with HTTP_REFUSED; static */
    uint16_t line_at, headers_at, scanned;
    uint8_t state;
    bool has_host, has_length, too_long;
};

enum http_parsed {
    HTTP_MORE,    /* the head is not complete */
    HTTP_PARSED,  /* the head is complete; later bytes were not looked at */
    HTTP_REFUSED, /* `refusal` says why; no byte after it can be trusted */
};

void http_parser_init(struct http_parser *parser);

/*
 * `data` is everything since the first byte of the request, old bytes and new ones; it may lie
 * elsewhere than in the last call. Old bytes are not looked at again.
 */
enum http_parsed http_parser_feed(struct http_parser *parser, const char *data, size_t size);

static inline struct bytes
http_slice_bytes(const char *data, struct http_slice slice)
{
    return (struct bytes){data + slice.offset, slice.size};
}

#endif
