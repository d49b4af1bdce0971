#include "common/clock.h"
#include "common/decimal.h"
#include "common/text.h"
#include "ingest/sources/args.h"
#include "ingest/sources/progress.h"
#include "ingest/sources/reference.h"
#include "ingest/sources/registry.h"
#include "ingest/sources/row.h"
#include "ingest/sources/target.h"
#include "ingest/sources/verdict.h"

#include <string.h>

/*
 * Coinbase Exchange, public market data: docs.cdp.coinbase.com/exchange, "Get product candles" and
 * "Get product ticker". Not the Advanced Trade API, whose candles are objects.
 */
enum {
    /* A request may span 300 candles with both ends counted, so 299 intervals. */
    COINBASE_CANDLES_MAX = 299,
    COINBASE_VOLUME_PLACES = 8, /* volumes carry the noise of a double beyond that */
};

/* The exchange opened in January 2015; windows before that would all be empty. */
#define COINBASE_EARLIEST_MS INT64_C(1420070400000)

static bool
request_quote(const struct job *job, struct arena *arena, struct request *ret_request,
              struct error *err)
{
    struct quote_args args;
    struct text target;

    if (!args_read_quote(job, 1, arena, &args, err))
        return false;
    text_init(&target, arena, 64);
    text_add_string(&target, "/products/");
    target_add_encoded(&target, args.symbols[0]);
    text_add_string(&target, "/ticker");
    ret_request->target = text_finish(&target).data;
    return true;
}

static bool
request_history(const struct job *job, const char *position, int64_t now_ms, struct arena *arena,
                struct request *ret_request, bool *ret_done, struct error *err)
{
    char start[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    struct history_args args;
    struct progress progress;
    struct text target;

    if (!args_read_history(job, &args, err) ||
        !progress_plan(job, &args, position, now_ms, COINBASE_EARLIEST_MS, COINBASE_CANDLES_MAX,
                       &progress, ret_done, err))
        return false;
    if (*ret_done)
        return true;
    text_init(&target, arena, 160);
    text_add_string(&target, "/products/");
    target_add_encoded(&target, args.symbol);
    text_add_format(&target, "/candles?granularity=%d&start=%s&end=%s", (int)args.interval_s,
                    clock_format_ms(progress.from_ms, start), clock_format_ms(progress.to_ms, end));
    ret_request->target = text_finish(&target).data;
    ret_request->from_ms = progress.from_ms;
    ret_request->to_ms = progress.to_ms;
    return true;
}

static bool
request_reference(const struct job *job, struct request *ret_request, struct error *err)
{
    struct reference_args args;

    ret_request->target = "/products";
    return args_read_reference(job, 0, &args, err);
}

static bool
coinbase_request(const struct job *job, const char *position, int64_t now_ms, struct arena *arena,
                 struct request *ret_request, bool *ret_done, struct error *err)
{
    struct request request = {.position = position, .weight = 1};
    bool done = false;

    if (job->kind == JOB_QUOTE) {
        if (!request_quote(job, arena, &request, err))
            return false;
    } else if (job->kind == JOB_HISTORY) {
        if (!request_history(job, position, now_ms, arena, &request, &done, err))
            return false;
    } else if (job->kind == JOB_REFERENCE) {
        if (!request_reference(job, &request, err))
            return false;
    } else {
        return args_refuse_kind(job, err);
    }
    *ret_done = done;
    if (!done)
        *ret_request = request;
    return true;
}

/* Errors are {"message":"..."}; no good answer has that member. */
static enum verdict
coinbase_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    const struct json *body = verdict_error_body(payload, arena);
    const char *detail = verdict_detail(json_get(body, "message"), arena);

    if (payload->status != 200 || !detail)
        return verdict_by_status(payload, detail, err);
    if (strcasestr(detail, "rate limit"))
        return verdict_set(payload, VERDICT_LIMITED, "provider.limited", detail, err);
    return verdict_set(payload, VERDICT_PERMANENT, "provider.error", detail, err);
}

/*
 * The ticker's volume is in the base currency, and a tick's is in the quote currency: an exact
 * product would still be a guess, because each trade had its own price. So it is left out.
 */
static bool
parse_ticker(const struct job *job, const struct json *tree, struct records *records,
             struct error *err)
{
    struct row row = row_begin(records, 0);
    struct quote_args asked;
    struct tick tick;

    if (!args_read_quote(job, 1, records->arena, &asked, err))
        return false;
    if (!json_is_object(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "the ticker is no object");
    tick = (struct tick){
        .symbol = asked.symbols[0],
        .price = row_decimal(&row, "price", json_get(tree, "price"), ROW_REQUIRED),
        .observed_at_ms = row_iso_ms(&row, "time", json_get(tree, "time"), ROW_REQUIRED),
    };
    if (!row.bad)
        records_add_tick(records, 0, &tick);
    return true;
}

/* [time in seconds, low, high, open, close, volume]: low and high come before open. */
static void
parse_candle(const struct json *value, size_t index, struct records *records)
{
    const struct json *cells[6] = {NULL};
    struct row row = row_begin(records, index);
    struct candle candle;
    int64_t open_time_s;

    if (row_elements(value, cells, COUNT_OF(cells)) < COUNT_OF(cells)) {
        row_reject(&row, NULL, "row.shape", NULL);
        return;
    }
    open_time_s = row_integer(&row, "time", cells[0], 0, ROW_REQUIRED);
    if (open_time_s < 0 || open_time_s > RECORDS_SECONDS_MAX)
        row_reject(&row, "time", "time.malformed", json_number(cells[0]));
    candle = (struct candle){
        .open_time_ms = row.bad ? 0 : open_time_s * 1000,
        .low = row_decimal(&row, "low", cells[1], ROW_REQUIRED),
        .high = row_decimal(&row, "high", cells[2], ROW_REQUIRED),
        .open = row_decimal(&row, "open", cells[3], ROW_REQUIRED),
        .close = row_decimal(&row, "close", cells[4], ROW_REQUIRED),
        .volume = row_decimal(&row, "volume", cells[5], ROW_OPTIONAL),
        .trades = -1,
        .inputs = 1,
    };
    if (row.bad)
        return;
    if (candle.volume)
        candle.volume = decimal_round(candle.volume, COINBASE_VOLUME_PLACES, records->arena);
    records_add_candle(records, index, &candle);
}

static bool
parse_candles(const struct job *job, const struct request *request, const struct json *tree,
              struct records *records, struct error *err)
{
    size_t index = 0;

    if (!args_begin_series(job, request, CANDLE_PROVIDER, records, err))
        return false;
    if (!json_is_array(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "candles are no list");
    for (const struct json *value = json_first(tree); value; value = json_next(value))
        parse_candle(value, index++, records);
    return true;
}

/*
 * Only the first three members are in every copy since 2017. A product that is not online has no
 * prices of today.
 */
static void
parse_product(const struct json *entry, struct row *row)
{
    const char *status = row_text(row, "status", json_get(entry, "status"), 64, ROW_OPTIONAL);
    const char *quote = row_text(row, "quote_currency", json_get(entry, "quote_currency"),
                                 RECORDS_QUOTE_BYTES, ROW_REQUIRED);
    struct reference product = {
        .symbol = row_text(row, "id", json_get(entry, "id"), RECORDS_SYMBOL_BYTES, ROW_REQUIRED),
        .ticker = row_text(row, "base_currency", json_get(entry, "base_currency"),
                           RECORDS_TICKER_BYTES, ROW_REQUIRED),
        .quote = reference_lower(quote, row->records->arena),
        .active = !status || strcmp(status, "online") == 0,
    };

    if (!row->bad)
        records_add_reference(row->records, row->index, &product);
}

static const struct reference_list products = {.whole = true, .id = "id", .parse = parse_product};

/*
 * Intervals without trades are not published, and a market has none at all before it was listed:
 * so history goes on after the window that was asked for, whatever came. Going on after the last
 * row would ask for the same empty window for ever.
 */
static bool
coinbase_parse(const struct job *job, const struct request *request, const struct payload *payload,
               struct arena *arena, struct batch *ret_batch, struct error *err)
{
    const struct json *tree;
    struct records records;
    int64_t next_ms;

    if (job->kind == JOB_REFERENCE)
        return reference_list_parse(&products, job, request, payload, arena, ret_batch, err);
    if (!json_parse(arena, payload->body, &json_limits_payload, &tree, err))
        return false;
    records_init(&records, payload, "[", "]", arena);
    if (job->kind == JOB_QUOTE) {
        if (!parse_ticker(job, tree, &records, err))
            return false;
        next_ms = job->slot_s * 1000;
    } else if (job->kind == JOB_HISTORY) {
        if (!parse_candles(job, request, tree, &records, err))
            return false;
        next_ms = request->to_ms;
    } else {
        return args_refuse_kind(job, err);
    }
    records_finish(&records, ret_batch);
    ret_batch->position = progress_position(request, next_ms, arena);
    /* A full window means that the present may be further on; the next request() knows. */
    ret_batch->more = job->kind == JOB_HISTORY && ret_batch->position &&
                      request->to_ms - request->from_ms ==
                          (int64_t)ret_batch->candle_interval_s * 1000 * COINBASE_CANDLES_MAX;
    return true;
}

const struct source coinbase_source = {
    .name = "coinbase",
    .about = "Coinbase Exchange: tickers and candles of exchange pairs",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.exchange.coinbase.com",
    .key_header = NULL,
    .budget_per_minute = 480, /* calls; the published limit is 10 a second per address */
    .request = coinbase_request,
    .classify = coinbase_classify,
    .parse = coinbase_parse,
};
