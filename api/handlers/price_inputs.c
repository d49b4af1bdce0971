#include "api/handlers/price_inputs.h"

#include "api/params/as_of.h"
#include "schema/queries.h"

#include <string.h>

#define TEXT_OF(number) TEXT_OF_TOKEN(number)
#define TEXT_OF_TOKEN(token) #token

static size_t
rows_of_pair(const struct rows *rows, size_t first)
{
    size_t next = first + 1;

    while (next < rows->count &&
           strcmp(rows_text(rows, next, PRICE_CODE), rows_text(rows, first, PRICE_CODE)) == 0 &&
           strcmp(rows_text(rows, next, PRICE_SLUG), rows_text(rows, first, PRICE_SLUG)) == 0)
        next++;
    return next - first;
}

static int64_t
first_stale_ms(const struct price_inputs *inputs)
{
    int64_t first_ms = 0;

    for (size_t i = 0; i < inputs->count; i++) {
        const struct consensus_input *input = &inputs->inputs[i];
        int64_t stale_ms = input->observed_at_ms + input->fresh_ms;

        if (input->verdict != CONSENSUS_OLD && (first_ms == 0 || stale_ms < first_ms))
            first_ms = stale_ms;
    }
    return first_ms;
}

void
price_inputs_read(const struct rows *rows, size_t first, bool as_they_are, struct arena *arena,
                  struct price_inputs *ret_inputs)
{
    size_t count = rows_of_pair(rows, first);
    struct consensus_input *inputs = arena_alloc_array(arena, count, sizeof *inputs);

    *ret_inputs = (struct price_inputs){
        .rows = rows, .first = first, .inputs = inputs, .next = first + count};
    if (!rows_is_null(rows, first, PRICE_SOURCE))
        ret_inputs->count = count;
    for (size_t i = 0; i < ret_inputs->count; i++) {
        size_t row = first + i;

        inputs[i] = (struct consensus_input){
            .source = rows_text(rows, row, PRICE_SOURCE),
            .is_original = strcmp(rows_text(rows, row, PRICE_KIND), "exchange") == 0,
            .price = rows_text(rows, row, PRICE_PRICE),
            .observed_at_ms = rows_int(rows, row, PRICE_OBSERVED_AT, 0),
            .fresh_ms = rows_int(rows, row, PRICE_FRESH_MS, 0),
            .doubt = as_they_are ? 0 : (int32_t)rows_int(rows, row, PRICE_DOUBT, 0),
        };
    }
    consensus_decide(inputs, ret_inputs->count, rows_int(rows, first, PRICE_NOW, 0), arena,
                     &ret_inputs->consensus);
    ret_inputs->stale_at_ms = first_stale_ms(ret_inputs);
}

void
price_inputs_expect(struct freshness *freshness, const struct price_inputs *inputs)
{
    const char *slug = rows_text(inputs->rows, inputs->first, PRICE_SLUG);
    const char *code = rows_text(inputs->rows, inputs->first, PRICE_CODE);

    if (inputs->count == 0)
        freshness_expect_price(freshness, NULL, slug, code, 0);
    for (size_t i = 0; i < inputs->count; i++)
        freshness_expect_price(freshness, inputs->inputs[i].source, slug, code,
                               inputs->inputs[i].observed_at_ms);
}

void
price_inputs_note(struct flight *flight, const struct price_inputs *inputs, const char *source)
{
    enum consensus_state state = inputs->consensus.state;
    enum pair_found found = state == CONSENSUS_NONE    ? PAIR_MISSING
                            : state == CONSENSUS_STALE ? PAIR_STALE
                                                       : PAIR_FRESH;

    if (!as_of_given(flight_params(flight)))
        flight_note_pair(flight, rows_text(inputs->rows, inputs->first, PRICE_SLUG),
                         rows_text(inputs->rows, inputs->first, PRICE_CODE), source, found);
}

void
price_inputs_ask(struct flight *flight, const char *slugs, const char *codes, const char *source,
                 void (*then)(struct flight *flight, const struct rows *rows))
{
    const struct database_value moment = SQL_TIME_MS(as_of_now_ms(flight_params(flight)));
    const struct database_value values[] = {
        SQL_TEXT(slugs), SQL_TEXT(codes), SQL_TEXT(source), SQL_INT(PRICE_FRESH_S), moment, moment,
    };

    if (as_of_given(flight_params(flight))) {
        freshness_set_past(flight_freshness(flight), as_of_now_ms(flight_params(flight)));
        flight_ask(flight, &query_price_inputs_as_of, values, COUNT_OF(values), then);
    } else {
        price_inputs_ask_now(flight, slugs, codes, source, then);
    }
}

void
price_inputs_ask_now(struct flight *flight, const char *slugs, const char *codes,
                     const char *source,
                     void (*then)(struct flight *flight, const struct rows *rows))
{
    const struct database_value texts[] = {SQL_TEXT(slugs), SQL_TEXT(codes), SQL_TEXT(source),
                                           SQL_TEXT(TEXT_OF(PRICE_FRESH_S))};

    flight_ask_together(flight, &query_price_inputs, texts, COUNT_OF(texts), then);
}
