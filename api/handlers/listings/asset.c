#include "api/handlers/listings/asset.h"

#include "api/answer/formats.h"
#include "api/answer/members.h"
#include "api/handlers/listings/row.h"
#include "api/handlers/price_inputs.h"
#include "schema/queries.h"

/* Columns of query_listing_asset behind those of query_price_inputs. */
enum {
    LEADS = PRICE_PAYLOAD_ID + 1,
    LISTED,
    EXTREMES = LISTED + LISTING_COLUMNS - LISTING_SLUG,
    OWN = EXTREMES + 4,
};

static const struct member extremes[] = {
    {"ath",      MEMBER_DECIMAL},
    {"ath_date", MEMBER_MOMENT },
    {"atl",      MEMBER_DECIMAL},
    {"atl_date", MEMBER_MOMENT },
};

static const struct member own[] = {
    {"source",                      MEMBER_TEXT   },
    {"kind",                        MEMBER_TEXT   },
    {"current_price",               MEMBER_DECIMAL},
    {"market_cap",                  MEMBER_DECIMAL},
    {"market_cap_rank",             MEMBER_NUMBER },
    {"total_volume",                MEMBER_DECIMAL},
    {"price_change_24h",            MEMBER_DECIMAL},
    {"price_change_percentage_24h", MEMBER_DECIMAL},
    {"high_24h",                    MEMBER_DECIMAL},
    {"low_24h",                     MEMBER_DECIMAL},
    {"fully_diluted_valuation",     MEMBER_DECIMAL},
    {"circulating_supply",          MEMBER_DECIMAL},
    {"total_supply",                MEMBER_DECIMAL},
    {"max_supply",                  MEMBER_DECIMAL},
    {"ath",                         MEMBER_DECIMAL},
    {"ath_date",                    MEMBER_MOMENT },
    {"atl",                         MEMBER_DECIMAL},
    {"atl_date",                    MEMBER_MOMENT },
    {"last_updated",                MEMBER_MOMENT },
    {"doubt",                       MEMBER_NUMBER },
    {"run_id",                      MEMBER_NUMBER },
    {"payload_id",                  MEMBER_NUMBER },
};

static void
asset_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, arena_printf(tags->arena, "price:%s", params_get(params, "symbol")->text));
}

/* A row of members without its brace at the end, for more members. */
static void
open_members(struct text *text, const struct params *params, const struct member *members,
             size_t count, const struct rows *rows, size_t row, size_t first_column)
{
    struct bytes cells[COUNT_OF(own)];

    for (size_t i = 0; i < count; i++)
        cells[i] = rows_cell(rows, row, first_column + i);
    members_add_cells(text, members_form_of(params), members, count, cells);
    text->size--;
}

static void
add_source(struct text *text, struct flight *flight, const struct price_inputs *read, size_t i)
{
    const struct consensus_input *input = &read->inputs[i];
    bool used = input->verdict == CONSENSUS_USED, old = input->verdict == CONSENSUS_OLD;
    size_t row = read->first + i;

    if (i > 0)
        text_add_char(text, ',');
    open_members(text, flight_params(flight), own, COUNT_OF(own), read->rows, row, OWN);
    text_add_string(text, ",\"leads\":");
    text_add_string(text, rows_bool(read->rows, row, LEADS) ? "true" : "false");
    text_add_string(text, used ? ",\"used\":true,\"reason\":" : ",\"used\":false,\"reason\":");
    text_add_json_nullable(text, used ? NULL : consensus_verdict_name(input->verdict));
    text_add_string(text, ",\"age_seconds\":");
    freshness_add_age(flight_freshness(flight), text, input->observed_at_ms);
    text_add_string(text, ",\"stale\":");
    freshness_add_flag(flight_freshness(flight), text,
                       old || input->observed_at_ms + input->fresh_ms <
                                  rows_int(read->rows, row, PRICE_NOW, 0),
                       input->observed_at_ms + input->fresh_ms);
    text_add_char(text, '}');
}

/* The row of the source that leads; the first where nobody has a price. */
static size_t
leader(const struct price_inputs *read)
{
    for (size_t i = 0; i < read->count; i++) {
        if (rows_bool(read->rows, read->first + i, LEADS))
            return read->first + i;
    }
    return read->first;
}

static void
add_links(struct text *text, const char *slug, const char *code)
{
    text_add_format(text,
                    ",\"links\":{\"history\":\"/api/v1/cryptocurrencies/%s/history?currency=%s\","
                    "\"consensus\":\"/api/v1/consensus/%s?currency=%s\","
                    "\"lineage\":\"/api/v1/lineage?asset=%s&currency=%s\"}",
                    slug, code, slug, code, slug, code);
}

static void
asset_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct price_inputs read;
    struct text text;
    size_t lead, from;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, PRICE_VERSION));
    price_inputs_read(rows, 0, false, flight_arena(flight), &read);
    price_inputs_note(flight, &read, NULL);
    lead = leader(&read);
    text_init(&text, flight_arena(flight), 2048 + 1024 * rows->count);
    listing_add_row(&text, flight, rows, lead, LISTED, &read);
    text.size--; /* its brace */
    from = text.size;
    open_members(&text, params, extremes, COUNT_OF(extremes), rows, lead, EXTREMES);
    text.data[from] = ','; /* they go on in the same object */
    text_add_string(&text, ",\"sources\":[");
    for (size_t i = 0; i < read.count; i++)
        add_source(&text, flight, &read, i);
    text_add_char(&text, ']');
    add_links(&text, rows_text(rows, 0, PRICE_SLUG), rows_text(rows, 0, PRICE_CODE));
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
asset_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);

    flight_ask(flight, &query_listing_asset,
               SQL_VALUES(SQL_TEXT(params_get(params, "symbol")->text),
                          SQL_TEXT(params_get(params, "currency")->text), SQL_INT(PRICE_FRESH_S)),
               asset_render);
}

const struct reading listings_asset_reading = {
    .tag = asset_tag, .start = asset_start, .on_demand = true};
