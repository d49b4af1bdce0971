#include "api/handlers/listings/page.h"

#include "api/answer/formats.h"
#include "api/answer/paging.h"
#include "api/handlers/listings/row.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    COUNTED_MAX = 50000, /* more are not counted: the answer says that it stopped there */
    ASSET_ID_MAX = INT32_MAX,
};

#define LAST_WORD "\xf4\x8f\xbf\xbf" /* U+10FFFF: no name comes behind it */

/* What is in a cursor. The total is of the first page, which alone counts. */
enum { CURSOR_VALUE, CURSOR_ASSET_ID, CURSOR_TOTAL, CURSOR_VALUES };

/* What a page is asked with, in the terms of the queries. */
struct order {
    const char *sort;
    bool by_word, descending;
    /* Where the rows begin: behind these. */
    const char *number, *word;
    int64_t asset_id, asset_id_of_nulls;
};

/* ----------------------------------------------------------------------------------- checking */

static bool
check_bounds(const struct params *params, const char *min_name, const char *max_name,
             struct problem *problem)
{
    const char *min = params_get(params, min_name)->text;
    const char *max = params_get(params, max_name)->text;

    if (!min || !max || decimal_compare(min, max) <= 0)
        return true;
    problem_set(problem, 400, "parameter.range", "The request has a parameter that cannot be used",
                "%s: less than %s, so that nothing could be between them", max_name, min_name);
    problem->parameter = max_name;
    problem->allowed = "\"at least the lower bound\"";
    return false;
}

static bool
page_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    return check_bounds(params, "min_market_cap", "max_market_cap", ret_problem) &&
           check_bounds(params, "min_volume", "max_volume", ret_problem);
}

static void
page_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, "data");
}

/* ------------------------------------------------------------------------------------ reading */

/* Words and ranks begin with the first, numbers with the greatest, unless it was said. */
static bool
is_descending(const struct params *params, const char *sort)
{
    const struct param_value *order = params_get(params, "order");

    if (order->given)
        return strcmp(order->text, "desc") == 0;
    return strcmp(sort, "name") != 0 && strcmp(sort, "symbol") != 0 && strcmp(sort, "rank") != 0;
}

static void
begin_at_first(struct order *order)
{
    order->number = order->descending ? "Infinity" : "-Infinity";
    if (order->by_word)
        order->number = "0";
    order->word = order->descending ? LAST_WORD : "";
    if (!order->by_word)
        order->word = "";
    order->asset_id = order->descending ? ASSET_ID_MAX : 0;
    order->asset_id_of_nulls = order->asset_id;
}

/* The rows with a value come before those without. */
static void
begin_behind(struct order *order, const struct param_value *cursor)
{
    const char *value = cursor->items[CURSOR_VALUE];
    int64_t asset_id = strtoll(cursor->items[CURSOR_ASSET_ID], NULL, 10);

    if (!value) {
        order->number = order->descending ? "-Infinity" : "Infinity";
        order->asset_id_of_nulls = asset_id;
        return;
    }
    *(order->by_word ? &order->word : &order->number) = value;
    order->asset_id = asset_id;
}

static struct order
find_order(const struct params *params)
{
    const struct param_value *cursor = params_get(params, "cursor");
    struct order order = {.sort = params_get(params, "sort")->text};

    order.by_word = strcmp(order.sort, "name") == 0 || strcmp(order.sort, "symbol") == 0;
    order.descending = is_descending(params, order.sort);
    begin_at_first(&order);
    if (cursor->given)
        begin_behind(&order, cursor);
    return order;
}

static const struct query *
choose_query(const struct order *order, bool of_source)
{
    if (of_source)
        return order->descending ? &query_listing_own_descending : &query_listing_own_ascending;
    if (order->by_word)
        return order->descending ? &query_listing_words_descending : &query_listing_words_ascending;
    return order->descending ? &query_listing_page_descending : &query_listing_page_ascending;
}

static const char *
symbols_array(const struct param_value *symbols, struct arena *arena)
{
    struct text array;

    if (!symbols->given)
        return NULL;
    array_start(&array, arena, 16 * symbols->item_count);
    for (size_t i = 0; i < symbols->item_count; i++)
        array_add(&array, symbols->items[i]);
    return array_finish(&array);
}

/* ---------------------------------------------------------------------------------- rendering */

static int64_t
page_total(const struct params *params, const struct rows *rows)
{
    const struct param_value *cursor = params_get(params, "cursor");

    if (cursor->given)
        return strtoll(cursor->items[CURSOR_TOTAL], NULL, 10);
    return rows_int(rows, 0, LISTING_TOTAL, 0);
}

/* Of the rows behind this page; NULL if it is the last. */
static const char *
next_cursor(struct flight *flight, const struct listing *listing)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    size_t last = listing->count - 1;
    const char *values[CURSOR_VALUES];

    if (listing_count(&listing->rows) <= listing->count)
        return NULL;
    values[CURSOR_VALUE] = rows_text(&listing->rows, last, LISTING_VALUE);
    values[CURSOR_ASSET_ID] = rows_text(&listing->rows, last, LISTING_ASSET_ID);
    values[CURSOR_TOTAL] = arena_printf(arena, "%" PRId64, page_total(params, &listing->rows));
    return paging_cursor(params, values, CURSOR_VALUES, arena);
}

static void
add_opening(struct text *text, const struct params *params, const struct rows *rows,
            const char *cursor)
{
    struct order order = find_order(params);
    int64_t total = page_total(params, rows);

    text_add_string(text, "{\"currency\":");
    text_add_json_string(text, params_get(params, "currency")->text);
    text_add_string(text, ",\"source\":");
    text_add_json_nullable(text, listing_source(params));
    text_add_string(text, ",\"sort\":");
    text_add_json_string(text, order.sort);
    text_add_format(text,
                    ",\"order\":\"%s\",\"total_count\":%" PRId64
                    ",\"total_is_exact\":%s,\"next_cursor\":",
                    order.descending ? "desc" : "asc", total > COUNTED_MAX ? COUNTED_MAX : total,
                    total > COUNTED_MAX ? "false" : "true");
    text_add_json_nullable(text, cursor);
    text_add_string(text, ",\"data\":");
}

static void
page_render(struct flight *flight, const struct rows *prices)
{
    const struct listing *listing = flight_context(flight);
    const struct params *params = flight_params(flight);
    const char *cursor = next_cursor(flight, listing);
    const struct paging paging = {"cursor", "", NULL, cursor, NULL, -1, -1};
    bool is_json = formats_of(params) == FORMAT_JSON;
    struct text text;

    flight_add_head(flight, paging_head(params, &paging, flight_arena(flight)));
    text_init(&text, flight_arena(flight), 512 + 1024 * listing->count);
    if (is_json)
        add_opening(&text, params, &listing->rows, cursor);
    listing_add(&text, flight, prices);
    if (is_json)
        text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
page_found(struct flight *flight, const struct rows *rows)
{
    size_t limit = (size_t)params_get(flight_params(flight), "limit")->integer;
    size_t count;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, LISTING_VERSION));
    count = listing_count(rows);
    listing_ask_prices(flight, rows, count < limit ? count : limit, page_render);
}

/* One row more than is told says whether there is another page. */
static void
page_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct order order = find_order(params);
    const char *source = listing_source(params);
    const struct database_value values[] = {
        SQL_TEXT(params_get(params, "currency")->text),
        SQL_TEXT(order.sort),
        SQL_TEXT(order.by_word && !source ? order.word : order.number),
        SQL_INT(order.asset_id),
        SQL_INT(order.asset_id_of_nulls),
        SQL_INT(params_get(params, "limit")->integer + 1),
        SQL_TEXT(params_get(params, "min_market_cap")->text),
        SQL_TEXT(params_get(params, "max_market_cap")->text),
        SQL_TEXT(params_get(params, "min_volume")->text),
        SQL_TEXT(params_get(params, "max_volume")->text),
        SQL_TEXT(symbols_array(params_get(params, "symbol"), flight_arena(flight))),
        SQL_BOOL(!params_get(params, "cursor")->given),
        SQL_INT(COUNTED_MAX + 1),
        SQL_TEXT(source), /* this and the next of one source's own rows only */
        SQL_TEXT(order.word),
    };

    flight_ask(flight, choose_query(&order, source != NULL), values,
               COUNT_OF(values) - (source ? 0 : 2), page_found);
}

const struct reading listings_page_reading = {
    .check = page_check, .tag = page_tag, .start = page_start};
