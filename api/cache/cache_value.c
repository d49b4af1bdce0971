#include "api/cache/cache_value.h"

#include "common/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char mark[] = "TM3 ";

enum { LINE_MAX_BYTES = 256, NAME_DIGITS = 32 };

struct bytes
cache_value_encode(const struct cache_value *value, struct arena *arena)
{
    struct bytes turns = freshness_turns_encode(value->turns, value->turn_count, arena);
    char *text =
        arena_alloc(arena, LINE_MAX_BYTES + value->head.size + turns.size + value->body.size);
    int line =
        snprintf(text, LINE_MAX_BYTES,
                 "%s%" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId32
                 " %016" PRIx64 "%016" PRIx64 " %zu %zu %zu\n",
                 mark, value->version, value->stored_at_ms, value->fresh_until_ms,
                 value->stale_until_ms, value->true_until_ms, value->client_s, value->name[0],
                 value->name[1], value->head.size, turns.size, value->body.size);
    char *end = mempcpy(text + line, value->head.data, value->head.size);

    end = mempcpy(end, turns.data, turns.size);
    end = mempcpy(end, value->body.data, value->body.size);
    return (struct bytes){text, (size_t)(end - text)};
}

/* At most 18 digits, so that it fits a signed number too, up to `end`, which is taken too. */
static bool
take_number(struct bytes *text, char end, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = 0;

    while (digits < text->size && digits < 18 && text->data[digits] >= '0' &&
           text->data[digits] <= '9')
        number = number * 10 + (uint64_t)(text->data[digits++] - '0');
    if (digits == 0 || digits >= text->size || text->data[digits] != end)
        return false;
    *text = (struct bytes){text->data + digits + 1, text->size - digits - 1};
    *ret_number = number;
    return true;
}

static bool
take_time(struct bytes *text, int64_t *ret_at_ms)
{
    uint64_t number;

    if (!take_number(text, ' ', &number))
        return false;
    *ret_at_ms = (int64_t)number;
    return true;
}

static bool
take_name(struct bytes *text, uint64_t ret_name[2])
{
    if (text->size <= NAME_DIGITS || text->data[NAME_DIGITS] != ' ')
        return false;
    ret_name[0] = ret_name[1] = 0;
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        int digit = hex_value(text->data[i]);

        if (digit < 0)
            return false;
        ret_name[i / 16] = ret_name[i / 16] << 4 | (uint64_t)digit;
    }
    *text = (struct bytes){text->data + NAME_DIGITS + 1, text->size - NAME_DIGITS - 1};
    return true;
}

bool
cache_value_decode(struct bytes text, struct arena *arena, struct cache_value *ret_value)
{
    struct cache_value value;
    struct freshness_turn *turns;
    uint64_t client_s, head_bytes, turn_bytes, body_bytes;

    if (text.size < strlen(mark) || memcmp(text.data, mark, strlen(mark)) != 0)
        return false;
    text = (struct bytes){text.data + strlen(mark), text.size - strlen(mark)};
    if (!take_number(&text, ' ', &value.version) || !take_time(&text, &value.stored_at_ms) ||
        !take_time(&text, &value.fresh_until_ms) || !take_time(&text, &value.stale_until_ms) ||
        !take_time(&text, &value.true_until_ms) || !take_number(&text, ' ', &client_s) ||
        client_s > INT32_MAX || !take_name(&text, value.name) ||
        !take_number(&text, ' ', &head_bytes) || !take_number(&text, ' ', &turn_bytes) ||
        !take_number(&text, '\n', &body_bytes) ||
        head_bytes + turn_bytes + body_bytes != text.size ||
        !freshness_turns_decode((struct bytes){text.data + head_bytes, turn_bytes}, body_bytes,
                                arena, &turns, &value.turn_count))
        return false;
    value.client_s = (int32_t)client_s;
    value.turns = turns;
    value.head = (struct bytes){text.data, head_bytes};
    value.body = (struct bytes){text.data + head_bytes + turn_bytes, body_bytes};
    *ret_value = value;
    return true;
}
