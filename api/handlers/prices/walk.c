#include "api/handlers/prices/walk.h"

#include "api/answer/paging.h"
#include "common/attributes.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    VALUES_MAX = 10,
    TICK_EVERY_S = 600 /* a guess: too few read is asked again, too many is sorted */
};

/* ------------------------------------------------------------------------------------- cursors */

/*
 * Without start_time the window moves with the clock, so where it began belongs to the place. A
 * cursor of one symbol has no ids: which source answers was chosen, and stays so.
 */
enum {
    PLACE_TIMES,
    PLACE_SOURCE,
    PLACE_ONE_VALUES,
    PLACE_QUOTE = PLACE_ONE_VALUES,
    PLACE_ASSET,
    PLACE_LIST_VALUES
};

static void
read_place(struct price_walk *walk, const struct param_value *cursor)
{
    char *end;

    if (!cursor || cursor->item_count < PLACE_ONE_VALUES)
        return;
    walk->place.from_ms = strtoll(cursor->items[PLACE_TIMES], &end, 10);
    if (*end == '/')
        walk->window.from_ms = strtoll(end + 1, NULL, 10);
    if (cursor->item_count == PLACE_LIST_VALUES) {
        walk->place.source_id = strtoll(cursor->items[PLACE_SOURCE], NULL, 10);
        walk->place.quote_id = strtoll(cursor->items[PLACE_QUOTE], NULL, 10);
        walk->place.asset_id = strtoll(cursor->items[PLACE_ASSET], NULL, 10);
    } else {
        walk->place.source = cursor->items[PLACE_SOURCE];
    }
}

const char *
price_walk_cursor(const struct price_walk *walk, struct arena *arena)
{
    const struct price_series *series = walk->at < walk->count ? &walk->series[walk->at] : NULL;
    const char *values[PLACE_LIST_VALUES];

    if (!series && walk->has_listed_all)
        return NULL;
    values[PLACE_TIMES] =
        arena_printf(arena, "%" PRId64 "/%" PRId64, series ? series->from_ms : walk->place.from_ms,
                     walk->window.from_ms);
    if (!walk->is_list) {
        values[PLACE_SOURCE] = series->source;
        return paging_cursor(walk->params, values, PLACE_ONE_VALUES, arena);
    }
    values[PLACE_SOURCE] =
        arena_printf(arena, "%" PRId64, series ? series->source_id : walk->place.source_id);
    values[PLACE_QUOTE] =
        arena_printf(arena, "%" PRId64, series ? series->quote_id : walk->place.quote_id);
    values[PLACE_ASSET] =
        arena_printf(arena, "%" PRId64, series ? series->asset_id : walk->place.asset_id);
    return paging_cursor(walk->params, values, PLACE_LIST_VALUES, arena);
}

/* -------------------------------------------------------------------------------------- series */

void
price_walk_start(struct price_walk *walk, const struct params *params, int64_t now_ms)
{
    *walk = (struct price_walk){.params = params, .arena = arena_create(4096)};
    price_window_of(params, now_ms, &walk->window);
    walk->is_list = price_param(params, "symbol") == NULL;
    read_place(walk, price_param(params, "cursor"));
}

void
price_walk_finish(struct price_walk *walk)
{
    arena_destroy(walk->arena);
    walk->arena = NULL;
}

static const char *
names_array(const struct param_value *names, struct arena *arena)
{
    struct text array;

    if (!names)
        return NULL;
    array_start(&array, arena, 16 * names->item_count + 8);
    for (size_t i = 0; i < names->item_count; i++)
        array_add(&array, names->items[i]);
    return array_finish(&array);
}

static size_t
list_values(const struct price_walk *walk, struct arena *arena, struct database_value *values)
{
    const struct params *params = walk->params;
    const struct param_value *quotes = price_param(params, "quote");
    size_t count = 0;

    values[count++] = SQL_TEXT(names_array(price_param(params, "asset"), arena));
    values[count++] =
        SQL_TEXT(names_array(quotes ? quotes : price_param(params, "currency"), arena));
    values[count++] = SQL_TEXT(names_array(price_param(params, "source"), arena));
    if (walk->window.granularity->interval_s)
        values[count++] = SQL_INT(walk->window.granularity->stored_s);
    values[count++] = SQL_TIME_MS(walk->window.from_ms);
    values[count++] = SQL_TIME_MS(walk->window.until_ms);
    values[count++] = SQL_INT(walk->place.asset_id);
    values[count++] = SQL_INT(walk->place.quote_id);
    values[count++] = SQL_INT(walk->place.source_id);
    values[count++] = SQL_INT(PRICE_SERIES_AT_ONCE);
    return count;
}

static size_t
best_values(const struct price_walk *walk, struct database_value *values)
{
    const struct param_value *source = price_param(walk->params, "source");
    size_t count = 0;

    values[count++] = SQL_TEXT(params_get(walk->params, "symbol")->text);
    values[count++] = SQL_TEXT(params_get(walk->params, "currency")->text);
    values[count++] = SQL_TEXT(source ? source->text : walk->place.source);
    if (walk->window.granularity->interval_s)
        values[count++] = SQL_INT(walk->window.granularity->stored_s);
    values[count++] = SQL_TIME_MS(walk->window.from_ms);
    values[count++] = SQL_TIME_MS(walk->window.until_ms);
    if (walk->window.granularity->interval_s && walk->window.has_as_of)
        values[count++] = SQL_TIME_MS(walk->window.as_of_ms);
    return count;
}

static void
ask_series(struct price_walk *walk, struct arena *arena, struct price_question *question)
{
    struct database_value *values = arena_alloc_array(arena, VALUES_MAX, sizeof *values);
    bool is_tick = walk->window.granularity->interval_s == 0;

    question->of_series = true;
    question->values = values;
    if (walk->is_list) {
        question->value_count = list_values(walk, arena, values);
        question->query = is_tick                              ? &query_price_tick_series_list
                          : price_param(walk->params, "asset") ? &query_price_series_list
                                                               : &query_price_series_list_all;
    } else {
        question->value_count = best_values(walk, values);
        question->query = is_tick                  ? &query_price_tick_series_best
                          : walk->window.has_as_of ? &query_price_series_best_as_of
                                                   : &query_price_series_best;
    }
}

static bool
is_place(const struct price_walk *walk, const struct price_series *series)
{
    return !walk->is_list ||
           (series->asset_id == walk->place.asset_id && series->quote_id == walk->place.quote_id &&
            series->source_id == walk->place.source_id);
}

static void
read_series(struct price_walk *walk, const struct rows *rows, size_t row,
            struct price_series *series)
{
    int64_t from_ms = walk->window.from_ms;

    *series = (struct price_series){
        .asset_id = rows_int(rows, row, SERIES_ASSET_ID, 0),
        .quote_id = rows_int(rows, row, SERIES_QUOTE_ID, 0),
        .source_id = rows_int(rows, row, SERIES_SOURCE_ID, 0),
        .asset = arena_string(walk->arena, rows_text(rows, row, SERIES_ASSET)),
        .currency = arena_string(walk->arena, rows_text(rows, row, SERIES_CURRENCY)),
        .source = arena_string(walk->arena, rows_text(rows, row, SERIES_SOURCE)),
        .first_ms = rows_int(rows, row, SERIES_FIRST, 0),
        .last_ms = rows_int(rows, row, SERIES_LAST, 0),
    };
    if (is_place(walk, series) && walk->place.from_ms > from_ms)
        from_ms = walk->place.from_ms;
    /* Also so that what is put together for as_of begins with a row; rolled ones begin earlier. */
    if (walk->window.granularity->interval_s == walk->window.granularity->stored_s &&
        series->first_ms > from_ms)
        from_ms = series->first_ms;
    series->from_ms = from_ms;
}

void
price_walk_take_series(struct price_walk *walk, const struct rows *rows)
{
    arena_reset(walk->arena);
    walk->series = arena_alloc_array(walk->arena, rows->count + 1, sizeof *walk->series);
    walk->count = walk->at = 0;
    for (size_t row = 0; row < rows->count; row++) {
        if (!rows_is_null(rows, row, SERIES_SOURCE_ID))
            read_series(walk, rows, row, &walk->series[walk->count++]);
    }
    walk->has_listed = true;
    walk->has_listed_all = !walk->is_list || rows->count < PRICE_SERIES_AT_ONCE;
    if (walk->has_listed_all)
        return;
    /* Behind the last of them; the next one is read from the beginning of the window. */
    walk->place = (struct price_place){.asset_id = walk->series[walk->count - 1].asset_id,
                                       .quote_id = walk->series[walk->count - 1].quote_id,
                                       .source_id = walk->series[walk->count - 1].source_id + 1};
}

void
price_walk_take_newest(struct price_walk *walk, const struct rows *rows)
{
    price_walk_take_series(walk, rows);
    if (walk->count > 0)
        walk->series[0].from_ms = price_window_bucket(&walk->window, walk->series[0].last_ms);
}

bool
price_walk_has_answer(const struct price_walk *walk)
{
    return walk->has_listed;
}

const struct price_series *
price_walk_only_series(const struct price_walk *walk)
{
    return walk->count > 0 ? &walk->series[0] : NULL;
}

/* ---------------------------------------------------------------------------------------- rows */

/* How many rows a series has to come, at most; of ticks about. */
static int64_t
rows_of(const struct price_walk *walk, const struct price_series *series)
{
    int32_t interval_s = walk->window.granularity->interval_s;
    int64_t from_ms = series->from_ms > series->first_ms ? series->from_ms : series->first_ms;
    int64_t until_ms =
        series->last_ms < walk->window.until_ms ? series->last_ms : walk->window.until_ms;

    if (until_ms < from_ms)
        return 1;
    return (until_ms - from_ms) / ((interval_s ? interval_s : TICK_EVERY_S) * INT64_C(1000)) + 1;
}

/* What is put together for a window before its first row is known, so none is longer than needed.
 */
static bool
is_put_together(const struct price_walk *walk)
{
    return walk->window.has_as_of && walk->window.granularity->interval_s > 0;
}

/*
 * How many candles of a moment's knowledge are looked through at once: as many as are wanted, and
 * twice as many with each time that nothing of them was known, so that what became known later is
 * soon behind.
 */
static int64_t
reach_of(const struct price_walk *walk, size_t rows_max)
{
    int64_t reach = (int64_t)rows_max;

    for (int32_t i = 0; i < walk->misses && reach < PRICE_AS_OF_INTERVALS; i++)
        reach *= 2;
    return reach;
}

/*
 * As many series as together have about the rows that are wanted; of what is put together no more
 * than within reach, but for the first, of which until_of() takes a part.
 */
static size_t
series_for(const struct price_walk *walk, size_t rows_max)
{
    int64_t rows = rows_of(walk, &walk->series[walk->at]);
    int64_t wanted = is_put_together(walk) ? reach_of(walk, rows_max) : (int64_t)rows_max;
    size_t count = 1;

    while (walk->at + count < walk->count && rows < wanted) {
        rows += rows_of(walk, &walk->series[walk->at + count]);
        if (is_put_together(walk) && rows > wanted)
            break;
        count++;
    }
    return count;
}

static void
add_series_arrays(const struct price_walk *walk, struct arena *arena,
                  struct database_value values[4])
{
    struct text arrays[4];

    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        array_start(&arrays[i], arena, 16 * walk->asked_series + 8);
    for (size_t i = 0; i < walk->asked_series; i++) {
        const struct price_series *series = &walk->series[walk->at + i];

        array_add_int(&arrays[0], series->source_id);
        array_add_int(&arrays[1], series->asset_id);
        array_add_int(&arrays[2], series->quote_id);
        array_add_time_ms(&arrays[3], series->from_ms);
    }
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        values[i] = SQL_TEXT(array_finish(&arrays[i]));
}

static const struct query *
rows_query(const struct price_window *window)
{
    if (window->granularity->interval_s == 0)
        return window->has_as_of ? &query_price_ticks_as_of : &query_price_ticks;
    if (window->granularity->interval_s != window->granularity->stored_s)
        return window->has_as_of ? &query_price_candles_rolled_as_of : &query_price_candles_rolled;
    return window->has_as_of ? &query_price_candles_as_of : &query_price_candles;
}

/* Several series are asked for to their end, of one as much as is within reach. */
static int64_t
until_of(const struct price_walk *walk, size_t rows_max)
{
    int64_t until_ms = walk->window.until_ms, from_ms, reach_ms;

    if (!is_put_together(walk) || walk->asked_series > 1)
        return until_ms;
    from_ms = walk->series[walk->at].from_ms;
    reach_ms = reach_of(walk, rows_max) * walk->window.granularity->interval_s * 1000;
    return until_ms - from_ms > reach_ms ? from_ms + reach_ms : until_ms;
}

static void
ask_rows(struct price_walk *walk, size_t rows_max, struct arena *arena,
         struct price_question *question)
{
    const struct granularity *granularity = walk->window.granularity;
    struct database_value *values = arena_alloc_array(arena, VALUES_MAX, sizeof *values);
    size_t count = 4;

    walk->asked_series = walk->is_list ? series_for(walk, rows_max) : 1;
    walk->asked_rows = rows_max;
    walk->asked_until_ms = until_of(walk, rows_max);
    add_series_arrays(walk, arena, values);
    values[count++] = SQL_TIME_MS(walk->asked_until_ms);
    values[count++] = SQL_INT((int64_t)rows_max);
    if (granularity->interval_s)
        values[count++] = SQL_INT(granularity->stored_s);
    if (granularity->interval_s != granularity->stored_s)
        values[count++] = SQL_INT(granularity->interval_s);
    if (walk->window.has_as_of)
        values[count++] = SQL_TIME_MS(walk->window.as_of_ms);
    *question = (struct price_question){rows_query(&walk->window), values, count, false};
}

const struct price_series *
price_walk_series_of(const struct price_walk *walk, const struct rows *rows, size_t row)
{
    return &walk->series[walk->at + (size_t)rows_int(rows, row, ROW_PLACE, 1) - 1];
}

/* The series of the last row that counts is read up to there, those before it are done. */
static void
stop_behind(struct price_walk *walk, const struct rows *rows, size_t row)
{
    const struct granularity *granularity = walk->window.granularity;
    bool is_rolled = granularity->interval_s != granularity->stored_s;
    struct price_series *series =
        &walk->series[walk->at + (size_t)rows_int(rows, row, ROW_PLACE, 1) - 1];

    /* What is rolled begins with whole intervals; what is stored need not stand in their grid. */
    series->from_ms = rows_int(rows, row, ROW_TIME, 0) +
                      (is_rolled ? granularity->interval_s * INT64_C(1000) : 1);
    walk->at = (size_t)(series - walk->series);
}

static bool
is_over(const struct price_walk *walk, const struct price_series *series)
{
    return series->from_ms >= walk->window.until_ms || series->from_ms > series->last_ms;
}

void
price_walk_take_rows(struct price_walk *walk, const struct rows *rows, size_t used)
{
    bool is_whole = used == rows->count && rows->count < walk->asked_rows;

    walk->misses = rows->count == 0 ? walk->misses + 1 : 0;
    if (used > 0 && !is_whole)
        stop_behind(walk, rows, used - 1);
    else if (is_whole && walk->asked_until_ms < walk->window.until_ms)
        walk->series[walk->at].from_ms = walk->asked_until_ms;
    else if (is_whole)
        walk->at += walk->asked_series;
    /* What has nothing to come is done, so that there is no page without a row. */
    while (walk->at < walk->count && is_over(walk, &walk->series[walk->at]))
        walk->at++;
}

bool
price_walk_next(struct price_walk *walk, size_t rows_max, struct arena *arena,
                struct price_question *ret_question)
{
    if (walk->at < walk->count)
        ask_rows(walk, rows_max, arena, ret_question);
    else if (!walk->has_listed || !walk->has_listed_all)
        ask_series(walk, arena, ret_question);
    else
        return false;
    return true;
}
