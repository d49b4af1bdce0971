#include "api/handlers/prices.h"

#include "common/clock.h"
#include "schema/queries.h"

#include <string.h>

enum { FRESH_S = 15 * 60 };

/* Columns of query_simple_price. */
enum { SLUG, CODE, KNOWN, PRICE, VOLUME, MARKET_CAP, CHANGE, SOURCE, OBSERVED_AT, FRESH, VERSION };

static void
prices_tag(const struct params *params, struct tag_list *tags)
{
    const struct param_value *assets = params_get(params, "assets");

    for (size_t i = 0; i < assets->item_count; i++)
        tag_list_add(tags, arena_printf(tags->arena, "price:%s", assets->items[i]));
}

static void
add_key(struct text *text, const char *code, const char *suffix)
{
    text_add_char(text, '"');
    text_add_string(text, code); /* [a-z0-9]: nothing to escape */
    text_add_string(text, suffix);
    text_add_string(text, "\":");
}

static void
add_price(struct text *text, const struct rows *rows, size_t row)
{
    const char *code = rows_text(rows, row, CODE);
    char at[CLOCK_TEXT_SIZE];

    add_key(text, code, "");
    text_add_json_raw(text, rows_text(rows, row, PRICE));
    if (rows_is_null(rows, row, SOURCE))
        return;
    text_add_char(text, ',');
    add_key(text, code, "_source");
    text_add_json_string(text, rows_text(rows, row, SOURCE));
    text_add_char(text, ',');
    add_key(text, code, "_observed_at");
    text_add_json_string(text, clock_format_ms(rows_int(rows, row, OBSERVED_AT, 0), at));
    text_add_char(text, ',');
    add_key(text, code, "_stale");
    text_add_string(text, rows_bool(rows, row, FRESH) ? "false" : "true");
}

/* Rows come by asset, in the order asked. */
static void
prices_render(struct flight *flight, const struct rows *rows)
{
    const char *slug = NULL;
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    text_init(&text, flight_arena(flight), 64 + 128 * rows->count);
    text_add_char(&text, '{');
    for (size_t i = 0; i < rows->count; i++) {
        if (!slug || strcmp(slug, rows_text(rows, i, SLUG)) != 0) {
            if (slug)
                text_add_string(&text, "},");
            slug = rows_text(rows, i, SLUG);
            text_add_json_string(&text, slug);
            text_add_string(&text, ":{");
        } else {
            text_add_char(&text, ',');
        }
        add_price(&text, rows, i);
    }
    text_add_string(&text, "}}\n");
    flight_land(flight, text_finish(&text));
}

static const char *
sql_array(const struct param_value *value, struct arena *arena)
{
    struct text array;

    array_start(&array, arena, 16 * value->item_count);
    for (size_t i = 0; i < value->item_count; i++)
        array_add(&array, value->items[i]);
    return array_finish(&array);
}

static void
prices_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);

    flight_ask(flight, &query_simple_price,
               SQL_VALUES(SQL_TEXT(sql_array(params_get(params, "assets"), arena)),
                          SQL_TEXT(sql_array(params_get(params, "currencies"), arena)),
                          SQL_TEXT(params_get(params, "source")->text), SQL_INT(FRESH_S)),
               prices_render);
}

const struct reading prices_reading = {.tag = prices_tag, .start = prices_start};
