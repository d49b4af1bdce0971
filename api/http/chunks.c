#include "api/http/chunks.h"

#include "common/hex.h"

#include <string.h>

#define EXTENSION_BYTES_MAX 256
#define DIGITS_MAX 8

enum {
    STATE_SIZE,
    STATE_EXTENSION,
    STATE_SIZE_LF,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_END_CR,
    STATE_END_LF,
    STATE_DONE,
};

static const struct http_refusal bad_chunk = {400, "http.chunk",
                                              "The chunked coding of the body is malformed."},
                                 long_body = {413, "http.body_too_large",
                                              "The body exceeds 64 KiB."};

void
http_chunks_init(struct http_chunks *chunks)
{
    memset(chunks, 0, sizeof *chunks);
}

/* One byte of the line with the size. The next state, or -1. */
static int
step_size(struct http_chunks *chunks, char c)
{
    int value = hex_value(c);

    if (chunks->state == STATE_EXTENSION) {
        if (c == '\r')
            return STATE_SIZE_LF;
        if ((c != '\t' && (unsigned char)c < ' ') || (unsigned char)c > '~')
            return -1;
        return ++chunks->extension_bytes > EXTENSION_BYTES_MAX ? -1 : STATE_EXTENSION;
    }
    if (value >= 0) {
        if (++chunks->digits > DIGITS_MAX)
            return -1;
        chunks->left = chunks->left << 4 | (uint32_t)value;
        return STATE_SIZE;
    }
    if (chunks->digits && c == ';')
        return ++chunks->extension_bytes > EXTENSION_BYTES_MAX ? -1 : STATE_EXTENSION;
    return chunks->digits && c == '\r' ? STATE_SIZE_LF : -1;
}

/* One byte that is not data. The next state, or -1. */
static int
step(struct http_chunks *chunks, char c)
{
    switch (chunks->state) {
    case STATE_SIZE:
    case STATE_EXTENSION:
        return step_size(chunks, c);
    case STATE_SIZE_LF:
        if (c != '\n')
            return -1;
        return chunks->left ? STATE_DATA : STATE_END_CR;
    case STATE_DATA_CR:
        return c == '\r' ? STATE_DATA_LF : -1;
    case STATE_DATA_LF:
        chunks->digits = 0;
        return c == '\n' ? STATE_SIZE : -1;
    case STATE_END_CR:
        return c == '\r' ? STATE_END_LF : -1;
    default:
        return c == '\n' ? STATE_DONE : -1;
    }
}

static enum http_parsed
refuse(struct http_chunks *chunks, const struct http_refusal *refusal)
{
    chunks->refusal = refusal;
    return HTTP_REFUSED;
}

enum http_parsed
http_chunks_decode(struct http_chunks *chunks, const char *in, size_t size, char *body,
                   size_t *ret_used)
{
    size_t used = 0;

    while (used < size && chunks->state != STATE_DONE && !chunks->refusal) {
        if (chunks->state == STATE_DATA) {
            size_t part = size - used < chunks->left ? size - used : chunks->left;

            memmove(body + chunks->decoded, in + used, part);
            chunks->decoded += part;
            chunks->left -= (uint32_t)part;
            used += part;
            if (!chunks->left)
                chunks->state = STATE_DATA_CR;
        } else {
            int next = step(chunks, in[used++]);

            if (next < 0)
                return refuse(chunks, &bad_chunk);
            if (next == STATE_DATA && chunks->left > HTTP_BODY_MAX - chunks->decoded)
                return refuse(chunks, &long_body);
            chunks->state = (uint8_t)next;
        }
    }
    *ret_used = used;
    if (chunks->refusal)
        return HTTP_REFUSED;
    return chunks->state == STATE_DONE ? HTTP_PARSED : HTTP_MORE;
}
