#include "api/handlers/lineage.h"

#include "api/handlers/lineage_consensus.h"
#include "api/handlers/lineage_parts.h"
#include "api/params/as_of.h"
#include "schema/queries.h"

#include <string.h>

/* Columns of query_lineage_latest and query_lineage_then. */
enum { ASSET_ID, QUOTE_ID, SOURCE_ID, SOURCE, OBSERVED_INTERVAL, OBSERVED_TICK };
#define OBSERVED_VERSION (OBSERVED_TICK + TICK_COLUMNS)

/* Of query_lineage_candle, behind the same four; of query_lineage_listing, behind two. */
enum { FOUND_CANDLE = SOURCE + 1, FOUND_VERSION = FOUND_CANDLE + CANDLE_COLUMNS };
enum {
    LISTED_SOURCE_ID,
    LISTED_SOURCE,
    LISTED,
    LISTED_ASSET_ID = LISTED + LISTING_COLUMNS,
    LISTED_QUOTE_ID,
    LISTED_VERSION,
};

enum { MONDAY_S = 4 * 86400 }; /* 1970-01-05: where buckets begin, as in the schema */

static int64_t
row_cell(const struct chain *chain, int column)
{
    return rows_int(&chain->row.rows, 0, chain->row.first_column + (size_t)column, 0);
}

static void
on_origin(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);

    chain->origin = *rows;
    flight_note_version(flight, rows_text(rows, 0, ORIGIN_VERSION));
    flight_land(flight, chain_render(chain, flight_params(flight), flight_arena(flight)));
}

/* When the row's payload was fetched, if the row says so. */
static struct database_value
known_at(const struct chain *chain, int column)
{
    if (column < 0 || rows_is_null(&chain->row.rows, 0, chain->row.first_column + (size_t)column))
        return SQL_NULL;
    return SQL_TIME_MS(row_cell(chain, column));
}

/* The last link: who brought the row, and out of what. */
static void
ask_origin(struct flight *flight, int run_column, int payload_column, int known_column)
{
    struct chain *chain = flight_context(flight);

    chain->run_id = row_cell(chain, run_column);
    chain->payload_id = row_cell(chain, payload_column);
    flight_ask(flight, &query_lineage_origin,
               SQL_VALUES(SQL_INT(chain->run_id), SQL_INT(chain->payload_id),
                          SQL_INT(chain->asset_id), SQL_INT(chain->quote_id),
                          known_at(chain, known_column)),
               on_origin);
}

static void
on_inputs(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);

    chain->inputs.rows = *rows;
    ask_origin(flight, CANDLE_RUN_ID, CANDLE_PAYLOAD_ID, CANDLE_KNOWN_AT);
}

/* Of a candle that was replaced, its inputs as they were before; else as they are. */
static int64_t
inputs_known_by_ms(const struct chain *chain)
{
    size_t column = chain->row.first_column + CANDLE_KNOWN_UNTIL;

    return rows_int(&chain->row.rows, 0, column, MOMENT_MAX) - 1;
}

static int64_t
inputs_after_ms(const struct params *params)
{
    const struct param_value *after = params_get(params, "after");

    return after->given ? after->integer : 0;
}

static void
ask_tick_inputs(struct flight *flight)
{
    struct chain *chain = flight_context(flight);
    const struct params *params = flight_params(flight);

    chain->inputs.table = LINK_TICKS;
    flight_ask(flight, &query_lineage_tick_inputs,
               SQL_VALUES(SQL_INT(chain->source_id), SQL_INT(chain->asset_id),
                          SQL_INT(chain->quote_id), SQL_TIME_MS(row_cell(chain, CANDLE_OPEN_TIME)),
                          SQL_TIME_MS(row_cell(chain, CANDLE_CLOSE_TIME)),
                          SQL_TIME_MS(inputs_known_by_ms(chain)),
                          SQL_TIME_MS(inputs_after_ms(params)),
                          SQL_INT(params_get(params, "limit")->integer)),
               on_inputs);
}

static void
ask_candle_inputs(struct flight *flight)
{
    struct chain *chain = flight_context(flight);
    const struct params *params = flight_params(flight);
    int32_t interval_s = lineage_interval(chain->row.interval_s)->inputs_s;
    int64_t first_ms = row_cell(chain, CANDLE_OPEN_TIME), after_ms = inputs_after_ms(params);

    chain->inputs.table = LINK_CANDLES;
    chain->inputs.interval_s = interval_s;
    if (after_ms >= first_ms)
        first_ms = after_ms + 1;
    flight_ask(flight, &query_lineage_candle_inputs,
               SQL_VALUES(SQL_INT(chain->source_id), SQL_INT(chain->asset_id),
                          SQL_INT(chain->quote_id), SQL_INT(interval_s), SQL_TIME_MS(first_ms),
                          SQL_TIME_MS(row_cell(chain, CANDLE_CLOSE_TIME) - interval_s * 1000LL),
                          SQL_TIME_MS(inputs_known_by_ms(chain)),
                          SQL_INT(params_get(params, "limit")->integer)),
               on_inputs);
}

static void
take_source(struct chain *chain, const struct rows *rows)
{
    chain->asset_id = rows_int(rows, 0, ASSET_ID, 0);
    chain->quote_id = rows_int(rows, 0, QUOTE_ID, 0);
    chain->source_id = rows_int(rows, 0, SOURCE_ID, 0);
    chain->source = rows_text(rows, 0, SOURCE);
}

static void
on_listing(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, LISTED_VERSION));
    if (rows_is_null(rows, 0, LISTED_SOURCE_ID)) {
        lineage_nothing(flight);
        return;
    }
    chain->source_id = rows_int(rows, 0, LISTED_SOURCE_ID, 0);
    chain->source = rows_text(rows, 0, LISTED_SOURCE);
    chain->asset_id = rows_int(rows, 0, LISTED_ASSET_ID, 0);
    chain->quote_id = rows_int(rows, 0, LISTED_QUOTE_ID, 0);
    chain->row.table = LINK_LISTINGS;
    chain->rolled = false;
    chain->row.rows = *rows;
    chain->row.first_column = LISTED;
    ask_origin(flight, LISTING_RUN_ID, LISTING_PAYLOAD_ID, -1);
}

static void
ask_listing(struct flight *flight, const char *source)
{
    const struct params *params = flight_params(flight);

    flight_ask(flight, &query_lineage_listing,
               SQL_VALUES(SQL_TEXT(params_get(params, "asset")->text),
                          SQL_TEXT(params_get(params, "currency")->text), SQL_TEXT(source)),
               on_listing);
}

/* /data shows a listing's change where the price itself came without one. */
static bool
is_of_listing(struct flight *flight)
{
    const struct chain *chain = flight_context(flight);

    return chain->field->listing >= 0 && !chain_value(chain) &&
           !lineage_is_of_the_past(flight_params(flight));
}

static void
on_candle(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);
    const char *origin;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, FOUND_VERSION));
    if (rows_is_null(rows, 0, SOURCE_ID)) {
        lineage_nothing(flight);
        return;
    }
    take_source(chain, rows);
    chain->row.table =
        lineage_interval(chain->row.interval_s)->is_stored ? LINK_CANDLES : LINK_COMPUTED;
    chain->row.rows = *rows;
    chain->row.first_column = FOUND_CANDLE;
    origin = rows_text(rows, 0, FOUND_CANDLE + CANDLE_ORIGIN);
    chain->rolled = strcmp(origin, "ticks") == 0 || strcmp(origin, "candles") == 0;
    if (is_of_listing(flight))
        ask_listing(flight, chain->source);
    else if (!chain->rolled)
        ask_origin(flight, CANDLE_RUN_ID, CANDLE_PAYLOAD_ID, CANDLE_KNOWN_AT);
    else if (strcmp(origin, "ticks") == 0)
        ask_tick_inputs(flight);
    else
        ask_candle_inputs(flight);
}

static void
ask_candle(struct flight *flight, const char *source, int32_t interval_s, int64_t at_ms)
{
    struct chain *chain = flight_context(flight);
    const struct params *params = flight_params(flight);

    chain->row.interval_s = interval_s;
    flight_ask(flight, &query_lineage_candle,
               SQL_VALUES(SQL_TEXT(params_get(params, "asset")->text),
                          SQL_TEXT(params_get(params, "currency")->text), SQL_TEXT(source),
                          SQL_INT(interval_s), SQL_TIME_MS(at_ms),
                          SQL_TIME_MS(lineage_known_by_ms(params))),
               on_candle);
}

/* The newest of an interval that is not stored: the last whole one before the moment. */
static void
ask_computed(struct flight *flight, const char *source, const struct lineage_interval *interval)
{
    struct chain *chain = flight_context(flight);
    const struct params *params = flight_params(flight);
    int64_t step_ms = interval->interval_s * 1000LL, monday_ms = MONDAY_S * 1000LL;
    int64_t close_ms = (lineage_moment_ms(params) - monday_ms) / step_ms * step_ms + monday_ms;

    chain->row.interval_s = interval->interval_s;
    flight_ask(flight, &query_lineage_rolled,
               SQL_VALUES(SQL_TEXT(params_get(params, "asset")->text),
                          SQL_TEXT(params_get(params, "currency")->text), SQL_TEXT(source),
                          SQL_INT(interval->inputs_s), SQL_TIME_MS(close_ms - step_ms),
                          SQL_TIME_MS(close_ms), SQL_TIME_MS(lineage_known_by_ms(params))),
               on_candle);
}

static void
ask_named_interval(struct flight *flight, const char *source,
                   const struct lineage_interval *interval)
{
    if (interval->is_stored)
        ask_candle(flight, source, interval->interval_s, lineage_moment_ms(flight_params(flight)));
    else
        ask_computed(flight, source, interval);
}

static void
follow_tick(struct flight *flight)
{
    struct chain *chain = flight_context(flight);

    if (is_of_listing(flight))
        ask_listing(flight, chain->source);
    else
        ask_origin(flight, TICK_RUN_ID, TICK_PAYLOAD_ID, TICK_KNOWN_AT);
}

static void
on_tick(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);

    if (rows->count > 0) {
        chain->row.table = LINK_TICKS;
        chain->row.rows = *rows;
        chain->row.first_column = 0;
    }
    follow_tick(flight);
}

static void
on_observation(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);
    int64_t observed_at_ms;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, OBSERVED_VERSION));
    if (rows_is_null(rows, 0, SOURCE_ID)) {
        lineage_nothing(flight);
        return;
    }
    take_source(chain, rows);
    chain->row.table = LINK_LATEST_PRICES;
    chain->row.rows = *rows;
    chain->row.first_column = OBSERVED_TICK;
    observed_at_ms = row_cell(chain, TICK_OBSERVED_AT);
    if (rows_is_null(rows, 0, OBSERVED_INTERVAL))
        follow_tick(flight);
    else if (rows_int(rows, 0, OBSERVED_INTERVAL, 0) > 0)
        ask_candle(flight, chain->source, (int32_t)rows_int(rows, 0, OBSERVED_INTERVAL, 0),
                   observed_at_ms);
    else
        flight_ask(flight, &query_lineage_tick,
                   SQL_VALUES(SQL_INT(chain->source_id), SQL_INT(chain->asset_id),
                              SQL_INT(chain->quote_id), SQL_TIME_MS(observed_at_ms)),
                   on_tick);
}

/* ------------------------------------------------------------------------------------- start */

static void
ask_observation(struct flight *flight, const char *source)
{
    const struct params *params = flight_params(flight);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "asset")->text),
        SQL_TEXT(params_get(params, "currency")->text),
        SQL_TEXT(source),
        SQL_INT(PRICE_FRESH_S),
        SQL_TIME_MS(lineage_moment_ms(params)),
        SQL_TIME_MS(lineage_known_by_ms(params)),
    };

    if (lineage_is_of_the_past(params))
        flight_ask(flight, &query_lineage_then, values, COUNT_OF(values), on_observation);
    else /* without the moments */
        flight_ask(flight, &query_lineage_latest, values, COUNT_OF(values) - 2, on_observation);
}

static void
on_price_inputs(struct flight *flight, const struct rows *rows)
{
    struct arena *arena = flight_arena(flight);
    struct price_inputs read;
    const char *source;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, PRICE_VERSION));
    price_inputs_read(rows, 0, false, arena, &read);
    source = lineage_consensus_source(&read);
    if (read.count == 0)
        lineage_nothing(flight);
    else if (source)
        ask_observation(flight, source);
    else
        flight_land(flight, lineage_consensus_render(&read, flight_params(flight), arena));
}

/* The price of no source in particular is what all of them come to. */
static void
ask_price_inputs(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    const char *slugs = array_of_one(params_get(params, "asset")->text, arena);
    const char *codes = array_of_one(params_get(params, "currency")->text, arena);
    const struct database_value values[] = {
        SQL_TEXT(slugs),
        SQL_TEXT(codes),
        SQL_NULL,
        SQL_INT(PRICE_FRESH_S),
        SQL_TIME_MS(lineage_moment_ms(params)),
        SQL_TIME_MS(lineage_known_by_ms(params)),
    };

    if (lineage_is_of_the_past(params))
        flight_ask(flight, &query_price_inputs_as_of, values, COUNT_OF(values), on_price_inputs);
    else
        price_inputs_ask_now(flight, slugs, codes, NULL, on_price_inputs);
}

static void
lineage_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct chain *chain = arena_alloc_array(flight_arena(flight), 1, sizeof *chain);
    const char *source = params_get(params, "source")->text;

    flight_set_context(flight, chain);
    chain->field = lineage_field(params);
    if (!lineage_is_given(params, "asset"))
        lineage_ask_run(flight);
    else if (lineage_is_given(params, "interval"))
        ask_named_interval(flight, source,
                           lineage_named_interval(params_get(params, "interval")->text));
    else if (chain->field->tick < 0)
        ask_listing(flight, source);
    else if (!source && chain->field->tick == TICK_PRICE)
        ask_price_inputs(flight);
    else
        ask_observation(flight, source);
}

const struct reading lineage_reading = {
    .check = lineage_check, .client_s = as_of_client_s, .tag = lineage_tag, .start = lineage_start};
