#include "common/event.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"

#include <string.h>

static void
add_list(struct text *text, const char *name, const char *const *items, size_t count)
{
    text_add_string(text, name);
    text_add_char(text, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        text_add_json_string(text, items[i]);
    }
    text_add_char(text, ']');
}

struct bytes
event_encode(const struct event *event, struct arena *arena)
{
    char committed_at[CLOCK_TEXT_SIZE];
    struct text text;

    text_init(&text, arena, 512);
    text_add_string(&text, "{\"v\":1,\"job_id\":");
    text_add_json_string(&text, event->job_id);
    text_add_string(&text, ",\"source\":");
    text_add_json_string(&text, event->source);
    text_add_string(&text, ",\"kind\":");
    text_add_json_string(&text, event->kind);
    text_add_string(&text, ",\"run_id\":");
    text_add_int(&text, event->run_id);
    text_add_format(&text, ",\"version\":\"%llu\"", (unsigned long long)event->version);
    text_add_string(&text, ",\"committed_at\":");
    text_add_json_string(&text, clock_format_ms(event->committed_at_ms, committed_at));
    add_list(&text, ",\"prices\":", event->prices, event->price_count);
    add_list(&text, ",\"candles\":", event->candles, event->candle_count);
    text_add_string(&text, ",\"listings\":");
    text_add_string(&text, event->listings ? "true" : "false");
    if (event->reports)
        text_add_string(&text, ",\"reports\":true");
    if (event->outcome) {
        text_add_string(&text, ",\"outcome\":");
        text_add_json_string(&text, event->outcome);
    }
    text_add_char(&text, '}');
    return text_finish(&text);
}

/* xid8 as text: digits only, and 64 bits unsigned. */
static bool
parse_version(const char *text, uint64_t *ret_version)
{
    uint64_t version = 0;

    if (!text || !*text)
        return false;
    for (; *text; text++) {
        uint64_t digit = (uint64_t)(unsigned char)*text - '0';

        if (digit > 9 || __builtin_mul_overflow(version, (uint64_t)10, &version) ||
            __builtin_add_overflow(version, digit, &version))
            return false;
    }
    *ret_version = version;
    return true;
}

static bool
decode_list(const struct json *list, struct arena *arena, const char *const **ret_items,
            size_t *ret_count)
{
    const char **items;
    size_t count = 0;

    if (!json_is_array(list))
        return false;
    items = arena_alloc_array(arena, json_count(list), sizeof *items);
    for (const struct json *item = json_first(list); item; item = json_next(item))
        if (!(items[count++] = json_string(item)))
            return false;
    *ret_items = items;
    *ret_count = count;
    return true;
}

static bool
decode_tree(const struct json *tree, struct arena *arena, struct event *event)
{
    const char *committed_at = json_string(json_get(tree, "committed_at"));
    const struct json *listings = json_get(tree, "listings"), *reports = json_get(tree, "reports");
    int64_t v;

    event->job_id = json_string(json_get(tree, "job_id"));
    event->source = json_string(json_get(tree, "source"));
    event->kind = json_string(json_get(tree, "kind"));
    event->listings = json_is_true(listings);
    event->reports = json_is_true(reports);
    event->outcome = json_string(json_get(tree, "outcome"));
    return json_integer(json_get(tree, "v"), &v) && v == 1 && event->job_id && event->source &&
           event->kind && json_integer(json_get(tree, "run_id"), &event->run_id) &&
           parse_version(json_string(json_get(tree, "version")), &event->version) && committed_at &&
           clock_parse_ms(committed_at, strlen(committed_at), &event->committed_at_ms) &&
           decode_list(json_get(tree, "prices"), arena, &event->prices, &event->price_count) &&
           decode_list(json_get(tree, "candles"), arena, &event->candles, &event->candle_count) &&
           json_is_bool(listings) && (!reports || json_is_bool(reports));
}

bool
event_decode(struct bytes message, struct arena *arena, struct event *ret_event, struct error *err)
{
    const struct json *tree;
    struct event event = {0};

    if (!json_parse(arena, message, &json_limits_message, &tree, err)) {
        err->code = "event.malformed"; /* the sentence about the JSON stays */
        return error_prefix(err, "event");
    }
    if (!decode_tree(tree, arena, &event))
        return error_set(err, ERROR_REJECT, "event.malformed",
                         "the message lacks a field of an event of version 1");
    *ret_event = event;
    return true;
}
