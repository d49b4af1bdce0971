#include "api/handlers/listings/top.h"

#include "api/answer/formats.h"
#include "api/handlers/listings/row.h"
#include "schema/queries.h"

#include <string.h>

static void
top_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, "data");
}

static const char *
category_of(const struct params *params)
{
    return strrchr(params->path, '/') + 1;
}

static void
top_render(struct flight *flight, const struct rows *prices)
{
    const struct params *params = flight_params(flight);
    const struct listing *listing = flight_context(flight);
    bool is_json = formats_of(params) == FORMAT_JSON;
    struct text text;

    text_init(&text, flight_arena(flight), 256 + 1024 * listing->count);
    if (is_json) {
        text_add_string(&text, "{\"category\":");
        text_add_json_string(&text, category_of(params));
        text_add_string(&text, ",\"currency\":");
        text_add_json_string(&text, params_get(params, "currency")->text);
        text_add_string(&text, ",\"data\":");
    }
    listing_add(&text, flight, prices);
    if (is_json)
        text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
top_found(struct flight *flight, const struct rows *rows)
{
    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, LISTING_VERSION));
    listing_ask_prices(flight, rows, listing_count(rows), top_render);
}

static void
top_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const char *category = category_of(params);
    const char *currency = params_get(params, "currency")->text;
    int64_t limit = params_get(params, "limit")->integer;
    bool rose = strcmp(category, "gainers") == 0;

    if (rose || strcmp(category, "losers") == 0)
        flight_ask(flight, &query_listing_top_movers,
                   SQL_VALUES(SQL_TEXT(currency), SQL_INT(rose ? 1 : -1), SQL_INT(limit),
                              SQL_INT(params_get(params, "among")->integer)),
                   top_found);
    else
        flight_ask(flight, &query_listing_top_largest,
                   SQL_VALUES(SQL_TEXT(currency), SQL_TEXT(category), SQL_INT(limit)), top_found);
}

const struct reading listings_top_reading = {.tag = top_tag, .start = top_start};
