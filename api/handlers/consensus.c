#include "api/handlers/consensus.h"

#include "api/answer/formats.h"
#include "api/handlers/price_inputs.h"
#include "api/params/as_of.h"
#include "common/clock.h"
#include "common/decimal.h"

#include <inttypes.h>

enum { SHARE_PLACES = 4, PERCENT_PLACES = 4 };

static void
consensus_tag(const struct params *params, struct tag_list *tags)
{
    if (as_of_is_settled(params, clock_now_ms()))
        return;
    tag_list_add(tags, arena_printf(tags->arena, "price:%s", params_get(params, "symbol")->text));
}

static void
add_moment(struct text *text, const char *name, int64_t at_ms)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_format(text, ",\"%s\":", name);
    text_add_json_nullable(text, at_ms ? clock_format_ms(at_ms, at) : NULL);
}

/* JSON as it is. */
static void
add_raw(struct text *text, const char *name, const char *json)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_raw(text, json);
}

static void
add_decimal(struct text *text, const struct params *params, const char *name, const char *decimal)
{
    text_add_format(text, ",\"%s\":", name);
    formats_add_decimal(text, params, decimal);
}

/* part / whole, times 100 where `factor` is that. */
static const char *
ratio(const char *part, const char *whole, uint32_t factor, int32_t places, struct arena *arena)
{
    return decimal_divide(decimal_multiply(part, factor, arena), whole, places, arena);
}

static const char *
share(const struct consensus_input *input, const struct consensus *consensus, struct arena *arena)
{
    if (consensus->weight == 0)
        return "0";
    return ratio(arena_printf(arena, "%" PRId32, input->weight),
                 arena_printf(arena, "%" PRId32, consensus->weight), 1, SHARE_PLACES, arena);
}

static const char *
spread_percent(const struct consensus *consensus, struct arena *arena)
{
    if (!consensus->price || !consensus->spread)
        return NULL;
    return ratio(consensus->spread, consensus->price, 100, PERCENT_PLACES, arena);
}

static void
add_input(struct text *text, const struct params *params, const struct price_inputs *read, size_t i,
          struct freshness *freshness)
{
    const struct consensus_input *input = &read->inputs[i];
    size_t row = read->first + i;
    bool used = input->verdict == CONSENSUS_USED;

    text_add_string(text, i > 0 ? ",{\"source\":" : "{\"source\":");
    text_add_json_string(text, input->source);
    text_add_string(text, ",\"kind\":");
    text_add_json_string(text, rows_text(read->rows, row, PRICE_KIND));
    add_decimal(text, params, "price", input->price);
    add_moment(text, "observed_at", input->observed_at_ms);
    text_add_string(text, ",\"age_seconds\":");
    freshness_add_age(freshness, text, input->observed_at_ms);
    text_add_format(text, ",\"fresh_seconds\":%" PRId64 ",\"used\":%s,\"reason\":",
                    input->fresh_ms / 1000, used ? "true" : "false");
    text_add_json_nullable(text, used ? NULL : consensus_verdict_name(input->verdict));
    add_decimal(text, params, "weight", share(input, &read->consensus, text->arena));
    add_raw(text, "doubt", rows_text(read->rows, row, PRICE_DOUBT_NAMES));
    text_add_char(text, '}');
}

/* A number that is nobody's median: of the preferred source that was used and has it. */
static void
add_borrowed(struct text *text, const struct params *params, const char *name,
             const struct price_inputs *read, enum price_column column)
{
    text_add_format(text, ",\"%s\":", name);
    for (size_t i = 0; i < read->count; i++) {
        const char *number = rows_text(read->rows, read->first + i, column);

        if (read->inputs[i].verdict != CONSENSUS_USED || !number)
            continue;
        text_add_string(text, "{\"value\":");
        formats_add_decimal(text, params, number);
        text_add_string(text, ",\"source\":");
        text_add_json_string(text, read->inputs[i].source);
        text_add_char(text, '}');
        return;
    }
    text_add_string(text, "null");
}

static void
add_price(struct text *text, const struct params *params, const struct price_inputs *read,
          struct freshness *freshness)
{
    const struct consensus *consensus = &read->consensus;

    text_add_string(text, ",\"state\":");
    if (consensus->price)
        freshness_add_state(freshness, text, consensus_state_name(consensus->state));
    else
        text_add_json_nullable(text, consensus_state_name(consensus->state));
    add_decimal(text, params, "price", consensus->price);
    add_moment(text, "observed_at", consensus->observed_at_ms);
    text_add_string(text, ",\"age_seconds\":");
    freshness_add_age(freshness, text, consensus->observed_at_ms);
    text_add_string(text, ",\"stale\":");
    freshness_add_flag(freshness, text, consensus->state == CONSENSUS_STALE, read->stale_at_ms);
    add_decimal(text, params, "spread", consensus->spread);
    add_decimal(text, params, "spread_percent", spread_percent(consensus, text->arena));
    text_add_format(text, ",\"sources\":%zu,\"sources_used\":%zu", read->count, consensus->used);
    add_borrowed(text, params, "market_cap", read, PRICE_MARKET_CAP);
    add_borrowed(text, params, "volume_24h", read, PRICE_VOLUME_24H);
    add_borrowed(text, params, "change_24h_percent", read, PRICE_CHANGE_24H_PERCENT);
}

static void
consensus_render(struct flight *flight, const struct rows *rows)
{
    struct freshness *freshness = flight_freshness(flight);
    struct price_inputs read;
    struct text text;
    size_t from;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, PRICE_VERSION));
    price_inputs_read(rows, 0, false, flight_arena(flight), &read);
    text_init(&text, flight_arena(flight), 512 + 256 * rows->count);
    text_add_string(&text, "{\"asset\":");
    text_add_json_string(&text, rows_text(rows, 0, PRICE_SLUG));
    text_add_string(&text, ",\"currency\":");
    text_add_json_string(&text, rows_text(rows, 0, PRICE_CODE));
    from = text.size;
    add_moment(&text, "as_of", rows_int(rows, 0, PRICE_NOW, 0));
    if (!as_of_given(flight_params(flight)))
        freshness_leave_out(freshness, &text, from);
    price_inputs_expect(freshness, &read);
    price_inputs_note(flight, &read, NULL);
    add_price(&text, flight_params(flight), &read, freshness);
    text_add_string(&text, ",\"inputs\":[");
    for (size_t i = 0; i < read.count; i++)
        add_input(&text, flight_params(flight), &read, i, freshness);
    text_add_string(&text, "]}\n");
    flight_land(flight, text_finish(&text));
}

static void
consensus_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);

    price_inputs_ask(flight, array_of_one(params_get(params, "symbol")->text, arena),
                     array_of_one(params_get(params, "currency")->text, arena), NULL,
                     consensus_render);
}

const struct reading consensus_reading = {.check = as_of_check,
                                          .client_s = as_of_client_s,
                                          .tag = consensus_tag,
                                          .start = consensus_start,
                                          .on_demand = true};
