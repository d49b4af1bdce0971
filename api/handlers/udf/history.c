#include "api/handlers/udf/history.h"

#include "api/handlers/price_inputs.h"
#include "api/handlers/udf/market.h"
#include "api/handlers/udf/window.h"
#include "common/clock.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

/* Columns of query_market_bars. */
enum { AT, OPEN, HIGH, LOW, CLOSE, VOLUME, SOURCE, UNTIL, IS_FINAL };

/* What a flight carries from one query to the next. */
struct history {
    struct market market; /* first */
    struct window window;
    const char *live; /* sources that count for bars that are not over, an array; NULL = all */
};

/* ---------------------------------------------------------------------------- what is asked */

static bool
history_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    if (params_get(params, "from")->given || params_get(params, "countback")->integer > 0)
        return true;
    problem_set(ret_problem, 400, "parameter.missing", "The request lacks a parameter",
                "from or countback: one of them is required");
    ret_problem->parameter = "from";
    ret_problem->allowed = "\"seconds since 1970\"";
    return false;
}

/* -------------------------------------------------------------------------------- rendering */

static void
add_column(struct text *text, const char *name, const struct rows *rows, size_t column)
{
    text_add_format(text, ",\"%s\":[", name);
    for (size_t row = 0; row < rows->count; row++) {
        struct bytes cell = rows_cell(rows, row, column);

        if (row > 0)
            text_add_char(text, ',');
        text_add(text, cell.data, cell.size);
    }
    text_add_char(text, ']');
}

/* A volume that is unknown is no number, and nothing else may stand there: then there are none. */
static bool
has_volumes(const struct rows *rows)
{
    for (size_t row = 0; row < rows->count; row++) {
        if (rows_is_null(rows, row, VOLUME))
            return false;
    }
    return true;
}

static void
say_freshness(struct flight *flight, const struct history *history, const struct rows *rows)
{
    const struct market *market = &history->market;
    struct freshness *freshness = flight_freshness(flight);
    size_t last = rows->count - 1;
    const char *source = rows_text(rows, last, SOURCE);

    if (!history->window.is_open) {
        freshness_set_past(freshness, rows_int(rows, last, UNTIL, 0));
        return;
    }
    freshness_expect_candles(freshness, source, market->slug, market->code,
                             history->window.resolution->stored_s, rows_int(rows, last, UNTIL, 0));
    if (!rows_bool(rows, last, IS_FINAL))
        freshness_expect_price(freshness, source, market->slug, market->code, clock_now_ms());
}

static void
render_bars(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 128 + rows->count * 80);
    text_add_string(&text, "{\"s\":\"ok\"");
    add_column(&text, "t", rows, AT);
    add_column(&text, "o", rows, OPEN);
    add_column(&text, "h", rows, HIGH);
    add_column(&text, "l", rows, LOW);
    add_column(&text, "c", rows, CLOSE);
    if (has_volumes(rows))
        add_column(&text, "v", rows, VOLUME);
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
render_nothing(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 64);
    text_add_string(&text, "{\"s\":\"no_data\"");
    if (rows && rows->count > 0 && !rows_is_null(rows, 0, 0))
        text_add_format(&text, ",\"nextTime\":%" PRId64, rows_int(rows, 0, 0, 0));
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

/* ----------------------------------------------------------------------------------- reading */

/* Who asked for a stretch of time without bars is told where the next older one is. */
static void
ask_before(struct flight *flight, const struct history *history)
{
    const struct market *market = &history->market;
    const struct window *window = &history->window;

    flight_ask(flight, &query_market_bar_before,
               SQL_VALUES(market->source_id, market->asset_id, market->quote_id,
                          SQL_INT(window->resolution->stored_s), SQL_TIME_MS(window->from_ms),
                          SQL_INT(window->resolution->interval_s)),
               render_nothing);
}

static void
on_bars(struct flight *flight, const struct rows *rows)
{
    const struct history *history = flight_context(flight);

    if (rows->count > 0) {
        say_freshness(flight, history, rows);
        render_bars(flight, rows);
    } else if (history->window.is_count) {
        render_nothing(flight, NULL);
    } else {
        ask_before(flight, history);
    }
}

/* From which candle on they may not be final: that of now, and the one before it, just over. */
static int64_t
open_from_ms(const struct window *window, int64_t now_ms)
{
    int64_t stored_ms = window->resolution->stored_s * INT64_C(1000);

    return now_ms - now_ms % stored_ms - stored_ms;
}

static void
ask_bars(struct flight *flight, const struct history *history)
{
    const struct market *market = &history->market;
    const struct window *window = &history->window;
    const struct resolution *resolution = window->resolution;

    flight_ask(flight, &query_market_bars,
               SQL_VALUES(market->source_id, market->asset_id, market->quote_id,
                          SQL_INT(resolution->stored_s), SQL_TIME_MS(window->from_ms),
                          SQL_TIME_MS(window->until_ms), SQL_INT(window->bars * resolution->parts),
                          SQL_TIME_MS(open_from_ms(window, clock_now_ms())),
                          SQL_TEXT(history->live), SQL_INT(resolution->interval_s),
                          SQL_INT(window->bars)),
               on_bars);
}

/* A source that the others contradict now, or that has gone quiet, does not draw the newest bar. */
static void
on_inputs(struct flight *flight, const struct rows *rows)
{
    struct history *history = flight_context(flight);
    struct arena *arena = flight_arena(flight);
    struct price_inputs read;
    struct text live;

    if (!flight_expect_row(flight, rows))
        return;
    price_inputs_read(rows, 0, false, arena, &read);
    array_start(&live, arena, 64);
    for (size_t i = 0; i < read.count; i++) {
        if (read.inputs[i].verdict == CONSENSUS_USED)
            array_add(&live, read.inputs[i].source);
    }
    if (read.consensus.used > 0)
        history->live = array_finish(&live);
    ask_bars(flight, history);
}

static void
on_market(struct flight *flight, struct market *market)
{
    struct history *history = (struct history *)(void *)market;
    struct arena *arena = flight_arena(flight);
    int64_t now_ms = clock_now_ms();

    history->window = window_of(flight_params(flight), now_ms);
    if (market->name.source || history->window.until_ms <= open_from_ms(&history->window, now_ms)) {
        ask_bars(flight, history);
        return;
    }
    price_inputs_ask_now(flight, array_of_one(market->slug, arena),
                         array_of_one(market->code, arena), NULL, on_inputs);
}

static void
history_start(struct flight *flight)
{
    struct history *history = arena_alloc_array(flight_arena(flight), 1, sizeof *history);

    market_find(flight, &history->market, on_market);
}

const struct reading udf_history_reading = {
    .check = history_check, .settle = window_settle, .tag = market_tag, .start = history_start};
