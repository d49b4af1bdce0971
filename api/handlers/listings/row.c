#include "api/handlers/listings/row.h"

#include "api/answer/formats.h"
#include "api/answer/members.h"
#include "common/attributes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Behind these come price_state, age_seconds and stale, which depend on when they are told. */
static const struct member members[] = {
    {"coin_id",                     MEMBER_TEXT   },
    {"symbol",                      MEMBER_TEXT   },
    {"name",                        MEMBER_TEXT   },
    {"currency",                    MEMBER_TEXT   },
    {"source",                      MEMBER_TEXT   },
    {"market_cap_rank",             MEMBER_NUMBER },
    {"source_price",                MEMBER_DECIMAL},
    {"market_cap",                  MEMBER_DECIMAL},
    {"total_volume",                MEMBER_DECIMAL},
    {"price_change_24h",            MEMBER_DECIMAL},
    {"price_change_percentage_24h", MEMBER_DECIMAL},
    {"high_24h",                    MEMBER_DECIMAL},
    {"low_24h",                     MEMBER_DECIMAL},
    {"fully_diluted_valuation",     MEMBER_DECIMAL},
    {"circulating_supply",          MEMBER_DECIMAL},
    {"total_supply",                MEMBER_DECIMAL},
    {"max_supply",                  MEMBER_DECIMAL},
    {"last_updated",                MEMBER_MOMENT },
    {"doubt",                       MEMBER_NUMBER },
    {"run_id",                      MEMBER_NUMBER },
    {"payload_id",                  MEMBER_NUMBER },
    {"current_price",               MEMBER_DECIMAL},
    {"price_sources",               MEMBER_NUMBER },
    {"price_observed_at",           MEMBER_MOMENT },
};
static const char *const told_late[] = {"price_state", "age_seconds", "stale"};

enum { OF_PRICE = 3, OF_LISTING = COUNT_OF(members) - OF_PRICE };

_Static_assert((int)OF_LISTING == LISTING_COLUMNS - LISTING_SLUG,
               "the columns of a listing and their members");

/* Three numbers at the most that the database does not have as text. */
struct number {
    char text[24];
};

static struct bytes
number_cell(struct number *number, int64_t value)
{
    return (struct bytes){number->text,
                          (size_t)snprintf(number->text, sizeof number->text, "%" PRId64, value)};
}

static void
take_cells(const struct rows *rows, size_t row, size_t first_column,
           const struct consensus *consensus, struct number numbers[2],
           struct bytes cells[COUNT_OF(members)])
{
    const struct bytes nothing = {NULL, 0};
    struct bytes *price = cells + OF_LISTING;

    for (size_t i = 0; i < OF_LISTING; i++)
        cells[i] = rows_cell(rows, row, first_column + i);
    price[0] =
        consensus->price ? (struct bytes){consensus->price, strlen(consensus->price)} : nothing;
    price[1] = number_cell(&numbers[0], (int64_t)consensus->used);
    price[2] =
        consensus->observed_at_ms ? number_cell(&numbers[1], consensus->observed_at_ms) : nothing;
}

/* -------------------------------------------------------------------------- told as of the asking
 */

static void
begin_late(struct text *text, bool is_csv, const char *name)
{
    text_add_char(text, ',');
    if (is_csv)
        return;
    text_add_char(text, '"');
    text_add_string(text, name);
    text_add_string(text, "\":");
}

static void
add_late(struct text *text, bool is_csv, const struct price_inputs *read,
         struct freshness *freshness)
{
    const struct consensus *consensus = &read->consensus;
    const char *state = consensus_state_name(consensus->state);

    begin_late(text, is_csv, told_late[0]);
    if (consensus->price)
        freshness_add_state(freshness, text, state);
    else if (state || !is_csv)
        text_add_json_nullable(text, state);
    begin_late(text, is_csv, told_late[1]);
    if (consensus->observed_at_ms || !is_csv)
        freshness_add_age(freshness, text, consensus->observed_at_ms);
    begin_late(text, is_csv, told_late[2]);
    freshness_add_flag(freshness, text, consensus->state == CONSENSUS_STALE, read->stale_at_ms);
}

/* The end of a row is written anew behind what is told late. */
void
listing_add_row(struct text *text, struct flight *flight, const struct rows *rows, size_t row,
                size_t first_column, const struct price_inputs *read)
{
    enum members_form form = members_form_of(flight_params(flight));
    const char *end = form == MEMBERS_CSV ? "\r\n" : "}";
    struct bytes cells[COUNT_OF(members)];
    struct number numbers[2];

    price_inputs_expect(flight_freshness(flight), read);
    take_cells(rows, row, first_column, &read->consensus, numbers, cells);
    members_add_cells(text, form, members, COUNT_OF(members), cells);
    text->size -= strlen(end);
    add_late(text, form == MEMBERS_CSV, read, flight_freshness(flight));
    text_add_string(text, end);
}

static void
add_names(struct text *text)
{
    members_add_names(text, members, COUNT_OF(members));
    text->size -= strlen("\r\n");
    for (size_t i = 0; i < COUNT_OF(told_late); i++) {
        text_add_char(text, ',');
        text_add_string(text, told_late[i]);
    }
    text_add_string(text, "\r\n");
}

/* -------------------------------------------------------------------------------------- rows */

size_t
listing_count(const struct rows *rows)
{
    return rows_is_null(rows, 0, LISTING_SLUG) ? 0 : rows->count;
}

const char *
listing_source(const struct params *params)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (params->declared[i].kind == PARAM_SOURCE)
            return params->values[i].text;
    }
    return NULL;
}

void
listing_ask_prices(struct flight *flight, const struct rows *rows, size_t count,
                   void (*then)(struct flight *flight, const struct rows *prices))
{
    const struct params *params = flight_params(flight);
    struct listing *listing = arena_alloc(flight_arena(flight), sizeof *listing);
    const struct rows nothing = {0};
    struct text slugs, codes;

    *listing = (struct listing){*rows, count};
    flight_set_context(flight, listing);
    if (count == 0) {
        then(flight, &nothing);
        return;
    }
    array_start(&slugs, flight_arena(flight), 24 * count);
    for (size_t i = 0; i < count; i++)
        array_add(&slugs, rows_text(rows, i, LISTING_SLUG));
    array_start(&codes, flight_arena(flight), 16);
    array_add(&codes, params_get(params, "currency")->text);
    price_inputs_ask(flight, array_finish(&slugs), array_finish(&codes), listing_source(params),
                     then);
}

/* Prices come by asset, in the order of the listing. */
void
listing_add(struct text *text, struct flight *flight, const struct rows *prices)
{
    const struct listing *listing = flight_context(flight);
    const struct params *params = flight_params(flight);
    enum format format = formats_of(params);
    struct price_inputs read = {.next = 0};

    text_add_string(text, format == FORMAT_JSON ? "[" : "");
    if (format == FORMAT_CSV)
        add_names(text);
    for (size_t i = 0; i < listing->count && read.next < prices->count; i++) {
        price_inputs_read(prices, read.next, listing_source(params) != NULL, text->arena, &read);
        if (i > 0 && format == FORMAT_JSON)
            text_add_char(text, ',');
        listing_add_row(text, flight, &listing->rows, i, LISTING_SLUG, &read);
        if (format == FORMAT_NDJSON)
            text_add_char(text, '\n');
    }
    text_add_string(text, format == FORMAT_JSON ? "]" : "");
}
