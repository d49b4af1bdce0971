#include "api/params/base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *
base64url_encode(struct bytes bytes, struct arena *arena)
{
    char *text = arena_alloc(arena, bytes.size / 3 * 4 + 5), *at = text;
    const unsigned char *data = (const unsigned char *)bytes.data;
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        bits = bits << 8 | data[i];
        for (held += 8; held >= 6; held -= 6)
            *at++ = alphabet[bits >> (held - 6) & 63];
        bits &= (1u << held) - 1;
    }
    if (held > 0)
        *at++ = alphabet[bits << (6 - held) & 63];
    *at = '\0';
    return text;
}

/* No bit left over may be set. */
bool
base64url_decode(const char *text, struct arena *arena, struct bytes *ret_bytes)
{
    unsigned char *data = arena_alloc(arena, strlen(text) + 1), *at = data;
    unsigned bits = 0, held = 0;

    for (; *text; text++) {
        const char *digit = strchr(alphabet, *text);

        if (!digit)
            return false;
        bits = bits << 6 | (unsigned)(digit - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            *at++ = (unsigned char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    *at = '\0';
    *ret_bytes = (struct bytes){(const char *)data, (size_t)(at - data)};
    return held < 6 && bits == 0;
}
