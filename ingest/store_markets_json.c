#include "ingest/store_markets_json.h"

#include "common/json.h"

#include <string.h>

const char *
markets_encode(const struct markets *markets, struct arena *arena)
{
    struct text json;

    text_init(&json, arena, 16 + 32 * markets->count);
    text_add_char(&json, '{');
    for (size_t i = 0; i < markets->count; i++) {
        if (i > 0)
            text_add_char(&json, ',');
        text_add_json_string(&json, markets->rows[i].symbol);
        text_add_string(&json, ":[");
        text_add_int(&json, markets->rows[i].asset_id);
        text_add_char(&json, ',');
        text_add_int(&json, markets->rows[i].quote_id);
        text_add_char(&json, ']');
    }
    text_add_char(&json, '}');
    return text_finish(&json).data;
}

static bool
read_market(const struct json *member, struct market *ret_market)
{
    const struct json *asset = json_first(member);
    const struct json *quote = asset ? json_next(asset) : NULL;

    ret_market->symbol = json_key(member);
    ret_market->name = NULL;
    return json_is_array(member) && quote && !json_next(quote) &&
           json_integer(asset, &ret_market->asset_id) && json_integer(quote, &ret_market->quote_id);
}

bool
markets_decode(const char *text, struct arena *arena, struct markets *ret_markets,
               struct error *err)
{
    const struct json *tree;
    size_t count = 0;

    if (!json_parse(arena, (struct bytes){text, strlen(text)}, &json_limits_payload, &tree, err))
        return false;
    if (!json_is_object(tree))
        return error_set(err, ERROR_REJECT, "markets.shape", "the markets are no object");
    for (const struct json *member = json_first(tree); member; member = json_next(member))
        count++;
    ret_markets->rows = arena_alloc_array(arena, count + 1, sizeof *ret_markets->rows);
    ret_markets->count = 0;
    for (const struct json *member = json_first(tree); member; member = json_next(member))
        if (!read_market(member, &ret_markets->rows[ret_markets->count++]))
            return error_set(err, ERROR_REJECT, "markets.shape",
                             "\"%.64s\" is no asset_id and quote_id", json_key(member));
    markets_sort(ret_markets);
    return true;
}
