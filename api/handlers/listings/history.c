#include "api/handlers/listings/history.h"

#include "api/answer/formats.h"
#include "api/answer/members.h"
#include "api/answer/paging.h"
#include "api/handlers/chart_interval.h"
#include "api/params/as_of.h"
#include "common/clock.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Columns of query_chart_choose and query_chart_source, and of query_chart_points. */
enum { ASSET_ID, QUOTE_ID, SOURCE_ID, SOURCE, VERSION };
enum { AT, POINT_MEMBERS = 5 };

/* In the order of the columns. */
static const struct member members[POINT_MEMBERS] = {
    {"time",         MEMBER_MOMENT },
    {"price",        MEMBER_DECIMAL},
    {"volume",       MEMBER_DECIMAL}, /* of the asset, in the interval */
    {"total_volume", MEMBER_DECIMAL}, /* of the currency, in the 24 hours before */
    {"market_cap",   MEMBER_DECIMAL},
};

enum { CURSOR_TIME, CURSOR_SOURCE, CURSOR_VALUES };

/* What a flight carries from its first query to its second. */
struct history {
    const struct chart_interval *interval;
    const char *source; /* NULL = nobody has candles there */
};

static bool
history_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    const struct param_value *from = params_get(params, "from"), *to = params_get(params, "to");

    if (!as_of_check(params, now_ms, ret_problem))
        return false;
    if (!from->given || !to->given || from->integer < to->integer)
        return true;
    problem_set(ret_problem, 400, "parameter.range",
                "The request has a parameter that cannot be used",
                "to: not later than from, so that nothing could be between them");
    ret_problem->parameter = "to";
    ret_problem->allowed = "\"a moment later than from\"";
    return false;
}

static void
history_tag(const struct params *params, struct tag_list *tags)
{
    if (as_of_is_settled(params, clock_now_ms()))
        return;
    tag_list_add(tags, arena_printf(tags->arena, "chart:%s/%s", params_get(params, "symbol")->text,
                                    params_get(params, "currency")->text));
}

/* ------------------------------------------------------------------------------------- window */

/* The first boundary of the interval at or after a moment. */
static int64_t
next_boundary_ms(int64_t at_ms, int32_t interval_s)
{
    return chart_interval_begin_ms(at_ms + interval_s * INT64_C(1000) - 1, interval_s);
}

/* A point stands at the end of its interval: the first that opens so that it ends at `from` or
 * later. Without it: as many as fit on a page, up to the end. */
static int64_t
first_open_ms(const struct params *params, const struct chart_interval *interval)
{
    const struct param_value *cursor = params_get(params, "cursor");
    const struct param_value *from = params_get(params, "from"), *to = params_get(params, "to");
    int64_t step_ms = interval->interval_s * INT64_C(1000), until_ms, now_ms = as_of_now_ms(params);

    if (cursor->given) /* where the last point ended, the next one opens */
        return strtoll(cursor->items[CURSOR_TIME], NULL, 10);
    if (from->given)
        return next_boundary_ms(from->integer - step_ms, interval->interval_s);
    until_ms = to->given && to->integer < now_ms ? to->integer : now_ms;
    return next_boundary_ms(until_ms - (params_get(params, "limit")->integer + 1) * step_ms,
                            interval->interval_s);
}

/* ---------------------------------------------------------------------------------- rendering */

/* Of the points that were read, those before `to`; `*ret_more` if there are others behind them. */
static size_t
count_points(const struct params *params, const struct rows *points, bool *ret_more)
{
    const struct param_value *to = params_get(params, "to");
    size_t limit = (size_t)params_get(params, "limit")->integer, count = points->count;

    while (to->given && count > 0 && rows_int(points, count - 1, AT, 0) >= to->integer)
        count--;
    *ret_more = count > limit;
    return count > limit ? limit : count;
}

static const char *
next_cursor(struct flight *flight, const struct rows *points, size_t count)
{
    const struct history *history = flight_context(flight);
    const char *values[CURSOR_VALUES];

    values[CURSOR_TIME] = rows_text(points, count - 1, AT);
    values[CURSOR_SOURCE] = history->source;
    return paging_cursor(flight_params(flight), values, CURSOR_VALUES, flight_arena(flight));
}

static void
add_opening(struct text *text, struct flight *flight, const char *cursor)
{
    const struct history *history = flight_context(flight);
    const struct params *params = flight_params(flight);

    text_add_char(text, '{');
    as_of_add(text, params);
    text_add_string(text, "\"coin_id\":");
    text_add_json_string(text, params_get(params, "symbol")->text);
    text_add_string(text, ",\"currency\":");
    text_add_json_string(text, params_get(params, "currency")->text);
    text_add_string(text, ",\"interval\":");
    text_add_json_string(text, history->interval->name);
    text_add_string(text, ",\"source\":");
    text_add_json_nullable(text, history->source);
    text_add_string(text, ",\"next_cursor\":");
    text_add_json_nullable(text, cursor);
    text_add_string(text, ",\"data\":");
}

static void
expect_newest(struct flight *flight, const struct rows *points, size_t count)
{
    const struct history *history = flight_context(flight);
    const struct params *params = flight_params(flight);

    freshness_expect_candles(flight_freshness(flight), history->source,
                             params_get(params, "symbol")->text,
                             params_get(params, "currency")->text, history->interval->stored_s,
                             count > 0 ? rows_int(points, count - 1, AT, 0) : 0);
}

static void
history_render(struct flight *flight, const struct rows *points)
{
    const struct params *params = flight_params(flight);
    bool is_json = formats_of(params) == FORMAT_JSON, more;
    size_t count = count_points(params, points, &more);
    const char *cursor = more ? next_cursor(flight, points, count) : NULL;
    const struct paging paging = {"cursor", "", NULL, cursor, NULL, -1, -1};
    struct text text;

    flight_add_head(flight, paging_head(params, &paging, flight_arena(flight)));
    if (!more)
        expect_newest(flight, points, count);
    text_init(&text, flight_arena(flight), 512 + 160 * count);
    if (is_json)
        add_opening(&text, flight, cursor);
    members_add_rows(&text, params, members, POINT_MEMBERS, points, 0, count, 0);
    if (is_json)
        text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

/* ------------------------------------------------------------------------------------ reading */

static void
ask_points(struct flight *flight, const struct rows *chosen)
{
    const struct params *params = flight_params(flight);
    const struct history *history = flight_context(flight);
    bool rolled = history->interval->interval_s != history->interval->stored_s;
    const struct database_value values[] = {
        SQL_INT(rows_int(chosen, 0, SOURCE_ID, 0)),
        SQL_INT(rows_int(chosen, 0, ASSET_ID, 0)),
        SQL_INT(rows_int(chosen, 0, QUOTE_ID, 0)),
        SQL_INT(history->interval->stored_s),
        SQL_TIME_MS(first_open_ms(params, history->interval)),
        SQL_INT(params_get(params, "limit")->integer + 1),
        SQL_TIME_MS(as_of_now_ms(params)),
        SQL_INT(history->interval->interval_s), /* of what is rolled only */
    };
    size_t count = COUNT_OF(values);

    if (rolled)
        flight_ask(flight,
                   as_of_given(params) ? &query_chart_points_rolled_as_of
                                       : &query_chart_points_rolled,
                   values, count, history_render);
    else if (as_of_given(params))
        flight_ask(flight, &query_chart_points_as_of, values, count - 1, history_render);
    else /* without the moment */
        flight_ask(flight, &query_chart_points, values, count - 2, history_render);
}

static void
history_chosen(struct flight *flight, const struct rows *rows)
{
    struct history *history = flight_context(flight);
    const struct rows nothing = {0};

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    history->source = rows_text(rows, 0, SOURCE);
    if (rows_is_null(rows, 0, SOURCE_ID) || rows_is_null(rows, 0, ASSET_ID))
        history_render(flight, &nothing);
    else
        ask_points(flight, rows);
}

/* Of the source whose points the cursor continues, or that was asked for. */
static void
ask_source(struct flight *flight, const char *source)
{
    const struct params *params = flight_params(flight);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "symbol")->text),
        SQL_TEXT(params_get(params, "currency")->text),
        SQL_TEXT(source),
        SQL_TIME_MS(as_of_now_ms(params)),
    };

    if (as_of_given(params))
        flight_ask(flight, &query_chart_source_as_of, values, COUNT_OF(values), history_chosen);
    else
        flight_ask(flight, &query_chart_source, values, COUNT_OF(values) - 1, history_chosen);
}

static void
ask_best_source(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct history *history = flight_context(flight);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "symbol")->text),
        SQL_TEXT(params_get(params, "currency")->text),
        SQL_INT(history->interval->stored_s),
        SQL_TIME_MS(first_open_ms(params, history->interval)),
        SQL_TIME_MS(as_of_now_ms(params)),
    };

    if (as_of_given(params))
        flight_ask(flight, &query_chart_choose_as_of, values, COUNT_OF(values), history_chosen);
    else
        flight_ask(flight, &query_chart_choose, values, COUNT_OF(values) - 1, history_chosen);
}

static void
history_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct param_value *cursor = params_get(params, "cursor");
    const char *source = params_get(params, "source")->text;
    struct history *history = arena_alloc(flight_arena(flight), sizeof *history);

    history->interval = chart_interval_find(params_get(params, "interval")->text);
    flight_set_context(flight, history);
    if (as_of_given(params))
        freshness_set_past(flight_freshness(flight), as_of_now_ms(params));
    if (cursor->given)
        source = cursor->items[CURSOR_SOURCE];
    if (source)
        ask_source(flight, source);
    else
        ask_best_source(flight);
}

const struct reading listings_history_reading = {
    .check = history_check, .client_s = as_of_client_s, .tag = history_tag, .start = history_start};
