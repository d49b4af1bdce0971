#include "ingest/ctl/backfill_plan.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"

#include <string.h>

static const struct {
    const char *name;
    int64_t step_ms;
} intervals[] = {
    {"5m", 300000  },
    {"1h", 3600000 },
    {"1d", 86400000},
};

static int64_t
ceil_to(int64_t at_ms, int64_t step_ms)
{
    return (at_ms + step_ms - 1) / step_ms * step_ms;
}

static bool
read_arguments(const struct call *call, struct backfill_plan *plan, struct error *err)
{
    size_t last = call->argument_count - 1;

    plan->source = source_find(call->arguments[0]);
    if (!plan->source)
        return error_set(err, ERROR_FATAL, "usage", "%.60s: there is no such source",
                         call->arguments[0]);
    plan->interval = call->arguments[last];
    for (size_t i = 0; i < COUNT_OF(intervals); i++)
        if (strcmp(intervals[i].name, plan->interval) == 0)
            plan->step_ms = intervals[i].step_ms;
    if (plan->step_ms == 0)
        return error_set(err, ERROR_FATAL, "usage", "%.60s: the interval must be 5m, 1h or 1d",
                         plan->interval);
    plan->symbols = call->arguments + 1;
    plan->symbol_count = last - 1;
    if (!source_is_provider(plan->source))
        return error_set(err, ERROR_REJECT, "backfill.source", "%s is no provider of candles",
                         plan->source->name);
    if (plan->source->upstream == UPSTREAM_FOLDER)
        return error_set(err, ERROR_REJECT, "backfill.source",
                         "%s cannot be asked for a window: what lies in its folder is read anyway",
                         plan->source->name);
    return true;
}

/* One that is named twice would be counted twice. */
static bool
refuse_twins(const struct backfill_plan *plan, struct error *err)
{
    for (size_t i = 0; i < plan->symbol_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(plan->symbols[i], plan->symbols[k]) == 0)
                return error_set(err, ERROR_FATAL, "usage", "%.60s is there twice",
                                 plan->symbols[i]);
    return true;
}

/* Up to the newest candle that is closed. */
static bool
read_window(const struct call *call, int64_t now_ms, struct backfill_plan *plan, struct error *err)
{
    int64_t closed_ms = now_ms / plan->step_ms * plan->step_ms;

    if (!call_has(call, "from"))
        return error_set(err, ERROR_FATAL, "usage", "backfill needs --from DATE");
    plan->from_ms = ceil_to(call_number(call, "from", 0), plan->step_ms);
    plan->until_ms = ceil_to(call_number(call, "to", closed_ms), plan->step_ms);
    if (plan->until_ms > closed_ms && call_number(call, "to", 0) > now_ms)
        return error_set(err, ERROR_REJECT, "backfill.window", "--to is in the future");
    if (plan->until_ms > closed_ms)
        plan->until_ms = closed_ms;
    if (plan->from_ms >= plan->until_ms)
        return error_set(err, ERROR_REJECT, "backfill.window",
                         "there is no closed candle of %s between --from and --to", plan->interval);
    return true;
}

/* "20260101", or "20260101T0800" when it is no midnight: part of a stream's name. */
static const char *
moment_name(int64_t at_ms, struct arena *arena)
{
    char at[CLOCK_TEXT_SIZE]; /* 2026-11-21T08:41:05.123Z */

    clock_format_ms(at_ms, at);
    if (at_ms % 86400000 == 0)
        return arena_printf(arena, "%.4s%.2s%.2s", at, at + 5, at + 8);
    return arena_printf(arena, "%.4s%.2s%.2sT%.2s%.2s", at, at + 5, at + 8, at + 11, at + 14);
}

/*
 * The stream is of this window alone, so that the regular history goes on from where it was, and
 * the same backfill ordered again goes on from where the first one got to.
 */
static struct order
make_order(const struct call *call, const struct backfill_plan *plan, const char *symbol,
           int64_t now_ms)
{
    const char *series = call_text(call, "series");
    struct arena *arena = call->arena;
    int64_t slot_s = now_ms / 1000;
    struct text args;

    text_init(&args, arena, 160);
    text_add_string(&args, "{\"symbol\":");
    text_add_json_string(&args, symbol);
    text_add_format(&args, ",\"interval\":\"%s\",\"lookback_s\":%lld,\"until_s\":%lld",
                    plan->interval, (long long)(slot_s - plan->from_ms / 1000),
                    (long long)(plan->until_ms / 1000));
    if (series)
        text_add_format(&args, ",\"series\":\"%s\"", series);
    text_add_char(&args, '}');
    return (struct order){
        .source = plan->source->name,
        .kind = JOB_HISTORY,
        .stream =
            arena_printf(arena, "backfill/%s/%s%s%s/%s-%s", symbol, plan->interval,
                         series ? "/" : "", series ? series : "", moment_name(plan->from_ms, arena),
                         moment_name(plan->until_ms, arena)),
        .args = text_finish(&args).data,
        .slot_s = slot_s,
    };
}

/* What the source would ask for first, were it asked now. */
static bool
check_order(const struct call *call, const struct backfill_plan *plan, const struct order *order,
            int64_t now_ms, struct error *err)
{
    struct bytes args = {order->args, strlen(order->args)};
    struct job job = {.source = order->source,
                      .kind = order->kind,
                      .stream = order->stream,
                      .args_text = order->args,
                      .slot_s = order->slot_s,
                      .attempt = 1};
    struct request request;
    char from[CLOCK_TEXT_SIZE];
    bool done;

    job.job_id = job_make_id(order->source, order->stream, order->slot_s, call->arena);
    if (strlen(job.job_id) > JOB_ID_MAX)
        return error_set(err, ERROR_FATAL, "usage", "the symbol is too long");
    if (!json_parse(call->arena, args, &json_limits_message, &job.args, err) ||
        !source_request(plan->source, &job, NULL, now_ms, call->arena, &request, &done, err))
        return false;
    if (done)
        return error_set(err, ERROR_REJECT, "backfill.window",
                         "%s has nothing of %s so far back any more", order->source,
                         plan->interval);
    if (request.from_ms > plan->from_ms)
        return error_set(err, ERROR_REJECT, "backfill.window",
                         "%s has %s back to %s only: --from that or later", order->source,
                         plan->interval, clock_format_ms(request.from_ms, from));
    return true;
}

bool
backfill_plan(const struct call *call, int64_t now_ms, struct backfill_plan *ret_plan,
              struct error *err)
{
    struct backfill_plan plan = {NULL};

    if (!read_arguments(call, &plan, err) || !refuse_twins(&plan, err) ||
        !read_window(call, now_ms, &plan, err))
        return false;
    plan.orders = arena_alloc_array(call->arena, plan.symbol_count, sizeof *plan.orders);
    for (size_t i = 0; i < plan.symbol_count; i++) {
        plan.orders[i] = make_order(call, &plan, plan.symbols[i], now_ms);
        if (!check_order(call, &plan, &plan.orders[i], now_ms, err))
            return false;
    }
    *ret_plan = plan;
    return true;
}

double
backfill_share(const struct backfill_plan *plan, const char *position)
{
    int64_t at_ms;

    if (!position || !clock_parse_ms(position, strlen(position), &at_ms) || at_ms <= plan->from_ms)
        return 0;
    if (at_ms >= plan->until_ms)
        return 1;
    return (double)(at_ms - plan->from_ms) / (double)(plan->until_ms - plan->from_ms);
}
