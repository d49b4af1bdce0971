#include "api/handlers/orders.h"

#include "api/handlers/job_link.h"
#include "api/orders/errand.h"
#include "api/orders/idempotency.h"
#include "api/params/params.h"
#include "api/request.h"
#include "api/thread.h"
#include "common/text.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

/* What was asked for, copied: the request may end before the order is placed. */
struct order {
    const char *source;      /* NULL = any */
    int64_t pages;           /* of a sync */
    const char *slug, *code; /* of a prefetch */
    int64_t *item_pages;     /* of each item that is ordered; NULL = they have none */
    size_t item_count;
};

static const char refused_title[] = "The order cannot be placed now";

static const char *
copy_or_null(struct errand *errand, const char *text)
{
    return text ? arena_string(errand->arena, text) : NULL;
}

/* ------------------------------------------------------------------------------------ answers */

static void
add_job(struct text *text, const char *job_id, int64_t page, struct arena *arena)
{
    text_add_string(text, "{\"job_id\":");
    text_add_json_string(text, job_link_id(job_id, arena));
    text_add_string(text, ",\"job\":");
    text_add_json_string(text, job_id);
    text_add_string(text, ",\"source\":");
    text_add_json_bytes(text, job_id, strcspn(job_id, "/"));
    if (page > 0)
        text_add_format(text, ",\"page\":%" PRId64, page);
    text_add_string(text, ",\"status_url\":");
    text_add_json_string(text, job_link_path(job_id, arena));
    text_add_char(text, '}');
}

static int32_t
whole_seconds(int64_t wait_ms)
{
    return wait_ms <= 1000 ? 1 : (int32_t)((wait_ms + 999) / 1000);
}

/* Why not even one job was ordered. `letter` NULL = the broker is away. */
static void
refuse(struct errand *errand, const struct letter *letter)
{
    bool away = !letter, limited = false;
    int64_t wait_ms = ORDERS_SYNC_HOLD_MS;
    struct problem problem;

    for (size_t i = 0; letter && i < letter->answer_count; i++) {
        away = away || letter->answers[i].verdict == ORDER_AWAY;
        limited = limited || letter->answers[i].verdict == ORDER_LIMITED;
        if (letter->answers[i].verdict == ORDER_LIMITED && letter->answers[i].wait_ms < wait_ms)
            wait_ms = letter->answers[i].wait_ms;
    }
    if (away)
        problem_set(&problem, 503, "broker.away", refused_title,
                    "the broker takes no jobs; try again");
    else if (limited)
        problem_set(&problem, 503, "source.limited", refused_title,
                    "enough was ordered of this source for now; try again");
    else
        problem_set(&problem, 503, "source.unused", refused_title,
                    "nobody here works for a source that has it; try again");
    problem.retry_after_s = away ? 2 : whole_seconds(wait_ms);
    errand_refuse(errand, &problem);
}

static void
on_ordered(struct errand *errand, const struct letter *letter)
{
    const struct order *order = errand->context;
    const char *first = NULL;
    struct text text;

    text_init(&text, errand->arena, 256);
    text_add_string(&text, "\"jobs\":[");
    for (size_t i = 0; letter && i < letter->answer_count && i < order->item_count; i++) {
        const char *job_id = letter->answers[i].job_id;

        if (!job_id)
            continue;
        if (first)
            text_add_char(&text, ',');
        add_job(&text, job_id, order->item_pages ? order->item_pages[i] : 0, errand->arena);
        first = first ? first : arena_string(errand->arena, job_id);
    }
    text_add_string(&text, "]}\n");
    text_finish(&text);
    if (!first) {
        refuse(errand, letter);
        return;
    }
    text.data = arena_printf(
        errand->arena, "{\"status\":\"accepted\",\"job_id\":\"%s\",\"status_url\":\"%s\",%s",
        job_link_id(first, errand->arena), job_link_path(first, errand->arena), text.data);
    errand_answer(
        errand, 202,
        arena_printf(errand->arena, "Location: %s\r\n", job_link_path(first, errand->arena)),
        (struct bytes){text.data, strlen(text.data)});
}

static void
fail_for(struct errand *errand, const struct error *err)
{
    struct problem problem;

    problem_of_database(&problem, err);
    problem.retry_after_s = 1;
    errand_refuse(errand, &problem);
}

/* True, and answered, if nothing can be ordered here at all. */
static bool
is_off(struct request *request)
{
    struct problem problem;

    if (order_desk_orders(request->thread->desk))
        return false;
    problem_set(&problem, 404, "route.disabled", "There is nothing at this path",
                "ON_DEMAND_PER_MINUTE is 0");
    request_refuse(request, &problem);
    return true;
}

/* --------------------------------------------------------------------------------------- sync */

enum listing_column { LISTING_SOURCE, LISTING_ENABLED };

static void
fill_page(struct order_item *item, const char *source, int64_t page, struct arena *arena)
{
    struct order_way *way = arena_alloc_array(arena, 1, sizeof *way);

    *way = (struct order_way){
        .source = source,
        .symbol = arena_printf(arena, "listing/usd/%d/%" PRId64, ORDERS_PAGE_ROWS, page),
        .group = "",
        .symbols_max = 1,
    };
    *item = (struct order_item){
        .name = arena_printf(arena, "sync:%s/%" PRId64, source, page),
        .kind = JOB_LISTING,
        .ways = way,
        .way_count = 1,
        .args = arena_printf(arena, "{\"currency\":\"usd\",\"page\":%" PRId64 ",\"per_page\":%d}",
                             page, ORDERS_PAGE_ROWS),
        .hold_ms = ORDERS_SYNC_HOLD_MS,
        .useful_s = ORDERS_LISTING_USEFUL_S,
        .is_explicit = true,
    };
}

static void
refuse_source(struct errand *errand, bool is_known)
{
    const struct order *order = errand->context;
    struct problem problem;

    if (is_known)
        problem_set(&problem, 409, "source.disabled", "The source is switched off",
                    "%s is not asked until an administrator switches it on", order->source);
    else
        problem_set(&problem, 400, "source.no_listing", "The source has no market pages",
                    "%s lists markets, not coins; only aggregators can be synced",
                    order->source ? order->source : "no source");
    problem.parameter = "source";
    errand_refuse(errand, &problem);
}

static void
on_listings(struct errand *errand, const struct rows *rows, const struct error *err)
{
    struct order *order = errand->context;
    struct order_item *items;
    struct order_ask *ask;
    size_t count = 0;

    if (!rows) {
        fail_for(errand, err);
        return;
    }
    ask = order_ask_create();
    items = arena_alloc_array(ask->arena, rows->count * (size_t)order->pages + 1, sizeof *items);
    order->item_pages = arena_alloc_array(errand->arena, rows->count * (size_t)order->pages + 1,
                                          sizeof *order->item_pages);
    for (size_t row = 0; row < rows->count; row++) {
        const char *source = rows_text(rows, row, LISTING_SOURCE);

        for (int64_t page = 1; rows_bool(rows, row, LISTING_ENABLED) && page <= order->pages;
             page++) {
            order->item_pages[count] = page;
            fill_page(&items[count++], arena_string(ask->arena, source), page, ask->arena);
        }
    }
    order->item_count = ask->item_count = count;
    ask->items = items;
    if (count > 0) {
        errand_order(errand, ask, on_ordered);
    } else {
        arena_destroy(ask->arena);
        refuse_source(errand, rows->count > 0);
    }
}

static void
start_sync(struct errand *errand)
{
    const struct order *order = errand->context;

    errand_query(errand, &query_order_listings, SQL_VALUES(SQL_TEXT(order->source)), on_listings);
}

void
orders_sync_answer(struct request *request)
{
    struct errand *errand;
    struct order *order;

    if (is_off(request))
        return;
    errand = errand_begin(request);
    order = errand->context = arena_alloc_array(errand->arena, 1, sizeof *order);
    order->source = copy_or_null(errand, params_get(&request->params, "source")->text);
    order->pages = params_get(&request->params, "pages")->integer;
    idempotency_begin(errand, start_sync);
}

/* ----------------------------------------------------------------------------------- prefetch */

enum ways_column { WAY_PLACE, WAY_SOURCE, WAY_KIND, WAY_SYMBOLS, WAY_SYMBOL };

static void
refuse_pair(struct errand *errand)
{
    const struct order *order = errand->context;
    struct problem problem;

    problem_set(&problem, 404, "price.no_source", "No source has this price",
                "%s does not price %s in %s", order->source ? order->source : "nobody", order->slug,
                order->code);
    errand_refuse(errand, &problem);
}

static void
fill_pair(struct order_item *item, const struct order *order, const struct rows *rows,
          struct arena *arena)
{
    struct order_way *ways = arena_alloc_array(arena, rows->count, sizeof *ways);

    for (size_t row = 0; row < rows->count; row++)
        ways[row] = (struct order_way){
            .source = arena_string(arena, rows_text(rows, row, WAY_SOURCE)),
            .symbol = arena_string(arena, rows_text(rows, row, WAY_SYMBOL)),
            .group = "",
            .symbols_max = 1, /* its own job: its status is this order's alone */
        };
    *item = (struct order_item){
        .name = arena_printf(arena, "prefetch:%s/%s%s%s", order->slug, order->code,
                             order->source ? "@" : "", order->source ? order->source : ""),
        .kind = JOB_QUOTE,
        .ways = ways,
        .way_count = rows->count,
        .hold_ms = ORDERS_PREFETCH_HOLD_MS,
        .useful_s = ORDERS_PREFETCH_USEFUL_S,
        .is_explicit = true,
    };
}

static void
on_ways(struct errand *errand, const struct rows *rows, const struct error *err)
{
    struct order *order = errand->context;
    struct order_item *item;
    struct order_ask *ask;

    if (!rows) {
        fail_for(errand, err);
        return;
    }
    if (rows->count == 0) {
        refuse_pair(errand);
        return;
    }
    ask = order_ask_create();
    item = arena_alloc_array(ask->arena, 1, sizeof *item);
    fill_pair(item, order, rows, ask->arena);
    ask->items = item;
    ask->item_count = 1;
    order->item_count = 1;
    errand_order(errand, ask, on_ordered);
}

static void
start_prefetch(struct errand *errand)
{
    const struct order *order = errand->context;
    struct arena *arena = errand->arena;

    errand_query(errand, &query_order_ways,
                 SQL_VALUES(SQL_TEXT(array_of_one(order->slug, arena)),
                            SQL_TEXT(array_of_one(order->code, arena)),
                            SQL_TEXT(array_of_one(order->source, arena))),
                 on_ways);
}

void
orders_prefetch_answer(struct request *request)
{
    const struct params *params = &request->params;
    struct errand *errand;
    struct order *order;

    if (is_off(request))
        return;
    errand = errand_begin(request);
    order = errand->context = arena_alloc_array(errand->arena, 1, sizeof *order);
    order->source = copy_or_null(errand, params_get(params, "source")->text);
    order->slug = arena_string(errand->arena, params_get(params, "symbol")->text);
    order->code = arena_string(errand->arena, params_get(params, "currency")->text);
    idempotency_begin(errand, start_prefetch);
}
