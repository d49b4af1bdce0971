#include "api/handlers/price_inputs.h"

#include "api/as_of.h"
#include "schema/queries.h"

#include <string.h>

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
}

void
price_inputs_ask(struct flight *flight, const char *slugs, const char *codes, const char *source,
                 void (*then)(struct flight *flight, const struct rows *rows))
{
    const struct database_value moment = SQL_TIME_MS(as_of_now_ms(flight_params(flight)));
    const struct database_value values[] = {
        SQL_TEXT(slugs), SQL_TEXT(codes), SQL_TEXT(source), SQL_INT(PRICE_FRESH_S), moment, moment,
    };

    if (as_of_given(flight_params(flight)))
        flight_ask(flight, &query_price_inputs_as_of, values, COUNT_OF(values), then);
    else /* without the moment */
        flight_ask(flight, &query_price_inputs, values, COUNT_OF(values) - 2, then);
}
