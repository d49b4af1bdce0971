#include "api/cache_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char mark[] = "TM2 ";

enum { LINE_MAX_BYTES = 128 };

struct bytes
cache_value_encode(const struct cache_value *value, struct arena *arena)
{
    char *text = arena_alloc(arena, LINE_MAX_BYTES + value->head.size + value->body.size), *at;
    int line = snprintf(text, LINE_MAX_BYTES,
                        "%s%" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %zu %zu\n", mark,
                        value->version, value->stored_at_ms, value->fresh_until_ms,
                        value->stale_until_ms, value->head.size, value->body.size);

    at = mempcpy(text + line, value->head.data, value->head.size);
    at = mempcpy(at, value->body.data, value->body.size);
    return (struct bytes){text, (size_t)(at - text)};
}

/* At most 18 digits, so that it fits a signed number too, up to `end`, which is taken too. */
static bool
take_number(const char **at, const char *limit, char end, uint64_t *ret_number)
{
    const char *first = *at;
    uint64_t number = 0;

    while (*at < limit && **at >= '0' && **at <= '9' && *at - first < 18)
        number = number * 10 + (uint64_t)(*(*at)++ - '0');
    if (*at == first || *at >= limit || **at != end)
        return false;
    ++*at;
    *ret_number = number;
    return true;
}

bool
cache_value_decode(struct bytes text, struct cache_value *ret_value)
{
    const char *at = text.data + strlen(mark), *limit = text.data + text.size;
    uint64_t version, stored, fresh, stale, head, body;

    if (text.size < strlen(mark) || memcmp(text.data, mark, strlen(mark)) != 0 ||
        !take_number(&at, limit, ' ', &version) || !take_number(&at, limit, ' ', &stored) ||
        !take_number(&at, limit, ' ', &fresh) || !take_number(&at, limit, ' ', &stale) ||
        !take_number(&at, limit, ' ', &head) || !take_number(&at, limit, '\n', &body) ||
        head + body != (uint64_t)(limit - at))
        return false;
    *ret_value = (struct cache_value){
        .version = version,
        .stored_at_ms = (int64_t)stored,
        .fresh_until_ms = (int64_t)fresh,
        .stale_until_ms = (int64_t)stale,
        .head = {at,        (size_t)head},
        .body = {at + head, (size_t)body},
    };
    return true;
}
