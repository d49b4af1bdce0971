#include "api/cache/flight_order.h"

#include "api/cache/flight_share.h"
#include "api/orders/order_desk.h"
#include "common/clock.h"
#include "schema/queries.h"

#include <event2/event.h>
#include <string.h>

/* A pair that the answer should tell a price of, or a newer one. */
struct lack {
    const char *name; /* of the order: "bitcoin/usd", "bitcoin/usd@kraken" */
    const char *slug, *code, *source;
    uint64_t tag; /* of its chart, which every price of the pair moves */
    bool is_missing;
    bool answered; /* `verdict` and what follows say something */
    enum order_verdict verdict;
    const char *job_id;
    int64_t wait_ms;
    bool ended; /* its job is over, and has not brought it */
};

enum phase {
    READING,
    FINDING_WAYS,
    ORDERING, /* the orders thread has not answered yet */
    WAITING,
    OVER,
};

struct flight_order {
    struct flight *flight;
    struct order_waiter waiter;
    enum phase phase;
    struct lack *lacks; /* of the last reading */
    size_t count, room;
    struct lack *before; /* of the reading before it, for what became of them */
    size_t before_count;
    size_t *asked; /* which of `lacks` are ordered in this round, as items of the ask */
    size_t asked_count;
    bool has_price; /* the answer tells a price of at least one pair */
    struct http_body *draft;
    struct event *timer;
    int64_t until_ms; /* monotonic; 0 = nothing was waited for yet */
    bool moved;       /* one of them has changed, perhaps after the reading */
    int32_t rounds, readings;
};

enum ways_column { WAY_PLACE, WAY_SOURCE, WAY_KIND, WAY_SYMBOLS, WAY_SYMBOL };

static void go_on(struct flight_order *order);

/* ------------------------------------------------------------------------------------ noting */

static struct flight_order *
need_order(struct flight *flight)
{
    struct flight_order *order = flight->order;

    if (order)
        return order;
    order = arena_alloc_array(flight->arena, 1, sizeof *order);
    order->flight = flight;
    flight->order = order;
    return order;
}

static void
add_lack(struct flight_order *order, const struct lack *lack)
{
    size_t bytes = order->room * sizeof *order->lacks;

    if (order->count == ORDERS_ITEMS_MAX)
        return;
    if (order->count == order->room) {
        order->room = order->room ? 2 * order->room : 8;
        order->lacks = arena_grow(order->flight->arena, order->lacks, bytes,
                                  order->room * sizeof *order->lacks);
    }
    order->lacks[order->count++] = *lack;
}

void
flight_note_pair(struct flight *flight, const char *slug, const char *code, const char *source,
                 enum pair_found found)
{
    struct arena *arena = flight->arena;
    struct flight_order *order;

    if (!flight->reading->on_demand || !order_desk_orders(flight->flights->settings.desk))
        return;
    order = need_order(flight);
    order->has_price = order->has_price || found != PAIR_MISSING;
    if (found == PAIR_FRESH)
        return;
    slug = arena_string(arena, slug);
    code = arena_string(arena, code);
    source = source ? arena_string(arena, source) : NULL;
    add_lack(order, &(struct lack){
                        .name = arena_printf(arena, "%s/%s%s%s", slug, code, source ? "@" : "",
                                             source ? source : ""),
                        .slug = slug,
                        .code = code,
                        .source = source,
                        .tag = cache_tag(flight->flights->cache,
                                         arena_printf(arena, "chart:%s/%s", slug, code)),
                        .is_missing = found == PAIR_MISSING,
                    });
}

/* What was ordered for the reading before is not ordered anew. */
static void
remember(struct flight_order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        for (size_t k = 0; k < order->before_count; k++) {
            const struct lack *before = &order->before[k];
            struct lack *lack = &order->lacks[i];

            if (!before->answered || strcmp(before->name, lack->name) != 0)
                continue;
            lack->answered = true;
            lack->verdict = before->verdict;
            lack->job_id = before->job_id;
            lack->wait_ms = before->wait_ms;
            lack->ended = before->ended;
        }
    }
    order->before_count = 0;
}

void
flight_order_begin(struct flight *flight)
{
    struct flight_order *order = flight->order;

    if (!order)
        return;
    remember(order);
    order->before = order->lacks;
    order->before_count = order->count;
    order->lacks = NULL;
    order->count = order->room = 0;
    order->has_price = false;
}

/* ------------------------------------------------------------------------------------ ending */

void
flight_order_finish(struct flight *flight)
{
    struct flight_order *order = flight->order;

    if (!order)
        return;
    order->phase = OVER;
    order_waiter_leave(&order->waiter);
    if (order->timer)
        event_free(order->timer);
    order->timer = NULL;
    http_body_release(order->draft);
    order->draft = NULL;
}

static bool
is_pending(const struct lack *lack)
{
    return lack->answered && !lack->ended &&
           (lack->verdict == ORDER_NEW || lack->verdict == ORDER_JOINED);
}

static int32_t
whole_seconds(int64_t wait_ms)
{
    return wait_ms <= 1000 ? 1 : (int32_t)((wait_ms + 999) / 1000);
}

/* Why nothing can be told now although it may be later; false if nobody has it. */
static bool
find_reason(const struct flight_order *order, struct problem *ret_problem)
{
    bool away = false, pending = false, limited = false;
    int64_t wait_ms = ORDER_HOLD_MS;

    for (size_t i = 0; i < order->count; i++) {
        const struct lack *lack = &order->lacks[i];

        away = away || lack->verdict == ORDER_AWAY;
        pending = pending || is_pending(lack) || lack->ended;
        limited = limited || lack->verdict == ORDER_LIMITED;
        if (lack->verdict == ORDER_LIMITED && lack->wait_ms < wait_ms)
            wait_ms = lack->wait_ms;
    }
    if (pending)
        problem_set(ret_problem, 503, "price.on_its_way", "The price is not there yet",
                    "a source has been asked for it; try again");
    else if (limited)
        problem_set(ret_problem, 503, "source.limited", "The price is not there yet",
                    "the sources that may have it cannot be asked now; try again");
    else if (away)
        problem_set(ret_problem, 503, "broker.away", "The price is not there yet",
                    "it cannot be asked for while the broker is away; try again");
    ret_problem->retry_after_s = pending ? 2 : limited ? whole_seconds(wait_ms) : 2;
    return pending || limited || away;
}

static void
count_end(struct flight_order *order)
{
    struct flights_counts *counts = &order->flight->flights->counts;
    bool pending = false;

    for (size_t i = 0; i < order->count; i++)
        pending = pending || is_pending(&order->lacks[i]);
    if (order->until_ms == 0)
        counts->order_refusals++;
    else if (order->count == 0)
        counts->order_answers++;
    else if (pending)
        counts->order_timeouts++;
    else
        counts->order_failures++;
}

/* Lands what there is, or says why there is nothing. The flight is gone after it. */
static void
end(struct flight_order *order)
{
    struct flight *flight = order->flight;
    struct http_body *draft = order->draft;
    struct problem problem;
    bool refuses = !order->has_price && order->count > 0 && find_reason(order, &problem);

    count_end(order);
    order->draft = NULL;
    flight_order_finish(flight);
    if (flight->flights->stopping)
        refuses =
            !problem_set(&problem, 503, "stopping", "This replica is stopping", "ask another one");
    if (!refuses) {
        flight_land_held(flight, draft);
        return;
    }
    http_body_release(draft);
    flight_fail(flight, &problem);
}

/* ----------------------------------------------------------------------------------- waiting */

/*
 * Whether a commit has brought one of them: our job, or any other. Of what several transactions
 * changed only the last is known, which is enough: a later letter is about it.
 */
static bool
is_about(const struct flight_order *order, const struct letter *letter)
{
    const struct cache *cache = order->flight->flights->cache;

    for (size_t i = 0; i < order->count; i++) {
        const struct lack *lack = &order->lacks[i];

        if ((lack->job_id && letter->job_id && strcmp(lack->job_id, letter->job_id) == 0) ||
            cache_last_change(cache, &lack->tag, 1) == letter->version)
            return true;
    }
    return false;
}

static void
read_again(struct flight_order *order)
{
    http_body_release(order->draft);
    order->draft = NULL;
    order->phase = READING;
    order->moved = false;
    event_del(order->timer);
    flight_read(order->flight);
}

static void
on_timer(evutil_socket_t fd, short events, void *context)
{
    struct flight_order *order = context;

    if (order->phase == WAITING || order->phase == ORDERING)
        end(order);
}

static void
set_timer(struct flight_order *order)
{
    int64_t left_ms = order->until_ms - clock_monotonic_ms();
    const struct timeval wait = {left_ms > 0 ? left_ms / 1000 : 0,
                                 left_ms > 0 ? left_ms % 1000 * 1000 : 1};

    if (!order->timer)
        order->timer = evtimer_new(order->flight->flights->base, on_timer, order);
    event_add(order->timer, &wait);
}

/* The job that a letter is about is over for those that wait for it. */
static void
note_end(struct flight_order *order, const char *job_id)
{
    for (size_t i = 0; job_id && i < order->count; i++) {
        struct lack *lack = &order->lacks[i];

        if (lack->job_id && strcmp(lack->job_id, job_id) == 0)
            lack->ended = true;
    }
}

static void
note_answers(struct flight_order *order, const struct letter *letter)
{
    for (size_t i = 0; i < order->asked_count && i < letter->answer_count; i++) {
        const struct order_answer *answer = &letter->answers[i];
        struct lack *lack = &order->lacks[order->asked[i]];

        lack->answered = true;
        lack->ended = false;
        lack->verdict = answer->verdict;
        lack->wait_ms = answer->wait_ms;
        lack->job_id = answer->job_id ? arena_string(order->flight->arena, answer->job_id) : NULL;
        order->flight->flights->counts.orders[answer->verdict]++;
    }
}

static void
take(struct order_waiter *waiter, const struct letter *letter)
{
    struct flight_order *order =
        (struct flight_order *)(void *)((char *)waiter - offsetof(struct flight_order, waiter));

    if (letter->kind == LETTER_ORDERED) {
        if (order->phase != ORDERING)
            return;
        note_answers(order, letter);
        order->phase = WAITING;
    } else {
        order->moved = order->moved || (letter->kind == LETTER_CHANGED && is_about(order, letter));
        note_end(order, letter->job_id);
    }
    if (order->phase == WAITING)
        go_on(order);
}

/* ---------------------------------------------------------------------------------- ordering */

/* What is to be ordered in this round: it was not yet, or its job failed. */
static void
choose_asked(struct flight_order *order)
{
    order->asked = arena_alloc_array(order->flight->arena, order->count + 1, sizeof *order->asked);
    order->asked_count = 0;
    for (size_t i = 0; i < order->count; i++) {
        if (!order->lacks[i].answered || order->lacks[i].ended)
            order->asked[order->asked_count++] = i;
    }
}

static void
refuse_asked(struct flight_order *order, enum order_verdict verdict)
{
    for (size_t i = 0; i < order->asked_count; i++) {
        struct lack *lack = &order->lacks[order->asked[i]];

        if (lack->ended)
            continue;
        lack->answered = true;
        lack->verdict = verdict;
        lack->wait_ms = 1000;
        order->flight->flights->counts.orders[verdict]++;
    }
}

static void
fill_item(struct order_item *item, const struct lack *lack, const struct rows *rows, size_t place,
          size_t *row, struct arena *arena)
{
    struct order_way *ways = arena_alloc_array(arena, rows->count - *row + 1, sizeof *ways);

    *item = (struct order_item){
        .name = arena_string(arena, lack->name),
        .kind = JOB_QUOTE,
        .ways = ways,
        .hold_ms = ORDER_HOLD_MS,
        .useful_s = ORDERS_JOB_USEFUL_S,
    };
    for (; *row < rows->count && rows_int(rows, *row, WAY_PLACE, 0) == (int64_t)place; (*row)++) {
        bool by_currency = strcmp(rows_text(rows, *row, WAY_KIND), "aggregator") == 0;

        ways[item->way_count++] = (struct order_way){
            .source = arena_string(arena, rows_text(rows, *row, WAY_SOURCE)),
            .symbol = arena_string(arena, rows_text(rows, *row, WAY_SYMBOL)),
            .group = by_currency ? arena_string(arena, lack->code) : "",
            .symbols_max = (int32_t)rows_int(rows, *row, WAY_SYMBOLS, 1),
        };
    }
}

static struct order_ask *
make_ask(const struct flight_order *order, const struct rows *rows)
{
    struct order_ask *ask = order_ask_create();
    struct order_item *items = arena_alloc_array(ask->arena, order->asked_count + 1, sizeof *items);
    size_t row = 0;

    for (size_t i = 0; i < order->asked_count; i++)
        fill_item(&items[i], &order->lacks[order->asked[i]], rows, i + 1, &row, ask->arena);
    ask->items = items;
    ask->item_count = order->asked_count;
    return ask;
}

static void
on_ways(void *context, const struct rows *rows, const struct error *err)
{
    struct flight_order *order = context;
    struct flights *flights = order->flight->flights;

    if (!rows || flights->stopping) {
        refuse_asked(order, ORDER_LIMITED);
        end(order);
        return;
    }
    order->waiter.take = take;
    order->waiter.hears_ends = true;
    order->phase = ORDERING;
    if (order_desk_ask(flights->settings.desk, make_ask(order, rows), &order->waiter)) {
        set_timer(order);
        return;
    }
    refuse_asked(order, ORDER_AWAY);
    end(order);
}

static void
find_ways(struct flight_order *order)
{
    struct flight *flight = order->flight;
    struct database_value *values = arena_alloc_array(flight->arena, 3, sizeof *values);
    struct text slugs, codes, sources;

    array_start(&slugs, flight->arena, 16 * order->asked_count);
    array_start(&codes, flight->arena, 8 * order->asked_count);
    array_start(&sources, flight->arena, 8 * order->asked_count);
    for (size_t i = 0; i < order->asked_count; i++) {
        const struct lack *lack = &order->lacks[order->asked[i]];

        array_add(&slugs, lack->slug);
        array_add(&codes, lack->code);
        array_add(&sources, lack->source);
    }
    values[0] = SQL_TEXT(array_finish(&slugs));
    values[1] = SQL_TEXT(array_finish(&codes));
    values[2] = SQL_TEXT(array_finish(&sources));
    order->phase = FINDING_WAYS;
    order->rounds++;
    if (order->until_ms == 0)
        order->until_ms = clock_monotonic_ms() + flight->flights->settings.order_wait_ms;
    pool_query(flight->flights->pool, POOL_GOES_ON, &query_order_ways, values, 3, flight->arena,
               on_ways, order);
}

/* All that is lacking was ordered a moment ago, and waiting is no use. */
static bool
is_held(const struct flight_order *order)
{
    struct orders *orders = order_desk_orders(order->flight->flights->settings.desk);

    for (size_t i = 0; i < order->count; i++) {
        struct lack *lack = &order->lacks[i];
        struct order_answer answer;

        if (!orders_look(orders, lack->name, order->flight->arena, &answer) ||
            answer.verdict != ORDER_HELD)
            return false;
    }
    return true;
}

/* The next step, once the draft is there and nothing is under way. */
static void
go_on(struct flight_order *order)
{
    bool in_time = order->until_ms == 0 || clock_monotonic_ms() < order->until_ms;
    bool pending = false;

    if (order->moved && order->readings < FLIGHT_ORDER_READINGS_MAX) {
        read_again(order);
        return;
    }
    choose_asked(order);
    if (order->asked_count > 0 && in_time && order->rounds < FLIGHT_ORDER_ROUNDS_MAX) {
        find_ways(order);
        return;
    }
    for (size_t i = 0; i < order->count; i++)
        pending = pending || is_pending(&order->lacks[i]);
    if (!pending || !in_time) {
        end(order);
        return;
    }
    order->phase = WAITING;
    set_timer(order);
}

/* Why nothing can be ordered, or nothing would be heard of it; ORDER_NEW if all is well. */
static enum order_verdict
reason_not_to_order(const struct flight_order *order)
{
    const struct flights_settings *settings = &order->flight->flights->settings;

    if (order_desk_is_crowded(settings->desk))
        return ORDER_LIMITED;
    if (!order_desk_is_open(settings->desk) || board_broker(settings->board) != PART_CONNECTED)
        return ORDER_AWAY;
    return is_held(order) ? ORDER_HELD : ORDER_NEW;
}

bool
flight_order_holds(struct flight *flight, struct http_body *body)
{
    struct flight_order *order = flight->order;
    enum order_verdict reason = ORDER_NEW;

    if (!order || order->phase == OVER || (order->count == 0 && order->until_ms == 0))
        return false;
    order->draft = body;
    order->readings++;
    remember(order);
    if (order->until_ms == 0)
        reason = reason_not_to_order(order);
    if (reason != ORDER_NEW) {
        choose_asked(order);
        refuse_asked(order, reason);
    }
    if (reason != ORDER_NEW || order->count == 0)
        end(order);
    else
        go_on(order);
    return true;
}
