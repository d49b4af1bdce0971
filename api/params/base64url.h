#ifndef TIDEMARK_API_PARAMS_BASE64URL_H
#define TIDEMARK_API_PARAMS_BASE64URL_H

#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>

/*
 * Bytes as text that needs no escape in a URL: RFC 4648, section 5, without padding. Pure. The same
 * bytes have one text only, so two texts are never the same thing.
 */
const char *base64url_encode(struct bytes bytes, struct arena *arena);
/* False for text that encode() does not make. The bytes have a NUL behind them, not counted. */
MUST_CHECK bool base64url_decode(const char *text, struct arena *arena, struct bytes *ret_bytes);

#endif
