#include "api/cache/freshness.h"

#include "api/cache/hash.h"

#include <inttypes.h>
#include <string.h>

/* The same on every replica: equal answers have equal names. */
enum { NAME_SEED = 0x7469646564617461 };

static const char turned_flag[] = "true";
static const char turned_state[] = "\"stale\"";

void
freshness_start(struct freshness *freshness, struct arena *arena, const struct loads *loads,
                int64_t read_at_ms)
{
    *freshness = (struct freshness){.arena = arena, .loads = loads, .read_at_ms = read_at_ms};
}

void
freshness_set_past(struct freshness *freshness, int64_t at_ms)
{
    freshness->past_at_ms = at_ms;
}

int64_t
freshness_now_ms(const struct freshness *freshness)
{
    return freshness->past_at_ms > 0 ? freshness->past_at_ms : freshness->read_at_ms;
}

/* ----------------------------------------------------------------------------- what is expected */

static void
expect(struct freshness *freshness, int64_t next_ms)
{
    if (freshness->past_at_ms > 0)
        return;
    freshness->expects = true;
    if (next_ms == 0)
        return;
    if (freshness->next_load_ms == 0 || next_ms < freshness->next_load_ms)
        freshness->next_load_ms = next_ms;
}

void
freshness_expect_price(struct freshness *freshness, const char *source, const char *asset,
                       const char *currency, int64_t observed_at_ms)
{
    int64_t next_ms = 0;

    if (!source)
        freshness->unknown = true;
    else if (freshness->loads)
        next_ms = loads_next_price_ms(freshness->loads, source, asset, currency, observed_at_ms,
                                      freshness->read_at_ms);
    expect(freshness, next_ms);
}

void
freshness_expect_candles(struct freshness *freshness, const char *source, const char *asset,
                         const char *currency, int32_t interval_s, int64_t closed_at_ms)
{
    int64_t next_ms = 0;

    if (freshness->loads)
        next_ms = loads_next_candle_ms(freshness->loads, source, asset, currency, interval_s,
                                       closed_at_ms, freshness->read_at_ms);
    expect(freshness, next_ms);
}

int32_t
freshness_client_s(const struct freshness *freshness, int32_t max_s)
{
    int64_t left_s = max_s;

    if (freshness->next_load_ms > 0)
        left_s = (freshness->next_load_ms - freshness->read_at_ms) / 1000;
    if (left_s > FRESHNESS_UNKNOWN_S && freshness->expects &&
        (freshness->unknown || freshness->next_load_ms == 0))
        left_s = FRESHNESS_UNKNOWN_S;
    if (left_s > max_s)
        left_s = max_s;
    return left_s < 1 ? 1 : (int32_t)left_s;
}

/* ------------------------------------------------------------------------------ what is written */

static void *
one_more(struct arena *arena, void *list, size_t bytes, size_t count, size_t *room)
{
    void *more;

    if (count < *room)
        return list;
    *room = *room ? 2 * *room : 8;
    more = arena_alloc_array(arena, *room, bytes);
    if (count > 0)
        memcpy(more, list, count * bytes);
    return more;
}

static void
add_turn(struct freshness *freshness, size_t offset, size_t size, const char *turned)
{
    freshness->turns = one_more(freshness->arena, freshness->turns, sizeof *freshness->turns,
                                freshness->turn_count, &freshness->turn_room);
    freshness->turns[freshness->turn_count++] =
        (struct freshness_turn){(uint32_t)offset, (uint32_t)size, turned};
}

void
freshness_leave_out(struct freshness *freshness, const struct text *text, size_t from)
{
    freshness->ages = one_more(freshness->arena, freshness->ages, sizeof *freshness->ages,
                               freshness->age_count, &freshness->age_room);
    freshness->ages[freshness->age_count++] = (struct freshness_span){from, text->size - from};
}

void
freshness_add_age(struct freshness *freshness, struct text *text, int64_t at_ms)
{
    int64_t age_ms = freshness_now_ms(freshness) - at_ms;
    size_t from = text->size;

    if (at_ms == 0) {
        text_add_string(text, "null");
        return;
    }
    text_add_int(text, age_ms > 0 ? age_ms / 1000 : 0);
    if (freshness->past_at_ms == 0)
        freshness_leave_out(freshness, text, from);
}

void
freshness_add_flag(struct freshness *freshness, struct text *text, bool stale, int64_t stale_at_ms)
{
    if (stale || freshness->past_at_ms > 0) {
        text_add_string(text, stale ? "true" : "false");
        return;
    }
    add_turn(freshness, text->size, strlen("false"), turned_flag);
    text_add_string(text, "false");
    if (stale_at_ms > 0 &&
        (freshness->true_until_ms == 0 || stale_at_ms < freshness->true_until_ms))
        freshness->true_until_ms = stale_at_ms;
}

void
freshness_add_state(struct freshness *freshness, struct text *text, const char *state)
{
    size_t from = text->size;

    text_add_json_string(text, state);
    if (freshness->past_at_ms > 0)
        return;
    if (text->size - from != strlen(turned_state) ||
        memcmp(text->data + from, turned_state, strlen(turned_state)) != 0)
        add_turn(freshness, from, text->size - from, turned_state);
}

/* --------------------------------------------------------------------------- the finished body */

/* The name so far and a stretch more: where one ends and the next begins counts as well. */
static void
name_on(struct bytes stretch, uint64_t name[2])
{
    uint64_t hash[2];

    hash_bytes_wide(stretch.data, stretch.size, NAME_SEED, hash);
    name[0] = hash_mix(name[0], hash[0]);
    name[1] = hash_mix(name[1], hash[1]);
}

/* Of what lies between the ages, where it lies: a chart is too large to be copied for its name. */
void
freshness_name(const struct freshness *freshness, struct bytes body, uint64_t ret_name[2])
{
    size_t at = 0;

    ret_name[0] = ret_name[1] = NAME_SEED;
    for (size_t i = 0; i < freshness->age_count; i++) {
        const struct freshness_span *age = &freshness->ages[i];

        name_on((struct bytes){body.data + at, age->offset - at}, ret_name);
        at = age->offset + age->size;
    }
    name_on((struct bytes){body.data + at, body.size - at}, ret_name);
}

struct bytes
freshness_turned(struct bytes body, const struct freshness_turn *turns, size_t count,
                 struct arena *arena)
{
    struct text text;
    size_t at = 0;

    text_init(&text, arena, body.size + 8 * count);
    for (size_t i = 0; i < count; i++) {
        text_add(&text, body.data + at, turns[i].offset - at);
        text_add_string(&text, turns[i].text);
        at = turns[i].offset + turns[i].size;
    }
    text_add(&text, body.data + at, body.size - at);
    return text_finish(&text);
}

/* ---------------------------------------------------------------------------------- as text */

struct bytes
freshness_turns_encode(const struct freshness_turn *turns, size_t count, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 24 * count + 1);
    for (size_t i = 0; i < count; i++)
        text_add_format(&text, "%" PRIu32 "+%" PRIu32 "=%s;", turns[i].offset, turns[i].size,
                        turns[i].text);
    return text_finish(&text);
}

static bool
take_number(struct bytes *text, char end, uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t digits = 0;

    while (digits < text->size && digits < 9 && text->data[digits] >= '0' &&
           text->data[digits] <= '9')
        number = number * 10 + (uint32_t)(text->data[digits++] - '0');
    if (digits == 0 || digits >= text->size || text->data[digits] != end)
        return false;
    *text = (struct bytes){text->data + digits + 1, text->size - digits - 1};
    *ret_number = number;
    return true;
}

static bool
take_turned(struct bytes *text, const char **ret_turned)
{
    static const char *const known[] = {turned_flag, turned_state};

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        size_t size = strlen(known[i]);

        if (text->size > size && memcmp(text->data, known[i], size) == 0 &&
            text->data[size] == ';') {
            *text = (struct bytes){text->data + size + 1, text->size - size - 1};
            *ret_turned = known[i];
            return true;
        }
    }
    return false;
}

bool
freshness_turns_decode(struct bytes text, size_t body_bytes, struct arena *arena,
                       struct freshness_turn **ret_turns, size_t *ret_count)
{
    struct freshness_turn *turns = NULL;
    size_t count = 0, room = 0, end = 0;

    while (text.size > 0) {
        struct freshness_turn turn;

        if (!take_number(&text, '+', &turn.offset) || !take_number(&text, '=', &turn.size) ||
            !take_turned(&text, &turn.text) || turn.offset < end ||
            (size_t)turn.offset + turn.size > body_bytes)
            return false;
        end = (size_t)turn.offset + turn.size;
        turns = one_more(arena, turns, sizeof *turns, count, &room);
        turns[count++] = turn;
    }
    *ret_turns = turns;
    *ret_count = count;
    return true;
}
