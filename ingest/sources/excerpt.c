#include "ingest/sources/excerpt.h"

#include "common/utf8.h"

#include <string.h>

const char *
excerpt_make(const char *data, size_t size, struct arena *arena)
{
    const unsigned char *at = (const unsigned char *)data, *end = at + size;
    char *excerpt = arena_alloc(arena, EXCERPT_MAX + 1);
    size_t used = 0;

    while (at < end) {
        size_t length = utf8_length(at, end);

        if (used + (length ? length : 1) > EXCERPT_MAX)
            break;
        if (length == 0)
            excerpt[used++] = '?';
        else if (*at < 0x20 || *at == 0x7f)
            excerpt[used++] = ' ';
        else {
            memcpy(excerpt + used, at, length);
            used += length;
        }
        at += length ? length : 1;
    }
    excerpt[used] = '\0';
    return excerpt;
}
