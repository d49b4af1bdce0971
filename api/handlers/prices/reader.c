#include "api/handlers/prices/reader.h"

#include "common/attributes.h"
#include "schema/queries.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    CELL_ASSET,
    CELL_CURRENCY,
    CELL_GRANULARITY,
    CELL_SOURCE,
    CELL_VOLUME = CELL_CLOSE + 1,
    CELL_QUOTE_VOLUME,
    CELL_VOLUME_24H,
    CELL_MARKET_CAP,
    CELL_TRADES,
    CELL_INPUTS,
    CELL_ORIGIN,
    CELL_FINAL,
    CELL_REVISION,
    CELL_RUN_ID,
    CELL_PAYLOAD_ID,
    CELL_FILLED,
};

static_assert(CELL_FILLED + 1 == PRICE_CELLS, "every cell has room");

/* From CELL_TIME on they are columns of the queries, from ROW_TIME on. */
static const struct member candle_members[] = {
    {"asset",        MEMBER_TEXT   },
    {"currency",     MEMBER_TEXT   },
    {"granularity",  MEMBER_TEXT   },
    {"source",       MEMBER_TEXT   },
    {"time",         MEMBER_MOMENT },
    {"open",         MEMBER_DECIMAL},
    {"high",         MEMBER_DECIMAL},
    {"low",          MEMBER_DECIMAL},
    {"close",        MEMBER_DECIMAL},
    {"volume",       MEMBER_DECIMAL},
    {"quote_volume", MEMBER_DECIMAL},
    {"volume_24h",   MEMBER_DECIMAL},
    {"market_cap",   MEMBER_DECIMAL},
    {"trades",       MEMBER_NUMBER },
    {"inputs",       MEMBER_NUMBER },
    {"origin",       MEMBER_TEXT   },
    {"final",        MEMBER_TRUTH  },
    {"revision",     MEMBER_NUMBER },
    {"run_id",       MEMBER_NUMBER },
    {"payload_id",   MEMBER_NUMBER },
    {"filled",       MEMBER_TRUTH  }, /* with fill=previous */
};

static const struct member tick_members[] = {
    {"asset",              MEMBER_TEXT   },
    {"currency",           MEMBER_TEXT   },
    {"granularity",        MEMBER_TEXT   },
    {"source",             MEMBER_TEXT   },
    {"time",               MEMBER_MOMENT },
    {"price",              MEMBER_DECIMAL},
    {"volume_24h",         MEMBER_DECIMAL},
    {"market_cap",         MEMBER_DECIMAL},
    {"change_24h_percent", MEMBER_DECIMAL},
    {"doubt",              MEMBER_NUMBER },
    {"run_id",             MEMBER_NUMBER },
    {"payload_id",         MEMBER_NUMBER },
};

static void
set_columns(struct price_reader *reader)
{
    bool is_tick = reader->walk.window.granularity->interval_s == 0;
    size_t first = reader->walk.is_list ? 0 : CELL_SOURCE;
    size_t count = is_tick ? COUNT_OF(tick_members) : COUNT_OF(candle_members) - !reader->fills;

    reader->columns = (struct price_columns){(is_tick ? tick_members : candle_members) + first,
                                             count - first, first};
}

void
price_reader_start(struct price_reader *reader, const struct params *params, int64_t now_ms)
{
    const struct param_value *fill = price_param(params, "fill");

    memset(reader, 0, sizeof *reader);
    price_walk_start(&reader->walk, params, now_ms);
    reader->fills = fill && strcmp(fill->text, "previous") == 0;
    set_columns(reader);
}

void
price_reader_show_all(struct price_reader *reader)
{
    reader->columns.members -= reader->columns.first_cell;
    reader->columns.count += reader->columns.first_cell;
    reader->columns.first_cell = 0;
}

void
price_reader_finish(struct price_reader *reader)
{
    price_walk_finish(&reader->walk);
}

static struct bytes
of_string(const char *string)
{
    return (struct bytes){string, strlen(string)};
}

static void
set_series_cells(struct price_reader *reader, const struct price_series *series)
{
    reader->cells[CELL_ASSET] = of_string(series->asset);
    reader->cells[CELL_CURRENCY] = of_string(series->currency);
    reader->cells[CELL_GRANULARITY] = of_string(reader->walk.window.granularity->name);
    reader->cells[CELL_SOURCE] = of_string(series->source);
}

/* ------------------------------------------------------------------------------------- filling */

static int64_t
step_of(const struct price_reader *reader)
{
    return reader->walk.window.granularity->interval_s * INT64_C(1000);
}

static void
remember(struct price_reader *reader, int64_t at_ms, struct bytes close)
{
    if (close.size >= sizeof reader->previous_close) {
        reader->has_previous = false;
        return;
    }
    memcpy(reader->previous_close, close.data, close.size);
    reader->previous_close[close.size] = '\0';
    reader->previous_ms = reader->previous_real_ms = at_ms;
    reader->has_previous = true;
}

static bool
is_without_trades(const struct price_reader *reader, int64_t at_ms)
{
    for (size_t i = 0; i < reader->no_trade_count; i++) {
        if (reader->no_trades[i].from_ms <= at_ms &&
            at_ms + step_of(reader) <= reader->no_trades[i].until_ms)
            return true;
    }
    return false;
}

static void
set_filled(struct price_reader *reader, int64_t at_ms)
{
    struct bytes close = of_string(reader->previous_close), nothing = {NULL, 0};
    struct bytes traded = is_without_trades(reader, at_ms) ? of_string("0") : nothing;

    for (size_t i = CELL_TIME; i < PRICE_CELLS; i++)
        reader->cells[i] = nothing;
    set_series_cells(reader, price_walk_only_series(&reader->walk));
    snprintf(reader->time_text, sizeof reader->time_text, "%" PRId64, at_ms);
    reader->cells[CELL_TIME] = of_string(reader->time_text);
    for (size_t i = CELL_OPEN; i <= CELL_CLOSE; i++)
        reader->cells[i] = close;
    reader->cells[CELL_VOLUME] = reader->cells[CELL_QUOTE_VOLUME] = traded;
    reader->cells[CELL_TRADES] = traded;
    reader->cells[CELL_FINAL] = of_string("f"); /* it may come yet */
    reader->cells[CELL_FILLED] = of_string("t");
}

/* Up to where the next row stands, or would. False: nothing can be said before that is read. */
static bool
find_next_row(const struct price_reader *reader, int64_t *ret_at_ms)
{
    const struct price_series *series = price_walk_only_series(&reader->walk);

    if (reader->has_rows && reader->row < reader->rows.count) {
        *ret_at_ms = rows_int(&reader->rows, reader->row, ROW_TIME, 0);
        return true;
    }
    if (!series || reader->has_rows || reader->walk.at < reader->walk.count ||
        series->last_ms < reader->walk.window.until_ms)
        return false;
    *ret_at_ms = reader->walk.window.until_ms; /* there is a candle behind the window */
    return true;
}

static bool
pull_filled(struct price_reader *reader)
{
    int64_t next_ms, at_ms;

    if (!reader->fills || !reader->has_previous || !find_next_row(reader, &next_ms))
        return false;
    at_ms = reader->previous_ms + step_of(reader);
    if (at_ms >= next_ms || at_ms > reader->previous_real_ms + PRICE_FILL_MAX * step_of(reader))
        return false;
    set_filled(reader, at_ms);
    reader->previous_ms = at_ms;
    return true;
}

/* Counts the candle before the window as one that was read. */
static void
take_before(struct price_reader *reader, const struct rows *rows)
{
    const struct price_series *series = price_walk_only_series(&reader->walk);
    int64_t step_ms = step_of(reader), real_ms, from_ms;

    reader->fill_state = FILL_ASKS_NO_TRADES;
    if (rows->count == 0)
        return;
    from_ms = series->from_ms;
    real_ms = rows_int(rows, 0, 0, 0);
    remember(reader, real_ms, rows_cell(rows, 0, 1));
    if (reader->walk.window.granularity->interval_s != reader->walk.window.granularity->stored_s)
        reader->previous_real_ms = from_ms - (from_ms - real_ms + step_ms - 1) / step_ms * step_ms;
    reader->previous_ms =
        reader->previous_real_ms + (from_ms - 1 - reader->previous_real_ms) / step_ms * step_ms;
}

static void
take_no_trades(struct price_reader *reader, const struct rows *rows)
{
    reader->fill_state = FILL_READY;
    reader->no_trades =
        arena_alloc_array(reader->walk.arena, rows->count + 1, sizeof *reader->no_trades);
    reader->no_trade_count = rows->count;
    for (size_t i = 0; i < rows->count; i++)
        reader->no_trades[i] = (struct price_gap){rows_int(rows, i, 0, 0), rows_int(rows, i, 1, 0)};
}

static void
ask_for_fill(struct price_reader *reader, struct arena *arena, struct price_question *question)
{
    const struct price_series *series = price_walk_only_series(&reader->walk);
    const struct price_window *window = &reader->walk.window;
    struct database_value *values = arena_alloc_array(arena, 7, sizeof *values);
    bool before = reader->fill_state == FILL_ASKS_BEFORE;

    values[0] = SQL_INT(series->source_id);
    values[1] = SQL_INT(series->asset_id);
    values[2] = SQL_INT(series->quote_id);
    values[3] = SQL_INT(window->granularity->stored_s);
    values[4] = SQL_TIME_MS(series->from_ms);
    values[5] = before ? SQL_TIME_MS(series->from_ms - PRICE_FILL_MAX * step_of(reader))
                       : SQL_TIME_MS(window->until_ms);
    values[6] = SQL_INT(PRICE_NO_TRADES_MAX);
    *question = before ? (struct price_question){&query_price_candle_before, values, 6, false}
                       : (struct price_question){&query_price_no_trades, values, 7, false};
}

/* --------------------------------------------------------------------------------------- rows */

static void
set_row(struct price_reader *reader)
{
    const struct rows *rows = &reader->rows;
    size_t row = reader->row;

    set_series_cells(reader, price_walk_series_of(&reader->walk, rows, row));
    for (size_t column = ROW_TIME; column < rows->column_count; column++)
        reader->cells[CELL_TIME + column - ROW_TIME] = rows_cell(rows, row, column);
    if (!reader->fills)
        return;
    reader->cells[CELL_FILLED] = of_string("f");
    remember(reader, rows_int(rows, row, ROW_TIME, 0), reader->cells[CELL_CLOSE]);
}

bool
price_reader_pull(struct price_reader *reader, const struct bytes **ret_cells)
{
    *ret_cells = reader->cells + reader->columns.first_cell;
    if (reader->has_rows && reader->row == reader->rows.count) {
        price_walk_take_rows(&reader->walk, &reader->rows, reader->rows.count);
        reader->has_rows = false;
    }
    if (pull_filled(reader))
        return true;
    if (!reader->has_rows)
        return false;
    set_row(reader);
    reader->row++;
    return true;
}

bool
price_reader_next(struct price_reader *reader, size_t rows_max, struct arena *arena,
                  struct price_question *ret_question)
{
    if (reader->fills && reader->fill_state != FILL_READY &&
        price_walk_only_series(&reader->walk)) {
        ask_for_fill(reader, arena, ret_question);
        return true;
    }
    return price_walk_next(&reader->walk, rows_max, arena, ret_question);
}

void
price_reader_take(struct price_reader *reader, const struct price_question *question,
                  const struct rows *rows)
{
    if (question->of_series) {
        price_walk_take_series(&reader->walk, rows);
    } else if (question->query == &query_price_candle_before) {
        take_before(reader, rows);
    } else if (question->query == &query_price_no_trades) {
        take_no_trades(reader, rows);
    } else {
        reader->rows = *rows;
        reader->row = 0;
        reader->has_rows = true;
    }
}

/* Whether the page ends where rows are filled, or could be: the next one begins at `at_ms`. */
static bool
is_in_gap(const struct price_reader *reader, int64_t at_ms)
{
    int64_t next_ms, filled_until_ms = reader->previous_real_ms + PRICE_FILL_MAX * step_of(reader);

    if (!reader->fills || !reader->has_previous || !find_next_row(reader, &next_ms))
        return false;
    if (next_ms < reader->walk.window.until_ms)
        return at_ms <= next_ms;
    return at_ms < next_ms && at_ms <= filled_until_ms; /* behind the window nothing is to come */
}

const char *
price_reader_stop(struct price_reader *reader, struct arena *arena)
{
    int64_t at_ms = reader->previous_ms + step_of(reader);
    bool in_gap = is_in_gap(reader, at_ms);

    if (reader->has_rows)
        price_walk_take_rows(&reader->walk, &reader->rows, reader->row);
    reader->has_rows = false;
    if (in_gap && reader->walk.count > 0) {
        reader->walk.at = 0;
        reader->walk.series[0].from_ms = at_ms;
    }
    return price_walk_cursor(&reader->walk, arena);
}
