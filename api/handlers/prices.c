#include "api/handlers/prices.h"

#include "api/answer/formats.h"
#include "api/handlers/price_inputs.h"
#include "api/params/as_of.h"
#include "common/clock.h"

#include <inttypes.h>
#include <string.h>

static void
prices_tag(const struct params *params, struct tag_list *tags)
{
    const struct param_value *assets = params_get(params, "assets");

    if (as_of_is_settled(params, clock_now_ms()))
        return;
    for (size_t i = 0; i < assets->item_count; i++)
        tag_list_add(tags, ARENA_JOIN(tags->arena, "price:", assets->items[i]));
}

static void
add_key(struct text *text, const char *code, const char *suffix)
{
    text_add_char(text, '"');
    text_add_string(text, code); /* [a-z0-9]: nothing to escape */
    text_add_string(text, suffix);
    text_add_string(text, "\":");
}

/* The source whose price it is, or that it is nobody's alone; NULL if there is none. */
static const char *
source_of(const struct price_inputs *read)
{
    if (read->consensus.state == CONSENSUS_OK)
        return "consensus";
    for (size_t i = 0; i < read->count; i++) {
        if (read->inputs[i].verdict == CONSENSUS_USED)
            return read->inputs[i].source;
    }
    return NULL;
}

/* Of a chosen source only: what spoke against its price. */
static void
add_doubt(struct text *text, const char *code, const struct price_inputs *read)
{
    if (rows_int(read->rows, read->first, PRICE_DOUBT, 0) == 0)
        return;
    text_add_char(text, ',');
    add_key(text, code, "_doubt");
    text_add_string(text, rows_text(read->rows, read->first, PRICE_DOUBT_NAMES));
}

/*
 * Of the past: whether ticks stood for the price, or closes of candles, and then of the longest:
 * "tick", "5m", "1h", "1d".
 */
static void
add_granularity(struct text *text, const char *code, const struct price_inputs *read)
{
    int64_t interval_s = 0;

    for (size_t i = 0; i < read->count; i++) {
        int64_t of_input = rows_int(read->rows, read->first + i, PRICE_INTERVAL_S, 0);

        if (read->inputs[i].verdict == CONSENSUS_USED && of_input > interval_s)
            interval_s = of_input;
    }
    text_add_char(text, ',');
    add_key(text, code, "_granularity");
    if (interval_s == 0)
        text_add_string(text, "\"tick\"");
    else if (interval_s % 86400 == 0)
        text_add_format(text, "\"%" PRId64 "d\"", interval_s / 86400);
    else if (interval_s % 3600 == 0)
        text_add_format(text, "\"%" PRId64 "h\"", interval_s / 3600);
    else
        text_add_format(text, "\"%" PRId64 "m\"", interval_s / 60);
}

/* How old the price is, and whether older than it should be. */
static void
add_freshness(struct text *text, const char *code, const struct price_inputs *read,
              struct freshness *freshness)
{
    const struct consensus *consensus = &read->consensus;
    const char *state = consensus_state_name(consensus->state);

    text_add_char(text, ',');
    add_key(text, code, "_age_seconds");
    freshness_add_age(freshness, text, consensus->observed_at_ms);
    text_add_char(text, ',');
    add_key(text, code, "_stale");
    freshness_add_flag(freshness, text, consensus->state == CONSENSUS_STALE, read->stale_at_ms);
    text_add_char(text, ',');
    add_key(text, code, "_state");
    if (consensus->price)
        freshness_add_state(freshness, text, state);
    else
        text_add_json_string(text, state);
}

static void
add_price(struct text *text, const struct params *params, const struct price_inputs *read,
          struct freshness *freshness)
{
    const struct consensus *consensus = &read->consensus;
    const char *slug = rows_text(read->rows, read->first, PRICE_SLUG);
    const char *code = rows_text(read->rows, read->first, PRICE_CODE);
    char at[CLOCK_TEXT_SIZE];

    add_key(text, code, "");
    formats_add_decimal(text, params, consensus->price);
    if (consensus->state == CONSENSUS_NONE)
        return;
    text_add_char(text, ',');
    add_key(text, code, "_source");
    text_add_json_nullable(text, source_of(read));
    text_add_char(text, ',');
    add_key(text, code, "_observed_at");
    text_add_json_nullable(
        text, consensus->observed_at_ms ? clock_format_ms(consensus->observed_at_ms, at) : NULL);
    add_freshness(text, code, read, freshness);
    text_add_char(text, ',');
    add_key(text, code, "_sources");
    text_add_int(text, (int64_t)consensus->used);
    if (params_get(params, "source")->given)
        add_doubt(text, code, read);
    if (consensus->price && read->rows->column_count > PRICE_INTERVAL_S)
        add_granularity(text, code, read);
    if (consensus->price)
        return;
    text_add_char(text, ',');
    add_key(text, code, "_inputs");
    text_add_json_string(text,
                         arena_printf(text->arena, "/api/v1/consensus/%s?currency=%s", slug, code));
}

/* Rows come by asset, in the order asked. */
static void
prices_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    const struct param_value *source = params_get(params, "source");
    struct freshness *freshness = flight_freshness(flight);
    const char *slug = NULL;
    struct price_inputs read;
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, PRICE_VERSION));
    text_init(&text, flight_arena(flight), 64 + 192 * rows->count);
    text_add_char(&text, '{');
    for (size_t row = 0; row < rows->count; row = read.next) {
        if (!slug || strcmp(slug, rows_text(rows, row, PRICE_SLUG)) != 0) {
            if (slug)
                text_add_string(&text, "},");
            slug = rows_text(rows, row, PRICE_SLUG);
            text_add_json_string(&text, slug);
            text_add_string(&text, ":{");
            as_of_add(&text, params);
        } else {
            text_add_char(&text, ',');
        }
        price_inputs_read(rows, row, source->given, flight_arena(flight), &read);
        price_inputs_expect(freshness, &read);
        price_inputs_note(flight, &read, source->text);
        add_price(&text, params, &read, freshness);
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

    price_inputs_ask(flight, sql_array(params_get(params, "assets"), arena),
                     sql_array(params_get(params, "currencies"), arena),
                     params_get(params, "source")->text, prices_render);
}

const struct reading prices_reading = {.check = as_of_check,
                                       .client_s = as_of_client_s,
                                       .tag = prices_tag,
                                       .start = prices_start,
                                       .on_demand = true};
