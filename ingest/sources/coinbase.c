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
request_quote(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    struct quote_args args;
    struct text target;

    if (!args_read_quote(question->job, 1, question->arena, &args, err))
        return false;
    text_init(&target, question->arena, 64);
    text_add_string(&target, "/products/");
    target_add_encoded(&target, args.symbols[0]);
    text_add_string(&target, "/ticker");
    request->target = text_finish(&target).data;
    return true;
}

static bool
request_history(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    char start[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    struct history_args args;
    struct progress progress;
    struct text target;

    if (!args_read_history(question->job, &args, err) ||
        !progress_plan(question, &args, COINBASE_EARLIEST_MS, COINBASE_CANDLES_MAX, &progress,
                       ret_done, err))
        return false;
    if (*ret_done)
        return true;
    text_init(&target, question->arena, 160);
    text_add_string(&target, "/products/");
    target_add_encoded(&target, args.symbol);
    text_add_format(&target, "/candles?granularity=%d&start=%s&end=%s", (int)args.interval_s,
                    clock_format_ms(progress.from_ms, start), clock_format_ms(progress.to_ms, end));
    request->target = text_finish(&target).data;
    request->from_ms = progress.from_ms;
    request->to_ms = progress.to_ms;
    return true;
}

static bool
request_reference(const struct question *question, struct request *request, bool *ret_done,
                  struct error *err)
{
    struct reference_args args;

    request->target = "/products";
    return args_read_reference(question->job, 0, &args, err);
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
read_ticker(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *tree = answer->tree;
    struct row row = row_begin(records, 0);
    struct quote_args asked;
    struct tick tick;

    if (!args_read_quote(answer->job, 1, records->arena, &asked, err))
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
read_candles(const struct answer *answer, struct records *records, struct error *err)
{
    size_t index = 0;

    if (!args_begin_series(answer->job, answer->request, CANDLE_PROVIDER, records, err))
        return false;
    if (!json_is_array(answer->tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "candles are no list");
    for (const struct json *value = json_first(answer->tree); value; value = json_next(value))
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
static void
go_on_after_window(const struct answer *answer, struct batch *batch)
{
    const struct request *request = answer->request;

    batch->position = progress_position(request, request->to_ms, answer->arena);
    /* A full window means that the present may be further on; the next request() knows. */
    batch->more =
        batch->position && request->to_ms - request->from_ms ==
                               (int64_t)batch->candle_interval_s * 1000 * COINBASE_CANDLES_MAX;
}

const struct source coinbase_source = {
    .name = "coinbase",
    .about = "Coinbase Exchange: tickers and candles of exchange pairs",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.exchange.coinbase.com",
    .key_header = NULL,
    .budget_per_minute = 480, /* calls; the published limit is 10 a second per address */
    .kinds =
        {
                [JOB_QUOTE] = {ARGS_QUOTE, request_quote, "[", read_ticker},
                [JOB_HISTORY] = {ARGS_HISTORY, request_history, "[", read_candles, go_on_after_window},
                [JOB_REFERENCE] = {ARGS_REFERENCE, request_reference, .list = &products},
                },
    .classify = coinbase_classify,
};
