#ifndef TIDEMARK_API_HTTP_CHUNKS_H
#define TIDEMARK_API_HTTP_CHUNKS_H

#include "api/http/parser.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The chunked coding of a request's body (RFC 9112, 7.1), decoded in place. Pure.
 *
 * Strict like the parser: sizes are one to eight hexadecimal digits and nothing else, lines end
 * with CRLF, extensions are printable and at most 256 bytes in the whole body (they mean nothing
 * here), trailers are refused (they would be headers that arrive after every check). Refused with
 * 400 "http.chunk" and 413 "http.body_too_large".
 */
struct http_chunks {
    size_t decoded; /* bytes of the body so far */
    uint32_t left;  /* of the chunk in hand */
    uint16_t extension_bytes;
    uint8_t digits;
    uint8_t state;
    const struct http_refusal *refusal; /* set with HTTP_REFUSED; static */
};

void http_chunks_init(struct http_chunks *chunks);

/*
 * Decodes `in` and writes to `body + decoded`, which may overlap `in` from below. `*ret_used` is
 * how much of `in` was used: all of it for HTTP_MORE; after HTTP_PARSED the next request follows.
 */
enum http_parsed http_chunks_decode(struct http_chunks *chunks, const char *in, size_t size,
                                    char *body, size_t *ret_used);

#endif
