#include "common/utf8.h"

#include <stdbool.h>

static bool
is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t
utf8_length(const unsigned char *at, const unsigned char *end)
{
    unsigned char first = at[0];
    size_t left = (size_t)(end - at);

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4 || left < 2 || !is_tail(at[1]))
        return 0;
    if (first < 0xE0)
        return 2;
    if (first == 0xE0 && at[1] < 0xA0)
        return 0; /* overlong */
    if (first == 0xED && at[1] > 0x9F)
        return 0; /* a surrogate */
    if (first == 0xF0 && at[1] < 0x90)
        return 0; /* overlong */
    if (first == 0xF4 && at[1] > 0x8F)
        return 0; /* above U+10FFFF */
    if (left < 3 || !is_tail(at[2]))
        return 0;
    if (first < 0xF0)
        return 3;
    return left >= 4 && is_tail(at[3]) ? 4 : 0;
}
