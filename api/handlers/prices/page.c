#include "api/handlers/prices/page.h"

#include "api/answer/formats.h"
#include "api/answer/paging.h"
#include "api/cache/freshness.h"
#include "api/handlers/prices/export.h"
#include "api/handlers/prices/reader.h"
#include "api/params/as_of.h"
#include "common/clock.h"

#include <stdlib.h>

enum { QUESTIONS_MAX = 12 /* for one page; one that has cost so many ends early */ };

/* What a flight carries from one question to the next. */
struct page {
    struct price_reader reader;
    struct price_question question;
    struct text text;
    size_t rows, rows_max;
    int32_t questions;
};

static void
page_tag(const struct params *params, struct tag_list *tags)
{
    if (as_of_is_settled(params, clock_now_ms()))
        return;
    tag_list_add(tags, arena_printf(tags->arena, "chart:%s/%s", params_get(params, "symbol")->text,
                                    params_get(params, "currency")->text));
}

/* What is asked for by name changes with it, the rest with everything. */
static void
list_tag(const struct params *params, struct tag_list *tags)
{
    const struct param_value *assets = price_param(params, "asset");
    const struct param_value *quotes = price_param(params, "quote");

    if (as_of_is_settled(params, clock_now_ms()))
        return;
    if (!quotes)
        quotes = price_param(params, "currency");
    if (!assets || !quotes || assets->item_count * quotes->item_count > CACHE_TAGS_MAX) {
        tag_list_add(tags, "data");
        return;
    }
    for (size_t i = 0; i < assets->item_count; i++) {
        for (size_t k = 0; k < quotes->item_count; k++)
            tag_list_add(
                tags, arena_printf(tags->arena, "chart:%s/%s", assets->items[i], quotes->items[k]));
    }
}

/* ----------------------------------------------------------------------------------- rendering */

static void
add_lwc(struct text *text, const struct price_reader *reader)
{
    const struct bytes *cells = reader->cells;
    static const char *const names[] = {"open", "high", "low", "close"};

    text_add_string(text, "{\"time\":");
    text_add_int(text, strtoll(cells[CELL_TIME].data, NULL, 10) / 1000);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        text_add_format(text, ",\"%s\":", names[i]);
        text_add(text, cells[CELL_OPEN + i].data, cells[CELL_OPEN + i].size);
    }
    text_add_char(text, '}');
}

static void
add_row(struct page *page, const struct params *params, const struct bytes *cells)
{
    const struct price_columns *columns = &page->reader.columns;
    enum format format = formats_of(params);

    if ((format == FORMAT_JSON || format == FORMAT_LWC) && page->rows > 0)
        text_add_char(&page->text, ',');
    if (format == FORMAT_LWC)
        add_lwc(&page->text, &page->reader);
    else
        members_add_cells(&page->text, members_form_of(params), columns->members, columns->count,
                          cells);
    if (format == FORMAT_NDJSON)
        text_add_char(&page->text, '\n');
    page->rows++;
}

/* Of one symbol what its rows have in common; known once its series is. */
static void
add_head(struct page *page, const struct params *params)
{
    const struct param_value *symbol = price_param(params, "symbol");
    const struct param_value *source = price_param(params, "source");
    const struct price_series *series = price_walk_only_series(&page->reader.walk);
    struct text *text = &page->text;

    text_add_char(text, '{');
    as_of_add(text, params);
    if (symbol) {
        text_add_string(text, "\"asset\":");
        text_add_json_string(text, symbol->text);
        text_add_string(text, ",\"currency\":");
        text_add_json_string(text, params_get(params, "currency")->text);
        text_add_string(text, ",\"source\":");
        text_add_json_nullable(text, series ? series->source : source ? source->text : NULL);
        text_add_char(text, ',');
    }
    text_add_string(text, "\"granularity\":");
    text_add_json_string(text, params_get(params, "granularity")->text);
    text_add_string(text, ",\"rows\":[");
}

static void
begin(struct page *page, const struct params *params)
{
    switch (formats_of(params)) {
    case FORMAT_JSON:
        add_head(page, params);
        break;
    case FORMAT_LWC:
        text_add_char(&page->text, '[');
        break;
    case FORMAT_CSV:
        members_add_names(&page->text, page->reader.columns.members, page->reader.columns.count);
        break;
    case FORMAT_NDJSON:
    case FORMAT_PARQUET:
        break;
    }
}

/* A page that reaches up to now is as fresh as the newest candle of its series. */
static void
expect_more(struct flight *flight, const struct page *page, const char *next)
{
    const struct price_series *series = price_walk_only_series(&page->reader.walk);
    const struct granularity *granularity = page->reader.walk.window.granularity;

    if (next || !series || page->reader.walk.is_list || granularity->interval_s == 0 ||
        price_param(flight_params(flight), "end_time") ||
        price_param(flight_params(flight), "as_of"))
        return;
    freshness_expect_candles(flight_freshness(flight), series->source, series->asset,
                             series->currency, granularity->stored_s,
                             series->last_ms + granularity->stored_s * INT64_C(1000));
}

static void
land(struct flight *flight, struct page *page)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    const char *next = price_reader_stop(&page->reader, arena);
    const struct paging paging = {"cursor", "", NULL, next, NULL, -1, -1};
    enum format format = formats_of(params);
    size_t from;

    expect_more(flight, page, next);
    if (page->rows == 0 && page->text.size == 0)
        begin(page, params);
    if (format == FORMAT_JSON) {
        text_add_string(&page->text, "],\"next_cursor\":");
        from = page->text.size;
        text_add_json_nullable(&page->text, next);
        if (next) /* it tells up to when the list goes, and that is the moment of the reading */
            freshness_leave_out(flight_freshness(flight), &page->text, from);
        text_add_string(&page->text, "}\n");
    } else if (format == FORMAT_LWC) {
        text_add_string(&page->text, "]\n");
    }
    flight_add_head(flight, paging_head(params, &paging, arena));
    flight_land(flight, text_finish(&page->text));
}

/* ------------------------------------------------------------------------------------- reading */

static void go_on(struct flight *flight, struct page *page);

static void
on_answer(struct flight *flight, const struct rows *rows)
{
    struct page *page = flight_context(flight);

    if (page->question.of_series && !page->reader.walk.is_list && !flight_expect_row(flight, rows))
        return;
    if (page->question.of_series && rows->count > 0)
        flight_note_version(flight, rows_text(rows, 0, SERIES_VERSION));
    price_reader_take(&page->reader, &page->question, rows);
    go_on(flight, page);
}

/* Renders what there is, then asks on, until the page is full or nothing more comes. */
static void
go_on(struct flight *flight, struct page *page)
{
    const struct params *params = flight_params(flight);
    const struct bytes *cells;

    while (page->rows < page->rows_max && price_reader_pull(&page->reader, &cells)) {
        if (page->rows == 0)
            begin(page, params);
        add_row(page, params, cells);
    }
    if (page->rows == page->rows_max || page->questions++ == QUESTIONS_MAX ||
        !price_reader_next(&page->reader, page->rows_max - page->rows + 1, flight_arena(flight),
                           &page->question)) {
        land(flight, page);
        return;
    }
    flight_ask(flight, page->question.query, page->question.values, page->question.value_count,
               on_answer);
}

static void
finish(void *context)
{
    struct page *page = context;

    price_reader_finish(&page->reader);
}

static void
page_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct param_value *limit = price_param(params, "limit");
    struct arena *arena = flight_arena(flight);
    struct page *page = arena_alloc(arena, sizeof *page);

    *page = (struct page){.rows_max = limit ? (size_t)limit->integer : PRICE_PAGE_ROWS};
    price_reader_start(&page->reader, params, clock_now_ms());
    arena_defer(arena, finish, page);
    text_init(&page->text, arena, 4096);
    flight_set_context(flight, page);
    go_on(flight, page);
}

const struct reading price_series_reading = {.check = price_window_check,
                                             .client_s = as_of_client_s,
                                             .tag = page_tag,
                                             .start = page_start,
                                             .streams = price_is_export,
                                             .stream = price_export_start};
const struct reading price_list_reading = {.check = price_window_check,
                                           .client_s = as_of_client_s,
                                           .tag = list_tag,
                                           .start = page_start,
                                           .streams = price_is_export,
                                           .stream = price_export_start};
