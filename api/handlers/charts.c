#include "api/handlers/charts.h"

#include "api/answer/formats.h"
#include "api/handlers/chart_forms.h"
#include "api/handlers/chart_interval.h"
#include "api/http/body.h"
#include "api/params/as_of.h"
#include "common/clock.h"
#include "schema/queries.h"

#include <string.h>

enum {
    DAY_S = 86400,
    HOURLY_DAYS_MAX = 90,
    POINTS_MAX = 1000000, /* a century of hours: it bounds a mistake, not a chart */
    STALE_INTERVALS = 3, /* a series that ended so many intervals ago does not go on as it should */
    STALE_LEAST_S = 900,
};

/* Columns of query_chart_choose and query_chart_source. */
enum { ASSET_ID, QUOTE_ID, SOURCE_ID, SOURCE, VERSION, PRICE, MARKET_CAP, VOLUME_24H, OBSERVED_AT };

/* What a flight carries from its first query to its second. */
struct chart {
    struct rows chosen;
    const struct chart_interval *interval;
};

static const char *
interval_of(const struct params *params)
{
    const struct param_value *interval = params_get(params, "interval");
    const struct param_value *days = params_get(params, "days");

    if (interval->given)
        return interval->text;
    return days->integer >= 1 && days->integer <= HOURLY_DAYS_MAX ? "hourly" : "daily";
}

/* asset:currency:interval:days, and the source, the moment and the form if they were asked for. */
static const char *
charts_name(const struct params *params, struct arena *arena)
{
    const char *source = params_get(params, "source")->text;
    const char *as_of = params_get(params, "as_of")->text;
    const char *form =
        formats_of(params) == FORMAT_JSON ? NULL : params_get(params, "format")->text;

    return arena_printf(arena, "%s:%s:%s:%s%s%s%s%s%s%s%s", params_get(params, "asset")->text,
                        params_get(params, "currency")->text, interval_of(params),
                        params_get(params, "days")->text, source ? ":" : "", source ? source : "",
                        as_of ? "@" : "", as_of ? as_of : "", form ? "." : "", form ? form : "",
                        formats_numbers_as_strings(params) ? "\"" : "");
}

static void
charts_tag(const struct params *params, struct tag_list *tags)
{
    if (as_of_is_settled(params, clock_now_ms()))
        return;
    tag_list_add(tags, arena_printf(tags->arena, "chart:%s/%s", params_get(params, "asset")->text,
                                    params_get(params, "currency")->text));
}

/* --------------------------------------------------------------------------------- rendering */

/* "[1763712000000," of all the points of a row: longer than any, to be copied as one piece. */
enum { OPENING_BYTES = 32 };

struct opening {
    char text[OPENING_BYTES];
    size_t size;
};

static void
set_opening(struct opening *opening, struct bytes at_ms)
{
    size_t size = at_ms.size < OPENING_BYTES - 2 ? at_ms.size : OPENING_BYTES - 2;

    opening->text[0] = '[';
    memcpy(opening->text + 1, at_ms.data, size);
    opening->text[size + 1] = ',';
    opening->size = size + 2;
}

static void
add_point(struct text *text, const struct opening *opening, struct bytes value, bool quoted)
{
    char *end;

    if (!value.data) {
        value = (struct bytes){"null", 4};
        quoted = false;
    }
    end = text_reserve(text, sizeof opening->text + value.size + 4);
    memcpy(end, opening->text, sizeof opening->text);
    end += opening->size;
    if (quoted)
        *end++ = '"';
    end = mempcpy(end, value.data, value.size);
    if (quoted)
        *end++ = '"';
    *end++ = ']';
    *end++ = ',';
    text->size = (size_t)(end - text->data);
}

/* What is drawn, where it stands in the rows, and in the latest price (-1 = not there). */
static const struct series {
    const char *opening;
    int column, latest_column;
} series[] = {
    {",\"prices\":[",        POINT_CLOSE,      PRICE     },
    {",\"market_caps\":[",   POINT_MARKET_CAP, MARKET_CAP},
    {",\"total_volumes\":[", POINT_VOLUME_24H, VOLUME_24H},
    {",\"volumes\":[",       POINT_VOLUME,     -1        },
};

enum { SERIES = COUNT_OF(series) };

/* The closed candles, then the latest price's own values at its own time. One walk over the rows.
 */
static void
fill_series(struct text texts[SERIES], const struct rows *points, const struct rows *latest,
            bool quoted)
{
    struct opening opening = {.size = 0};

    for (size_t row = 0; row < points->count; row++) {
        set_opening(&opening, rows_cell(points, row, POINT_AT));
        for (size_t i = 0; i < SERIES; i++)
            add_point(&texts[i], &opening, rows_cell(points, row, (size_t)series[i].column),
                      quoted);
    }
    if (latest)
        set_opening(&opening, rows_cell(latest, 0, OBSERVED_AT));
    for (size_t i = 0; latest && i < SERIES; i++) {
        struct bytes value = {NULL, 0};

        if (series[i].latest_column >= 0)
            value = rows_cell(latest, 0, (size_t)series[i].latest_column);
        add_point(&texts[i], &opening, value, quoted);
    }
}

static struct http_body *
join(const struct bytes *pieces, size_t count)
{
    struct http_body *body;
    size_t size = 0;
    char *end;

    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    body = http_body_create(size, &end);
    for (size_t i = 0; i < count; i++)
        end = mempcpy(end, pieces[i].data, pieces[i].size);
    return body;
}

/* The head, then each series as it was written, so that a chart is copied once only. */
static struct http_body *
join_series(struct bytes head, struct text texts[SERIES])
{
    struct bytes pieces[3 * SERIES + 2];
    size_t count = 0;

    pieces[count++] = head;
    for (size_t i = 0; i < SERIES; i++) {
        size_t size = texts[i].size ? texts[i].size - 1 : 0; /* without the last comma */

        pieces[count++] = (struct bytes){series[i].opening, strlen(series[i].opening)};
        pieces[count++] = (struct bytes){texts[i].data, size};
        pieces[count++] = (struct bytes){"]", 1};
    }
    pieces[count++] = (struct bytes){"}\n", 2};
    return join(pieces, count);
}

/* The latest price is a point of its own only if it is newer than every candle. */
static bool
is_newer(const struct rows *chosen, const struct rows *points)
{
    return !rows_is_null(chosen, 0, OBSERVED_AT) &&
           (points->count == 0 ||
            rows_int(chosen, 0, OBSERVED_AT, 0) > rows_int(points, points->count - 1, POINT_AT, 0));
}

/* When the series ends: the latest price's own time, or the newest candle's; 0 = it is empty. */
static int64_t
end_ms(const struct rows *points, const struct rows *latest)
{
    if (latest)
        return rows_int(latest, 0, OBSERVED_AT, 0);
    return points->count ? rows_int(points, points->count - 1, POINT_AT, 0) : 0;
}

/* What is loaded next: candles, or the price at their end. */
static void
expect_loads(struct flight *flight, const struct rows *points, int64_t observed_at_ms)
{
    const struct chart *chart = flight_context(flight);
    struct freshness *freshness = flight_freshness(flight);
    const char *source = rows_text(&chart->chosen, 0, SOURCE);
    const char *asset = params_get(flight_params(flight), "asset")->text;
    const char *currency = params_get(flight_params(flight), "currency")->text;

    freshness_expect_price(freshness, source, asset, currency, observed_at_ms);
    if (source)
        freshness_expect_candles(freshness, source, asset, currency, chart->interval->stored_s,
                                 end_ms(points, NULL));
}

/* How old the end of the series is, and whether it is overdue. */
static void
add_freshness(struct text *text, struct freshness *freshness, int32_t interval_s, int64_t at_ms)
{
    int64_t patience_s = (int64_t)STALE_INTERVALS * interval_s;
    int64_t stale_at_ms = 0;

    if (patience_s < STALE_LEAST_S)
        patience_s = STALE_LEAST_S;
    if (at_ms > 0)
        stale_at_ms = at_ms + patience_s * 1000;
    text_add_string(text, ",\"age_seconds\":");
    freshness_add_age(freshness, text, at_ms);
    text_add_string(text, ",\"stale\":");
    freshness_add_flag(freshness, text, at_ms > 0 && stale_at_ms <= freshness_now_ms(freshness),
                       stale_at_ms);
}

static struct bytes
render_head(struct flight *flight, int64_t end_at_ms)
{
    const struct params *params = flight_params(flight);
    const struct chart *chart = flight_context(flight);
    struct text text;

    text_init(&text, flight_arena(flight), 256);
    text_add_char(&text, '{');
    as_of_add(&text, params);
    text_add_string(&text, "\"asset\":");
    text_add_json_string(&text, params_get(params, "asset")->text);
    text_add_string(&text, ",\"currency\":");
    text_add_json_string(&text, params_get(params, "currency")->text);
    text_add_string(&text, ",\"interval\":");
    text_add_json_string(&text, interval_of(params));
    text_add_string(&text, ",\"source\":");
    text_add_json_nullable(&text, rows_text(&chart->chosen, 0, SOURCE));
    add_freshness(&text, flight_freshness(flight), chart->interval->interval_s, end_at_ms);
    return text_finish(&text);
}

/* The latest price is no candle: what it has of a point. */
static void
render_form(struct flight *flight, const struct rows *points, const struct rows *latest)
{
    struct bytes cells[POINT_COLUMNS] = {
        {NULL, 0}
    };
    struct text text;

    if (latest) {
        cells[POINT_AT] = rows_cell(latest, 0, OBSERVED_AT);
        for (size_t i = 0; i < SERIES; i++) {
            if (series[i].latest_column >= 0)
                cells[series[i].column] = rows_cell(latest, 0, (size_t)series[i].latest_column);
        }
    }
    text_init(&text, flight_arena(flight), 256 + points->count * 96);
    chart_forms_add(&text, flight_params(flight), points, latest ? cells : NULL);
    flight_land(flight, text_finish(&text));
}

static void
charts_render(struct flight *flight, const struct rows *points)
{
    const struct chart *chart = flight_context(flight);
    const struct rows *latest = is_newer(&chart->chosen, points) ? &chart->chosen : NULL;
    int64_t end_at_ms = end_ms(points, latest);
    struct text texts[SERIES];

    expect_loads(flight, points, end_at_ms);
    if (formats_of(flight_params(flight)) != FORMAT_JSON) {
        render_form(flight, points, latest);
        return;
    }
    for (size_t i = 0; i < SERIES; i++)
        text_init(&texts[i], flight_arena(flight), 64 + points->count * 32);
    fill_series(texts, points, latest, formats_numbers_as_strings(flight_params(flight)));
    flight_land_body(flight, join_series(render_head(flight, end_at_ms), texts));
}

/* ----------------------------------------------------------------------------------- reading */

/* Where the window begins, on a boundary of the interval. */
static int64_t
first_open_ms(const struct params *params, int32_t interval_s)
{
    int64_t days = params_get(params, "days")->integer;
    int64_t from_ms = as_of_now_ms(params) - days * DAY_S * 1000;

    return days == 0 ? 0 : chart_interval_begin_ms(from_ms, interval_s);
}

static void
ask_points(struct flight *flight, const struct rows *chosen)
{
    const struct params *params = flight_params(flight);
    const struct chart *chart = flight_context(flight);
    const struct database_value values[] = {
        SQL_INT(rows_int(chosen, 0, SOURCE_ID, 0)),
        SQL_INT(rows_int(chosen, 0, ASSET_ID, 0)),
        SQL_INT(rows_int(chosen, 0, QUOTE_ID, 0)),
        SQL_INT(chart->interval->stored_s),
        SQL_TIME_MS(first_open_ms(params, chart->interval->interval_s)),
        SQL_INT(POINTS_MAX),
        SQL_TIME_MS(as_of_now_ms(params)),
        SQL_INT(chart->interval->interval_s),
    };
    size_t count = COUNT_OF(values) - 1; /* the last one is for those below */

    if (chart->interval->interval_s != chart->interval->stored_s)
        flight_ask(flight,
                   as_of_given(params) ? &query_chart_points_rolled_as_of
                                       : &query_chart_points_rolled,
                   values, count + 1, charts_render);
    else if (as_of_given(params))
        flight_ask(flight, &query_chart_points_as_of, values, count, charts_render);
    else /* without the moment */
        flight_ask(flight, &query_chart_points, values, count - 1, charts_render);
}

static void
charts_chosen(struct flight *flight, const struct rows *rows)
{
    struct chart *chart = flight_context(flight);
    const struct rows nothing = {0};

    if (!flight_expect_row(flight, rows))
        return;
    chart->chosen = *rows;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    if (rows_is_null(rows, 0, SOURCE_ID)) {
        charts_render(flight, &nothing);
        return;
    }
    ask_points(flight, rows);
}

static void
ask_named_source(struct flight *flight, const char *source)
{
    const struct params *params = flight_params(flight);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "asset")->text),
        SQL_TEXT(params_get(params, "currency")->text),
        SQL_TEXT(source),
        SQL_TIME_MS(as_of_now_ms(params)),
    };

    if (as_of_given(params))
        flight_ask(flight, &query_chart_source_as_of, values, COUNT_OF(values), charts_chosen);
    else
        flight_ask(flight, &query_chart_source, values, COUNT_OF(values) - 1, charts_chosen);
}

static void
ask_best_source(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct chart *chart = flight_context(flight);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "asset")->text),
        SQL_TEXT(params_get(params, "currency")->text),
        SQL_INT(chart->interval->stored_s),
        SQL_TIME_MS(first_open_ms(params, chart->interval->interval_s)),
        SQL_TIME_MS(as_of_now_ms(params)),
    };

    if (as_of_given(params))
        flight_ask(flight, &query_chart_choose_as_of, values, COUNT_OF(values), charts_chosen);
    else
        flight_ask(flight, &query_chart_choose, values, COUNT_OF(values) - 1, charts_chosen);
}

static void
charts_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct chart *chart = arena_alloc(flight_arena(flight), sizeof *chart);
    const char *source = params_get(params, "source")->text;

    chart->interval = chart_interval_find(interval_of(params));
    flight_set_context(flight, chart);
    if (as_of_given(params))
        freshness_set_past(flight_freshness(flight), as_of_now_ms(params));
    if (source)
        ask_named_source(flight, source);
    else
        ask_best_source(flight);
}

static bool
charts_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    return as_of_check(params, now_ms, ret_problem) && chart_forms_check(params, ret_problem);
}

const struct reading charts_reading = {.name = charts_name,
                                       .check = charts_check,
                                       .client_s = as_of_client_s,
                                       .tag = charts_tag,
                                       .start = charts_start};
